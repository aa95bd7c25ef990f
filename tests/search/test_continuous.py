"""The compiled searchers on real numbers, and their rounding onto whole ones."""

import copy
import json

import numpy as np
import pytest
from search_valley import BOX, canonical, valley

from heliid.errors import SettingsError
from heliid.kernels import moves
from heliid.search.factory import make_searcher
from heliid.search.searcher import Box
from tests.reference import moves as reference

NAMES = ("ais", "abc", "pso", "ais-classic", "abc-classic", "pso-classic")
CLASSIC = NAMES[3:]
CUBE = Box.real(-5.0, 10.0, 6)


def bowl(points):
    return ((points - 1.5) ** 2).sum(axis=1)


def drive(searcher, n, cost=bowl, step=1000):
    asked = []
    while sum(map(len, asked)) < n:
        points = searcher.ask(step)
        assert len(points)
        searcher.tell(cost(points))
        asked.append(points)
    return np.vstack(asked)


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_points_other_seed_others(name):
    one, two, other = (drive(make_searcher(name, CUBE, s), 300) for s in (1, 1, 2))
    assert np.array_equal(one, two)
    assert not np.array_equal(one[:50], other[:50])


@pytest.mark.parametrize("name", NAMES)
def test_pieces_of_any_size_give_the_same_points(name):
    whole = drive(make_searcher(name, CUBE, 1), 200)
    pieces = drive(make_searcher(name, CUBE, 1), 200, step=3)
    assert np.array_equal(whole[:200], pieces[:200])


@pytest.mark.parametrize("name", NAMES)
def test_points_stay_in_the_box(name):
    points = drive(make_searcher(name, CUBE, 3), 3000)
    assert (points >= CUBE.low).all()
    assert (points <= CUBE.high).all()


@pytest.mark.parametrize("name", NAMES)
def test_no_rows_until_the_generation_is_told(name):
    searcher = make_searcher(name, CUBE, 1)
    first = searcher.ask(10_000)
    assert len(searcher.ask(1)) == 0
    searcher.tell(bowl(first[:-1]))
    assert len(searcher.ask(1)) == 0
    searcher.tell(bowl(first[-1:]))
    assert len(searcher.ask(1)) == 1


@pytest.mark.parametrize("name", ["ais", "abc", "pso", "abc-classic", "pso-classic"])
def test_a_bowl_is_solved(name):
    points = drive(make_searcher(name, CUBE, 1), 20_000)
    assert bowl(points).min() < 1e-10


def test_the_textbook_immune_system_comes_near():
    assert bowl(drive(make_searcher("ais-classic", CUBE, 1), 20_000)).min() < 0.5


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n_told", [0, 7, 40, 333])
def test_state_goes_on_bit_for_bit(name, n_told):
    one, two = make_searcher(name, CUBE, 1), make_searcher(name, CUBE, 1)
    out = np.vstack([one.ask(5)])
    for _ in range(n_told):
        one.tell(bowl(out[:1]))
        out = np.vstack([out[1:], one.ask(1)])
        while not len(out):
            out = one.ask(5)
    two.restore(json.loads(json.dumps(one.state(), allow_nan=False)))
    waiting = [out.copy(), out.copy()]
    for _ in range(200):
        for k, searcher in enumerate((one, two)):
            searcher.tell(bowl(waiting[k][:1]))
            waiting[k] = np.vstack([waiting[k][1:], searcher.ask(2)])
        assert np.array_equal(waiting[0], waiting[1])
    assert one.state() == two.state()


@pytest.mark.parametrize("name", NAMES)
def test_lost_candidates_count_as_worst(name):
    def cost(points):
        costs = bowl(points)
        costs[points[:, 0] < 0.0] = np.nan
        costs[points[:, 1] < 0.0] = -np.inf
        return costs

    searcher = make_searcher(name, CUBE, 1)
    drive(searcher, 4000, cost)
    points, costs = searcher.population()
    assert not np.isnan(costs).any()
    assert (costs >= 0.0).all()
    best = points[np.argmin(costs)]
    assert best[0] >= 0.0
    assert best[1] >= 0.0


@pytest.mark.parametrize("name", NAMES)
def test_all_candidates_lost_is_survived(name):
    drive(make_searcher(name, CUBE, 1), 2000, lambda points: np.full(len(points), np.nan))


@pytest.mark.parametrize("name", NAMES)
def test_population_is_what_was_told(name):
    searcher = make_searcher(name, CUBE, 1)
    drive(searcher, 3000)
    points, costs = searcher.population()
    known = np.isfinite(costs)
    assert bowl(points[known]) == pytest.approx(costs[known])


@pytest.mark.parametrize("name", CLASSIC)
def test_textbook_forms_round_onto_whole_boxes(name):
    given = [(1, 2, 1, 1), (3, 0, 4, 2)]
    searcher = make_searcher(name, BOX, 1, canonical=canonical, first=given)
    points = drive(
        searcher, 400, lambda rows: np.array([valley(tuple(map(int, row))) for row in rows])
    )
    assert points[:2].tolist() == [[1, 2, 1, 1], [3, 0, 0, 2]]
    assert np.array_equal(points, points.round())
    for point in points.astype(int).tolist():
        assert tuple(point) == canonical(tuple(point))
    assert (points >= BOX.low).all()
    assert (points <= BOX.high).all()
    assert {int(v) for v in points[:, 0]} == set(range(7))


def test_a_real_box_has_no_random_or_hill():
    with pytest.raises(SettingsError, match="choose one of ais, abc, pso"):
        make_searcher("hill", CUBE, 1)


def test_too_many_costs_are_refused():
    searcher = make_searcher("abc", CUBE, 1)
    searcher.ask(3)
    with pytest.raises(TypeError, match="4 costs told for 3 points"):
        searcher.tell(np.zeros(4))


# kernels against their twins

M, DIM, B = 7, 4, 11


@pytest.fixture(params=range(8))
def pool(request):
    rng = np.random.default_rng(request.param)
    low, high = np.full(DIM, -2.0), np.array([1.0, 2.0, 3.0, 4.0])
    members = rng.uniform(low, high, (M, DIM))
    costs = rng.uniform(-1.0, 3.0, M)
    if request.param % 3 == 0:
        costs[2] = costs[4] = np.inf
    if request.param % 4 == 1:
        costs[1] = costs[5]
    return rng, low, high, members, costs


def same(name, *arguments):
    """Kernel and twin leave the same in all their arguments and return the same."""
    mine, theirs = copy.deepcopy(arguments), copy.deepcopy(arguments)
    got, wanted = getattr(moves, name)(*mine), getattr(reference, name)(*theirs)
    assert got == wanted
    for a, b in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-13)


def test_scatter_and_selection_agree_with_their_twins(pool):
    rng, low, high, _members, costs = pool
    order, owners = np.zeros(M, np.int64), np.zeros(B, np.int64)
    same("scatter", rng.random((B, DIM)), low, high, np.zeros((B, DIM)))
    same("rank_order", costs, order)
    same("choose_by_rank", rng.random(B), costs, 0.3, order, owners)
    same("choose_by_fitness", rng.random(B), costs, owners)


def test_keep_better_agrees_with_its_twin(pool):
    rng, low, high, members, costs = pool
    points, told = rng.uniform(low, high, (B, DIM)), rng.uniform(-1.0, 3.0, B)
    told[3], told[4] = np.nan, -np.inf
    same("keep_better", told, points, rng.integers(0, M, B), members, costs, np.arange(M))


@pytest.mark.parametrize("guide", [0.0, 1.5])
def test_bees_agree_with_their_twin(pool, guide):
    rng, low, high, members, costs = pool
    same(
        "bee_flights",
        rng.random((B, 4)),
        members,
        costs,
        rng.integers(0, M, B),
        guide,
        low,
        high,
        np.zeros((B, DIM)),
    )
    same("send_scout", rng.random(DIM), 3, low, high, members, costs, rng.integers(0, 9, M))
    same("send_scout", rng.random(DIM), 99, low, high, members, costs, rng.integers(0, 9, M))


@pytest.mark.parametrize(("reach", "p_sparse"), [(-1, 0.0), (1, 0.5), (2, 1.0)])
def test_swarm_agrees_with_its_twin(pool, reach, p_sparse):
    rng, low, high, members, costs = pool
    places, speeds = rng.uniform(low, high, (M, DIM)), rng.normal(size=(M, DIM))
    same(
        "swarm_flights",
        rng.random((M, 2 * DIM + 4)),
        places,
        speeds,
        members,
        costs,
        reach,
        0.7298,
        1.49618,
        1.49618,
        p_sparse,
        low,
        high,
        np.zeros(M, np.int64),
        np.zeros((M, DIM)),
    )


def test_antibodies_agree_with_their_twins(pool):
    rng, low, high, members, costs = pool
    order, owners = np.zeros(M, np.int64), np.zeros(B, np.int64)
    same(
        "immune_clones",
        rng.random((B, 6)),
        members,
        costs,
        1.5,
        low,
        high,
        order,
        owners,
        np.zeros((B, DIM)),
    )
    same(
        "hypermutate",
        rng.normal(size=(B, DIM)),
        members,
        costs,
        5.0,
        low,
        high,
        rng.integers(0, M, B),
        np.zeros((B, DIM)),
    )
