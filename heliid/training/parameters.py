"""Weights as one flat vector and back, and the quadratic prior on that vector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heliid.kernels.gradients import centred_linear, plain_linear
from heliid.kernels.normal import add_product
from heliid.model.network import Weights
from heliid.model.structure import Structure


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each weight sits in the flat vector: linear, bias, w_out, w_hid, b_hid."""

    n_y: int
    n_phi: int
    h: int

    @classmethod
    def of(cls, structure: Structure) -> Layout:
        """The layout of a structure's weights."""
        return cls(structure.n_outputs, structure.n_phi, structure.n_hidden)

    @property
    def size(self) -> int:
        """Length of the flat vector, ``Structure.n_parameters``."""
        return self.n_y * (self.n_phi + 1 + self.h) + self.h * (self.n_phi + 1)

    def linear(self, j: int) -> slice:
        """The linear row of output j."""
        return slice(j * self.n_phi, (j + 1) * self.n_phi)

    def bias(self, j: int) -> int:
        """The bias of output j."""
        return self.n_y * self.n_phi + j

    def w_out(self, j: int) -> slice:
        """The output weights of output j."""
        at = self.n_y * (self.n_phi + 1) + j * self.h
        return slice(at, at + self.h)

    @property
    def hidden(self) -> slice:
        """All weights and biases of the hidden units."""
        return slice(self.n_y * (self.n_phi + 1 + self.h), self.size)

    def split(self, theta: np.ndarray) -> tuple[np.ndarray, ...]:
        """Views: linear (ny, n_phi), bias, w_out (ny, h), w_hid (h, n_phi), b_hid (h,)."""
        n_y, n_phi, h = self.n_y, self.n_phi, self.h
        at_bias, at_out = n_y * n_phi, n_y * (n_phi + 1)
        at_hid, at_b = at_out + n_y * h, at_out + (n_y + n_phi) * h
        return (
            theta[:at_bias].reshape(n_y, n_phi),
            theta[at_bias:at_out],
            theta[at_out:at_hid].reshape(n_y, h),
            theta[at_hid:at_b].reshape(h, n_phi),
            theta[at_b:],
        )

    def join(self, weights: Weights, step: np.ndarray) -> np.ndarray:
        """The centred flat vector of ``weights``; a copy. step: ``Scaling.increment_std``."""
        linear, bias = np.empty((self.n_y, self.n_phi)), np.empty(self.n_y)
        hidden = (weights.w_out, weights.w_hid, weights.b_hid)
        centred_linear(weights.linear, weights.bias, *hidden, step, linear, bias)
        return np.concatenate([part.ravel() for part in (linear, bias, *hidden)])

    def plain(self, theta: np.ndarray, step: np.ndarray) -> tuple[np.ndarray, ...]:
        """linear, bias, w_out, w_hid, b_hid as the model runs on, from a centred flat vector."""
        linear, bias, w_out, w_hid, b_hid = self.split(theta)
        plain, plain_bias = np.empty((self.n_y, self.n_phi)), np.empty(self.n_y)
        plain_linear(linear, bias, w_out, w_hid, b_hid, step, plain, plain_bias)
        return plain, plain_bias, w_out, w_hid, b_hid

    def weights(self, theta: np.ndarray, step: np.ndarray) -> Weights:
        """The frozen ``Weights`` of a centred flat vector."""
        linear, bias, w_out, w_hid, b_hid = self.plain(theta, step)
        return Weights(w_hid=w_hid, b_hid=b_hid, w_out=w_out, linear=linear, bias=bias)


@dataclass(frozen=True, eq=False)
class Prior:
    """A quadratic penalty per sample, x'Rx - 2 d'x + c with x the flat vector."""

    matrix: np.ndarray  # R (P, P)
    vector: np.ndarray  # d (P,)
    constant: float

    def cost(self, theta: np.ndarray) -> float:
        """The penalty per sample."""
        return float(_dot(theta, self.half_gradient(theta) - self.vector) + self.constant)

    def half_gradient(self, theta: np.ndarray) -> np.ndarray:
        """Half its derivative, R x - d."""
        out = -self.vector
        add_product(self.matrix, theta, out)
        return out


def _dot(a: np.ndarray, b: np.ndarray) -> float:
    return float((a * b).sum())  # not a BLAS dot: its bits depend on the processor


@dataclass(frozen=True, slots=True)
class KinematicPair:
    """An attitude output that integrates a rate output: theta(k) = theta(k-1) + gain * q."""

    attitude: int
    rate: int
    gain: float  # dt * std(rate) / std(attitude): one step in scaled units
    offset: float  # dt * mean(rate) / std(attitude)


def make_prior(
    structure: Structure,
    ridge: float,
    ridge_linear: float,
    pairs: tuple[KinematicPair, ...],
    kinematic_weight: float,
    step: np.ndarray,
) -> Prior:
    """Ridge on all weights but the biases, and the trapezoid rule for each kinematic pair.

    The trapezoid theta(k) = theta(k-1) + gain (q(k) + q(k-1)) / 2 with q(k) the model's own
    prediction is linear in the weights: row(theta) = gain/2 row(q) + gain e(q, lag 1), for the
    linear part, the bias and (in units of ``step``) the output weights alike.
    """
    layout = Layout.of(structure)
    size = layout.size
    diagonal = np.full(size, ridge)
    diagonal[: layout.n_y * layout.n_phi] = ridge_linear
    diagonal[layout.n_y * layout.n_phi : layout.n_y * (layout.n_phi + 1)] = 1e-9
    diagonal[size - layout.h :] = ridge
    matrix, vector, constant = np.zeros((size, size)), np.zeros(size), 0.0
    taps = [tuple(tap) for tap in structure.taps()[0].tolist()]
    for pair in pairs:
        if (pair.rate, 1) not in taps:
            continue
        at_one = taps.index((pair.rate, 1))
        half = 0.5 * pair.gain
        rows = []  # (attitude index, its factor, rate index, its factor, target)
        a, q = layout.linear(pair.attitude).start, layout.linear(pair.rate).start
        for t in range(layout.n_phi):
            rows.append((a + t, 1.0, q + t, half, pair.gain if t == at_one else 0.0))
            diagonal[a + t] = 0.0
        rows.append((layout.bias(pair.attitude), 1.0, layout.bias(pair.rate), half, pair.offset))
        a, q = layout.w_out(pair.attitude).start, layout.w_out(pair.rate).start
        ups, downs = step[pair.attitude], half * step[pair.rate]
        rows += [(a + i, ups, q + i, downs, 0.0) for i in range(layout.h)]
        w = kinematic_weight
        for i, fi, k, fk, target in rows:
            matrix[i, i] += w * fi * fi
            matrix[k, k] += w * fk * fk
            matrix[i, k] -= w * fi * fk
            matrix[k, i] -= w * fi * fk
            vector[i] += w * fi * target
            vector[k] -= w * fk * target
            constant += w * target * target
    matrix[np.arange(size), np.arange(size)] += diagonal
    return Prior(matrix, vector, constant)
