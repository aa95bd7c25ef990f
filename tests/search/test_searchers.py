"""What every whole-number searcher promises."""

import json

import numpy as np
import pytest
from search_valley import BOX, CENTRE, canonical, valley

from heliid.errors import SettingsError
from heliid.search.encoding import Encoding
from heliid.search.factory import make_searcher
from heliid.search.searcher import Box, is_better, ranking

WHOLE = ("ais", "abc", "pso", "random", "hill")


def make(name, seed=1, box=BOX, **options):
    return make_searcher(name, box, seed, canonical=canonical, **options)


def drive(searcher, n, window=4, cost=valley):
    """Ask and tell in the order of an in-order window; the points in the order asked."""
    asked, waiting = [], []
    while len(asked) < n:
        new = [
            tuple(int(g) for g in row)
            for row in searcher.ask(min(window - len(waiting), n - len(asked)))
        ]
        asked += new
        waiting += new
        if not waiting:
            break
        searcher.tell(np.array([cost(waiting.pop(0))]))
    for point in waiting:
        searcher.tell(np.array([cost(point)]))
    return asked


@pytest.mark.parametrize("name", WHOLE)
def test_same_seed_same_points_other_seed_others(name):
    assert drive(make(name), 60) == drive(make(name), 60)
    assert drive(make(name, 1), 60) != drive(make(name, 2), 60)


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("window", [1, 3, 16])
def test_points_are_canonical_inside_the_box_and_never_repeated(name, window):
    points = drive(make(name), 150, window)
    assert len(points) == len(set(points)) == 150
    for point in points:
        assert point == canonical(point)
        assert all(
            low <= gene <= high for gene, low, high in zip(point, BOX.low, BOX.high, strict=True)
        )


@pytest.mark.parametrize("name", WHOLE)
def test_given_first_members_come_first(name):
    given = [(1, 2, 1, 1), (3, 0, 4, 2), (99, -5, 0, 3)]
    points = drive(make(name, first=given), 20, window=8)
    if name == "hill":
        assert points[0] == (1, 2, 1, 1)
    else:
        assert points[:3] == [(1, 2, 1, 1), (3, 0, 0, 2), (6, 0, 0, 3)]


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("n_told", [0, 3, 11, 45, 90])
def test_state_goes_on_bit_for_bit_with_points_outstanding(name, n_told):
    one = make(name)
    points = [tuple(int(g) for g in row) for row in one.ask(5)]
    for _ in range(n_told):
        one.tell(np.array([valley(points[-5])]))
        points += [tuple(int(g) for g in row) for row in one.ask(1)]
    two = make(name)
    two.restore(json.loads(json.dumps(one.state(), allow_nan=False)))
    for searcher in (one, two):
        searcher.rest = []
        waiting = list(points[-5:])
        for _ in range(40):
            searcher.tell(np.array([valley(waiting.pop(0))]))
            new = [tuple(int(g) for g in row) for row in searcher.ask(1)]
            searcher.rest += new
            waiting += new
    assert one.rest == two.rest
    assert one.state() == two.state()


@pytest.mark.parametrize("name", WHOLE)
def test_a_small_space_is_exhausted_exactly_once(name):
    box = Box.whole([0, 0, 0, 1], [2, 1, 2, 2])  # 36 points, 24 canonical
    searcher = make(name, box=box)
    points = drive(searcher, 1000)
    assert len(points) == len(set(points)) == 24
    assert len(searcher.ask(5)) == 0


@pytest.mark.parametrize("name", WHOLE)
def test_lost_candidates_count_as_worst(name):
    def cost(point):
        value = valley(point)
        return [value, float("nan"), float("inf"), value, -float("inf")][sum(point) % 5]

    searcher = make(name)
    drive(searcher, 120, cost=cost)
    _, costs = searcher.population()
    assert np.isfinite(costs).any()
    assert not np.isnan(costs).any()
    assert (costs >= 0.0).all()
    json.dumps(searcher.state(), allow_nan=False)


@pytest.mark.parametrize("name", WHOLE)
def test_all_candidates_lost_is_survived(name):
    assert len(drive(make(name), 100, cost=lambda point: float("nan"))) == 100


@pytest.mark.parametrize("name", ["ais", "abc", "pso", "hill"])
def test_searchers_find_the_valley_much_faster_than_chance(name):
    ranks = []
    for seed in range(10):
        points = drive(make(name, seed), 150)
        ranks.append(min(valley(point) for point in points))
    assert np.median(ranks) < 1.0
    assert min(ranks) == 0.0
    assert valley(CENTRE) == 0.0


def test_population_is_shown_with_costs():
    for name in WHOLE:
        searcher = make(name)
        assert searcher.population()[0].shape == (0, 4)
        drive(searcher, 30)
        points, costs = searcher.population()
        assert points.shape == (len(costs), 4)
        assert [valley(tuple(map(int, point))) for point in points] == pytest.approx(list(costs))


def test_a_gene_without_freedom_stays():
    box = Box.whole([1, 3, 2, 1], [6, 3, 2, 5])
    for name in WHOLE:
        assert {point[1:3] for point in drive(make(name, box=box), 25)} == {(3, 2)}


def test_orders_of_a_study_are_searched():
    class Orders:
        na_max, nb_max, nk_max, spacing_max, hidden_max = 6, 8, 4, 3, 8

    encoding = Encoding(Orders(), 2, 4)
    for name in WHOLE:
        searcher = make_searcher(
            name,
            encoding.bounds,
            1,
            canonical=encoding.canonical,
            first=encoding.first_members(encoding.spread_guess(0.1)),
        )
        points = drive(searcher, 40, cost=lambda point: encoding.structure(point).n_parameters)
        assert points[0] == encoding.clip("na=2,nb=2,nk=1")
        assert all(encoding.canonical(point) == point for point in points)


def test_unknown_names_and_seeds_are_refused():
    with pytest.raises(SettingsError, match="choose one of"):
        make_searcher("ga", BOX, 1)
    with pytest.raises(SettingsError, match="seed is -1"):
        make_searcher("ais", BOX, -1)


def test_nothing_is_better_than_a_lost_candidate_only():
    nan, inf = float("nan"), float("inf")
    assert is_better(1.0, nan)
    assert not is_better(nan, 1.0)
    assert not is_better(nan, nan)
    assert not is_better(-inf, 5.0)
    assert ranking([3.0, nan, 1.0, inf, 1.0]) == [2, 4, 0, 1, 3]
