"""score, simulate, modes, export on a model that identify wrote."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from heliid.data.csvfile import read_csv
from heliid.export.model_files import load_model
from heliid.model.simulate import free_run

from .conftest import HEADER, heliid, manoeuvre, write_record

pytestmark = pytest.mark.slow  # a process of its own per test

SCORE_KEYS = {
    "record", "output", "window", "rmse", "nrmse", "fit", "theil", "diverged_at",
    "outside_envelope",
}  # fmt: skip


def test_score_lists_every_window_of_every_output(identified, records):
    model = identified[0] / "model.json"
    done = heliid("score", model, records / "test.csv", "--windows", "1,5,all", "--json")
    assert (done.status, done.err) == (0, "")
    rows = json.loads(done.out)["scores"]
    assert len(rows) == 6
    assert all(set(row) >= SCORE_KEYS for row in rows)
    assert {row["window"] for row in rows} == {"1", "5", "all"}


def test_score_says_how_sharp_the_minimum_is(identified, records):
    model = identified[0] / "model.json"
    done = heliid("score", model, records / "test.csv", "--sharpness", "--json")
    flat = json.loads(done.out)["sharpness"]
    assert flat["diverges"] or flat["worst"] > flat["loss"] > 0.0
    assert flat["largest"][0] >= flat["largest"][-1]
    text = heliid("score", model, records / "test.csv", "--sharpness", "--tails").out
    assert "The bad end (NRMSE" in text
    assert "Sharpness (epsilon 0.0001" in text
    assert "largest eigenvalues" in text


def test_score_agrees_with_the_free_run(identified, records):
    """RMSE by hand, in degrees, after the samples that start the run."""
    path = identified[0] / "model.json"
    done = heliid("score", path, records / "test.csv", "--windows", "all", "--json")
    rows = {row["output"]: row for row in json.loads(done.out)["scores"]}
    response = free_run(load_model(path), read_csv(records / "test.csv"))
    error = np.degrees(response.residual[response.n_start :])
    measured = np.degrees(response.measured[response.n_start :])
    for j, name in enumerate(("q", "theta")):
        rmse = np.sqrt(np.mean(error[:, j] ** 2))
        assert rows[name]["rmse"] == pytest.approx(rmse, rel=1e-9)
        assert rows[name]["nrmse"] == pytest.approx(rmse / measured[:, j].std(), rel=1e-9)


def test_score_in_the_units_of_the_file_that_is_scored(identified, records, tmp_path):
    """The same flight with q in rad/s: the same NRMSE, the RMSE in rad/s."""
    values = manoeuvre(3)
    values[:, 2] = np.radians(values[:, 2])
    path = tmp_path / "si.csv"
    np.savetxt(
        path, values, delimiter=",", comments="", fmt="%.9f",
        header="time [s],stick [%],q [rad/s],theta [deg]",
    )  # fmt: skip
    model = identified[0] / "model.json"
    found = []
    for file in (records / "test.csv", path):
        done = heliid("score", model, file, "--windows", "all", "--json")
        found.append({row["output"]: row for row in json.loads(done.out)["scores"]})
    assert (found[0]["q"]["unit"], found[1]["q"]["unit"]) == ("deg/s", "rad/s")
    assert found[1]["q"]["rmse"] == pytest.approx(np.radians(found[0]["q"]["rmse"]), rel=1e-3)
    assert found[1]["q"]["nrmse"] == pytest.approx(found[0]["q"]["nrmse"], rel=1e-3)


def test_score_as_text_shows_the_linear_model_beside(identified, records):
    out = identified[0]
    done = heliid(
        "score", out / "model.json", records / "test.csv", "--linear", out / "linear.json"
    )
    assert (done.status, done.err) == (0, "")
    assert "The linear model" in done.out
    assert "theta" in done.out


def test_simulate_writes_the_contract_columns(identified, records, tmp_path):
    path = tmp_path / "run.csv"
    done = heliid("simulate", identified[0] / "model.json", records / "test.csv", "--out", path)
    assert (done.status, done.err) == (0, "")
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        "time [s]", "q measured [deg/s]", "q model [deg/s]", "q residual [deg/s]",
        "theta measured [deg]", "theta model [deg]", "theta residual [deg]",
    ]  # fmt: skip
    model = load_model(identified[0] / "model.json")
    steps = np.diff([float(row["time [s]"]) for row in rows])
    assert np.allclose(steps, model.dt)
    for row in rows:
        difference = float(row["q measured [deg/s]"]) - float(row["q model [deg/s]"])
        assert float(row["q residual [deg/s]"]) == pytest.approx(difference, abs=1e-12)


def test_simulated_table_reads_back(identified, records, tmp_path):
    path = tmp_path / "run.csv"
    heliid("simulate", identified[0] / "model.json", records / "test.csv", "--out", path)
    record = read_csv(path)
    response = free_run(load_model(identified[0] / "model.json"), read_csv(records / "test.csv"))
    assert np.allclose(record.column("q model"), response.simulated[:, 0], atol=1e-12)


def test_simulate_tells_as_json(identified, records, tmp_path):
    path = tmp_path / "run.csv"
    done = heliid(
        "simulate", identified[0] / "model.json", records / "test.csv", "--out", path, "--json"
    )
    document = json.loads(done.out)
    assert document["units"] == {"q": "deg/s", "theta": "deg"}
    assert document["diverged_at"] is None


def test_modes_are_those_of_the_system(identified):
    """Truth: s^2 + 1.5 s + 0.6 = 0 for the linear part."""
    done = heliid("modes", identified[0] / "model.json", "--json")
    assert (done.status, done.err) == (0, "")
    found = json.loads(done.out)["eigenvalues"]
    assert found
    assert {"real", "imag", "name", "frequency", "damping", "interval"} <= set(found[0])
    assert all(line["real"] < 0 for line in found)


def test_modes_as_text(identified):
    done = heliid("modes", identified[0] / "model.json")
    assert (done.status, done.err) == (0, "")
    assert "root [1/s]" in done.out


def test_export_is_verified(identified, tmp_path):
    done = heliid(
        "export",
        identified[0] / "model.json",
        "--to",
        "python",
        "--out",
        tmp_path / "m.py",
        "--json",
    )
    assert (done.status, done.err) == (0, "")
    document = json.loads(done.out)
    assert document["verified"]["ok"]
    assert (tmp_path / "m.py").exists()


def test_export_of_predictions_uses_the_record(identified, records, tmp_path):
    done = heliid(
        "export", identified[0] / "model.json", "--to", "csv", "--file", records / "test.csv",
        "--out", tmp_path / "p.csv",
    )  # fmt: skip
    assert (done.status, done.err) == (0, "")
    assert (tmp_path / "p.csv").exists()


def test_export_type_that_the_target_has_not(identified, tmp_path):
    done = heliid(
        "export", identified[0] / "model.json", "--to", "onnx", "--type", "int8",
        "--out", tmp_path / "m.onnx",
    )  # fmt: skip
    assert done.status == 2
    assert done.err.count("\n") == 1


def test_record_with_other_quantity_is_refused(identified, tmp_path):
    path = write_record(tmp_path / "odd.csv", manoeuvre(3), HEADER.replace("deg/s", "kg"))
    done = heliid("score", identified[0] / "model.json", path)
    assert done.status == 2
    assert "'q'" in done.err


def test_score_answers_the_questions_with_edited_limits(identified, records):
    model = identified[0] / "model.json"
    done = heliid("score", model, records / "test.csv", "--windows", "all", "--verdict",
                  "--limit", "theil_limit=1e-4", "--limit", "theil_good=0", "--json")  # fmt: skip
    assert (done.status, done.err) == (0, "")
    found = json.loads(done.out)
    lights = {q["key"]: q["light"] for q in found["verdict"]}
    assert lights["dynamics"] == "red"
    assert found["edited_limits"]["theil_limit"] == 0.0001
    text = heliid(
        "score", model, records / "test.csv", "--verdict", "--limit", "theil_limit=0.5"
    ).out
    assert "Does it capture the dynamics?" in text
    assert "Edited limit: Theil's U, acceptable 0.5 (was 0.3)." in text


def test_score_takes_the_users_word_for_the_manoeuvre(identified, records):
    model, record = identified[0] / "model.json", records / "test.csv"
    assert heliid("score", model, record, "--manoeuvre", "doublet").status == 0
    for said, words in (
        ("barrel roll", "no manoeuvre called 'barrel roll'"),
        ("nobody=step", "no record 'nobody'"),
    ):
        done = heliid("score", model, record, "--manoeuvre", said)
        assert done.status == 2
        assert words in done.err
    assert heliid("score", model, record, "--limit", "theil").status == 2
    assert "no limit called" in heliid("score", model, record, "--limit", "colour=3").err


def test_modes_stand_beside_reference_values(identified, tmp_path):
    model = identified[0] / "model.json"
    table = tmp_path / "tunnel.csv"
    table.write_text("name,value,unit\nphugoid frequency,0.3,rad/s\nMq,-2,1/s\n")
    done = heliid("modes", model, "--reference", table, "--reference", "Lynx, 60", "--json")
    assert (done.status, done.err) == (0, "")
    assert set(json.loads(done.out)["references"]) == {"tunnel", "Westland Lynx, 60 kt"}
    assert "Beside tunnel (tunnel.csv)" in heliid("modes", model, "--reference", table).out
    done = heliid("modes", model, "--reference", "Flying Saucer")
    assert done.status == 2
    assert "no reference 'Flying Saucer'" in done.err


def test_identify_leaves_refits_for_the_intervals(identified):
    left = sorted((identified[0] / "ensemble").glob("left_out_*.json"))
    assert len(left) >= 3
    done = json.loads(heliid("modes", identified[0] / "model.json", "--json").out)
    assert done["members"] == len(left)
    assert any(line["interval"] for line in done["eigenvalues"])
