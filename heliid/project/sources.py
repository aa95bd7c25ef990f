"""Whether the files that records came from are still what they were."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from heliid.project.rows import ProjectRecord

State = Literal["same", "changed", "missing", "unreadable"]
_BLOCK = 2**20


@dataclass(frozen=True, slots=True)
class SourceState:
    """What became of the file of one record since it was imported."""

    record: str
    path: str
    state: State

    @property
    def sentence(self) -> str:
        """What the user is told; "" when the file is as it was."""
        what = {
            "same": "",
            "changed": "has changed since; import it anew to work with what it holds now",
            "missing": "is not there any more; the project keeps the samples",
            "unreadable": "cannot be read; the project keeps the samples",
        }[self.state]
        return f"The record {self.record} was imported from {self.path}, which {what}." * bool(what)


def check_sources(records: tuple[ProjectRecord, ...]) -> tuple[SourceState, ...]:
    """For each record that came from a file, whether the file still has its SHA-256.

    Reads every file from end to end: not for the window's thread.
    """
    known: dict[tuple[str, str], State] = {}
    found = []
    for item in records:
        source = item.record.source
        if not source.path or not source.sha256:
            continue
        place = (source.path, source.sha256)
        if place not in known:
            known[place] = _state(Path(source.path), source.sha256)
        found.append(SourceState(item.record.name, source.path, known[place]))
    return tuple(found)


def _state(path: Path, wanted: str) -> State:
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except FileNotFoundError:
        return "missing"
    except OSError:
        return "unreadable"
    return "same" if digest.hexdigest() == wanted else "changed"
