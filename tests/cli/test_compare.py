"""heliid compare: equal budgets and seeds, statistics, files."""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ET

import pytest

from .conftest import CHANNELS, SMALL, heliid

pytestmark = pytest.mark.slow  # a process of its own per test


@pytest.fixture(scope="module")
def compared(records, tmp_path_factory):
    out = tmp_path_factory.mktemp("compared")
    done = heliid(
        "compare", "--train", records / "train1.csv", "--validate", records / "validate.csv",
        *CHANNELS, *SMALL, "--budget", "5", "--seeds", "3", "--searches", "abc,ais,pso,random",
        "--out", out, "--json",
    )  # fmt: skip
    return out, done


def test_comparison_is_one_document(compared):
    _, done = compared
    assert (done.status, done.err) == (0, "")
    found = json.loads(done.out)
    assert found["seeds"] == [1, 2, 3]
    assert {one["searcher"] for one in found["summaries"]} == {"abc", "ais", "pso", "random"}
    assert len(found["pairs"]) == 6
    assert "Over 3 seeds with 5 unique trainings each" in found["paragraph"]
    assert found["n_trained"] <= 4 * 3 * 5


def test_comparison_files(compared):
    out, _ = compared
    with (out / "comparison.csv").open() as file:
        rows = list(csv.reader(file))
    assert len(rows) == 1 + 4 * 3
    assert rows[0][:3] == ["searcher", "seed", "1"]
    page = (out / "comparison.html").read_text()
    picture = page[page.index("<svg") : page.index("</svg>") + 6]
    ET.fromstring(picture)
    assert json.loads((out / "comparison.json").read_text())["budget"] == 5


def test_comparison_as_text(records):
    done = heliid(
        "compare", "--train", records / "train1.csv", "--validate", records / "validate.csv",
        *CHANNELS, *SMALL, "--budget", "3", "--seeds", "2", "--searches", "ais,random",
    )  # fmt: skip
    assert (done.status, done.err) == (0, "")
    assert "mean rank" in done.out
    assert "p (Holm)" in done.out


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        (("--searches", "ais"), "at least two different"),
        (("--searches", "ais,ga"), "'ga' is not known"),
        (("--searches", "ais,ais"), "at least two different"),
        (("--seeds", "0"), "number of seeds is 0"),
    ],
)
def test_wrong_comparison_is_one_sentence(records, extra, says):
    done = heliid("compare", "--train", records / "train1.csv", *CHANNELS, *extra)
    assert done.status == 2
    assert done.out == ""
    assert says in done.err
    assert done.err.count("\n") == 1
