"""One open project: its value, its file, its journal and its lock in one place, without Qt.

Whoever shows the project calls ``change`` for every edit and ``save`` when asked; what was changed
is in the journal within ``AUTOSAVE_S``, written by a thread of its own so that no window waits for
the disk. After a crash ``leftovers`` finds it, and it can be recovered, compared or discarded.
"""

from __future__ import annotations

import itertools
import logging
import os
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from heliid.errors import ProjectFileError
from heliid.project import journal as journals
from heliid.project.compare import differences
from heliid.project.document import Project, load_project, save_project, too_new_to_save
from heliid.project.journal import Journal, Leftover, find_leftovers
from heliid.project.lock import ProjectLock

AUTOSAVE_S = 2.0  # an edit waits at most so long for its way into the journal
_LOG = logging.getLogger("heliid.project")
_owners = itertools.count(1)


def state_folder() -> Path:
    """Where recovery journals are kept: the user's own state folder."""
    import platformdirs

    return Path(platformdirs.user_state_dir("HeliID", appauthor=False)) / "recovery"


class Session:
    """A project that is open for work; make one with ``new``, ``open`` or ``recover``.

    ``is_read_only``: another window holds the file (``holder`` names it), and ``save`` needs
    another path; or a newer HeliID wrote it, and nothing can be saved. ``why_read_only`` says
    which. Safe to use from several threads.
    """

    def __init__(
        self,
        project: Project,
        path: Path | None,
        *,
        folder: Path | None = None,
        autosave_s: float = AUTOSAVE_S,
        on_trouble: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.project = project
        self.path = path
        self.is_modified = False
        self.found: Leftover | None = None  # of an earlier crash, for this very file
        self._folder = state_folder() if folder is None else folder
        self._lock: ProjectLock | None = None
        self._said_trouble = False
        self._on_trouble = on_trouble
        self._guard = threading.RLock()
        self._journal: Journal | None = None
        self._autosave = _Autosave(self._write, autosave_s)
        self._newer = project.newer
        self.is_read_only = bool(project.newer)
        self.holder = ""
        if path is not None and not self.is_read_only:
            self._take(path)
        if not self.is_read_only:
            self._open_journal()

    # ways in

    @classmethod
    def new(cls, **options: Any) -> Session:
        """An empty project that has no file yet."""
        return cls(Project(), None, **options)

    @classmethod
    def open(cls, path: Path | str, **options: Any) -> Session:
        """The project in a file; ``found`` tells of edits that an earlier crash left behind.

        Raises
        ------
        ProjectFileError
            The file is missing, damaged, hostile or too new; one sentence.
        """
        place = Path(path).resolve()
        return cls(load_project(place), place, **options)

    @classmethod
    def recover(cls, leftover: Leftover, **options: Any) -> Session:
        """The project as it was when HeliID ended; counts as modified, the file is untouched.

        Candidates of a search that was going on are in ``recovered_candidates`` by run.
        """
        project, candidates = journals.recover(leftover)
        path = Path(leftover.project_path) if leftover.project_path else None
        if project is None:
            project = load_project(path) if path is not None and path.is_file() else Project()
        session = cls(project, path, **options)
        session.recovered_candidates = candidates
        # what was recovered is in a journal of its own before the old one goes
        session.is_modified = True
        journal = session._journal
        if journal is not None and session._in_journal(journal.record_edit, project):
            if session.found is not None:  # the old one, put aside to make room for the new
                journals.discard_leftover(session.found.path)
                session.found = None
            if leftover.path != journal.path:
                journals.discard_leftover(leftover.path)
        return session

    recovered_candidates: dict[str, list[dict[str, Any]]] = {}  # noqa: RUF012 - read only

    @property
    def why_read_only(self) -> str:
        """What the user is told about it; "" when it can be written."""
        if self._newer:
            return f"a newer HeliID ({self._newer}) wrote it; update HeliID to change it"
        if self.is_read_only:
            return f"open in another window ({self.holder}); save under another name"
        return ""

    # work

    def change(self, project: Project) -> None:
        """Take over an edited project; in the journal within the autosave time.

        What a later version wrote and the editor knows nothing of stays with it.
        """
        with self._guard:
            self.project = project = _with_unknown(project, self.project)
            self.is_modified = True
            if self._journal is not None:
                self._autosave.put(project)

    def keep_candidate(self, run: str, number: int, row: dict[str, Any]) -> None:
        """Keep one finished candidate of a run that is still going on."""
        if self._journal is not None:
            self._autosave.put_candidate(run, number, row)

    def flush(self) -> None:
        """Everything changed so far is in the journal when this returns."""
        self._autosave.flush()

    def save(self, path: Path | str | None = None, *, compact: bool = False) -> None:
        """Write the file, atomically; the journal is then empty. ``path``: save as.

        Raises
        ------
        ProjectFileError
            There is no path, another window has that file, or it cannot be written. The old file
            and the journal are as they were.
        """
        with self._guard:
            place = self.path if path is None else Path(path).resolve()
            if place is None:
                raise ProjectFileError("The project has no file yet: choose a name to save it as.")
            if self._newer:
                raise ProjectFileError(too_new_to_save(place.name, self._newer))
            is_other = place != self.path
            if self.is_read_only and not is_other:
                raise ProjectFileError(
                    f"The project {place.name} is open in another window ({self.holder}): save it "
                    f"under another name."
                )
            lock = self._lock_for(place) if is_other else None
            try:
                save_project(self.project, place, compact=compact)
            except BaseException:
                if lock is not None:
                    lock.release()
                raise
            self._autosave.forget()
            self.is_modified = False
            if lock is not None:
                self._move_to(place, lock)
            elif self._journal is not None:
                self._in_journal(self._journal.clear)

    def close(self, *, keep_edits: bool = False) -> None:
        """End it: lock and journal go. ``keep_edits`` leaves the journal for the next start."""
        with self._guard:
            if keep_edits and self.is_modified:
                self._autosave.flush()
            self._autosave.end()
            if self._journal is not None:
                self._journal.close(discard=not (keep_edits and self.is_modified))
                self._journal = None
            if self._lock is not None:
                self._lock.release()
                self._lock = None

    # inside

    def _take(self, path: Path) -> None:
        lock = ProjectLock(path)
        if lock.acquire():
            self._lock = lock
        else:
            self.is_read_only, self.holder = True, lock.holder

    def _lock_for(self, path: Path) -> ProjectLock:
        lock = ProjectLock(path)
        if not lock.acquire():
            raise ProjectFileError(
                f"The project {path.name} is open in another window ({lock.holder}): save it under "
                f"another name."
            )
        return lock

    def _move_to(self, path: Path, lock: ProjectLock) -> None:
        if self._lock is not None:
            self._lock.release()
        if self._journal is not None:
            self._journal.close(discard=True)
        self._lock, self.path = lock, path
        self.is_read_only, self.holder = False, ""
        self._open_journal()

    def _open_journal(self) -> None:
        """A fresh journal; one that a crash left for the same file is put aside, never reused."""
        owner = f"{os.getpid()}-{next(_owners)}"
        try:
            for one in find_leftovers(self._folder):
                if one.path.stem == journals.journal_name(self.path, owner):
                    self.found = journals.renamed(one)
            self._journal = Journal(self._folder, self.path, owner=owner)
        except (OSError, sqlite3.Error) as error:
            self._journal = None
            self._trouble(error)

    def _write(self, project: Project | None, candidates: list[tuple[str, int, dict]]) -> None:
        """What the autosave thread does."""
        journal = self._journal
        if journal is None:
            return
        if project is not None:
            self._in_journal(journal.record_edit, project)
        for one in candidates:
            self._in_journal(journal.record_candidate, *one)

    def _in_journal(self, work: Callable[..., None], *values: Any) -> bool:
        """Whether it was written; what went wrong is said once."""
        try:
            work(*values)
        except (OSError, sqlite3.Error, ValueError, MemoryError) as error:
            self._trouble(error)
            return False
        return True

    def _trouble(self, error: Exception) -> None:
        """A journal that cannot be written is said once; work goes on."""
        _LOG.warning("The recovery journal cannot be written: %s", error)
        if not self._said_trouble:
            self._said_trouble = True
            self._on_trouble(
                f"Edits are not kept for recovery ({error}): save often, and free some space in "
                f"{self._folder}."
            )


def _with_unknown(project: Project, before: Project) -> Project:
    """``project`` with the unknown keys of ``before`` where an editor has left them out."""
    kept = {run.key: run.unknown for run in before.runs if run.unknown}
    runs = tuple(
        replace(run, unknown=kept[run.key]) if run.key in kept and not run.unknown else run
        for run in project.runs
    )
    return replace(project, runs=runs, unknown=project.unknown or before.unknown)


class _Autosave:
    """A thread that writes the newest project and all candidates, a moment after they came."""

    def __init__(self, write: Callable[[Project | None, list], None], wait_s: float) -> None:
        self._write, self._wait_s = write, wait_s
        self._has_news = threading.Condition()
        self._writing = threading.Lock()
        self._project: Project | None = None
        self._candidates: list[tuple[str, int, dict[str, Any]]] = []
        self._is_over = False
        self._thread: threading.Thread | None = None

    def put(self, project: Project) -> None:
        """Write the project as it now is, soon."""
        with self._has_news:
            self._project = project
            self._wake()

    def put_candidate(self, run: str, number: int, row: dict[str, Any]) -> None:
        """Write a candidate that has finished, soon."""
        with self._has_news:
            self._candidates.append((run, number, row))
            self._wake()

    def flush(self) -> None:
        """Write what waits, now, in the caller's thread."""
        with self._writing:
            with self._has_news:
                project, self._project = self._project, None
                candidates, self._candidates = self._candidates, []
            if project is not None or candidates:
                self._write(project, candidates)

    def forget(self) -> None:
        """What waits is not wanted any more: it was saved."""
        with self._writing, self._has_news:
            self._project, self._candidates = None, []

    def end(self) -> None:
        """End the thread; what waits is dropped."""
        with self._has_news:
            self._is_over = True
            self._has_news.notify_all()
        if self._thread is not None:
            self._thread.join()
        self.forget()

    def _wake(self) -> None:
        if self._thread is None and not self._is_over:
            self._thread = threading.Thread(target=self._run, name="autosave", daemon=True)
            self._thread.start()
        self._has_news.notify_all()

    def _run(self) -> None:
        while True:
            with self._has_news:
                while not (self._is_over or self._project is not None or self._candidates):
                    self._has_news.wait()
                self._has_news.wait_for(lambda: self._is_over, timeout=self._wait_s)
                if self._is_over:
                    return
            self.flush()


def leftovers(folder: Path | None = None) -> tuple[Leftover, ...]:
    """What crashes left behind, newest first; empty where nothing can be read."""
    place = state_folder() if folder is None else folder
    try:
        return find_leftovers(place)
    except OSError:
        return ()


def discard(leftover: Leftover) -> None:
    """Forget it; the saved project is not touched."""
    journals.discard_leftover(leftover.path)


def compare(leftover: Leftover) -> tuple[str, ...]:
    """How it differs from the saved file, one sentence each; the user decides upon these.

    Raises
    ------
    ProjectFileError
        The journal or the file is damaged.
    """
    project, candidates = journals.recover(leftover)
    path = Path(leftover.project_path) if leftover.project_path else None
    saved = load_project(path) if path is not None and path.is_file() else Project()
    said = list(differences(saved, project)) if project is not None else []
    said += [
        f"{len(rows)} scored candidates of {run}, which was still searching."
        for run, rows in candidates.items()
    ]
    return tuple(said) or ("There is no difference.",)
