"""Prepare: steps as an undoable list, regions in numbers, trim, split, spectra."""

from __future__ import annotations

from dataclasses import replace

import gui_fakes
import numpy as np
import pytest

from heliid.data.campaign import Use
from heliid.data.record import Channel, FlightRecord
from heliid.errors import RecordError
from heliid_gui import data_tasks
from heliid_gui.presenters import prepare
from heliid_gui.presenters import setup as setups
from heliid_gui.presenters.setup import Setup


def item_of(record=None):
    return setups.add_records(Setup(), [record or gui_fakes.make_record()]).records[0]


# ---- presenter ---------------------------------------------------------------------------------


def test_every_kind_of_step_has_a_default_that_applies():
    item = item_of()
    for kind in prepare.KINDS:
        if kind.kind == "crop":
            continue
        made = prepare.added(item, prepare.default_step(kind.kind, item.record, (2.0, 6.0)))
        assert prepare.sentence(made.steps[0])
        assert prepare.kind_of(made.steps[0]) is kind


def test_steps_are_applied_to_the_original_in_order():
    item = item_of()
    item = prepare.added(item, {"kind": "scale", "channel": "q", "factor": 2.0, "offset": 0.0})
    item = prepare.added(item, {"kind": "scale", "channel": "q", "factor": 1.0, "offset": 1.0})
    q = item.record.column("q")
    np.testing.assert_allclose(setups.conditioned(item).column("q"), 2 * q + 1)
    np.testing.assert_allclose(
        setups.conditioned(prepare.moved(item, 1, 0)).column("q"), 2 * (q + 1)
    )
    np.testing.assert_allclose(
        setups.conditioned(prepare.switched(item, 0, False)).column("q"), q + 1
    )
    assert setups.conditioned(prepare.removed(prepare.removed(item, 0), 0)) is item.record


def test_step_that_does_not_fit_is_refused_with_a_sentence():
    with pytest.raises(RecordError, match="cut-off"):
        prepare.added(item_of(), {"kind": "low-pass", "cutoff_hz": 1000.0})


def test_switched_off_step_keeps_its_parameters():
    item = prepare.added(item_of(), {"kind": "low-pass", "cutoff_hz": 5.0})
    off = prepare.switched(item, 0, False)
    assert setups.conditioned(off) is item.record
    assert prepare.switched(off, 0, True).steps == item.steps


def pulses(*at, seconds=60.0, rate=50.0):
    time = np.arange(int(seconds * rate)) / rate
    lon = np.full(time.size, 50.0)
    for start in at:
        inside = (time >= start) & (time < start + 2.0)
        lon[inside] += 5 * np.sign(np.sin(np.pi * (time[inside] - start)))
    values = np.stack([lon, np.cumsum(lon - 50) / rate], axis=1)
    return FlightRecord("long", time, values, (Channel.of("delta_lon", "%"), Channel.of("q")))


def test_long_flight_is_cut_where_the_controls_rest():
    record = pulses(10.0, 25.0, 40.0)
    spans = prepare.manoeuvres(record, ("delta_lon",))
    assert len(spans) == 3
    for (start, end), at in zip(spans, (10.0, 25.0, 40.0), strict=True):
        assert start == pytest.approx(at - 1.0, abs=0.5)
        assert end == pytest.approx(at + 3.0, abs=0.5)
    setup, said = prepare.split(setups.add_records(Setup(), [record]), "r1")
    uses = [use for *_, use in setups.pieces(setup.records[0])]
    assert uses.count(Use.EXCLUDE) == 4
    assert uses[-2] is Use.VALIDATE
    assert "3 manoeuvres" in said


def test_steadiest_part_is_found():
    start, end = prepare.steadiest(pulses(1.0, 10.0, 20.0, seconds=30.0), 3.0)
    assert any(a <= start and end <= b for a, b in ((3.0, 10.0), (12.0, 20.0), (22.0, 30.0)))
    assert end - start == pytest.approx(3.0, abs=0.1)


def test_insight_has_coherence_where_there_is_a_linear_system():
    found = data_tasks.insight(
        (gui_fakes.make_record(seconds=120.0),),
        ("delta_lon",),
        ("q",),
        report=lambda _: None,
        should_stop=lambda: False,
    )
    (pair,) = found.pairs
    low, high = pair.usable
    assert low < 0.3
    assert high > 0.5
    assert found.rate is not None
    assert np.all((pair.coherence >= 0) & (pair.coherence <= 1))


# ---- panel -------------------------------------------------------------------------------------


@pytest.fixture
def panel(loaded):
    loaded.show_step("prepare")
    return loaded.prepare


@pytest.mark.gui
def test_steps_are_added_edited_reordered_and_undone(panel, loaded):
    panel.add_step("low-pass")
    panel.add_step("despike")
    assert panel.steps.list.count() == 2
    panel.steps.editor.fields["threshold"].setValue(4.0)
    assert panel.item().steps[1]["threshold"] == 4.0
    panel.steps.up.click()
    assert [s["kind"] for s in panel.item().steps] == ["despike", "low-pass"]
    panel.steps.list.item(0).setCheckState(panel.steps.list.item(0).checkState().Unchecked)
    assert panel.item().steps[0]["off"]
    panel.steps.list.setCurrentRow(0)
    panel.steps.remove.click()
    assert [s["kind"] for s in panel.item().steps] == ["low-pass"]
    while panel.item().steps:
        loaded.undo_stack.undo()
    assert panel.steps.list.count() == 0
    loaded.undo_stack.redo()
    assert panel.steps.list.count() == 1


@pytest.mark.gui
def test_bad_parameter_is_said_and_the_field_goes_back(panel):
    panel.add_step("low-pass")
    panel.steps.editor.fields["cutoff_hz"].setValue(500.0)
    assert "cut-off" in panel.banner.text
    assert panel.item().steps[0]["cutoff_hz"] == 10.0
    assert panel.steps.editor.fields["cutoff_hz"].value() == 10.0


@pytest.mark.gui
def test_marked_region_becomes_a_step(panel):
    assert not panel.page.crop.isEnabled()
    panel.page.plots.region_dragged.emit(2.0, 12.0, True)
    assert panel.page.crop.isEnabled()
    panel.page.crop.click()
    assert panel.item().steps == ({"kind": "crop", "start": 2.0, "end": 12.0},)
    assert setups.conditioned(panel.item()).time[0] == pytest.approx(2.0)


@pytest.mark.gui
def test_before_and_after_are_both_drawn(panel):
    panel.add_step("scale")
    name = panel.item().steps[0]["channel"]
    labels = {curve.label for row, curve in panel.page.plots.curves() if row == name}
    assert labels == {"before", "after"}
    panel.steps.remove.click()
    assert {curve.label for _, curve in panel.page.plots.curves()} == {"after"}


@pytest.mark.gui
def test_regions_have_exact_numbers(panel):
    pieces = setups.pieces(panel.item())
    assert len(panel.pieces.lines) == len(pieces) == 3
    panel.pieces.lines[0][1].setValue(9.5)
    assert setups.pieces(panel.item())[0][1] == pytest.approx(9.5)
    combo = panel.pieces.lines[1][0]
    combo.setCurrentIndex(combo.findData("exclude"))
    combo.activated.emit(combo.currentIndex())
    assert setups.pieces(panel.item())[1][2] is Use.EXCLUDE


@pytest.mark.gui
def test_spectra_come_from_the_worker_and_propose_a_rate(qtbot, panel, loaded):
    panel.tabs.setCurrentIndex(1)
    qtbot.waitUntil(lambda: loaded.insights.get() is not None, timeout=30_000)
    assert "Proposed model rate" in panel.spectra.banner.text
    setup = loaded.bench.setup
    loaded.bench.edit("rate", replace(setup, config=replace(setup.config, rate_hz=40.0)))
    assert not panel.spectra.use_rate.isHidden()
    panel.spectra.use_rate.click()
    assert loaded.bench.setup.config.rate_hz == loaded.insights.get().rate.hz
