"""Records are values: read-only, checked in shape, sliced with all they carry."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliid.data.record import Channel, FlightRecord, Source, StepDone, split_in_time
from heliid.errors import RecordError

from .makers import make_record


def test_channels_are_found_with_or_without_their_unit():
    record = make_record()
    assert record.index("q") == record.index("q [rad/s]") == 1
    assert record.channel("q") == Channel("q", "rad/s", "rad/s")
    np.testing.assert_array_equal(record.columns(["q", "stick"]), record.values[:, ::-1])
    with pytest.raises(RecordError, match=r"'qq' is not in flight.csv; it has stick, q"):
        record.index("qq")


def test_arrays_are_copied_and_cannot_be_changed():
    time, values = np.arange(5.0), np.zeros((5, 1))
    record = FlightRecord("a", time, values, (Channel("q"),))
    time[0] = values[0, 0] = 9.0
    assert record.time[0] == record.values[0, 0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        record.values[0, 0] = 1.0


@pytest.mark.parametrize(
    ("time", "values", "trim"),
    [
        (np.arange(4.0), np.zeros((5, 1)), None),
        (np.arange(5.0), np.zeros((5, 2)), None),
        (np.arange(5.0), np.zeros((5, 1)), np.zeros(2)),
        (np.arange(5.0), np.zeros(5), None),
    ],
)
def test_shapes_that_do_not_fit_are_refused(time, values, trim):
    with pytest.raises(TypeError):
        FlightRecord("a", time, values, (Channel("q"),), trim=trim)


def test_a_slice_keeps_what_the_record_carries_and_notes_the_cut():
    record = replace(make_record(), trim=np.array([1.0, 2.0]))
    piece = record.slice(10, 30)
    assert (piece.name, piece.channels, piece.source) == ("flight", record.channels, record.source)
    np.testing.assert_array_equal(piece.trim, [1.0, 2.0])
    np.testing.assert_array_equal(piece.time, record.time[10:30])
    assert piece.history[-1] == StepDone("crop", (("first", 10), ("last", 30)))


def test_between_takes_the_start_and_leaves_the_end():
    piece = make_record().between(1.0, 2.0)
    assert abs(piece.time[0] - 1.0) < 1e-9
    assert piece.n_samples == 50


@given(st.lists(st.floats(0.05, 0.3), min_size=1, max_size=3))
def test_pieces_of_a_split_follow_each_other(fractions):
    record = make_record(n=200)
    pieces = split_in_time(record, fractions)
    joined = np.concatenate([piece.time for piece in pieces])
    np.testing.assert_array_equal(joined, record.time[: len(joined)])
    assert abs(len(joined) - 200 * sum(fractions)) <= 1


def test_uniform_means_every_step_within_one_per_cent():
    record = make_record()
    assert record.is_uniform
    time = record.time.copy()
    time[100:] += 0.001
    assert not replace(record, time=time).is_uniform


def test_small_values_survive_plain_data():
    for value in (
        Channel.of("q", "deg/s"),
        Source("a.csv", "00", "/x"),
        StepDone("crop", (("a", 1),)),
    ):
        assert type(value).from_dict(value.to_dict()) == value
