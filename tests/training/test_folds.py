"""Cross-validation inside one short recording."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from heliid.model.structure import Structure
from heliid.search import fitness
from heliid.training import Dataset, TrainingSettings
from heliid.training.folds import best_ridge, cross_validated, folds_of, make_folds
from heliid.training.scoring import FitnessSettings

ONE = np.ones(1)
QUICK = TrainingSettings(horizons_s=(0.5, 0.0), iterations=(2, 2), window_s=0.0)
SETTINGS = FitnessSettings(training=QUICK, windows_s=(0.0,), n_folds=3, n_tables=1)


def piece(n: int, seed: int) -> Dataset:
    """A first-order lag driven by noise; every sample has its own value."""
    u = np.random.default_rng(seed).normal(size=(n, 1))
    y = np.zeros((n, 1))
    for k in range(1, n):
        y[k] = 0.9 * y[k - 1] + 0.3 * u[k] + 0.1 * u[k] ** 2
    return Dataset((u,), (y,), 0.1, 0.3 * ONE, ONE, 0.0 * ONE)


def test_every_sample_validates_exactly_once_and_never_trains_its_own_fold():
    train, validate = piece(120, 1), piece(60, 2)
    folds = make_folds(train, validate, 3, 10)
    everything = np.sort(np.concatenate([train.u_all, validate.u_all]).ravel())
    judged = np.concatenate([one.u_all.ravel() for _, one in folds])
    np.testing.assert_array_equal(np.sort(judged), everything)
    for trains, one in folds:
        assert not set(trains.u_all.ravel()) & set(one.u_all.ravel())
        assert trains.n_samples + one.n_samples == everything.size


def test_a_fold_in_the_middle_is_not_bridged_by_what_trains():
    train, validate = piece(120, 1), piece(60, 2)
    trains, _ = make_folds(train, validate, 3, 10)[1]
    lengths = [len(one) for one in trains.y]
    assert lengths == [60, 60]


def test_short_rests_are_left_out_and_impossible_folds_are_not_made():
    train, validate = piece(120, 1), piece(66, 2)
    folds = make_folds(train, validate, 3, 10)  # cuts at 62 and 124 leave a rest of 4
    assert [one.n_samples for _, one in folds] == [62, 58, 62]
    assert make_folds(train, validate, 3, 100) == ()
    assert folds_of(train, validate, FitnessSettings()) == ()


def test_the_cost_is_the_mean_over_folds_and_the_weights_are_those_of_training():
    train, validate = piece(120, 1), piece(60, 2)
    order = Structure(((1,),), ((0,),), 1)
    folds = folds_of(train, validate, SETTINGS)
    score = fitness.evaluate(order, train, validate, SETTINGS, folds=folds)
    cost, nrmse, diverged = cross_validated(order, folds, SETTINGS, QUICK)
    single = fitness.evaluate(order, train, validate, SETTINGS)
    assert score.cost - cost == pytest.approx(
        fitness.complexity_price(order, train, SETTINGS.penalty, SETTINGS.bandwidth_hz)
    )
    np.testing.assert_array_equal(score.nrmse, nrmse)
    assert not diverged
    assert score.weights is not None
    assert single.weights is not None
    np.testing.assert_array_equal(score.weights.linear, single.weights.linear)


def test_folds_reach_the_workers():
    train, validate = piece(120, 1), piece(60, 2)
    order = Structure(((1,),), ((0,),), 1)
    folds = folds_of(train, validate, SETTINGS)
    direct = fitness.evaluate(order, train, validate, SETTINGS, folds=folds)
    fitness.install(fitness.make_payload(train, validate, SETTINGS))
    assert fitness.evaluate_task(order.to_dict())["cost"] == direct.cost


@pytest.mark.parametrize("ridges", [(5.0, 30.0), (30.0, 5.0)])
def test_a_network_takes_the_ridge_that_does_best_over_the_folds(ridges):
    settings = replace(SETTINGS, ridges=ridges)
    train, validate = piece(60, 1), piece(40, 2)
    order = Structure(((1,),), ((0, 1),), 3)
    folds = folds_of(train, validate, settings)
    costs = {
        ridge: cross_validated(order, folds, settings, replace(QUICK, ridge=ridge))[0]
        for ridge in ridges
    }
    assert costs[5.0] != costs[30.0]
    best = min(costs, key=costs.__getitem__)
    found = best_ridge(order, folds, settings, QUICK)
    assert (found.ridge, found.cost) == (best, costs[best])
    score = fitness.evaluate(order, train, validate, settings, folds=folds)
    assert score.ridge == best
    alone = fitness.evaluate(order, train, validate, replace(settings, training=replace(
        QUICK, ridge=best), ridges=()), folds=folds)  # fmt: skip
    assert score.weights.to_dict() == alone.weights.to_dict()


def test_a_linear_order_has_but_one_ridge():
    settings = replace(SETTINGS, ridges=(5.0, 30.0))
    train, validate = piece(60, 1), piece(40, 2)
    order = Structure(((1,),), ((0,),), 0)
    found = best_ridge(order, folds_of(train, validate, settings), settings, QUICK)
    assert found.ridge == QUICK.ridge
