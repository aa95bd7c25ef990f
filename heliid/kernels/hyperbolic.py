"""The hyperbolic tangent in plain arithmetic: the same bits on every processor."""

from __future__ import annotations

import numpy as np
from numba import config, njit, types
from numba.extending import intrinsic

from heliid.kernels.vectors import LN2_HIGH, LN2_LOW, LOG2_E, ROUND, TANH_END

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
