"""The private recovery journal: every edit and every finished candidate, until the next save.

One SQLite file in WAL mode with full syncs per open project, in the user's state folder: never in
the document, never opened from elsewhere. After a crash the next start finds it and offers to
recover, discard or compare.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from heliid.errors import ProjectFileError
from heliid.project.arrays import content_digest
from heliid.project.container import container_bytes
from heliid.project.document import ArrayNames, Project, load_project, project_entries
from heliid.project.processes import identity, is_running
from heliid.strict_json import StrictJsonError, loads

_SCHEMA = """
create table if not exists about (key text primary key, value text not null);
create table if not exists blob (name text primary key, data blob not null);
create table if not exists snapshot (id integer primary key, at real not null,
                                     entries text not null);
create table if not exists candidate (run text not null, number integer not null, row text not null,
                                      primary key (run, number));
"""


@dataclass(frozen=True, slots=True)
class Leftover:
    """A journal that a crash left behind: whose it is, how old, what it holds."""

    path: Path
    project_path: str  # "" for a project that was never saved
    changed_at: float  # seconds since the epoch
    n_candidates: int
    saved_at: float  # modification time of the project file, 0 if there is none

    @property
    def sentence(self) -> str:
        """What the start page says about it."""
        name = Path(self.project_path).name if self.project_path else "an unsaved project"
        minutes = (self.changed_at - self.saved_at) / 60.0 if self.saved_at else 0.0
        newer = f", {minutes:.0f} min newer than the saved file" if minutes >= 1.0 else ""
        runs = f" and {self.n_candidates} scored candidates" if self.n_candidates else ""
        return f"HeliID did not close properly: edits{runs} of {name} were kept{newer}."


class Journal:
    """Appends to the journal of one open project; safe against a kill at any moment."""

    def __init__(self, folder: Path, project_path: Path | None, *, owner: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = folder / f"{journal_name(project_path, owner)}.journal"
        self._known: ArrayNames = WeakKeyDictionary()  # records whose samples are in here
        self._db = _connect(self.path)
        with self._db:
            self._db.executescript(_SCHEMA)
            self._set("project_path", str(project_path or ""))
            self._set("pid", str(os.getpid()))
            self._set("process", identity())

    def _set(self, key: str, value: str) -> None:
        self._db.execute("insert or replace into about values (?, ?)", (key, value))

    def record_edit(self, project: Project) -> None:
        """Keep the whole project as it is now; unchanged arrays and models are stored once."""
        try:
            entries = project_entries(project, self._known)
            with self._db:
                self._keep(entries)
        except BaseException:
            self._known.clear()  # what did not get in must be written out next time
            raise

    def _keep(self, entries: dict[str, bytes | None]) -> None:
        names: dict[str, str] = {}
        for name, data in entries.items():
            if data is None:
                names[name] = content_digest(name)
                continue
            digest = hashlib.sha256(data).hexdigest()
            names[name] = digest
            self._db.execute("insert or ignore into blob values (?, ?)", (digest, data))
        self._db.execute("delete from snapshot")
        self._db.execute(
            "insert into snapshot (at, entries) values (?, ?)",
            (time.time(), json.dumps(names)),
        )

    def record_candidate(self, run: str, number: int, row: dict[str, Any]) -> None:
        """Keep one finished candidate of a run that is still going on."""
        with self._db:
            self._db.execute(
                "insert or replace into candidate values (?, ?, ?)",
                (run, number, json.dumps(row, allow_nan=False)),
            )

    def clear(self) -> None:
        """Forget everything: the project was saved."""
        with self._db:
            for table in ("snapshot", "candidate", "blob"):
                self._db.execute(f"delete from {table}")
        self._known.clear()

    def close(self, *, discard: bool = False) -> None:
        """Close; with ``discard`` (a clean exit) the file goes too."""
        self._db.close()
        if discard:
            discard_leftover(self.path)


def journal_name(project_path: Path | None, owner: str = "") -> str:
    """A file name of its own for each project path, and for each unsaved project's owner."""
    text = str(project_path.resolve()) if project_path else f"unsaved:{owner}"
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def find_leftovers(folder: Path, *, ignore: tuple[Path, ...] = ()) -> tuple[Leftover, ...]:
    """Journals with something in them whose process is gone, newest first."""
    found = []
    for path in sorted(folder.glob("*.journal")):
        if path in ignore:
            continue
        leftover = _inspect(path)
        if leftover is not None:
            found.append(leftover)
    return tuple(sorted(found, key=lambda one: -one.changed_at))


def recover(leftover: Leftover) -> tuple[Project | None, dict[str, list[dict[str, Any]]]]:
    """The project as it last was, and by run the candidates of searches that were going on.

    Raises
    ------
    ProjectFileError
        The journal itself is damaged; the saved project is not touched by that.
    """
    try:
        with _connect(leftover.path) as db:
            row = db.execute("select entries from snapshot order by id desc limit 1").fetchone()
            project = _project_from(db, row[0]) if row else None
            candidates: dict[str, list[dict[str, Any]]] = {}
            for run, text in db.execute("select run, row from candidate order by run, number"):
                candidates.setdefault(run, []).append(loads(text))
        db.close()
    except (sqlite3.Error, StrictJsonError) as error:
        raise ProjectFileError(
            f"The recovery journal of {leftover.project_path or 'the unsaved project'} is damaged "
            f"({error}): open the saved project instead."
        ) from None
    return project, candidates


def discard_leftover(path: Path) -> None:
    """Remove a journal with its side files."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _connect(path: Path) -> sqlite3.Connection:
    # one thread at a time uses it, but not always the same one
    db = sqlite3.connect(path, timeout=5.0, check_same_thread=False)
    db.execute("pragma journal_mode=wal")
    db.execute("pragma synchronous=full")
    return db


def _inspect(path: Path) -> Leftover | None:
    try:
        db = _connect(path)
        try:
            about = dict(db.execute("select key, value from about"))
            snapshot = db.execute("select max(at) from snapshot").fetchone()[0]
            count = db.execute("select count(*) from candidate").fetchone()[0]
        finally:
            db.close()
    except sqlite3.Error:
        return None
    if (snapshot is None and not count) or _is_in_use(about):
        return None
    project_path = about.get("project_path", "")
    saved = Path(project_path) if project_path else None
    return Leftover(
        path=path,
        project_path=project_path,
        changed_at=float(snapshot or path.stat().st_mtime),
        n_candidates=int(count),
        saved_at=saved.stat().st_mtime if saved and saved.is_file() else 0.0,
    )


def _project_from(db: sqlite3.Connection, names_text: str) -> Project:
    names = loads(names_text)
    entries = {}
    for name, digest in names.items():
        row = db.execute("select data from blob where name = ?", (digest,)).fetchone()
        if row is None or hashlib.sha256(row[0]).hexdigest() != digest:
            raise ProjectFileError(
                f"The recovery journal is damaged at '{name}': open the saved project instead."
            )
        entries[name] = bytes(row[0])
    return load_project(container_bytes(entries), "the recovery journal")


def renamed(leftover: Leftover) -> Leftover:
    """The same leftover under another file name, so that a new journal may take its place."""
    path = leftover.path
    db = _connect(path)
    db.execute("pragma wal_checkpoint(truncate)")
    db.close()
    for number in range(1, 1000):
        target = path.with_name(f"{path.stem}-{number}{path.suffix}")
        if not target.exists():
            path.rename(target)
            return replace(leftover, path=target)
    raise ProjectFileError(f"There are too many recovery journals in {path.parent}: delete some.")


def _is_in_use(about: dict[str, str]) -> bool:
    """True when another process has this journal open (ours does not count)."""
    pid = int(about.get("pid", "0"))
    return pid != os.getpid() and is_running(pid, about.get("process", ""))
