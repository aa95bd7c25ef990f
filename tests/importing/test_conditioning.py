"""Conditioning: each step does what its sentence says, goes through plain data, is repeatable."""

from __future__ import annotations

import json

import numpy as np
import pytest

from heliid.data import conditioning as c
from heliid.data.record import Channel, FlightRecord
from heliid.errors import RecordError

N = 500
TIME = 0.02 * np.arange(N)


def make(**changes) -> FlightRecord:
    channels = (
        Channel.of("delta_lon", "%"),
        Channel.of("q", "deg/s"),
        Channel.of("theta", "deg"),
        Channel.of("phi", "deg"),
    )
    theta = 0.2 * np.sin(TIME)
    values = np.column_stack(
        [10 * np.sin(2 * TIME), 0.2 * np.cos(TIME), theta, 0.3 * np.cos(3 * TIME)]
    )
    return FlightRecord(
        **({"name": "run", "time": TIME, "values": values, "channels": channels} | changes)
    )


ALL_STEPS = (
    c.Crop(1.0, 8.0),
    c.Scale("q", -1.0),
    c.SetUnit("theta", "rad"),
    c.Rename("q", "pitch_rate"),
    c.Swap("theta", "phi"),
    c.ShiftTime(("q",), 0.04),
    c.Despike(("q",), 6.0, 5),
    c.Bridge("q", 2.0, 2.5),
    c.Unhold(("q",)),
    c.FillGaps(0.5),
    c.Resample(25.0),
    c.LowPass(5.0),
    c.SetTimeBase(0.016),
    c.ChooseTrim(0.0, 0.5),
    c.RemoveTrim(),
    c.RemoveDrift("q", 0.01),
    c.Derive("alpha", "atan2(q, 1 + theta)", "rad"),
    c.Drop(("phi",)),
)


def test_every_kind_of_step_is_tried_here():
    assert {type(step) for step in ALL_STEPS} == set(c.STEPS.values())


@pytest.mark.parametrize("step", ALL_STEPS, ids=lambda step: step.kind)
def test_a_step_survives_json_and_leaves_its_line_in_the_history(step):
    again = c.step_from_dict(json.loads(json.dumps(c.to_dict(step))))
    assert again == step
    before = make()
    after = c.apply(before, [step])
    assert after.history[-1].kind == step.kind
    assert before.history == ()
    assert np.isfinite(after.values).all()
    assert step.sentence()
    np.testing.assert_array_equal(after.values, c.apply(make(), [again]).values)


def test_crop_keeps_the_axis():
    after = c.apply(make(), [c.Crop(1.0, 2.0)])
    assert after.time[0] == pytest.approx(1.0)
    assert after.time[-1] == pytest.approx(2.0)


def test_scale_takes_the_trim_along():
    after = c.apply(make(), [c.ChooseTrim(0.0, 1.0), c.Scale("q", 2.0, 1.0)])
    before = c.apply(make(), [c.ChooseTrim(0.0, 1.0)])
    assert after.trim[1] == pytest.approx(2.0 * before.trim[1] + 1.0)


def test_set_unit_reads_the_numbers_of_the_file_anew():
    before = make()
    after = c.apply(before, [c.SetUnit("theta", "rad")])
    np.testing.assert_allclose(after.column("theta"), before.column("theta") * 180 / np.pi)
    assert after.channel("theta").unit == "rad"


def test_swap_exchanges_only_the_same_quantity():
    after = c.apply(make(), [c.Swap("theta", "phi")])
    np.testing.assert_array_equal(after.column("phi"), make().column("theta"))
    with pytest.raises(RecordError, match=r"Step 1 .*different quantities"):
        c.apply(make(), [c.Swap("theta", "q")])


def test_shift_moves_a_late_channel_back():
    values = make().values.copy()
    values[:, 1] = 0.2 * np.cos(TIME - 0.05)
    after = c.apply(make(values=values), [c.ShiftTime(("q",), 0.05)])
    np.testing.assert_allclose(after.column("q"), 0.2 * np.cos(after.time), atol=1e-4)
    np.testing.assert_allclose(after.column("theta"), 0.2 * np.sin(after.time), atol=1e-12)
    assert after.time[-1] <= TIME[-1] - 0.049


def test_despike_takes_the_spikes_and_leaves_the_rest():
    values = make().values.copy()
    places = [50, 51, 200, 333]
    values[places, 1] += [3.0, 3.0, -5.0, 4.0]
    after = c.apply(make(values=values), [c.Despike(("q",))])
    assert np.abs(after.column("q") - make().column("q")).max() < 0.02
    untouched = np.setdiff1d(np.arange(10, 490), np.add.outer(places, np.arange(-6, 7)).ravel())
    assert np.mean(after.column("q")[untouched] == values[untouched, 1]) > 0.99


def test_despike_keeps_a_step():
    values = make().values.copy()
    values[:, 0] = np.where(TIME > 5.0, 10.0, 0.0)
    after = c.apply(make(values=values), [c.Despike(("delta_lon",))])
    np.testing.assert_array_equal(after.column("delta_lon"), values[:, 0])


def test_unhold_joins_the_stairs():
    values = make().values.copy()
    values[:, 1] = np.repeat(values[::5, 1], 5)
    after = c.apply(make(values=values), [c.Unhold(("q",))])
    assert np.abs(after.column("q") - make().column("q"))[:-5].max() < 1e-3


def test_gaps_are_filled_up_to_the_limit_only():
    keep = np.ones(N, dtype=bool)
    keep[100:110] = False
    gappy = make(time=TIME[keep], values=make().values[keep])
    after = c.apply(gappy, [c.FillGaps(0.5)])
    assert after.is_uniform
    assert after.n_samples == N
    np.testing.assert_allclose(after.column("q"), make().column("q"), atol=2e-3)
    with pytest.raises(RecordError, match=r"no samples between t = 1.980 s and 2.200 s"):
        c.apply(gappy, [c.FillGaps(0.1)])


def test_resample_makes_a_uniform_axis_without_aliases():
    noisy = make().values.copy()
    noisy[:, 1] += 0.5 * np.sin(2 * np.pi * 24.0 * TIME)
    after = c.apply(make(values=noisy), [c.Resample(10.0)])
    assert after.dt == pytest.approx(0.1)
    inside = slice(5, -5)
    expected = 0.2 * np.cos(after.time)
    assert np.abs(after.column("q") - expected)[inside].max() < 0.02


def test_low_pass_makes_no_phase_between_channels():
    after = c.apply(make(), [c.LowPass(3.0)])
    inside = slice(50, -50)
    np.testing.assert_allclose(after.column("q")[inside], make().column("q")[inside], atol=1e-3)


def test_low_pass_wants_a_uniform_axis():
    jittered = make(time=TIME + 0.004 * np.sin(17 * TIME))
    with pytest.raises(RecordError, match="resample before filtering"):
        c.apply(jittered, [c.LowPass(3.0)])


def test_time_base_keeps_the_samples():
    after = c.apply(make(), [c.SetTimeBase(0.008)])
    assert after.dt == pytest.approx(0.008)
    np.testing.assert_array_equal(after.values, make().values)


def test_removing_the_trim_gives_deviations():
    after = c.apply(make(), [c.ChooseTrim(0.0, 0.0), c.RemoveTrim()])
    np.testing.assert_allclose(after.values[0], 0.0)
    np.testing.assert_array_equal(after.trim, 0.0)


def test_steps_act_in_order_and_the_original_stays():
    original = make()
    digest = original.values.tobytes()
    one = c.apply(original, [c.Scale("q", 2.0), c.Scale("q", 1.0, 1.0)])
    other = c.apply(original, [c.Scale("q", 1.0, 1.0), c.Scale("q", 2.0)])
    assert not np.array_equal(one.values, other.values)
    assert original.values.tobytes() == digest


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (c.Crop(1.0, 1.1), "wanted at least 16"),
        (c.Scale("q", 0.0), "not usable"),
        (c.Scale("w", 2.0), "not in"),
        (c.SetUnit("q", "furlong"), "table of units"),
        (c.Rename("q", "theta"), "empty or taken"),
        (c.Resample(-1.0), "not usable"),
        (c.LowPass(25.0), "below half the rate"),
        (c.SetTimeBase(0.0), "not usable"),
        (c.ChooseTrim(50.0, 60.0), "no sample between"),
        (c.Derive("q", "theta"), "empty or taken"),
        (c.Derive("x", "theta +"), "the formula ends"),
        (c.Drop(("delta_lon", "q", "theta", "phi")), "no channel would be left"),
        (c.FillGaps(1.0, "guess"), "gap policy"),
    ],
)
def test_a_step_that_does_not_fit_says_so_with_its_number(step, words):
    with pytest.raises(RecordError, match=words) as caught:
        c.apply(make(), [c.ChooseTrim(0.0, 1.0), step])
    assert str(caught.value).startswith("Step 2 (")


@pytest.mark.parametrize("data", [{"kind": "magic"}, {}, {"kind": "crop", "from": 1}])
def test_steps_of_a_newer_version_are_refused(data):
    with pytest.raises(RecordError, match="update HeliID"):
        c.step_from_dict(data)
