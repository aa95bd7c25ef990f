"""CVaR against a sorted sample and its definition; training on it lowers the training tail."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_training import ORDER, curved_step, dataset, simulated

from heliid.errors import SettingsError
from heliid.model.structure import Structure
from heliid.search.fitness import evaluate, settings_from_dict, settings_to_dict
from heliid.training import TrainingSettings, train
from heliid.training.fit import first_stage, make_problem
from heliid.training.risk import (
    cvar,
    smooth_tail,
    tail_shares,
    value_at_risk,
    window_errors,
)
from heliid.training.scoring import FitnessSettings, validation_cost

CURVED = Structure(ORDER.output_lags, ORDER.input_lags, 2)
RISKY = TrainingSettings(single=False, risk_weight=2.0, risk_alpha=0.8)


def test_cvar_is_the_mean_of_the_worst_of_a_sorted_sample():
    values = np.random.default_rng(0).exponential(size=200)
    worst = np.sort(values)
    assert cvar(values, 0.9) == pytest.approx(worst[-20:].mean())
    assert cvar(values, 0.0) == pytest.approx(values.mean())
    assert value_at_risk(values, 0.9) == worst[179]


def test_the_value_at_the_quantile_counts_by_its_share():
    values = np.array([1.0, 2.0, 3.0, 10.0])
    # the worst 0.4 of four: all of the 10 (0.25) and 0.15 of the 3
    assert cvar(values, 0.6) == pytest.approx((0.25 * 10 + 0.15 * 3) / 0.4)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(-100, 100), min_size=1, max_size=40),
    st.floats(0.0, 0.99),
    st.integers(0, 1000),
)
def test_cvar_is_the_minimum_that_defines_it(values, alpha, seed):
    sample = np.array(values)
    chances = np.random.default_rng(seed).uniform(0.1, 1.0, sample.size)
    p = chances / chances.sum()
    at = [t + (p * np.maximum(sample - t, 0)).sum() / (1 - alpha) for t in sample]
    assert cvar(sample, alpha, chances) == pytest.approx(min(at), rel=1e-9, abs=1e-9)
    assert cvar(sample, alpha, chances) >= value_at_risk(sample, alpha, chances) - 1e-9


def test_a_level_of_one_is_refused():
    with pytest.raises(SettingsError, match="choose from 0 up to below 1"):
        tail_shares(np.ones(3), 1.0)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.01, 100), min_size=2, max_size=30), st.floats(0.0, 0.95))
def test_the_smooth_tail_lies_above_cvar_and_comes_down_to_it(values, alpha):
    losses = np.array(values)
    p = np.full(losses.size, 1.0 / losses.size)
    exact = cvar(losses, alpha)
    near, far = (smooth_tail(losses, alpha, p, share).value for share in (1e-4, 0.2))
    assert exact - 1e-9 * exact <= near <= far * (1 + 1e-9)
    assert near == pytest.approx(exact, rel=1e-2)


def test_the_slopes_of_the_smooth_tail_are_its_derivatives():
    rng = np.random.default_rng(4)
    losses, chances = rng.exponential(size=12), rng.uniform(0.5, 1.5, 12)
    chances /= chances.sum()
    slopes = smooth_tail(losses, 0.7, chances).slopes
    for i in range(12):
        step = 1e-6 * np.eye(12)[i]
        up, down = (smooth_tail(losses + s, 0.7, chances).value for s in (step, -step))
        assert slopes[i] == pytest.approx((up - down) / 2e-6, rel=1e-4, abs=1e-8)


def test_the_risk_problem_has_the_gradient_of_its_cost():
    data = dataset(*simulated(curved_step, n_records=2, n=120, noise=0.05))
    problem = make_problem(CURVED, data, RISKY)
    theta = first_stage(problem, RISKY, 0).theta
    theta = theta + 0.02 * np.random.default_rng(3).standard_normal(theta.size)
    segments = data.segments(CURVED.n_start, 12)
    problem.cost(theta, segments)
    _, half = problem.normal(theta, segments)
    v, eps = np.random.default_rng(1).standard_normal(theta.size), 1e-7
    ups = problem.cost(theta + eps * v, segments) - problem.cost(theta - eps * v, segments)
    assert 2.0 * (half @ v) == pytest.approx(ups / (2 * eps), rel=1e-5)


def tail_of(weights, data, horizon=25, alpha=0.8):
    problem = make_problem(CURVED, data, replace(RISKY, risk_weight=0.0))
    segments = data.segments(CURVED.n_start, horizon)
    theta = problem.layout.join(weights, data.increment_std)
    problem.run(theta, segments)
    from heliid.training.risk import segment_losses

    losses = segment_losses(data.y_all, problem.y_sim, segments, np.ones(2))
    return cvar(losses, alpha, segments[:, 1] / segments[:, 1].sum()), losses.mean()


def test_training_on_risk_lowers_the_training_tail_and_not_the_mean():
    us, ys = simulated(curved_step, n_records=3, n=200, noise=0.02)
    ys[1] = ys[1] * 1.6  # one manoeuvre that does not fit the others
    data = dataset(us, ys)
    ways = replace(RISKY, horizons_s=(0.5, 2.5), iterations=(6, 25), risk_weight=5.0)
    careful = tail_of(train(CURVED, data, ways).weights, data)
    plain = tail_of(train(CURVED, data, replace(ways, risk_weight=0.0)).weights, data)
    assert careful[0] < 0.97 * plain[0]
    assert careful[1] >= plain[1]


def test_the_cost_of_a_search_counts_the_worst_manoeuvre():
    us, ys = simulated(curved_step, n_records=4, n=150)
    ys[2] = ys[2] + 0.5 * np.random.default_rng(1).standard_normal(ys[2].shape)
    data = dataset(us, ys)
    weights = train(ORDER, data).weights
    plain, nrmse, _ = validation_cost(ORDER, weights, data, (2.0, 0.0))
    from heliid.training.scoring import Risk

    careful, same, _ = validation_cost(ORDER, weights, data, (2.0, 0.0), 0, Risk(1.0, 0.75))
    windows = [cvar(*window_errors(ORDER, weights, data, w)[:1], 0.75) for w in (2.0, 0.0)]
    assert careful - plain == pytest.approx(np.mean(windows), rel=0.05)
    np.testing.assert_array_equal(nrmse, same)
    worst = window_errors(ORDER, weights, data, 0.0)[0]
    assert worst.argmax() == 2


def test_risk_is_off_by_default_and_travels_with_the_settings():
    plain = FitnessSettings()
    assert plain.risk is None
    assert "risk_weight" not in settings_to_dict(plain)
    risky = FitnessSettings(training=RISKY, risk_weight=1.0, risk_alpha=0.5)
    assert settings_from_dict(settings_to_dict(risky)) == risky


def test_an_order_is_scored_with_its_risk():
    data = dataset(*simulated(curved_step, n_records=3, n=150, noise=0.05))
    short = TrainingSettings(horizons_s=(0.5,), iterations=(3,))
    plain = evaluate(ORDER, data, data, FitnessSettings(training=short, windows_s=(0.0,)))
    risky = evaluate(
        ORDER, data, data, FitnessSettings(training=short, windows_s=(0.0,), risk_weight=1.0)
    )
    assert risky.cost > 1.9 * plain.cost


def test_risk_with_another_trainer_is_refused():
    data = dataset(*simulated(curved_step, n_records=1, n=100))
    with pytest.raises(SettingsError, match="with the trainer lm only"):
        train(ORDER, data, replace(RISKY, trainer="adam"))
