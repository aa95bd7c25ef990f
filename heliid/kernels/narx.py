"""The one simulation kernel: one-step, multi-step and free run over a list of segments.

A segment is (first sample, length) in arrays that hold all records end to end. Inside a segment
the model feeds on its own outputs; before its first sample it sees the measured ones. Segments of
length 1 are one-step prediction, one segment per record is the free run, anything between is
multiple shooting with measured nodes. The caller places segments so that no lag reaches into
another record.

Everything is plain arithmetic: no BLAS, no libm, no contraction, so the same numbers come out bit
for bit on every processor that keeps IEEE 754.
"""

from __future__ import annotations

import numpy as np
from numba import config, njit, types
from numba.extending import intrinsic

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


LOG2_E = 1.4426950408889634
LN2_HIGH = 6.93147180369123816490e-01  # 21 trailing zero bits: n * LN2_HIGH is exact
LN2_LOW = 1.90821492927058770002e-10
ROUND = 6755399441055744.0  # 1.5 * 2**52: adding it leaves round(x) in the low bits
TANH_END = 19.0625  # tanh is 1 to the last bit from here on


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
    # expm1(r) = r + r^2 (1/2! + r/3! + ...), Taylor to r^13: the next term is below 2^-57
    t = 1.6059043836821613e-10
    t = t * r + 2.08767569878681e-09
    t = t * r + 2.505210838544172e-08
    t = t * r + 2.755731922398589e-07
    t = t * r + 2.7557319223985893e-06
    t = t * r + 2.48015873015873e-05
    t = t * r + 1.984126984126984e-04
    t = t * r + 1.3888888888888889e-03
    t = t * r + 8.333333333333333e-03
    t = t * r + 4.1666666666666664e-02
    t = t * r + 1.6666666666666666e-01
    t = t * r + 0.5
    small = r + r * r * t
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
def run_segments(  # noqa: C901
    u, y, segments, out_taps, in_taps, w_hid, b_hid, w_out, linear, bias, step, limit, y_sim, alive
):
    """Fill ``y_sim`` (N, ny) on every segment; return how many segments diverged.

    u (N, nu), y (N, ny): scaled, all records end to end. segments (n, 2): first sample, length.
    out_taps, in_taps (n, 2): channel, lag. step (ny,): ``Scaling.increment_std``. limit: standard
    deviations beyond which a run has diverged. alive (n,): samples survived in each segment; the
    rest of a diverged segment holds the last good sample, so that nothing is ever NaN.
    """
    n_y = y.shape[1]
    n_hidden = w_hid.shape[0]
    n_out = out_taps.shape[0]
    n_in = in_taps.shape[0]
    by_tap = np.ascontiguousarray(w_hid.T)  # (n_phi, h): the inner loops run over units
    lin_tap = np.ascontiguousarray(linear.T)
    z = np.empty(n_hidden)
    new = np.empty(n_y)
    n_diverged = 0
    for s in range(segments.shape[0]):
        first = segments[s, 0]
        last = first + segments[s, 1]
        alive[s] = segments[s, 1]
        for k in range(first, last):
            for i in range(n_hidden):
                z[i] = b_hid[i]
            for j in range(n_y):
                new[j] = bias[j]
            for t in range(n_in):
                value = u[k - in_taps[t, 1], in_taps[t, 0]]
                for i in range(n_hidden):
                    z[i] += by_tap[n_out + t, i] * value
                for j in range(n_y):
                    new[j] += lin_tap[n_out + t, j] * value
            for t in range(n_out):
                past = k - out_taps[t, 1]
                c = out_taps[t, 0]
                value = y_sim[past, c] if past >= first else y[past, c]
                for i in range(n_hidden):
                    z[i] += by_tap[t, i] * value
                for j in range(n_y):
                    new[j] += lin_tap[t, j] * value
            for i in range(n_hidden):
                z[i] = tanh_plain(z[i])
            good = True
            for j in range(n_y):
                total = 0.0
                for i in range(n_hidden):
                    total += w_out[j, i] * z[i]
                before = y_sim[k - 1, j] if k > first else y[k - 1, j]
                new[j] = before + step[j] * total + new[j]
                if not abs(new[j]) <= limit:
                    good = False
            if good:
                for j in range(n_y):
                    y_sim[k, j] = new[j]
                continue
            alive[s] = k - first
            n_diverged += 1
            for rest in range(k, last):
                for j in range(n_y):
                    y_sim[rest, j] = y_sim[k - 1, j] if k > first else y[k - 1, j]
            break
    return n_diverged


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
