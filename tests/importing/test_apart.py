"""Reading in a process apart: the same numbers, and one sentence when it goes wrong."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from heliid.data.csvfile import read_csv
from heliid.data.readers import apart
from heliid.data.readers.apart import Helper, HelperLostError, Limits
from heliid.errors import RecordError

pytestmark = pytest.mark.slow
HERE = "tests.importing.test_apart"
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits are Linux's")


# what the helper is asked to do ---------------------------------------------------------------


def count_for_ever() -> None:
    while True:
        pass


def sleep_for_ever() -> None:
    time.sleep(3600)


def take_memory() -> int:
    return len(bytearray(3 << 30))


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def chatter() -> int:
    os.write(1, b"a library greets")
    return 7


def fail() -> None:
    raise KeyError("gone")


@pytest.fixture(scope="module")
def helper():
    made = Helper()
    yield made
    made.close()


def big_table(path: Path, n: int = 60_000) -> Path:
    lines = [f"{0.01 * k:.2f},{k},{-k},{k % 7}" for k in range(n)]
    path.write_text("\n".join(["time [s],a,q [deg/s],c", *lines]) + "\n", "utf-8")
    return path


# stories --------------------------------------------------------------------------------------


def test_a_record_read_apart_is_the_same_to_the_last_bit(tmp_path: Path, helper: Helper):
    path = big_table(tmp_path / "flight.csv")
    here, there = read_csv(path), helper.call("heliid.data.csvfile:read_csv", (path,))
    assert np.array_equal(here.values, there.values)
    assert np.array_equal(here.time, there.time)
    assert (here.channels, here.source, here.history) == (
        there.channels, there.source, there.history,
    )  # fmt: skip


def test_its_samples_stay_when_the_helper_reads_another_file_or_ends(tmp_path: Path):
    helper = Helper()
    path = big_table(tmp_path / "flight.csv")
    record = helper.call("heliid.data.csvfile:read_csv", (path,))
    wanted = record.values.copy()
    helper.call("heliid.data.csvfile:read_csv", (big_table(tmp_path / "other.csv", 50_000),))
    helper.close()
    assert np.array_equal(record.values, wanted)
    with pytest.raises(ValueError, match="read-only"):
        record.values[0, 0] = 1.0
    assert record.slice(0, 100).values.base is not None  # a view, not a copy


def test_what_the_reader_refuses_is_refused_here_in_the_same_words(tmp_path: Path, helper: Helper):
    path = tmp_path / "flight.csv"
    path.write_text("time,a\n" + "".join(f"{k},{k}\n" for k in range(40)) + "40,oops\n", "utf-8")
    with pytest.raises(RecordError) as here:
        read_csv(path)
    with pytest.raises(RecordError) as there:
        helper.call("heliid.data.csvfile:read_csv", (path,))
    assert str(here.value) == str(there.value)


def test_a_library_that_prints_does_not_spoil_the_answer(helper: Helper):
    assert helper.call(f"{HERE}:chatter") == 7


def test_an_unforeseen_error_comes_with_its_place(helper: Helper):
    with pytest.raises(RuntimeError, match=r"(?s)KeyError: 'gone'.*in fail"):
        helper.call(f"{HERE}:fail")


@linux
def test_endless_computing_is_stopped_and_the_next_file_is_read(helper: Helper):
    with pytest.raises(HelperLostError, match="no answer within 1 s of computing"):
        helper.call(f"{HERE}:count_for_ever", (), Limits(cpu_s=1.0))
    assert helper.call(f"{HERE}:chatter") == 7


def test_endless_waiting_is_stopped_by_the_clock(monkeypatch, helper: Helper):
    helper.call(f"{HERE}:chatter")  # it is there
    monkeypatch.setattr(apart, "_PATIENCE", 0.5)
    with pytest.raises(HelperLostError, match="no answer"):
        helper.call(f"{HERE}:sleep_for_ever", (), Limits(cpu_s=1.0))


@linux
def test_a_file_that_wants_all_memory_is_refused(helper: Helper):
    with pytest.raises(HelperLostError, match="wanted more memory"):
        helper.call(f"{HERE}:take_memory", (), Limits(n_bytes=1 << 28))
    assert helper.call(f"{HERE}:chatter") == 7


@linux
def test_a_crash_is_one_sentence_about_the_file(tmp_path: Path, monkeypatch):
    with pytest.raises(HelperLostError) as lost:
        Helper().call(f"{HERE}:crash")
    sentence = str(apart.blame(tmp_path / "flight.mf4", lost.value))
    assert sentence == (
        "flight.mf4: the library that reads this format crashed (SIGSEGV): the file is probably "
        "damaged, copy or export it again."
    )


def test_larger_files_may_take_longer(tmp_path: Path):
    small, large = tmp_path / "a", tmp_path / "b"
    small.write_bytes(b"x")
    large.write_bytes(bytes(2_000_000))
    assert apart.limits_for(large).cpu_s == pytest.approx(apart.limits_for(small).cpu_s + 6, abs=1)
