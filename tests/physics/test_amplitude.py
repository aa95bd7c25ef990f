"""The linearisation for motions of a given size, and its continuation to small ones."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.physics import SIZES, SLOW, truth_of_size
from heliid.physics import study_physics
from heliid.physics.amplitude import (
    AMPLITUDES,
    at_amplitude,
    channels_of_taps,
    mean_jacobian,
    mean_slope,
    power_of_growth,
    regressor_at,
    small_motion,
)
from heliid.physics.linear_model import find_trim, linearise, step_jacobian
from heliid.physics.modes import name_modes
from heliid.truth import eigenvalues_at_trim
from tests.judgement.plants import truth_model


def test_mean_slope_is_the_gaussian_integral():
    """Against draws; without spread it is the slope itself."""
    x = np.random.default_rng(3).normal(size=400_000)
    for middle, spread in ((0.0, 1.3), (0.8, 0.4), (-2.0, 3.0)):
        found = mean_slope(np.array([middle]), np.array([spread]))[0]
        assert found == pytest.approx(np.mean(1 - np.tanh(middle + spread * x) ** 2), abs=3e-3)
    assert mean_slope(np.array([0.7]), np.zeros(1))[0] == pytest.approx(1 - np.tanh(0.7) ** 2)


@pytest.mark.parametrize("power", [1.0, 1.3, 1.7, 2.0])
def test_power_of_growth_is_found(power):
    grown = [a**power for a in AMPLITUDES]
    assert power_of_growth(grown[1] - grown[0], grown[2] - grown[1]) == pytest.approx(power)


def test_power_stays_between_corner_and_smooth():
    assert power_of_growth(1.0, 0.2) == 1.0
    assert power_of_growth(1.0, 9.0) == 2.0


@pytest.mark.slow
def test_linear_model_is_the_same_at_every_amplitude():
    model = truth_model(0)
    plain = linearise(model).discrete
    found, power = small_motion(model)
    assert np.isnan(power)
    assert np.allclose(found.discrete.A, plain.A, atol=1e-12)
    assert np.allclose(at_amplitude(model, 1.0).discrete.A, plain.A, atol=1e-12)
    assert study_physics(model).by_amplitude == ()


@pytest.mark.slow
def test_mean_jacobian_is_that_of_a_brute_average():
    """Against many random points, with the regressor rebuilt from its channels."""
    model = truth_model(4, 1)
    trim = find_trim(model)
    phi, channel = regressor_at(model, trim), channels_of_taps(model)
    draws = np.random.default_rng(5).normal(size=(4000, channel.max() + 1))
    brute = np.mean([step_jacobian(model, phi + 0.7 * d[channel]) for d in draws], axis=0)
    found = mean_jacobian(model, trim, 0.7)
    slope = step_jacobian(model, phi)
    assert np.linalg.norm(found - brute) < 0.1 * np.linalg.norm(slope - brute)
    assert np.allclose(mean_jacobian(model, trim, 0.0), slope, atol=1e-12)


@pytest.mark.slow
def test_roots_of_the_synthetic_helicopter_within_a_tenth():
    """The forces have w|w|: the bare slope of a smooth network is 15 to 20 % off in heave."""
    truth = eigenvalues_at_trim()
    phugoid, heave, pitch = truth[0], truth[2].real, truth[3].real
    physics = study_physics(truth_model(4, 1))
    found = {mode.name: mode for mode in physics.modes}
    assert found["phugoid"].frequency == pytest.approx(abs(phugoid), rel=0.1)
    assert found["phugoid"].damping == pytest.approx(-phugoid.real / abs(phugoid), abs=0.05)
    assert found["heave subsidence"].real == pytest.approx(heave, rel=0.1)
    assert found["pitch subsidence"].real == pytest.approx(pitch, rel=0.1)
    assert physics.amplitude_power == pytest.approx(1.0, abs=0.2)
    slope = {m.name: m for m in physics.by_amplitude[0].modes}
    assert abs(slope["heave subsidence"].real / heave - 1.0) > 0.12
    sizes = [one.amplitude for one in physics.by_amplitude]
    assert sizes == [0.0, 0.25, 0.5, 0.75, 1.0]


@pytest.mark.slow
def test_roots_of_motions_as_large_as_flown_are_those_of_the_truth_at_that_size():
    """No extrapolation there: model and truth are both averaged over motions of one size."""
    model = truth_model(4, 1)
    physics = study_physics(model)
    for one in physics.by_amplitude:
        if one.amplitude not in SIZES:
            continue
        values = truth_of_size(one.amplitude, model.scaling.output_std)
        for true in name_modes(values[np.abs(values) < SLOW], is_longitudinal=True):
            found = {mode.name: mode for mode in one.modes}[true.name]
            assert found.frequency == pytest.approx(true.frequency, rel=0.1), one.amplitude
            assert found.damping == pytest.approx(true.damping, abs=0.05), one.amplitude


def test_truth_of_vanishing_size_is_the_truth_at_rest():
    found = np.sort_complex(truth_of_size(1e-4, np.ones(4)))
    assert np.allclose(found, np.sort_complex(eigenvalues_at_trim()), rtol=1e-3)
