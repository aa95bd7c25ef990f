"""A running (or ended) study as the window shows it: fed with events, asked for what to show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from heliid.data.record import Channel
from heliid.events import (
    BestImproved,
    CandidateScored,
    Event,
    JobFinished,
    LinearReady,
    Notice,
    PopulationMoved,
    Progress,
    SearchAdvanced,
    StageStarted,
)
from heliid.model.network import NarxModel
from heliid_gui.presenters import formatting as fmt
from heliid_gui.presenters.notify import Notifier

Responses = dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]


@dataclass(frozen=True, slots=True)
class OutputScore:
    """Free run of one output on one record: fit % and NRMSE, model beside linear."""

    name: str
    fit: float
    nrmse: float
    linear_fit: float
    linear_nrmse: float


@dataclass(frozen=True, slots=True)
class Tried:
    """One order and what it was found to be worth."""

    genome: tuple[int, ...]
    cost: float


@dataclass
class Evolution:
    """Everything a study has reported so far; plain data, no Qt."""

    state: str = "idle"  # idle, starting, running, paused, stopping, finished, failed
    stage: str = ""
    progress: Progress | None = None
    candidates: list[CandidateScored] = field(default_factory=list)
    best: BestImproved | None = None
    linear: LinearReady | None = None
    populations: dict[str, PopulationMoved] = field(default_factory=dict)
    visited: dict[str, dict[tuple[int, ...], float]] = field(default_factory=dict)  # by search
    curves: dict[str, list[float]] = field(default_factory=dict)  # best so far, by search
    notices: list[Notice] = field(default_factory=list)
    finished: JobFinished | None = None
    error: str = ""
    budget: int = 0
    watched: str = ""
    summary: str = ""  # the last word, for the run bar

    def __post_init__(self) -> None:
        self.changed = Notifier()
        self._costs: dict[tuple[int, ...], float] = {}
        self.revision = {"candidates": 0, "best": 0, "linear": 0, "population": 0, "study": 0}

    def begin(self, budget: int) -> None:
        """Forget the last study; the new one has been asked for."""
        fresh = Evolution()
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(fresh, name))
        self._costs = {}
        for name in self.revision:
            self.revision[name] += 1
        self.state, self.budget = "starting", budget
        self.changed.emit()

    def apply(self, events: list[Event]) -> None:
        """Take in what the worker reported; listeners are told once."""
        for event in events:
            self._take(event)
        self.changed.emit()

    def _take(self, event: Event) -> None:
        match event:
            case StageStarted():
                self.stage, self.progress = event.stage, None
                if self.state == "starting":
                    self.state = "running"
            case Progress():
                self.stage, self.progress = event.stage, event
            case CandidateScored():
                self.candidates.append(event)
                self.visited.setdefault(event.searcher, {})[event.genome] = event.cost
                self._costs[event.genome] = event.cost
                self.revision["candidates"] += 1
            case BestImproved():
                self.best = event
                self.revision["best"] += 1
            case LinearReady():
                self.linear = event
                self.revision["linear"] += 1
            case PopulationMoved():
                self.populations[event.searcher] = event
                # also the orders that another search had trained before
                visited = self.visited.setdefault(event.searcher, {})
                for genome, cost in zip(event.genomes, event.costs, strict=True):
                    visited.setdefault(genome, cost)
                self.revision["population"] += 1
            case SearchAdvanced():
                self._take_step(event)
            case Notice():
                self.notices.append(event)
            case JobFinished():
                self.finished = event

    def _take_step(self, step: SearchAdvanced) -> None:
        """One search has judged one more order, which another one may have trained."""
        self.curves.setdefault(step.searcher, []).append(step.best_cost)
        if step.genome in self._costs:
            self.visited.setdefault(step.searcher, {})[step.genome] = self._costs[step.genome]
        self.revision["candidates"] += 1

    def tried_by_search(self) -> dict[str, tuple[int, ...]]:
        """Per search the places in ``candidates`` of the orders it judged, in its order."""
        place = {one.genome: k for k, one in enumerate(self.candidates)}
        return {
            name: tuple(place[genome] for genome in self.visited[name] if genome in place)
            for name in self.curves
            if name in self.visited
        }

    def restore(
        self, candidates: Sequence[CandidateScored], tried: dict[str, tuple[int, ...]]
    ) -> None:
        """Candidates and curves of a study from a file; the inverse of ``tried_by_search``."""
        self.candidates = list(candidates)
        self._costs = {one.genome: one.cost for one in candidates}
        for name, places in tried.items():
            own = [self.candidates[place] for place in places]
            costs = np.array([one.cost for one in own], dtype=float)
            self.curves[name] = np.fmin.accumulate(costs).tolist()
            self.visited[name] = {one.genome: one.cost for one in own}
        self.revision["candidates"] += 1

    def set_state(self, state: str, error: str = "") -> None:
        """Paused, stopping, finished, failed: what the buttons and the worker decided."""
        self.state = state
        self.error = error
        self.changed.emit()

    @property
    def is_active(self) -> bool:
        """True from Start until the last word of the worker."""
        return self.state in ("starting", "running", "paused", "stopping")

    @property
    def model(self) -> NarxModel | None:
        """The best model so far; the linear one while there is no other."""
        if self.best is not None:
            return self.best.model
        return self.linear.model if self.linear is not None else None

    def records(self) -> tuple[str, ...]:
        """Names of the records with a free run."""
        source = self.best or self.linear
        return tuple(source.responses) if source is not None else ()

    def record(self) -> str:
        """The record being watched: the chosen one while it exists, else the first."""
        names = self.records()
        if self.watched in names:
            return self.watched
        return names[0] if names else ""

    def outputs(self) -> tuple[Channel, ...]:
        """The output channels of the models."""
        model = self.model
        return model.outputs if model is not None else ()

    def warnings(self) -> tuple[str, ...]:
        """Sentences the user should not miss."""
        return tuple(n.text for n in self.notices if n.level == "warning")

    def scores(self, record: str = "") -> tuple[OutputScore, ...]:
        """Fit and NRMSE per output on a record, of the best model and of the linear one."""
        record = record or self.record()
        channels = self.outputs()
        model = _scores(self.best, record, len(channels))
        linear = _scores(self.linear, record, len(channels))
        return tuple(
            OutputScore(channel.name, *model[index], *linear[index])
            for index, channel in enumerate(channels)
        )

    def convergence(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Per searcher: count of its unique orders (n,) and its best cost so far (n,).

        As the searchers report it, with the orders that another one had trained already; of a
        study from a file only the candidates are known, each under the searcher that was first.
        """
        if not self.curves:
            return convergence(self.candidates)
        return {
            name: (np.arange(1, len(costs) + 1, dtype=float), np.array(costs, dtype=float))
            for name, costs in self.curves.items()
        }

    def tried(self, search: str = "") -> list[Tried]:
        """The orders of one search, or of all of them, in the order in which it came to them."""
        own = self.visited.get(search)
        if own is None:
            found = (one for one in self.candidates if search in ("", one.searcher))
            return [Tried(one.genome, one.cost) for one in found]
        return [Tried(genome, cost) for genome, cost in own.items()]

    def fraction(self) -> float:
        """How far the current stage is, 0 to 1; nan when not known."""
        if self.progress is None or self.progress.total <= 0:
            return math.nan
        return min(1.0, self.progress.done / self.progress.total)

    def status(self) -> str:
        """One line for the run bar."""
        if self.state == "failed":
            return "Stopped by a problem"
        if self.state == "finished":
            return self.summary or "Finished"
        if self.state == "stopping":
            return "Stopping, the best so far is kept…"
        if self.state == "starting":
            return "Getting ready…"
        if self.state == "idle":
            return ""
        return self._running_status()

    def _running_status(self) -> str:
        parts = ["Paused" if self.state == "paused" else self.stage or "Working"]
        progress = self.progress
        if progress is not None and progress.total:
            parts.append(f"{progress.done} of {progress.total}")
            if progress.remaining is not None and self.state == "running":
                parts.append(f"about {fmt.duration(progress.remaining)} left")
        return " · ".join(parts)


def convergence(candidates: list[CandidateScored]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Per searcher: count of its unique trainings (n,) and its best cost so far (n,)."""
    costs: dict[str, list[float]] = {}
    for one in candidates:
        costs.setdefault(one.searcher, []).append(one.cost)
    return {
        name: (np.arange(1, len(c) + 1, dtype=float), np.fmin.accumulate(np.array(c, dtype=float)))
        for name, c in costs.items()
    }


def _scores(
    event: BestImproved | LinearReady | None, record: str, n_outputs: int
) -> list[tuple[float, float]]:
    """Fit % and NRMSE of each output; nan when there is no response, infinite when it diverged."""
    response = None if event is None else event.responses.get(record)
    if response is None:
        return [(math.nan, math.nan)] * n_outputs
    _, measured, model = response
    error, swing = measured - model, measured - measured.mean(axis=0)
    size = np.sqrt(np.einsum("ij,ij->j", error, error))
    spread = np.sqrt(np.einsum("ij,ij->j", swing, swing))
    return [_score(float(e), float(s)) for e, s in zip(size, spread, strict=True)]


def _score(error: float, spread: float) -> tuple[float, float]:
    if not math.isfinite(error):
        return -math.inf, math.inf
    if spread == 0.0:
        return math.nan, math.nan
    return 100.0 * (1.0 - error / spread), error / spread
