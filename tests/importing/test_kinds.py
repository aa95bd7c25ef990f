"""The acceptance list of tables: loaded right, or refused in one sentence with the place."""

from __future__ import annotations

import numpy as np
import pytest

from heliid.data.csvfile import read_csv
from heliid.errors import RecordError
from tests.importing import kinds

DEG = np.pi / 180


def test_the_list_has_all_kinds():
    assert kinds.N_KINDS == 54


@pytest.mark.parametrize("kind", kinds.LOADS)
def test_read_csv_loads_every_honest_form(tmp_path, kind):
    path = tmp_path / "flight.csv"
    path.write_bytes(kinds.LOADS[kind])

    record = read_csv(path)

    assert record.names == ("delta_lon", "q", "theta")
    assert [c.si for c in record.channels] == ["%", "rad/s", "rad"]
    assert record.n_samples == kinds.N_ROWS
    expected = np.array([float(row[2]) for row in kinds.table()[1:]]) * DEG
    np.testing.assert_array_equal(record.column("q"), expected)


def test_a_gap_keeps_its_place_on_the_time_axis(tmp_path):
    path = tmp_path / "flight.csv"
    path.write_bytes(kinds.LOADS["gap"])
    assert np.diff(read_csv(path).time).max() == pytest.approx(3.02)


def one_sentence(message: str) -> bool:
    return "\n" not in message and message.endswith(".") and ". " not in message


@pytest.mark.parametrize("kind", kinds.REFUSED)
def test_read_csv_refuses_every_fault_in_one_sentence(tmp_path, kind):
    path = tmp_path / "flight.csv"
    path.write_bytes(kinds.REFUSED[kind])

    with pytest.raises(RecordError) as caught:
        read_csv(path)

    message = str(caught.value)
    assert one_sentence(message), message
    assert message.startswith("flight.csv"), message
    assert ":" in message


@pytest.mark.parametrize("kind", kinds.CELLS)
@pytest.mark.parametrize("row", [0, 1, kinds.BAD_ROW, kinds.N_ROWS - 1])
@pytest.mark.parametrize("column", [0, 1, 3])
def test_a_bad_cell_is_named_by_row_and_column(tmp_path, kind, row, column):
    path = tmp_path / "flight.csv"
    path.write_bytes(kinds.with_cell(kinds.CELLS[kind], row, column))

    with pytest.raises(RecordError) as caught:
        read_csv(path)

    name = ("time", "delta_lon", "q", "theta")[column]
    assert f"row {row + 2}, column '{name}'" in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("blank", "missing value"),
        ("nan", "not a finite number"),
        ("thousands", "separator of thousands"),
        ("underscore", "separator of thousands"),
        ("nul", "zero byte"),
        ("trailing space", "delete the space"),
        ("unclosed quote", "never closed"),
        ("formula", "formula"),
        ("1e300", "larger than any quantity"),
        ("row too short", "ends after 3 of 4 cells"),
        ("row too long", "5 cells and the header 4 names"),
        ("all rows longer", "5 cells and the header 4 names"),
        ("duplicate name", "already used by column 3"),
        ("empty name", "is empty"),
        ("no header", "add a header line"),
        ("header only", "0 rows of data"),
        ("empty", "the file is empty"),
        ("only newlines", "nothing but|no content"),
        ("time repeats", "repeats"),
        ("time goes back", "goes back"),
        ("blank line midway", "blank"),
        ("second header", "repeats the header"),
        ("truncated last row", "ends after"),
        ("binary", "binary"),
        ("gzip", "gzip"),
        ("one sample", "1 row of data"),
    ],
)
def test_the_sentence_says_what_is_wrong(tmp_path, kind, words):
    path = tmp_path / "flight.csv"
    path.write_bytes(kinds.REFUSED[kind])
    with pytest.raises(RecordError, match=words):
        read_csv(path)
