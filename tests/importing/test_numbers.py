"""The strict number grammar: own, in pandas, and in the walk it is one and the same."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliid.data.csvparse import _is_plain, _parse_fast, _parse_plain
from heliid.data.csvwalk import walk_block
from heliid.data.tabletext import Dialect, is_number
from heliid.data.timeaxis import parser_for
from heliid.errors import RecordError

DIALECT = Dialect(names=("time", "q"), units=("s", ""))
NO_TIME = parser_for("number")


@pytest.mark.parametrize("cell", ["0", "-1.25", "+3", ".5", "5.", "1e5", "1E-05", "-.5e+3", "007"])
def test_plain_numbers_are_numbers(cell):
    assert is_number(cell)


@pytest.mark.parametrize(
    "cell",
    ["", " 1", "1 ", "1_0", "0x1F", "1e", "e5", ".", "-", "+-1", "1.2.3", "1,5", "nan", "inf",
     "\u0661", "\uff11", "1e5.0", "--1", "1-", "1d5", "True", "1\n", "\u22121"],
)  # fmt: skip
def test_anything_else_is_not(cell):
    assert not is_number(cell)


def test_the_fast_parser_accepts_exactly_the_same_cells():
    draw = random.Random(7)
    for _ in range(1500):
        cell = "".join(draw.choice("0123456789.+-eE015_x") for _ in range(draw.randint(1, 7)))
        block = f"1,2\n2,{cell}\n".encode()
        fast = _parse_fast(block, DIALECT, NO_TIME)
        plain = _parse_plain(block, DIALECT)
        if fast is not None:
            assert is_number(cell), cell
            assert fast[1, 1] == float(cell)
        elif is_number(cell):
            assert not abs(float(cell)) <= 1e30, cell
        if plain is not None:
            assert fast is not None, cell
            assert plain[1, 1] == float(cell)


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e30, max_value=1e30))
@settings(max_examples=200, deadline=None)
def test_every_double_comes_back_bit_for_bit(value):
    block = f"1,{value!r}\n2,0\n".encode()
    fast = _parse_fast(block, DIALECT, NO_TIME)
    plain = _parse_plain(block, DIALECT)
    assert fast is not None
    assert fast[0, 1] == value
    assert plain is None or plain[0, 1] == value


@given(st.integers(-(10**8), 10**8), st.integers(0, 9))
@settings(max_examples=300, deadline=None)
def test_the_kernel_takes_what_recorders_write_and_is_exact(mantissa, n_places):
    cell = f"{mantissa / 10**n_places:.{n_places}f}"
    plain = _parse_plain(f"1,{cell}\n2,0\n".encode(), DIALECT)
    assert plain is not None
    assert plain[0, 1] == float(cell)


@given(
    st.lists(st.text(alphabet="0123456789.,;-+eE\"' \tnaif#\x00\u0661", max_size=12), max_size=6)
)
@settings(max_examples=600, deadline=None)
def test_fast_and_walk_never_disagree(lines):
    block = ("\n".join(["0,1", *lines]) + "\n").encode()
    fast = _parse_fast(block, DIALECT, NO_TIME) if _is_plain(block, DIALECT) else None
    plain = _parse_plain(block, DIALECT)
    try:
        slow = walk_block(Path("f.csv"), DIALECT, 2, block, NO_TIME)
    except RecordError:
        slow = None
    for quick in (fast, plain):
        if quick is not None:
            assert slow is not None
            np.testing.assert_array_equal(quick, slow)
