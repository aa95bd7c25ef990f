"""A long flight falls into its manoeuvres."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from heliid.data.excitation import design
from heliid.data.manoeuvres import find_manoeuvres, split_manoeuvres
from heliid.data.record import Channel, FlightRecord
from heliid.errors import RecordError

DT = 0.02


def long_flight(noise: float = 0.0) -> tuple[FlightRecord, list[tuple[float, float]]]:
    """Three inputs on two controls with 20 s of rest between, and when they move."""
    rng = np.random.default_rng(0)
    n = 6000
    lon, col = np.zeros(n), np.zeros(n)
    spans = []
    for control, shape, start in (
        (lon, "3-2-1-1", 20.0),
        (col, "doublet", 55.0),
        (lon, "doublet", 90.0),
    ):
        signal = design(shape, natural_frequency=2.5, rate_hz=50.0, amplitude=10.0).values
        moved = signal[np.flatnonzero(signal)[0] : np.flatnonzero(signal)[-1] + 1]
        first = round(start / DT)
        control[first : first + len(moved)] += moved
        spans.append((start, start + len(moved) * DT))
    values = np.column_stack([lon, col]) + noise * rng.normal(size=(n, 2))
    channels = (Channel.of("delta_lon", "%"), Channel.of("delta_col", "%"))
    return FlightRecord("flight", DT * np.arange(n), values, channels), spans


@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_every_manoeuvre_is_found_with_its_lead_and_tail(noise):
    record, spans = long_flight(noise)
    pieces = find_manoeuvres(record, ("delta_lon", "delta_col"))
    assert [piece.control for piece in pieces] == ["delta_lon", "delta_col", "delta_lon"]
    for piece, (start, end) in zip(pieces, spans, strict=True):
        assert start - 3.0 < piece.start < start - 1.0
        assert end + 3.0 < piece.end < end + 5.5


def test_pieces_become_records_that_do_not_overlap():
    record, _ = long_flight()
    first, second, third = split_manoeuvres(record, ("delta_lon", "delta_col"))
    assert first.time[-1] < second.time[0]
    assert second.time[-1] < third.time[0]
    assert first.name == "flight 1"
    assert first.history[-1].kind == "crop"


def test_close_manoeuvres_share_the_rest_between_them():
    record, _ = long_flight()
    lon = record.column("delta_lon").copy()
    lon[1500:1550] = 10.0  # 5 s after the first has ended
    values = np.column_stack([lon, record.column("delta_col")])
    packed = FlightRecord("packed", record.time, values, record.channels)
    pieces = find_manoeuvres(packed, ("delta_lon", "delta_col"))
    assert all(a.end <= b.start for a, b in pairwise(pieces))


def test_controls_at_rest_are_one_sentence():
    record, _ = long_flight()
    still = FlightRecord("still", record.time, np.zeros_like(record.values), record.channels)
    with pytest.raises(RecordError, match="No control of 'still' moves"):
        find_manoeuvres(still, ("delta_lon", "delta_col"))
    with pytest.raises(RecordError, match="choose at least one input"):
        find_manoeuvres(record, ())
