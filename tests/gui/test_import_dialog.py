"""Import with options: detected, shown, changed, remembered; never closed by an error."""

from __future__ import annotations

import gc
import math

import numpy as np
import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from heliid.data.record import FlightRecord
from heliid.errors import RecordError
from heliid_gui.presenters import importing


@pytest.fixture(scope="module", autouse=True)
def _no_old_windows():
    """What earlier windows left is collected here, not by a reader's thread."""
    gc.collect()


def german(path, *, bad="", n=120):
    """Semicolons, decimal commas, a title, a unit row, Latin letters."""
    rows = ["Messflug 07;;;", "Zeit;Längssteuerung;q;theta", "s;%;°/s;°"]
    for k in range(n):
        wave, slope = math.sin(k * 0.05), math.cos(k * 0.05)
        line = f"{k * 0.02:.2f};{50 + 5 * wave:.3f};{3 * slope:.4f};{1.5 + wave:.4f}"
        rows.append(line.replace(".", ","))
    if bad:
        rows[12] = rows[12].rsplit(";", 1)[0] + ";" + bad
    path.write_text("\n".join(rows) + "\n", encoding="cp1252")
    return path


# ---- presenter ---------------------------------------------------------------------------------


def test_german_file_is_understood(tmp_path):
    made = importing.begin(german(tmp_path / "g.csv"), tmp_path)
    d = made.dialect
    assert (d.delimiter, d.decimal, d.header_line, d.unit_line) == (";", ",", 2, 3)
    assert [c.channel for c in importing.columns(made)] == ["Zeit", "Längssteuerung", "q", "theta"]
    assert importing.columns(made)[0].role == "time"
    record = importing.read(made)
    assert record.column("q")[0] == pytest.approx(math.radians(3.0))


def test_bad_cell_is_marked_with_row_and_column(tmp_path):
    found = importing.show(importing.begin(german(tmp_path / "g.csv", bad="n.v.")))
    (cell,) = found.bad
    assert (cell.line, cell.column) == (13, 3)
    assert "row 13, column 'theta'" in found.problem


def test_wrong_delimiter_is_shown_at_once_and_taken_back(tmp_path):
    made = importing.begin(german(tmp_path / "g.csv"))
    wrong = importing.with_format(made, delimiter="\t")
    assert len(wrong.dialect.names) == 1
    again = importing.with_format(wrong, delimiter=";")
    assert again.dialect.names == made.dialect.names
    assert again.dialect.units == made.dialect.units
    assert importing.read(again).n_samples == 120


def test_names_units_signs_and_missing_values(tmp_path):
    made = importing.begin(german(tmp_path / "g.csv", bad="INVALID"))
    with pytest.raises(RecordError, match="row 13"):
        importing.read(made)
    made = importing.with_missing(made, "interpolate", ("INVALID",))
    made = importing.with_column(made, 1, channel="delta_lon")
    made = importing.with_column(made, 2, sign=-1)
    made = importing.with_column(made, 3, unit="rad")
    record = importing.read(made)
    assert record.names == ("delta_lon", "q", "theta")
    assert record.column("q")[0] == pytest.approx(-math.radians(3.0))
    assert record.column("theta")[0] == pytest.approx(1.5)


def test_left_out_and_duplicate_columns(tmp_path):
    made = importing.begin(german(tmp_path / "g.csv"))
    twice = importing.with_column(made, 1, channel="q")
    assert "has the name of column 2" in [c.problem for c in importing.columns(twice)]
    made = importing.with_column(made, 3, role="left out")
    assert importing.read(made).names == ("Längssteuerung", "q")


def test_answer_is_remembered_for_the_header(tmp_path):
    made = importing.begin(german(tmp_path / "one.csv"), tmp_path)
    made = importing.with_column(made, 1, channel="delta_lon")
    made = importing.with_column(made, 1, role="input")
    importing.remember(made, tmp_path)
    german(tmp_path / "two.csv", n=200)
    records, problems, to_ask = importing.read_all([tmp_path / "two.csv"], tmp_path)
    assert (problems, to_ask) == ([], [])
    assert records[0].names == ("delta_lon", "q", "theta")
    again = importing.begin(tmp_path / "two.csv", tmp_path)
    assert again.has_profile
    assert importing.roles(again) == {"delta_lon": "input"}


def test_file_without_a_time_column(tmp_path):
    rows = ["a;b"] + [f"{k % 7},5;{k % 5},0" for k in range(60)]
    path = tmp_path / "no_time.csv"
    path.write_text("\n".join(rows))
    made = importing.begin(path)
    if not made.dialect.names:  # nothing was detected: the user says everything
        made = importing.with_format(made, delimiter=";", decimal=",", header_line=1)
    made = importing.with_time(made, kind="step", step=0.02)
    record = importing.read(made)
    assert record.names == ("a", "b")
    assert record.dt == pytest.approx(0.02)


# ---- dialog ------------------------------------------------------------------------------------


def wait_loader(qtbot, window) -> None:
    qtbot.waitUntil(lambda: window.loader.pending == 0, timeout=20_000)


@pytest.mark.gui
def test_dialog_opens_when_a_file_needs_it_and_stays_on_an_error(qtbot, window, tmp_path):
    window.open_paths([german(tmp_path / "g.csv", bad="n.v.")])
    wait_loader(qtbot, window)
    dialog = window.desk.import_dialog
    assert "row 13, column 'theta'" in dialog.problem
    assert dialog.table.bad == {(9, 3): dialog.table.bad[(9, 3)]}
    dialog.import_button.click()
    wait_loader(qtbot, window)
    assert window.desk.import_dialog is dialog
    assert dialog.isVisible()
    assert "row 13" in dialog.problem
    dialog.form.marks.setText("n.v.")
    dialog.form.policy.setCurrentIndex(dialog.form.policy.findData("interpolate"))
    dialog.form.policy.activated.emit(dialog.form.policy.currentIndex())
    assert dialog.problem == ""
    roles = dialog.table.cellWidget(3, 1)
    roles.setCurrentIndex(roles.findData("input"))
    roles.activated.emit(roles.currentIndex())
    dialog.import_button.click()
    wait_loader(qtbot, window)
    assert window.desk.import_dialog is None
    (item,) = window.bench.setup.records
    assert isinstance(item.record, FlightRecord)
    assert window.bench.setup.inputs == ("Längssteuerung",)
    assert window.bench.setup.outputs == ("q", "theta")
    german(tmp_path / "next.csv", bad="n.v.")
    window.open_paths([tmp_path / "next.csv"])
    wait_loader(qtbot, window)
    assert len(window.bench.setup.records) == 2  # the same header opens without questions


@pytest.mark.gui
def test_suggested_names_are_one_click_and_are_remembered(qtbot, window, tmp_path):
    window.desk.import_files([(german(tmp_path / "g.csv"), "")])
    dialog = window.desk.import_dialog
    assert "Längssteuerung \u2192 delta_lon" in dialog.suggest.text()
    assert "its name" in dialog.suggest.toolTip()
    dialog.suggest.click()
    assert dialog.suggest.isHidden()
    assert dialog.state.final().names[1] == "delta_lon"
    dialog.import_button.click()
    wait_loader(qtbot, window)
    assert "delta_lon" in window.bench.setup.records[0].record.names
    assert importing.begin(tmp_path / "g.csv", window.settings.folder("profiles")).channels == {
        1: "delta_lon"
    }


@pytest.mark.gui
@pytest.mark.parametrize("bad", ["", "n.v."])
def test_a_record_that_comes_after_cancel_is_not_wanted(qtbot, window, tmp_path, bad):
    window.desk.import_files([(german(tmp_path / "g.csv", bad=bad), "")])
    dialog = window.desk.import_dialog
    dialog.import_button.click()
    dialog.reject()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    wait_loader(qtbot, window)
    assert window.desk.import_dialog is None
    assert window.bench.setup.records == ()
    assert not importing.begin(tmp_path / "g.csv", window.settings.folder("profiles")).channels


@pytest.mark.gui
def test_two_files_are_asked_about_one_after_the_other(qtbot, window, tmp_path):
    paths = [german(tmp_path / name, bad="n.v.") for name in ("a.csv", "b.csv")]
    window.open_paths(paths)
    wait_loader(qtbot, window)
    assert "a.csv" in window.desk.import_dialog.windowTitle()
    window.desk.import_dialog.reject()
    qtbot.waitUntil(
        lambda: (
            window.desk.import_dialog is not None
            and "b.csv" in window.desk.import_dialog.windowTitle()
        ),
        timeout=30_000,
    )
    window.desk.import_dialog.reject()


@pytest.mark.gui
def test_dialog_on_something_that_is_no_table(qtbot, window, tmp_path):
    (tmp_path / "x.bin").write_bytes(b"\x00\x01" * 500)
    window.desk.import_files([(tmp_path / "x.bin", "")])
    dialog = window.desk.import_dialog
    assert dialog.problem
    assert not dialog.import_button.isEnabled()
    dialog.reject()


# ---- test inputs -------------------------------------------------------------------------------


@pytest.mark.gui
def test_input_is_designed_drawn_and_written(window, tmp_path):
    from heliid.data.csvfile import read_csv
    from heliid_gui.panels.excitation_dialog import ExcitationDialog

    dialog = ExcitationDialog(window)
    for index in range(dialog.shape.count()):
        dialog.shape.setCurrentIndex(index)
        dialog.shape.activated.emit(index)
        assert dialog.result_now.shape == dialog.shape.currentData()
    dialog.rate.setValue(2.0)
    assert dialog.result_now is None
    assert "too low" in dialog.banner.text
    assert not dialog.save_button.isEnabled()
    dialog.rate.setValue(50.0)
    dialog.save(tmp_path / "input.csv")
    record = read_csv(tmp_path / "input.csv")
    assert record.names == ("delta_lon",)
    assert abs(record.column("delta_lon")).max() <= 5.0 + 1e-9
    dialog.save(tmp_path / "no" / "folder.csv")
    assert "could not be written" in dialog.banner.text


def test_with_the_helper_everything_is_read_and_asked_as_without_it(tmp_path):
    from heliid.data.readers import apart
    from heliid_gui.loading import get_ready

    remembered = importing.begin(german(tmp_path / "one.csv"), tmp_path)
    importing.remember(importing.with_column(remembered, 1, channel="delta_lon"), tmp_path)
    german(tmp_path / "bad.csv", bad="INVALID")
    (tmp_path / "noise.csv").write_bytes(bytes(range(256)) * 40)
    files = [tmp_path / name for name in ("one.csv", "bad.csv", "noise.csv")]
    here = importing.read_all(files, tmp_path)
    get_ready()
    try:
        assert apart.shared().is_running
        there = importing.read_all(files, tmp_path)
    finally:
        apart.shared().close()
    assert [r.names for r in there[0]] == [r.names for r in here[0]] == [here[0][0].names]
    assert np.array_equal(there[0][0].values, here[0][0].values)
    assert there[1:] == here[1:]
    assert (len(here[1]), [path.name for path, _ in here[2]]) == (1, ["bad.csv"])
