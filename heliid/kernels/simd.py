"""Five loops written in LLVM vectors, because they decide how long a fit takes.

Each output number is one chain of fused multiply-adds in a fixed order, whatever the vector width,
so the bits do not depend on the processor. Readable twins are in the tests; with the compiler
switched off the plain versions at the end of this file run instead.

Arrays are C-ordered; the number of columns of ``rows`` and ``history`` must be a multiple of LANES
(pad with zeros).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from llvmlite.binding import get_host_cpu_features
from numba import config, njit, types
from numba.core import cgutils
from numba.extending import intrinsic

# Columns and result rows handled together, so that all sums stay in registers: 16 of 32 with
# AVX-512, 8 of 16 below (float32).
LANES, TILE = (32, 8) if get_host_cpu_features().get("avx512f") else (16, 4)


VECTOR = 8  # float64 numbers in 512 bits: the width of what ``add_rows`` adds


def padded(n: int) -> int:
    """The smallest multiple of LANES that holds ``n`` columns."""
    return -(-n // LANES) * LANES


class _Vectors:
    """Writes loads, stores and fused multiply-adds of LANES numbers as several registers."""

    def __init__(self, context, builder, dtype):
        self.builder = builder
        self.scalar = context.get_value_type(dtype)
        n_bytes = 4 if dtype == types.float32 else 8
        self.n_bytes = n_bytes
        self.width = 64 // n_bytes  # lanes of one 512-bit vector
        self.n = LANES // self.width
        self.vector = ir.VectorType(self.scalar, self.width)
        name = f"llvm.fma.v{self.width}f{8 * n_bytes}"
        kind = ir.FunctionType(self.vector, [self.vector] * 3)
        self.fma_function = cgutils.get_or_insert_function(builder.module, kind, name)

    def _pointer(self, data, index, v):
        b = self.builder
        at = b.add(index, ir.Constant(index.type, v * self.width))
        return b.bitcast(b.gep(data, [at]), self.vector.as_pointer())

    def load(self, data, index):
        return [
            self.builder.load(self._pointer(data, index, v), align=self.n_bytes)
            for v in range(self.n)
        ]

    def store(self, data, index, values):
        for v, value in enumerate(values):
            self.builder.store(value, self._pointer(data, index, v), align=self.n_bytes)

    def spread(self, data, index):
        b = self.builder
        one = b.load(b.gep(data, [index]))
        zero = ir.Constant(ir.IntType(32), 0)
        lone = b.insert_element(ir.Constant(self.vector, ir.Undefined), one, zero)
        mask = ir.Constant(ir.VectorType(ir.IntType(32), self.width), [0] * self.width)
        return b.shuffle_vector(lone, ir.Constant(self.vector, ir.Undefined), mask)

    def fma(self, a, b, c):
        return self.builder.call(self.fma_function, [a, b, c])

    def slots(self, n):
        """``n`` accumulators of LANES numbers on the stack; LLVM keeps them in registers."""
        return [
            [cgutils.alloca_once(self.builder, self.vector) for _ in range(self.n)]
            for _ in range(n)
        ]


def _data(context, builder, array_type, array):
    return context.make_array(array_type)(context, builder, array).data


@intrinsic
def _gram_tile(typingctx, rows, n_rows, n_columns, i, j, gram, n_gram):  # noqa: ARG001
    """gram[i + m, j + lanes] += sum over rows of rows[r, i + m] * rows[r, j + lanes].

    m runs over TILE rows in float32, over half as many in float64.
    """
    dtype = rows.dtype
    whole = types.int64
    signature = types.void(rows, whole, whole, whole, whole, gram, whole)

    def codegen(context, builder, sig, args):
        source = _data(context, builder, sig.args[0], args[0])
        target = _data(context, builder, sig.args[5], args[5])
        n_rows_, n_columns_, i_, j_, n_gram_ = args[1], args[2], args[3], args[4], args[6]
        v = _Vectors(context, builder, dtype)
        tile = TILE if dtype == types.float32 else TILE // 2
        sums = v.slots(tile)
        places = []
        for m in range(tile):
            row = builder.add(i_, ir.Constant(i_.type, m))
            place = builder.add(builder.mul(row, n_gram_), j_)
            places.append(place)
            for slot, value in zip(sums[m], v.load(target, place), strict=True):
                builder.store(value, slot)
        with cgutils.for_range(builder, n_rows_) as loop:
            start = builder.mul(loop.index, n_columns_)
            right = v.load(source, builder.add(start, j_))
            left = builder.add(start, i_)
            for m in range(tile):
                factor = v.spread(source, builder.add(left, ir.Constant(left.type, m)))
                for slot, value in zip(sums[m], right, strict=True):
                    builder.store(v.fma(factor, value, builder.load(slot)), slot)
        for m in range(tile):
            v.store(target, places[m], [builder.load(slot) for slot in sums[m]])
        return context.get_dummy_value()

    return signature, codegen


def _combine(n_targets):
    def build(
        typingctx, history, target, offsets, n_offsets, column, gain, at_gain, stride, n_columns,  # noqa: ARG001
    ):  # fmt: skip
        dtype = history.dtype
        whole = types.int64
        signature = types.void(history, whole, offsets, whole, whole, gain, whole, whole, whole)

        def codegen(context, builder, sig, args):
            data = _data(context, builder, sig.args[0], args[0])
            places = _data(context, builder, sig.args[2], args[2])
            gains = _data(context, builder, sig.args[5], args[5])
            target_, n_offsets_, column_, at_gain_, stride_, n_columns_ = (
                args[1], args[3], args[4], args[6], args[7], args[8],
            )  # fmt: skip
            v = _Vectors(context, builder, dtype)
            sums = v.slots(n_targets)
            nothing = ir.Constant(v.vector, None)
            for row in sums:
                for slot in row:
                    builder.store(nothing, slot)
            with cgutils.for_range(builder, n_offsets_) as loop:
                place = builder.load(builder.gep(places, [loop.index]))
                values = v.load(data, builder.add(place, column_))
                for m in range(n_targets):
                    skip = builder.mul(n_offsets_, ir.Constant(n_offsets_.type, m))
                    place = builder.mul(builder.add(skip, loop.index), stride_)
                    at = builder.add(at_gain_, place)
                    factor = v.spread(gains, at)
                    for slot, value in zip(sums[m], values, strict=True):
                        builder.store(v.fma(factor, value, builder.load(slot)), slot)
            for m in range(n_targets):
                skip = builder.mul(n_columns_, ir.Constant(n_columns_.type, m))
                at = builder.add(builder.add(target_, skip), column_)
                v.store(data, at, [builder.load(slot) for slot in sums[m]])
            return context.get_dummy_value()

        return signature, codegen

    return build


@intrinsic
def _combine_one(
    typingctx, history, target, offsets, n_offsets, column, gain, at_gain, stride, n_columns
):
    """One row of ``history`` from ``target`` on: the gain-weighted sum of the rows at offsets."""
    return _combine(1)(
        typingctx, history, target, offsets, n_offsets, column, gain, at_gain, stride, n_columns
    )


@intrinsic
def _combine_four(
    typingctx, history, target, offsets, n_offsets, column, gain, at_gain, stride, n_columns
):
    """Four neighbouring rows at once."""
    return _combine(4)(
        typingctx, history, target, offsets, n_offsets, column, gain, at_gain, stride, n_columns
    )


@intrinsic
def _add_rows_vectors(typingctx, target, at, x, at_x, n, matrix, at_matrix, n_columns):  # noqa: ARG001
    """target[at + lane] += sum over t < n of x[at_x + t] * matrix[at_matrix + t n_columns + lane].

    Four chains, so that the sum does not wait for one after another.
    """
    whole = types.int64
    signature = types.void(target, whole, x, whole, whole, matrix, whole, whole)

    def codegen(context, builder, sig, args):
        data = _data(context, builder, sig.args[0], args[0])
        factors = _data(context, builder, sig.args[2], args[2])
        source = _data(context, builder, sig.args[5], args[5])
        at_, at_x_, n_, at_matrix_, n_columns_ = args[1], args[3], args[4], args[6], args[7]
        v = _Vectors(context, builder, types.float64)
        vector = ir.VectorType(v.scalar, VECTOR)

        def place(pointer, index):
            return builder.bitcast(builder.gep(pointer, [index]), vector.as_pointer())

        def term(t, slot):
            values = builder.load(
                place(source, builder.add(at_matrix_, builder.mul(t, n_columns_))), align=8
            )
            builder.store(
                v.fma(v.spread(factors, builder.add(at_x_, t)), values, builder.load(slot)), slot
            )

        slots = [cgutils.alloca_once(builder, vector) for _ in range(4)]
        builder.store(builder.load(place(data, at_), align=8), slots[0])
        for slot in slots[1:]:
            builder.store(ir.Constant(vector, None), slot)
        fours = builder.sdiv(n_, ir.Constant(n_.type, 4))
        with cgutils.for_range(builder, fours) as loop:
            first = builder.mul(loop.index, ir.Constant(n_.type, 4))
            for lane, slot in enumerate(slots):
                term(builder.add(first, ir.Constant(n_.type, lane)), slot)
        done = builder.mul(fours, ir.Constant(n_.type, 4))
        with cgutils.for_range(builder, builder.sub(n_, done)) as loop:
            term(builder.add(done, loop.index), slots[0])
        a, b, c, d = (builder.load(slot) for slot in slots)
        total = builder.fadd(builder.fadd(a, b), builder.fadd(c, d))
        builder.store(total, place(data, at_), align=8)
        return context.get_dummy_value()

    return signature, codegen


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


@intrinsic
def _tanh_vector(typingctx, target, at):  # noqa: ARG001
    """The hyperbolic tangents of VECTOR numbers in place; step by step ``narx.tanh_plain``."""
    signature = types.void(target, types.int64)

    def codegen(context, builder, sig, args):
        b = builder
        data = _data(context, b, sig.args[0], args[0])
        vector = ir.VectorType(ir.DoubleType(), VECTOR)
        whole = ir.VectorType(ir.IntType(64), VECTOR)

        def number(value):
            return ir.Constant(vector, [value] * VECTOR)

        def integer(value):
            return ir.Constant(whole, [value] * VECTOR)

        def affine(low, high, x):
            return b.fadd(low, b.fmul(x, high))

        pointer = b.bitcast(b.gep(data, [args[1]]), vector.as_pointer())
        x = b.load(pointer, align=8)
        sign = b.and_(b.bitcast(x, whole), integer(-(2**63)))
        a = b.bitcast(b.and_(b.bitcast(x, whole), integer(2**63 - 1)), vector)
        a = b.select(b.fcmp_ordered(">", a, number(TANH_END)), number(TANH_END), a)
        a2 = b.fadd(a, a)
        shifted = b.fadd(b.fmul(a2, number(LOG2_E)), number(ROUND))
        n = b.fsub(shifted, number(ROUND))
        r = b.fsub(b.fsub(a2, b.fmul(n, number(LN2_HIGH))), b.fmul(n, number(LN2_LOW)))
        r2 = b.fmul(r, r)
        r4 = b.fmul(r2, r2)
        c = [number(value) for value in EXPM1]
        low, middle, high = (
            affine(affine(c[k], c[k + 1], r), affine(c[k + 2], c[k + 3], r), r2) for k in (0, 4, 8)
        )
        t = affine(low, affine(middle, high, r4), r4)
        small = affine(r, t, r2)
        power = b.bitcast(
            b.shl(b.add(b.bitcast(shifted, whole), integer(1023)), integer(52)), vector
        )
        grown = b.fadd(b.fmul(power, small), b.fsub(power, number(1.0)))
        result = b.fdiv(grown, b.fadd(grown, number(2.0)))
        b.store(b.bitcast(b.or_(b.bitcast(result, whole), sign), vector), pointer, align=8)
        return context.get_dummy_value()

    return signature, codegen


@njit(cache=True, nogil=True, error_model="numpy")
def _add_gram_vectors(rows, n_rows, gram):
    n = rows.shape[1]
    tile = TILE if rows.itemsize == 4 else TILE // 2
    for i in range(0, n, tile):
        for j in range(0, i + tile, LANES):
            _gram_tile(rows, n_rows, n, i, j, gram, n)  # type: ignore[call-arg]


@njit(cache=True, nogil=True, error_model="numpy")
def _combine_rows_vectors(history, target, offsets, gain, at_gain, stride, n_y, n_columns):
    n_offsets = offsets.shape[0]
    for column in range(0, n_columns, LANES):
        j = 0
        while j + 4 <= n_y:
            _combine_four(  # type: ignore[call-arg]
                history, target + j * n_columns, offsets, n_offsets, column, gain,
                at_gain + j * n_offsets * stride, stride, n_columns,
            )  # fmt: skip
            j += 4
        while j < n_y:
            _combine_one(  # type: ignore[call-arg]
                history, target + j * n_columns, offsets, n_offsets, column, gain,
                at_gain + j * n_offsets * stride, stride, n_columns,
            )  # fmt: skip
            j += 1


def _add_gram_plain(rows, n_rows, gram):
    part = rows[:n_rows]
    gram += part.T @ part


def _add_rows_plain(target, at, x, at_x, n, matrix, at_matrix, n_columns):
    for t in range(n):
        place = at_matrix + t * n_columns
        target[at : at + VECTOR] += x[at_x + t] * matrix[place : place + VECTOR]


def _tanh_plain(target, at):
    target[at : at + VECTOR] = np.tanh(target[at : at + VECTOR])


def _combine_rows_plain(history, target, offsets, gain, at_gain, stride, n_y, n_columns):
    n = len(offsets)
    for j in range(n_y):
        total = np.zeros(n_columns, history.dtype)
        for t, place in enumerate(offsets):
            total += gain[at_gain + (j * n + t) * stride] * history[place : place + n_columns]
        history[target + j * n_columns : target + (j + 1) * n_columns] = total


_plain = bool(getattr(config, "DISABLE_JIT", 0))

add_rows: Any = _add_rows_plain if _plain else _add_rows_vectors
"""``add_rows(target, at, x, at_x, n, matrix, at_matrix, n_columns)``, all float64 and flat.

Adds to the VECTOR numbers of ``target`` from ``at`` the rows of ``matrix`` weighted with the
``n`` numbers of ``x`` from ``at_x``; row t starts at ``at_matrix + t n_columns``.
"""

tanh_rows: Any = _tanh_plain if _plain else _tanh_vector
"""``tanh_rows(target, at)``: the hyperbolic tangents of VECTOR numbers from ``at``, in place."""

add_gram_padded = _add_gram_plain if _plain else _add_gram_vectors
"""``add_gram_padded(rows, n_rows, gram)``: add rows'rows to the lower triangle of ``gram``.

rows (M, P) and gram (P, P) of one float dtype, P a multiple of LANES; what it leaves above the
diagonal is meaningless.
"""

combine_rows = _combine_rows_plain if _plain else _combine_rows_vectors
"""``combine_rows(history, target, offsets, gain, at_gain, stride, n_y, n_columns)``.

All arrays flat. Rows of ``n_columns`` numbers start at ``offsets`` (n,) in ``history``; row j of
``n_y`` new ones, at ``target + j n_columns``, becomes the sum of those rows weighted with
``gain[at_gain + (j n + i) stride]``, i = 0..n-1.
"""
