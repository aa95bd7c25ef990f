"""The loop of a search: ask, evaluate, tell, report, keep, stop.

The window makes it deterministic: point i is asked when the result of point i - window has been
told, whoever evaluates what and in which order results come in. The window belongs to the study,
so any number of workers gives the same bits.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from heliid.engine.protocol import Engine, Result, Task
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
    never,
)
from heliid.search.encoding import Encoding
from heliid.search.memo import Memo, Scored, journalled
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


@dataclass(frozen=True)
class OrderProblem:
    """Model orders, trained and scored by ``fn(structure as plain data, *extra)``.

    The caller has set up the engine with what ``fn`` needs.
    """

    encoding: Encoding
    fingerprint: str
    fn: str = "heliid.search.fitness:evaluate_task"
    extra: tuple[Any, ...] = ()
    cpu_limit_s: float = 0.0

    def task(self, key: int, genome: Genome) -> Task:
        """Train and score the structure of ``genome``."""
        structure = self.encoding.structure(genome).to_dict()
        return Task(key, self.fn, (structure, *self.extra), self.cpu_limit_s)

    def describe(self, genome: Genome) -> Description:
        """Order, number of weights, hidden units."""
        structure = self.encoding.structure(genome)
        text = self.encoding.text(genome)
        return Description(text, structure.n_parameters, structure.n_hidden)


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


def run_search(
    searcher: Searcher,
    problem: Problem,
    engine: Engine,
    limits: Limits,
    *,
    window: int = 8,
    report: Report = ignore,
    should_stop: ShouldStop = never,
    checkpoint: Path | None = None,
    memo: Memo | None = None,
    on_best: Callable[[Best], None] | None = None,
    first_index: int = 0,
    cost_to_beat: float = WORST,
) -> SearchResult:
    """Search until a limit or a stop; always the best so far.

    ``memo`` shares scores between searches of the same problem: a genome known from there counts
    in the budget but is not trained nor reported again. ``checkpoint`` keeps them in a file, from
    which an interrupted search goes on bit for bit. ``on_best`` hears of each genome better than
    all before and than ``cost_to_beat``. ``first_index`` numbers the first candidate reported.

    Raises ``TrainingError`` when the first ten evaluations all fail.
    """
    memo = Memo(problem.fingerprint) if memo is None else memo
    with journalled(memo, checkpoint) as n_kept:
        search = _Search(searcher, problem, limits, window, memo)
        search.report, search.on_best = report, on_best
        search.index, search.cost_to_beat = first_index, cost_to_beat
        if n_kept:
            report(Notice(f"Going on from {n_kept} results kept in {checkpoint}."))
        engine.run(
            search.tasks(),
            on_result=search.take_in,
            should_stop=lambda: search.is_over(should_stop),
        )
        search.show_population(at_once=True)
    return search.result()


def evaluate_again(problem: Problem, engine: Engine, genome: Genome) -> Any:
    """The value of one genome, evaluated now; None when that fails."""
    results: list[Result] = []
    engine.run([problem.task(0, genome)], on_result=results.append, should_stop=never)
    return results[0].value if results and results[0].status == "ok" else None


@dataclass(eq=False)
class _Search:
    """The loop's memory."""

    searcher: Searcher
    problem: Problem
    limits: Limits
    window: int
    memo: Memo
    report: Report = ignore
    on_best: Callable[[Best], None] | None = None
    index: int = 0
    cost_to_beat: float = WORST
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
        self._next_key = 0
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
            self._advance()
            task = self._next_task()
            if task is not None:
                yield task
            elif self._under_way:
                yield None
            elif self.reason or not self._waiting:
                return

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

    def _advance(self) -> None:
        """Tell what is known in the order asked; ask as the window allows."""
        while not self.reason:
            self._ask()
            if not self._waiting or self._waiting[0] not in self.memo.scores:
                return
            genome = self._waiting.popleft()
            scored = self.memo.scores[genome]
            self.searcher.tell(np.array([scored.cost]))
            self._apply(scored)

    def _ask(self) -> None:
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

    def _apply(self, scored: Scored) -> None:
        if scored.genome in self._applied:
            if self._known_in_a_row > _MAX_KNOWN_IN_A_ROW:
                self.reason = "stagnation"
            return
        self._applied.add(scored.genome)
        self._check_failures(scored)
        is_best = self._note_best(scored)
        self._tell_user(scored, is_best)
        if 0 < self.limits.stagnation <= self._since_best:
            self.reason = "stagnation"

    def _note_best(self, scored: Scored) -> bool:
        own = self.best.scored.cost if self.best else WORST
        if self.best is not None and not is_better(scored.cost, own):
            self._since_best += 1
            self.trace.append(own)
            return False
        self._since_best = 0
        self.trace.append(scored.cost)
        value = self.memo.values.get(scored.genome)
        self.best = Best(self.index, self.searcher.name, scored, value)
        return is_better(scored.cost, self.cost_to_beat)

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
                index=self.index,
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
            self.index += 1
            self.candidates.append(event)
            self.report(event)
        if is_best and self.best is not None and self.best.value is not None and self.on_best:
            self.on_best(self.best)
        self.report(SearchAdvanced(self.searcher.name, len(self.trace), self.trace[-1]))
        self._show_progress()
        self.show_population()

    def _show_progress(self) -> None:
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
            self.searcher.name, self.index, genomes, tuple(float(cost) for cost in costs)
        )
        self.report(event)

    # tasks

    def _next_task(self) -> Task | None:
        if self._lacks_value() and self.best is not None:
            genome = self.best.scored.genome
            if genome not in self._started_again:
                self._started_again.add(genome)
                return self._start(genome)
        if not self.reason and self._to_start:
            return self._start(self._to_start.popleft())
        return None

    def _start(self, genome: Genome) -> Task:
        key = self._next_key
        self._next_key += 1
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
                    f"Evaluated again, {self.problem.describe(genome).text} costs {again.cost:.6g} "
                    f"where the journal says {known.cost:.6g}: it was made by another version or "
                    "on another processor.",
                    "warning",
                )
            )
        if result.status != "ok":
            return
        self.memo.values[genome] = result.value
        if self.best is not None and self.best.scored.genome == genome:
            self.best = Best(self.best.index, self.best.searcher, known, result.value)
            if self.on_best and is_better(known.cost, self.cost_to_beat):
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
