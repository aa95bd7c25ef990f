"""An advisory lock beside an open project, so that a second window opens it read-only."""

from __future__ import annotations

import json
import os
from pathlib import Path

from heliid.project.processes import host, identity, is_running


class ProjectLock:
    """Held while a project is open for writing; ``holder`` names who has it when we do not."""

    def __init__(self, project_path: Path) -> None:
        self.path = project_path.with_name(f".{project_path.name}.lock")
        self.is_held = False
        self.holder = ""

    def acquire(self) -> bool:
        """Take the lock; False when a living process has it. A dead process' lock is taken over."""
        for _ in range(2):
            try:
                self._claim()
            except FileExistsError:
                if not self._is_stale():
                    return False
                self.path.unlink(missing_ok=True)
                continue
            except OSError:
                return True  # an unwritable folder cannot hold a lock; saving there will say so
            self.is_held = True
            return True
        return False

    def _claim(self) -> None:
        """Make the lock with its content at once: one that is still empty would pass for dead."""
        owner = {"pid": os.getpid(), "host": host(), "process": identity()}
        part = self.path.with_name(f"{self.path.name}.{os.getpid()}.part")
        try:
            part.write_text(json.dumps(owner))
            try:
                os.link(part, self.path)
            except FileExistsError:
                raise
            except OSError:  # a file system that knows no links
                with open(self.path, "x") as file:
                    file.write(json.dumps(owner))
        finally:
            part.unlink(missing_ok=True)

    def release(self) -> None:
        """Give the lock back; safe to call twice."""
        if self.is_held:
            self.path.unlink(missing_ok=True)
            self.is_held = False

    def _is_stale(self) -> bool:
        try:
            owner = json.loads(self.path.read_text())
            pid, machine = int(owner["pid"]), str(owner["host"])
            process = str(owner.get("process", ""))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return True
        self.holder = f"process {pid} on {machine}"
        return machine == host() and not is_running(pid, process)
