"""Median, band, coverage, and who is let in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from heliid.ensemble import Ensemble, interval, make_ensemble
from heliid.errors import SettingsError
from heliid.model.network import Weights
from heliid.model.simulate import free_run
from tests.data.makers import make_record

from .makers import make_model

NAMES = ("a", "b", "y", "z")


def record(n=300, seed=1):
    units = ("%", "%", "rad/s", "rad/s")
    return make_record(n=n, dt=0.1, names=NAMES, units=units, seed=seed)


def biased(model, size):
    w = model.weights
    return replace(model, weights=Weights(w.w_hid, w.b_hid, w.w_out, w.linear, w.bias + size))


def with_output(flight, values):
    changed = flight.values.copy()
    changed[:, 2:] = values
    return replace(flight, values=changed)


def test_members_above_one_and_a_half_times_the_best_are_dropped():
    models = [biased(make_model(), 0.01 * k) for k in range(5)]
    kept = make_ensemble(models, [0.3, 0.2, 0.301, 0.25, np.inf]).members
    assert kept == (models[1], models[3], models[0])


def test_an_ensemble_without_a_usable_member_is_refused():
    with pytest.raises(SettingsError, match="finite cost"):
        make_ensemble([make_model()], [np.inf])
    with pytest.raises(SettingsError, match="at least one"):
        Ensemble(())
    with pytest.raises(SettingsError, match="differ in rate"):
        Ensemble((make_model(), make_model(dt=0.2)))


def test_the_answer_is_the_median_of_the_members():
    models = [biased(make_model(), size) for size in (-0.05, 0.0, 0.02)]
    band = Ensemble(tuple(models)).run(record())
    runs = [free_run(model, record()).simulated for model in models]
    np.testing.assert_array_equal(band.response.simulated, np.median(runs, axis=0))
    assert np.all(band.low <= band.response.simulated)
    assert np.all(band.high >= band.response.simulated)
    assert (band.n_used, band.n_diverged) == (3, 0)


def test_one_member_has_the_band_of_the_noise():
    band = Ensemble((make_model(),), np.array([0.1, 0.2])).run(record())
    half = 0.5 * (band.high - band.low)
    np.testing.assert_allclose(half, [[0.1 * 1.959964, 0.2 * 1.959964]] * len(half), rtol=1e-6)


def test_noise_is_the_residual_of_the_training_records():
    model = make_model()
    answer = free_run(model, record()).simulated
    generator = np.random.default_rng(3)
    noisy = with_output(record(), answer + generator.normal(0, [0.3, 0.1], answer.shape))
    ensemble = Ensemble((model,)).with_noise_from([noisy])
    np.testing.assert_allclose(ensemble.noise_std, [0.3, 0.1], rtol=0.25)


def test_a_95_per_cent_band_covers_about_95_per_cent():
    # members scatter about the truth as refits do; the noise is known
    truth = make_model()
    generator = np.random.default_rng(11)
    shares = []
    for trial in range(20):
        members = [biased(truth, generator.normal(0, 0.02, 2)) for _ in range(5)]
        flight = record(seed=trial)
        answer = free_run(biased(truth, generator.normal(0, 0.02, 2)), flight).simulated
        measured = answer + generator.normal(0, 0.05, answer.shape)
        band = Ensemble(tuple(members), np.array([0.05, 0.05])).run(flight)
        shares.append(band.coverage(measured))
    assert 0.89 <= np.mean(shares) <= 0.99


def test_a_diverged_member_is_left_out_and_counted():
    good = make_model()
    w = good.weights
    linear = w.linear.copy()
    linear[0, 0] += 1.5
    bad = replace(good, weights=Weights(w.w_hid, w.b_hid, w.w_out, linear, w.bias))
    band = Ensemble((good, bad)).run(record())
    np.testing.assert_array_equal(band.response.simulated, free_run(good, record()).simulated)
    assert (band.n_used, band.n_diverged, band.response.diverged_at) == (1, 1, None)
    assert Ensemble((bad,)).run(record()).response.diverged_at is not None


def test_interval_of_what_the_members_say():
    low, high = interval(np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]]))
    np.testing.assert_allclose([low[0], high[0]], [2 - 4.302653, 2 + 4.302653], rtol=1e-5)
    assert (low[1], high[1]) == (5.0, 5.0)
    assert np.isnan(interval(np.array([[1.0]]))[0]).all()
