"""Sums of rows and of products of rows in LLVM vectors: they decide how long a fit takes.

Each output number is one chain of fused multiply-adds in a fixed order, whatever the vector width,
so the bits do not depend on the processor. Readable twins are in the tests; with the compiler
switched off the plain versions at the end of this file run instead.

Arrays are C-ordered, of one float type, and flat: a place is an index into all of it.
"""

from __future__ import annotations

from typing import Any

from numba import config, njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from heliid.kernels.vectors import BLOCK, LANES, TILE, VECTOR, Vectors, constant, data_of


def padded(n: int) -> int:
    """The smallest multiple of LANES that holds ``n`` columns."""
    return -(-n // LANES) * LANES


def _tile(lanes, is_added, rows_kind):
    """target[i + m, j + lane] +- sum over rows r of rows[r, i + m] * rows[r, j + lane].

    Row r starts at ``start + r n_columns``; m runs over TILE rows in float32, half in float64.
    """
    whole = types.int64
    signature = types.void(rows_kind, whole, whole, whole, whole, whole, rows_kind, whole)

    def codegen(context, builder, sig, args):
        b = builder
        source = data_of(context, b, sig.args[0], args[0])
        target = data_of(context, b, sig.args[6], args[6])
        start, n_rows, n_columns, i, j, n_target = (args[k] for k in (1, 2, 3, 4, 5, 7))
        v = Vectors(context, b, rows_kind.dtype, lanes)
        size = TILE if rows_kind.dtype == types.float32 else TILE // 2
        places = [b.add(b.mul(b.add(i, constant(i, m)), n_target), j) for m in range(size)]
        sums = [v.slot(v.load(target, place)) for place in places]
        with cgutils.for_range(b, n_rows) as loop:
            row = b.add(start, b.mul(loop.index, n_columns))
            right = v.load(source, b.add(row, j))
            left = b.add(row, i)
            for m in range(size):
                factor = v.spread(source, b.add(left, constant(left, m)))
                v.add_to(sums[m], factor if is_added else b.fneg(factor), right)
        for slot, place in zip(sums, places, strict=True):
            v.store(target, place, b.load(slot))
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def _gram_tile(typingctx, rows, start, n_rows, n_columns, i, j, gram, n_gram):  # noqa: ARG001
    return _tile(LANES, True, rows)


@intrinsic
def _gram_half(typingctx, rows, start, n_rows, n_columns, i, j, gram, n_gram):  # noqa: ARG001
    return _tile(LANES // 2, True, rows)


@intrinsic
def _subtract_tile(typingctx, rows, start, n_rows, n_columns, i, j, gram, n_gram):  # noqa: ARG001
    return _tile(LANES, False, rows)


def _combine(n_targets, history_kind, offsets_kind):
    """Rows of ``history`` from ``target`` on, LANES columns: add weighted rows to each."""
    whole = types.int64
    signature = types.void(
        history_kind, whole, offsets_kind, whole, whole, history_kind, whole, whole, whole
    )

    def codegen(context, builder, sig, args):
        b = builder
        data = data_of(context, b, sig.args[0], args[0])
        places = data_of(context, b, sig.args[2], args[2])
        gains = data_of(context, b, sig.args[5], args[5])
        target, n_offsets, column, at_gain, stride, n_columns = (
            args[k] for k in (1, 3, 4, 6, 7, 8)
        )
        v = Vectors(context, b, history_kind.dtype, LANES)
        rows = [
            b.add(b.add(target, b.mul(n_columns, constant(n_columns, m))), column)
            for m in range(n_targets)
        ]
        firsts = [
            b.add(at_gain, b.mul(b.mul(n_offsets, constant(n_offsets, m)), stride))
            for m in range(n_targets)
        ]
        sums = [v.slot(v.load(data, row)) for row in rows]
        with cgutils.for_range(b, n_offsets) as loop:
            values = v.load(data, b.add(b.load(b.gep(places, [loop.index])), column))
            at = b.mul(loop.index, stride)
            for first, slot in zip(firsts, sums, strict=True):
                v.add_to(slot, v.spread(gains, b.add(first, at)), values)
        for slot, row in zip(sums, rows, strict=True):
            v.store(data, row, b.load(slot))
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def _combine_one(
    typingctx, history, target, offsets, n_offsets, column, gain, at_gain, stride, n_columns  # noqa: ARG001
):  # fmt: skip
    return _combine(1, history, offsets)


@intrinsic
def _combine_two(
    typingctx, history, target, offsets, n_offsets, column, gain, at_gain, stride, n_columns  # noqa: ARG001
):  # fmt: skip
    return _combine(2, history, offsets)


@intrinsic
def _combine_four(
    typingctx, history, target, offsets, n_offsets, column, gain, at_gain, stride, n_columns  # noqa: ARG001
):  # fmt: skip
    return _combine(4, history, offsets)


@njit(cache=True, nogil=True, error_model="numpy")
def _combine_rows_vectors(history, target, offsets, gain, at_gain, stride, n_y, n_columns):
    n = offsets.shape[0]
    for column in range(0, n_columns, LANES):
        j = 0
        while j + 4 <= n_y:
            _combine_four(  # type: ignore[call-arg]
                history, target + j * n_columns, offsets, n, column, gain,
                at_gain + j * n * stride, stride, n_columns,
            )  # fmt: skip
            j += 4
        while j + 2 <= n_y:
            _combine_two(  # type: ignore[call-arg]
                history, target + j * n_columns, offsets, n, column, gain,
                at_gain + j * n * stride, stride, n_columns,
            )  # fmt: skip
            j += 2
        if j < n_y:
            _combine_one(  # type: ignore[call-arg]
                history, target + j * n_columns, offsets, n, column, gain,
                at_gain + j * n * stride, stride, n_columns,
            )  # fmt: skip


@intrinsic
def _block_sum_vectors(
    typingctx, target, at, x, at_x, stride, n, matrix, at_matrix, n_columns  # noqa: ARG001
):  # fmt: skip
    whole = types.int64
    signature = types.void(target, whole, x, whole, whole, whole, matrix, whole, whole)

    def codegen(context, builder, sig, args):
        b = builder
        data, factors, source = (
            data_of(context, b, sig.args[k], args[k]) for k in (0, 2, 6)
        )  # fmt: skip
        at_, at_x_, stride_, n_, at_matrix_, n_columns_ = (args[k] for k in (1, 3, 4, 5, 7, 8))
        v = Vectors(context, b, target.dtype, BLOCK)
        slot = v.slot(v.load(data, at_))
        with cgutils.for_range(b, n_) as loop:
            factor = v.spread(factors, b.add(at_x_, b.mul(loop.index, stride_)))
            row = b.add(at_matrix_, b.mul(loop.index, n_columns_))
            v.add_to(slot, factor, v.load(source, row))
        v.store(data, at_, b.load(slot))
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def _scaled_row_vectors(typingctx, target, at, source, at_source, gain, at_gain, n):  # noqa: ARG001
    whole = types.int64
    signature = types.void(target, whole, source, whole, gain, whole, whole)

    def codegen(context, builder, sig, args):
        b = builder
        data, rows, gains = (data_of(context, b, sig.args[k], args[k]) for k in (0, 2, 4))
        v = Vectors(context, b, target.dtype, BLOCK)
        factor = v.spread(gains, args[5])
        last = b.add(args[6], constant(args[6], BLOCK - 1))
        with cgutils.for_range(b, b.sdiv(last, constant(last, BLOCK))) as loop:
            shift = b.mul(loop.index, constant(loop.index, BLOCK))
            values = b.fmul(factor, v.load(rows, b.add(args[3], shift)))
            v.store(data, b.add(args[1], shift), values)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def _fill_row_vectors(typingctx, target, at, value, n):  # noqa: ARG001
    whole = types.int64
    signature = types.void(target, whole, target.dtype, whole)

    def codegen(context, builder, sig, args):
        b = builder
        data = data_of(context, b, sig.args[0], args[0])
        v = Vectors(context, b, target.dtype, BLOCK)
        values = v.copies(args[2])
        last = b.add(args[3], constant(args[3], BLOCK - 1))
        with cgutils.for_range(b, b.sdiv(last, constant(last, BLOCK))) as loop:
            v.store(data, b.add(args[1], b.mul(loop.index, constant(last, BLOCK))), values)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def _unit_parts_vectors(typingctx, parts, at, stride, work, at_a, at_z, numbers):  # noqa: ARG001
    whole = types.int64
    signature = types.void(parts, whole, whole, work, whole, whole, numbers)

    def codegen(context, builder, sig, args):
        b = builder
        data, source = (data_of(context, b, sig.args[k], args[k]) for k in (0, 3))
        v = Vectors(context, b, types.float64, BLOCK)
        out = Vectors(context, b, parts.dtype, BLOCK)
        scale, w_out, c0, c1 = (v.copies(b.extract_value(args[6], k)) for k in range(4))
        a, z = v.load(source, args[4]), v.load(source, args[5])
        factor = b.fmul(scale, w_out)
        full = b.fsub(v.number(1.0), b.fmul(z, z))
        bent = b.fsub(full, c1)
        twice = b.fmul(b.fmul(v.number(2.0), c0), c1)
        results = (
            b.fmul(factor, full),
            b.fmul(factor, bent),
            b.fmul(scale, b.fsub(b.fsub(z, c0), b.fmul(c1, a))),
            b.fmul(factor, b.fadd(bent, b.fmul(twice, a))),
        )
        place = args[1]
        for value in results:
            small = b.fptrunc(value, out.vector) if parts.dtype == types.float32 else value
            out.store(data, place, small)
            place = b.add(place, args[2])
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def _dot_vectors(typingctx, x, at_x, y, at_y, n):  # noqa: ARG001
    whole = types.int64
    signature = types.float64(x, whole, y, whole, whole)

    def codegen(context, builder, sig, args):
        b = builder
        left, right = (data_of(context, b, sig.args[k], args[k]) for k in (0, 2))
        v = Vectors(context, b, types.float64, VECTOR)
        slot = v.slot(v.number(0.0))
        with cgutils.for_range(b, b.sdiv(args[4], constant(args[4], VECTOR))) as loop:
            shift = b.mul(loop.index, constant(loop.index, VECTOR))
            v.add_to(
                slot, v.load(left, b.add(args[1], shift)), v.load(right, b.add(args[3], shift))
            )
        total = b.load(slot)
        parts = [b.extract_element(total, constant(args[4], k)) for k in range(VECTOR)]
        while len(parts) > 1:
            parts = [b.fadd(p, q) for p, q in zip(parts[::2], parts[1::2], strict=True)]
        return parts[0]

    return signature, codegen


@njit(cache=True, nogil=True, error_model="numpy")
def _add_gram_vectors(rows, start, n_rows, n_columns, size, gram):
    tile = TILE if rows.itemsize == 4 else TILE // 2
    for i in range(0, size, tile):
        j = 0
        while j + LANES // 2 < i + tile:
            _gram_tile(rows, start, n_rows, n_columns, i, j, gram, n_columns)  # type: ignore[call-arg]
            j += LANES
        if j < i + tile:
            _gram_half(rows, start, n_rows, n_columns, i, j, gram, n_columns)  # type: ignore[call-arg]


@njit(cache=True, nogil=True, error_model="numpy")
def _reduce_panel_vectors(upper, i, n_columns):
    j = i // LANES * LANES
    while j < n_columns:
        _subtract_tile(upper, 0, i, n_columns, i, j, upper, n_columns)  # type: ignore[call-arg]
        j += LANES


def _add_gram_plain(rows, start, n_rows, n_columns, size, gram):
    part = rows[start : start + n_rows * n_columns].reshape(n_rows, n_columns)[:, :size]
    gram.reshape(-1, n_columns)[:size, :size] += part.T @ part


def _reduce_panel_plain(upper, i, n_columns):
    square = upper.reshape(-1, n_columns)
    square[i : i + PANEL] -= square[:i, i : i + PANEL].T @ square[:i]


def _combine_rows_plain(history, target, offsets, gain, at_gain, stride, n_y, n_columns):
    n = len(offsets)
    for j in range(n_y):
        row = slice(target + j * n_columns, target + (j + 1) * n_columns)
        for t, place in enumerate(offsets):
            factor = gain[at_gain + (j * n + t) * stride]
            history[row] += factor * history[place : place + n_columns]


def _block_sum_plain(target, at, x, at_x, stride, n, matrix, at_matrix, n_columns):
    for t in range(n):
        place = at_matrix + t * n_columns
        target[at : at + BLOCK] += x[at_x + t * stride] * matrix[place : place + BLOCK]


def _scaled_row_plain(target, at, source, at_source, gain, at_gain, n):
    n = -(-n // BLOCK) * BLOCK
    target[at : at + n] = gain[at_gain] * source[at_source : at_source + n]


def _fill_row_plain(target, at, value, n):
    target[at : at + -(-n // BLOCK) * BLOCK] = value


def _unit_parts_plain(parts, at, stride, work, at_a, at_z, numbers):
    scale, w_out, c0, c1 = numbers
    a, z = work[at_a : at_a + BLOCK], work[at_z : at_z + BLOCK]
    factor, full = scale * w_out, 1.0 - z * z
    parts[at : at + BLOCK] = factor * full
    parts[at + stride :][:BLOCK] = factor * (full - c1)
    parts[at + 2 * stride :][:BLOCK] = scale * (z - c0 - c1 * a)
    parts[at + 3 * stride :][:BLOCK] = factor * (full - c1 + 2.0 * c0 * c1 * a)


def _dot_plain(x, at_x, y, at_y, n):
    return float((x[at_x : at_x + n] * y[at_y : at_y + n]).sum())


_plain = bool(getattr(config, "DISABLE_JIT", 0))

PANEL = TILE // 2
"""Rows of a float64 matrix that ``reduce_panel`` works on."""

combine_rows: Any = _combine_rows_plain if _plain else _combine_rows_vectors
"""``combine_rows(history, target, offsets, gain, at_gain, stride, n_y, n_columns)``.

Rows of ``n_columns`` numbers, a multiple of LANES, start at ``offsets`` (n,) in ``history``. To
row j of the ``n_y`` rows from ``target`` on their sum is added, weighted with
``gain[at_gain + (j n + i) stride]``, i = 0..n-1.
"""

block_sum: Any = _block_sum_plain if _plain else _block_sum_vectors
"""``block_sum(target, at, x, at_x, stride, n, matrix, at_matrix, n_columns)``.

Adds to the BLOCK numbers of ``target`` from ``at`` the rows of ``matrix`` weighted with the ``n``
numbers of ``x`` from ``at_x``, ``stride`` apart; row t starts at ``at_matrix + t n_columns``.
"""

scaled_row: Any = _scaled_row_plain if _plain else _scaled_row_vectors
"""``scaled_row(target, at, source, at_source, gain, at_gain, n)``: a row times one number.

``n`` is rounded up to a multiple of BLOCK: both must have room for it.
"""

fill_row: Any = _fill_row_plain if _plain else _fill_row_vectors
"""``fill_row(target, at, value, n)``: one number everywhere, ``n`` rounded up as above."""

unit_parts: Any = _unit_parts_plain if _plain else _unit_parts_vectors
"""``unit_parts(parts, at, stride, work, at_a, at_z, (scale, w_out, c0, c1))``.

Four rows of BLOCK numbers, ``stride`` apart, for one hidden unit and one output: derivatives of
the step by the unit's pre-activation, by its weights over phi, by ``w_out``, and by its bias; from
a = w_hid phi and z = tanh(a + b), BLOCK float64 numbers each, and the unit's centre c0, c1.
"""

dot: Any = _dot_plain if _plain else _dot_vectors
"""``dot(x, at_x, y, at_y, n)``: the scalar product of ``n`` float64 numbers, whole VECTORs."""

add_gram_padded: Any = _add_gram_plain if _plain else _add_gram_vectors
"""``add_gram_padded(rows, start, n_rows, n_columns, size, gram)``: add rows'rows to ``gram``.

``n_columns``, a multiple of LANES, is the length of a row of both; only the lower triangle of the
first ``size`` columns is made, what else is left in ``gram`` is meaningless.
"""

reduce_panel: Any = _reduce_panel_plain if _plain else _reduce_panel_vectors
"""``reduce_panel(upper, i, n_columns)``: a step of Cholesky, upper'upper = matrix.

Rows i .. i + PANEL of ``upper`` hold those of the matrix; the part of the i finished rows above is
taken off, in all columns from i on. ``n_columns``: a multiple of LANES, as many rows at least.
"""
