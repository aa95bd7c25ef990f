"""Every unusable input: one sentence that says what and where, status 2, nothing half-made."""

from __future__ import annotations

import json

import pytest

from .conftest import CHANNELS, HEADER, SMALL, heliid, manoeuvre, write_record

pytestmark = pytest.mark.slow  # a process of its own per test


def good_lines() -> list[str]:
    return [",".join(f"{v:.6f}" for v in row) for row in manoeuvre(0)]


def text_of(lines: list[str], header: str = HEADER) -> str:
    return "\n".join([header, *lines]) + "\n"


def missing_value() -> str:
    lines = good_lines()
    lines[9] = "0.45,1.0,,2.0"
    return text_of(lines)


def time_goes_back() -> str:
    lines = good_lines()
    lines[9] = lines[3]
    return text_of(lines)


def constant_output() -> str:
    values = manoeuvre(0)
    values[:, 3] = 2.0
    return text_of([",".join(f"{v:.6f}" for v in row) for row in values])


def constant_input() -> str:
    values = manoeuvre(0)
    values[:, 1] = 5.0
    return text_of([",".join(f"{v:.6f}" for v in row) for row in values])


BAD_FILES = {
    "empty": ("", ("empty",)),
    "text": ("Dear colleague,\nplease find the flight attached.\n", ()),
    "missing value": (missing_value(), ("row 11", "q")),
    "time goes back": (time_goes_back(), ("row 11", "time")),
    "duplicate column": (text_of(good_lines(), "time [s],stick [%],q [deg/s],q [deg/s]"), ("q",)),
    "three rows": (text_of(good_lines()[:3]), ("3",)),
    "constant output": (constant_output(), ("theta", "constant")),
    "constant input": (constant_input(), ("stick", "constant")),
    "binary": ("\x00\x01\x02PK\x03\x04" * 50, ()),
}


def check(done, words, out):
    assert done.status == 2, (done.status, done.out, done.err)
    assert done.out == ""
    assert done.err.count("\n") == 1, done.err
    assert done.err.startswith("heliid: ")
    assert "Traceback" not in done.err
    for word in words:
        assert word in done.err
    assert not out.exists() or not list(out.iterdir())


@pytest.mark.parametrize("kind", BAD_FILES)
def test_bad_file_is_one_sentence(tmp_path, kind):
    content, words = BAD_FILES[kind]
    path = tmp_path / "flight.csv"
    path.write_text(content)
    out = tmp_path / "out"
    done = heliid("identify", "--train", path, *CHANNELS, *SMALL, "--out", out)
    check(done, ("flight", *words), out)


def test_channel_that_is_both_input_and_output(records, tmp_path):
    out = tmp_path / "out"
    done = heliid(
        "identify", "--train", records / "train1.csv", "--inputs", "stick", "--outputs", "q,stick",
        "--out", out,
    )  # fmt: skip
    check(done, ("stick", "both as input and as output"), out)


def test_channel_that_is_not_there_lists_those_that_are(records, tmp_path):
    out = tmp_path / "out"
    done = heliid(
        "identify", "--train", records / "train1.csv", "--inputs", "stick", "--outputs", "w",
        "--out", out,
    )  # fmt: skip
    check(done, ("'w'", "stick, q, theta"), out)


def test_file_that_is_not_there(records, tmp_path):
    out = tmp_path / "out"
    done = heliid("identify", "--train", tmp_path / "nowhere.csv", *CHANNELS, "--out", out)
    check(done, ("nowhere.csv", "does not exist"), out)


def test_folder_in_place_of_a_file(records, tmp_path):
    out = tmp_path / "out"
    done = heliid("identify", "--train", records, *CHANNELS, "--out", out)
    check(done, ("is a folder",), out)


def test_record_with_two_roles(records, tmp_path):
    out = tmp_path / "out"
    one = records / "train1.csv"
    done = heliid("identify", "--train", one, "--validate", one, *CHANNELS, "--out", out)
    check(done, ("named twice",), out)


def test_same_samples_under_another_name(records, tmp_path):
    out = tmp_path / "out"
    copy = tmp_path / "copy.csv"
    copy.write_bytes((records / "train1.csv").read_bytes())
    done = heliid(
        "identify", "--train", records / "train1.csv", "--validate", copy, *CHANNELS, "--out", out
    )
    check(done, ("twice",), out)


def test_records_in_different_units_of_different_quantities(records, tmp_path):
    out = tmp_path / "out"
    other = write_record(
        tmp_path / "other.csv", manoeuvre(5), "time [s],stick [%],q [deg/s],theta [m]"
    )
    done = heliid(
        "identify", "--train", records / "train1.csv", "--validate", other, *CHANNELS, "--out", out
    )
    check(done, ("theta", "unit"), out)


def test_out_folder_that_cannot_be_made(records, tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("x")
    done = heliid(
        "identify", "--train", records / "train1.csv", *CHANNELS, "--out", blocker / "out"
    )
    assert done.status == 2
    assert done.err.count("\n") == 1
    assert "Nothing can be written" in done.err


def test_order_that_is_not_one(records, tmp_path):
    out = tmp_path / "out"
    done = heliid(
        "fit", "--train", records / "train1.csv", *CHANNELS, "--order", "na=1,q=3", "--out", out
    )
    check(done, ("'q=3'",), out)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", ()),
        ("{}", ()),
        ("not json", ()),
        (json.dumps({"format": "heliid-model", "format_version": 99}), ("99",)),
    ],
)
def test_bad_model_file_is_one_sentence(records, tmp_path, content, words):
    model = tmp_path / "model.json"
    model.write_text(content)
    for command in (
        ("score", model, records / "test.csv"),
        ("simulate", model, records / "test.csv", "--out", tmp_path / "s.csv"),
        ("modes", model),
    ):
        done = heliid(*command)
        check(done, ("model.json", *words), tmp_path / "s.csv")


def test_score_on_a_record_without_the_channels(identified, tmp_path):
    out, _ = identified
    other = write_record(
        tmp_path / "other.csv",
        manoeuvre(5)[:, :3],
        "time [s],stick [%],q [deg/s]",
    )
    done = heliid("score", out / "model.json", other)
    check(done, ("theta", "other"), tmp_path / "none")
