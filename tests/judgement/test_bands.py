"""Tolerance bands of Table C2A on hand-made signals, and oscillations read off histories."""

import numpy as np
import pytest

from heliid.data.record import Channel
from heliid.validation.bands import judge_bands, trend_agrees
from heliid.validation.manoeuvre import Event
from heliid.validation.oscillation import Oscillation, fit_oscillation
from heliid.validation.thresholds import DEFAULT, READ

DT = 0.1
DEG = np.pi / 180.0


def channels(*names: str) -> list[Channel]:
    units = {"q": "deg/s", "theta": "deg", "az": "g", "p": "deg/s", "u": "kt", "w": "m/s"}
    return [Channel.of(name, units[name]) for name in names]


def cases(kind, flight, model, names=("q", "theta"), quiet=0, last=20, thresholds=DEFAULT):
    """The cases of one event at 1 s in records (N, n) that start 1 s earlier."""
    n = len(flight)
    event = Event(kind, "delta_lon", 10, last, last + 1 + quiet, 1.0)

    def restart(first, end):
        rows = slice(first, end)
        return DT * np.arange(n)[rows], flight[rows], model[rows]

    return judge_bands("r", [event], channels(*names), restart, 1, n, DT, thresholds)


def still(n=300, columns=2):
    return np.zeros((n, columns))


def test_a_step_is_a_control_response_and_each_limit_holds():
    flight = still()
    inside, outside = flight.copy(), flight.copy()
    inside[:, 0], inside[:, 1] = 1.9 * DEG, -1.4 * DEG
    outside[:, 0], outside[:, 1] = 2.1 * DEG, -1.4 * DEG
    (good,) = cases("step", flight, inside)
    (bad,) = cases("step", flight, outside)
    assert good.kind == "control response"
    assert good.passed is True
    assert "2.c.1" in good.source
    assert bad.passed is False
    assert [band.passed for band in bad.bands] == [False, True]
    assert bad.bands[0].worst == pytest.approx(2.1 / 2.0)


def test_ten_percent_of_the_change_counts_where_it_is_more():
    flight = still()
    flight[12:, 0] = 40.0 * DEG
    model = 0.905 * flight
    assert cases("step", flight, model)[0].passed is True
    assert cases("step", flight, 0.88 * flight)[0].passed is False
    band = cases("step", flight, model)[0].bands[0]
    assert band.high[-1] - band.flight[-1] == pytest.approx(4.0 * DEG)
    assert band.high[0] - band.flight[0] == pytest.approx(2.0 * DEG)


def test_a_doublet_is_a_short_term_response_without_the_share():
    flight = still()
    flight[12:, 0] = 40.0 * DEG
    (case,) = cases("doublet", flight, 0.92 * flight)
    assert case.kind == "short term"
    assert "2.c.3.b" in case.source
    assert case.passed is False


def test_normal_acceleration_has_a_tenth_of_g():
    flight, model = still(columns=1), still(columns=1)
    model += 0.09 * 9.80665
    assert cases("doublet", flight, model, ("az",))[0].passed is True
    assert cases("doublet", flight, 1.2 * model, ("az",))[0].passed is False


def test_other_manoeuvres_are_shown_for_orientation_only():
    (case,) = cases("3-2-1-1", still(), still())
    assert case.is_orientation
    assert "orientation" in case.reason


def test_off_axis_outputs_need_the_right_trend_only():
    flight, model = still(columns=2), still(columns=2)
    t = np.arange(300) * DT
    flight[:, 1] = np.where(t > 1.1, 5 * DEG * (t - 1.1), 0.0)
    model[:, 1] = 0.3 * flight[:, 1]
    (case,) = cases("step", flight, model, ("q", "w"))
    assert case.passed is True  # w is on the axis of the stick and has no tolerance
    (roll,) = cases("step", flight, model, ("q", "p"))
    assert [c.passed for c in roll.checks] == [True]
    (wrong,) = cases("step", flight, -model, ("q", "p"))
    assert [c.passed for c in wrong.checks] == [False]


def test_a_pedal_pulse_asks_nothing_of_pitch_but_the_trend():
    flight = still()
    flight[12:60] = 5.0 * DEG
    model = 0.3 * flight  # far outside the bands of a longitudinal test
    event = Event("pulse", "delta_ped", 10, 20, 300, 1.0)

    def restart(first, end):
        rows = slice(first, end)
        return DT * np.arange(300)[rows], flight[rows], model[rows]

    case = judge_bands("r", [event], channels("q", "theta"), restart, 1, 300, DT)[0]
    assert case.bands == ()
    assert [check.output for check in case.checks] == ["q", "theta"]
    assert case.passed is True


def test_trend_is_about_direction():
    z = np.array([0.0, 1.0, 3.0, 2.0])
    assert trend_agrees(z, 0.1 * z + 5.0)
    assert not trend_agrees(z, -z)


def oscillation(growth, omega, n=1000):
    t = DT * np.arange(n)
    return t, np.exp(growth * t) * np.cos(omega * t + 0.4)


@pytest.mark.parametrize(("growth", "omega"), [(-0.03, 0.35), (0.02, 0.3), (-0.1, 1.0)])
def test_an_oscillation_is_read_off_exactly(growth, omega):
    t, y = oscillation(growth, omega)
    rng = np.random.default_rng(1)
    found = fit_oscillation(t, 0.2 * y + 3.0 + 0.002 * rng.normal(size=len(y)))
    assert found is not None
    assert found.growth == pytest.approx(growth, abs=2e-3)
    assert found.omega == pytest.approx(omega, rel=0.01)
    assert found.damping == pytest.approx(-growth / np.hypot(growth, omega), abs=0.005)


def test_a_ramp_or_noise_is_no_oscillation():
    t = DT * np.arange(300)
    assert fit_oscillation(t, 0.1 * t) is None
    assert fit_oscillation(t, np.random.default_rng(2).normal(size=300)) is None
    assert fit_oscillation(t, np.zeros(300)) is None


def test_times_to_half_and_double():
    assert Oscillation(-np.log(2) / 5.0, 0.3).time_to_half == pytest.approx(5.0)
    assert Oscillation(np.log(2) / 5.0, 0.3).damping < 0.0


def long_case(model_growth, model_omega, n=1000):
    t = DT * np.arange(n)
    flight, model = still(n), still(n)
    flight[:, 1] = 3 * DEG * np.exp(-0.03 * t) * np.sin(0.4 * t)
    model[:, 1] = 3 * DEG * np.exp(model_growth * t) * np.sin(model_omega * t)
    found = cases("doublet", flight, model, quiet=n - 21)
    return next(c for c in found if c.kind == "long term")


def test_long_term_period_and_damping():
    assert long_case(-0.032, 0.41).passed is True
    assert long_case(-0.03, 0.5).passed is False  # period off by 20 %
    assert long_case(-0.06, 0.4).passed is False  # damping ratio off by 0.07
    close = long_case(-0.037, 0.4)  # time to half off by 19 %, damping ratio by 0.018
    assert close.passed is True


def test_without_an_oscillation_the_history_is_compared_for_20_s():
    n = 400
    t = DT * np.arange(n)
    flight, model = still(n), still(n)
    flight[:, 1] = 0.2 * DEG * t
    model[:, 1] = flight[:, 1] + 2.5 * DEG
    found = {c.kind: c for c in cases("doublet", flight, model, quiet=n - 21)}
    assert found["non-periodic"].passed is True
    assert found["non-periodic"].end - found["non-periodic"].start == pytest.approx(20.0, abs=0.2)
    model[:, 1] += 1.0 * DEG
    found = {c.kind: c for c in cases("doublet", flight, model, quiet=n - 21)}
    assert found["non-periodic"].passed is False


def test_airspeed_drift_is_in_knots():
    n = 400
    flight, model = still(n, 1), still(n, 1)
    model += 4.9 * 1852 / 3600
    found = {c.kind: c for c in cases("doublet", flight, model, ("u",), quiet=n - 21)}
    assert found["non-periodic"].bands[0].passed is True
    model *= 1.1
    found = {c.kind: c for c in cases("doublet", flight, model, ("u",), quiet=n - 21)}
    assert found["non-periodic"].bands[0].passed is False


def test_an_edited_tolerance_is_used():
    model = still()
    model[:, 0] = 2.5 * DEG
    edited = DEFAULT.edited({"response_pitch_rate": 3.0})
    assert cases("step", still(), model)[0].passed is False
    assert cases("step", still(), model, thresholds=edited)[0].passed is True


def test_every_tolerance_was_read_in_its_source():
    for key in DEFAULT:
        if key.startswith(("short_", "long_", "free_", "response_p")):
            assert DEFAULT.row(key).status == READ
