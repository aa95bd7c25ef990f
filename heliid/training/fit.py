"""Training one structure: start, curriculum of horizons, result."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from heliid.errors import TrainingError
from heliid.events import ShouldStop, never
from heliid.model.network import Weights
from heliid.model.structure import Structure
from heliid.training.arx import ArxFit, GramTable, fit_arx, gram_for
from heliid.training.dataset import Dataset
from heliid.training.levenberg import Descent, Problem, descend
from heliid.training.parameters import KinematicPair, Layout, Prior, make_prior

WHOLE = 0.0  # a horizon of 0 s means whole records
N_CHOSEN = 8  # segments of a stage on whole records when there are too many samples
BIAS_START = 0.7  # near the largest curvature of tanh, 0.66: products of states come first


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How weights are found; the defaults serve rates of 5 to 50 Hz.

    ``output_weights`` (ny,) weigh the squared errors; all 1 when empty.

    Attributes
    ----------
    horizons_s : seconds of free run per segment, stage by stage; 0 is whole records.
    iterations : Levenberg-Marquardt steps at most, stage by stage.
    ridge : strength of the penalty on hidden and output weights, 1 / (prior variance). Per sample
        it is ridge * (mean squared error) / (independent residuals), both as the stage before
        left them: what noise and missing physics leave sets how much curvature the data support.
    ridge_first, ridge_least : the penalty per sample in the first stage; its lower bound.
    ridge_linear : penalty on the linear part in parts of that on the hidden weights.
    kinematics : (attitude output, rate output) index pairs; the attitude integrates the rate.
    kinematic_weight : penalty per sample on leaving the trapezoid rule of such a pair.
    activation_rms : spread of the hidden units' pre-activation at the start.
    window_s : the last stage fits windows of this length beside the whole records, 0: not.
    max_samples : a stage takes an even choice of segments with about so many samples when the
        records hold more; 0 for all of them.
    gram_every : the Gauss-Newton matrix (not the gradient) is taken from every so many samples; a
        power of two, 0 for 2 where an order has many weights (``Problem.every``): a third of the
        time, and over 42 orders neither training nor validation error moved beyond noise. For few
        weights it saves 7 %, and the best of 30 orders on the tanks then costs 3 % more.
    single : sensitivities in float32 (weights, residuals and solution stay float64).
    trainer : a name in ``heliid.training.trainers.TRAINERS``; the default is the best measured.
    risk_weight, risk_alpha : the cost is mean + risk_weight * CVaR at level risk_alpha of the
        segments' squared errors; 0 is the mean alone. See ``heliid.training.risk``.
    """

    horizons_s: tuple[float, ...] = (0.5, 2.0, 6.0, WHOLE)
    iterations: tuple[int, ...] = (6, 6, 8, 12)
    ridge: float = 5.0
    ridge_first: float = 1e-6
    ridge_least: float = 1e-7
    ridge_linear: float = 1e-3
    kinematics: tuple[tuple[int, int], ...] = ()
    kinematic_weight: float = 30.0
    activation_rms: float = 0.8
    window_s: float = 5.0
    max_samples: int = 8000
    gram_every: int = 0
    single: bool = True
    output_weights: tuple[float, ...] = ()
    trainer: str = "lm"
    risk_weight: float = 0.0
    risk_alpha: float = 0.9

    def with_effort(self, effort: float) -> TrainingSettings:
        """The same with ``effort`` times the iterations and, squared, the samples.

        With more the Gauss-Newton matrix is that of all samples, unless ``gram_every`` says else.
        """
        return replace(
            self,
            iterations=tuple(math.ceil(effort * n) for n in self.iterations),
            max_samples=math.ceil(effort * effort * self.max_samples),
            gram_every=max(1, self.gram_every) if effort > 1.0 else self.gram_every,
        )


@dataclass(frozen=True, eq=False)
class Fit:
    """Trained weights. ``cost``: mean squared error per sample, summed over outputs, plus prior.

    ``horizon_s``: the last horizon it was trained on, 0 for whole records. ``diverged``: the free
    run of a whole training record leaves the range of sense.
    """

    weights: Weights
    cost: float
    iterations: int
    diverged: bool
    horizon_s: float = WHOLE


def kinematic_pairs(
    dataset: Dataset, kinematics: tuple[tuple[int, int], ...]
) -> tuple[KinematicPair, ...]:
    """The pairs with their gains in scaled units."""
    return tuple(
        KinematicPair(
            attitude=a,
            rate=q,
            gain=float(dataset.dt * dataset.output_std[q] / dataset.output_std[a]),
            offset=float(dataset.dt * dataset.output_mean[q] / dataset.output_std[a]),
        )
        for a, q in kinematics
    )


@lru_cache(maxsize=8)
def weight_table(table: int) -> np.ndarray:
    """Fixed numbers in (-1, 1) indexed by (unit, channel, lag), (32, 48, 64); channel 0 is free.

    Output j is channel 1 + j, input i is channel 24 + i, so that neighbouring orders start alike.
    """
    values = np.random.default_rng(7_919 + table).random((32, 48, 64)) * 2.0 - 1.0
    values.setflags(write=False)
    return values


def hidden_start(
    structure: Structure, moments: np.ndarray, table: int, rms: float
) -> tuple[np.ndarray, np.ndarray]:
    """Hidden weights (h, n_phi) and biases (h,) whose units see ``rms`` on the training data."""
    values = weight_table(table)
    h, n_phi = structure.n_hidden, structure.n_phi
    w_hid, b_hid = np.zeros((h, n_phi)), np.zeros(h)
    out_taps, in_taps = structure.taps()
    places = [(1 + j, lag) for j, lag in out_taps.tolist()]
    places += [(24 + i, lag) for i, lag in in_taps.tolist()]
    for i in range(h):
        for t, (channel, lag) in enumerate(places):
            w_hid[i, t] = values[i % 32, channel % 48, lag % 64]
        b_hid[i] = BIAS_START if i % 2 == 0 else -BIAS_START
        row = w_hid[i]
        power = float((row * (moments[:n_phi, :n_phi] * row).sum(axis=1)).sum())
        row *= rms / math.sqrt(max(power, 1e-12))
    return w_hid, b_hid


def start(structure: Structure, arx: ArxFit, settings: TrainingSettings, table: int) -> np.ndarray:
    """The flat vector that training starts from: the ARX model and silent hidden units."""
    layout = Layout.of(structure)
    w_hid, b_hid = hidden_start(structure, arx.moments, table, settings.activation_rms)
    w_out = np.zeros((layout.n_y, layout.h))
    parts = (arx.linear, arx.bias, w_out, w_hid, b_hid)
    return np.concatenate([part.ravel() for part in parts])


def make_problem(structure: Structure, dataset: Dataset, settings: TrainingSettings) -> Problem:
    """The least-squares problem of one structure."""
    prior = stage_prior(structure, dataset, settings, settings.ridge_first)
    weights = np.array(settings.output_weights) if settings.output_weights else None
    kind: Callable[..., Problem] = Problem
    if settings.risk_weight > 0.0:
        from heliid.training.risk import risk_problem  # only for those who ask for it

        kind = risk_problem(settings)
    return kind(
        structure, dataset, prior,
        single=settings.single, output_weights=weights, gram_every=settings.gram_every,
    )  # fmt: skip


def trainer_of(problem: Problem, settings: TrainingSettings) -> Callable[..., Descent]:
    """What goes down one stage; other trainers than the default are imported only when asked."""
    if problem.descender is not None:
        return problem.descender
    if settings.trainer == "lm":
        return descend
    from heliid.training.trainers import find_trainer

    return find_trainer(settings.trainer)


def stage_prior(
    structure: Structure, dataset: Dataset, settings: TrainingSettings, ridge: float
) -> Prior:
    """The prior of one stage."""
    return make_prior(
        structure,
        ridge,
        ridge * settings.ridge_linear,
        kinematic_pairs(dataset, settings.kinematics),
        settings.kinematic_weight,
        dataset.increment_std,
    )


@dataclass(frozen=True, eq=False)
class Stage:
    """The state between two horizons."""

    theta: np.ndarray
    cost: float
    mu: float
    iterations: int
    horizon: int  # samples, 0 for whole records
    noise: float = 0.0  # mean squared error over the number of independent residuals


def run_stage(
    problem: Problem,
    settings: TrainingSettings,
    stage: Stage,
    horizon_s: float,
    iterations: int,
    should_stop: ShouldStop = never,
) -> Stage:
    """One horizon of the curriculum.

    Where the start diverges the horizon is halved until it does not, and doubled again from what
    was learnt there.
    """
    data, n_start = problem.dataset, problem.structure.n_start
    ridge = settings.ridge_first
    if stage.iterations > 0 and math.isfinite(stage.cost):
        ridge = max(settings.ridge * stage.noise, settings.ridge_least)
    target = max(2, round(horizon_s / data.dt)) if horizon_s > 0 else 0
    most = settings.max_samples
    if 0 < most < data.n_samples and target == 0:
        target = max(2, most // N_CHOSEN)  # whole records would leave nothing to choose from
    wanted = even_choice(data.segments(n_start, target), most)
    longest = int(wanted[:, 1].max())
    if horizon_s == WHOLE and settings.window_s > 0:
        problem = problem.on(data.doubled())
        windows = data.segments(n_start, max(2, round(settings.window_s / data.dt)))
        windows[:, 0] += data.n_samples
        wanted = np.concatenate([wanted, even_choice(windows, most)])
    problem.prior = stage_prior(problem.structure, data, settings, ridge)
    horizon, reached = longest, stage
    while True:
        shorter = horizon < longest
        segments = even_choice(data.segments(n_start, horizon), most) if shorter else wanted
        found: Descent = trainer_of(problem, settings)(
            problem, reached.theta, segments,
            iterations=iterations, mu=max(reached.mu, 1e-4), should_stop=should_stop,
        )  # fmt: skip
        if math.isfinite(found.cost):
            reached = Stage(
                found.theta,
                found.cost,
                found.mu,
                reached.iterations + found.iterations,
                target if horizon >= longest else horizon,
                residual_noise(problem, found.theta, segments),
            )
            if horizon >= longest or should_stop():
                return reached
            horizon = min(2 * horizon, longest)
        elif reached is not stage or horizon == 1:
            return reached
        else:
            horizon = max(1, horizon // 2)


def even_choice(segments: np.ndarray, most: int) -> np.ndarray:
    """Every n-th of the segments (n, 2), so that about ``most`` samples remain; 0: all."""
    total = int(segments[:, 1].sum())
    if most <= 0 or total <= most:
        return segments
    every = math.ceil(total / most)
    return segments[every // 2 :: every] if len(segments) > every else segments[:1]


def residual_noise(problem: Problem, theta: np.ndarray, segments: np.ndarray) -> float:
    """Mean squared error per sample over the number of independent residuals.

    Independent ones are counted as of a first-order process with the measured correlation of
    neighbours.
    """
    problem.y_sim[:] = problem.dataset.y_all
    problem.run(theta, segments)
    error = problem.dataset.y_all - problem.y_sim  # 0 outside the segments
    power = (error * error).sum(axis=0)
    neighbours = (error[1:] * error[:-1]).sum(axis=0)
    correlation = np.clip(neighbours / np.maximum(power, 1e-300), 0.0, 0.999)
    total = int(segments[:, 1].sum())
    independent = total * float(((1.0 - correlation) / (1.0 + correlation)).sum())
    return float(power.sum()) / total / max(independent, 1.0)


def train(
    structure: Structure,
    dataset: Dataset,
    settings: TrainingSettings = TrainingSettings(),
    table: int = 0,
    should_stop: ShouldStop = never,
    *,
    gram: GramTable | None = None,
    initial: Weights | None = None,
) -> Fit:
    """The trained weights of ``structure`` on ``dataset``.

    ``table`` picks the numbers that the hidden units start from; ``initial`` replaces the ARX
    start. The same arguments give the same bits. Stopped early, it returns the best so far.

    Raises
    ------
    TrainingError
        The records are too short for the lags, or not even one step ahead can be predicted.
    """
    problem = make_problem(structure, dataset, settings)
    stage = first_stage(problem, settings, table, gram, initial)
    for horizon_s, iterations in zip(settings.horizons_s, settings.iterations, strict=True):
        if should_stop():
            break
        stage = run_stage(problem, settings, stage, horizon_s, iterations, should_stop)
    return finish(problem, stage)


def first_stage(
    problem: Problem,
    settings: TrainingSettings,
    table: int,
    gram: GramTable | None = None,
    initial: Weights | None = None,
) -> Stage:
    """The state before the first horizon."""
    structure, dataset = problem.structure, problem.dataset
    if initial is not None:
        return Stage(problem.layout.join(initial, dataset.increment_std), math.inf, 1e-2, 0, 1)
    usable = gram if gram is not None and gram.covers(structure) else gram_for(dataset, structure)
    arx = fit_arx(
        usable,
        structure,
        1e-9,
        kinematic_pairs(dataset, settings.kinematics),
        settings.kinematic_weight,
    )
    return Stage(start(structure, arx, settings, table), math.inf, 1e-2, 0, 1)


def finish(problem: Problem, stage: Stage) -> Fit:
    """The ``Fit`` of a last stage."""
    if not np.all(np.isfinite(stage.theta)):
        raise TrainingError("No finite weights were found for this order: choose a smaller one.")
    whole = problem.dataset.segments(problem.structure.n_start)
    n_diverged, _ = problem.run(stage.theta, whole)
    return Fit(
        weights=problem.layout.weights(stage.theta, problem.dataset.increment_std),
        cost=stage.cost,
        iterations=stage.iterations,
        diverged=n_diverged > 0,
        horizon_s=stage.horizon * problem.dataset.dt,
    )


def refit(
    structure: Structure,
    dataset: Dataset,
    settings: TrainingSettings = TrainingSettings(),
    *,
    tables: tuple[int, ...] = (0, 1, 2, 3, 4),
    effort: float = 2.0,
    should_stop: ShouldStop = never,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Fit, ...]:
    """Full fits of one order from several weight tables, best training cost first.

    ``effort`` multiplies the iteration counts; ``progress`` gets (fits done, fits in all).
    """
    harder = settings.with_effort(effort)
    fits: list[Fit] = []
    for done, table in enumerate(tables):
        if should_stop() and fits:
            break
        fits.append(train(structure, dataset, harder, table, should_stop))
        if progress is not None:
            progress(done + 1, len(tables))
    return tuple(sorted(fits, key=lambda fit: (fit.diverged, fit.cost)))
