"""How flat the loss is around a model's weights.

Two numbers: the largest loss in a small box around the weights (epsilon-sharpness, Keskar,
Mudigere, Nocedal, Smelyanskiy and Tang 2017, metric 2.1) and the ends of the Hessian's spectrum
(Lanczos).
Both belong to the parametrisation: here the centred weights that training moves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from heliid.data.record import FlightRecord
from heliid.errors import RecordError, SettingsError
from heliid.events import ShouldStop, never
from heliid.model.network import NarxModel
from heliid.model.simulate import prepare_for
from heliid.training.curvature import Objective, SegmentObjective
from heliid.training.dataset import make_dataset
from heliid.training.levenberg import Problem
from heliid.training.parameters import Prior
from heliid.training.spectrum import Spectrum, lanczos

EPSILON = 1e-3  # Keskar et al. use 1e-3 and 5e-4
STATED_EPSILON, STATED_WINDOW_S = 1e-4, 2.0  # those of the correlation that ADVICE states
FEWEST_STEPS = 20  # of a window, where the model's step is long
N_EIGEN = 5
LANCZOS_STEPS = 40
ROUNDS = 12  # of climbing from one corner of the box
N_RANDOM = 4  # random corners beside those that the top eigenvectors point to
ADVICE = (
    "Do not choose by it: over 12 fits of one order its rank correlation with the error on unseen "
    "records was +0.78, -0.03 and -0.41 on three data sets (docs/flatness.md)."
)


@dataclass(frozen=True, slots=True)
class Flatness:
    """The loss around one model's weights on given records.

    ``loss``: mean squared free-run error per sample in standard deviations, summed over outputs.
    ``worst``: the largest loss found in the box |dx_i| <= epsilon (|x_i| + 1); inf, and
    ``diverges``, where a run diverges inside it. ``sharpness``: 100 (worst - loss) / (1 + loss).
    ``largest`` (n,): the largest eigenvalues of the loss's Hessian, descending; ``smallest``: the
    least one, negative where the place is a saddle in that direction. ``bound``: how far the
    first of them may be off.
    """

    loss: float
    epsilon: float
    worst: float
    sharpness: float
    diverges: bool
    largest: tuple[float, ...]
    smallest: float
    bound: float
    n_weights: int

    def to_dict(self) -> dict[str, Any]:
        """Plain data; None where a number is infinite."""
        plain = asdict(self)
        plain["largest"] = list(self.largest)
        for key in ("worst", "sharpness"):
            plain[key] = plain[key] if math.isfinite(plain[key]) else None
        return plain


def flatness(
    model: NarxModel,
    records: Sequence[FlightRecord],
    *,
    epsilon: float = EPSILON,
    window_s: float = 0.0,
    n_eigen: int = N_EIGEN,
    should_stop: ShouldStop = never,
) -> Flatness:
    """The ``Flatness`` of a model on records; ``window_s`` restarts the runs (0: never).

    Raises
    ------
    RecordError
        There is no record, or the model's free run diverges on one.
    SettingsError
        ``epsilon`` is not a small positive number.
    """
    if not records:
        raise RecordError("There is no record to take the loss from: add at least one.")
    if not 0.0 < epsilon <= 0.1:
        raise SettingsError(f"The box has epsilon {epsilon:g}: choose above 0, at most 0.1.")
    objective, theta = model_objective(model, records, window_s)
    if not math.isfinite(objective.move_to(theta)):
        raise RecordError(
            "The free run of the model diverges on these records, so there is no loss around its "
            "weights: choose windows restarted from the data, or other records."
        )
    return flatness_of(objective, theta, epsilon=epsilon, n_eigen=n_eigen, should_stop=should_stop)


def stated_flatness(
    model: NarxModel, records: Sequence[FlightRecord], should_stop: ShouldStop = never
) -> Flatness:
    """``flatness`` with the box and the windows for which the stated correlation was measured."""
    window_s = max(STATED_WINDOW_S, FEWEST_STEPS * model.dt)
    return flatness(
        model, records, epsilon=STATED_EPSILON, window_s=window_s, should_stop=should_stop
    )


def describe(found: Flatness) -> tuple[str, ...]:
    """Sharpness and curvature in sentences, the advice last."""
    worst = (
        "a run diverges inside the box"
        if found.diverges
        else f"loss {found.loss:.4g}, at worst {found.worst:.4g} in the box, "
        f"sharpness {found.sharpness:.4g}"
    )
    values = ", ".join(f"{value:.4g}" for value in found.largest)
    return (
        f"Sharpness (epsilon {found.epsilon:g}, {found.n_weights} weights): {worst}.",
        f"Curvature: largest eigenvalues {values}; least {found.smallest:.4g}.",
        ADVICE,
    )


def model_objective(
    model: NarxModel, records: Sequence[FlightRecord], window_s: float = 0.0
) -> tuple[SegmentObjective, np.ndarray]:
    """Half the model's loss on records as an objective, and the flat vector of its weights."""
    prepared = [prepare_for(model, record) for record in records]
    data = make_dataset(prepared, model.scaling, model.structure.memory)
    size = model.structure.n_parameters
    nothing = Prior(np.zeros((size, size)), np.zeros(size), 0.0)
    problem = Problem(model.structure, data, nothing, single=False)
    horizon = max(1, round(window_s / data.dt)) if window_s > 0.0 else 0
    objective = SegmentObjective(problem, data.segments(model.structure.n_start, horizon))
    return objective, problem.layout.join(model.weights, data.increment_std)


def flatness_of(
    objective: Objective,
    theta: np.ndarray,
    *,
    epsilon: float = EPSILON,
    n_eigen: int = N_EIGEN,
    should_stop: ShouldStop = never,
) -> Flatness:
    """The same for any objective, whose cost is half the loss."""
    loss = 2.0 * objective.move_to(theta)
    spectrum = lanczos(objective.hessian, objective.size, steps=LANCZOS_STEPS)
    worst = 2.0 * largest_in_box(
        objective, theta, epsilon * (np.abs(theta) + 1.0), spectrum, should_stop
    )
    top = tuple(float(2.0 * value) for value in spectrum.values[::-1][:n_eigen])
    return Flatness(
        loss=loss,
        epsilon=epsilon,
        worst=worst,
        sharpness=100.0 * (worst - loss) / (1.0 + loss),
        diverges=not math.isfinite(worst),
        largest=top,
        smallest=2.0 * spectrum.smallest,
        bound=2.0 * float(spectrum.bounds[-1]),
        n_weights=objective.size,
    )


def largest_in_box(
    objective: Objective,
    theta: np.ndarray,
    half_widths: np.ndarray,
    spectrum: Spectrum,
    should_stop: ShouldStop = never,
) -> float:
    """The largest cost found in the box |x - theta| <= half_widths, inf where it is infinite.

    From corners that the top eigenvectors point to, and from random ones, each round goes to the
    corner that the gradient points to: where the cost is convex that never goes down, and ends in a
    corner that is highest to first order. A lower bound, as any search for a maximum.
    Deviates: Keskar et al. take ten iterations of L-BFGS-B from the centre, where a trained model
    has no slope to follow.
    """
    rng = np.random.default_rng(0)
    starts = [sense * v for v in spectrum.vectors.T[::-1][:3] for sense in (1.0, -1.0)]
    starts += [rng.standard_normal(theta.size) for _ in range(N_RANDOM)]
    best = objective.move_to(theta)
    for start in starts:
        if should_stop():
            break
        value = _climb(objective, theta, half_widths, np.where(start >= 0.0, 1.0, -1.0))
        if not math.isfinite(value):
            return math.inf
        best = max(best, value)
    return best


def _climb(
    objective: Objective, theta: np.ndarray, half_widths: np.ndarray, corner: np.ndarray
) -> float:
    best = -math.inf
    for _ in range(ROUNDS):
        value = objective.move_to(theta + half_widths * corner)
        if not math.isfinite(value) or value <= best:
            return max(value, best)
        best = value
        other = np.where(objective.gradient() >= 0.0, 1.0, -1.0)
        if np.array_equal(other, corner):
            return best
        corner = other
    return best
