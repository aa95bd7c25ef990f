"""A model survives JSON bit for bit."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliid.model.network import NarxModel

from .makers import make_model


def same(a, b):
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return a == b


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), hidden=st.integers(0, 4))
def test_model_survives_json_bit_for_bit(seed, hidden):
    model = make_model(
        seed=seed, n_hidden=hidden, memory=((0, 0.3),), input_lags=((0, 1), (2,), (1,))
    )
    back = NarxModel.from_dict(json.loads(json.dumps(model.to_dict(), allow_nan=False)))
    assert same(back.to_dict(), model.to_dict())
    for name in ("w_hid", "b_hid", "w_out", "linear", "bias"):
        a, b = getattr(model.weights, name), getattr(back.weights, name)
        assert a.shape == b.shape
        assert a.tobytes() == b.tobytes()


def test_arrays_of_a_model_cannot_be_changed():
    model = make_model(envelope=np.zeros((4, 2)))
    for array in (model.weights.linear, model.scaling.input_std, model.envelope):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0
