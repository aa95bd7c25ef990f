"""The compiled moves on whole numbers against their twins, and what they promise."""

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from search_valley import BOX, canonical, valley

from heliid.kernels import lattice_moves as moves
from heliid.search.canonical import CanonicalForm
from heliid.search.encoding import Encoding
from heliid.search.factory import make_searcher
from tests.reference import moves as reference

LOW, HIGH = np.array([1, 0, 0, 1, 2, 0]), np.array([4, 8, 3, 3, 2, 8])
FREE = np.array([0, 1, 2, 3, 5])
FORM = CanonicalForm(LOW.tolist(), HIGH.tolist(), [(2, 1, 1, 0), (3, 1, 2, 1)], [1])
TERMS = FREE, LOW, HIGH, FORM.rules, FORM.some
N, WIDTH = 40, 60


class Small:
    na_max, nb_max, nk_max, spacing_max, hidden_max, output_spacing_max = 3, 4, 2, 3, 2, 2


@pytest.fixture(params=range(6))
def rng(request):
    return np.random.default_rng(request.param)


def points(rng, n):
    return rng.integers(LOW, HIGH + 1, (n, len(LOW)))


def same(name, *arguments):
    """Kernel and twin leave the same in all their arguments and return the same."""
    mine, theirs = copy.deepcopy(arguments), copy.deepcopy(arguments)
    assert getattr(moves, name)(*mine) == getattr(reference, name)(*theirs)
    for a, b in zip(mine, theirs, strict=True):
        np.testing.assert_array_equal(a, b)
    return mine[-1]


def test_steps_agree_with_their_twin(rng):
    for point in points(rng, N):
        same("step", point, rng.random(9), 2, FREE, LOW, HIGH, 0.3)


def test_poisson_numbers_agree_with_their_twin_and_have_the_mean(rng):
    for u in rng.random(50):
        assert moves.poisson(u, 1.7) == reference.poisson(u, 1.7)
    numbers = [moves.poisson((k + 0.5) / 2000, 0.7) for k in range(2000)]
    assert np.mean(numbers) == pytest.approx(0.7, abs=0.01)
    assert np.var(numbers) == pytest.approx(0.7, abs=0.02)


def test_mutants_agree_with_their_twin(rng):
    out = np.zeros((N, len(LOW)), np.int64)
    same("mutants", rng.random((N, WIDTH)), points(rng, 1)[0], 1.4, 0.15, *TERMS, out)


def test_flights_agree_with_their_twin(rng):
    out = np.zeros((N, len(LOW)), np.int64)
    here, own, other = points(rng, 3)
    same(
        "flights", rng.random((N, WIDTH)), here, own, other, 0.35, 0.3, 0.7, 0.15, *TERMS, out
    )  # fmt: skip


@pytest.mark.parametrize("slot", [0, 3])
def test_bees_agree_with_their_twin(rng, slot):
    out = np.zeros((N, len(LOW)), np.int64)
    same(
        "bee_moves", rng.random((N, WIDTH)), points(rng, 5), slot, 3, 0.5, 0.5, 1.5, 0.3, 0.3,
        0.15, *TERMS, out,
    )  # fmt: skip


def test_a_short_row_of_numbers_ends_the_move():
    always = np.full((1, 6), 0.999)  # ten steps wanted, numbers for one
    out = np.zeros((1, len(LOW)), np.int64)
    parent = np.array([2, 4, 1, 2, 2, 3])
    moves.mutants(always, parent, 3.0, 0.0, *TERMS, out)
    assert (out[0] != parent).sum() == 1


@given(st.lists(st.integers(-3, 12), min_size=11, max_size=11))
def test_the_compiled_canonical_form_is_that_of_the_encoding(genes):
    form = Encoding(Small(), 2, 2).canonical
    box = Encoding(Small(), 2, 2).bounds
    point = np.array(genes)
    moves.canonical_form(
        point, box.low.astype(int), box.high.astype(int), form.rules, form.some
    )  # fmt: skip
    assert tuple(point.tolist()) == form(tuple(genes)) == form(form(tuple(genes)))


@given(st.lists(st.integers(0, 4), min_size=11, max_size=11))
def test_genomes_of_one_structure_have_one_form(genes):
    encoding = Encoding(Small(), 2, 2)
    form = encoding.canonical(genes)
    assert encoding.structure(form) == encoding.structure(genes)
    assert encoding.genome(encoding.structure(genes)) == form


@pytest.mark.parametrize("name", ["ais", "abc", "pso"])
def test_rules_and_a_plain_function_give_the_same_search(name):
    rules = CanonicalForm(BOX.low.astype(int), BOX.high.astype(int), [(2, 1, 1, 0)])
    asked = []
    for form in (rules, canonical):
        searcher = make_searcher(name, BOX, 3, canonical=form)
        seen = []
        for _ in range(80):
            point = tuple(searcher.ask(1)[0].astype(int).tolist())
            searcher.tell(np.array([valley(point)]))
            seen.append(point)
        asked.append(seen)
    assert asked[0] == asked[1]
