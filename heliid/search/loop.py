"""The steps of one search: ask, start, take in, judge in the order asked, tell.

The window makes it deterministic: point i is asked when the result of point i - window has been
told, whoever evaluates what and in which order results come in. The window belongs to the study,
so any number of workers gives the same bits.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np

from heliid.engine.protocol import Result, Task
from heliid.errors import TrainingError
from heliid.events import (
    CandidateScored,
    Notice,
    PopulationMoved,
    Progress,
    Report,
    SearchAdvanced,
    ShouldStop,
    ignore,
)
from heliid.search.memo import Memo, Scored
from heliid.search.searcher import WORST, Genome, Searcher, is_better

STAGE = "Searching"
_POPULATION_EVERY_S = 0.1
_MAX_KNOWN_IN_A_ROW = 2000  # proposals without a new point, before the searcher counts as stuck
_ALL_FAILED = 10  # first candidates that all fail: something is wrong with the job itself


class Description(NamedTuple):
    """What the user is told about a genome."""

    text: str
    n_parameters: int
    n_hidden: int


class Problem(Protocol):
    """What is searched: how a genome becomes a task and how it is called."""

    @property
    def fingerprint(self) -> str:
        """Hash of data and training settings."""
        ...

    def task(self, key: int, genome: Genome) -> Task:
        """The evaluation of a canonical genome; its value is a cost or a mapping with ``cost``."""
        ...

    def describe(self, genome: Genome) -> Description:
        """What the user is told about it."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """When a search ends; ``budget`` counts unique genomes, 0 switches a limit off."""

    budget: int
    stagnation: int = 0  # unique genomes without a better one
    wall_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Best:
    """The best genome so far; ``value`` is what its evaluation gave, weights and all."""

    index: int
    searcher: str
    scored: Scored
    value: Any


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found.

    ``reason``: ``budget``, ``stagnation``, ``space exhausted``, ``time limit`` or ``stopped``.
    ``best`` is None only when it was stopped before the first result; its value is None when it
    comes from a journal and there was no time to evaluate it again (``evaluate_again``).
    ``trace``: best cost after each unique genome, (n_unique,).
    """

    searcher: str
    reason: str
    best: Best | None
    candidates: tuple[CandidateScored, ...]
    trace: tuple[float, ...]
    seconds: float


def told_apart(one: float, other: float) -> tuple[str, str]:
    """Two different costs with as many digits as it takes to see that they differ."""
    for digits in range(4, 18):
        texts = f"{one:.{digits}g}", f"{other:.{digits}g}"
        if texts[0] != texts[1]:
            break
    return texts


@dataclass(eq=False)
class Shared:
    """What searches side by side have in common besides the memo: see ``heliid.search.race``."""

    n_reported: int = 0  # candidates told to the user
    best_cost: float = WORST
    next_key: int = 0  # of a task
    claimed: set[Genome] = field(default_factory=set)  # started by one of them


@dataclass(eq=False)
class Loop:
    """The memory of one search, and its steps."""

    searcher: Searcher
    problem: Problem
    limits: Limits
    window: int
    memo: Memo
    shared: Shared = field(default_factory=Shared)
    report: Report = ignore
    on_best: Callable[[Best], None] | None = None
    on_progress: Callable[[], None] | None = None  # in place of this search's own
    reason: str = ""
    best: Best | None = None
    candidates: list[CandidateScored] = field(default_factory=list)
    trace: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._asked: dict[Genome, None] = {}  # unique genomes of this search
        self._applied: set[Genome] = set()
        self._waiting: deque[Genome] = deque()  # asked, not yet told, in order
        self._to_start: deque[Genome] = deque()
        self._under_way: dict[int, Genome] = {}
        self._started_again: set[Genome] = set()
        self._known_in_a_row = 0
        self._since_best = 0
        self._n_failed = 0
        self._n_trained = 0
        self._began = time.monotonic()
        self._population_shown = 0.0
        self._said_trouble = False

    # what the engine calls

    def tasks(self) -> Iterator[Task | None]:
        """Tasks as the window allows; None while it is full."""
        while True:
            while self.step():
                pass
            task = self.next_task()
            if task is not None:
                yield task
            elif self.is_under_way:
                yield None
            elif self.reason or not self._waiting:
                return

    @property
    def is_under_way(self) -> bool:
        """Whether a task of this search has not come back yet."""
        return bool(self._under_way)

    @property
    def n_done(self) -> int:
        """Unique genomes judged so far."""
        return len(self._applied)

    @property
    def n_trained(self) -> int:
        """Tasks of this search that came back."""
        return self._n_trained

    def owns(self, key: int) -> bool:
        """Whether the task with this key is one of this search."""
        return key in self._under_way

    def take_in(self, result: Result) -> None:
        """Journal a result as it comes; the search hears of it when it is its turn."""
        genome = self._under_way.pop(result.key)
        if result.status == "cancelled":
            return
        known = self.memo.scores.get(genome)
        if known is not None:
            self._take_in_again(genome, known, result)
            return
        self._n_trained += 1
        self.memo.put(Scored.from_result(genome, result), result.value)
        if self.memo.trouble and not self._said_trouble:
            self._said_trouble = True
            self.report(Notice(self.memo.trouble, "warning"))

    def is_over(self, should_stop: ShouldStop) -> bool:
        """Whether the engine is to end; also brings the search forward."""
        if not self.reason:
            if should_stop():
                self.reason = "stopped"
            elif 0.0 < self.limits.wall_s < time.monotonic() - self._began:
                self.reason = "time limit"
            else:
                return False
        return self.reason in ("stopped", "time limit") or not self._lacks_value()

    # the loop

    def step(self) -> bool:
        """Judge one more unique genome, in the order asked; False when it is not known yet."""
        while not self.reason:
            self.ask()
            if not self._waiting or self._waiting[0] not in self.memo.scores:
                return False
            genome = self._waiting.popleft()
            scored = self.memo.scores[genome]
            self.searcher.tell(np.array([scored.cost]))
            if self._apply(scored):
                return True
        return False

    def ask(self) -> None:
        """Ask for as many points as the window allows."""
        if self.reason:
            return
        n_left = self.limits.budget - len(self._asked)
        n = min(self.window - len(self._waiting), n_left)
        while n > 0:
            points = self.searcher.ask(n)
            for point in points.astype(np.int64).tolist():
                self._add(tuple(point))
            n_left = self.limits.budget - len(self._asked)
            n = min(self.window - len(self._waiting), n_left)
            if not len(points):
                break
        if not self._waiting and not self.reason:
            self.reason = "budget" if n_left <= 0 else "space exhausted"

    def _add(self, genome: Genome) -> None:
        self._waiting.append(genome)
        if genome in self._asked:
            self._known_in_a_row += 1
            return
        self._known_in_a_row = 0
        self._asked[genome] = None
        if genome not in self.memo.scores:
            self._to_start.append(genome)

    def _apply(self, scored: Scored) -> bool:
        if scored.genome in self._applied:
            if self._known_in_a_row > _MAX_KNOWN_IN_A_ROW:
                self.reason = "stagnation"
            return False
        self._applied.add(scored.genome)
        self._check_failures(scored)
        is_best = self._note_best(scored)
        self._tell_user(scored, is_best)
        if 0 < self.limits.stagnation <= self._since_best:
            self.reason = "stagnation"
        return True

    def _note_best(self, scored: Scored) -> bool:
        own = self.best.scored.cost if self.best else WORST
        if self.best is not None and not is_better(scored.cost, own):
            self._since_best += 1
            self.trace.append(own)
            return False
        self._since_best = 0
        self.trace.append(scored.cost)
        value = self.memo.values.get(scored.genome)
        self.best = Best(self.shared.n_reported, self.searcher.name, scored, value)
        if not is_better(scored.cost, self.shared.best_cost):
            return False
        self.shared.best_cost = scored.cost
        return True

    def _check_failures(self, scored: Scored) -> None:
        self._n_failed += scored.status != "ok"
        if len(self._applied) == self._n_failed == _ALL_FAILED:
            raise TrainingError(f"The first {_ALL_FAILED} orders all failed: {scored.reason}")

    # what the user hears

    def _tell_user(self, scored: Scored, is_best: bool) -> None:
        if scored.genome not in self.memo.reported:
            self.memo.reported.add(scored.genome)
            about = self.problem.describe(scored.genome)
            event = CandidateScored(
                index=self.shared.n_reported,
                searcher=self.searcher.name,
                genome=scored.genome,
                structure_text=about.text,
                n_parameters=about.n_parameters,
                n_hidden=about.n_hidden,
                cost=scored.cost,
                nrmse=scored.nrmse,
                diverged=scored.diverged,
                cpu_s=scored.cpu_s,
                is_best=is_best,
                reason=scored.reason,
            )
            self.shared.n_reported += 1
            self.candidates.append(event)
            self.report(event)
        if is_best and self.best is not None and self.best.value is not None and self.on_best:
            self.on_best(self.best)
        name, n_scored = self.searcher.name, len(self.trace)
        self.report(SearchAdvanced(name, n_scored, self.trace[-1], scored.genome))
        self._show_progress()
        self.show_population()

    def _show_progress(self) -> None:
        if self.on_progress is not None:
            self.on_progress()
            return
        seconds, done = time.monotonic() - self._began, len(self._applied)
        left = self.limits.budget - done
        remaining = seconds / self._n_trained * left if self._n_trained else None
        self.report(Progress(STAGE, done, self.limits.budget, seconds, remaining))

    def show_population(self, *, at_once: bool = False) -> None:
        """Report where the members stand, now and then."""
        now = time.monotonic()
        if not at_once and now - self._population_shown < _POPULATION_EVERY_S:
            return
        self._population_shown = now
        points, costs = self.searcher.population()
        genomes = tuple(tuple(int(gene) for gene in point) for point in points)
        event = PopulationMoved(
            self.searcher.name,
            self.shared.n_reported,
            genomes,
            tuple(float(cost) for cost in costs),
        )
        self.report(event)

    # tasks

    def next_task(self) -> Task | None:
        """The next genome to evaluate, or None: there is none, or it is known or under way."""
        if self._lacks_value() and self.best is not None:
            genome = self.best.scored.genome
            if genome not in self._started_again:
                self._started_again.add(genome)
                return self._start(genome)
        while not self.reason and self._to_start:
            genome = self._to_start.popleft()
            if genome not in self.memo.scores and genome not in self.shared.claimed:
                return self._start(genome)
        return None

    def _start(self, genome: Genome) -> Task:
        key = self.shared.next_key
        self.shared.next_key += 1
        self.shared.claimed.add(genome)
        self._under_way[key] = genome
        return self.problem.task(key, genome)

    def _lacks_value(self) -> bool:
        """Whether the best comes from a journal, which keeps no weights, and may still get them."""
        best = self.best
        if best is None or best.value is not None or best.scored.status != "ok":
            return False
        genome = best.scored.genome
        return genome not in self._started_again or genome in self._under_way.values()

    def _take_in_again(self, genome: Genome, known: Scored, result: Result) -> None:
        """The best of a journal was evaluated again, for its weights."""
        again = Scored.from_result(genome, result)
        if again.cost != known.cost:
            self.report(
                Notice(
                    f"Evaluated again, {self.problem.describe(genome).text} costs "
                    f"{' where the journal says '.join(told_apart(again.cost, known.cost))}: it "
                    "was made by another version or on another processor.",
                    "warning",
                )
            )
        if result.status != "ok":
            return
        self.memo.values[genome] = result.value
        if self.best is not None and self.best.scored.genome == genome:
            self.best = Best(self.best.index, self.best.searcher, known, result.value)
            if self.on_best and not is_better(self.shared.best_cost, known.cost):
                self.on_best(self.best)

    def result(self) -> SearchResult:
        """What was found."""
        return SearchResult(
            self.searcher.name,
            self.reason or "stopped",
            self.best,
            tuple(self.candidates),
            tuple(self.trace),
            time.monotonic() - self._began,
        )
