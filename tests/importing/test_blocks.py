"""Tables of several blocks: every row where it belongs, whatever lies between the rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from heliid.data import csvscan
from heliid.data.csvfile import read_csv
from heliid.errors import RecordError

N = 4000


def rows(skip: range = range(0)) -> list[str]:
    return [f"{0.01 * k:.2f},{k},{-k}" for k in range(N) if k not in skip]


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some twenty blocks instead of one."""
    monkeypatch.setattr(csvscan, "_BLOCK_BYTES", 4096)


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(["time [s],a,b", *lines]) + "\n", "utf-8")
    return path


def test_every_row_of_every_block_is_in_its_place(tmp_path: Path, small_blocks: None):
    record = read_csv(write(tmp_path / "a.csv", rows()))
    assert np.array_equal(record.column("a"), np.arange(N))
    assert np.array_equal(record.column("b"), -np.arange(N))
    assert np.allclose(record.time, 0.01 * np.arange(N))


def test_comments_between_the_rows_leave_no_holes(tmp_path: Path, small_blocks: None):
    lines = ["# flown in the morning", *rows()]
    for place in (3500, 1700, 1699, 20):
        lines.insert(place, "# the pilot said something")
    record = read_csv(write(tmp_path / "a.csv", lines))
    assert record.n_samples == N
    assert np.array_equal(record.column("a"), np.arange(N))
    assert np.array_equal(record.column("b"), -np.arange(N))


def test_nobody_can_change_the_samples_of_a_record(tmp_path: Path):
    record = read_csv(write(tmp_path / "a.csv", rows()))
    with pytest.raises(ValueError, match="read-only"):
        record.values[0, 0] = 1.0
    with pytest.raises(ValueError, match="WRITEABLE"):
        record.values.setflags(write=True)


def test_a_bad_time_in_a_late_block_is_told_with_its_row(tmp_path: Path, small_blocks: None):
    lines = ["# flown in the morning", *rows()]
    lines[3001] = lines[2000]
    with pytest.raises(RecordError, match=r"row 3003, column 'time': the time 19\.99 goes back"):
        read_csv(write(tmp_path / "a.csv", lines))
