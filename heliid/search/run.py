"""A search from beginning to end: what is searched, by whom, until when, kept where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from heliid.engine.protocol import Engine, Result, Task
from heliid.events import Notice, Report, ShouldStop, ignore, never
from heliid.search.encoding import Encoding
from heliid.search.loop import STAGE, Best, Description, Limits, Loop, Problem, SearchResult, Shared
from heliid.search.memo import Memo, journalled
from heliid.search.searcher import WORST, Genome, Searcher

__all__ = [
    "STAGE",
    "Best",
    "Description",
    "Limits",
    "OrderProblem",
    "Problem",
    "SearchResult",
    "evaluate_again",
    "run_search",
]


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
        search = Loop(searcher, problem, limits, window, memo, Shared(first_index, cost_to_beat))
        search.report, search.on_best = report, on_best
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
