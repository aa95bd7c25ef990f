"""Test inputs keep their rules: durations, amplitude, spectrum, and they come back as records."""

from __future__ import annotations

import numpy as np
import pytest

from heliid.data.csvfile import read_csv
from heliid.data.excitation import SHAPES, design
from heliid.errors import SettingsError

MODE = 2.5  # rad/s


def make(shape, **changes):
    settings = {"natural_frequency": MODE, "rate_hz": 50.0, "amplitude": 10.0} | changes
    return design(shape, **settings)


def test_a_3211_has_steps_by_the_rule():
    signal = make("3-2-1-1")
    moved = signal.values[np.flatnonzero(signal.values)]
    edges = np.flatnonzero(np.diff(moved))
    lengths = np.diff([-1, *edges, len(moved) - 1]) / 50.0
    np.testing.assert_allclose(lengths / lengths[-1], [3, 2, 1, 1])
    assert MODE * lengths[-1] == pytest.approx(1.6, rel=0.02)
    assert np.sign(moved[[0, edges[0] + 1, edges[1] + 1, -1]]).tolist() == [1, -1, 1, -1]


def test_a_doublet_has_halves_by_the_rule():
    signal = make("doublet")
    assert MODE * np.count_nonzero(signal.values > 0) / 50.0 == pytest.approx(2.3, rel=0.02)
    assert signal.values.sum() == 0.0


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_keeps_its_amplitude_and_starts_at_trim(shape):
    signal = make(shape)
    assert np.abs(signal.values).max() <= 10.0 + 1e-9
    assert np.abs(signal.values).max() > 9.0
    assert not signal.values[:100].any()
    assert not signal.values[-250:].any()
    assert np.allclose(np.diff(signal.time), 0.02)


@pytest.mark.parametrize("shape", ["sweep", "multisine"])
def test_broad_inputs_put_their_power_around_the_mode(shape):
    signal = make(shape)
    power = np.abs(np.fft.rfft(signal.values)) ** 2
    hertz = np.fft.rfftfreq(len(signal.values), 0.02)
    mode = MODE / (2 * np.pi)
    inside = (hertz > 0.15 * mode) & (hertz < 4.4 * mode)
    assert power[inside].sum() > 0.95 * power.sum()


def test_a_multisine_has_a_low_peak():
    signal = make("multisine")
    moved = signal.values[100:-250]
    assert np.abs(moved).max() / moved.std() < 2.0


def test_the_same_settings_give_the_same_signal():
    assert np.array_equal(make("multisine").values, make("multisine").values)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_csv_opens_as_a_record(tmp_path, shape):
    path = tmp_path / "next.csv"
    signal = make(shape)
    signal.write_csv(path)
    record = read_csv(path)
    assert record.channel("delta_lon").unit == "%"
    np.testing.assert_allclose(record.column("delta_lon"), signal.values, atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "changes", "words"),
    [
        ("step", {}, "no input shape"),
        ("sweep", {"rate_hz": 5.0}, "too low"),
        ("3-2-1-1", {"natural_frequency": 50.0, "rate_hz": 20.0}, "samples per step"),
        ("sweep", {"duration": 3.0}, "too short"),
        ("doublet", {"amplitude": -1.0}, "amplitude"),
        ("doublet", {"natural_frequency": float("nan")}, "natural frequency"),
    ],
)
def test_settings_out_of_range_are_named(shape, changes, words):
    with pytest.raises(SettingsError, match=words):
        make(shape, **changes)
