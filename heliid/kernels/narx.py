"""The one simulation kernel: one-step, multi-step and free run over a list of segments.

A segment is (first sample, length) in arrays that hold all records end to end. Inside a segment
the model feeds on its own outputs; before its first sample it sees the measured ones. Segments of
length 1 are one-step prediction, one segment per record is the free run, anything between is
multiple shooting with measured nodes. The caller places segments so that no lag reaches into
another record. Several segments run side by side; the numbers of each are those it has alone.

Everything is plain arithmetic in one fixed order (no BLAS, no libm; fused multiply-adds only where
written), so the same numbers come out bit for bit on every processor that keeps IEEE 754.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from heliid.kernels.hyperbolic import tanh_array, tanh_plain
from heliid.kernels.inner import inner
from heliid.kernels.lanes import (
    FOUR,
    UNITS,
    copy_grid,
    hand_out,
    lanes_beyond,
    outputs_side_by_side,
    side_by_side,
)
from heliid.kernels.march import (
    activate,
    add_newest,
    add_taps,
    copy_numbers,
    step_at_once,
    step_outputs,
    tanh_rows,
)
from heliid.kernels.vectors import CHAINS, VECTOR

__all__ = ["fill_regressors", "run_segments", "squared_errors", "tanh_array", "tanh_plain"]

AHEAD = 64  # samples between two looks at what came out
WORTH = 4  # segments from which on side by side is faster than one after another


@inner
def _fill_up(n, group):
    """The multiple of ``group`` that holds ``n``."""
    return -(-n // group) * group


@inner
def _tap_rows(out_taps, in_taps):
    """Which regressor each row of the packed weights is for, -1 to fill up; rows of each kind (3,).

    Inputs, outputs of lag > 1, outputs of lag 1: see ``march``.
    """
    n_out, n_in = out_taps.shape[0], in_taps.shape[0]
    counts = np.zeros(3, np.int64)
    rows = np.full(n_in + n_out + 3 * CHAINS, -1)
    for t in range(n_in):
        rows[t] = n_out + t
    counts[0] = _fill_up(n_in, CHAINS)
    at = counts[0]
    for t in range(n_out):
        if out_taps[t, 1] > 1:
            rows[at] = t
            at += 1
    counts[1] = _fill_up(at - counts[0], CHAINS)
    first = counts[0] + counts[1]
    at = first
    for t in range(n_out):
        if out_taps[t, 1] == 1:
            rows[at] = t
            at += 1
    counts[2] = _fill_up(at - first, CHAINS)
    return rows[: first + counts[2]].copy(), counts


@inner
def _offsets(rows, out_taps, in_taps, u_row, y_row, lanes):
    """How far from a sample's own row each tap is; what fills up points at a neighbour.

    u_row, y_row: channels in a row of inputs and outputs; lanes: numbers per channel.
    """
    places = np.zeros(rows.shape[0], np.int64)
    n_out = out_taps.shape[0]
    for t in range(rows.shape[0]):
        if rows[t] >= n_out:
            tap = in_taps[rows[t] - n_out]
            places[t] = (tap[0] - tap[1] * u_row) * lanes
        elif rows[t] >= 0:
            tap = out_taps[rows[t]]
            places[t] = (tap[0] - tap[1] * y_row) * lanes
        else:
            places[t] = places[t - 1]
    return places


@inner
def _packed(rows, w_hid, b_hid, w_out, linear, bias, step):
    """Weights row by row (n + 1, width), biases last, and output weights times step (h, n_wide).

    Columns: hidden units, then outputs, each filled up to whole vectors.
    """
    h, n_y = b_hid.shape[0], bias.shape[0]
    first_out, n_wide = _fill_up(h, VECTOR), _fill_up(n_y, VECTOR)
    by_tap = np.zeros((rows.shape[0] + 1, first_out + n_wide))
    last = np.zeros((first_out, n_wide))
    for t in range(rows.shape[0]):
        if rows[t] >= 0:
            for i in range(h):
                by_tap[t, i] = w_hid[i, rows[t]]
            for j in range(n_y):
                by_tap[t, first_out + j] = linear[j, rows[t]]
    for i in range(h):
        by_tap[-1, i] = b_hid[i]
        for j in range(n_y):
            last[i, j] = step[j] * w_out[j, i]
    for j in range(n_y):
        by_tap[-1, first_out + j] = bias[j]
    return by_tap, last


@inner
def _longest_lag(taps):
    """The reach of ``taps``, at least 1."""
    reach = 1
    for t in range(taps.shape[0]):
        reach = max(reach, taps[t, 1])
    return reach


@njit(cache=True, nogil=True, error_model="numpy")
def run_segments(
    u, y, segments, out_taps, in_taps, w_hid, b_hid, w_out, linear, bias, step, limit, y_sim, alive
):
    """Fill ``y_sim`` (N, ny) on every segment; return how many segments diverged.

    u (N, nu), y (N, ny): scaled, all records end to end. segments (n, 2): first sample, length.
    out_taps, in_taps (n, 2): channel, lag. step (ny,): ``Scaling.increment_std``. limit: standard
    deviations beyond which a run has diverged. alive (n,): samples survived in each segment; the
    rest of a diverged segment holds the last good sample, so that nothing is ever NaN.
    """
    rows, counts = _tap_rows(out_taps, in_taps)
    by_tap, last = _packed(rows, w_hid, b_hid, w_out, linear, bias, step)
    reach, reach_in = _longest_lag(out_taps), _longest_lag(in_taps)
    n, s = segments.shape[0], 0
    if n >= WORTH:
        n_units = _fill_up(y.shape[1], UNITS)
        places = _offsets(rows, out_taps, in_taps, u.shape[1], n_units, VECTOR)
        y_lines = np.zeros((reach + AHEAD) * n_units * VECTOR)
        u_lines = np.zeros((reach_in + AHEAD) * u.shape[1] * VECTOR)
        sums = np.zeros(by_tap.shape[1] * VECTOR)
        while n - s >= WORTH:
            m = min(VECTOR, n - s)
            _run_together(
                u, y, segments[s : s + m], places, counts, reach, reach_in, by_tap, last,
                b_hid.shape[0], limit, u_lines, y_lines, sums, y_sim, alive[s : s + m],
            )  # fmt: skip
            s += m
    if s < n:
        places = _offsets(rows, out_taps, in_taps, u.shape[1], last.shape[1], 1)
        line = np.zeros((reach + AHEAD) * last.shape[1])
        sums = np.zeros(AHEAD * by_tap.shape[1])
        while s < n:
            alive[s] = _run_alone(
                u, y, segments[s, 0], segments[s, 1], places, counts, reach, by_tap, last, limit,
                line, sums, y_sim,
            )  # fmt: skip
            s += 1
    n_diverged = 0
    for s in range(n):
        n_diverged += alive[s] < segments[s, 1]
    return n_diverged


@inner
def _run_alone(u, y, first, length, places, counts, reach, by_tap, last, limit, line, sums, y_sim):
    """Fill ``y_sim`` on one segment; return how many samples stayed inside ``limit``.

    Scratch: line ((reach + AHEAD) n_wide,), outputs row by row; sums (AHEAD width,).
    """
    n_y, n_u, width = y.shape[1], u.shape[1], by_tap.shape[1]
    n_wide = last.shape[1]
    first_out = width - n_wide
    is_small = first_out == VECTOR and n_wide == VECTOR
    n_in, n_old, n_new = counts[0], counts[1], counts[2]
    inputs, weights, out_weights = u.reshape(-1), by_tap.reshape(-1), last.reshape(-1)
    out, at_bias = y_sim.reshape(-1), (by_tap.shape[0] - 1) * width
    for r in range(reach):
        for j in range(n_y):
            line[r * n_wide + j] = y[first - reach + r, j]
    for start in range(0, length, AHEAD):
        n = min(AHEAD, length - start)
        for m in range(n):
            at, row = m * width, (reach + m) * n_wide
            copy_numbers(sums, at, weights, at_bias, width)
            place = (first + start + m) * n_u
            add_taps(sums, at, inputs, place, places, 0, n_in, weights, width)
            add_taps(sums, at, line, row, places, n_in, n_old, weights, width)
            if is_small:
                step_at_once(
                    line, row, sums, at, places, n_in + n_old, n_new, weights, out_weights
                )  # fmt: skip
            else:
                _step(
                    line, row, sums, at, places, n_in + n_old, n_new, weights, width, out_weights,
                    first_out, n_wide,
                )  # fmt: skip
        copy_grid(out, (first + start) * n_y, n_y, 1, line, reach * n_wide, n_wide, 1, n, n_y)
        if lanes_beyond(line, reach * n_wide, n * n_wide // VECTOR, limit) != 0:
            good = _inside(y_sim, first + start, n, limit)
            if good < n:
                _hold(y, first, first + start + good, first + length, y_sim)
                return start + good
        for i in range(reach * n_wide):
            line[i] = line[n * n_wide + i]
    return length


@inner
def _step(
    line, row, sums, at, places, first, n, weights, width, out_weights, first_out, n_wide
):  # fmt: skip
    """One step of any number of units and outputs, once all but the newest taps are summed."""
    for i in range(0, first_out, VECTOR):
        activate(sums, at + i, line, row, places, first, n, weights, width, i)
    for i in range(first_out, width, VECTOR):
        add_newest(sums, at + i, line, row, places, first, n, weights, width, i)
    for i in range(0, n_wide, VECTOR):
        out = at + first_out + i
        step_outputs(line, row + i, n_wide, sums, out, at, first_out, out_weights, i)


@inner
def _run_together(
    u, y, segments, places, counts, reach, reach_in, by_tap, last, h, limit,
    u_lines, y_lines, sums, y_sim, alive,
):  # fmt: skip
    """Fill ``y_sim`` and ``alive`` on up to VECTOR segments, a lane each.

    Scratch: u_lines, y_lines (row, channel, lane), sums (unit, lane). Lanes do not mix, so one that
    has diverged, or is at its end, runs on unheard.
    """
    n_y, n_u, width, n_wide = y.shape[1], u.shape[1], by_tap.shape[1], last.shape[1]
    first_out, y_row = width - n_wide, _fill_up(n_y, UNITS) * VECTOR
    weights, out_weights = by_tap.reshape(-1), last.reshape(-1)
    n_lanes = segments.shape[0]
    bases = np.zeros(VECTOR, np.int64)
    longest = 0
    for lane in range(n_lanes):
        longest = max(longest, segments[lane, 1])
        alive[lane] = segments[lane, 1]
        for r in range(reach):
            for j in range(n_y):
                at = r * y_row + j * VECTOR + lane
                y_lines[at] = y[segments[lane, 0] - reach + r, j]
    for start in range(0, longest, AHEAD):
        n = min(AHEAD, longest - start)
        _fill_inputs(u, segments, start, reach_in, n, u_lines)
        for m in range(n):
            row, u_at = (reach + m) * y_row, (reach_in + m) * n_u * VECTOR
            for part in range(2):  # outputs, then hidden units; one call, as it is long code
                column, n_units = (first_out, n_y) if part == 0 else (0, h)
                side_by_side(
                    sums, column * VECTOR, u_lines, u_at, y_lines, row, places, counts, weights,
                    width, column, n_units,
                )  # fmt: skip
            for i in range(h):
                tanh_rows(sums, i * VECTOR)
            for i in range(0, n_y, UNITS):
                outputs_side_by_side(
                    y_lines, row + i * VECTOR, y_row, sums, (first_out + i) * VECTOR, 0,
                    last.shape[0], out_weights, n_wide, i,
                )  # fmt: skip
        n_running = _hand_over(
            y, segments, start, n, reach * y_row, y_row, limit, y_lines, bases, y_sim, alive
        )
        if n_running == 0:
            break
        for i in range(reach * y_row):
            y_lines[i] = y_lines[n * y_row + i]


@inner
def _hand_over(y, segments, start, n, at, y_row, limit, y_lines, bases, y_sim, alive):
    """Copy ``n`` samples of every lane to ``y_sim``; return how many lanes go on."""
    n_y, n_lanes = y.shape[1], segments.shape[0]
    out = y_sim.reshape(-1)
    beyond = lanes_beyond(y_lines, at, n * y_row // VECTOR, limit)
    n_running, is_whole = 0, n_y == FOUR and n_lanes == VECTOR
    for lane in range(n_lanes):
        bases[lane] = (segments[lane, 0] + start) * n_y
        is_whole = is_whole and start + n <= alive[lane]
    if is_whole:
        hand_out(out, bases, y_lines, at, y_row, n)
    for lane in range(n_lanes):
        n_left = min(n, alive[lane] - start)
        if n_left > 0 and not is_whole:
            copy_grid(out, bases[lane], n_y, 1, y_lines, at + lane, y_row, VECTOR, n_left, n_y)
        if n_left > 0 and (beyond >> lane) & 1:
            first, length = segments[lane, 0], segments[lane, 1]
            good = _inside(y_sim, first + start, n_left, limit)
            if good < n_left:
                alive[lane] = start + good
                _hold(y, first, first + start + good, first + length, y_sim)
        n_running += alive[lane] > start + n
    return n_running


@inner
def _fill_inputs(u, segments, start, reach_in, n, u_lines):
    """Fill ``u_lines`` with the inputs of all lanes that ``n`` samples from ``start`` on need."""
    n_u = u.shape[1]
    inputs = u.reshape(-1)
    for lane in range(segments.shape[0]):
        first = segments[lane, 0] + start - reach_in
        n_rows = min(reach_in + n, segments[lane, 0] + segments[lane, 1] - first)
        copy_grid(
            u_lines, lane, n_u * VECTOR, VECTOR, inputs, first * n_u, n_u, 1, max(n_rows, 0), n_u
        )  # fmt: skip


@inner
def _inside(y_sim, first, n, limit):
    """How many of ``n`` samples from ``first`` on come before the first outside ``limit``."""
    for m in range(n):
        for j in range(y_sim.shape[1]):
            if not abs(y_sim[first + m, j]) <= limit:
                return m
    return n


@inner
def _hold(y, first, start, end, y_sim):
    """Repeat the last good sample from ``start`` to the end of the segment."""
    for k in range(start, end):
        for j in range(y.shape[1]):
            y_sim[k, j] = y_sim[start - 1, j] if start > first else y[start - 1, j]


@njit(cache=True, nogil=True, error_model="numpy")
def squared_errors(y, y_sim, segments, out):
    """Add to ``out`` (ny,) the sum of squared errors over all segments; return their samples."""
    n = 0
    for s in range(segments.shape[0]):
        for k in range(segments[s, 0], segments[s, 0] + segments[s, 1]):
            for j in range(y.shape[1]):
                e = y[k, j] - y_sim[k, j]
                out[j] += e * e
        n += segments[s, 1]
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def fill_regressors(u, y, segments, out_taps, in_taps, rows):
    """Fill ``rows`` (sum of lengths, n_phi) with the regressors made of measured values only."""
    at = 0
    n_out = out_taps.shape[0]
    for s in range(segments.shape[0]):
        for k in range(segments[s, 0], segments[s, 0] + segments[s, 1]):
            for t in range(n_out):
                rows[at, t] = y[k - out_taps[t, 1], out_taps[t, 0]]
            for t in range(in_taps.shape[0]):
                rows[at, n_out + t] = u[k - in_taps[t, 1], in_taps[t, 0]]
            at += 1
