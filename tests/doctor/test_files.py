"""``heliid doctor``: plain data for every file, readable or not; the mis-timed flight is found."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from heliid.data.csvfile import read_csv
from heliid.data.doctor import doctor_files
from tests.doctor import flights
from tests.importing import kinds

pytestmark = pytest.mark.slow
DATA = Path(__file__).parents[2] / "data"


def write(path: Path, record) -> Path:
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["time [s]", *(f"{c.name} [{c.si}]" for c in record.channels)])
        writer.writerows(
            [repr(float(t)), *(repr(float(x)) for x in row)]
            for t, row in zip(record.time, record.values, strict=True)
        )
    return path


@pytest.mark.parametrize("name", ["flightA_pitchtest_filtered", "flightB_manual"])
def test_the_mistimed_flight_is_found(tmp_path, name):
    """The publishers label the step 10 ms; attitude against rates shows 8 ms."""
    original = read_csv(DATA / "trex550" / f"{name}.csv")
    labelled = write(tmp_path / f"{name}.csv", flights.slow_clock(original, 10 / 8))

    said = doctor_files([labelled])

    (finding,) = [f for f in said["files"][0]["findings"] if f["kind"] == "time base"]
    assert finding["evidence"]["dt_stated"] == pytest.approx(0.010)
    assert finding["evidence"]["dt_estimate"] == pytest.approx(0.008, rel=0.02)
    assert finding["remedy"] == {"kind": "time base", "dt": 0.008}
    assert "the file says 10 ms" in finding["sentence"]
    assert "set the time step to 8 ms (125 Hz)" in finding["sentence"]
    assert said["is_fit"] is False
    assert "time base" in said["files"][0]["verdict"]


@pytest.mark.parametrize("path", sorted(DATA.glob("**/*.csv")), ids=lambda path: path.stem)
def test_no_shipped_record_is_an_error(path):
    said = doctor_files([path])
    errors = [f for f in said["files"][0]["findings"] if f["severity"] == "error"]
    assert errors == []


def test_the_answer_is_json(tmp_path):
    good = write(tmp_path / "good.csv", flights.flight())
    bad = tmp_path / "bad.csv"
    bad.write_bytes(kinds.REFUSED["binary"])

    said = json.loads(json.dumps(doctor_files([good, bad, tmp_path / "none.csv"]), allow_nan=False))

    assert said["n_files"] == 3
    assert said["n_unreadable"] == 2
    assert said["files"][0]["is_fit"] is True
    assert said["files"][0]["record"]["n_samples"] == flights.N
    assert "binary" in said["files"][1]["error"]
    assert said["files"][2]["findings"] == []


def test_missing_values_are_a_finding_and_the_rest_is_still_examined(tmp_path):
    path = tmp_path / "flight.csv"
    path.write_bytes(kinds.with_cell(""))
    (file,) = doctor_files([path])["files"]
    assert file["error"] == ""
    missing = file["findings"][0]
    assert missing["kind"] == "missing"
    assert missing["evidence"]["n_cells"] == 1
    assert file["is_fit"] is False


def test_a_name_that_is_not_there_is_one_sentence(tmp_path):
    path = write(tmp_path / "good.csv", flights.flight())
    (file,) = doctor_files([path], inputs=["stick"], outputs=["q"])["files"]
    assert "'stick' is not in good.csv" in file["error"]


def test_files_are_seen_together(tmp_path):
    """A slower file, and a validation file beyond the range of training."""
    record = flights.flight()
    big = record.values.copy()
    big[:, record.index("q")] *= 3.0
    write(tmp_path / "train.csv", record)
    write(tmp_path / "far.csv", replace(record, values=big))
    write(tmp_path / "slow.csv", replace(record, time=record.time * 2))
    report = doctor_files(
        [tmp_path / "train.csv", tmp_path / "slow.csv"],
        inputs=["delta_lon"],
        outputs=["q", "theta"],
        validate=[tmp_path / "far.csv"],
    )
    train, slow, far = (file["findings"] for file in report["files"])
    assert any(f["kind"] == "mismatch" and "slowest" in f["sentence"] for f in slow)
    assert any(f["kind"] == "envelope" and f["channels"] == ["q"] for f in far)
    assert not any(f["kind"] in ("mismatch", "envelope") for f in train)
