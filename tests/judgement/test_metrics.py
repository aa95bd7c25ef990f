"""The measures against hand-made cases and their own identities."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliid import metrics


def signals(seed: int, n: int = 200, columns: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    measured = rng.normal(size=(n, columns)) + 0.3
    return measured, 0.8 * measured + 0.2 * rng.normal(size=(n, columns)) - 0.1


def test_a_perfect_model_has_fit_100_and_no_error():
    z, _ = signals(1)
    assert metrics.fit_percent(z, z) == pytest.approx([100.0] * 3)
    assert metrics.vaf(z, z) == pytest.approx([100.0] * 3)
    assert metrics.max_error(z, z) == pytest.approx([0.0] * 3)
    assert metrics.theil(z, z).u == pytest.approx([0.0] * 3)


def test_the_mean_as_model_has_nrmse_1_and_fit_0():
    z, _ = signals(2)
    mean = np.broadcast_to(z.mean(axis=0), z.shape)
    assert metrics.nrmse(z, mean) == pytest.approx([1.0] * 3)
    assert metrics.fit_percent(z, mean) == pytest.approx([0.0] * 3, abs=1e-12)


def test_fit_is_the_norm_formula():
    z, y = signals(3)
    expected = 100 * (
        1 - np.linalg.norm(z - y, axis=0) / np.linalg.norm(z - z.mean(axis=0), axis=0)
    )
    assert metrics.fit_percent(z, y) == pytest.approx(expected, rel=1e-13)


def test_hand_made_numbers():
    z = np.array([1.0, 2.0, 3.0, 4.0])
    y = np.array([1.0, 2.0, 3.0, 2.0])
    assert metrics.rmse(z, y) == pytest.approx(1.0)
    assert metrics.max_error(z, y) == 2.0
    assert metrics.nrmse(z, y) == pytest.approx(1 / np.sqrt(1.25))
    assert metrics.vaf(z, y) == pytest.approx(100 * (1 - 0.75 / 1.25))
    parts = metrics.theil(z, y)
    assert parts.u == pytest.approx(1.0 / (np.sqrt(7.5) + np.sqrt(4.5)))
    assert parts.bias == pytest.approx(0.25)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**31),
    st.floats(-2, 2),
    st.floats(-3, 3).filter(lambda gain: abs(gain - 1) > 1e-3),
    st.floats(0, 2),
)
def test_theil_parts_sum_to_one(seed, bias, gain, noise):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=50)
    parts = metrics.theil(z, gain * z + bias + noise * rng.normal(size=50))
    assert parts.bias + parts.variance + parts.covariance == pytest.approx(1.0, abs=1e-9)
    assert 0 <= parts.u <= 1 + 1e-12
    assert min(parts.bias, parts.variance, parts.covariance) >= -1e-9


def test_theil_names_the_kind_of_error():
    z, _ = signals(4, columns=1)
    assert metrics.theil(z, z + 0.5).bias == pytest.approx([1.0])
    z0 = z - z.mean()
    assert metrics.theil(z0, 0.7 * z0).variance == pytest.approx([1.0])
    assert metrics.theil(z0, -z0).covariance == pytest.approx([1.0])


def test_a_constant_measurement_gives_nan_not_a_warning():
    z, y = np.full((20, 1), 3.3), np.full((20, 1), 2.0)
    assert np.isnan(metrics.nrmse(z, y)).all()
    assert np.isnan(metrics.fit_percent(z, y)).all()
    assert np.isnan(metrics.vaf(z, y)).all()
    assert metrics.theil(z, y).bias == pytest.approx([1.0])


def test_no_samples_give_nan_not_a_warning():
    none = np.zeros((0, 2))
    for function in (
        metrics.rmse,
        metrics.nrmse,
        metrics.fit_percent,
        metrics.vaf,
        metrics.max_error,
    ):
        assert np.isnan(function(none, none)).all()
    assert np.isnan(metrics.theil(none, none).u).all()


def test_j_rms_counts_a_degree_as_a_foot_per_second():
    z = np.zeros((10, 4))
    y = np.zeros((10, 4))
    y[:, 0] = np.deg2rad(1.0)
    y[:, 1] = np.deg2rad(1.0)
    y[:, 2] = 0.3048
    y[:, 3] = 0.3048
    units = ("rad", "rad/s", "m/s", "m/s^2")
    assert metrics.j_rms(z, y, units) == pytest.approx(1.0)
    assert metrics.j_rms(z, 2 * y, units) == pytest.approx(2.0)


def test_j_rms_leaves_out_quantities_without_a_weight():
    z, y = np.zeros((10, 2)), np.full((10, 2), np.deg2rad(3.0))
    assert metrics.j_rms(z, y, ("rad", "V")) == pytest.approx(3.0)
    assert np.isnan(metrics.j_rms(z, y, ("V", "V")))
