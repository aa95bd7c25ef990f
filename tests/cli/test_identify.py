"""The main job as a user runs it: records in, models, candidates, summary and report out."""

from __future__ import annotations

import csv
import json
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

import pytest

from heliid.export.model_files import load_model
from heliid.project import load_project

from .conftest import CHANNELS, REPOSITORY, SMALL, heliid

pytestmark = pytest.mark.slow  # a process of its own per test


def test_json_is_one_document_and_nothing_else(identified):
    out, done = identified
    assert done.status == 0, done.err
    assert done.err == ""
    document = json.loads(done.out)
    assert document["out"] == str(out)
    assert document["reason"] == "budget"
    assert document["candidates"] == 6


def test_all_files_are_there_and_agree(identified):
    out, done = identified
    summary = json.loads((out / "summary.json").read_text())
    printed = json.loads(done.out)
    assert {k: v for k, v in printed.items() if k != "out"} == summary
    assert sorted(p.name for p in out.iterdir()) == [
        "ensemble", "linear.json", "model.json", "report.html", "report.pdf",
        "search.csv", "study.heliid",
        "summary.json",
    ]  # fmt: skip
    with (out / "search.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["index"]) for row in rows] == list(range(6))
    assert len({row["order"] for row in rows}) == 6


def test_scores_are_in_the_units_of_the_header(identified):
    summary = json.loads(identified[1].out)
    assert {row["unit"] for row in summary["scores"]["validate"]} == {"deg/s", "deg"}
    assert summary["outputs"] == [
        {"name": "q", "unit": "deg/s"},
        {"name": "theta", "unit": "deg"},
    ]
    for row in summary["scores"]["validate"]:
        assert row["rmse"] == pytest.approx(row["rmse"])
        if row["window"] == "all":
            assert 0 < row["rmse"] < 5.0  # degrees, not radians


def test_model_says_where_it_comes_from(identified):
    out, _ = identified
    model = json.loads((out / "model.json").read_text())
    origin = model["provenance"]
    uses = [record["use"] for record in origin["records"]]
    assert uses == ["train", "train", "validate", "test"]
    assert all(re.fullmatch("[0-9a-f]{64}", record["sha256"]) for record in origin["records"])
    assert origin["seed"] == 1
    assert set(origin["versions"]) >= {"heliid", "python", "numpy", "numba"}
    assert {row["record"] for row in model["scores"]["validate"]["rows"]} == {"validate"}
    assert {row["record"] for row in model["scores"]["test"]["rows"]} == {"test"}


def test_the_use_of_test_records_is_said(identified):
    summary = json.loads(identified[1].out)
    assert any("test records were scored now" in notice for notice in summary["notices"])


def test_model_is_never_worse_than_linear(identified):
    summary = json.loads(identified[1].out)
    assert summary["model"]["cost"] <= summary["linear"]["cost"]


def test_report_is_one_small_page_without_network(identified):
    page = (identified[0] / "report.html").read_text()
    assert len(page.encode()) < 2_000_000
    assert page.startswith("<!DOCTYPE html>")
    outside = re.findall(r'(?:src|href)="(?!#)[^"]*"|url\(|@import|<script', page)
    assert outside == []
    for picture in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ET.fromstring(picture)
    for wanted in ("Summary", "Data", "Structure", "Search", "Validation records", "Test records",
                   "Time histories", "How to repeat it", "heliid identify"):  # fmt: skip
        assert wanted in page


def test_printed_command_gives_the_same_bits_with_two_workers(identified, tmp_path):
    """The report's command, run again with another number of workers, gives the same model."""
    out, done = identified
    words = [str(word) for word in json.loads(done.out)["command"].split()[1:]]
    words[words.index("--workers") + 1] = "2"
    words[words.index("--out") + 1] = str(tmp_path / "again")
    again = heliid(*words)
    assert again.status == 0, again.err
    for name in ("model.json", "linear.json"):
        assert (tmp_path / "again" / name).read_bytes() == (out / name).read_bytes()


def test_another_seed_is_another_search(identified, records, tmp_path):
    done = heliid(
        "identify", "--train", records / "train1.csv", records / "train2.csv",
        "--validate", records / "validate.csv", *CHANNELS, *SMALL,
        "--budget", "6", "--ensemble", "1", "--seed", "7", "--out", tmp_path / "o",
    )  # fmt: skip
    assert done.status == 0, done.err
    assert (tmp_path / "o/search.csv").read_text() != (identified[0] / "search.csv").read_text()
    assert "Written to" in done.out


def test_missing_validation_is_split_off_and_said(records, tmp_path):
    done = heliid(
        "fit", "--train", records / "train1.csv", *CHANNELS, "--rate", "10", "--workers", "1",
        "--order", "na=1,nb=2,h=1", "--out", tmp_path / "o",
    )  # fmt: skip
    assert done.status == 0, done.err
    assert done.err == ""
    assert "No record was chosen for validation" in done.out
    assert "last 22 %" in done.out


def test_split_of_one_record_is_said_to_be_weaker(records, tmp_path):
    done = heliid(
        "fit", "--train", records / "train1.csv", *CHANNELS, "--rate", "10", "--workers", "1",
        "--split", "0.55,0.15,0.30", "--order", "na=1,nb=2,h=0", "--out", tmp_path / "o", "--json",
    )  # fmt: skip
    assert done.status == 0, done.err
    summary = json.loads(done.out)
    assert [record["use"] for record in summary["records"]] == ["train", "validate", "test"]
    assert any("stronger choice" in notice for notice in summary["notices"])
    assert summary["candidates"] == 0
    assert summary["reason"] == "done"


def test_fit_takes_the_order_it_is_given(records, tmp_path):
    done = heliid(
        "fit", "--train", records / "train1.csv", "--validate", records / "validate.csv",
        *CHANNELS, "--rate", "10", "--workers", "1", "--order", "na=1/2,nb=3,nk=1,spacing=2,h=1",
        "--out", tmp_path / "o", "--json",
    )  # fmt: skip
    assert done.status == 0, done.err
    structure = json.loads((tmp_path / "o/model.json").read_text())["structure"]
    if not json.loads(done.out)["is_linear_better"]:
        assert structure["output_lags"] == [[1], [1, 2]]
        assert structure["input_lags"] == [[1, 3, 5]]
        assert structure["n_hidden"] == 1


def test_order_too_long_for_the_records_is_one_sentence(records, tmp_path):
    done = heliid(
        "fit", "--train", records / "train1.csv", "--validate", records / "validate.csv",
        *CHANNELS, "--rate", "10", "--workers", "1", "--order", "na=1,nb=900,h=0",
        "--out", tmp_path / "o",
    )  # fmt: skip
    assert done.status == 2
    assert done.err.count("\n") == 1
    assert "cannot be trained" in done.err


def test_interrupt_keeps_the_best_and_resume_gives_the_same_bits(identified, records, tmp_path):
    """Ctrl+C in mid-search leaves a usable model; --resume ends where no interruption would."""
    words = [
        "identify", "--train", records / "train1.csv", records / "train2.csv",
        "--validate", records / "validate.csv", *CHANNELS, *SMALL,
        "--max-hidden", "4", "--budget", "60", "--ensemble", "1",
    ]  # fmt: skip
    plain = heliid(*words, "--out", tmp_path / "plain")
    assert plain.status == 0, plain.err
    out = tmp_path / "stopped"
    command = [sys.executable, "-m", "heliid", *map(str, words), "--out", str(out)]
    running = subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    journal = out / "search.checkpoint"
    until = time.monotonic() + 120
    while time.monotonic() < until and running.poll() is None:
        if journal.exists() and journal.read_text().count("\n") > 8:
            break
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 0, said
    assert "best so far is kept" in said
    assert json.loads((out / "summary.json").read_text())["reason"] == "stopped"
    assert (out / "model.json").exists()
    resumed = heliid(*words, "--out", out, "--resume")
    assert resumed.status == 0, resumed.err
    assert (out / "model.json").read_bytes() == (tmp_path / "plain/model.json").read_bytes()
    assert not journal.exists()


def test_what_was_identified_can_be_repeated_and_opened(identified):
    """The project beside the results: the same bits again, and all that the window needs."""
    out, _ = identified
    done = heliid("rerun", out / "study.heliid", "--json")
    assert done.status == 0, done.err
    again = json.loads(done.out)
    assert again["is_equal"] is True
    assert again["candidates"] == 6
    project = load_project(out / "study.heliid")
    assert [str(one.use) for one in project.records] == ["train", "train", "validate", "test"]
    assert project.inputs == ("stick",)
    assert (
        project.runs[0].model.to_dict()["weights"]
        == load_model(out / "model.json").to_dict()["weights"]
    )


def test_an_interrupted_search_is_put_aside_when_it_is_not_wanted(records, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "search.checkpoint").write_bytes(b"an evening's work")
    done = heliid(
        "identify", "--train", records / "train1.csv", *CHANNELS, *SMALL,
        "--budget", "2", "--ensemble", "1", "--out", out, "--no-project",
    )  # fmt: skip
    assert done.status == 0, done.err
    assert (out / "search.checkpoint.bak").read_bytes() == b"an evening's work"
    assert not (out / "study.heliid").exists()
