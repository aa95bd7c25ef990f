"""Exact forward sensitivities of the segment run, and the normal equations made from them.

Parameters are one flat vector, in this order: linear (ny, n_phi), bias (ny,), w_out (ny, h),
w_hid (h, n_phi), b_hid (h,). The sensitivity of output j at sample k obeys

    S(k, j) = sum_t G[j, t] S(k - lag_t, channel_t) + direct(k, j)

with G the derivative of the step by its output taps. The inner loops run over parameters and
vectorise as sums of rows; only the last few rows are kept, so the work stays in cache.

Training uses *centred* parameters: the linear part and the bias are those of the whole map at
phi = 0, and a hidden unit adds only what its tanh has beyond the tangent there,

    g = tanh(a) - tanh(b) - tanh'(b) (a - b),   a = w_hid phi + b_hid.

Linear dynamics and curvature are then learnt by different parameters. ``plain_linear`` goes back.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from heliid.kernels.narx import tanh_plain
from heliid.kernels.simd import add_gram_padded, combine_rows

BLOCK = 16  # samples whose sensitivities are held, in cache, before they enter the sums
FLUSH = 256  # samples summed in float32 before they join the float64 sums


@njit(cache=True, nogil=True, error_model="numpy")
def plain_linear(linear, bias, w_out, w_hid, b_hid, step, plain, plain_bias):
    """Fill ``plain`` (ny, n_phi) and ``plain_bias`` (ny,) from the centred ``linear``, ``bias``."""
    for j in range(linear.shape[0]):
        plain_bias[j] = bias[j]
        for t in range(linear.shape[1]):
            plain[j, t] = linear[j, t]
        for i in range(b_hid.shape[0]):
            z0 = tanh_plain(b_hid[i])
            gain = step[j] * w_out[j, i]
            plain_bias[j] -= gain * z0
            f = gain * (1.0 - z0 * z0)
            for t in range(linear.shape[1]):
                plain[j, t] -= f * w_hid[i, t]


@njit(cache=True, nogil=True, error_model="numpy")
def centred_linear(plain, plain_bias, w_out, w_hid, b_hid, step, linear, bias):
    """The inverse of ``plain_linear``: fill ``linear`` (ny, n_phi) and ``bias`` (ny,)."""
    negative = -w_out
    plain_linear(plain, plain_bias, negative, w_hid, b_hid, step, linear, bias)


@njit(cache=True, nogil=True, error_model="numpy")
def _centres(b_hid, is_centred):
    """tanh(b) and its slope (2, h) that the hidden units are measured from; zeros if plain."""
    centre = np.zeros((2, b_hid.shape[0]))
    if is_centred:
        for i in range(b_hid.shape[0]):
            centre[0, i] = tanh_plain(b_hid[i])
            centre[1, i] = 1.0 - centre[0, i] * centre[0, i]
    return centre


@njit(cache=True, nogil=True, error_model="numpy")
def _points(
    u, y, y_sim, first, start, n, out_taps, in_taps, w_hid, b_hid, w_out, linear, step,
    one_lag, centre, phi, gain, out_direct, b_direct,
):  # fmt: skip
    """Everything that ``n`` samples from ``start`` add directly, and the gains of their taps.

    phi (., n_phi); gain (., ny, n_out + h): derivatives of the step by the output taps, and by each
    unit's weights over phi; out_direct, b_direct (., ny, h): by w_out and by b_hid.
    """
    n_out, n_y, h, n_phi = out_taps.shape[0], linear.shape[0], b_hid.shape[0], phi.shape[1]
    by_tap = np.ascontiguousarray(w_hid.T)
    x, a, z, bend = np.empty(n_phi), np.empty(h), np.empty(h), np.empty(h)
    for m in range(n):
        k = start + m
        for t in range(n_out):
            past = k - out_taps[t, 1]
            c = out_taps[t, 0]
            x[t] = y_sim[past, c] if past >= first else y[past, c]
        for t in range(in_taps.shape[0]):
            x[n_out + t] = u[k - in_taps[t, 1], in_taps[t, 0]]
        a[:] = 0.0
        for t in range(n_phi):
            value = x[t]
            phi[m, t] = value
            for i in range(h):
                a[i] += by_tap[t, i] * value
        for i in range(h):
            z[i] = tanh_plain(a[i] + b_hid[i])
        for i in range(h):
            bend[i] = 1.0 - z[i] * z[i] - centre[1, i]
        for j in range(n_y):
            for t in range(n_out):
                gain[m, j, t] = linear[j, t]
            if one_lag[j] >= 0:
                gain[m, j, one_lag[j]] += 1.0
            for i in range(h):
                f = step[j] * w_out[j, i]
                out_direct[m, j, i] = step[j] * (z[i] - centre[0, i] - centre[1, i] * a[i])
                gain[m, j, n_out + i] = f * bend[i]
                b_direct[m, j, i] = f * (bend[i] + 2.0 * centre[0, i] * centre[1, i] * a[i])
                f *= bend[i] + centre[1, i]
                for t in range(n_out):
                    gain[m, j, t] += f * w_hid[i, t]


@njit(cache=True, nogil=True, error_model="numpy")
def _fill_rows(history, reach, n, out_taps, one_lag, phi, gain, out_direct, b_direct, offsets):
    """Fill ``history[reach : reach + n]`` (., ny, P) from the rows before and the direct parts.

    The scratch rows hold, per hidden unit, phi at the place of the unit's weights: with them the
    direct part of all those weights is one more term of the same sum of rows.
    """
    n_y, h = out_direct.shape[1], out_direct.shape[2]
    n_phi, n_out, width = phi.shape[1], out_taps.shape[0], history.shape[2]
    at_out = n_y * (n_phi + 1)
    at_hid = at_out + n_y * h
    at_b = at_hid + h * n_phi
    flat, gains = history.reshape(-1), gain.reshape(-1)
    scratch = (reach + BLOCK) * n_y * width
    for i in range(h):
        offsets[n_out + i] = scratch + (1 + i) * width
    for m in range(n):
        for t in range(n_out):
            offsets[t] = ((reach + m - out_taps[t, 1]) * n_y + out_taps[t, 0]) * width
        for i in range(h):
            at = scratch + (1 + i) * width + at_hid + i * n_phi
            for t in range(n_phi):
                flat[at + t] = phi[m, t]
        base = (reach + m) * n_y * width
        combine_rows(flat, base, offsets, gains, m * n_y * (n_out + h), n_y, width)
        for j in range(n_y):
            row = base + j * width
            if one_lag[j] < 0:  # y(k-1) is in the increment form even when no tap reads it
                for i in range(width):
                    flat[row + i] += flat[row - n_y * width + i]
            for t in range(n_phi):
                flat[row + j * n_phi + t] += phi[m, t]
            flat[row + n_y * n_phi + j] += 1.0
            for i in range(h):
                flat[row + at_out + j * h + i] += out_direct[m, j, i]
                flat[row + at_b + i] += b_direct[m, j, i]


@njit(cache=True, nogil=True, error_model="numpy")
def history_rows(reach, n_y, h):
    """Entries that ``history`` needs: the reach of the taps, a block, one and h scratch rows."""
    return reach + BLOCK + 1 + (h + n_y) // n_y


@njit(cache=True, nogil=True, error_model="numpy")
def first_lags(out_taps, n_y):
    """For each output the tap that reads its own last value, -1 when none does; (ny,)."""
    one_lag = np.full(n_y, -1)
    for t in range(out_taps.shape[0]):
        if out_taps[t, 1] == 1:
            one_lag[out_taps[t, 0]] = t
    return one_lag


@njit(cache=True, nogil=True, error_model="numpy")
def jacobian(
    u, y, segments, out_taps, in_taps, w_hid, b_hid, w_out, linear, step, is_centred, y_sim,
    history, rows,
):  # fmt: skip
    """Fill ``rows`` (sum of lengths, ny, P) with d y_sim / d parameters, float32 or float64.

    ``y_sim`` is what ``run_segments`` left for the same weights; ``linear`` is the plain one in
    both parametrisations. ``history`` (history_rows(...), ny, padded P): zeros of the same dtype.
    """
    n_y, n_phi = linear.shape
    h, n_out = b_hid.shape[0], out_taps.shape[0]
    reach = history.shape[0] - BLOCK - 1 - (h + n_y) // n_y
    phi = np.zeros((BLOCK, n_phi), rows.dtype)
    gain = np.zeros((BLOCK, n_y, n_out + h), rows.dtype)
    out_direct = np.zeros((BLOCK, n_y, h), rows.dtype)
    b_direct = np.zeros((BLOCK, n_y, h), rows.dtype)
    one_lag, centre = first_lags(out_taps, n_y), _centres(b_hid, is_centred)
    offsets = np.zeros(n_out + h, np.int64)
    at = 0
    for s in range(segments.shape[0]):
        first, length = segments[s, 0], segments[s, 1]
        history[:reach] = 0.0
        done = 0
        while done < length:
            n = min(BLOCK, length - done)
            _points(
                u, y, y_sim, first, first + done, n, out_taps, in_taps, w_hid, b_hid, w_out,
                linear, step, one_lag, centre, phi, gain, out_direct, b_direct,
            )  # fmt: skip
            _fill_rows(
                history, reach, n, out_taps, one_lag, phi, gain, out_direct, b_direct,
                offsets,
            )  # fmt: skip
            for m in range(n):
                rows[at] = history[reach + m, :, : rows.shape[2]]
                at += 1
            done += n
            if done < length:
                _keep(history, reach, n)


@njit(cache=True, nogil=True, error_model="numpy")
def _keep(history, reach, n):
    """Move the last ``reach`` rows of ``history``, which end at reach + n, to its front."""
    for m in range(reach):
        for j in range(history.shape[1]):
            target, source = history[m, j], history[m + n, j]
            for i in range(target.shape[0]):
                target[i] = source[i]


@njit(cache=True, nogil=True, error_model="numpy")
def add_normal(
    u, y, segments, out_taps, in_taps, w_hid, b_hid, w_out, linear, step, is_centred, y_sim,
    weight, history, gram, gradient,
):  # fmt: skip
    """Add J'WJ (lower triangle) to ``gram`` (P, P), J'W(y_sim - y) to ``gradient`` (P,).

    As ``jacobian``; weight (ny,): square roots of the output weights. Returns False when a sum is
    not finite: residuals stay bounded where sensitivities need not.
    """
    n_y, n_phi = linear.shape
    h, n_out, width = b_hid.shape[0], out_taps.shape[0], history.shape[2]
    reach = history.shape[0] - BLOCK - 1 - (h + n_y) // n_y
    phi = np.zeros((BLOCK, n_phi), history.dtype)
    gain = np.zeros((BLOCK, n_y, n_out + h), history.dtype)
    out_direct = np.zeros((BLOCK, n_y, h), history.dtype)
    b_direct = np.zeros((BLOCK, n_y, h), history.dtype)
    one_lag, centre = first_lags(out_taps, n_y), _centres(b_hid, is_centred)
    offsets = np.zeros(n_out + h, np.int64)
    partial = np.zeros((width, width), history.dtype)
    partial_gradient = np.zeros(width, history.dtype)
    weighted = np.zeros((BLOCK * n_y, width), history.dtype)
    is_weighted = False
    for j in range(n_y):
        is_weighted = is_weighted or weight[j] != 1.0
    errors = np.zeros(BLOCK * n_y, history.dtype)
    scratch = (reach + BLOCK) * n_y * width
    flat = history.reshape(-1)
    row_offsets = np.arange(BLOCK * n_y) * width + reach * n_y * width
    waiting = 0
    for s in range(segments.shape[0]):
        first, length = segments[s, 0], segments[s, 1]
        history[:reach] = 0.0
        done = 0
        while done < length:
            n = min(BLOCK, length - done)
            _points(
                u, y, y_sim, first, first + done, n, out_taps, in_taps, w_hid, b_hid, w_out,
                linear, step, one_lag, centre, phi, gain, out_direct, b_direct,
            )  # fmt: skip
            _fill_rows(
                history, reach, n, out_taps, one_lag, phi, gain, out_direct, b_direct,
                offsets,
            )  # fmt: skip
            for m in range(n):
                k = first + done + m
                for j in range(n_y):
                    errors[m * n_y + j] = weight[j] * weight[j] * (y_sim[k, j] - y[k, j])
            combine_rows(flat, scratch, row_offsets[: n * n_y], errors, 0, 1, width)
            for c in range(width):
                partial_gradient[c] += flat[scratch + c]
            rows = history[reach : reach + n].reshape(n * n_y, width)
            if is_weighted:
                for r in range(n * n_y):
                    for c in range(width):
                        weighted[r, c] = weight[r % n_y] * rows[r, c]
                add_gram_padded(weighted, n * n_y, partial)
            else:
                add_gram_padded(rows, n * n_y, partial)
            waiting += n
            if waiting >= FLUSH:
                _flush(partial, partial_gradient, gram, gradient)
                waiting = 0
            done += n
            if done < length:
                _keep(history, reach, n)
    _flush(partial, partial_gradient, gram, gradient)
    total = 0.0
    for i in range(gradient.shape[0]):
        total += gram[i, i] + abs(gradient[i])
    return total < np.inf


@njit(cache=True, nogil=True, error_model="numpy")
def _flush(partial, partial_gradient, gram, gradient):
    """Add the partial sums to the full ones and clear them."""
    for i in range(gradient.shape[0]):
        gradient[i] += partial_gradient[i]
        target, source = gram[i], partial[i]
        for c in range(i + 1):
            target[c] += source[c]
    partial[:] = 0.0
    partial_gradient[:] = 0.0
