"""Gain, delay and bias of an error are found, and not mixed up with each other."""

import numpy as np
import pytest
from scipy import signal

from heliid.validation.explain import explain_error

DT = 0.1


def flight(seed: int = 1, n: int = 300) -> np.ndarray:
    b, a = signal.butter(2, 0.12)
    return signal.lfilter(b, a, np.random.default_rng(seed).normal(size=(n, 2)), axis=0) + 0.3


def explain(z, y):
    return explain_error("r", ("q", "theta"), z, y, DT)


def test_a_perfect_model_has_nothing_to_explain():
    z = flight()
    found = explain(z, z)
    assert found.delay == 0.0
    assert found.by_delay == pytest.approx(0.0, abs=1e-9)
    for one in found.outputs:
        assert one.size == pytest.approx(1.0)
        assert one.bias == pytest.approx(0.0, abs=1e-12)
        assert one.theil_left == pytest.approx(0.0, abs=1e-9)


def test_a_gain_is_a_gain_and_no_bias_even_with_a_mean():
    z = flight()
    found = explain(z, 1.2 * z)
    assert abs(found.delay) < 0.02
    for one in found.outputs:
        assert one.size == pytest.approx(1.2, rel=1e-6)
        assert one.bias_share < 1e-6
        assert one.by_gain == pytest.approx(1.0)


def test_a_bias_is_a_bias_and_no_gain():
    z = flight()
    found = explain(z, z - 0.1)
    for one in found.outputs:
        assert one.size == pytest.approx(1.0, abs=0.01)
        assert one.bias == pytest.approx(0.1, abs=1e-6)
        assert one.by_bias == pytest.approx(1.0)


@pytest.mark.parametrize("lag", [-0.2, 0.1, 0.15])
def test_a_delay_is_found_between_samples(lag):
    t = DT * np.arange(400)
    z = np.column_stack([np.sin(1.3 * t) + np.sin(2.1 * t + 1), np.cos(0.9 * t)])
    late = t - lag
    y = np.column_stack([np.sin(1.3 * late) + np.sin(2.1 * late + 1), np.cos(0.9 * late)])
    found = explain(z, y)
    assert found.delay == pytest.approx(lag, abs=0.006)
    assert found.by_delay > 0.95
    assert max(one.theil_left for one in found.outputs) < 0.01


def test_a_swapped_sign_is_a_negative_size_and_stays_a_wrong_shape():
    z = flight()
    y = z * [-1.0, 1.0]
    q, theta = explain(z, y).outputs
    assert q.size == pytest.approx(-1.0)
    assert q.theil_left > 0.5
    assert theta.size == pytest.approx(1.0)


def test_noise_explains_nothing():
    z = flight()
    y = z + 0.05 * np.random.default_rng(2).normal(size=z.shape)
    found = explain(z, y)
    assert found.by_delay < 0.1
    assert all(one.by_gain < 0.2 and one.by_bias < 0.1 for one in found.outputs)
