"""The race of weight tables inside the fitness of one order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from heliid.model.structure import Structure
from heliid.search import fitness
from heliid.training import Dataset, TrainingSettings

ONE = np.ones(1)
ORDER = Structure(((1, 2),), ((0, 1),), 3)
SETTINGS = fitness.FitnessSettings(
    TrainingSettings(horizons_s=(0.5, 2.0, 0.0), iterations=(3, 3, 3)),
    windows_s=(2.0, 0.0), n_tables=3, n_race=2,
)  # fmt: skip


def piece(seed: int) -> Dataset:
    """A lag with a saturating input, noisy."""
    rng = np.random.default_rng(seed)
    u, y = rng.normal(size=(150, 1)), np.zeros((150, 1))
    for k in range(1, 150):
        y[k] = 0.85 * y[k - 1] + 0.4 * np.tanh(1.5 * u[k])
    return Dataset((u,), (y + 0.05 * rng.normal(size=y.shape),), 0.1, 0.3 * ONE, ONE, 0.0 * ONE)


@pytest.mark.parametrize("favourite", [0, 1, 2])
def test_the_table_that_the_judge_likes_is_finished(favourite):
    train = piece(1)
    marks = [1.0, 1.0, 1.0]
    marks[favourite] = 0.0
    found = fitness.race(
        ORDER, train, SETTINGS, tables=(0, 1, 2), judge=lambda weights: marks.pop(0)
    )
    alone = fitness.race(ORDER, train, SETTINGS, tables=(favourite,))
    assert len(found) == 1
    np.testing.assert_array_equal(found[0].weights.w_hid, alone[0].weights.w_hid)


def test_without_a_judge_the_best_trained_table_is_finished():
    train = piece(1)
    all_of_them = replace(SETTINGS, n_averaged=3)
    order = {fit.cost: fit for fit in fitness.race(ORDER, train, all_of_them, tables=(0, 1, 2))}
    only = fitness.race(ORDER, train, SETTINGS, tables=(0, 1, 2))[0]
    assert only.cost in order


def test_the_score_is_that_of_the_table_best_on_validation_and_its_weights_go_with_it():
    train, validate = piece(1), piece(2)
    score = fitness.evaluate(ORDER, train, validate, SETTINGS)
    price = fitness.complexity_price(ORDER, train, SETTINGS.penalty, SETTINGS.bandwidth_hz)
    again, _, _ = fitness.validation_cost(
        ORDER, score.weights, validate, SETTINGS.windows_s, SETTINGS.n_start
    )
    assert score.cost == pytest.approx(again + price, rel=1e-12)
    by_training = replace(SETTINGS, race_on_validation=False)
    other = fitness.evaluate(ORDER, train, validate, by_training)
    assert other.weights is not None
    plain = fitness.settings_to_dict(by_training)
    assert fitness.settings_from_dict(plain) == by_training
