"""Levenberg-Marquardt on segments: exact sensitivities, divergence as infinite cost."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from heliid.events import ShouldStop, never
from heliid.kernels.gradients import add_normal, history_rows
from heliid.kernels.narx import run_segments, squared_errors
from heliid.kernels.normal import per_sample, solve_damped, work_matrix
from heliid.kernels.simd import padded
from heliid.model.network import DIVERGED_AT
from heliid.model.structure import Structure
from heliid.training.dataset import Dataset
from heliid.training.parameters import Layout, Prior

MU_ACCEPT, MU_REJECT = 0.2, 4.0
MU_MIN, MU_MAX = 1e-9, 1e8
CAUTIOUS_MU = (1e-16, 1e20)  # against the largest scale a weight ever had
ENOUGH = 5  # residuals per weight, below which no sample is left out of the Gauss-Newton matrix
MANY = 100  # weights from which the Gauss-Newton matrix is what a fit takes its time for
CHUNK = 20_000  # samples per kernel call, so that Stop is heard


class Problem:
    """One structure on one data set with its prior: cost and normal equations of a flat vector.

    Holds the work space, so one Problem serves one thread.
    """

    def __init__(
        self,
        structure: Structure,
        dataset: Dataset,
        prior: Prior,
        *,
        single: bool = True,
        output_weights: np.ndarray | None = None,
        gram_every: int = 1,
    ) -> None:
        self.structure = structure
        self.dataset = dataset
        self.prior = prior
        self.descender: Callable[..., Descent] | None = None  # what goes down, when not the default
        self.how: dict[str, Any] = {
            "single": single, "output_weights": output_weights, "gram_every": gram_every,
        }  # fmt: skip
        self.layout = Layout.of(structure)
        self.out_taps, self.in_taps = structure.taps()
        n_y, size = dataset.n_outputs, self.layout.size
        weights = np.ones(n_y) if output_weights is None else output_weights
        self.output_weights = weights
        self.root_weights = np.sqrt(weights)
        self.gram_every = gram_every
        reach = max([1, *self.out_taps[:, 1].tolist()])
        self.y_sim = dataset.y_all.copy()
        dtype = np.float32 if single else np.float64
        self.history = np.zeros((history_rows(reach, n_y, self.layout.h), n_y, padded(size)), dtype)
        self.lower = work_matrix(size)

    def on(self, dataset: Dataset) -> Problem:
        """The same kind of problem on other records."""
        other = type(self)(self.structure, dataset, self.prior, **self.how)
        other.descender = self.descender
        return other

    def own(self, segments: np.ndarray) -> np.ndarray:
        """The segments that this process simulates: all of them."""
        return segments

    def summed(self, segments: np.ndarray, part: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """The sum of a flat vector over all segments; ``part`` gives that of some of them."""
        return part(segments)

    def run(self, theta: np.ndarray, segments: np.ndarray) -> tuple[int, np.ndarray]:
        """Simulate all segments into ``y_sim``; the number diverged, samples survived in each."""
        data = self.dataset
        linear, bias, w_out, w_hid, b_hid = self.layout.plain(theta, data.increment_std)
        alive = np.zeros(len(segments), np.int64)
        n_diverged = run_segments(
            data.u_all, data.y_all, segments, self.out_taps, self.in_taps, w_hid, b_hid, w_out,
            linear, bias, data.increment_std, DIVERGED_AT, self.y_sim, alive,
        )  # fmt: skip
        return int(n_diverged), alive

    def cost(self, theta: np.ndarray, segments: np.ndarray) -> float:
        """Mean weighted squared error per sample plus the prior; inf when a segment diverges."""
        if not math.isfinite(float(np.abs(theta).sum())) or self.run(theta, segments)[0] > 0:
            return math.inf
        sums = np.zeros(self.dataset.n_outputs)
        n = squared_errors(self.dataset.y_all, self.y_sim, segments, sums)
        value = float((sums * self.output_weights).sum()) / n + self.prior.cost(theta)
        return value if math.isfinite(value) else math.inf

    def every(self, n_samples: int) -> int:
        """The Gauss-Newton matrix of ``n_samples`` is made of each n-th of them, this n.

        ``gram_every``; if that is 0, 2 where there are many weights, 1 where there are few. Always
        1 where residuals would be scarce.
        """
        size = self.layout.size
        wanted = self.gram_every or (2 if size >= MANY else 1)
        return wanted if n_samples * self.dataset.n_outputs >= ENOUGH * wanted * size else 1

    def normal(
        self, theta: np.ndarray, segments: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """Gauss-Newton matrix (lower triangle) and half gradient of ``cost``; None if not finite.

        The matrix is that of every n-th sample (see ``every``); the gradient is exact.

        ``y_sim`` must be that of ``theta``, as ``cost`` leaves it.
        """
        data, size = self.dataset, self.layout.size
        linear, _, w_out, w_hid, b_hid = self.layout.plain(theta, data.increment_std)
        gram, gradient = np.zeros((size, size)), np.zeros(size)
        done, n_samples = 0, int(segments[:, 1].sum())
        every = self.every(n_samples)
        while done < len(segments):
            samples = np.cumsum(segments[done:, 1])
            n = max(1, int(np.searchsorted(samples, CHUNK, side="right")))
            ok = add_normal(
                data.u_all, data.y_all, segments[done : done + n], self.out_taps, self.in_taps,
                w_hid, b_hid, w_out, linear, data.increment_std, True, self.y_sim,
                self.root_weights, every, self.history, gram, gradient,
            )  # fmt: skip
            if not ok:
                return None
            done += n
        slope = self.prior.half_gradient(theta)
        per_sample(gram, gradient, n_samples, self.prior.matrix, slope)
        return gram, gradient


@dataclass(frozen=True, eq=False)
class Descent:
    """Where a run of Levenberg-Marquardt ended."""

    theta: np.ndarray
    cost: float
    mu: float
    iterations: int


@dataclass(frozen=True, eq=False)
class Progress:
    """Where Levenberg-Marquardt stands before an iteration: all it needs to go on, bit for bit."""

    theta: np.ndarray
    cost: float
    mu: float
    done: int
    slow: int  # steps in a row that gained next to nothing


def descend(
    problem: Problem,
    theta: np.ndarray,
    segments: np.ndarray,
    *,
    iterations: int,
    mu: float = 1e-2,
    tolerance: float = 1e-5,
    rejections: int = 8,
    is_cautious: bool = False,
    should_stop: ShouldStop = never,
    begin: Progress | None = None,
    watch: Callable[[Progress], None] | None = None,
) -> Descent:
    """At most ``iterations`` steps from ``theta``; ``cost`` is inf when the start diverges.

    A step is accepted when the cost falls (mu / 5), else damped more (mu * 4). Ends early when
    two steps in a row gain less than ``tolerance`` of the cost, or none of ``rejections`` damped
    steps is accepted. ``is_cautious`` is for starts far from any solution: see ``_Bounds``.
    ``watch`` hears where it stands before each iteration; ``begin``: such a place to go on from.
    """
    slow, done = 0, 0
    if begin is not None:
        theta, mu, done, slow = begin.theta, begin.mu, begin.done, begin.slow
    cost = problem.cost(theta, segments)
    size = problem.layout.size
    step = np.empty(size)
    bounds = _Bounds(size) if is_cautious else None
    mu_min, mu_max = CAUTIOUS_MU if is_cautious else (MU_MIN, MU_MAX)
    while done < iterations and math.isfinite(cost) and not should_stop():
        if watch is not None:
            watch(Progress(theta, cost, mu, done, slow))
        system = problem.normal(theta, segments)
        done += 1
        if system is None:
            break
        gram, gradient = system
        if bounds is not None:
            bounds.look(gram)
        accepted = False
        for _ in range(rejections):
            if bounds is None:
                is_solved = solve_damped(gram, gradient, mu, problem.lower, step)
            else:
                is_solved = bounds.solve(gram, gradient, mu, problem.lower, step, theta)
            if is_solved:
                trial = theta + step
                value = problem.cost(trial, segments)
                if value < cost:
                    accepted = True
                    break
            mu = min(mu * MU_REJECT, mu_max)
        if not accepted:
            break
        slow = slow + 1 if cost - value < tolerance * cost else 0
        theta, cost = trial, value
        mu = max(mu * MU_ACCEPT, mu_min)
        if slow >= 2:
            break
    return Descent(theta, cost, mu, done)


class _Bounds:
    """Damping by the largest scale a weight has had so far, and steps no longer than the weights.

    Moré (1978): a weight whose column fades must not run away, and the first steps must not
    leave for a plateau from which there is no way back.
    """

    def __init__(self, size: int) -> None:
        self.scale = np.zeros(size)

    def look(self, gram: np.ndarray) -> None:
        """Remember the scales of a new place."""
        self.scale = np.maximum(self.scale, np.diagonal(gram))

    def solve(
        self,
        gram: np.ndarray,
        gradient: np.ndarray,
        mu: float,
        lower: np.ndarray,
        step: np.ndarray,
        theta: np.ndarray,
    ) -> bool:
        """Fill ``step``; False when that is impossible or it reaches too far."""
        damped = gram.copy()
        damped[np.diag_indices_from(damped)] += mu * self.scale
        if not solve_damped(damped, gradient, 0.0, lower, step):
            return False
        reach = float((self.scale * theta * theta).sum())
        return not 0.0 < reach < float((self.scale * step * step).sum())
