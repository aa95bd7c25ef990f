"""The one simulation kernel: one-step, multi-step and free run over a list of segments.

A segment is (first sample, length) in arrays that hold all records end to end. Inside a segment
the model feeds on its own outputs; before its first sample it sees the measured ones. Segments of
length 1 are one-step prediction, one segment per record is the free run, anything between is
multiple shooting with measured nodes. The caller places segments so that no lag reaches into
another record.

Everything is plain arithmetic in one fixed order (no BLAS, no libm; fused multiply-adds only where
written), so the same numbers come out bit for bit on every processor that keeps IEEE 754.
"""

from __future__ import annotations

import numpy as np
from numba import config, njit, types
from numba.extending import intrinsic

from heliid.kernels.simd import (
    LN2_HIGH,
    LN2_LOW,
    LOG2_E,
    ROUND,
    TANH_END,
    VECTOR,
    add_rows,
    tanh_rows,
)

if getattr(config, "DISABLE_JIT", 0):

    def float_from_bits(bits: int) -> float:
        """The float64 whose 64 bits are ``bits``."""
        return float(np.array([bits & 0xFFFFFFFFFFFFFFFF], dtype=np.uint64).view(np.float64)[0])

    def bits_from_float(value: float) -> int:
        """The 64 bits of ``value`` as a whole number."""
        return int(np.array([value], dtype=np.float64).view(np.int64)[0])

else:

    @intrinsic
    def float_from_bits(typingctx, bits):  # noqa: ARG001
        """The float64 whose 64 bits are ``bits``."""

        def codegen(context, builder, signature, args):  # noqa: ARG001
            return builder.bitcast(args[0], context.get_value_type(types.float64))

        return types.float64(types.int64), codegen

    @intrinsic
    def bits_from_float(typingctx, value):  # noqa: ARG001
        """The 64 bits of ``value`` as a whole number."""

        def codegen(context, builder, signature, args):  # noqa: ARG001
            return builder.bitcast(args[0], context.get_value_type(types.int64))

        return types.int64(types.float64), codegen


AHEAD = 64  # samples for which the inputs' part is worked out before the recursion


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def tanh_plain(x):
    """The hyperbolic tangent of ``x`` to about 3 ulp: expm1(2|x|) by polynomial, one division.

    Branch-free, so that LLVM vectorises a loop over it; libm's changes with the processor.
    """
    a = abs(x)
    a = min(a, TANH_END)
    a2 = a + a
    shifted = a2 * LOG2_E + ROUND
    n = shifted - ROUND
    r = (a2 - n * LN2_HIGH) - n * LN2_LOW  # |r| <= ln(2)/2
    # expm1(r) = r + r^2 (1/2! + r/3! + ...), Taylor to r^13: the next term is below 2^-57. By
    # Estrin's scheme, since a single free run waits for this chain at every step.
    r2 = r * r
    r4 = r2 * r2
    low = (0.5 + r * 1.6666666666666666e-01) + r2 * (
        4.1666666666666664e-02 + r * 8.333333333333333e-03
    )
    middle = (1.3888888888888889e-03 + r * 1.984126984126984e-04) + r2 * (
        2.48015873015873e-05 + r * 2.7557319223985893e-06
    )
    high = (2.755731922398589e-07 + r * 2.505210838544172e-08) + r2 * (
        2.08767569878681e-09 + r * 1.6059043836821613e-10
    )
    t = low + r4 * (middle + r4 * high)
    small = r + r2 * t
    power = float_from_bits((bits_from_float(shifted) + 1023) << 52)  # 2**n
    grown = power * small + (power - 1.0)  # expm1(2|x|)
    result = grown / (grown + 2.0)
    return result if x >= 0.0 else -result


@njit(cache=True, nogil=True, error_model="numpy")
def tanh_array(x, out):
    """Fill ``out`` (n,) with the hyperbolic tangent of ``x`` (n,)."""
    for i in range(x.shape[0]):
        out[i] = tanh_plain(x[i])


@njit(cache=True, nogil=True, error_model="numpy")
def _packed(w_hid, b_hid, w_out, linear, bias, step):
    """Weights as ``run_segments`` reads them: (n_phi + 1, width) by tap, bias last, and (h, out).

    Columns: hidden units, then outputs, each padded to whole vectors; output weights times step.
    """
    h, n_phi = w_hid.shape
    n_y = linear.shape[0]
    first_out = -(-h // VECTOR) * VECTOR
    n_out = -(-n_y // VECTOR) * VECTOR
    by_tap = np.zeros((n_phi + 1, first_out + n_out))
    last = np.zeros((h, n_out))
    for t in range(n_phi):
        for i in range(h):
            by_tap[t, i] = w_hid[i, t]
        for j in range(n_y):
            by_tap[t, first_out + j] = linear[j, t]
    for i in range(h):
        by_tap[n_phi, i] = b_hid[i]
        for j in range(n_y):
            last[i, j] = step[j] * w_out[j, i]
    for j in range(n_y):
        by_tap[n_phi, first_out + j] = bias[j]
    return by_tap, last


@njit(cache=True, nogil=True, error_model="numpy")
def _input_part(u, start, n, in_taps, by_tap, n_out, x, ahead):
    """Fill ``ahead[:n]`` (., width) with the bias and what the inputs add at samples from start."""
    n_in, width = in_taps.shape[0], by_tap.shape[1]
    n_phi = by_tap.shape[0] - 1
    weights, target = by_tap.reshape(-1), ahead.reshape(-1)
    for m in range(n):
        for t in range(n_in):
            x[t] = u[start + m - in_taps[t, 1], in_taps[t, 0]]
        for i in range(width):
            ahead[m, i] = by_tap[n_phi, i]
        for i in range(0, width, VECTOR):
            add_rows(target, m * width + i, x, 0, n_in, weights, n_out * width + i, width)


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
    by_tap, last = _packed(w_hid, b_hid, w_out, linear, bias, step)
    ahead = np.empty((AHEAD, by_tap.shape[1]))
    x = np.empty(max(out_taps.shape[0], in_taps.shape[0]) + 1)
    n_diverged = 0
    for s in range(segments.shape[0]):
        first = segments[s, 0]
        end = first + segments[s, 1]
        alive[s] = segments[s, 1]
        for start in range(first, end, AHEAD):
            n = min(AHEAD, end - start)
            _input_part(u, start, n, in_taps, by_tap, out_taps.shape[0], x, ahead)
            good = _recursion(y, first, start, n, out_taps, by_tap, last, limit, x, ahead, y_sim)
            if good < n:
                alive[s] = start + good - first
                n_diverged += 1
                _hold(y, first, start + good, end, y_sim)
                break
    return n_diverged


@njit(cache=True, nogil=True, error_model="numpy")
def _recursion(y, first, start, n, out_taps, by_tap, last, limit, x, ahead, y_sim):
    """Fill ``y_sim`` from ``start`` for ``n`` samples; return how many stayed inside ``limit``."""
    n_out, n_y = out_taps.shape[0], y.shape[1]
    h, width = last.shape[0], by_tap.shape[1]
    first_out = width - last.shape[1]
    weights, out_weights, sums = by_tap.reshape(-1), last.reshape(-1), ahead.reshape(-1)
    for m in range(n):
        k = start + m
        for t in range(n_out):
            past = k - out_taps[t, 1]
            c = out_taps[t, 0]
            x[t] = y_sim[past, c] if past >= first else y[past, c]
        at = m * width
        for i in range(0, width, VECTOR):
            add_rows(sums, at + i, x, 0, n_out, weights, i, width)
        for i in range(0, first_out, VECTOR):
            tanh_rows(sums, at + i)
        for i in range(0, width - first_out, VECTOR):
            add_rows(sums, at + first_out + i, sums, at, h, out_weights, i, width - first_out)
        good = True
        for j in range(n_y):
            before = y_sim[k - 1, j] if k > first else y[k - 1, j]
            value = before + sums[at + first_out + j]
            y_sim[k, j] = value
            good = good and abs(value) <= limit
        if not good:
            return m
    return n


@njit(cache=True, nogil=True, error_model="numpy")
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
