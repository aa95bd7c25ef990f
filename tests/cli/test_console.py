"""What the user sees while the program works: a line on a terminal, nothing in a pipe."""

from __future__ import annotations

import json
import math
import os
import pty
import re
import select
import subprocess
import sys
import time

import pytest

from heliid.cli import main
from heliid.cli.console import clock, finite, number, progress_text, table
from heliid.events import Progress

from .conftest import CHANNELS, REPOSITORY, SMALL

pytestmark = pytest.mark.slow


def test_progress_text_has_bar_rate_and_time_left():
    text = progress_text(Progress("Searching", 30, 120, 15.0, 45.0), "best 0.07")
    assert text == "Searching  [######------------------] 30/120  2.0/s  0:45 left  best 0.07"


def test_progress_without_total_has_no_bar():
    assert progress_text(Progress("Preparing", 0, 0, 0.0)) == "Preparing"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0:00"), (7, "0:07"), (750, "12:30"), (3723, "1:02:03")]
)
def test_clock(seconds, text):
    assert clock(seconds) == text


def test_table_aligns_numbers_right_and_text_left():
    assert table(("name", "x"), [("a", 1.5), ("long", 22.25)]) == (
        "name      x\na       1.5\nlong  22.25\n"
    )


def test_numbers_that_are_not_there_are_dashes_in_text_and_null_in_json():
    assert number(math.nan) == number(None) == "-"
    assert finite({"a": [1.0, math.inf], "b": (math.nan,)}) == {"a": [1.0, None], "b": [None]}


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_terminal_shows_progress_and_json_stays_pure(records, tmp_path):
    """With --json nothing is drawn; without it the line moves on standard error."""
    words = [
        sys.executable, "-m", "heliid", "identify", "--train", str(records / "train1.csv"),
        "--validate", str(records / "validate.csv"), *CHANNELS, *SMALL, "--budget", "4",
        "--ensemble", "1", "--out", str(tmp_path / "o"),
    ]  # fmt: skip
    seen = _run_on_terminal(words)
    assert "Searching" in seen
    assert "/4" in seen
    seen = _run_on_terminal([*words, "--json"])
    assert "Searching" not in seen


def _run_on_terminal(words: list[str]) -> str:
    """Standard error of a run whose standard error is a terminal; its output must be whole."""
    ours, theirs = pty.openpty()
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "100"}
    running = subprocess.Popen(
        words, stderr=theirs, stdout=subprocess.PIPE, env=env, close_fds=True
    )
    os.close(theirs)
    seen = b""
    until = time.monotonic() + 200
    while time.monotonic() < until:
        ready, _, _ = select.select([ours], [], [], 0.2)
        if ready:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the terminal is gone with the program
                break
            seen += piece
        elif running.poll() is not None:
            break
    out, _ = running.communicate(timeout=60)
    os.close(ours)
    assert running.returncode == 0, seen
    if "--json" in words:
        json.loads(out)
    return seen.decode(errors="replace")


def test_reader_that_goes_away_is_no_error(records):
    """heliid score ... | head -1"""
    command = f"{sys.executable} -m heliid --help | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=REPOSITORY, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "not enough memory"),
        (OSError(28, "No space left on device"), "the disk is full: free"),
        (OSError(28, "No space left on device", "/data/x"), r"the disk is full \(/data/x\)"),
    ],
)
def test_what_the_machine_lacks_is_said_in_one_sentence(error, words, monkeypatch, capsys):
    def fail(_options):
        raise error

    monkeypatch.setattr("heliid.cli.doctor.run", fail)
    assert main(["doctor", "a.csv"]) == 1
    said = capsys.readouterr().err
    assert re.search(words, said)
    assert said.count("\n") == 1
