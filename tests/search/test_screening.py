"""Pre-selection of moves: the quadratic and what it is worth."""

import numpy as np
import pytest
from search_valley import BOX, CENTRE, canonical, valley

from heliid.kernels import screening as kernel
from heliid.search.bee_colony import BeeColony, BeeSettings
from heliid.search.immune import ImmuneSettings, ImmuneSystem
from heliid.search.screening import OFF, Screen, Screening
from heliid.search.swarm import Swarm, SwarmSettings

SEARCHERS = {
    "abc": (BeeColony, BeeSettings),
    "ais": (ImmuneSystem, ImmuneSettings),
    "pso": (Swarm, SwarmSettings),
}


def slow_fit(rows, costs):
    """The obvious twin of ``fit_quadratic``: ridge regression by a bordered least squares."""
    order = sorted(range(len(costs)), key=lambda i: costs[i])
    at = int(kernel.CAP_SHARE * (len(costs) - 1))
    cap = costs[order[at]]
    share = np.clip((costs - costs[order[0]]) / (cap - costs[order[0]]), 0.0, 1.0)
    weight = np.empty(len(costs))
    for rank, i in enumerate(order):
        weight[i] = 1.0 / (1.0 + kernel.FOCUS * rank / len(costs))
    ridge = np.full(rows.shape[1], kernel.RIDGE)
    ridge[0] = 1e-9
    bordered = np.vstack([rows * np.sqrt(weight)[:, None], np.diag(np.sqrt(ridge))])
    target = np.concatenate([np.sqrt(share) * np.sqrt(weight), np.zeros(rows.shape[1])])
    return np.linalg.lstsq(bordered, target, rcond=None)[0]


@pytest.mark.parametrize("seed", range(5))
def test_fit_agrees_with_its_twin(seed):
    rng = np.random.default_rng(seed)
    rows = np.hstack([np.ones((40, 1)), rng.uniform(-1, 1, (40, 8))])
    costs = rng.exponential(size=40)
    coefficients = np.zeros(9)
    assert kernel.fit_quadratic(rows, costs, coefficients)
    np.testing.assert_allclose(coefficients, slow_fit(rows, costs), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    "costs", [np.full(20, 3.0), np.full(20, np.inf), np.array([1.0] * 15 + [2.0] * 5)]
)
def test_costs_that_say_nothing_are_noticed(costs):
    rows = np.hstack([np.ones((20, 1)), np.random.default_rng(1).uniform(-1, 1, (20, 4))])
    assert not kernel.fit_quadratic(rows, costs, np.zeros(5))


def test_lost_points_count_as_bad_not_as_infinite():
    rng = np.random.default_rng(2)
    rows = np.hstack([np.ones((40, 1)), rng.uniform(-1, 1, (40, 4))])
    costs = (rows[:, 1] - 0.3) ** 2
    costs[::3] = np.inf
    coefficients = np.zeros(5)
    assert kernel.fit_quadratic(rows, costs, coefficients)
    assert np.isfinite(coefficients).all()


def learned(settings):
    screen = Screen([0, 0], [9, 9], settings)
    rng = np.random.default_rng(3)
    for point in rng.integers(0, 10, (40, 2)).tolist():
        screen.learn(tuple(point), (point[0] - 7) ** 2 + (point[1] - 2) ** 2 + 1.0)
    return screen


def test_the_promising_point_is_chosen():
    screen = learned(Screening())
    assert screen.is_ready
    assert screen.choose(np.array([(0, 9), (7, 2), (3, 3), (9, 9)])) == 1


def test_it_goes_on_after_a_restore_as_before():
    one, two = learned(Screening()), Screen([0, 0], [9, 9], Screening())
    two.restore(one.state())
    assert two.state() == one.state()
    for screen in (one, two):
        screen.learn((5, 5), 20.0)
    candidates = np.array([(i, j) for i in range(10) for j in range(10)])
    for k in range(90):
        assert one.choose(candidates[k : k + 8]) == two.choose(candidates[k : k + 8])


def test_switched_off_it_learns_nothing():
    screen = learned(OFF)
    assert not screen.is_ready
    assert screen.state() == []


@pytest.mark.parametrize("name", SEARCHERS)
def test_it_saves_evaluations(name):
    """Unique evaluations until the bottom of the valley, summed over seeds."""
    kind, settings = SEARCHERS[name]
    needed = []
    for screening in (OFF, Screening()):
        total = 0
        for seed in range(8):
            searcher = kind(BOX, seed, canonical=canonical, settings=settings(screening=screening))
            total += evaluations_to_the_bottom(searcher)
        needed.append(total)
    assert needed[1] < 0.85 * needed[0]


def evaluations_to_the_bottom(searcher, limit=600):
    for count in range(1, limit):
        (point,) = searcher.ask(1).astype(int).tolist()
        searcher.tell(np.array([valley(tuple(point))]))
        if tuple(point) == CENTRE:
            return count
    return limit
