"""Exact forward sensitivities of the segment run, and the normal equations made from them.

Parameters are one flat vector, in this order: linear (ny, n_phi), bias (ny,), w_out (ny, h),
w_hid (h, n_phi), b_hid (h,). The sensitivity of output j at sample k obeys

    S(k, j) = sum_t G[j, t] S(k - lag_t, channel_t) + direct(k, j)

with G the derivative of the step by its output taps. The inner loops run over parameters and
vectorise as sums of rows; only the last few rows are kept, so the work stays in cache. A block of
samples may span several segments: what lies before a segment's first sample counts as zero.

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
def _next_block(segments, s, done, ks, firsts):
    """Fill sample indices and first samples of their segments (BLOCK,); where it ended, how many.

    The last sample is repeated to fill the block.
    """
    n = 0
    while s < segments.shape[0] and n < BLOCK:
        if done == segments[s, 1]:
            s += 1
            done = 0
            continue
        ks[n] = segments[s, 0] + done
        firsts[n] = segments[s, 0]
        n += 1
        done += 1
    for m in range(n, BLOCK):
        ks[m] = ks[max(n - 1, 0)]
        firsts[m] = firsts[max(n - 1, 0)]
    return s, done, n


@njit(cache=True, nogil=True, error_model="numpy")
def _points(  # noqa: C901
    u, y, y_sim, ks, firsts, out_taps, in_taps, w_hid, b_hid, w_out, linear, step,
    one_lag, centre, work, phi, gain, out_direct, b_direct,
):  # fmt: skip
    """Everything that the samples of a block add directly, and the gains of their taps.

    phi (BLOCK, n_phi); gain (ny, n_out + h, BLOCK): derivatives of the step by the output taps, and
    by each unit's weights over phi; out_direct, b_direct (ny, h, BLOCK): by w_out and by b_hid.
    work (n_phi + 4, BLOCK) float64. Samples are innermost, so that all loops vectorise.
    """
    n_out, n_y, h, n_phi = out_taps.shape[0], linear.shape[0], b_hid.shape[0], phi.shape[1]
    for t in range(n_out):
        lag, c = out_taps[t, 1], out_taps[t, 0]
        for m in range(BLOCK):
            past = ks[m] - lag
            work[t, m] = y_sim[past, c] if past >= firsts[m] else y[past, c]
    for t in range(in_taps.shape[0]):
        lag, c = in_taps[t, 1], in_taps[t, 0]
        for m in range(BLOCK):
            work[n_out + t, m] = u[ks[m] - lag, c]
    for m in range(BLOCK):
        for t in range(n_phi):
            phi[m, t] = work[t, m]
    for j in range(n_y):
        for t in range(n_out):
            value = linear[j, t]
            if t == one_lag[j]:
                value += 1.0
            target = gain[j, t]
            for m in range(BLOCK):
                target[m] = value
    a, z, bend, f = work[n_phi], work[n_phi + 1], work[n_phi + 2], work[n_phi + 3]
    for i in range(h):
        bias, c0, c1 = b_hid[i], centre[0, i], centre[1, i]
        for m in range(BLOCK):
            a[m] = 0.0
        for t in range(n_phi):
            value = w_hid[i, t]
            source = work[t]
            for m in range(BLOCK):
                a[m] += value * source[m]
        for m in range(BLOCK):
            z[m] = tanh_plain(a[m] + bias)
        for m in range(BLOCK):
            bend[m] = 1.0 - z[m] * z[m] - c1
        for j in range(n_y):
            scale = step[j]
            factor = scale * w_out[j, i]
            o, g, b = out_direct[j, i], gain[j, n_out + i], b_direct[j, i]
            for m in range(BLOCK):
                o[m] = scale * (z[m] - c0 - c1 * a[m])
                g[m] = factor * bend[m]
                b[m] = factor * (bend[m] + 2.0 * c0 * c1 * a[m])
                f[m] = factor * (bend[m] + c1)
            for t in range(n_out):
                value = w_hid[i, t]
                target = gain[j, t]
                for m in range(BLOCK):
                    target[m] += f[m] * value


@njit(cache=True, nogil=True, error_model="numpy")
def _fill_rows(
    history, reach, n, ks, firsts, out_taps, one_lag, phi, gain, out_direct, b_direct, offsets
):
    """Fill ``history[reach : reach + n]`` (., ny, P) from the rows before and the direct parts.

    The scratch rows hold, per hidden unit, phi at the place of the unit's weights: with them the
    direct part of all those weights is one more term of the same sum of rows. The last is zero.
    """
    n_y, h = out_direct.shape[0], out_direct.shape[1]
    n_phi, n_out, width = phi.shape[1], out_taps.shape[0], history.shape[2]
    at_out = n_y * (n_phi + 1)
    at_hid = at_out + n_y * h
    at_b = at_hid + h * n_phi
    flat, gains = history.reshape(-1), gain.reshape(-1)
    scratch = (reach + BLOCK) * n_y * width
    nothing = scratch + (1 + h) * width
    for i in range(h):
        offsets[n_out + i] = scratch + (1 + i) * width
    for m in range(n):
        age = ks[m] - firsts[m]
        for t in range(n_out):
            lag = out_taps[t, 1]
            offsets[t] = nothing
            if lag <= age:
                offsets[t] = ((reach + m - lag) * n_y + out_taps[t, 0]) * width
        for i in range(h):
            at = scratch + (1 + i) * width + at_hid + i * n_phi
            for t in range(n_phi):
                flat[at + t] = phi[m, t]
        base = (reach + m) * n_y * width
        combine_rows(flat, base, offsets, gains, m, BLOCK, n_y, width)
        for j in range(n_y):
            row = base + j * width
            if one_lag[j] < 0 and age > 0:  # y(k-1) is in the increment form even without a tap
                for i in range(width):
                    flat[row + i] += flat[row - n_y * width + i]
            for t in range(n_phi):
                flat[row + j * n_phi + t] += phi[m, t]
            flat[row + n_y * n_phi + j] += 1.0
            for i in range(h):
                flat[row + at_out + j * h + i] += out_direct[j, i, m]
                flat[row + at_b + i] += b_direct[j, i, m]


@njit(cache=True, nogil=True, error_model="numpy")
def _scratch_rows(n_y, h):
    """Samples' worth of rows behind the block: the gradient's, h of phi, and the zero row."""
    return (h + 1 + n_y) // n_y + 1


@njit(cache=True, nogil=True, error_model="numpy")
def history_rows(reach, n_y, h):
    """Entries that ``history`` needs: the reach of the taps, a block, scratch rows."""
    return reach + BLOCK + _scratch_rows(n_y, h)


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
    reach = history.shape[0] - BLOCK - _scratch_rows(n_y, h)
    work = np.zeros((n_phi + 4, BLOCK))
    phi = np.zeros((BLOCK, n_phi), rows.dtype)
    gain = np.zeros((n_y, n_out + h, BLOCK), rows.dtype)
    out_direct = np.zeros((n_y, h, BLOCK), rows.dtype)
    b_direct = np.zeros((n_y, h, BLOCK), rows.dtype)
    one_lag, centre = first_lags(out_taps, n_y), _centres(b_hid, is_centred)
    offsets = np.zeros(n_out + h, np.int64)
    ks, firsts = np.zeros(BLOCK, np.int64), np.zeros(BLOCK, np.int64)
    at, s, done = 0, 0, 0
    while True:
        s, done, n = _next_block(segments, s, done, ks, firsts)
        if n == 0:
            break
        _points(
            u, y, y_sim, ks, firsts, out_taps, in_taps, w_hid, b_hid, w_out, linear, step,
            one_lag, centre, work, phi, gain, out_direct, b_direct,
        )  # fmt: skip
        _fill_rows(
            history, reach, n, ks, firsts, out_taps, one_lag, phi, gain, out_direct, b_direct,
            offsets,
        )  # fmt: skip
        for m in range(n):
            rows[at] = history[reach + m, :, : rows.shape[2]]
            at += 1
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
    weight, every, history, gram, gradient,
):  # fmt: skip
    """Add J'WJ (lower triangle) to ``gram`` (P, P), J'W(y_sim - y) to ``gradient`` (P,).

    As ``jacobian``; weight (ny,): square roots of the output weights. The gradient is exact;
    ``gram`` is ``every`` times the sum over each ``every``-th sample (a divisor of BLOCK), which
    is much the same where sensitivities are smooth. Returns False when a sum is not finite:
    residuals stay bounded where sensitivities need not.
    """
    n_y, n_phi = linear.shape
    h, n_out, width = b_hid.shape[0], out_taps.shape[0], history.shape[2]
    reach = history.shape[0] - BLOCK - _scratch_rows(n_y, h)
    work = np.zeros((n_phi + 4, BLOCK))
    phi = np.zeros((BLOCK, n_phi), history.dtype)
    gain = np.zeros((n_y, n_out + h, BLOCK), history.dtype)
    out_direct = np.zeros((n_y, h, BLOCK), history.dtype)
    b_direct = np.zeros((n_y, h, BLOCK), history.dtype)
    one_lag, centre = first_lags(out_taps, n_y), _centres(b_hid, is_centred)
    offsets = np.zeros(n_out + h, np.int64)
    ks, firsts = np.zeros(BLOCK, np.int64), np.zeros(BLOCK, np.int64)
    partial = np.zeros((width, width), history.dtype)
    partial_gradient = np.zeros(width, history.dtype)
    chosen = np.zeros((BLOCK * n_y, width), history.dtype)
    factors = weight * np.sqrt(every)
    is_plain = True
    for j in range(n_y):
        is_plain = is_plain and factors[j] == 1.0
    errors = np.zeros(BLOCK * n_y, history.dtype)
    scratch = (reach + BLOCK) * n_y * width
    flat = history.reshape(-1)
    row_offsets = np.arange(BLOCK * n_y) * width + reach * n_y * width
    waiting, s, done = 0, 0, 0
    while True:
        s, done, n = _next_block(segments, s, done, ks, firsts)
        if n == 0:
            break
        _points(
            u, y, y_sim, ks, firsts, out_taps, in_taps, w_hid, b_hid, w_out, linear, step,
            one_lag, centre, work, phi, gain, out_direct, b_direct,
        )  # fmt: skip
        _fill_rows(
            history, reach, n, ks, firsts, out_taps, one_lag, phi, gain, out_direct, b_direct,
            offsets,
        )  # fmt: skip
        for m in range(n):
            for j in range(n_y):
                errors[m * n_y + j] = weight[j] * weight[j] * (y_sim[ks[m], j] - y[ks[m], j])
        combine_rows(flat, scratch, row_offsets[: n * n_y], errors, 0, 1, 1, width)
        for c in range(width):
            partial_gradient[c] += flat[scratch + c]
        if is_plain:
            add_gram_padded(history[reach : reach + n].reshape(n * n_y, width), n * n_y, partial)
        else:
            at = 0
            for m in range(every // 2, n, every):
                for j in range(n_y):
                    source, target, factor = history[reach + m, j], chosen[at], factors[j]
                    for c in range(width):
                        target[c] = factor * source[c]
                    at += 1
            add_gram_padded(chosen, at, partial)
        waiting += n
        if waiting >= FLUSH:
            _flush(partial, partial_gradient, gram, gradient)
            waiting = 0
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
