"""Horizons follow the data: slow and fast processes, long records, vibration."""

import numpy as np
import pytest

from heliid.data.prepare import explain_rate
from heliid.data.record import Channel, FlightRecord
from heliid.training.fit import even_choice
from heliid.training.scoring import FitnessSettings, time_scale


@pytest.mark.parametrize(
    ("bandwidth_hz", "scale"), [(0.01, 20.0), (0.5, 1.0), (5.0, 1.0), (100.0, 0.05), (0.0, 1.0)]
)
def test_horizons_scale_outside_the_band_of_flight_only(bandwidth_hz, scale):
    assert time_scale(bandwidth_hz) == pytest.approx(scale)


def test_all_horizons_scale_together_and_whole_records_stay_whole():
    settings = FitnessSettings().on_time_scale(20.0)
    assert settings.windows_s == (40.0, 100.0, 200.0, 0.0)
    assert settings.training.horizons_s == (10.0, 40.0, 120.0, 0.0)
    assert settings.training.window_s == 100.0


def test_even_choice_spreads_over_the_record():
    segments = np.array([(k, 10) for k in range(0, 1000, 10)])
    chosen = even_choice(segments, 250)
    assert 200 <= chosen[:, 1].sum() <= 300
    assert chosen[0, 0] < 50
    assert chosen[-1, 0] > 900
    assert even_choice(segments, 0) is segments


def test_vibration_that_no_input_explains_does_not_raise_the_rate():
    rng = np.random.default_rng(0)
    t = np.arange(0.0, 60.0, 0.008)
    stick = np.repeat(rng.standard_normal(len(t) // 60 + 1), 60)[: len(t)]
    rate = np.zeros(len(t))
    for k in range(1, len(t)):
        rate[k] = rate[k - 1] + 0.008 * 4.0 * (stick[k] - rate[k - 1])
    shaken = rate + 1.5 * rate.std() * np.sin(2 * np.pi * 38.0 * t + 0.3)
    channels = (Channel("stick", "%"), Channel("q", "rad/s"))
    record = FlightRecord("r", t, np.column_stack([stick, shaken]), channels)
    choice = explain_rate([record], ["stick"], ["q"])
    assert choice.bandwidth_hz < 5.0
    assert choice.hz < 50.0
    assert 0.0 < choice.filter_hz < 30.0
