"""Numbers that cannot lie: odd data end in a clear word or a finite model, never in a NaN."""

from __future__ import annotations

import time

import numpy as np
import pytest

from heliid.data.campaign import make_campaign
from heliid.data.record import Channel, FlightRecord
from heliid.errors import HeliIDError
from heliid.model.simulate import free_run
from heliid.study import OrderBox, StudyConfig, fit, identify

pytestmark = pytest.mark.slow

CONFIG = StudyConfig(
    rate_hz=10.0, budget=6, seed=1, workers=1, n_tables=1, n_ensemble=1,
    box=OrderBox(na_max=2, nb_max=2, nk_max=1, spacing_max=1, hidden_max=1),
)  # fmt: skip
ORDER = "na=2,nb=2,nk=0,spacing=1,h=1"


def record(values: np.ndarray, dt: float = 0.1, name: str = "odd") -> FlightRecord:
    """Columns a and b are inputs, q the output."""
    channels = (Channel.of("a", "%"), Channel.of("b", "%"), Channel.of("q", "-"))
    return FlightRecord(name, dt * np.arange(len(values)), values, channels)


def answers(n: int = 200, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    a, b = np.repeat(rng.normal(size=(n // 5 + 1, 2)), 5, axis=0)[:n].T
    q = np.zeros(n)
    for k in range(1, n):
        q[k] = 0.9 * q[k - 1] + 0.2 * a[k] - 0.1 * b[k] + 0.001 * rng.normal()
    return np.column_stack([a, b, q])


def study(train: np.ndarray, validate: np.ndarray, inputs=("a", "b"), how=fit):
    campaign = make_campaign(
        inputs, ["q"], train=[record(train)], validate=[record(validate, name="v")]
    )
    return fit(campaign, CONFIG, ORDER) if how is fit else identify(campaign, CONFIG)


def assert_finite(result, *records: np.ndarray) -> None:
    for model in (result.model, result.linear, *result.members):
        parts = model.weights
        for part in (parts.w_hid, parts.b_hid, parts.w_out, parts.linear, parts.bias):
            assert np.isfinite(part).all()
        for values in records:
            run = free_run(model, record(values))
            assert np.isfinite(run.simulated).all() or run.diverged_at is not None
    assert np.isfinite(result.cost)
    assert np.isfinite(result.linear_cost)


def fit_of(result, values: np.ndarray) -> float:
    run = free_run(result.model, record(values))
    measured, simulated = run.measured[run.n_start :], run.simulated[run.n_start :]
    return 1.0 - float(np.linalg.norm(measured - simulated) / np.linalg.norm(measured))


@pytest.mark.parametrize("how", [fit, identify])
def test_identical_inputs_give_a_finite_model_as_good_as_with_one(how):
    train, other = answers(seed=1), answers(seed=2)
    for values in (train, other):
        values[:, 1] = values[:, 0]
    result = study(train, other, how=how)
    assert_finite(result, other)


def test_inputs_that_depend_on_each_other_give_a_finite_model():
    train, other = answers(seed=1), answers(seed=2)
    for values in (train, other):
        values[:, 1] = 3.0 * values[:, 0] + 2.0
    assert_finite(study(train, other), other)


def test_an_input_that_rests_in_training_is_refused_by_name():
    train = answers(seed=1)
    train[:, 1] = 7.0
    with pytest.raises(HeliIDError, match="'b'"):
        study(train, answers(seed=2))


def test_an_output_that_rests_is_refused_by_name():
    train = answers(seed=1)
    train[:, 2] = 7.0
    with pytest.raises(HeliIDError, match="'q'"):
        study(train, answers(seed=2))


@pytest.mark.parametrize("scale", [1e-9, 1e9])
@pytest.mark.parametrize("columns", [(0, 1), (2,), (0, 1, 2)])
def test_tiny_and_huge_units_change_nothing_but_the_unit(scale, columns):
    train, other = answers(seed=1), answers(seed=2)
    plain = study(train, other)
    big, big_other = train.copy(), other.copy()
    for values in (big, big_other):
        values[:, list(columns)] *= scale
    result = study(big, big_other)
    assert_finite(result, big_other)
    assert result.cost == pytest.approx(plain.cost, rel=1e-3)
    assert fit_of(result, big_other) == pytest.approx(fit_of(plain, other), abs=2e-3)


def test_a_small_motion_on_a_huge_value_is_still_seen():
    train, other = answers(seed=1), answers(seed=2)
    for values in (train, other):
        values[:, 2] += 1e6
    result = study(train, other)
    assert_finite(result, other)


@pytest.mark.parametrize("n", [1, 2, 3, 10, 19])
def test_a_record_too_short_says_how_many_samples_are_needed(n):
    with pytest.raises(HeliIDError, match="sample"):
        study(answers(n), answers(seed=2))


def test_all_noise_gives_a_model_that_claims_nothing():
    rng = np.random.default_rng(0)
    train, other = rng.normal(size=(300, 3)), rng.normal(size=(300, 3))
    result = study(train, other, how=identify)
    assert_finite(result, other)
    assert fit_of(result, other) < 0.15  # there is nothing to explain
    assert result.cost > 0.85


def test_one_spike_among_good_samples_is_survived():
    train = answers(seed=1)
    train[50, 2] = 1e6
    result = study(train, answers(seed=2))
    assert_finite(result, answers(seed=2))


@pytest.mark.slow
def test_a_long_record_is_worked_in_bounded_time():
    # a million samples: benchmarks.torture 12
    campaign = make_campaign(["a", "b"], ["q"], train=[record(answers(60_000, seed=1))])
    began = time.process_time()
    result = fit(campaign, CONFIG, "na=1,nb=1,nk=0,spacing=1,h=0")
    assert time.process_time() - began < 30.0
    assert_finite(result)
    assert result.cost < 0.1


def test_the_one_comparator_never_prefers_a_lost_candidate():
    from heliid.search.searcher import is_better, ranking

    lost = (float("nan"), float("inf"), -float("inf"))
    for cost in lost:
        assert not is_better(cost, 1e300)
        assert is_better(1e300, cost)
        for other in lost:
            assert not is_better(cost, other)
    assert ranking([*lost, 2.0, 1.0]) == [4, 3, 0, 1, 2]
