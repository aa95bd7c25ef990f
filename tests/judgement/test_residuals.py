"""Residual tests: white noise passes, each kind of leftover turns up where it should."""

import numpy as np
import pytest

from heliid.validation.residuals import correlate, examine_residuals

DT = 0.1


def examine(residual, u):
    return examine_residuals("r", "q", "rad/s", residual, ("d",), u[:, None], DT)


def outside(result) -> dict[str, float]:
    return {c.kind: c.outside for c in result.correlations}


def make(seed=1, n=2000):
    rng = np.random.default_rng(seed)
    return rng.normal(size=n), rng.normal(size=n)


def test_correlation_is_the_sum_by_hand():
    a, b = make(2, 40)
    a, b = a - a.mean(), b - b.mean()
    values = correlate(a, b, 3)
    scale = np.sqrt(a @ a * (b @ b))
    assert values[3 + 2] == pytest.approx(np.sum(a[:-2] * b[2:]) / scale)
    assert values[3 - 1] == pytest.approx(np.sum(a[1:] * b[:-1]) / scale)
    assert correlate(a, a, 5)[5] == pytest.approx(1.0)


def test_white_residuals_pass_on_average():
    shares = {kind: [] for kind in ("auto", "cross", "u2_e", "u2_e2", "e_eu")}
    for seed in range(20):
        for kind, share in outside(examine(*make(seed))).items():
            shares[kind].append(share)
    for kind, values in shares.items():
        assert 0.02 < np.mean(values) < 0.08, kind


def test_a_coloured_residual_fails_its_autocorrelation_only():
    e, u = make(3)
    found = outside(examine(e + 0.8 * np.roll(e, 1), u))
    assert found["auto"] >= 0.04
    result = examine(e + 0.8 * np.roll(e, 1), u).correlations[0]
    assert abs(result.values[1]) > 5 * result.bound
    assert result.values[1] == pytest.approx(0.8 / 1.64, abs=0.05)


def test_a_missed_input_shows_at_its_lag():
    e, u = make(4)
    result = examine(e + 0.3 * np.roll(u, 4), u)
    cross = next(c for c in result.correlations if c.kind == "cross")
    assert cross.lags[np.argmax(np.abs(cross.values))] == pytest.approx(0.4)


def test_a_missed_square_shows_only_in_the_nonlinear_test():
    e, u = make(5, 4000)
    result = examine(e + 0.4 * (np.roll(u, 1) ** 2 - 1), u)
    u2_e = next(c for c in result.correlations if c.kind == "u2_e")
    cross = next(c for c in result.correlations if c.kind == "cross")
    assert np.max(np.abs(u2_e.values)) > 8 * u2_e.bound
    assert cross.outside < 0.15


def test_a_missed_product_with_the_past_residual_shows_in_e_eu():
    e, u = make(6, 4000)
    late = e.copy()
    late[1:] += 0.5 * e[:-1] * u[:-1]
    result = examine(late, u)
    e_eu = next(c for c in result.correlations if c.kind == "e_eu")
    assert np.argmax(np.abs(e_eu.values)) == 0
    assert abs(e_eu.values[0]) > 8 * e_eu.bound


def test_the_corrected_bound_allows_for_two_coloured_signals():
    rng = np.random.default_rng(7)
    shares, corrected = [], []
    for _ in range(20):
        e, u = (np.convolve(rng.normal(size=1200), np.ones(20), "valid") for _ in range(2))
        cross = next(c for c in examine(e, u).correlations if c.kind == "cross")
        shares.append(cross.outside)
        corrected.append(cross.outside_corrected)
    assert np.mean(shares) > 0.3
    assert np.mean(corrected) < 0.12


def test_histogram_and_spectrum_account_for_everything():
    e, u = make(8)
    result = examine(2.0 + 0.5 * e, u)
    assert result.bin_counts.sum() == len(e)
    assert result.mean == pytest.approx(2.0, abs=0.05)
    assert result.kurtosis == pytest.approx(3.0, abs=0.4)
    power = np.trapezoid(result.density, result.frequency)
    assert power == pytest.approx(result.std**2, rel=0.1)


def test_a_constant_residual_breaks_nothing():
    _, u = make(9, 200)
    result = examine(np.zeros(200), u)
    assert result.std == 0.0
    assert all(c.outside == 0.0 for c in result.correlations)
