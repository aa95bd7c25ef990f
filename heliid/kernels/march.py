"""One time step of the network in LLVM vectors, for one segment alone.

The lanes of a vector are hidden units or outputs. Of every sum

    bias + inputs          known ahead of the recursion
    + outputs of lag > 1   known at least one step ahead
    + outputs of lag 1     what the step waits for

each part and that of tanh(hidden) in the outputs is two chains of fused multiply-adds, for even and
odd taps. Taps and units come in pairs; what fills them up has weight 0. ``lanes`` adds in the same
order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import config, njit, types
from numba.extending import intrinsic

from heliid.kernels.vectors import CHAINS, VECTOR, Vectors, chained_sums, constant, data_of


def _unit_step(is_hidden, n_vectors=1):
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

            shifts = [constant(at_, k * VECTOR) for k in range(n_vectors)]

            def tap(t):
                number = b.add(first_, t)
                place = b.add(at_x_, b.load(b.gep(places, [number])))
                row = b.add(b.mul(number, n_columns_), column_)
                return v.spread(line, place), [v.load(source, b.add(row, one)) for one in shifts]

            starts = [v.load(data, b.add(at_, one)) for one in shifts]
            for one, total in zip(shifts, chained_sums(v, starts, n_, tap), strict=True):
                v.store(data, b.add(at_, one), v.tanh(total) if is_hidden else total)
            return context.get_dummy_value()

        return signature, codegen

    return build


@intrinsic
def _add_taps_vectors(
    typingctx, sums, at, x, at_x, offsets, first, n, matrix, n_columns, column
):  # fmt: skip
    return _unit_step(False)(
        typingctx, sums, at, x, at_x, offsets, first, n, matrix, n_columns, column
    )


@intrinsic
def _add_taps_pair(typingctx, sums, at, x, at_x, offsets, first, n, matrix, n_columns, column):
    return _unit_step(False, 2)(
        typingctx, sums, at, x, at_x, offsets, first, n, matrix, n_columns, column
    )


@intrinsic
def _copy_vector(typingctx, target, at, source, at_source):  # noqa: ARG001
    whole = types.int64
    signature = types.void(target, whole, source, whole)

    def codegen(context, builder, sig, args):
        data, values = (data_of(context, builder, sig.args[k], args[k]) for k in (0, 2))
        v = Vectors(context, builder, types.float64, VECTOR)
        v.store(data, args[1], v.load(values, args[3]))
        return context.get_dummy_value()

    return signature, codegen


@njit(cache=True, nogil=True, error_model="numpy")
def _copy_numbers_vectors(target, at, source, at_source, n):
    for i in range(0, n, VECTOR):
        _copy_vector(target, at + i, source, at_source + i)  # type: ignore[call-arg]


@njit(cache=True, nogil=True, error_model="numpy")
def _add_all_taps_vectors(sums, at, x, at_x, offsets, first, n, matrix, n_columns):
    i = 0
    while i + 2 * VECTOR <= n_columns:
        _add_taps_pair(sums, at + i, x, at_x, offsets, first, n, matrix, n_columns, i)  # type: ignore[call-arg]
        i += 2 * VECTOR
    if i < n_columns:
        _add_taps_vectors(sums, at + i, x, at_x, offsets, first, n, matrix, n_columns, i)  # type: ignore[call-arg]


@intrinsic
def _step_at_once_vectors(
    typingctx, line, at, sums, at_sums, offsets, first, n, matrix, last  # noqa: ARG001
):  # fmt: skip
    whole = types.int64
    signature = types.void(line, whole, sums, whole, offsets, whole, whole, matrix, last)

    def codegen(context, builder, sig, args):
        b = builder
        data, source, places, weights, out_weights = (
            data_of(context, b, sig.args[k], args[k]) for k in (0, 2, 4, 7, 8)
        )
        at_, at_sums_, first_, n_ = (args[k] for k in (1, 3, 5, 6))
        v = Vectors(context, b, types.float64, VECTOR)
        shifts = [constant(at_, k * VECTOR) for k in range(2)]

        def tap(t):
            number = b.add(first_, t)
            place = b.add(at_, b.load(b.gep(places, [number])))
            row = b.mul(number, constant(number, 2 * VECTOR))
            return v.spread(data, place), [v.load(weights, b.add(row, one)) for one in shifts]

        starts = [v.load(source, b.add(at_sums_, one)) for one in shifts]
        hidden, out = chained_sums(v, starts, n_, tap)
        z = v.tanh(hidden)
        before = v.load(data, b.sub(at_, constant(at_, VECTOR)))
        chains = [b.fadd(before, out)] + [v.number(0.0) for _ in range(CHAINS - 1)]
        for i in range(VECTOR):
            row = v.load(out_weights, constant(at_, i * VECTOR))
            chains[i % CHAINS] = v.fma(v.lane(z, i), row, chains[i % CHAINS])
        v.store(data, at_, b.fadd(*chains))
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def _activate_vectors(
    typingctx, sums, at, x, at_x, offsets, first, n, matrix, n_columns, column
):  # fmt: skip
    return _unit_step(True)(
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

        (total,) = chained_sums(v, [start], h_, tap)
        v.store(data, at_, total)
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


def _step_at_once_plain(line, at, sums, at_sums, offsets, first, n, matrix, last):
    columns = 2 * VECTOR
    _activate_plain(sums, at_sums, line, at, offsets, first, n, matrix, columns, 0)
    out = at_sums + VECTOR
    _add_taps_plain(sums, out, line, at, offsets, first, n, matrix, columns, VECTOR)
    _step_outputs_plain(line, at, VECTOR, sums, out, at_sums, VECTOR, last, 0)


def _add_all_taps_plain(sums, at, x, at_x, offsets, first, n, matrix, n_columns):
    for i in range(0, n_columns, VECTOR):
        _add_taps_plain(sums, at + i, x, at_x, offsets, first, n, matrix, n_columns, i)


def _copy_numbers_plain(target, at, source, at_source, n):
    target[at : at + n] = source[at_source : at_source + n]


_plain = bool(getattr(config, "DISABLE_JIT", 0))

add_taps: Any = _add_all_taps_plain if _plain else _add_all_taps_vectors
"""``add_taps(sums, at, x, at_x, offsets, first, n, matrix, n_columns)``.

Adds to the ``n_columns`` numbers of ``sums`` from ``at`` the numbers ``x[at_x + offsets[t]]``
times row t of ``matrix``, t = first .. first + n - 1; ``n`` is a multiple of CHAINS, ``n_columns``
of VECTOR.
"""

copy_numbers: Any = _copy_numbers_plain if _plain else _copy_numbers_vectors
"""``copy_numbers(target, at, source, at_source, n)``: ``n`` is a multiple of VECTOR."""

add_newest: Any = _add_taps_plain if _plain else _add_taps_vectors
"""``add_newest(sums, at, x, at_x, offsets, first, n, matrix, n_columns, column)``.

As ``add_taps`` for VECTOR columns from ``column`` on, ``n`` is even.
"""

activate: Any = _activate_plain if _plain else _activate_vectors
"""As ``add_newest``, and then the hyperbolic tangent."""

tanh_rows: Any = _tanh_plain if _plain else _tanh_vectors
"""``tanh_rows(sums, at)``: the hyperbolic tangents of VECTOR numbers from ``at``, in place."""

step_at_once: Any = _step_at_once_plain if _plain else _step_at_once_vectors
"""``step_at_once(line, at, sums, at_sums, offsets, first, n, matrix, last)``.

``add_newest``, ``activate`` and ``step_outputs`` without leaving the registers, for at most VECTOR
units and outputs; ``matrix`` (., 2 VECTOR), ``last`` (VECTOR, VECTOR).
"""

step_outputs: Any = _step_outputs_plain if _plain else _step_outputs_vectors
"""``step_outputs(line, at, n_wide, sums, at_out, at_z, h, matrix, column)``.

VECTOR outputs of ``line`` from ``at``: those ``n_wide`` numbers before, plus ``sums`` from
``at_out``, plus the ``h`` units from ``at_z`` times rows of ``matrix`` (h, n_wide).
"""
