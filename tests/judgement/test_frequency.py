"""Frequency responses and J against known systems and independent estimators."""

import numpy as np
import pytest
from scipy import signal

from heliid.validation.frequency import (
    Signals,
    align,
    compare_responses,
    mismatch,
    usable_band,
    window_length,
)

DT = 0.05


def plant(u: np.ndarray, gain: float = 1.0) -> np.ndarray:
    """A second-order system (N,), omega_n = 2 rad/s, zeta = 0.5."""
    numerator, denominator, _ = signal.cont2discrete(([gain * 4.0], [1.0, 2.0, 4.0]), DT)
    return signal.lfilter(numerator.ravel(), denominator, u)


def response(omega: np.ndarray) -> np.ndarray:
    numerator, denominator, _ = signal.cont2discrete(([4.0], [1.0, 2.0, 4.0]), DT)
    return signal.freqz(numerator.ravel(), denominator, omega * DT)[1]


def noise_input(seed: int, n: int = 6000, columns: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    b, a = signal.butter(2, 1.5 * 2 * DT)
    return signal.lfilter(b, a, rng.normal(size=(n, columns)), axis=0)


def one(u, flight, model, inputs=("d",), **kwargs):
    record = Signals(u, flight[:, None], model[:, None])
    return compare_responses([record], inputs, ("q",), DT, **kwargs)


def test_the_estimate_is_the_response_of_the_plant():
    u = noise_input(1)
    y = plant(u[:, 0])
    pair = one(u, y, y).pairs[0]
    used = (pair.omega > 0.7) & (pair.omega < 8.0)
    true = response(pair.omega[used])
    assert pair.flight_db[used] == pytest.approx(20 * np.log10(np.abs(true)), abs=0.5)
    difference = pair.flight_deg[used] - np.degrees(np.unwrap(np.angle(true)))
    assert np.max(np.abs((difference + 180) % 360 - 180)) < 4.0


def test_one_input_agrees_with_scipy():
    u = noise_input(2)
    rng = np.random.default_rng(3)
    y = plant(u[:, 0]) + 0.05 * rng.normal(size=len(u))
    pair = one(u, y, y, window_s=10.0).pairs[0]
    keep = {"fs": 1 / DT, "nperseg": 200, "noverlap": 100}
    f, p_uy = signal.csd(u[:, 0], y, **keep)
    _, p_uu = signal.welch(u[:, 0], **keep)
    _, g2 = signal.coherence(u[:, 0], y, **keep)
    assert pair.omega == pytest.approx(2 * np.pi * f[1:-1])
    h = p_uy / p_uu
    excited = slice(0, 50)  # above, the input has no power and the floor takes over
    expected = 20 * np.log10(np.abs(h[1:-1]))
    assert pair.flight_db[excited] == pytest.approx(expected[excited], abs=1e-5)
    assert pair.coherence[excited] == pytest.approx(g2[1:-1][excited], abs=1e-6)


def test_correlated_inputs_are_told_apart():
    u = noise_input(4, 12000, 2)
    u[:, 1] += 0.6 * u[:, 0]
    y = plant(u[:, 0]) - 2.0 * plant(u[:, 1])
    found = one(u, y, y, ("a", "b"))
    used = slice(3, 20)
    a, b = found.pairs
    assert b.flight_db[used] - a.flight_db[used] == pytest.approx(20 * np.log10(2.0), abs=1.0)


def test_a_model_against_itself_has_j_zero():
    u = noise_input(5)
    y = plant(u[:, 0]) + 0.02 * np.random.default_rng(6).normal(size=len(u))
    found = one(u, y, y)
    assert found.pairs[0].j == pytest.approx(0.0, abs=1e-12)
    assert found.j_mean == pytest.approx(0.0, abs=1e-12)


def test_j_of_a_gain_and_of_a_delay_by_hand():
    omega = np.linspace(0.5, 10.0, 200)
    weight = (1.58 * (1 - np.exp(-1.0))) ** 2
    gain, points = mismatch(omega, np.full(200, 1.2 + 0j), np.ones(200), 0.6)
    assert gain == pytest.approx(20 * weight * (20 * np.log10(1.2)) ** 2)
    assert len(points) == 20
    delay, _ = mismatch(omega, np.exp(-0.1j * omega), np.ones(200), 0.6)
    degrees = np.degrees(0.1 * np.geomspace(0.5, 10.0, 20))
    assert delay == pytest.approx(np.mean(20 * weight * 0.01745 * degrees**2), rel=1e-3)


def test_a_delay_of_100_ms_exceeds_the_guideline_and_aligning_takes_it_out():
    u = noise_input(7)
    y = plant(u[:, 0])
    late = np.concatenate([np.zeros(2), y[:-2]])
    found = one(u, y, late)
    assert found.j_mean > 100.0
    assert found.j_mean_aligned < 5.0


def test_aligning_takes_out_gain_and_delay():
    omega = np.linspace(0.3, 12.0, 100)
    ratio = 0.7 * np.exp(0.2j * omega)
    assert align(omega, ratio, np.ones(100)) == pytest.approx(np.ones(100, complex), abs=1e-9)


def test_single_lines_of_chance_do_not_make_a_band():
    omega = np.arange(1.0, 41.0)
    coherence = np.where(omega < 12, 0.9, 0.2)
    coherence[5] = 0.4  # a gap of one line inside the band
    coherence[30] = 0.95  # one lucky line far out
    band = usable_band(omega, coherence, 0.6)
    assert omega[band][0] == 1.0
    assert 11.0 <= omega[band][-1] <= 12.0


def test_random_error_shrinks_with_averages():
    u = noise_input(8, 12000)
    y = plant(u[:, 0]) + 0.1 * np.random.default_rng(9).normal(size=len(u))
    few = one(u[:2000], y[:2000], y[:2000], window_s=10.0)
    many = one(u, y, y, window_s=10.0)
    assert many.n_segments > 5 * few.n_segments
    used = slice(2, 15)
    assert np.median(many.pairs[0].random_error[used]) < np.median(few.pairs[0].random_error[used])


def test_records_too_short_say_so():
    u = noise_input(10, 60)
    found = one(u, u[:, 0], u[:, 0])
    assert found.pairs == ()
    assert "too short" in found.reason
    assert window_length([60], DT) == 0


def test_an_input_that_never_moves_has_no_response():
    u = np.column_stack([noise_input(11)[:, 0], np.zeros(6000)])
    y = plant(u[:, 0])
    assert [p.input for p in one(u, y, y, ("a", "b")).pairs] == ["a"]
    still = one(np.zeros((6000, 1)), y, y)
    assert still.pairs == ()
