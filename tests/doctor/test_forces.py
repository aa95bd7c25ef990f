"""Who it was when nothing but the air's forces can tell: the truth set has no accelerometers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from heliid.data.csvfile import read_csv
from heliid.data.doctor import examine
from heliid.data.doctor.forces import force_links
from heliid.data.doctor.motion import motion_of

FOLDER = Path(__file__).parents[2] / "data" / "truth"
FILES = ("train_1_3211_lon.csv", "train_3_3211_col.csv", "train_4_3211_lon_reversed_clean.csv")


def scaled(record, name, factor):
    values = record.values.copy()
    values[:, record.index(name)] *= factor
    return replace(record, values=values)


@pytest.mark.parametrize("file", FILES)
def test_the_forces_know_gravity_and_turning(file):
    record = read_csv(FOLDER / file)
    found = force_links(motion_of(record, ((0, record.n_samples),)))
    assert len(found) == 2
    for relation, link in found:
        assert abs(np.log(link.gain)) < 2.5 * np.hypot(relation.floor, link.gain_error)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("factor", [1.25, 0.75])
def test_a_wrong_clock_is_told_from_a_wrong_scale_with_one_axis(file, factor):
    record = read_csv(FOLDER / file)
    wrong = replace(record, time=record.time * factor)
    (found,) = (f for f in examine(wrong) if str(f.severity) == "error")
    assert found.kind == "time base"
    assert found.number("dt_estimate") == pytest.approx(0.02, rel=0.02)


@pytest.mark.parametrize("file", FILES)
def test_a_wrong_scale_is_not_taken_for_a_clock(file):
    wrong = scaled(read_csv(FOLDER / file), "theta", 1.22)
    (found,) = (f for f in examine(wrong) if str(f.severity) == "error")
    assert found.kind == "scale"
    assert found.channels[0] == "theta"
    assert found.number("factor") == pytest.approx(1.22, rel=0.02)


def test_deviations_from_a_trim_are_left_alone():
    record = read_csv(FOLDER / FILES[0])
    motion = replace(motion_of(record, ((0, record.n_samples),)), is_deviation=True)
    assert force_links(motion) == []


def test_a_channel_that_drops_out_beside_a_resting_reference_is_found():
    """A drone's log: motor, attitude and a reference that rests."""
    record = read_csv(FOLDER.parent / "quarter_drone" / "multisine.csv")
    values = record.values.copy()
    values[8505:8592, record.index("theta")] = 0.0
    found = [f for f in examine(replace(record, values=values)) if f.kind == "dropout"]
    assert [f.channels for f in found] == [("theta",)]
    assert found[0].start == pytest.approx(record.time[8505])
