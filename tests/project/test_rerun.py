"""A run of a project can be repeated, and what differs is said."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from heliid.cli import main
from heliid.data.campaign import make_campaign
from heliid.data.record import Channel, FlightRecord
from heliid.errors import ProjectFileError
from heliid.project import Project, load_project, save_project
from heliid.project.rerun import rerun
from heliid.project.runs import candidate_from_dict, candidate_to_dict, make_run, study_project
from heliid.study import OrderBox, StudyConfig, fit, identify

pytestmark = pytest.mark.slow

CONFIG = StudyConfig(
    rate_hz=10.0, budget=10, seed=3, workers=1, n_tables=1, n_ensemble=2,
    box=OrderBox(na_max=2, nb_max=2, nk_max=1, spacing_max=1, hidden_max=1),
)  # fmt: skip


def record(seed: int, n: int = 300) -> FlightRecord:
    rng = np.random.default_rng(seed)
    u = np.repeat(rng.normal(size=n // 10), 10)
    y = np.zeros(n)
    for k in range(1, n):
        y[k] = 0.9 * y[k - 1] + 0.2 * np.tanh(u[k]) + 0.01 * rng.normal()
    channels = (Channel.of("delta_lon", "%"), Channel.of("q", "deg/s"))
    return FlightRecord(f"run {seed}", 0.1 * np.arange(n), np.column_stack([u, y]), channels)


@pytest.fixture(scope="module")
def project() -> Project:
    campaign = make_campaign(["delta_lon"], ["q"], train=[record(1)], validate=[record(2)])
    result = identify(campaign, CONFIG)
    run = make_run(result, key="run1", name="Run 1", created="2026-01-01T00:00:00Z")
    order = "na=1,nb=2,nk=0,spacing=1,h=1"
    fitted = make_run(
        fit(campaign, CONFIG, order), key="run2", name="Fit", created="2026", order=order
    )
    whole = study_project(result, run)
    return replace(whole, runs=(run, fitted))


def test_candidates_keep_their_bits_as_plain_data(project):
    for row in project.runs[0].candidates:
        assert candidate_to_dict(candidate_from_dict(json.loads(json.dumps(row)))) == row


@pytest.mark.parametrize("wanted", ["run1", "Run 1", "run2"])
def test_a_saved_run_gives_the_same_bits_again(project, tmp_path, wanted):
    save_project(project, tmp_path / "a.heliid")
    again = rerun(load_project(tmp_path / "a.heliid"), wanted)
    assert again.is_equal, again.differences
    assert "same bits" in again.sentence
    assert again.versions == ()


def test_the_samples_of_a_run_cost_nothing_when_the_project_has_them(project, tmp_path):
    save_project(project, tmp_path / "a.heliid")
    save_project(replace(project, runs=()), tmp_path / "b.heliid")
    samples = project.records[0].record.values.nbytes
    grown = (tmp_path / "a.heliid").stat().st_size - (tmp_path / "b.heliid").stat().st_size
    models = sum(len(json.dumps(one.to_dict())) for run in project.runs for one in run.members)
    assert grown < samples + 4 * models


def test_another_seed_is_noticed_and_named(project):
    run = project.runs[0]
    changed = replace(run, config=run.config | {"seed": 4})
    found = rerun(replace(project, runs=(changed,)), "run1")
    assert not found.is_equal
    assert "came out differently" in found.sentence


def test_one_changed_bit_in_a_cost_is_noticed(project):
    run = project.runs[0]
    rows = [dict(row) for row in run.candidates]
    rows[2]["cost"] = float(np.nextafter(rows[2]["cost"], 1.0))
    found = rerun(replace(project, runs=(replace(run, candidates=tuple(rows)),)), "run1")
    assert len(found.differences) == 1
    assert found.differences[0].startswith("candidate 2")


@pytest.mark.parametrize(
    ("change", "words"),
    [({"used": None}, "cannot be repeated"), ({"reason": "stopped"}, "stopped by hand")],
)
def test_what_cannot_be_repeated_is_said(project, change, words):
    run = replace(project.runs[0], **change)
    with pytest.raises(ProjectFileError, match=words):
        rerun(replace(project, runs=(run,)), "run1")


def test_an_unknown_run_names_the_known_ones(project):
    with pytest.raises(ProjectFileError, match=r"run1 \(Run 1\), run2 \(Fit\)"):
        rerun(project, "nonsense")


def test_the_command_prints_the_verdict(project, tmp_path, capsys):
    save_project(project, tmp_path / "a.heliid")
    assert main(["rerun", str(tmp_path / "a.heliid"), "run1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["is_equal"] is True
    run = project.runs[0]
    other = replace(project, runs=(replace(run, config=run.config | {"seed": 9}),))
    save_project(other, tmp_path / "b.heliid")
    assert main(["rerun", str(tmp_path / "b.heliid")]) == 1
    assert "came out differently" in capsys.readouterr().out
