"""Rules that make one cost of several weight tables."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.table_rules import RULES, Rule, Trained, agreement, fitness


def made_up(noise: float) -> Trained:
    """Thirty orders, two folds, six tables, four horizons; tables differ by ``noise``."""
    rng = np.random.default_rng(3)
    worth = np.linspace(0.1, 1.0, 30)[:, None, None, None]
    check = worth + noise * rng.random((30, 2, 6, 4))
    return Trained(check, rng.random(check.shape), np.array([1.0, 2.0, 4.0, 10.0]), np.zeros(30))


def test_a_rule_finishes_the_table_it_likes():
    check, train = np.zeros((1, 2, 4)), np.zeros((1, 2, 4))
    check[0, :, -1] = 0.7, 0.3  # final costs of the two tables
    check[0, :, -2], train[0, :, -2] = (0.1, 0.2), (5.0, 4.0)
    assert Rule("check", -2).cost(check, train) == [0.7]
    assert Rule("train", -2).cost(check, train) == [0.3]
    assert Rule("check", -1).cost(check, train) == [0.3]
    assert Rule("mean", -1).cost(check, train) == pytest.approx([0.5])


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_replicates_agree_where_tables_do_not_matter_and_less_where_they_do(rule):
    sure, _ = agreement(made_up(0.0), rule, 2)
    rough, _ = agreement(made_up(0.8), rule, 2)
    assert sure == pytest.approx(1.0)
    assert rough < 0.97


def test_means_of_more_tables_agree_better_and_take_longer():
    data, mean = made_up(0.8), RULES["all finished, mean"]
    assert agreement(data, mean, 3)[0] > agreement(data, mean, 1)[0]
    assert mean.seconds(data, 3) == 30.0
    assert RULES["three horizons, best on validation finished"].seconds(data, 2) == 14.0
    assert fitness(data, mean, (0, 1)).shape == (30,)
