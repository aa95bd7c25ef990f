"""The whole job behind the Start button."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from heliid.data.campaign import Campaign
from heliid.errors import HeliIDError, TrainingError
from heliid.events import (
    BestImproved,
    CandidateScored,
    Event,
    JobFinished,
    LinearReady,
    Notice,
    Progress,
    Report,
    ShouldStop,
    StageStarted,
    ignore,
    never,
)
from heliid.linear import best_linear
from heliid.model.network import NarxModel, Weights
from heliid.model.structure import Structure
from heliid.search.encoding import structure_from_text, structure_text
from heliid.search.run import Best
from heliid.study.conclude import Outcome, Trained, best_network, conclude
from heliid.study.config import StudyConfig
from heliid.study.doubt import Doubt, doubt_network
from heliid.study.explore import explore
from heliid.study.final import train_on_all
from heliid.study.finer import TABLES as FINER_TABLES
from heliid.study.finer import rate_factors, refit_at, stretch, try_finer
from heliid.study.ground import Ground, make_ground
from heliid.study.kept import KeptRefits
from heliid.study.refits import Refit, judged

if TYPE_CHECKING:
    from heliid.engine.protocol import Engine

N_REFIT_TABLES = 5  # weight tables of the final refits
DOUBTFUL = 0.3  # NRMSE of a whole-record free run above which the motion may be unstable
LOST = 1.0  # that of one no better than the mean of the record
WORTH_WINDOWS = 0.95  # of the cost by windows: what leaving out the whole record must gain


@dataclass(frozen=True, eq=False)
class StudyResult:
    """What a study found. ``linear`` is the best linear model (h = 0), always there.

    ``cost`` and ``linear_cost`` are those of ``model`` and ``linear`` on the validation records;
    ``campaign`` is the one that was used, with validation records in any case.
    """

    model: NarxModel
    linear: NarxModel
    members: tuple[NarxModel, ...]  # the ensemble, best first; the model is the first
    candidates: tuple[CandidateScored, ...]  # every unique training, in order
    config: StudyConfig
    reason: str  # as in JobFinished
    notices: tuple[str, ...]
    seconds: float
    cost: float = float("nan")
    linear_cost: float = float("nan")
    member_costs: tuple[float, ...] = ()
    campaign: Campaign | None = None

    @property
    def is_linear(self) -> bool:
        """True when no network was better than the best linear model on validation."""
        return self.model.structure.n_hidden == 0


def identify(
    campaign: Campaign,
    config: StudyConfig,
    *,
    report: Report = ignore,
    should_stop: ShouldStop = never,
    engine: Engine | None = None,
    checkpoint: Path | None = None,
) -> StudyResult:
    """Search the order, train, refit the best: the whole job behind the Start button.

    Test records are not touched here. With ``checkpoint`` each score and each refit is kept there
    as it comes, and a job that finds the file goes on from it, bit for bit. Stopped early, it
    returns the best so far. The same campaign, configuration and seed give the same bits, for any
    number of workers. Always ends with ``JobFinished``.

    Raises
    ------
    HeliIDError
        Records, channels or settings cannot be used; one sentence.
    """
    desk = _Desk(config, report, should_stop)

    def work(ground: Ground, engine: Engine, linear: Refit) -> tuple[Trained, str]:
        return _search(desk, ground, engine, checkpoint, linear.structure)

    return _run(desk, campaign, engine, work, "search")


def fit(
    campaign: Campaign,
    config: StudyConfig,
    order: str,
    *,
    report: Report = ignore,
    should_stop: ShouldStop = never,
    engine: Engine | None = None,
) -> StudyResult:
    """The same without a search: ``order`` as in ``"na=1,nb=4,nk=0,spacing=3,h=4"``.

    The order is trained from several weight tables; it need not lie in the configuration's box.
    """
    structure = structure_from_text(order, len(campaign.inputs), len(campaign.outputs))
    desk = _Desk(config, report, should_stop)

    def work(ground: Ground, engine: Engine, _: Refit) -> tuple[Trained, str]:
        return _fit_one(desk, ground, structure, engine)

    return _run(desk, campaign, engine, work, "fit")


Work = Callable[[Ground, "Engine", Refit], tuple[Trained, str]]


@dataclass(eq=False)
class _Desk:
    """What one job has said and heard so far."""

    config: StudyConfig
    report: Report
    should_stop: ShouldStop
    notices: list[str] = field(default_factory=list)
    candidates: list[CandidateScored] = field(default_factory=list)
    started: float = field(default_factory=time.perf_counter)
    kept: KeptRefits = field(default_factory=lambda: KeptRefits(None))

    def hear(self, event: Event) -> None:
        """Pass an event on; keep what belongs to the result."""
        if isinstance(event, CandidateScored):
            self.candidates.append(event)
        if isinstance(event, Notice):
            self.notices.append(event.text)
        self.report(event)

    def say(self, text: str, level: str = "info") -> None:
        """A sentence for the user, kept with the result."""
        self.hear(Notice(text, level))

    def stage(self, name: str, total: int = 0) -> Callable[[int, int], None]:
        """Begin a stage; the function returned reports steps done and in all."""
        self.report(StageStarted(name, total))
        began = time.perf_counter()

        def step(done: int, of: int) -> None:
            seconds = time.perf_counter() - began
            remaining = seconds / done * (of - done) if done else None
            self.report(Progress(name, done, of, seconds, remaining))

        return step


def _run(
    desk: _Desk, campaign: Campaign, engine: Engine | None, work: Work, how: str
) -> StudyResult:
    """Prepare, find the linear model, do the work, conclude; the last event is JobFinished."""
    try:
        desk.stage("Preparing")
        ground = make_ground(campaign, desk.config)
        for notice in ground.notices:
            desk.say(notice)
        ground, linear = _linear(desk, ground)
        with open_engine(engine, desk.config.workers) as ready:
            trained, reason = work(ground, ready, linear)
            doubt = _doubt(desk, ground, linear, trained, ready) if how == "search" else None
            outcome = conclude(ground, desk.config, linear, trained, how, doubt)
            reason = "stopped" if desk.should_stop() else reason
            outcome, reason = _finish(desk, outcome, ready, reason)
    except HeliIDError as error:
        desk.report(JobFinished("failed", str(error)))
        raise
    except BaseException:
        desk.report(JobFinished("failed", "The job ended by an error of HeliID itself."))
        raise
    finally:
        desk.kept.close()
    for notice in outcome.notices:
        desk.say(notice, "warning")
    result = _result(desk, ground, outcome, reason)
    desk.report(JobFinished(reason, _last_words(result)))
    return result


def _linear(desk: _Desk, ground: Ground) -> tuple[Ground, Refit]:
    """The best linear model; an unstable motion is scored by windows only from here on."""
    desk.stage("Best linear model")
    found = _best_linear(desk, ground)
    windows = tuple(window for window in ground.settings.windows_s if window > 0.0)
    is_doubtful = found.diverged or float(found.nrmse.mean()) > DOUBTFUL
    if is_doubtful and windows and not desk.should_stop():
        by_windows = ground.with_windows(windows)
        other = _best_linear(desk, by_windows)
        if _looks_unstable(ground, by_windows, found, other):
            ground, found = by_windows, other
            desk.say(
                "The linear model that follows short windows best loses the whole record (the "
                "motion looks unstable), so orders are scored by windows of "
                f"{_listed(windows)} s restarted from the data."
            )
    model = ground.model(found.structure, found.weights)
    desk.report(LinearReady(model, found.cost, ground.responses(model)))
    return ground, found


def _looks_unstable(whole: Ground, by_windows: Ground, found: Refit, other: Refit) -> bool:
    """True when short windows are followed better by a model that loses the whole record."""
    alone = _judge(whole, other.structure, other.weights)
    is_lost = alone.diverged or float(alone.nrmse.mean()) >= LOST
    same = _judge(by_windows, found.structure, found.weights)
    gained = _judge(by_windows, other.structure, other.weights)
    return found.diverged or (is_lost and gained.cost <= WORTH_WINDOWS * same.cost)


def _best_linear(desk: _Desk, ground: Ground) -> Refit:
    structure, weights, cost = best_linear(
        ground.train, ground.validate, ground.settings, should_stop=desk.should_stop
    )
    found = _judge(ground, structure, weights)
    return replace(found, cost=cost) if ground.settings.n_folds else found


def _listed(values: tuple[float, ...]) -> str:
    texts = [f"{value:g}" for value in values]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def _judge(ground: Ground, structure: Structure, weights: Weights) -> Refit:
    cost, nrmse, diverged = judged(
        structure, weights, ground.train, ground.validate, ground.settings
    )
    return Refit(structure, weights, cost, nrmse, diverged, "linear")


def _search(
    desk: _Desk, ground: Ground, engine: Engine, checkpoint: Path | None, linear: Structure
) -> tuple[Trained, str]:
    """Search, then refit the best few orders."""
    config = desk.config
    desk.stage("Searching", config.budget * len(config.searches()))

    def on_best(best: Best, refit: Refit) -> None:
        model = ground.model(refit.structure, refit.weights)
        desk.report(
            BestImproved(best.index, best.searcher, refit.cost, model, ground.responses(model))
        )

    found = explore(
        ground,
        config,
        engine,
        report=desk.hear,
        should_stop=desk.should_stop,
        checkpoint=checkpoint,
        on_best=on_best,
        linear=linear,
    )
    refits = [found.best] if found.best is not None else []
    if found.best_genome is not None:
        for warning in ground.encoding.on_bound(found.best_genome):
            desk.say(warning, "warning")
    trained = Trained(ground, refits)
    if found.reason == "stopped":
        return trained, found.reason
    desk.kept = KeptRefits(checkpoint)
    desk.kept.open()
    structures = found.structures[: config.n_ensemble]
    refits += _refit(desk, ground, structures, engine, N_REFIT_TABLES)
    if refits and config.finer_rate and config.rate_hz == 0.0:
        trained = _finer(desk, trained, structures, engine)
    return trained, "stopped" if desk.should_stop() else found.reason


def _finer(
    desk: _Desk, trained: Trained, structures: tuple[Structure, ...], engine: Engine
) -> Trained:
    """All refits at a finer rate, when the best order does better there."""
    best = min(trained.refits, key=lambda one: (one.cost, one.structure.n_parameters))
    factors = rate_factors(trained.ground)
    if not factors or desk.should_stop():
        return trained
    found = try_finer(
        trained.ground, desk.config, best, engine,
        should_stop=desk.should_stop, progress=desk.stage("Trying finer rates", len(factors)),
        kept=desk.kept,
    )  # fmt: skip
    if found is None:
        return trained
    others = tuple(stretch(one, found.factor) for one in structures if one != best.structure)
    desk.say(
        f"The model runs at {1 / found.ground.dt:.4g} Hz, {found.factor} times the rate of the "
        f"search: it follows the validation records better there."
    )
    refits = _refit(desk, found.ground, others, engine, len(FINER_TABLES))
    return Trained(found.ground, [*found.refits, *refits])


def _fit_one(
    desk: _Desk, ground: Ground, structure: Structure, engine: Engine
) -> tuple[Trained, str]:
    """One order from several weight tables."""
    refits = _refit(desk, ground, (structure,), engine, N_REFIT_TABLES)
    if not refits and not desk.should_stop():
        raise TrainingError(
            f"The order {structure_text(structure)} cannot be trained on these records: choose "
            f"fewer lags or longer records."
        )
    return Trained(ground, refits), "stopped" if desk.should_stop() else "done"


def _doubt(
    desk: _Desk, base: Ground, linear: Refit, trained: Trained, engine: Engine
) -> Doubt | None:
    """How sure it is that the best network beats the best linear order; None when none does."""
    network = best_network(trained, linear)
    if network is None or desk.should_stop():
        return None
    factor = round(base.dt / trained.ground.dt)
    yardstick = stretch(linear.structure, factor) if factor > 1 else linear.structure
    return doubt_network(
        network, yardstick, trained.ground, engine,
        should_stop=desk.should_stop, progress=desk.stage("Comparing with the linear model"),
    )  # fmt: skip


def _finish(desk: _Desk, outcome: Outcome, engine: Engine, reason: str) -> tuple[Outcome, str]:
    """The last training on all records, where that is wanted and the job was not stopped."""
    if reason == "stopped" or desk.config.train_on != "all":
        return outcome, reason
    found = train_on_all(
        outcome, engine, should_stop=desk.should_stop,
        progress=desk.stage("Training on all records"), kept=desk.kept,
    )  # fmt: skip
    if found is None:
        return outcome, "stopped"
    desk.say(found.notice)
    return found.outcome, reason


def _refit(
    desk: _Desk, ground: Ground, structures: tuple[Structure, ...], engine: Engine, n_tables: int
) -> list[Refit]:
    progress = desk.stage("Refitting", len(structures) * n_tables)
    tables = tuple(range(n_tables))
    return refit_at(ground, structures, tables, engine, desk.should_stop, progress, desk.kept)


@contextmanager
def open_engine(given: Engine | None, workers: int) -> Iterator[Engine]:
    """The caller's engine, or one of our own that is closed again."""
    if given is not None:
        yield given
        return
    if workers == 1:
        from heliid.engine.serial import SerialEngine

        own: Engine = SerialEngine()
    else:
        from heliid.engine.local import LocalEngine

        own = LocalEngine(workers)
    try:
        yield own
    finally:
        own.close()


def _result(desk: _Desk, ground: Ground, outcome: Outcome, reason: str) -> StudyResult:
    return StudyResult(
        model=outcome.model,
        linear=outcome.linear,
        members=outcome.members,
        candidates=tuple(desk.candidates),
        config=desk.config,
        reason=reason,
        notices=tuple(desk.notices),
        seconds=time.perf_counter() - desk.started,
        cost=outcome.cost,
        linear_cost=outcome.linear_cost,
        member_costs=outcome.member_costs,
        campaign=ground.campaign,
    )


def _last_words(result: StudyResult) -> str:
    """The sentence that ends the job."""
    order = structure_text(result.model.structure)
    if result.model is result.linear:
        return f"Done: the best linear model ({order}) is the result, cost {result.cost:.4f}."
    return (
        f"Done: {order}, cost {result.cost:.4f} on validation against {result.linear_cost:.4f} "
        f"of the best linear model."
    )
