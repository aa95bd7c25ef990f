"""Lags, taps, counts; a structure survives JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliid.errors import SettingsError
from heliid.model.structure import Structure, extend_inputs

lag_lists = st.lists(st.integers(1, 30), unique=True, max_size=5).map(sorted).map(tuple)
structures = st.builds(
    Structure,
    st.lists(lag_lists, min_size=1, max_size=4).map(tuple),
    st.lists(lag_lists, min_size=2, max_size=4).map(tuple),
    st.integers(0, 9),
    st.just(()) | st.tuples(st.tuples(st.just(0), st.floats(0.01, 1.0))),
)


@given(structures)
def test_structure_survives_json(structure):
    assert Structure.from_dict(json.loads(json.dumps(structure.to_dict()))) == structure


@given(structures)
def test_counts_agree_with_taps(structure):
    out_taps, in_taps = structure.taps()
    assert len(out_taps) + len(in_taps) == structure.n_phi
    lags = [*out_taps[:, 1].tolist(), *in_taps[:, 1].tolist()]
    assert structure.n_start == max([1, *lags])


def test_parameters_are_counted_as_the_arrays_are():
    structure = Structure(((1, 2), (1,)), ((0, 1, 3), (1,)), 3)
    assert structure.n_phi == 7
    assert structure.n_parameters == 3 * 7 + 3 + 2 * 3 + 2 * 7 + 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((((0,),), ((0,),)), "output lag is below 1"),
        ((((1,),), ((-1,),)), "input lag is below 0"),
        ((((1,),), ((0,),), -1), "hidden units is below 0"),
    ],
)
def test_impossible_structures_are_refused(arguments, words):
    with pytest.raises(SettingsError, match=words):
        Structure(*arguments)


def test_leaky_copy_starts_at_rest_and_follows_its_recursion():
    u = np.array([[2.0, 5.0], [4.0, 5.0], [4.0, 1.0]])
    extended = extend_inputs(u, ((0, 0.25),))
    np.testing.assert_array_equal(extended[:, :2], u)
    np.testing.assert_allclose(extended[:, 2], [2.0, 2.5, 2.875])


def test_leaky_copies_are_those_of_training():
    dataset = pytest.importorskip("heliid.training.dataset")
    u = np.random.default_rng(1).standard_normal((40, 2))
    memory = ((1, 0.1), (0, 0.7))
    np.testing.assert_array_equal(extend_inputs(u, memory)[:, 2:], dataset.leaky_copies(u, memory))
