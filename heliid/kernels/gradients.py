"""Exact forward sensitivities of the segment run, and the normal equations made from them.

Parameters are one flat vector, in this order: linear (ny, n_phi), bias (ny,), w_out (ny, h),
w_hid (h, n_phi), b_hid (h,). The sensitivity of output j at sample k obeys

    S(k, j) = sum_t G[j, t] S(k - lag_t, channel_t) + direct(k, j)

with G the derivative of the step by its output taps. The inner loops run over parameters and
vectorise as sums of rows; only the last few rows are kept, so the work stays in cache. A block of
samples may span several segments: what lies before a segment's first sample counts as zero. The
direct parts of a whole block are written first, since a row that was just written piece by piece
is slow to read as a whole. The residual is one more column: J'e comes with J'J.

Training uses *centred* parameters: the linear part and the bias are those of the whole map at
phi = 0, and a hidden unit adds only what its tanh has beyond the tangent there,

    g = tanh(a) - tanh(b) - tanh'(b) (a - b),   a = w_hid phi + b_hid.

Linear dynamics and curvature are then learnt by different parameters. ``plain_linear`` goes back.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from heliid.kernels.inner import inner
from heliid.kernels.march import tanh_rows
from heliid.kernels.narx import tanh_plain
from heliid.kernels.simd import (
    add_gram_padded,
    block_sum,
    combine_rows,
    fill_row,
    scaled_row,
    unit_parts,
)
from heliid.kernels.vectors import BLOCK, VECTOR

SPAN = 2 * BLOCK  # samples between two moves of the rows that are still needed
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


@inner
def _centres(b_hid, is_centred):
    """tanh(b) and its slope (2, h) that the hidden units are measured from; zeros if plain."""
    centre = np.zeros((2, b_hid.shape[0]))
    if is_centred:
        for i in range(b_hid.shape[0]):
            centre[0, i] = tanh_plain(b_hid[i])
            centre[1, i] = 1.0 - centre[0, i] * centre[0, i]
    return centre


@inner
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
def fed_back(out_taps, n_y):
    """The taps (n, 2) by which sensitivities return, and whose y(k-1) each of them carries (n,).

    All output taps, then lag 1 of each output without such a tap: the increment form needs it.
    """
    n_out = out_taps.shape[0]
    taps, own = np.zeros((n_out + n_y, 2), np.int64), np.full(n_out + n_y, -1)
    has_one = np.zeros(n_y, np.bool_)
    for t in range(n_out):
        taps[t, 0], taps[t, 1] = out_taps[t, 0], out_taps[t, 1]
        if out_taps[t, 1] == 1:
            own[t] = out_taps[t, 0]
            has_one[own[t]] = True
    n = n_out
    for j in range(n_y):
        if not has_one[j]:
            taps[n, 0], taps[n, 1], own[n] = j, 1, j
            n += 1
    return taps[:n].copy(), own[:n].copy()


@inner
def _regressors(u, y, y_sim, ks, firsts, out_taps, in_taps, work, phi):
    """Fill those of a block: ``work`` (n_phi, BLOCK) and, padded with zeros, phi (BLOCK, .)."""
    n_out = out_taps.shape[0]
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
        for t in range(n_out + in_taps.shape[0]):
            phi[m, t] = work[t, m]


@inner
def _points(w_hid, b_hid, w_out, step, centre, work, parts):
    """What the samples of a block add directly: ``parts`` (4, ny, h, BLOCK), see ``unit_parts``.

    work (n_phi + 2, BLOCK): regressors, scratch.
    """
    n_y, h = w_out.shape
    n_phi = w_hid.shape[1]
    flat, weights, out = work.reshape(-1), w_hid.reshape(-1), parts.reshape(-1)
    at_a, at_z = n_phi * BLOCK, (n_phi + 1) * BLOCK
    for i in range(h):
        fill_row(flat, at_a, 0.0, BLOCK)
        block_sum(flat, at_a, weights, i * n_phi, 1, n_phi, flat, 0, BLOCK)
        for m in range(BLOCK):
            flat[at_z + m] = flat[at_a + m] + b_hid[i]
        for m in range(0, BLOCK, VECTOR):
            tanh_rows(flat, at_z + m)
        for j in range(n_y):
            numbers = (step[j], w_out[j, i], centre[0, i], centre[1, i])
            at = (j * h + i) * BLOCK
            unit_parts(out, at, n_y * h * BLOCK, flat, at_a, at_z, numbers)


@inner
def _gains(linear, own, n_out, weights, slope, gain):
    """Fill ``gain`` (ny, n_back, BLOCK): derivatives of the step by the fed-back outputs.

    weights (h, n_phi): w_hid in the type of ``gain``.
    """
    n_y, n_back, n_phi, h = gain.shape[0], gain.shape[1], linear.shape[1], weights.shape[0]
    flat, columns, slopes = gain.reshape(-1), weights.reshape(-1), slope.reshape(-1)
    for j in range(n_y):
        for t in range(n_back):
            value = 1.0 if own[t] == j else 0.0
            if t < n_out:
                value += linear[j, t]
            at = (j * n_back + t) * BLOCK
            fill_row(flat, at, value, BLOCK)
            if t < n_out:
                block_sum(flat, at, columns, t, n_phi, h, slopes, j * h * BLOCK, BLOCK)


@inner
def _direct_rows(flat, base, width, n, phi, one, by_unit, out_direct, b_direct):
    """Write the direct parts of ``n`` samples from ``base`` on, n_y rows of ``width`` for each.

    A copied row runs over its end with zeros; what stands there is written later.
    """
    n_y, h = out_direct.shape[0], out_direct.shape[1]
    n_phi = one.shape[0]
    wide = phi.shape[1]
    at_out = n_y * (n_phi + 1)
    at_hid = at_out + n_y * h
    at_b = at_hid + h * n_phi
    rows, gains = phi.reshape(-1), by_unit.reshape(-1)
    for m in range(n):
        for j in range(n_y):
            at = base + (m * n_y + j) * width
            fill_row(flat, at, 0.0, width)
            scaled_row(flat, at + j * n_phi, rows, m * wide, one, 0, n_phi)
            flat[at + n_y * n_phi + j] = 1.0
            for i in range(h):
                flat[at + at_out + j * h + i] = out_direct[j, i, m]
            for i in range(h):
                place = at + at_hid + i * n_phi
                scaled_row(flat, place, rows, m * wide, gains, (j * h + i) * BLOCK + m, n_phi)
            for i in range(h):
                flat[at + at_b + i] = b_direct[j, i, m]


@inner
def _recursion(flat, base, nothing, width, n, ks, firsts, taps, gain, offsets):
    """Add to the rows of ``n`` samples from ``base`` on what returns by the taps."""
    n_y = gain.shape[0]
    gains = gain.reshape(-1)
    for m in range(n):
        age = ks[m] - firsts[m]
        for t in range(taps.shape[0]):
            lag = taps[t, 1]
            offsets[t] = base + ((m - lag) * n_y + taps[t, 0]) * width if lag <= age else nothing
        combine_rows(flat, base + m * n_y * width, offsets, gains, m, BLOCK, n_y, width)


@njit(cache=True, nogil=True, error_model="numpy")
def history_rows(reach, n_y, h):
    """Samples that ``history`` must hold: the reach of the taps, SPAN, and at least three rows.

    Of these the first takes what a copied row runs over its end, the last but one the gradient when
    that has no column, and the last stays zero.
    """
    return reach + SPAN + (2 + n_y) // n_y + 0 * h


@inner
def _reach(history):
    """The inverse of ``history_rows``."""
    n_y = history.shape[1]
    return history.shape[0] - SPAN - (2 + n_y) // n_y


@inner
def _keep(flat, n_kept, n_gone):
    """Move ``n_kept`` numbers from ``n_gone`` on to the front."""
    for i in range(n_kept):
        flat[i] = flat[n_gone + i]


@inner
def _work_space(n_y, n_phi, h, n_back, like):
    """Arrays of a block, in the type of ``like`` but the first; see ``_points``, ``_gains``."""
    work = np.zeros((n_phi + 2, BLOCK))
    phi = np.zeros((BLOCK, -(-n_phi // BLOCK) * BLOCK), like.dtype)
    parts = np.zeros((4, n_y, h, BLOCK), like.dtype)
    gain = np.zeros((n_y, n_back, BLOCK), like.dtype)
    return work, phi, parts, gain, np.ones(n_phi, like.dtype), np.zeros(n_back, np.int64)


@inner
def _fill_block(
    u, y, y_sim, n, ks, firsts, out_taps, in_taps, taps, own, w_hid, b_hid, w_out, linear, step,
    centre, weights, space, flat, at, width,
):  # fmt: skip
    """The sensitivities of ``n`` samples, in the rows of ``flat`` from number ``at`` on."""
    work, phi, parts, gain, one, offsets = space
    _regressors(u, y, y_sim, ks, firsts, out_taps, in_taps, work, phi)
    _points(w_hid, b_hid, w_out, step, centre, work, parts)
    _gains(linear, own, out_taps.shape[0], weights, parts[0], gain)
    _direct_rows(flat, at, width, n, phi, one, parts[1], parts[2], parts[3])
    nothing = flat.shape[0] - width
    _recursion(flat, at, nothing, width, n, ks, firsts, taps, gain, offsets)


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
    width, reach = history.shape[2], _reach(history)
    taps, own = fed_back(out_taps, n_y)
    space = _work_space(n_y, n_phi, b_hid.shape[0], own.shape[0], history)
    centre, weights = _centres(b_hid, is_centred), _as_type(w_hid, history)
    flat = history.reshape(-1)
    ks, firsts = np.zeros(BLOCK, np.int64), np.zeros(BLOCK, np.int64)
    count, s, done, place = 0, 0, 0, reach
    while True:
        s, done, n = _next_block(segments, s, done, ks, firsts)
        if n == 0:
            break
        _fill_block(
            u, y, y_sim, n, ks, firsts, out_taps, in_taps, taps, own, w_hid, b_hid, w_out, linear,
            step, centre, weights, space, flat, place * n_y * width, width,
        )  # fmt: skip
        for m in range(n):
            for j in range(n_y):
                for c in range(rows.shape[2]):
                    rows[count, j, c] = history[place + m, j, c]
            count += 1
        place += BLOCK
        if place == reach + SPAN:
            _keep(flat, reach * n_y * width, SPAN * n_y * width)
            place = reach


@inner
def _as_type(values, like):
    """``values`` (n, m) as numbers of the type of ``like``."""
    out = np.zeros(values.shape, like.dtype)
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            out[i, j] = values[i, j]
    return out


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
    size, width, reach = gradient.shape[0], history.shape[2], _reach(history)
    taps, own = fed_back(out_taps, n_y)
    space = _work_space(n_y, n_phi, b_hid.shape[0], own.shape[0], history)
    centre, weights = _centres(b_hid, is_centred), _as_type(w_hid, history)
    flat = history.reshape(-1)
    ks, firsts = np.zeros(BLOCK, np.int64), np.zeros(BLOCK, np.int64)
    partial = np.zeros(width * width, history.dtype)
    at_slope = flat.shape[0] - 2 * width  # a spare row: see history_rows
    slope = flat[at_slope : at_slope + width]
    slope[:] = 0.0
    chosen = np.zeros(BLOCK * n_y * width, history.dtype)
    factors, errors = np.zeros(n_y, history.dtype), np.zeros(BLOCK * n_y, history.dtype)
    places = np.zeros(BLOCK * n_y, np.int64)
    is_plain = every == 1
    for j in range(n_y):
        factors[j] = weight[j] * np.sqrt(every)
        is_plain = is_plain and weight[j] == 1.0
    is_column = every == 1 and size < width  # room for the residual beside the sensitivities
    made = size + 1 if is_column else size
    waiting, s, done, place = 0, 0, 0, reach
    while True:
        s, done, n = _next_block(segments, s, done, ks, firsts)
        if n == 0:
            break
        at = place * n_y * width
        _fill_block(
            u, y, y_sim, n, ks, firsts, out_taps, in_taps, taps, own, w_hid, b_hid, w_out, linear,
            step, centre, weights, space, flat, at, width,
        )  # fmt: skip
        for m in range(n):
            for j in range(n_y):
                error, r = y_sim[ks[m], j] - y[ks[m], j], m * n_y + j
                if is_column:
                    flat[at + r * width + size] = error
                errors[r], places[r] = weight[j] * weight[j] * error, at + r * width
        if not is_column:
            combine_rows(flat, at_slope, places[: n * n_y], errors, 0, 1, 1, width)
        rows, start, n_rows = flat, at, n * n_y
        if not is_plain:
            rows, start, n_rows = chosen, 0, 0
            for m in range(every // 2, n, every):
                for j in range(n_y):
                    source = at + (m * n_y + j) * width
                    scaled_row(chosen, n_rows * width, flat, source, factors, j, width)
                    n_rows += 1
        add_gram_padded(rows, start, n_rows, width, made, partial)
        waiting += n
        if waiting >= FLUSH:
            _flush(partial, width, is_column, slope, gram, gradient)
            waiting = 0
        place += BLOCK
        if place == reach + SPAN:
            _keep(flat, reach * n_y * width, SPAN * n_y * width)
            place = reach
    _flush(partial, width, is_column, slope, gram, gradient)
    total = 0.0
    for i in range(size):
        total += gram[i, i] + abs(gradient[i])
    return total < np.inf


@inner
def _flush(partial, width, is_column, slope, gram, gradient):
    """Add the partial sums to the full ones and clear them."""
    size = gradient.shape[0]
    for i in range(size):
        target = gram[i]
        for c in range(i + 1):
            target[c] += partial[i * width + c]
        gradient[i] += partial[size * width + i] if is_column else slope[i]
    partial[:] = 0.0
    slope[:] = 0.0
