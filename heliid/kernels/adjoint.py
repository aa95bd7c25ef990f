"""Products with the Jacobian and with the exact Hessian of a segment run, without any matrix.

``tangent`` runs the linearised model forwards, ``adjoint`` backwards (the transposed Jacobian), and
``adjoint_tangent`` is the forward derivative of the backward run (Pearlmutter 1994): with the
residuals as seeds it gives the Hessian of half the squared error times a direction. Each costs a
few free runs, whatever the number of weights.

Weights are the *plain* ones that the model runs on (``gradients.plain_linear``). All sums run in
one fixed order in float64: the same bits each time.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from heliid.kernels.narx import tanh_plain


@njit(cache=True, nogil=True, error_model="numpy")
def _forward(u, y, y_sim, k, first, out_taps, in_taps, w_hid, b_hid, phi, z):
    """Fill phi (n_phi,) and z (h,) at sample ``k`` of the segment that begins at ``first``."""
    n_out = out_taps.shape[0]
    for t in range(n_out):
        past, c = k - out_taps[t, 1], out_taps[t, 0]
        phi[t] = y_sim[past, c] if past >= first else y[past, c]
    for t in range(in_taps.shape[0]):
        phi[n_out + t] = u[k - in_taps[t, 1], in_taps[t, 0]]
    for i in range(b_hid.shape[0]):
        row, a = w_hid[i], b_hid[i]
        for t in range(phi.shape[0]):
            a += row[t] * phi[t]
        z[i] = tanh_plain(a)


@njit(cache=True, nogil=True, error_model="numpy")
def _forward_dot(y_dot, k, first, out_taps, phi, z, w_hid, w_hid_dot, b_hid_dot, phi_dot, z_dot):
    """Fill the derivatives of the outputs' part of phi and of z along the direction."""
    n_out = out_taps.shape[0]
    for t in range(n_out):
        past = k - out_taps[t, 1]
        phi_dot[t] = y_dot[past, out_taps[t, 0]] if past >= first else 0.0
    for i in range(z.shape[0]):
        row, row_dot, a = w_hid[i], w_hid_dot[i], b_hid_dot[i]
        for t in range(phi.shape[0]):
            a += row_dot[t] * phi[t]
        for t in range(n_out):
            a += row[t] * phi_dot[t]
        z_dot[i] = (1.0 - z[i] * z[i]) * a


@njit(cache=True, nogil=True, error_model="numpy")
def tangent(
    u, y, segments, out_taps, in_taps, w_hid, b_hid, w_out, linear, step, y_sim,
    w_hid_dot, b_hid_dot, w_out_dot, linear_dot, bias_dot, y_dot,
):  # fmt: skip
    """Fill ``y_dot`` (N, ny) on every segment with the derivative of ``y_sim`` by the direction.

    Arguments as ``narx.run_segments``; ``y_sim`` as it left it; the direction has the shapes of the
    weights and ends in ``_dot``.
    """
    n_y, n_phi = linear.shape
    h, n_out = b_hid.shape[0], out_taps.shape[0]
    phi, phi_dot = np.zeros(n_phi), np.zeros(n_phi)
    z, z_dot = np.zeros(h), np.zeros(h)
    for s in range(segments.shape[0]):
        first = segments[s, 0]
        for k in range(first, first + segments[s, 1]):
            _forward(u, y, y_sim, k, first, out_taps, in_taps, w_hid, b_hid, phi, z)
            _forward_dot(
                y_dot, k, first, out_taps, phi, z, w_hid, w_hid_dot, b_hid_dot, phi_dot, z_dot
            )
            for j in range(n_y):
                value = bias_dot[j]
                for t in range(n_phi):
                    value += linear_dot[j, t] * phi[t]
                for t in range(n_out):
                    value += linear[j, t] * phi_dot[t]
                hidden = 0.0
                for i in range(h):
                    hidden += w_out_dot[j, i] * z[i] + w_out[j, i] * z_dot[i]
                before = y_dot[k - 1, j] if k > first else 0.0
                y_dot[k, j] = before + value + step[j] * hidden


@njit(cache=True, nogil=True, error_model="numpy")
def adjoint(
    u, y, segments, out_taps, in_taps, w_hid, b_hid, w_out, linear, step, y_sim, seed,
    to_w_hid, to_b_hid, to_w_out, to_linear, to_bias,
):  # fmt: skip
    """Add the transposed Jacobian times ``seed`` (N, ny) to the five arrays ``to_...``.

    ``seed`` is changed in place: it holds the adjoint afterwards.
    """
    n_y, n_phi = linear.shape
    h, n_out = b_hid.shape[0], out_taps.shape[0]
    phi, back = np.zeros(n_phi), np.zeros(n_phi)
    z = np.zeros(h)
    for s in range(segments.shape[0]):
        first = segments[s, 0]
        for k in range(first + segments[s, 1] - 1, first - 1, -1):
            _forward(u, y, y_sim, k, first, out_taps, in_taps, w_hid, b_hid, phi, z)
            for t in range(n_out):
                back[t] = 0.0
            for j in range(n_y):
                lam = seed[k, j]
                to_bias[j] += lam
                row, target = linear[j], to_linear[j]
                for t in range(n_phi):
                    target[t] += lam * phi[t]
                for t in range(n_out):
                    back[t] += lam * row[t]
                if k > first:
                    seed[k - 1, j] += lam
            for i in range(h):
                pull = 0.0
                for j in range(n_y):
                    scaled = step[j] * seed[k, j]
                    to_w_out[j, i] += scaled * z[i]
                    pull += scaled * w_out[j, i]
                delta = pull * (1.0 - z[i] * z[i])
                to_b_hid[i] += delta
                row, target = w_hid[i], to_w_hid[i]
                for t in range(n_phi):
                    target[t] += delta * phi[t]
                for t in range(n_out):
                    back[t] += delta * row[t]
            for t in range(n_out):
                past = k - out_taps[t, 1]
                if past >= first:
                    seed[past, out_taps[t, 0]] += back[t]


@njit(cache=True, nogil=True, error_model="numpy")
def adjoint_tangent(
    u, y, segments, out_taps, in_taps, w_hid, b_hid, w_out, linear, step, y_sim, seed,
    w_hid_dot, b_hid_dot, w_out_dot, linear_dot, y_dot, seed_dot,
    to_w_hid, to_b_hid, to_w_out, to_linear, to_bias,
):  # fmt: skip
    """Add the derivative of ``adjoint`` along a direction to the five arrays ``to_...``.

    ``y_dot`` as ``tangent`` left it; ``seed_dot`` (N, ny): the derivative of ``seed``. Both seeds
    are changed in place.
    """
    n_y, n_phi = linear.shape
    h, n_out = b_hid.shape[0], out_taps.shape[0]
    phi, phi_dot = np.zeros(n_phi), np.zeros(n_phi)
    z, z_dot = np.zeros(h), np.zeros(h)
    back, back_dot = np.zeros(n_phi), np.zeros(n_phi)
    for s in range(segments.shape[0]):
        first = segments[s, 0]
        for k in range(first + segments[s, 1] - 1, first - 1, -1):
            _forward(u, y, y_sim, k, first, out_taps, in_taps, w_hid, b_hid, phi, z)
            _forward_dot(
                y_dot, k, first, out_taps, phi, z, w_hid, w_hid_dot, b_hid_dot, phi_dot, z_dot
            )
            for t in range(n_out):
                back[t] = 0.0
                back_dot[t] = 0.0
            for j in range(n_y):
                lam, lam_dot = seed[k, j], seed_dot[k, j]
                to_bias[j] += lam_dot
                for t in range(n_phi):
                    to_linear[j, t] += lam_dot * phi[t] + lam * phi_dot[t]
                for t in range(n_out):
                    back[t] += lam * linear[j, t]
                    back_dot[t] += lam_dot * linear[j, t] + lam * linear_dot[j, t]
                if k > first:
                    seed[k - 1, j] += lam
                    seed_dot[k - 1, j] += lam_dot
            for i in range(h):
                pull, pull_dot = 0.0, 0.0
                for j in range(n_y):
                    scaled, scaled_dot = step[j] * seed[k, j], step[j] * seed_dot[k, j]
                    to_w_out[j, i] += scaled_dot * z[i] + scaled * z_dot[i]
                    pull += scaled * w_out[j, i]
                    pull_dot += scaled_dot * w_out[j, i] + scaled * w_out_dot[j, i]
                slope = 1.0 - z[i] * z[i]
                delta = pull * slope
                delta_dot = pull_dot * slope - 2.0 * pull * z[i] * z_dot[i]
                to_b_hid[i] += delta_dot
                for t in range(n_phi):
                    to_w_hid[i, t] += delta_dot * phi[t] + delta * phi_dot[t]
                for t in range(n_out):
                    back[t] += delta * w_hid[i, t]
                    back_dot[t] += delta_dot * w_hid[i, t] + delta * w_hid_dot[i, t]
            for t in range(n_out):
                past = k - out_taps[t, 1]
                if past >= first:
                    seed[past, out_taps[t, 0]] += back[t]
                    seed_dot[past, out_taps[t, 0]] += back_dot[t]
