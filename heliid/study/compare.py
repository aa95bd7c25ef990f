"""Several searchers on one problem: same budget, same seeds, one shared memory of scores."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from heliid.comparison import Comparison, Run, compare
from heliid.data.campaign import Campaign
from heliid.errors import SettingsError
from heliid.events import (
    CandidateScored,
    Event,
    JobFinished,
    Notice,
    Progress,
    Report,
    ShouldStop,
    StageStarted,
    ignore,
    never,
)
from heliid.search.memo import Memo
from heliid.search.run import Limits, run_search
from heliid.study.config import SEARCHES, StudyConfig
from heliid.study.explore import make_problem, make_searcher
from heliid.study.ground import make_ground
from heliid.study.job import open_engine

if TYPE_CHECKING:
    from heliid.engine.protocol import Engine

STAGE = "Comparing"


@dataclass(frozen=True, eq=False)
class ComparisonResult:
    """The comparison, every run, and what was said on the way.

    ``n_trained``: unique orders trained for all runs together; an order that one run has scored is
    not trained again for another, since the same order has the same score.
    """

    comparison: Comparison
    runs: tuple[Run, ...]
    n_trained: int
    reason: str  # "done", or "stopped" when only the first seeds are complete
    notices: tuple[str, ...]
    seconds: float


def compare_searches(
    campaign: Campaign,
    config: StudyConfig,
    searches: Sequence[str],
    n_seeds: int,
    *,
    report: Report = ignore,
    should_stop: ShouldStop = never,
    engine: Engine | None = None,
    checkpoint: Path | None = None,
) -> ComparisonResult:
    """Run every searcher with seeds ``config.seed``, ``config.seed + 1``, ... and compare.

    Seeds are complete for all searchers before the next one begins, so that a stop leaves a fair
    comparison of the seeds that are done. Always ends with ``JobFinished``.

    Raises
    ------
    SettingsError
        Unknown or repeated searchers, fewer than two, or stopped before one seed was complete.
    """
    _check(searches, n_seeds)
    began = time.perf_counter()
    notices: list[str] = []

    def hear(event: Event) -> None:
        if isinstance(event, Notice):
            notices.append(event.text)
        report(event)

    try:
        hear(StageStarted("Preparing"))
        ground = make_ground(campaign, config)
        for text in ground.notices:
            hear(Notice(text))
        hear(StageStarted(STAGE, n_seeds * len(searches) * config.budget))
        with open_engine(engine, config.workers) as ready:
            problem = make_problem(ground, ready)
            memo = Memo(problem.fingerprint)
            counter = _Counter(hear, n_seeds * len(searches) * config.budget)
            runs: list[Run] = []
            reason = "done"
            for seed in range(config.seed, config.seed + n_seeds):
                own = []
                for name in searches:
                    result = run_search(
                        make_searcher(name, ground, seed),
                        problem,
                        ready,
                        Limits(config.budget, config.stagnation),
                        window=config.window,
                        report=counter,
                        should_stop=should_stop,
                        checkpoint=checkpoint,
                        memo=memo,
                    )
                    if result.reason == "stopped":
                        reason = "stopped"
                        break
                    counter.next_run(config.budget)
                    own.append(Run(name, seed, result.trace))
                if reason == "stopped":
                    break
                runs += own
        if not runs:
            raise SettingsError(
                "The comparison was stopped before every searcher had finished its first seed."
            )
        found = compare(runs)
    except BaseException as error:
        report(JobFinished("failed", str(error)))
        raise
    report(JobFinished(reason, found.paragraph))
    seconds = time.perf_counter() - began
    return ComparisonResult(found, tuple(runs), len(memo.scores), reason, tuple(notices), seconds)


def _check(searches: Sequence[str], n_seeds: int) -> None:
    unknown = [name for name in searches if name not in SEARCHES]
    if unknown:
        raise SettingsError(
            f"The search '{unknown[0]}' is not known: choose from {', '.join(SEARCHES)}."
        )
    if len(set(searches)) < 2 or len(set(searches)) < len(searches):
        raise SettingsError("A comparison needs at least two different searches.")
    if n_seeds < 1:
        raise SettingsError(f"The number of seeds is {n_seeds}: choose at least 1.")


class _Counter:
    """Progress over all runs from the progress of each; candidates pass, renumbered."""

    def __init__(self, report: Report, total: int) -> None:
        self._report, self._total = report, total
        self._base, self._n = 0, 0
        self._began = time.perf_counter()

    def next_run(self, budget: int) -> None:
        self._base += budget

    def __call__(self, event: Event) -> None:
        if isinstance(event, Progress):
            done = self._base + event.done
            seconds = time.perf_counter() - self._began
            left = seconds / done * (self._total - done) if done else None
            self._report(Progress(STAGE, done, self._total, seconds, left))
        elif isinstance(event, CandidateScored | Notice):
            self._report(event)
