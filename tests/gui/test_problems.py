"""The Problems list: what the doctor found in all records, one click to the place, one to mend."""

from __future__ import annotations

from dataclasses import replace

import gui_fakes
import numpy as np
import pytest
from PySide6.QtCore import Qt

from heliid_gui.presenters import formatting as fmt
from heliid_gui.presenters import setup as setups
from tests.doctor.flights import flight

pytestmark = pytest.mark.gui
PATIENCE = 60_000


def late(record, factor=1.25):
    """The record with a time column that runs slow by this factor."""
    return replace(record, time=record.time * factor, name="mistimed")


def spiked(record):
    values = record.values.copy()
    values[200, record.index("q")] += 20 * record.column("q").std()
    return replace(record, values=values, name="spiked")


@pytest.fixture
def examined(qtbot, window):
    """Two records with a fault each, examined by the real doctor in the worker."""
    window.doctor.is_on = True
    good = flight()
    window.bench.add_records([late(good), spiked(good)])
    items = window.bench.setup.records
    qtbot.waitUntil(lambda: all(window.doctor.is_done(item) for item in items), timeout=PATIENCE)
    return window


def test_the_count_in_the_status_bar_opens_the_list(qtbot, examined):
    count = examined.findings.count
    assert count.isVisible()
    assert "problem" in count.text()
    qtbot.mouseClick(count, Qt.MouseButton.LeftButton)
    dock = examined.findings.dock
    qtbot.waitUntil(lambda: dock.isVisible() and dock.table.rowCount() > 0)
    sentences = [dock.table.item(k, 1).text() for k in range(dock.table.rowCount())]
    assert any("sample time is wrong" in text for text in sentences)
    assert any("far from" in text for text in sentences)
    few = dock.table.rowCount()
    dock.notes.setChecked(True)
    assert dock.table.rowCount() > few
    qtbot.mouseClick(count, Qt.MouseButton.LeftButton)
    assert not dock.isVisible()


def _open_list(qtbot, window):
    window.findings.toggle()
    dock = window.findings.dock
    qtbot.waitUntil(lambda: dock.isVisible() and dock.table.rowCount() > 0)
    return dock


def _row_of(dock, words: str) -> int:
    return next(k for k in range(dock.table.rowCount()) if words in dock.table.item(k, 1).text())


def test_a_click_shows_record_channel_and_time(qtbot, examined):
    examined.show_step("home")
    dock = _open_list(qtbot, examined)
    row = _row_of(dock, "far from")
    dock.table.cellClicked.emit(row, 1)
    assert examined.current_step == "data"
    item = setups.find(examined.bench.setup, examined.bench.current_record)
    assert item.record.name == "spiked"
    assert "q" in examined.data.plotted()
    start, end = examined.data.plots.time_range()
    assert start < 4.0 < end
    assert end - start < 10.0


def test_the_remedy_is_one_click_and_undo_takes_it_back(qtbot, examined):
    dock = _open_list(qtbot, examined)
    row = _row_of(dock, "sample time is wrong")
    button = dock.table.cellWidget(row, 3)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    item = examined.bench.setup.records[0]
    assert setups.conditioned(item).dt == pytest.approx(0.02)
    doctor = examined.doctor
    qtbot.waitUntil(lambda: doctor.is_done(examined.bench.setup.records[0]), timeout=PATIENCE)
    lines = doctor.lines(examined.bench.setup.records[0])
    assert not any("sample time is wrong" in line.sentence for line in lines)
    examined.undo_stack.undo()
    assert setups.conditioned(examined.bench.setup.records[0]).dt == pytest.approx(0.025)


def test_records_are_examined_together(qtbot, window):
    """A validation record beyond the range of training is a finding of that record."""
    window.doctor.is_on = True
    small = gui_fakes.make_record("small", seed=1)
    far = replace(gui_fakes.make_record("far", seed=2), name="far")
    values = far.values.copy()
    values[:, 2:4] *= 4.0
    window.bench.add_records([small, replace(far, values=values)])
    item = window.bench.setup.records[1]
    qtbot.waitUntil(
        lambda: any("outside the range" in line.sentence for line in window.doctor.lines(item)),
        timeout=PATIENCE,
    )
    assert np.isclose(window.doctor.count("warning"), len(window.doctor.problems()), atol=5)
    assert any(p.record == "far" for p in window.doctor.problems())


def test_a_corrected_clock_keeps_the_samples_of_each_piece():
    """Train, validate and test are the same samples after the time step is corrected."""
    item = setups.add_records(setups.Setup(), [late(flight())]).records[0]
    before = [(a / 1.25, b / 1.25, use) for a, b, use in setups.pieces(item)]
    assert len(before) == 3
    changed = setups.with_steps(item, [{"kind": "time base", "dt": 0.02}])
    for (a, b, use), (c, d, other) in zip(setups.pieces(changed), before, strict=True):
        assert (a, b) == pytest.approx((c, d), abs=1e-6)
        assert use is other


@pytest.fixture
def _usual_units():
    yield
    fmt.take_units("")


@pytest.mark.usefixtures("_usual_units")
def test_a_quantity_is_shown_in_the_unit_of_choice_and_stays_so(window):
    window.bench.add_records([flight()])
    window.show_step("data")
    record = setups.conditioned(window.bench.setup.records[0])
    assert fmt.shown_unit(record.channel("q")).symbol == "deg/s"
    window.data.tree.unit_wanted.emit("rad/s", "rad/s")
    assert fmt.shown_unit(record.channel("q")).symbol == "rad/s"
    units = {row.key: row.unit for row in window.data.plots.rows}
    assert units["q"] == "rad/s"
    assert units["theta"] == "deg"
    assert window.settings.text("display_units") == "rad/s=rad/s"
    fmt.take_units("nonsense rad=kt rad=rad")
    assert fmt.chosen_units() == "rad=rad"
