"""The scaling round-trips, survives JSON, and speaks of training statistics."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from heliid.data.prepare import prepare
from heliid.data.scaling import Scaling, make_envelope, scaling_from

from .makers import make_record

numbers = st.floats(-1e6, 1e6)
sizes = st.floats(1e-6, 1e6)


@st.composite
def scalings(draw):
    nu, ny = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    row = lambda of, n: np.array(draw(st.lists(of, min_size=n, max_size=n)))  # noqa: E731
    return Scaling(
        row(numbers, nu), row(sizes, nu), row(numbers, ny), row(sizes, ny), row(sizes, ny)
    )


@settings(deadline=None)
@given(scalings())
def test_scaling_survives_json_bit_for_bit(scaling):
    back = Scaling.from_dict(json.loads(json.dumps(scaling.to_dict())))
    for name in scaling.__dataclass_fields__:
        assert getattr(back, name).tobytes() == getattr(scaling, name).tobytes()


@settings(deadline=None)
@given(scalings(), st.integers(0, 1000))
def test_outputs_come_back_from_scaled(scaling, seed):
    y = np.random.default_rng(seed).standard_normal((9, len(scaling.output_mean)))
    y = y * scaling.output_std + scaling.output_mean
    back = scaling.unscale_outputs(scaling.scale_outputs(y))
    size = np.abs(scaling.output_mean) + scaling.output_std
    assert np.all(np.abs(back - y) <= 1e-14 * 8 * size)


def prepared(n_records=2):
    return [
        prepare(make_record(f"r{i}", seed=i), ["stick"], ["q"], dt=0.1) for i in range(n_records)
    ]


def test_scaled_training_data_have_no_mean_and_unit_deviation():
    records = prepared()
    scaling = scaling_from(records)
    u = np.concatenate([scaling.scale_inputs(one.u) for one in records])
    y = np.concatenate([scaling.scale_outputs(one.y) for one in records])
    np.testing.assert_allclose([u.mean(), y.mean()], 0.0, atol=1e-12)
    np.testing.assert_allclose([u.std(), y.std()], 1.0, rtol=1e-12)


def test_increments_are_taken_within_records_and_scaled():
    records = prepared()
    scaling = scaling_from(records)
    steps = np.concatenate([np.diff(scaling.scale_outputs(one.y), axis=0) for one in records])
    np.testing.assert_allclose(scaling.increment_std, steps.std(axis=0), rtol=1e-12)


def test_a_resting_channel_is_scaled_by_one():
    record = make_record(lead=400)
    scaling = scaling_from([prepare(record, ["stick"], ["q"], dt=0.1)])
    assert (scaling.input_std[0], scaling.output_std[0], scaling.increment_std[0]) == (1, 1, 1)


def test_envelope_is_absolute_whatever_the_trim():
    record = make_record(lead=100)
    plain = make_envelope([prepare(record, ["stick"], ["q"], dt=0.1)])
    lead = make_envelope([prepare(record, ["stick"], ["q"], dt=0.1, trim_rule="lead:1")])
    np.testing.assert_allclose(lead, plain, rtol=1e-12)
    assert np.all(plain[:, 0] < plain[:, 1])
