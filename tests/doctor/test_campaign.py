"""What only several records together can tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from heliid.data.campaign import Campaign, Use
from heliid.data.doctor import Severity, examine_campaign
from heliid.data.record import Channel, FlightRecord
from tests.doctor import flights


def answer(seed: int, *, sign: float = 1.0, size: float = 1.0) -> FlightRecord:
    """A first-order answer of q to delta_lon, 40 s at 50 Hz."""
    rng = np.random.default_rng(seed)
    time = 0.02 * np.arange(2000)
    stick = np.repeat(rng.normal(size=100), 20) * size
    q = np.zeros(2000)
    for k in range(1, 2000):
        q[k] = 0.96 * q[k - 1] + 0.004 * stick[k - 1]
    values = np.column_stack([sign * stick, q + 1e-4 * rng.normal(size=2000)])
    channels = (Channel.of("delta_lon", "%"), Channel.of("q", "deg/s"))
    return FlightRecord(f"run {seed}", time, values, channels)


def campaign(records, uses=(Use.TRAIN, Use.TRAIN, Use.VALIDATE, Use.TEST)):
    return Campaign(tuple(records), tuple(uses), ("delta_lon",), ("q",))


def faults(found, kind):
    return [f for f in found if f.kind == kind]


def test_records_that_fit_together_are_not_accused():
    found = examine_campaign(campaign([answer(k) for k in range(4)]))
    assert not faults(found, "mismatch")
    assert {f.record for f in found} <= {"run 0", "run 1", "run 2", "run 3"}


def test_a_turned_input_is_found_by_the_other_records():
    records = [answer(0), answer(1), answer(2), answer(3, sign=-1.0)]
    (finding,) = faults(examine_campaign(campaign(records)), "mismatch")
    assert finding.record == "run 3"
    assert finding.channels == ("delta_lon",)
    assert finding.remedy is not None


@pytest.mark.parametrize(("use", "severity"), [(2, Severity.WARNING), (3, Severity.NOTE)])
def test_leaving_the_training_range_is_said(use, severity):
    records = [answer(k, size=3.0 if k == use else 1.0) for k in range(4)]
    (finding,) = faults(examine_campaign(campaign(records)), "envelope")
    assert finding.record == f"run {use}"
    assert finding.severity is severity
    assert finding.number("share") > 0.05


def test_different_sample_times_are_said():
    slow = answer(1)
    slow = replace(slow, time=slow.time[::2], values=slow.values[::2])
    records = [answer(0), slow, answer(2), answer(3)]
    (finding,) = faults(examine_campaign(campaign(records)), "mismatch")
    assert finding.number("slowest_hz") == pytest.approx(25.0)


def test_a_missing_channel_and_another_quantity_are_errors():
    other = replace(answer(1), channels=(Channel.of("delta_lon", "V"), Channel.of("q", "deg/s")))
    found = examine_campaign(campaign([answer(0), other, answer(2), answer(3)]))
    (finding,) = faults(found, "mismatch")
    assert finding.severity is Severity.ERROR
    assert "different quantities" in finding.sentence


def test_records_left_out_are_not_looked_at():
    bad = flights.flight()
    bad = replace(bad, name="bad", time=np.concatenate([bad.time[:1], bad.time[:-1]]))
    uses = (Use.TRAIN, Use.TRAIN, Use.VALIDATE, Use.EXCLUDE)
    found = examine_campaign(campaign([answer(0), answer(1), answer(2), bad], uses))
    assert "bad" not in {f.record for f in found}
