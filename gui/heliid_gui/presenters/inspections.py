"""Single candidates trained anew to look at them; no Qt, the worker is handed in."""

from __future__ import annotations

from dataclasses import dataclass, field

from heliid.events import CandidateScored
from heliid_gui.presenters.evolve import Responses
from heliid_gui.presenters.notify import Notifier
from heliid_gui.presenters.studies import JobRunner
from heliid_gui.presenters.workbench import Workbench

CANDIDATE = "heliid_gui.tasks:candidate"


@dataclass
class Inspection:
    """The candidate that was picked and what came of it."""

    candidate: CandidateScored
    state: str = "busy"  # busy, done, failed
    responses: Responses = field(default_factory=dict)
    sentence: str = ""


class Inspections:
    """At most one candidate at a time: the one picked last."""

    def __init__(self, bench: Workbench, jobs: JobRunner) -> None:
        self._bench, self._jobs = bench, jobs
        self._known: dict[tuple[int, ...], Inspection] = {}
        self.current: Inspection | None = None
        self.changed = Notifier()
        self.task = CANDIDATE

    def pick(self, candidate: CandidateScored) -> None:
        """Train this order anew and keep its free runs."""
        known = self._known.get(candidate.genome)
        if known is not None and known.candidate is candidate and known.state != "failed":
            self.current = known
            self.changed.emit()
            return
        campaign, config = self._bench.studied_campaign, self._bench.studied
        if campaign is None or config is None:
            return
        inspection = Inspection(candidate, sentence="Training this order anew…")
        self.current = self._known[candidate.genome] = inspection

        def keep(value: tuple) -> None:
            inspection.state, inspection.responses = "done", value[1]
            inspection.sentence = ""
            self.changed.emit()

        def fail(sentence: str, _details: str = "") -> None:
            inspection.state, inspection.sentence = "failed", sentence
            self.changed.emit()

        self._jobs.submit(
            self.task,
            (campaign, config.config, candidate.structure_text),
            slot="candidate",
            on_result=keep,
            on_error=fail,
            on_lost=lambda s: fail(s or "Stopped."),
        )
        self.changed.emit()

    def clear(self) -> None:
        """Show no single candidate."""
        if self.current is not None:
            self.current = None
            self.changed.emit()

    def forget(self) -> None:
        """Another study: nothing is known."""
        self._known.clear()
        self.clear()
