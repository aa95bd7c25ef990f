"""Which process is which: a number alone is used again, after a restart even quickly."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def identity(pid: int | None = None) -> str:
    """What tells this process from a later one of the same number; "" where it cannot be known.

    On Linux the boot and the moment the process began; elsewhere nothing.
    """
    number = os.getpid() if pid is None else pid
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        # the name in brackets may hold spaces and brackets itself
        begun = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
    return f"{boot} {begun}"


def is_running(pid: int, known: str = "") -> bool:
    """Whether that process of this machine lives; ``known`` is what ``identity`` gave for it."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # it is there, and not ours
    now = identity(pid)
    return not (known and now and now != known)


def host() -> str:
    """The name of this machine."""
    return socket.gethostname()
