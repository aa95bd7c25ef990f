"""Synchronous mini-batch descent on windows: Adam, and plain gradients with momentum."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from heliid.events import ShouldStop, never
from heliid.training.curvature import SegmentObjective
from heliid.training.levenberg import Descent, Problem
from heliid.training.spectrum import lanczos

EPOCHS_PER_ITERATION = 8  # passes over the data that stand for one Levenberg-Marquardt step
BATCH = 4  # windows, when none is given
ADAM_RATE = 3e-3
MOMENTUM = 0.9
SAFE = 0.5  # of the largest stable step along the steepest direction
POWER_STEPS = 8


def descend_adam(
    problem: Problem,
    theta: np.ndarray,
    segments: np.ndarray,
    *,
    iterations: int,
    mu: float = 1e-2,
    should_stop: ShouldStop = never,
    batch: int = BATCH,
    rate: float = ADAM_RATE,
) -> Descent:
    """Adam (Kingma & Ba 2015) with a cosine-falling rate; ``mu`` is passed through."""
    size = problem.layout.size
    first, second = np.zeros(size), np.zeros(size)

    def move(gradient: np.ndarray, share: float, n: int) -> np.ndarray:
        first[:] = 0.9 * first + 0.1 * gradient
        second[:] = 0.999 * second + 0.001 * gradient * gradient
        up, down = first / (1.0 - 0.9**n), second / (1.0 - 0.999**n)
        return -rate * _cosine(share) * up / (np.sqrt(down) + 1e-8)

    return _epochs(problem, theta, segments, iterations, mu, should_stop, batch, move)


def descend_sgd(
    problem: Problem,
    theta: np.ndarray,
    segments: np.ndarray,
    *,
    iterations: int,
    mu: float = 1e-2,
    should_stop: ShouldStop = never,
    batch: int = BATCH,
    rate: float = 0.0,
) -> Descent:
    """Gradient descent with momentum 0.9.

    ``rate`` 0: half of what is stable along the steepest direction of the Gauss-Newton matrix at
    the start, less momentum's gain.
    """
    if rate <= 0.0:
        whole = SegmentObjective(problem, segments)
        if not math.isfinite(whole.move_to(theta)):
            return Descent(theta, math.inf, mu, 0)
        top = lanczos(whole.gauss_newton, whole.size, steps=POWER_STEPS).largest
        rate = SAFE * (1.0 - MOMENTUM) * 2.0 / max(top, 1e-12)
    velocity = np.zeros(problem.layout.size)

    def move(gradient: np.ndarray, share: float, _: int) -> np.ndarray:
        velocity[:] = MOMENTUM * velocity - rate * _cosine(share) * gradient
        return velocity.copy()

    return _epochs(problem, theta, segments, iterations, mu, should_stop, batch, move)


def _cosine(share: float) -> float:
    return 0.02 + 0.98 * 0.5 * (1.0 + math.cos(math.pi * min(share, 1.0)))


@dataclass
class _Best:
    theta: np.ndarray
    cost: float


def _epochs(
    problem: Problem,
    theta: np.ndarray,
    segments: np.ndarray,
    iterations: int,
    mu: float,
    should_stop: ShouldStop,
    batch: int,
    move: Callable[[np.ndarray, float, int], np.ndarray],
) -> Descent:
    """Passes over all windows in seeded order; the best place after a pass is returned.

    A batch whose runs diverge is left out; when a whole pass ends in divergence, training goes on
    from the best place.
    """
    best = _Best(theta.copy(), problem.cost(theta, segments))
    if not math.isfinite(best.cost):
        return Descent(theta, math.inf, mu, 0)
    n_epochs = EPOCHS_PER_ITERATION * iterations
    batches = max(1, math.ceil(len(segments) / max(1, batch)))
    rng = np.random.default_rng(len(segments))  # the same order for the same job
    place, n, done = theta.copy(), 0, 0
    for epoch in range(n_epochs):
        if should_stop():
            break
        order = rng.permutation(len(segments))
        for chosen in np.array_split(order, batches):
            part = SegmentObjective(problem, segments[np.sort(chosen)])
            if not math.isfinite(part.move_to(place)):
                continue
            n += 1
            place = place + move(part.gradient(), epoch / n_epochs, n)
        done = math.ceil((epoch + 1) / EPOCHS_PER_ITERATION)
        cost = problem.cost(place, segments)
        if cost < best.cost:
            best = _Best(place.copy(), cost)
        elif not math.isfinite(cost):
            place = best.theta.copy()
    return Descent(best.theta, best.cost, mu, done)
