"""Gradient and curvature products of a training cost, without its Jacobian or any matrix.

The cost is half that of ``Problem.cost`` (mean squared error per sample plus prior, divided by
two), so that its gradient is what ``Problem.normal`` calls the half gradient and its Gauss-Newton
matrix is the one found there.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from heliid.kernels import adjoint as kernels
from heliid.kernels.narx import tanh_array
from heliid.training.levenberg import Problem
from heliid.training.parameters import Layout


class Objective(Protocol):
    """A smooth cost of a flat vector with products of its second derivatives.

    ``move_to`` settles the place at which gradient and products are taken, (P,); it gives the
    cost there, infinite where the model diverges (no products then).
    """

    size: int

    def move_to(self, theta: np.ndarray) -> float:
        """The cost at ``theta``, from now on the place of everything else."""
        ...

    def cost(self, theta: np.ndarray) -> float:
        """The cost somewhere else."""
        ...

    def gradient(self) -> np.ndarray:
        """Its gradient (P,)."""
        ...

    def hessian(self, direction: np.ndarray) -> np.ndarray:
        """The exact Hessian times ``direction`` (P,)."""
        ...

    def gauss_newton(self, direction: np.ndarray) -> np.ndarray:
        """The Gauss-Newton matrix, never indefinite, times ``direction`` (P,)."""
        ...


class SegmentObjective:
    """The ``Objective`` of a ``Problem`` on chosen segments.

    A gradient costs about two free runs, a Gauss-Newton product three, a Hessian product five.
    """

    def __init__(self, problem: Problem, segments: np.ndarray) -> None:
        self.problem, self.segments = problem, segments
        self.size = problem.layout.size
        self.n_samples = int(segments[:, 1].sum())
        data = problem.dataset
        self._step = np.array(data.increment_std)
        self._error = np.zeros_like(data.y_all)
        self._y_dot = np.zeros_like(data.y_all)
        self._theta = np.zeros(self.size)
        self._gradient: np.ndarray | None = None
        self._plain_gradient: tuple[np.ndarray, ...] = ()
        self._y_sim = data.y_all.copy()

    def cost(self, theta: np.ndarray) -> float:
        """Half of ``Problem.cost``."""
        return 0.5 * self.problem.cost(theta, self.segments)

    def move_to(self, theta: np.ndarray) -> float:
        """The cost at ``theta``; see ``Objective``."""
        value = self.cost(theta)
        self._theta, self._gradient = theta.copy(), None
        if math.isfinite(value):
            self._y_sim = self.problem.y_sim.copy()
            weights = self.problem.output_weights / self.n_samples
            self._error = (self._y_sim - self.problem.dataset.y_all) * weights
        return value

    def gradient(self) -> np.ndarray:
        """The gradient (P,) where ``move_to`` went."""
        if self._gradient is None:
            self._plain_gradient = self._pull_runs(self._error.copy())
            layout = self.problem.layout
            self._gradient = pull_back(layout, self._theta, self._step, self._plain_gradient)
            self._gradient += self.problem.prior.half_gradient(self._theta)
        return self._gradient.copy()

    def plain_gradient(self) -> tuple[np.ndarray, ...]:
        """The gradient by the weights that the model runs on, without the prior.

        In the order linear (ny, n_phi), bias, w_out (ny, h), w_hid (h, n_phi), b_hid (h,).
        """
        self.gradient()
        return self._plain_gradient

    def gauss_newton(self, direction: np.ndarray) -> np.ndarray:
        """J'WJ plus the prior's matrix, times ``direction``."""
        self._push(direction)
        weights = self.problem.output_weights / self.n_samples
        parts = self._pull_runs(self._y_dot * weights)
        product = pull_back(self.problem.layout, self._theta, self._step, parts)
        return product + self._prior(direction)

    def hessian(self, direction: np.ndarray) -> np.ndarray:
        """The Hessian times ``direction``, forwards over the backward run."""
        self.gradient()  # the second derivative of the centring needs it
        dots = self._push(direction)
        weights = self.problem.output_weights / self.n_samples
        seed_dot = self._y_dot * weights
        layout = self.problem.layout
        linear, _, w_out, w_hid, b_hid = layout.plain(self._theta, self._step)
        linear_dot, _, w_out_dot, w_hid_dot, b_hid_dot = dots
        data, seed = self.problem.dataset, self._error.copy()

        def part(segments: np.ndarray) -> np.ndarray:
            parts = _zeros(layout)
            kernels.adjoint_tangent(
                data.u_all, data.y_all, segments, self.problem.out_taps, self.problem.in_taps,
                w_hid, b_hid, w_out, linear, self._step, self._y_sim, seed,
                w_hid_dot, b_hid_dot, w_out_dot, linear_dot, self._y_dot, seed_dot,
                parts[3], parts[4], parts[2], parts[0], parts[1],
            )  # fmt: skip
            return _flat(parts)

        parts = layout.split(self.problem.summed(self.segments, part))
        product = pull_back(layout, self._theta, self._step, parts)
        product += pull_back_dot(layout, self._theta, self._step, self._plain_gradient, direction)
        return product + self._prior(direction)

    def squared_slopes(self) -> np.ndarray:
        """Sum over segments of the squared gradient entries (P,), the empirical Fisher diagonal."""
        total = np.zeros(self.size)
        layout = self.problem.layout
        for row in range(len(self.segments)):
            parts = self._pull_runs(self._error.copy(), self.segments[row : row + 1])
            total += pull_back(layout, self._theta, self._step, parts) ** 2
        return total

    def _prior(self, direction: np.ndarray) -> np.ndarray:
        return (self.problem.prior.matrix * direction).sum(axis=1)

    def _push(self, direction: np.ndarray) -> tuple[np.ndarray, ...]:
        """Fill the derivative of the runs along ``direction``; that of the plain weights."""
        layout, data = self.problem.layout, self.problem.dataset
        linear, _, w_out, w_hid, b_hid = layout.plain(self._theta, self._step)
        dots = push_forward(layout, self._theta, self._step, direction)
        linear_dot, bias_dot, w_out_dot, w_hid_dot, b_hid_dot = dots
        kernels.tangent(
            data.u_all, data.y_all, self.problem.own(self.segments), self.problem.out_taps,
            self.problem.in_taps, w_hid, b_hid, w_out, linear, self._step, self._y_sim,
            w_hid_dot, b_hid_dot, w_out_dot, linear_dot, bias_dot, self._y_dot,
        )  # fmt: skip
        return dots

    def _pull_runs(
        self, seed: np.ndarray, segments: np.ndarray | None = None
    ) -> tuple[np.ndarray, ...]:
        """The transposed Jacobian by plain weights times ``seed`` (N, ny), which is used up."""
        layout, data = self.problem.layout, self.problem.dataset
        linear, _, w_out, w_hid, b_hid = layout.plain(self._theta, self._step)

        def part(some: np.ndarray) -> np.ndarray:
            parts = _zeros(layout)
            kernels.adjoint(
                data.u_all, data.y_all, some, self.problem.out_taps, self.problem.in_taps,
                w_hid, b_hid, w_out, linear, self._step, self._y_sim, seed,
                parts[3], parts[4], parts[2], parts[0], parts[1],
            )  # fmt: skip
            return _flat(parts)

        if segments is not None:
            return layout.split(part(segments))
        return layout.split(self.problem.summed(self.segments, part))


def _flat(parts: tuple[np.ndarray, ...]) -> np.ndarray:
    return np.concatenate([part.ravel() for part in parts])


def _zeros(layout: Layout) -> tuple[np.ndarray, ...]:
    n_y, n_phi, h = layout.n_y, layout.n_phi, layout.h
    shapes: tuple[tuple[int, ...], ...] = ((n_y, n_phi), (n_y,), (n_y, h), (h, n_phi), (h,))
    return tuple(np.zeros(shape) for shape in shapes)


def _bends(b_hid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tanh and its slope at the biases, as the centring takes them."""
    z = np.empty_like(b_hid)
    tanh_array(np.ascontiguousarray(b_hid), z)
    return z, 1.0 - z * z


def push_forward(
    layout: Layout, theta: np.ndarray, step: np.ndarray, direction: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Derivative of the plain weights (linear, bias, w_out, w_hid, b_hid) along a direction."""
    _, _, w_out, w_hid, b_hid = layout.split(theta)
    linear_dot, bias_dot, w_out_dot, w_hid_dot, b_hid_dot = layout.split(direction)
    z, slope = _bends(b_hid)
    slope_dot = -2.0 * z * slope * b_hid_dot
    gain = step[:, None] * w_out
    gain_dot = step[:, None] * w_out_dot
    tangents = _product(gain_dot * slope + gain * slope_dot, w_hid)
    tangents += _product(gain * slope, w_hid_dot)
    offsets = (gain_dot * z + gain * slope * b_hid_dot).sum(axis=1)
    return (
        linear_dot - tangents,
        bias_dot - offsets,
        w_out_dot.copy(),
        w_hid_dot.copy(),
        b_hid_dot.copy(),
    )


def pull_back(
    layout: Layout, theta: np.ndarray, step: np.ndarray, parts: tuple[np.ndarray, ...]
) -> np.ndarray:
    """Gradient by the centred vector from that by plain weights (the transpose of the above)."""
    _, _, w_out, w_hid, b_hid = layout.split(theta)
    to_linear, to_bias, to_w_out, to_w_hid, to_b_hid = parts
    z, slope = _bends(b_hid)
    gain = step[:, None] * w_out
    along = _product(to_linear, w_hid.T)  # (ny, h)
    down_out = step[:, None] * (along * slope + to_bias[:, None] * z)
    down_hid = _product((gain * slope).T, to_linear)
    down_b = (gain * (-2.0 * z * slope * along + to_bias[:, None] * slope)).sum(axis=0)
    return np.concatenate(
        [
            to_linear.ravel(),
            to_bias,
            (to_w_out - down_out).ravel(),
            (to_w_hid - down_hid).ravel(),
            to_b_hid - down_b,
        ]
    )


def pull_back_dot(
    layout: Layout,
    theta: np.ndarray,
    step: np.ndarray,
    parts: tuple[np.ndarray, ...],
    direction: np.ndarray,
) -> np.ndarray:
    """Derivative of ``pull_back`` by ``theta`` along ``direction``, with ``parts`` held."""
    _, _, w_out, w_hid, b_hid = layout.split(theta)
    _, _, w_out_dot, w_hid_dot, b_hid_dot = layout.split(direction)
    to_linear, to_bias = parts[0], parts[1]
    z, slope = _bends(b_hid)
    z_dot = slope * b_hid_dot
    slope_dot = -2.0 * z * z_dot
    gain, gain_dot = step[:, None] * w_out, step[:, None] * w_out_dot
    along, along_dot = _product(to_linear, w_hid.T), _product(to_linear, w_hid_dot.T)
    to_b = to_bias[:, None]
    down_out = step[:, None] * (along_dot * slope + along * slope_dot + to_b * z_dot)
    down_hid = _product((gain_dot * slope + gain * slope_dot).T, to_linear)
    bend = -2.0 * z * slope
    bend_dot = -2.0 * (z_dot * slope + z * slope_dot)
    down_b = (gain_dot * (bend * along + to_b * slope)).sum(axis=0)
    down_b += (gain * (bend_dot * along + bend * along_dot + to_b * slope_dot)).sum(axis=0)
    zeros = np.zeros(layout.n_y * (layout.n_phi + 1))
    return np.concatenate([zeros, -down_out.ravel(), -down_hid.ravel(), -down_b])


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Matrix product in one fixed order of additions, without BLAS."""
    return (a[:, :, None] * b[None, :, :]).sum(axis=1)
