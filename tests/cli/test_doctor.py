"""heliid doctor: findings for files that can be read, one sentence for those that cannot."""

from __future__ import annotations

import json

import pytest

from .conftest import heliid, manoeuvre, write_record

pytestmark = pytest.mark.slow  # a process of its own per test


def test_sound_record_is_fit(records):
    done = heliid("doctor", records / "train1.csv", "--inputs", "stick", "--outputs", "q,theta")
    assert (done.status, done.err) == (0, "")
    assert "600 samples" in done.out
    assert "Fit for identification" in done.out


def test_findings_as_json(tmp_path):
    values = manoeuvre(0)
    values[300, 2] += 500.0
    path = write_record(tmp_path / "spike.csv", values)
    done = heliid("doctor", path, "--json")
    assert (done.status, done.err) == (0, "")
    found = json.loads(done.out)["files"][0]["findings"]
    spike = next(one for one in found if one["kind"] == "spikes")
    assert spike["channels"] == ["q"]
    assert spike["remedy_sentence"]


def test_unreadable_file_is_one_sentence_and_the_others_are_examined(records, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("")
    done = heliid("doctor", records / "train1.csv", bad)
    assert done.status == 2
    assert "train1.csv" in done.out
    assert done.err.count("\n") == 1
    assert "bad.csv" in done.err


def test_unreadable_file_in_json_keeps_one_document(tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("")
    done = heliid("doctor", bad, "--json")
    assert done.status == 2
    assert json.loads(done.out)["n_unreadable"] == 1
