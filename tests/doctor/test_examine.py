"""The doctor finds what was put in, names it, sizes it, and its remedy cures it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from heliid.data import conditioning
from heliid.data.doctor import KINDS, Severity, examine
from tests.doctor import flights

pytestmark = pytest.mark.slow

SOUND = flights.flight()
FAULTS = (Severity.ERROR, Severity.WARNING)


def faults(record, **kwargs):
    return [f for f in examine(record, **kwargs) if f.severity in FAULTS]


def only(record, kind):
    """The one finding of a kind; no other fault may be claimed."""
    found = faults(record)
    assert [f.kind for f in found] == [kind], [f.sentence for f in found]
    return found[0]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("noise", [0.0, 1.0, 2.0])
def test_a_sound_record_is_not_accused(seed, noise):
    assert faults(flights.flight(seed, noise)) == []


def test_notes_say_what_nothing_confirms():
    (note,) = [f for f in examine(SOUND) if f.kind == "unchecked"]
    assert note.channels == ("delta_lon",)
    assert "the file's word" in note.sentence


@pytest.mark.parametrize("true_over_stated", [0.8, 0.9, 1.1, 1.25])
def test_a_wrong_sample_time_is_found_and_cured(true_over_stated):
    record = flights.slow_clock(SOUND, 1 / true_over_stated)
    finding = only(record, "time base")
    assert finding.number("dt_estimate") == pytest.approx(flights.DT, rel=0.02)
    assert "20 ms (50 Hz)" in finding.sentence
    cured = conditioning.apply(record, [finding.remedy])
    assert cured.dt == pytest.approx(flights.DT)
    assert faults(cured) == []


@pytest.mark.parametrize("name", ["q", "theta", "p", "phi", "r", "psi"])
@pytest.mark.parametrize("factor", [0.78, 0.9, 1.1, 1.22])
def test_a_wrong_scale_is_found(name, factor):
    finding = only(flights.scaled(SOUND, name, factor), "scale")
    assert name in finding.channels
    value = finding.number("factor")
    own = value if finding.channels[0] == name else 1 / value
    assert own == pytest.approx(factor, rel=0.02)


@pytest.mark.parametrize("name", ["q", "theta"])
def test_accelerations_tell_which_of_two_is_wrong(name):
    finding = only(flights.scaled(SOUND, name, 1.22), "scale")
    assert finding.channels == (name,)
    cured = conditioning.apply(flights.scaled(SOUND, name, 1.22), [finding.remedy])
    assert faults(cured) == []


def test_with_one_axis_alone_both_suspects_are_named():
    gone = [name for name in SOUND.names if name not in ("delta_lon", "q", "theta")]
    record = conditioning.apply(SOUND, [conditioning.Drop(tuple(gone))])
    finding = only(flights.scaled(record, "theta", 1.22), "scale")
    assert set(finding.channels) == {"q", "theta"}
    assert "is off the other way" in finding.sentence
    assert "or the sample time is 24." in finding.sentence
    assert finding.number("dt_if_clock") == pytest.approx(1.22 * flights.DT, rel=0.02)


@pytest.mark.parametrize("name", ["q", "theta", "p", "phi"])
def test_a_wrong_sign_is_found(name):
    finding = only(flights.scaled(SOUND, name, -1.0), "sign")
    assert name in finding.channels
    if finding.channels[0] == name:
        cured = conditioning.apply(flights.scaled(SOUND, name, -1.0), [finding.remedy])
        assert faults(cured) == []


@pytest.mark.parametrize(("name", "unit"), [("theta", "rad"), ("q", "rad/s"), ("phi", "rad")])
def test_degrees_called_radians_are_found_and_cured(name, unit):
    record = flights.in_unit(SOUND, name, unit)
    finding = only(record, "unit")
    assert finding.channels == (name,)
    assert f"not in {unit}" in finding.sentence
    assert faults(conditioning.apply(record, [finding.remedy])) == []


@pytest.mark.parametrize("name", ["q", "theta", "p"])
@pytest.mark.parametrize("seconds", [0.04, 0.08])
def test_a_late_channel_is_found_and_cured(name, seconds):
    record = flights.late(SOUND, name, seconds)
    finding = only(record, "skew")
    assert finding.channels[0] == name
    assert finding.number("delay") == pytest.approx(seconds, abs=flights.DT / 2)
    assert faults(conditioning.apply(record, [finding.remedy])) == []


@pytest.mark.parametrize(("a", "b"), [("p", "q"), ("q", "r"), ("phi", "theta"), ("theta", "psi")])
def test_mixed_columns_are_found_and_cured(a, b):
    record = flights.exchanged(SOUND, a, b)
    finding = only(record, "swapped")
    assert set(finding.channels) == {a, b}
    assert faults(conditioning.apply(record, [finding.remedy])) == []


def test_an_accelerometer_along_the_wrong_axis_is_found():
    finding = only(flights.exchanged(SOUND, "ax", "az"), "swapped")
    assert set(finding.channels) == {"ax", "az"}


def test_a_drift_is_found():
    ramp = np.linspace(0, 20 * flights.DEG, flights.N)
    record = flights.with_column(SOUND, "theta", SOUND.column("theta") + ramp)
    finding = only(record, "drift")
    assert finding.channels == ("theta", "q")
    assert finding.number("slope") == pytest.approx(20 * flights.DEG / 60, rel=0.05)
    assert faults(conditioning.apply(record, [finding.remedy])) == []


def test_a_slow_channel_is_found_and_cured():
    held = np.repeat(SOUND.column("q")[::5], 5)
    record = flights.with_column(SOUND, "q", held)
    finding = only(record, "low rate")
    assert finding.number("held_samples") == pytest.approx(5.0)
    assert "10 Hz" in finding.sentence
    assert faults(conditioning.apply(record, [finding.remedy])) == []


def test_a_gap_is_found_and_cured():
    keep = np.ones(flights.N, dtype=bool)
    keep[1000:1015] = False
    record = replace(SOUND, time=SOUND.time[keep], values=SOUND.values[keep])
    finding = only(record, "gap")
    assert finding.number("n_missing") == 15
    assert finding.start == pytest.approx(19.98)
    assert faults(conditioning.apply(record, [finding.remedy])) == []


def test_a_long_gap_is_cut():
    keep = np.ones(flights.N, dtype=bool)
    keep[1000:1200] = False
    record = replace(SOUND, time=SOUND.time[keep], values=SOUND.values[keep])
    finding = only(record, "gap")
    assert finding.severity is Severity.ERROR
    assert conditioning.apply(record, [finding.remedy]).time[0] == pytest.approx(24.0)


def test_jitter_is_found_and_cured():
    rng = np.random.default_rng(1)
    time = SOUND.time + rng.uniform(-0.004, 0.004, flights.N)
    values = np.column_stack([np.interp(time, SOUND.time, c) for c in SOUND.values.T])
    record = replace(SOUND, time=time, values=values)
    finding = only(record, "jitter")
    assert conditioning.apply(record, [finding.remedy]).is_uniform


def test_a_dropout_is_found_and_cured():
    record = flights.patched(SOUND, "u", 1500, np.zeros(20))
    finding = only(record, "dropout")
    assert finding.channels == ("u",)
    assert (finding.start, finding.end) == pytest.approx((30.0, 30.38))
    assert faults(conditioning.apply(record, [finding.remedy])) == []


def test_a_stuck_channel_is_found():
    value = SOUND.column("q")[1500]
    finding = only(flights.patched(SOUND, "q", 1500, np.full(40, value)), "stuck")
    assert finding.channels == ("q",)
    assert finding.start == pytest.approx(30.0)


def test_spikes_are_found_and_cured():
    record = flights.patched(SOUND, "theta", 700, SOUND.column("theta")[700:701] + 0.6)
    record = flights.patched(record, "theta", 2100, SOUND.column("theta")[2100:2102] - 0.6)
    finding = only(record, "spikes")
    assert finding.number("n_spikes") == 3
    assert faults(conditioning.apply(record, [finding.remedy])) == []


@pytest.mark.parametrize("side", ["upper", "lower"])
def test_clipping_is_found(side):
    limit = np.percentile(SOUND.column("q"), 95 if side == "upper" else 5)
    low, high = (None, limit) if side == "upper" else (limit, None)
    finding = only(
        flights.with_column(SOUND, "q", np.clip(SOUND.column("q"), low, high)), "clipping"
    )
    assert side in finding.sentence
    assert finding.number("limit") == pytest.approx(limit)


def test_time_that_stands_still_is_the_only_thing_said():
    time = SOUND.time.copy()
    time[100] = time[99]
    (finding,) = examine(replace(SOUND, time=time))
    assert finding.kind == "time order"


def test_two_faults_are_both_found():
    record = flights.scaled(flights.late(SOUND, "q", 0.06), "phi", -1.0)
    assert {f.kind for f in faults(record)} == {"skew", "sign"}


def test_a_channel_that_never_moves_is_a_note():
    record = flights.with_column(SOUND, "delta_lon", np.full(flights.N, 3.0))
    (finding,) = [f for f in examine(record) if f.kind == "constant"]
    assert finding.severity is Severity.NOTE


def test_chosen_inputs_that_move_together_are_a_warning():
    double = replace(
        SOUND,
        values=np.column_stack([SOUND.values, 2 * SOUND.column("delta_lon")]),
        channels=(*SOUND.channels, replace(SOUND.channels[0], name="delta_col")),
    )
    found = faults(double, inputs=("delta_lon", "delta_col"), outputs=("q",))
    assert [f.kind for f in found] == ["correlation"]
    assert found[0].evidence[0][1] == pytest.approx(1.0)


def test_an_output_that_no_input_explains_is_a_warning():
    record = flights.with_column(SOUND, "delta_lon", np.cumsum(flights.flight(9).column("w")))
    found = faults(record, inputs=("delta_lon",), outputs=("q [deg/s]",))
    assert [f.kind for f in found] == ["excitation"]


def test_the_bandwidth_note_proposes_a_rate():
    (note,) = [
        f for f in examine(SOUND, inputs=("delta_lon",), outputs=("q",)) if f.kind == "bandwidth"
    ]
    assert 1.0 <= note.number("rate_hz") <= 50.0


def test_the_same_record_gives_the_same_words():
    assert examine(SOUND) == examine(flights.flight())


def test_every_finding_is_plain_data_and_one_line():
    import json

    record = flights.scaled(flights.late(SOUND, "q", 0.06), "phi", -1.0)
    for finding in examine(record):
        assert finding.kind in KINDS
        assert "\n" not in finding.sentence
        assert finding.sentence.endswith(".")
        json.dumps(finding.to_dict(), allow_nan=False)


@pytest.mark.parametrize("n", [2, 5, 16, 40, 100])
def test_short_records_do_not_upset_it(n):
    short = replace(SOUND, time=SOUND.time[:n], values=SOUND.values[:n])
    assert isinstance(examine(short), tuple)


def test_odd_values_do_not_upset_it():
    rng = np.random.default_rng(0)
    for column in (
        np.zeros(flights.N),
        np.full(flights.N, 1e29),
        rng.normal(size=flights.N) * 1e-300,
    ):
        assert isinstance(examine(flights.with_column(SOUND, "q", column)), tuple)
