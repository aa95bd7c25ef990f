"""The project that is open: new, open, save, recover; keeps the journal up to date. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from heliid.events import BestImproved, LinearReady
from heliid_gui.presenters import documents
from heliid_gui.presenters.notify import Notifier
from heliid_gui.presenters.opening import Content, content_of
from heliid_gui.presenters.studies import JobRunner
from heliid_gui.presenters.workbench import Run, Workbench

if TYPE_CHECKING:
    from heliid.project.journal import Leftover
    from heliid.project.session import Session
    from heliid.project.sources import SourceState

ENDING = ".heliid"
RESPONSES = "heliid_gui.tasks:responses"


class Runner(Protocol):
    """What is needed of ``loading.Loader``: work off the window's thread."""

    def run(
        self,
        work: Callable[[], Any],
        on_result: Callable[[Any], None],
        on_error: Callable[[str, str], None],
    ) -> None:
        """Call ``work`` in a thread; one of the two callbacks follows in the window's."""
        ...


class ProjectDesk:
    """One project at a time; every edit goes to its journal, a save to its file."""

    def __init__(
        self,
        bench: Workbench,
        loader: Runner,
        jobs: JobRunner,
        *,
        folder: Path | None = None,  # None: the user's own
        running_key: Callable[[], str] = lambda: "",
        on_trouble: Callable[[str, str, str], None] = lambda *_: None,
    ) -> None:
        """``folder`` keeps the journals; ``on_trouble`` gets title, sentence and details."""
        self._bench, self._loader, self._jobs = bench, loader, jobs
        self._folder, self._on_trouble = folder, on_trouble
        self._running_key = running_key
        self.session: Session | None = None
        self.is_saving = False
        self._is_loading = False
        self._changed_while_saving = False
        self._n_journalled = 0
        self._shown = 0  # counts the projects shown: what was asked for an older one is dropped
        self.opened = Notifier()  # another project is on show
        self.saved = Notifier()
        self.n_missing_sources = 0
        self.sources_missing = Notifier()  # files that records came from are not there any more
        bench.setup_changed.connect(self._edited)
        bench.runs_changed.connect(self._edited)
        bench.evolution.changed.connect(self._keep_candidates)
        bench.run_chosen.connect(lambda: _show_study(bench))

    @property
    def is_read_only(self) -> bool:
        """True when another window holds the file, or a newer HeliID wrote it."""
        return self.session is not None and self.session.is_read_only

    @property
    def why_read_only(self) -> str:
        """What the user is told about it; "" when it can be written."""
        return self.session.why_read_only if self.session is not None else ""

    # ---- edits ---------------------------------------------------------------------------

    def _edited(self) -> None:
        if self._is_loading or not self._bench.is_modified:
            return
        if self.is_saving:  # the session is busy in another thread: told when it has finished
            self._changed_while_saving = True
            return
        self._change(self._open_session())

    def _change(self, session: Session) -> None:
        notes = session.project.notes
        session.change(documents.to_project(self._bench, notes=notes))

    def _open_session(self) -> Session:
        if self.session is None:
            from heliid.project.session import Session

            self.session = Session.new(**self._options())
        return self.session

    def _options(self) -> dict[str, Any]:
        trouble = self._on_trouble
        options: dict[str, Any] = {
            "on_trouble": lambda text: self._loader.run(
                lambda: text, lambda said: trouble("Autosave is off", said, ""), lambda *_: None
            )
        }
        if self._folder is not None:
            options["folder"] = self._folder
        return options

    def _keep_candidates(self) -> None:
        """Finished candidates of a search that is going on go to the journal as they come."""
        evolution = self._bench.evolution
        if not evolution.is_active:
            self._n_journalled = 0
            return
        new = evolution.candidates[self._n_journalled :]
        if not new:
            return
        session = self._open_session()
        for candidate in new:
            row = documents.candidate_to_dict(candidate)
            session.keep_candidate(self._running_key(), self._n_journalled, row)
            self._n_journalled += 1

    # ---- another project -----------------------------------------------------------------

    def new(self) -> None:
        """An empty project."""
        self._replace(None, Content())

    def open(self, path: Path) -> None:
        """Open a project file; ``opened`` tells when it is there."""
        from heliid.project.session import Session

        def work() -> tuple[Session, Content]:
            session = Session.open(path, **self._options())
            try:
                return session, content_of(session)
            except BaseException:
                session.close()
                raise

        self._loader.run(work, lambda found: self._replace(*found), self._cannot_open)

    def recover(self, leftover: Leftover) -> None:
        """Take up what a crash left; the saved file stays as it is until the next save."""
        from heliid.project.session import Session

        def work() -> tuple[Session, Content]:
            session = Session.recover(leftover, **self._options())
            try:
                return session, content_of(session)
            except BaseException:
                session.close(keep_edits=True)
                raise

        self._loader.run(
            work, lambda found: self._replace(*found, is_modified=True), self._cannot_open
        )

    def _cannot_open(self, sentence: str, details: str) -> None:
        self._on_trouble("The project could not be opened", sentence, details)

    def _replace(
        self,
        session: Session | None,
        content: Content,
        *,
        is_modified: bool = False,
    ) -> None:
        setup, runs = content.setup, content.runs
        if self.session is not None:
            self.session.close()
        self.session = session
        layout = session.project.layout if session is not None else {}
        bench = self._bench
        self._is_loading = True
        try:
            bench.runs, bench.current_run = runs, _known(layout.get("run"), runs)
            bench.path = session.path if session is not None else None
            bench.current_record = _text(layout.get("record"))
            bench.put(setup)
            _take_judging(bench, session)
            _show_study(bench)
            bench.is_modified = is_modified
            bench.runs_changed.emit()
            bench.record_chosen.emit()
        finally:
            self._is_loading = False
        self._make_responses(runs)
        self.opened.emit()
        if content.said:
            self._on_trouble(
                "Steps were switched off", content.said[0], "\n".join(content.said[1:])
            )
        self._check_sources()

    def _check_sources(self) -> None:
        """A source file that has changed is said at once; one that has gone, in passing."""
        records, shown_as = self._bench.setup.records, self._shown
        if self.session is None or not records:
            return

        def tell(found: tuple[SourceState, ...]) -> None:
            if shown_as != self._shown:
                return
            changed = [one.sentence for one in found if one.state == "changed"]
            if changed:
                self._on_trouble("A source file has changed", changed[0], "\n".join(changed))
            self.n_missing_sources = sum(one.state in ("missing", "unreadable") for one in found)
            if self.n_missing_sources:
                self.sources_missing.emit()

        self._loader.run(lambda: _sources(records), tell, lambda *_: None)

    def _make_responses(self, runs: tuple[Run, ...]) -> None:
        """Free runs are not in the file: the worker makes them anew, a run at a time."""
        self._shown += 1
        for run in runs:
            models = {"model": run.model, "linear": run.linear}
            known = {label: model for label, model in models.items() if model is not None}
            records = _watched(run)
            if known and records:
                self._jobs.submit(
                    RESPONSES,
                    (known, records),
                    slot=f"reopen {run.key}",
                    on_result=partial(self._put_responses, self._shown, run.key),
                )

    def _put_responses(self, shown_as: int, key: str, found: dict[str, dict[str, Any]]) -> None:
        if shown_as != self._shown:
            return
        shown = {
            label: {n: (r.time, r.measured, r.simulated) for n, r in records.items()}
            for label, records in found.items()
        }
        bench = self._bench
        changed = []
        for run in bench.runs:
            if run.key == key and not run.responses:
                run = documents.same_run(
                    run,
                    responses=shown.get("model", {}),
                    linear_responses=shown.get("linear", {}),
                )
            changed.append(run)
        was_modified = bench.is_modified
        self._is_loading = True
        bench.runs = tuple(changed)
        if key == bench.current_run and not bench.evolution.is_active:
            _show_study(bench)
        bench.runs_changed.emit()
        bench.is_modified = was_modified
        self._is_loading = False

    # ---- saving --------------------------------------------------------------------------

    def save(self, path: Path | None = None, then: Callable[[], None] | None = None) -> None:
        """Write the file off the window's thread; ``then`` follows when it is written."""
        if self.is_saving:
            return
        session = self._open_session()
        self._change(session)
        if path is not None and not path.suffix:
            path = path.with_suffix(ENDING)
        self.is_saving = True

        def good(_: object) -> None:
            self.is_saving = False
            self._bench.path = session.path
            self._bench.is_modified = self._changed_while_saving
            if self._changed_while_saving:
                self._changed_while_saving = False
                self._change(session)
            self.saved.emit()
            if then is not None:
                then()

        def bad(sentence: str, details: str) -> None:
            self.is_saving = self._changed_while_saving = False
            self._bench.is_modified = True
            self._on_trouble("The project was not saved", sentence, details)
            self.saved.emit()

        self._loader.run(lambda: session.save(path), good, bad)

    def close(self) -> None:
        """End it; edits that were not saved are given up (the window has asked)."""
        self._shown += 1
        if self.session is not None:
            self.session.close()
            self.session = None


def _known(key: Any, runs: tuple[Run, ...]) -> str:
    if any(run.key == key for run in runs):
        return str(key)
    return runs[-1].key if runs else ""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _watched(run: Run) -> tuple:
    from heliid.data.campaign import Use

    return run.campaign.with_use(Use.VALIDATE) or run.campaign.with_use(Use.TRAIN)


def _take_judging(bench: Workbench, session: Session | None) -> None:
    """The edited limits and manoeuvres of the project, in place: the judges hold the same."""
    bench.limits.clear()
    bench.manoeuvres.clear()
    if session is not None and session.project.thresholds:
        limits, manoeuvres = documents.judging_of(session.project)
        bench.limits.update(limits)
        bench.manoeuvres.update(manoeuvres)


def _show_study(bench: Workbench) -> None:
    """Evolve shows the run on show, as it did when it ended."""
    evolution, run = bench.evolution, bench.find_run()
    if evolution.is_active:
        return
    evolution.begin(0)
    if run is not None:
        bench.studied, bench.studied_campaign = run.setup, run.campaign
        bench.starred, bench.shown_run = run.stars, run.key
        evolution.budget = run.config.budget * len(run.config.searches())
        evolution.restore(run.candidates, run.tried)
        evolution.summary = f"{run.name}, kept in this project"
        if run.linear is not None:
            evolution.linear = LinearReady(run.linear, run.linear_cost, run.linear_responses)
        if run.model is not None:
            evolution.best = BestImproved(
                len(run.candidates), "refit", run.cost, run.model, run.responses
            )
    evolution.set_state("idle" if run is None else "finished")


def _sources(records: tuple) -> tuple[SourceState, ...]:
    from heliid.project.sources import check_sources

    return check_sources(records)


def leftovers(folder: Path | None) -> tuple[Leftover, ...]:
    """What crashes left behind, newest first."""
    from heliid.project import session

    return session.leftovers(folder)


def leftover_differences(leftover: Leftover) -> tuple[str, ...]:
    """How it differs from the saved file, in sentences; the journal's own fault as one."""
    from heliid.errors import HeliIDError
    from heliid.project import session

    try:
        return session.compare(leftover)
    except HeliIDError as error:
        return (str(error),)


def discard(leftover: Leftover) -> None:
    """Forget it."""
    from heliid.project import session

    session.discard(leftover)
