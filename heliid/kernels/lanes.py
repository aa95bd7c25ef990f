"""One time step of the network in LLVM vectors, for eight segments side by side.

The lanes of a vector are segments: eight steps cost about as much as three alone. Sums are added in
the order of ``march``, so a segment's numbers do not depend on its company.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from llvmlite.binding import get_host_cpu_features
from numba import config, njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from heliid.kernels.vectors import VECTOR, Vectors, chained_sums, constant, data_of

UNITS = 4 if get_host_cpu_features().get("avx512f") else 2  # side by side in registers
FOUR = 4  # outputs whose samples leave the lanes together


@intrinsic
def _copy_grid_vectors(
    typingctx, target, at, row_step, step, source, at_source, source_row, source_step, n_rows, n  # noqa: ARG001
):  # fmt: skip
    whole = types.int64
    signature = types.void(target, whole, whole, whole, source, whole, whole, whole, whole, whole)

    def codegen(context, builder, sig, args):
        b = builder
        data, values = (data_of(context, b, sig.args[k], args[k]) for k in (0, 4))
        at_, row_step_, step_, at_source_, source_row_, source_step_ = (
            args[k] for k in (1, 2, 3, 5, 6, 7)
        )
        with cgutils.for_range(b, args[9]) as outer:
            to = b.add(at_, b.mul(outer.index, step_))
            place = b.add(at_source_, b.mul(outer.index, source_step_))
            with cgutils.for_range(b, args[8]) as rows:
                one = b.load(b.gep(values, [b.add(place, b.mul(rows.index, source_row_))]))
                b.store(one, b.gep(data, [b.add(to, b.mul(rows.index, row_step_))]))
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def _hand_out_vectors(typingctx, out, bases, lines, at, row_step, n):  # noqa: ARG001
    whole = types.int64
    signature = types.void(out, bases, lines, whole, whole, whole)

    def codegen(context, builder, sig, args):
        b = builder
        data, starts, values = (data_of(context, b, sig.args[k], args[k]) for k in (0, 1, 2))
        v, four = (Vectors(context, b, types.float64, k) for k in (VECTOR, FOUR))
        places = [b.load(b.gep(starts, [constant(args[3], k)])) for k in range(VECTOR)]

        def mix(left, right, numbers):
            kind = ir.VectorType(ir.IntType(32), len(numbers))
            return b.shuffle_vector(left, right, ir.Constant(kind, numbers))

        with cgutils.for_range(b, args[5]) as loop:
            row = b.add(args[3], b.mul(loop.index, args[4]))
            shift = b.mul(loop.index, constant(row, FOUR))
            rows = [v.load(values, b.add(row, constant(row, k * VECTOR))) for k in range(FOUR)]
            for odd in range(2):  # a transposition by pairs, then by pairs of pairs
                pairs = [odd + k + extra for k in range(0, VECTOR, 2) for extra in (0, VECTOR)]
                low, high = mix(rows[0], rows[1], pairs), mix(rows[2], rows[3], pairs)
                for lane in range(odd, VECTOR, 2):
                    k = lane - odd
                    one = mix(low, high, [k, k + 1, VECTOR + k, VECTOR + k + 1])
                    four.store(data, b.add(places[lane], shift), one)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def _lanes_beyond_vectors(typingctx, lines, at, n, limit):  # noqa: ARG001
    whole = types.int64
    signature = whole(lines, whole, whole, types.float64)

    def codegen(context, builder, sig, args):
        b = builder
        data = data_of(context, b, sig.args[0], args[0])
        v = Vectors(context, b, types.float64, VECTOR)
        flags = ir.VectorType(ir.IntType(1), VECTOR)
        seen = cgutils.alloca_once(b, flags)
        b.store(ir.Constant(flags, [0] * VECTOR), seen)
        high, low = v.copies(args[3]), v.copies(b.fneg(args[3]))
        with cgutils.for_range(b, args[2]) as loop:
            x = v.load(data, b.add(args[1], b.mul(loop.index, constant(args[1], VECTOR))))
            bad = b.or_(b.fcmp_unordered(">", x, high), b.fcmp_unordered("<", x, low))
            b.store(b.or_(b.load(seen), bad), seen)
        return b.zext(b.bitcast(b.load(seen), ir.IntType(VECTOR)), ir.IntType(64))

    return signature, codegen


def _abreast(n_units, sums, u, y, offsets, counts, matrix):
    """The sums of ``n_units`` units, VECTOR segments each; see ``side_by_side``."""
    whole = types.int64
    signature = types.void(sums, whole, u, whole, y, whole, offsets, counts, matrix, whole, whole)

    def codegen(context, builder, sig, args):
        b = builder
        data, inputs, outputs, places, numbers, weights = (
            data_of(context, b, sig.args[k], args[k]) for k in (0, 2, 4, 6, 7, 8)
        )
        at_, at_u_, at_y_, n_columns_, column_ = (args[k] for k in (1, 3, 5, 9, 10))
        v = Vectors(context, b, types.float64, VECTOR)
        n_in, n_old, n_new = (b.load(b.gep(numbers, [constant(at_, k)])) for k in range(3))
        columns = [b.add(column_, constant(column_, m)) for m in range(n_units)]

        def weights_of(number):
            row = b.mul(number, n_columns_)
            return [v.spread(weights, b.add(row, one)) for one in columns]

        def reader(line, origin, shift):
            def tap(t):
                number = b.add(shift, t)
                place = b.add(origin, b.load(b.gep(places, [number])))
                return v.load(line, place), weights_of(number)

            return tap

        nothing = constant(at_, 0)
        last = b.add(b.add(n_in, n_old), n_new)
        totals = weights_of(last)  # the biases
        totals = chained_sums(v, totals, n_in, reader(inputs, at_u_, nothing))
        totals = chained_sums(v, totals, n_old, reader(outputs, at_y_, n_in))
        totals = chained_sums(v, totals, n_new, reader(outputs, at_y_, b.add(n_in, n_old)))
        for m, total in enumerate(totals):
            v.store(data, b.add(at_, constant(at_, m * VECTOR)), total)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def _few_side_by_side(
    typingctx, sums, at, u, at_u, y, at_y, offsets, counts, matrix, n_columns, column  # noqa: ARG001
):  # fmt: skip
    return _abreast(UNITS, sums, u, y, offsets, counts, matrix)


@intrinsic
def _many_side_by_side(
    typingctx, sums, at, u, at_u, y, at_y, offsets, counts, matrix, n_columns, column  # noqa: ARG001
):  # fmt: skip
    return _abreast(2 * UNITS, sums, u, y, offsets, counts, matrix)


@njit(cache=True, nogil=True, error_model="numpy")
def _side_by_side_vectors(
    sums, at, u, at_u, y, at_y, offsets, counts, matrix, n_columns, column, n_units
):  # fmt: skip
    i = 0
    while i < n_units:
        place, here = at + i * VECTOR, column + i
        if n_units - i > UNITS:
            _many_side_by_side(  # type: ignore[call-arg]
                sums, place, u, at_u, y, at_y, offsets, counts, matrix, n_columns, here
            )
            i += 2 * UNITS
        else:
            _few_side_by_side(  # type: ignore[call-arg]
                sums, place, u, at_u, y, at_y, offsets, counts, matrix, n_columns, here
            )
            i += UNITS


@intrinsic
def _outputs_side_by_side(
    typingctx, line, at, n_wide, sums, at_out, at_z, h, matrix, n_columns, column  # noqa: ARG001
):  # fmt: skip
    whole = types.int64
    signature = types.void(line, whole, whole, sums, whole, whole, whole, matrix, whole, whole)

    def codegen(context, builder, sig, args):
        b = builder
        data, source, weights = (data_of(context, b, sig.args[k], args[k]) for k in (0, 3, 7))
        at_, n_wide_, at_out_, at_z_, h_, n_columns_, column_ = (
            args[k] for k in (1, 2, 4, 5, 6, 8, 9)
        )
        v = Vectors(context, b, types.float64, VECTOR)
        shifts = [constant(at_, m * VECTOR) for m in range(UNITS)]
        columns = [b.add(column_, constant(column_, m)) for m in range(UNITS)]
        before = b.sub(at_, n_wide_)
        starts = [
            b.fadd(v.load(data, b.add(before, one)), v.load(source, b.add(at_out_, one)))
            for one in shifts
        ]

        def tap(t):
            row = b.mul(t, n_columns_)
            place = b.add(at_z_, b.mul(t, constant(t, VECTOR)))
            return v.load(source, place), [v.spread(weights, b.add(row, c)) for c in columns]

        totals = chained_sums(v, starts, h_, tap)
        for one, total in zip(shifts, totals, strict=True):
            v.store(data, b.add(at_, one), total)
        return context.get_dummy_value()

    return signature, codegen


def _side_by_side_plain(
    sums, at, u, at_u, y, at_y, offsets, counts, matrix, n_columns, column, n_units
):  # fmt: skip
    n_in, n = counts[0], counts.sum()
    for m in range(n_units):
        total = np.full(VECTOR, matrix[n * n_columns + column + m])
        for t in range(n):
            line, origin = (u, at_u) if t < n_in else (y, at_y)
            place = origin + offsets[t]
            total += matrix[t * n_columns + column + m] * line[place : place + VECTOR]
        sums[at + m * VECTOR : at + (m + 1) * VECTOR] = total


def _outputs_side_by_side_plain(
    line, at, n_wide, sums, at_out, at_z, h, matrix, n_columns, column
):  # fmt: skip
    for m in range(UNITS):
        here, out = at + m * VECTOR, at_out + m * VECTOR
        total = line[here - n_wide : here - n_wide + VECTOR] + sums[out : out + VECTOR]
        for t in range(h):
            z = at_z + t * VECTOR
            total = total + matrix[t * n_columns + column + m] * sums[z : z + VECTOR]
        line[here : here + VECTOR] = total


def _copy_grid_plain(
    target, at, row_step, step, source, at_source, source_row, source_step, n_rows, n
):  # fmt: skip
    for r in range(n_rows):
        for c in range(n):
            one = source[at_source + r * source_row + c * source_step]
            target[at + r * row_step + c * step] = one


def _hand_out_plain(out, bases, lines, at, row_step, n):
    for lane in range(VECTOR):
        _copy_grid_plain(out, bases[lane], FOUR, 1, lines, at + lane, row_step, VECTOR, n, FOUR)


def _lanes_beyond_plain(lines, at, n, limit):
    rows = lines[at : at + n * VECTOR].reshape(n, VECTOR)
    bad = ~(np.abs(rows) <= limit).all(axis=0)
    return int((bad * 2 ** np.arange(VECTOR)).sum())


_plain = bool(getattr(config, "DISABLE_JIT", 0))

copy_grid: Any = _copy_grid_plain if _plain else _copy_grid_vectors
"""``copy_grid(target, at, row_step, step, source, at_source, source_row, source_step, n_rows, n)``.

Copies ``n_rows`` rows of ``n`` numbers between arrays of other spacing.
"""

hand_out: Any = _hand_out_plain if _plain else _hand_out_vectors
"""``hand_out(out, bases, lines, at, row_step, n)``: ``n`` samples of FOUR outputs to all lanes.

Lane s of ``lines`` goes to ``out`` from ``bases[s]`` on.
"""

lanes_beyond: Any = _lanes_beyond_plain if _plain else _lanes_beyond_vectors
"""``lanes_beyond(lines, at, n, limit)``: a bit for each lane that left +-limit in ``n`` VECTORs.

No number counts as outside.
"""

side_by_side: Any = _side_by_side_plain if _plain else _side_by_side_vectors
"""``side_by_side(sums, at, u, at_u, y, at_y, offsets, counts, matrix, n_columns, column, n)``.

The sums of ``n`` units, and of what fills up UNITS, for VECTOR segments: bias (last row of
``matrix``), inputs and both kinds of outputs, ``counts`` (3,) of each; unit m of segment s goes to
``at + m VECTOR + s``.
"""

outputs_side_by_side: Any = _outputs_side_by_side_plain if _plain else _outputs_side_by_side
"""As ``step_outputs`` for UNITS outputs of VECTOR segments; ``matrix`` (h, n_columns)."""
