"""Block means, zero-phase decimation, jitter, trim and the proposed rate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliid.data.prepare import (
    choose_filter,
    choose_rate,
    explain_rate,
    lead_seconds,
    prepare,
    resolve_trim_rule,
)
from heliid.data.record import Channel, FlightRecord
from heliid.errors import RecordError, SettingsError

from .makers import make_record


def sine_record(hz, dt=0.01, n=2000, jitter=0.0, seed=3):
    """Input and output both sin(2 pi hz t)."""
    time = dt * np.arange(n) + jitter * dt * np.random.default_rng(seed).uniform(-0.4, 0.4, n)
    values = np.column_stack([np.sin(2 * np.pi * hz * time)] * 2)
    return FlightRecord("sine", time, values, (Channel("stick"), Channel("q")))


def test_at_full_rate_samples_come_through_unchanged():
    record = make_record()
    prepared = prepare(record, ["stick"], ["q"], dt=record.dt)
    np.testing.assert_array_equal(prepared.u[:, 0], record.column("stick"))
    np.testing.assert_array_equal(prepared.y[:, 0], record.column("q"))
    np.testing.assert_allclose(prepared.time, record.time, atol=1e-12)


def test_a_rate_that_is_the_same_but_for_digits_interpolates_nothing():
    flight = make_record(n=20_000, dt=0.0016384)
    ready = prepare(flight, ["stick"], ["q"], dt=1 / 610.3501)  # 2e-6 from 1 / 0.0016384 Hz
    np.testing.assert_array_equal(ready.y[:, 0], flight.column("q")[: ready.n_samples])
    np.testing.assert_array_equal(ready.u[:, 0], flight.column("stick")[: ready.n_samples])


def test_inputs_are_means_over_the_step_that_ends_in_the_sample():
    record = make_record(n=403)
    prepared = prepare(record, ["stick"], ["q"], dt=0.1)
    stick = record.column("stick")
    assert prepared.n_samples == 80
    np.testing.assert_allclose(prepared.u[0, 0], stick[:5].mean(), rtol=1e-12)
    np.testing.assert_allclose(prepared.u[-1, 0], stick[395:400].mean(), rtol=1e-12)
    np.testing.assert_allclose(prepared.time[:2], [0.08, 0.18], atol=1e-12)
    np.testing.assert_array_equal(prepared.y[:2, 0], record.column("q")[[4, 9]])


def test_resampling_path_agrees_with_the_index_path_on_a_jittered_copy():
    smooth = prepare(sine_record(0.7), ["stick"], ["q"], dt=0.05, filter_hz=8.0)
    jittered = prepare(sine_record(0.7, jitter=1.0), ["stick"], ["q"], dt=0.05, filter_hz=8.0)
    n = min(smooth.n_samples, jittered.n_samples)
    shift = jittered.time[:n] - smooth.time[:n]
    assert np.abs(shift).max() < 0.01
    exact = np.sin(2 * np.pi * 0.7 * jittered.time[:n])
    assert np.abs(jittered.y[5 : n - 5, 0] - exact[5 : n - 5]).max() < 0.01
    centre = np.sin(2 * np.pi * 0.7 * (jittered.time[:n] - 0.02))  # middle of five held samples
    assert np.abs(jittered.u[5 : n - 5, 0] - centre[5 : n - 5]).max() < 0.02


def test_a_rate_that_does_not_divide_keeps_the_mean():
    record = make_record(n=1000)
    prepared = prepare(record, ["stick"], ["q"], dt=0.07)
    assert np.isclose(np.median(np.diff(prepared.time)), 0.07)
    inside = record.time <= prepared.time[-1] + 1e-9
    whole = record.column("stick")[inside].mean()
    assert abs(prepared.u[:, 0].mean() - whole) < 1e-3


def test_low_pass_has_no_phase_and_minus_six_decibels_at_the_cut():
    prepared = prepare(sine_record(2.0), ["stick"], ["q"], dt=0.02, filter_hz=2.0)
    exact = np.sin(2 * np.pi * 2.0 * prepared.time)
    middle = slice(200, -200)
    gain = prepared.y[middle, 0] @ exact[middle] / (exact[middle] @ exact[middle])
    assert abs(gain - 0.5) < 0.01
    assert np.abs(prepared.y[middle, 0] - gain * exact[middle]).max() < 0.01


def test_noise_above_the_model_rate_does_not_fold_back():
    record = sine_record(13.0)
    dt = 0.1
    folded = prepare(record, ["stick"], ["q"], dt=dt)
    clean = prepare(record, ["stick"], ["q"], dt=dt, filter_hz=choose_filter([record], dt))
    assert folded.y.std() > 0.5
    assert clean.y[5:-5].std() < 0.01


def test_arrays_are_read_only():
    prepared = prepare(make_record(), ["stick"], ["q"], dt=0.1)
    for array in (prepared.time, prepared.u, prepared.y, prepared.u_trim, prepared.y_trim):
        assert not array.flags.writeable


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dt": 0.005}, "slower than the model"),
        ({"dt": 2.0}, "choose a longer record"),
    ],
)
def test_prepare_refuses_the_wrong_rate(change, words):
    with pytest.raises(RecordError, match=words):
        prepare(make_record(), ["stick"], ["q"], **change)


def test_prepare_refuses_a_hole_in_time():
    record = make_record()
    time = record.time.copy()
    time[200:] += 3.0
    with pytest.raises(RecordError, match=r"no samples for 3\.02 s after t = 3\.98 s"):
        prepare(replace(record, time=time), ["stick"], ["q"], dt=0.1)


def test_prepare_refuses_a_rate_of_nothing():
    with pytest.raises(SettingsError, match="above 0 Hz"):
        prepare(make_record(), ["stick"], ["q"], dt=0.0)


def test_lead_trim_is_the_mean_of_the_first_seconds():
    record = make_record(lead=100)  # 2 s at rest at 1.0
    prepared = prepare(record, ["stick"], ["q"], dt=0.1, trim_rule="lead:1")
    np.testing.assert_allclose([prepared.u_trim[0], prepared.y_trim[0]], 1.0, rtol=1e-12)
    raw = prepare(record, ["stick"], ["q"], dt=0.1)
    np.testing.assert_allclose(prepared.y + prepared.y_trim, raw.y, rtol=1e-12)


def test_a_chosen_trim_precedes_the_lead():
    record = replace(make_record(lead=100), trim=np.array([0.25, -0.5]))
    prepared = prepare(record, ["stick"], ["q"], dt=0.1, trim_rule="lead:1")
    assert (prepared.u_trim[0], prepared.y_trim[0]) == (0.25, -0.5)


def test_auto_trim_wants_every_record_steady_at_the_same_place():
    steady, moving = make_record("a", lead=110, n=2000), make_record("b", seed=2, n=2000)
    assert resolve_trim_rule([steady], ["stick"], ["q"]) == "lead:2"
    assert resolve_trim_rule([steady, moving], ["stick"], ["q"]) == "none"
    elsewhere = replace(steady, values=steady.values + np.array([0.0, 50.0]))
    assert resolve_trim_rule([steady, elsewhere], ["stick"], ["q"]) == "none"
    assert resolve_trim_rule([moving], ["stick"], ["q"], "lead:0.5") == "lead:0.5"


@pytest.mark.parametrize("rule", ["lead", "lead:", "lead:-1", "lead:nan", "lead:inf", "mean", ""])
def test_unknown_trim_rules_are_refused(rule):
    with pytest.raises(SettingsError, match="trim rule"):
        lead_seconds(rule)


def test_rate_follows_the_bandwidth_of_the_outputs():
    slow, fast = sine_record(0.5), sine_record(3.0)
    assert choose_rate([slow], ["stick"], ["q"]) == 10.0
    assert 20.0 <= choose_rate([fast], ["stick"], ["q"]) <= 30.0


def test_rate_says_why_and_never_exceeds_the_record():
    choice = explain_rate([sine_record(0.5)], ["stick"], ["q"])
    assert "10 Hz" in choice.why
    assert "low-pass at 4 Hz" in choice.why
    assert choice.filter_hz == 4.0
    tank = sine_record(0.01, dt=4.0, n=600)
    assert choose_rate([tank], ["stick"], ["q"]) == 0.25
    assert choose_filter([tank], 4.0) == 0.0


def test_rate_of_a_jittered_record_is_a_round_number():
    assert choose_rate([sine_record(0.5, dt=0.010013, jitter=1.0)], ["stick"], ["q"]) == 10.0


@settings(max_examples=30, deadline=None)
@given(shift=st.floats(-1000, 1000), every=st.integers(1, 9))
def test_shifting_time_shifts_only_time(shift, every):
    record = make_record(n=300)
    moved = replace(record, time=record.time + shift)
    a = prepare(record, ["stick"], ["q"], dt=0.02 * every, trim_rule="lead:1", filter_hz=3.0)
    b = prepare(moved, ["stick"], ["q"], dt=0.02 * every, trim_rule="lead:1", filter_hz=3.0)
    np.testing.assert_allclose(b.time - shift, a.time, atol=1e-9)
    np.testing.assert_allclose(b.u, a.u, atol=1e-9)
    np.testing.assert_allclose(b.y, a.y, atol=1e-9)


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(["a", "b", "c", "d"]))
def test_permuted_channels_give_permuted_results(order):
    record = make_record(names=("a", "b", "c", "d"))
    plain = prepare(record, ["a", "b"], ["c", "d"], dt=0.06, filter_hz=4.0)
    mixed = prepare(record, order[:2], order[2:], dt=0.06, filter_hz=4.0)
    for k, name in enumerate(order[:2]):
        if name in "ab":
            np.testing.assert_array_equal(mixed.u[:, k], plain.u[:, "ab".index(name)])
    for k, name in enumerate(order[2:]):
        if name in "cd":
            np.testing.assert_array_equal(mixed.y[:, k], plain.y[:, "cd".index(name)])
