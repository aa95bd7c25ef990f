"""Modes and derivatives of known aircraft, from their noisy records to the table."""

import json
from dataclasses import replace

import numpy as np
import pytest

from heliid.errors import RecordError
from heliid.physics import (
    compare_derivatives,
    compare_modes,
    leave_one_out,
    load_reference,
    modes,
    shipped_references,
    study_physics,
)
from heliid.physics.modes import match, name_modes
from heliid.physics.summary import spread_interval
from tests.judgement.plants import fit_model, order, truth_model
from tests.physics.aircraft import INPUTS, SETTINGS, entry, fly, identified

pytestmark = pytest.mark.slow

PLANTS = [
    ("Westland Lynx", 0),
    ("Westland Lynx", 20),
    ("Westland Lynx", 60),
    ("Agusta A109 class", 40),
]
# Derivatives whose part in their equation is at least a tenth of the largest part, in the motion
# that was flown; a weaker one cannot be known to 10 % from data with 3 % noise.
STRONG = 0.1


def true_modes(name, speed):
    values = np.linalg.eigvals(np.array(entry(name, speed)["A"]))
    return name_modes(values, is_longitudinal=True)


def strong_derivatives(name, speed) -> set[str]:
    row = entry(name, speed)
    a, b = np.array(row["A"]), np.array(row["B"])
    record = fly(name, speed, 0, noise=0.0)
    size_u = np.concatenate([r.values[:, :2] for r in record]).std(axis=0)
    size_x = np.concatenate([r.values[:, 2:] for r in record]).std(axis=0)
    parts = np.hstack([np.abs(a) * size_x, np.abs(b) * size_u])
    names = ("u", "w", "q", None, "d_lon", "d_col")
    found = set()
    for r, force in enumerate("XZM"):
        for c, state in enumerate(names):
            if state and parts[r, c] > STRONG * parts[r].max():
                found.add(force + state)
    return found


@pytest.mark.parametrize(("name", "speed"), PLANTS)
@pytest.mark.parametrize(("na", "nb"), [(1, 2), (2, 2)])
def test_modes_come_out_within_10_percent_and_0_05(name, speed, na, nb):
    physics = study_physics(identified(name, speed, 1, na, nb))
    assert physics.refusal == ""
    for true in true_modes(name, speed):
        found = match(true, physics.modes)
        assert found is not None, true
        assert found.frequency == pytest.approx(true.frequency, rel=0.1)
        assert found.damping == pytest.approx(true.damping, abs=0.05)


@pytest.mark.parametrize(("name", "speed"), PLANTS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_strong_derivatives_come_out_within_10_percent(name, speed, seed):
    table = entry(name, speed)["derivatives"]
    physics = study_physics(identified(name, speed, seed))
    strong = strong_derivatives(name, speed)
    assert {"Mq", "Md_lon", "Zw", "Zd_col"} <= strong
    found = {d.name: d for d in physics.derivatives}
    assert set(found) == set(table)
    for key in strong:
        assert found[key].value == pytest.approx(table[key], rel=0.1), key


def test_units_are_the_usual_ones():
    found = {d.name: d for d in study_physics(identified("Westland Lynx", 60)).derivatives}
    assert found["Xu"].unit == "1/s"
    assert found["Mq"].unit == "1/s"
    assert found["Mw"].unit == "rad/s/m"
    assert found["Zq"].unit == "m/s/rad"
    assert found["Md_lon"].unit == "rad/s^2/rad"
    assert "Zq + Ue" in found["Zq"].note


def test_leaving_records_out_gives_intervals_that_hold_the_truth():
    records = fly("Westland Lynx", 60, 1)
    model = identified("Westland Lynx", 60, 1)
    members = leave_one_out(model, records, SETTINGS)
    assert len(members) == 4
    assert {m.provenance["left_out"] for m in members} == {"r0", "r1", "r2", "r3"}
    physics = study_physics(model, members)
    inside = []
    for true in true_modes("Westland Lynx", 60):
        k = next(k for k, mode in enumerate(physics.modes) if mode.name == true.name)
        interval = physics.intervals[k]
        assert interval is not None
        assert interval.n_members == 4
        inside.append(interval.frequency[0] <= true.frequency <= interval.frequency[1])
    table = entry("Westland Lynx", 60)["derivatives"]
    inside += [d.interval[0] <= table[d.name] <= d.interval[1] for d in physics.derivatives]
    assert np.mean(inside) >= 0.8  # 17 of 18 here; 85-100 % over eight seeds


def test_few_records_are_cut_in_pieces():
    records = fly("Westland Lynx", 60, 1)[:1]
    model = identified("Westland Lynx", 60, 1)
    members = leave_one_out(model, records, SETTINGS)
    assert 3 <= len(members) <= 4
    with pytest.raises(RecordError, match="no training record"):
        leave_one_out(model, [])


def test_the_contract_of_the_command_line():
    model = identified("Westland Lynx", 60)
    found = modes(model)
    json.dumps(found, allow_nan=False)
    for line in found["eigenvalues"]:
        assert {"real", "imag", "name", "frequency", "damping", "interval"} <= set(line)
        assert line["interval"] is None
    values = np.array([complex(e["real"], e["imag"]) for e in found["eigenvalues"]])
    true = np.linalg.eigvals(np.array(entry("Westland Lynx", 60)["A"]))
    assert np.sort_complex(values) == pytest.approx(np.sort_complex(true), rel=0.05, abs=0.01)
    assert found["derivatives"]["Mq"]["value"] == pytest.approx(-2.2156, rel=0.1)
    assert found["trim"]["outputs"]["theta"]["unit"] == "rad"
    with_members = modes(model, [identified("Westland Lynx", 60, s) for s in (1, 2, 3)])
    assert len(with_members["eigenvalues"][0]["interval"]["frequency"]) == 2


def test_without_all_four_outputs_there_are_modes_but_no_derivatives():
    records = fly("Westland Lynx", 60, 1)
    model = fit_model(records, INPUTS, ("q", "theta"), order(2, 2, 2, 2))
    physics = study_physics(model)
    assert physics.derivatives == ()
    assert "u_body, w_body missing" in physics.refusal
    assert physics.source == "dominant modes of the full model"
    assert len(physics.modes) >= 2


def test_derivatives_are_refused_when_four_states_do_not_stand_for_the_model():
    """An echo of every input 1.5 s later is nothing that four states and a delay can copy."""
    model = identified("Westland Lynx", 60)
    assert study_physics(model).refusal == ""
    linear = model.weights.linear.copy()
    linear[:, [5, 7]] = linear[:, [4, 6]]
    lags = tuple((lags[0], 15) for lags in model.structure.input_lags)
    echo = replace(
        model,
        structure=replace(model.structure, input_lags=lags),
        weights=replace(model.weights, linear=linear),
    )
    physics = study_physics(echo)
    assert physics.derivatives == ()
    assert "departs from the full one" in physics.refusal
    assert physics.reduction_theil > 0.1
    assert study_physics(echo, refuse_above=0.9).derivatives != ()


def test_the_synthetic_helicopter_has_its_modes():
    """Nonlinear, with rotor lags: a good network's modes at trim."""
    physics = study_physics(truth_model(4, 1))
    by_name = {mode.name: mode for mode in physics.modes}
    assert by_name["phugoid"].frequency == pytest.approx(0.1151, rel=0.1)
    assert by_name["pitch subsidence"].frequency == pytest.approx(4.263, rel=0.1)
    assert by_name["heave subsidence"].frequency == pytest.approx(0.3763, rel=0.1)
    lag = physics.to_dict()["input_lag"]
    assert lag["kind"] == "lag"
    assert lag["seconds"]["delta_lon"] == pytest.approx(0.09, abs=0.03)
    assert lag["seconds"]["delta_col"] == pytest.approx(0.18, abs=0.03)


def test_spread_interval_is_students():
    low, high = spread_interval([1.0, 2.0, 3.0])
    assert (low, high) == pytest.approx((2 - 4.302653, 2 + 4.302653), rel=1e-5)


def test_shipped_references_compare_with_an_identified_model():
    lynx = next(r for r in shipped_references() if r.name == "Westland Lynx, 60 kt")
    assert "Padfield" in lynx.source
    physics = study_physics(identified("Westland Lynx", 60))
    rows = {row.name: row for row in compare_derivatives(physics.derivatives, lynx)}
    assert rows["Mq"].ratio == pytest.approx(1.0, abs=0.1)
    assert rows["Mq"].remark == ""
    both = compare_modes(physics.modes, physics.intervals, lynx)
    assert {row.name for row in both} >= {"phugoid frequency", "phugoid damping"}


def test_a_users_table_is_read_and_bad_ones_are_refused(tmp_path):
    table = tmp_path / "wind_tunnel.csv"
    table.write_text("# from the tunnel\nname,value,unit\nMq,-2.0,1/s\nMd_lon, 0.4, rad/s^2/in\n")
    reference = load_reference(table)
    assert reference.derivatives == {"Mq": (-2.0, "1/s"), "Md_lon": (0.4, "rad/s^2/in")}
    physics = study_physics(identified("Westland Lynx", 60))
    rows = {row.name: row for row in compare_derivatives(physics.derivatives, reference)}
    assert "the reference is in rad/s^2/in" in rows["Md_lon"].remark
    table.write_text("derivative;x\nMq;1\n")
    with pytest.raises(RecordError, match="no columns 'name' and 'value'"):
        load_reference(table)
    table.write_text("name,value\nMq,soon\n")
    with pytest.raises(RecordError, match="'soon': give a number"):
        load_reference(table)
    with pytest.raises(RecordError, match="cannot be read"):
        load_reference(tmp_path / "missing.csv")
