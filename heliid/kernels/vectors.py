"""LLVM vectors for numba: loads, stores, fused multiply-adds and the hyperbolic tangent.

Each number is one chain of operations in a fixed order, whatever the width of the processor's
registers, so the bits do not depend on it. Only building blocks live here; the loops made of them
are in ``simd`` and ``march``.
"""

from __future__ import annotations

from llvmlite import ir
from llvmlite.binding import get_host_cpu_features
from numba import types
from numba.core import cgutils

# Columns and result rows handled together, so that all sums stay in registers: 16 of 32 with
# AVX-512, 8 of 16 below (float32).
LANES, TILE = (32, 8) if get_host_cpu_features().get("avx512f") else (16, 4)

VECTOR = 8  # float64 numbers in 512 bits: hidden units, outputs or segments side by side
CHAINS = 2  # partial sums of what a step of the simulation adds up
BLOCK = 16  # samples whose sensitivities are held, in cache, before they enter the sums

LOG2_E = 1.4426950408889634
LN2_HIGH = 6.93147180369123816490e-01  # 21 trailing zero bits: n * LN2_HIGH is exact
LN2_LOW = 1.90821492927058770002e-10
ROUND = 6755399441055744.0  # 1.5 * 2**52: adding it leaves round(x) in the low bits
TANH_END = 19.0625  # tanh is 1 to the last bit from here on
EXPM1 = (
    0.5, 1.6666666666666666e-01, 4.1666666666666664e-02, 8.333333333333333e-03,
    1.3888888888888889e-03, 1.984126984126984e-04, 2.48015873015873e-05, 2.7557319223985893e-06,
    2.755731922398589e-07, 2.505210838544172e-08, 2.08767569878681e-09, 1.6059043836821613e-10,
)  # fmt: skip
"""1/2!, 1/3!, ... 1/13!"""


class Vectors:
    """Writes the code for ``lanes`` numbers of ``dtype`` side by side."""

    def __init__(self, context, builder, dtype, lanes):
        self.builder = builder
        self.lanes = lanes
        self.n_bytes = 4 if dtype == types.float32 else 8
        self.vector = ir.VectorType(context.get_value_type(dtype), lanes)
        name = f"llvm.fma.v{lanes}f{8 * self.n_bytes}"
        kind = ir.FunctionType(self.vector, [self.vector] * 3)
        self._fma = cgutils.get_or_insert_function(builder.module, kind, name)

    def _pointer(self, data, index):
        b = self.builder
        return b.bitcast(b.gep(data, [index]), self.vector.as_pointer())

    def load(self, data, index):
        """The numbers from ``index`` on."""
        return self.builder.load(self._pointer(data, index), align=self.n_bytes)

    def store(self, data, index, value):
        """Put them there."""
        self.builder.store(value, self._pointer(data, index), align=self.n_bytes)

    def spread(self, data, index):
        """The one number at ``index`` in every lane."""
        return self.copies(self.builder.load(self.builder.gep(data, [index])))

    def copies(self, one):
        """A scalar in every lane."""
        b, nothing = self.builder, ir.Constant(self.vector, ir.Undefined)
        lone = b.insert_element(nothing, one, ir.Constant(ir.IntType(32), 0))
        mask = ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), [0] * self.lanes)
        return b.shuffle_vector(lone, nothing, mask)

    def lane(self, value, k):
        """Lane ``k`` of a vector in every lane."""
        mask = ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), [k] * self.lanes)
        return self.builder.shuffle_vector(value, ir.Constant(self.vector, ir.Undefined), mask)

    def number(self, value):
        """A constant in every lane."""
        return ir.Constant(self.vector, [value] * self.lanes)

    def fma(self, a, b, c):
        """The sum a * b + c, rounded once."""
        return self.builder.call(self._fma, [a, b, c])

    def slot(self, value):
        """An accumulator on the stack that LLVM keeps in a register."""
        place = cgutils.alloca_once(self.builder, self.vector)
        self.builder.store(value, place)
        return place

    def add_to(self, slot, a, b):
        """Add a * b to an accumulator."""
        self.builder.store(self.fma(a, b, self.builder.load(slot)), slot)

    def total(self, slots):
        """The sum of two or four accumulators, pairwise."""
        values = [self.builder.load(slot) for slot in slots]
        while len(values) > 1:
            values = [
                self.builder.fadd(a, b) for a, b in zip(values[::2], values[1::2], strict=True)
            ]
        return values[0]

    def tanh(self, x):
        """The hyperbolic tangent to about 3 ulp (float64): expm1(2|x|) and one division.

        expm1(r) = r + r^2 (1/2! + r/3! + ...), Taylor to r^13: the next term is below 2^-57. By
        Estrin's scheme, since a single free run waits for this chain at every step.
        """
        b, number = self.builder, self.number
        whole = ir.VectorType(ir.IntType(64), self.lanes)

        def integer(value):
            return ir.Constant(whole, [value] * self.lanes)

        sign = b.and_(b.bitcast(x, whole), integer(-(2**63)))
        a = b.bitcast(b.and_(b.bitcast(x, whole), integer(2**63 - 1)), self.vector)
        a = b.select(b.fcmp_ordered(">", a, number(TANH_END)), number(TANH_END), a)
        a2 = b.fadd(a, a)
        shifted = self.fma(a2, number(LOG2_E), number(ROUND))
        n = b.fsub(shifted, number(ROUND))
        r = self.fma(n, number(-LN2_LOW), self.fma(n, number(-LN2_HIGH), a2))  # |r| <= ln(2)/2
        r2 = b.fmul(r, r)
        r4 = b.fmul(r2, r2)
        c = [number(value) for value in EXPM1]
        low, middle, high = (
            self.fma(self.fma(c[k + 3], r, c[k + 2]), r2, self.fma(c[k + 1], r, c[k]))
            for k in (0, 4, 8)
        )
        t = self.fma(self.fma(high, r4, middle), r4, low)
        small = self.fma(t, r2, r)
        bits = b.shl(b.add(b.bitcast(shifted, whole), integer(1023)), integer(52))
        power = b.bitcast(bits, self.vector)  # 2**n
        grown = self.fma(power, small, b.fsub(power, number(1.0)))  # expm1(2|x|)
        result = b.fdiv(grown, b.fadd(grown, number(2.0)))
        return b.bitcast(b.or_(b.bitcast(result, whole), sign), self.vector)


def chained_sums(v, starts, n, tap):
    """For each of ``starts`` its sum over ``n`` taps, in CHAINS chains that are added at the end.

    ``tap(t)`` gives what tap t is multiplied with: one value, and one per start.
    """
    b, nothing = v.builder, v.number(0.0)
    slots = [[v.slot(start)] + [v.slot(nothing) for _ in range(CHAINS - 1)] for start in starts]
    with cgutils.for_range(b, b.sdiv(n, constant(n, CHAINS))) as loop:
        first = b.mul(loop.index, constant(n, CHAINS))
        for chain in range(CHAINS):
            value, factors = tap(b.add(first, constant(n, chain)))
            for mine, factor in zip(slots, factors, strict=True):
                v.add_to(mine[chain], value, factor)
    return [v.total(mine) for mine in slots]


def data_of(context, builder, array_type, array):
    """The pointer to an array's first number; the kernels index it flat."""
    return context.make_array(array_type)(context, builder, array).data


def constant(like, value):
    """A whole number of the type of ``like``."""
    return ir.Constant(like.type, value)
