"""A block-diagonal stand-in for the Gauss-Newton matrix that is cheap for wide networks.

The linear tier's block is exact but for the hidden units' share in the feedback: sensitivities of
a model without hidden units along the present run. A hidden unit's block borrows it, scaled by the
unit's output weights and by how far its slope moves: what the unit adds passes through the same
loop. Cost: (ny (n_phi + 1))^2 + h (n_phi + 1)^2 numbers, against P^2 of the whole matrix.
"""

from __future__ import annotations

import numpy as np

from heliid.kernels.gradients import add_normal, history_rows
from heliid.kernels.normal import factor, fill_upper, solve_factored
from heliid.kernels.simd import padded
from heliid.kernels.tiers import unit_powers
from heliid.training.levenberg import Problem

FLOOR = 1e-9  # of a block's mean diagonal, added to it: no block is singular


class BlockPreconditioner:
    """Blocks at one place; ``problem.y_sim`` must be that of ``theta``.

    ``diagonal`` (P,): the diagonal of the undamped blocks, the scale of the damping.
    """

    def __init__(self, problem: Problem, theta: np.ndarray, segments: np.ndarray) -> None:
        self._layout = problem.layout
        self._blocks = _blocks(problem, theta, segments)
        self.diagonal = np.zeros(self._layout.size)
        for index, block in self._blocks:
            self.diagonal[index] = np.diagonal(block)
        self._factors: list[tuple[np.ndarray, np.ndarray]] = []

    def damp(self, mu: float) -> None:
        """Factor the blocks with ``mu`` times their diagonal added."""
        self._factors = []
        for index, block in self._blocks:
            damped, lower, extra = block.copy(), np.empty_like(block), mu
            places = np.diag_indices_from(damped)
            damped[places] += mu * np.diagonal(block)
            while not factor(damped, lower):
                extra = max(10.0 * extra, 1e-9)
                damped[places] += extra * np.maximum(np.diagonal(block), FLOOR)
            self._factors.append((index, lower))

    def solve(self, x: np.ndarray) -> np.ndarray:
        """The damped blocks' inverse times ``x`` (P,)."""
        result = np.empty_like(x)
        for index, lower in self._factors:
            part = x[index].copy()
            solve_factored(lower, part)
            result[index] = part
        return result


def _blocks(
    problem: Problem, theta: np.ndarray, segments: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Indices into the flat vector and the block there, for all weights."""
    layout, prior = problem.layout, problem.prior.matrix
    n_y, n_phi, h = layout.n_y, layout.n_phi, layout.h
    linear = _linear_gram(problem, theta, segments)
    index = np.arange(n_y * (n_phi + 1))
    blocks = [(index, _floored(linear + prior[np.ix_(index, index)]))]
    if h == 0:
        return blocks
    _, _, w_out, w_hid, b_hid = layout.split(theta)
    data = problem.dataset

    def part(some: np.ndarray) -> np.ndarray:
        powers = np.zeros((2, h))
        unit_powers(
            data.u_all, data.y_all, problem.y_sim, some, problem.out_taps, problem.in_taps,
            np.ascontiguousarray(w_hid), np.ascontiguousarray(b_hid), powers[0], powers[1],
        )  # fmt: skip
        return powers.ravel()

    n, step = float(segments[:, 1].sum()), data.increment_std
    curved, slopes = problem.summed(segments, part).reshape(2, h) / n
    rows = [np.append(np.arange(n_phi) + j * n_phi, layout.bias(j)) for j in range(n_y)]
    own = [linear[np.ix_(row, row)] for row in rows]
    for j in range(n_y):
        at = np.arange(layout.w_out(j).start, layout.w_out(j).stop)
        power = own[j][n_phi, n_phi] * step[j] ** 2 * curved
        blocks.append((at, _floored(np.diag(power) + prior[np.ix_(at, at)])))
    first = layout.hidden.start
    for i in range(h):
        at = np.append(first + i * n_phi + np.arange(n_phi), first + h * n_phi + i)
        gains = (step * w_out[:, i]) ** 2 * slopes[i]
        block = prior[np.ix_(at, at)].copy()
        for j in range(n_y):
            block += gains[j] * own[j]
        blocks.append((at, _floored(block)))
    return blocks


def _floored(block: np.ndarray) -> np.ndarray:
    result = block.copy()
    result[np.diag_indices_from(result)] += FLOOR * float(np.mean(np.diagonal(block))) + 1e-300
    return result


def _linear_gram(problem: Problem, theta: np.ndarray, segments: np.ndarray) -> np.ndarray:
    """J'WJ per sample of the linear tier alone, (ny (n_phi + 1),) * 2, along the present run."""
    layout, data = problem.layout, problem.dataset
    n_y, n_phi = layout.n_y, layout.n_phi
    size = n_y * (n_phi + 1)
    linear = np.ascontiguousarray(layout.split(theta)[0])
    reach = max([1, *problem.out_taps[:, 1].tolist()])
    nothing = np.zeros((0, n_phi)), np.zeros(0), np.zeros((n_y, 0))

    def part(some: np.ndarray) -> np.ndarray:
        history = np.zeros((history_rows(reach, n_y, 0), n_y, padded(size)), problem.history.dtype)
        sums, gradient = np.zeros((size, size)), np.zeros(size)
        ok = add_normal(
            data.u_all, data.y_all, some, problem.out_taps, problem.in_taps, *nothing, linear,
            data.increment_std, True, problem.y_sim, problem.root_weights, 1, history, sums,
            gradient,
        )  # fmt: skip
        return np.append(sums.ravel(), 0.0 if ok else 1.0)

    found = problem.summed(segments, part)
    gram = found[:-1].reshape(size, size).copy()
    if found[-1] > 0.0:  # the linear tier alone is unstable along this run: fall back to a scale
        return np.diag(np.nan_to_num(np.diagonal(gram), nan=1.0, posinf=1e12) + 1.0)
    fill_upper(gram)
    return gram / float(segments[:, 1].sum())
