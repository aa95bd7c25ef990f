"""Several searches side by side: in turn they judge one order each, on the same workers.

Each search keeps its own window and hears of its own orders only, in the order in which it asked
for them, so it finds bit for bit what it finds alone. An order that one of them has trained costs
the others no time, but counts in the budget of each. Whose turn it is depends on nothing but the
number of orders judged, so candidates and their numbers are the same for any number of workers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from heliid.engine.protocol import Engine, Result, Task
from heliid.events import Notice, Progress, Report, ShouldStop, ignore, never
from heliid.search.loop import STAGE, Best, Limits, Loop, Problem, SearchResult, Shared
from heliid.search.memo import Memo, journalled
from heliid.search.searcher import Searcher


def run_race(
    searchers: Sequence[Searcher],
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
) -> list[SearchResult]:
    """Search with all of them until each has reached a limit; one result per searcher.

    ``limits`` hold for each search; the wall clock for as long as all of them one after the other
    would have. ``on_best`` hears of each genome better than all before in any of them. The rest as
    in ``run_search``.

    Raises ``TrainingError`` when the first ten evaluations of a search all fail.
    """
    memo = Memo(problem.fingerprint) if memo is None else memo
    shared = Shared()
    limits = replace(limits, wall_s=limits.wall_s * len(searchers))
    loops = [Loop(one, problem, limits, window, memo, shared) for one in searchers]
    with journalled(memo, checkpoint) as n_kept:
        race = _Race(loops, limits, report)
        for loop in loops:
            loop.report, loop.on_best, loop.on_progress = report, on_best, race.show_progress
        if n_kept:
            report(Notice(f"Going on from {n_kept} results kept in {checkpoint}."))
        engine.run(
            race.tasks(),
            on_result=race.take_in,
            should_stop=lambda: race.is_over(should_stop),
        )
        for loop in loops:
            loop.show_population(at_once=True)
    return [loop.result() for loop in loops]


class _Race:
    """Whose turn it is to judge, and whose to start a training."""

    def __init__(self, loops: list[Loop], limits: Limits, report: Report) -> None:
        self._loops, self._report = loops, report
        self._total = limits.budget * len(loops)
        self._to_judge = 0
        self._to_start = 0
        self._began = time.monotonic()

    def tasks(self) -> Iterator[Task | None]:
        """Tasks of all searches in turn; None while all of them wait."""
        while True:
            self._advance()
            task = self._next_task()
            if task is not None:
                yield task
            elif any(loop.is_under_way for loop in self._loops):
                yield None
            else:
                return

    def take_in(self, result: Result) -> None:
        """Hand a result to the search that asked for it; the others find it in the memo."""
        next(loop for loop in self._loops if loop.owns(result.key)).take_in(result)

    def is_over(self, should_stop: ShouldStop) -> bool:
        """Whether the engine is to end: each search has ended, none lacks its best's weights."""
        return all([loop.is_over(should_stop) for loop in self._loops])  # noqa: C419 - every one

    def show_progress(self) -> None:
        """Orders judged by all of them."""
        seconds = time.monotonic() - self._began
        done = sum(loop.n_done for loop in self._loops)
        trained = sum(loop.n_trained for loop in self._loops)
        remaining = seconds / done * (self._total - done) if trained else None
        self._report(Progress(STAGE, done, self._total, seconds, remaining))

    def _advance(self) -> None:
        """Judge one order each, in turn, until the next in turn waits for a training."""
        n_over = 0
        while n_over < len(self._loops):
            loop = self._loops[self._to_judge]
            if loop.step():
                n_over = 0
            elif loop.reason:
                n_over += 1
            else:
                break
            self._to_judge = (self._to_judge + 1) % len(self._loops)
        for loop in self._loops:  # the others may ask ahead as far as their windows go
            loop.ask()

    def _next_task(self) -> Task | None:
        """A training of the search whose turn it is, or of the next that has one."""
        for _ in self._loops:
            loop = self._loops[self._to_start]
            self._to_start = (self._to_start + 1) % len(self._loops)
            task = loop.next_task()
            if task is not None:
                return task
        return None
