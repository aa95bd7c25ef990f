"""The model rate, judged on validation where the outputs' spectra alone propose a high one.

Vibration and noise that happen to be coherent with a control look like fast dynamics. A rate that
is too high costs more than time: the same lags then cover less of the past.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from heliid.errors import HeliIDError
from heliid.linear import best_linear, linear_orders
from heliid.model.structure import Structure

if TYPE_CHECKING:
    from heliid.study.ground import Ground

HIGH_RATE = 20.0  # Hz; a proposal below it is taken as it is
LOW_RATE = 10.0  # Hz; no slower rate is tried
WORTH = 0.9  # of the cost: what a rate must reach to be taken before a lower one
INPUT_TAPS = (2, 4, 8)


def judged_rate(propose: Callable[[float], Ground], first: Ground) -> tuple[Ground, str]:
    """The ground at the proposed rate, its half, its quarter, ..., and why that one.

    ``propose`` makes the ground at a rate in Hz. At each rate the best of a few linear models is
    found and scored over the same windows in seconds; a higher rate must be clearly better.
    """
    if 1.0 / first.dt < HIGH_RATE:
        return first, ""
    best, lowest, tried = first, _linear_cost(first), [f"{1.0 / first.dt:.4g}"]
    factor = 2
    while 1.0 / (factor * first.dt) >= LOW_RATE:
        ground = propose(1.0 / (factor * first.dt))
        cost = _linear_cost(ground)
        tried.append(f"{1.0 / ground.dt:.4g}")
        if WORTH * cost < lowest:
            best = ground
        lowest = min(lowest, cost)
        factor *= 2
    return best, (
        f"The model rate is {1.0 / best.dt:.4g} Hz: of {', '.join(tried)} Hz it is the "
        f"lowest at which a linear model still follows the validation records well."
    )


def _linear_cost(ground: Ground) -> float:
    """The cost of the best of a few linear models on validation, infinite when there is none."""
    integrals = [attitude for attitude, _ in ground.settings.training.kinematics]
    orders = linear_orders(
        len(ground.inputs), len(ground.outputs), na_max=3, nk_max=1, integrals=integrals
    )
    try:
        _, _, cost = best_linear(
            ground.train, ground.validate, ground.settings,
            orders=[one for one in orders if _is_usual(one)], n_trained=2,
        )  # fmt: skip
    except HeliIDError:
        return float("inf")
    return cost


def _is_usual(order: Structure) -> bool:
    return len(order.input_lags[0]) in INPUT_TAPS
