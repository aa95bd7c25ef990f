"""Exact forward sensitivities of the segment run, and the normal equations made from them.

Parameters are one flat vector, in this order: linear (ny, n_phi), bias (ny,), w_out (ny, h),
w_hid (h, n_phi), b_hid (h,). The sensitivity of output j at sample k obeys

    S(k, j) = sum_t G[j, t] S(k - lag_t, channel_t) + direct(k, j)

with G the derivative of the step by its output taps. The inner loops run over parameters and
vectorise as sums of rows; only the last few rows are kept, so the work stays in cache.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from heliid.kernels.narx import tanh_plain
from heliid.kernels.normal import add_gram

BLOCK = 32  # samples whose sensitivities are held before they enter the normal equations


@njit(cache=True, nogil=True, error_model="numpy")
def _linear_part(u, y, y_sim, first, k, out_taps, in_taps, w_hid, b_hid, phi, z):
    """Fill the regressor ``phi`` (n_phi,) and hidden outputs ``z`` (h,) of sample k."""
    n_out = out_taps.shape[0]
    for t in range(n_out):
        past = k - out_taps[t, 1]
        c = out_taps[t, 0]
        phi[t] = y_sim[past, c] if past >= first else y[past, c]
    for t in range(in_taps.shape[0]):
        phi[n_out + t] = u[k - in_taps[t, 1], in_taps[t, 0]]
    for i in range(z.shape[0]):
        total = b_hid[i]
        for t in range(phi.shape[0]):
            total += w_hid[i, t] * phi[t]
        z[i] = tanh_plain(total)


@njit(cache=True, nogil=True, error_model="numpy")
def _gain(w_hid, w_out, linear, step, out_taps, one_lag, z, gain):
    """Fill ``gain`` (ny, n_out + ny): derivative of the step by output taps, then by y(k-1)."""
    n_out = out_taps.shape[0]
    n_y = linear.shape[0]
    for j in range(n_y):
        for t in range(n_out):
            total = 0.0
            for i in range(z.shape[0]):
                total += w_out[j, i] * (1.0 - z[i] * z[i]) * w_hid[i, t]
            gain[j, t] = linear[j, t] + step[j] * total
        if one_lag[j] >= 0:
            gain[j, one_lag[j]] += 1.0


@njit(cache=True, nogil=True, error_model="numpy")
def _sum_rows(history, position, out_taps, gain_row, target):
    """Fill ``target`` (P,) with the gain-weighted sum of past rows in ``history`` (., ny, P)."""
    n = target.shape[0]
    n_out = out_taps.shape[0]
    t = 0
    if n_out >= 4:
        a = history[position - out_taps[0, 1], out_taps[0, 0]]
        b = history[position - out_taps[1, 1], out_taps[1, 0]]
        c = history[position - out_taps[2, 1], out_taps[2, 0]]
        d = history[position - out_taps[3, 1], out_taps[3, 0]]
        ga, gb, gc, gd = gain_row[0], gain_row[1], gain_row[2], gain_row[3]
        for i in range(n):
            target[i] = ga * a[i] + gb * b[i] + gc * c[i] + gd * d[i]
        t = 4
    else:
        for i in range(n):
            target[i] = 0.0
    while t + 4 <= n_out:
        a = history[position - out_taps[t, 1], out_taps[t, 0]]
        b = history[position - out_taps[t + 1, 1], out_taps[t + 1, 0]]
        c = history[position - out_taps[t + 2, 1], out_taps[t + 2, 0]]
        d = history[position - out_taps[t + 3, 1], out_taps[t + 3, 0]]
        ga, gb, gc, gd = gain_row[t], gain_row[t + 1], gain_row[t + 2], gain_row[t + 3]
        for i in range(n):
            target[i] += ga * a[i] + gb * b[i] + gc * c[i] + gd * d[i]
        t += 4
    while t < n_out:
        a = history[position - out_taps[t, 1], out_taps[t, 0]]
        ga = gain_row[t]
        for i in range(n):
            target[i] += ga * a[i]
        t += 1


@njit(cache=True, nogil=True, error_model="numpy")
def _rows_of_sample(
    u,
    y,
    y_sim,
    first,
    k,
    out_taps,
    in_taps,
    w_hid,
    b_hid,
    w_out,
    linear,
    step,
    one_lag,
    history,
    position,
    phi,
    z,
    gain,
    small,
):
    """Fill ``history[position]`` (ny, P) with the sensitivities of sample k."""
    n_y, n_phi = linear.shape
    h = z.shape[0]
    _linear_part(u, y, y_sim, first, k, out_taps, in_taps, w_hid, b_hid, phi, z)
    _gain(w_hid, w_out, linear, step, out_taps, one_lag, z, gain)
    for t in range(n_phi):
        small[t] = phi[t]
    at_bias = n_y * n_phi
    at_out = at_bias + n_y
    at_hid = at_out + n_y * h
    at_b = at_hid + h * n_phi
    for j in range(n_y):
        row = history[position, j]
        _sum_rows(history, position, out_taps, gain[j], row)
        if one_lag[j] < 0:  # y(k-1) is in the increment form even when no tap reads it
            before = history[position - 1, j]
            for i in range(row.shape[0]):
                row[i] += before[i]
        for t in range(n_phi):
            row[j * n_phi + t] += small[t]
        row[at_bias + j] += 1.0
        for i in range(h):
            row[at_out + j * h + i] += step[j] * z[i]
            slope = step[j] * w_out[j, i] * (1.0 - z[i] * z[i])
            small[n_phi] = slope
            f = small[n_phi]
            base = at_hid + i * n_phi
            for t in range(n_phi):
                row[base + t] += f * small[t]
            row[at_b + i] += f


@njit(cache=True, nogil=True, error_model="numpy")
def first_lags(out_taps, n_y):
    """For each output the tap that reads its own last value, -1 when none does; (ny,)."""
    one_lag = np.full(n_y, -1)
    for t in range(out_taps.shape[0]):
        if out_taps[t, 1] == 1:
            one_lag[out_taps[t, 0]] = t
    return one_lag


@njit(cache=True, nogil=True, error_model="numpy")
def jacobian(u, y, segments, out_taps, in_taps, w_hid, b_hid, w_out, linear, step, y_sim, rows):
    """Fill ``rows`` (sum of lengths, ny, P) with d y_sim / d parameters, float32 or float64.

    ``y_sim`` is what ``run_segments`` left for the same weights.
    """
    n_y, n_phi = linear.shape
    h = b_hid.shape[0]
    reach = 1
    for t in range(out_taps.shape[0]):
        reach = max(reach, out_taps[t, 1])
    history = np.zeros((reach + BLOCK, n_y, rows.shape[2]), rows.dtype)
    phi, z = np.empty(n_phi), np.empty(h)
    gain = np.zeros((n_y, out_taps.shape[0]), rows.dtype)
    small = np.zeros(n_phi + 1, rows.dtype)
    one_lag = first_lags(out_taps, n_y)
    at = 0
    for s in range(segments.shape[0]):
        first, length = segments[s, 0], segments[s, 1]
        history[:reach] = 0.0
        done = 0
        while done < length:
            n = min(BLOCK, length - done)
            for i in range(n):
                _rows_of_sample(
                    u,
                    y,
                    y_sim,
                    first,
                    first + done + i,
                    out_taps,
                    in_taps,
                    w_hid,
                    b_hid,
                    w_out,
                    linear,
                    step,
                    one_lag,
                    history,
                    reach + i,
                    phi,
                    z,
                    gain,
                    small,
                )
                rows[at] = history[reach + i]
                at += 1
            done += n
            if done < length:
                history[:reach] = history[n : n + reach].copy()


@njit(cache=True, nogil=True, error_model="numpy")
def add_normal(
    u,
    y,
    segments,
    out_taps,
    in_taps,
    w_hid,
    b_hid,
    w_out,
    linear,
    step,
    y_sim,
    weight,
    history,
    gram,
    gradient,
):
    """Add J'J (lower triangle) to ``gram`` (P, P) and J'(y_sim - y) to ``gradient`` (P,).

    weight (ny,): square roots of the output weights. ``history`` (reach + BLOCK, ny, P): work
    space, its dtype is that of the sensitivities. Returns False when a sum is not finite.
    """
    n_y, n_phi = linear.shape
    h = b_hid.shape[0]
    n = gradient.shape[0]
    reach = history.shape[0] - BLOCK
    phi, z = np.empty(n_phi), np.empty(h)
    gain = np.zeros((n_y, out_taps.shape[0]), history.dtype)
    small = np.zeros(n_phi + 1, history.dtype)
    one_lag = first_lags(out_taps, n_y)
    partial = np.zeros((n, n), history.dtype)
    partial_gradient = np.zeros(n, history.dtype)
    weighted = np.empty((BLOCK * n_y, n), history.dtype)
    scale = np.zeros(n_y, history.dtype)
    error = np.zeros(1, history.dtype)
    for j in range(n_y):
        scale[j] = weight[j]
    for s in range(segments.shape[0]):
        first, length = segments[s, 0], segments[s, 1]
        history[:reach] = 0.0
        done = 0
        while done < length:
            n_block = min(BLOCK, length - done)
            for i in range(n_block):
                k = first + done + i
                _rows_of_sample(
                    u,
                    y,
                    y_sim,
                    first,
                    k,
                    out_taps,
                    in_taps,
                    w_hid,
                    b_hid,
                    w_out,
                    linear,
                    step,
                    one_lag,
                    history,
                    reach + i,
                    phi,
                    z,
                    gain,
                    small,
                )
                for j in range(n_y):
                    source = history[reach + i, j]
                    target = weighted[i * n_y + j]
                    f = scale[j]
                    error[0] = weight[j] * (y_sim[k, j] - y[k, j])
                    e = error[0]
                    for c in range(n):
                        value = f * source[c]
                        target[c] = value
                        partial_gradient[c] += e * value
            add_gram(weighted, n_block * n_y, partial)
            for i in range(n):
                gradient[i] += partial_gradient[i]
                partial_gradient[i] = 0.0
                target = gram[i]
                source = partial[i]
                for c in range(i + 1):
                    target[c] += source[c]
                    source[c] = 0.0
            done += n_block
            if done < length:
                history[:reach] = history[n_block : n_block + reach].copy()
    total = 0.0
    for i in range(n):
        total += gram[i, i] + abs(gradient[i])
    return total < np.inf
