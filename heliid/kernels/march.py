"""One time step of the network in LLVM vectors: one segment alone, or eight segments side by side.

Alone, the lanes of a vector are hidden units or outputs, and a step waits for the one before;
side by side they are segments, and eight steps cost about as much as three alone. Both add in the
same order, so a segment's numbers do not depend on its company. Of every sum

    bias + inputs        four chains          known ahead of the recursion
    + outputs of lag > 1 four chains          known at least one step ahead
    + outputs of lag 1   two chains           what the step waits for

and tanh(hidden) enters the outputs in four chains. Taps come in whole groups of four, four and two;
what fills them up has weight 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite.binding import get_host_cpu_features
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic

from heliid.kernels.vectors import VECTOR, Vectors, constant, data_of

UNITS = 4 if get_host_cpu_features().get("avx512f") else 1  # side by side in registers
CHAINS = 4


def _sums(v, b, starts, n, chains, tap):
    """Accumulators: for each of ``starts`` ``chains`` chains over ``n`` taps, pairwise added.

    ``tap(t)`` gives what tap t is multiplied with: one value, and one per start.
    """
    nothing = v.number(0.0)
    slots = [[v.slot(start)] + [v.slot(nothing) for _ in range(chains - 1)] for start in starts]
    groups = b.sdiv(n, constant(n, chains))
    with cgutils.for_range(b, groups) as loop:
        first = b.mul(loop.index, constant(n, chains))
        for chain in range(chains):
            value, factors = tap(b.add(first, constant(n, chain)))
            for mine, factor in zip(slots, factors, strict=True):
                v.add_to(mine[chain], value, factor)
    return [v.total(mine) for mine in slots]


def _unit_step(chains, is_hidden):
    def build(typingctx, sums, at, x, at_x, offsets, first, n, matrix, n_columns, column):  # noqa: ARG001
        whole = types.int64
        signature = types.void(sums, whole, x, whole, offsets, whole, whole, matrix, whole, whole)

        def codegen(context, builder, sig, args):
            b = builder
            data, line, places, source = (
                data_of(context, b, sig.args[k], args[k]) for k in (0, 2, 4, 7)
            )
            at_, at_x_, first_, n_, n_columns_, column_ = (args[k] for k in (1, 3, 5, 6, 8, 9))
            v = Vectors(context, b, types.float64, VECTOR)

            def tap(t):
                number = b.add(first_, t)
                place = b.add(at_x_, b.load(b.gep(places, [number])))
                row = b.add(b.mul(number, n_columns_), column_)
                return v.spread(line, place), [v.load(source, row)]

            (total,) = _sums(v, b, [v.load(data, at_)], n_, chains, tap)
            v.store(data, at_, v.tanh(total) if is_hidden else total)
            return context.get_dummy_value()

        return signature, codegen

    return build


@intrinsic
def _add_taps_vectors(
    typingctx, sums, at, x, at_x, offsets, first, n, matrix, n_columns, column
):  # fmt: skip
    return _unit_step(CHAINS, False)(
        typingctx, sums, at, x, at_x, offsets, first, n, matrix, n_columns, column
    )


@intrinsic
def _add_newest_vectors(
    typingctx, sums, at, x, at_x, offsets, first, n, matrix, n_columns, column
):  # fmt: skip
    return _unit_step(2, False)(
        typingctx, sums, at, x, at_x, offsets, first, n, matrix, n_columns, column
    )


@intrinsic
def _activate_vectors(
    typingctx, sums, at, x, at_x, offsets, first, n, matrix, n_columns, column
):  # fmt: skip
    return _unit_step(2, True)(
        typingctx, sums, at, x, at_x, offsets, first, n, matrix, n_columns, column
    )


@intrinsic
def _step_outputs_vectors(
    typingctx, line, at, n_wide, sums, at_out, at_z, h, matrix, column  # noqa: ARG001
):  # fmt: skip
    whole = types.int64
    signature = types.void(line, whole, whole, sums, whole, whole, whole, matrix, whole)

    def codegen(context, builder, sig, args):
        b = builder
        data, source, weights = (data_of(context, b, sig.args[k], args[k]) for k in (0, 3, 7))
        at_, n_wide_, at_out_, at_z_, h_, column_ = (args[k] for k in (1, 2, 4, 5, 6, 8))
        v = Vectors(context, b, types.float64, VECTOR)
        before = v.load(data, b.sub(at_, n_wide_))
        start = b.fadd(before, v.load(source, at_out_))

        def tap(t):
            row = b.add(b.mul(t, n_wide_), column_)
            return v.spread(source, b.add(at_z_, t)), [v.load(weights, row)]

        (total,) = _sums(v, b, [start], h_, CHAINS, tap)
        v.store(data, at_, total)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def _side_by_side(
    typingctx, sums, at, u, at_u, y, at_y, offsets, counts, matrix, n_columns, column  # noqa: ARG001
):  # fmt: skip
    """The sums of UNITS units from ``column`` on, VECTOR segments each."""
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
        columns = [b.add(column_, constant(column_, m)) for m in range(UNITS)]

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
        totals = _sums(v, b, totals, n_in, CHAINS, reader(inputs, at_u_, nothing))
        totals = _sums(v, b, totals, n_old, CHAINS, reader(outputs, at_y_, n_in))
        totals = _sums(v, b, totals, n_new, 2, reader(outputs, at_y_, b.add(n_in, n_old)))
        for m, total in enumerate(totals):
            v.store(data, b.add(at_, constant(at_, m * VECTOR)), total)
        return context.get_dummy_value()

    return signature, codegen


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

        totals = _sums(v, b, starts, h_, CHAINS, tap)
        for one, total in zip(shifts, totals, strict=True):
            v.store(data, b.add(at_, one), total)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def _tanh_vectors(typingctx, sums, at):  # noqa: ARG001
    signature = types.void(sums, types.int64)

    def codegen(context, builder, sig, args):
        data = data_of(context, builder, sig.args[0], args[0])
        v = Vectors(context, builder, types.float64, VECTOR)
        v.store(data, args[1], v.tanh(v.load(data, args[1])))
        return context.get_dummy_value()

    return signature, codegen


def _add_taps_plain(sums, at, x, at_x, offsets, first, n, matrix, n_columns, column):
    for t in range(first, first + n):
        row = t * n_columns + column
        sums[at : at + VECTOR] += x[at_x + offsets[t]] * matrix[row : row + VECTOR]


def _activate_plain(sums, at, x, at_x, offsets, first, n, matrix, n_columns, column):
    _add_taps_plain(sums, at, x, at_x, offsets, first, n, matrix, n_columns, column)
    _tanh_plain(sums, at)


def _tanh_plain(sums, at):
    sums[at : at + VECTOR] = np.tanh(sums[at : at + VECTOR])


def _step_outputs_plain(line, at, n_wide, sums, at_out, at_z, h, matrix, column):
    total = line[at - n_wide : at - n_wide + VECTOR] + sums[at_out : at_out + VECTOR]
    for t in range(h):
        row = t * n_wide + column
        total = total + sums[at_z + t] * matrix[row : row + VECTOR]
    line[at : at + VECTOR] = total


def _side_by_side_plain(sums, at, u, at_u, y, at_y, offsets, counts, matrix, n_columns, column):
    n_in, n = counts[0], counts.sum()
    for m in range(UNITS):
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


_plain = bool(getattr(config, "DISABLE_JIT", 0))

add_taps: Any = _add_taps_plain if _plain else _add_taps_vectors
"""``add_taps(sums, at, x, at_x, offsets, first, n, matrix, n_columns, column)``.

Adds to the VECTOR numbers of ``sums`` from ``at`` the numbers ``x[at_x + offsets[t]]`` times
VECTOR columns of row t of ``matrix``, t = first .. first + n - 1; ``n`` a multiple of CHAINS.
"""

add_newest: Any = _add_taps_plain if _plain else _add_newest_vectors
"""As ``add_taps`` in two chains, for taps of lag 1; ``n`` is even."""

activate: Any = _activate_plain if _plain else _activate_vectors
"""As ``add_newest``, and then the hyperbolic tangent."""

tanh_rows: Any = _tanh_plain if _plain else _tanh_vectors
"""``tanh_rows(sums, at)``: the hyperbolic tangents of VECTOR numbers from ``at``, in place."""

step_outputs: Any = _step_outputs_plain if _plain else _step_outputs_vectors
"""``step_outputs(line, at, n_wide, sums, at_out, at_z, h, matrix, column)``.

VECTOR outputs of ``line`` from ``at``: those ``n_wide`` numbers before, plus ``sums`` from
``at_out``, plus the ``h`` units from ``at_z`` times rows of ``matrix`` (h, n_wide).
"""

side_by_side: Any = _side_by_side_plain if _plain else _side_by_side
"""``side_by_side(sums, at, u, at_u, y, at_y, offsets, counts, matrix, n_columns, column)``.

The sums of UNITS units for VECTOR segments: bias (last row of ``matrix``), inputs and both kinds
of outputs, ``counts`` (3,) of each; unit m of segment s goes to ``at + m VECTOR + s``.
"""

outputs_side_by_side: Any = _outputs_side_by_side_plain if _plain else _outputs_side_by_side
"""As ``step_outputs`` for UNITS outputs of VECTOR segments; ``matrix`` (h, n_columns)."""
