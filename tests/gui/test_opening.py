"""Files on their way in: dialog, drop, folders, and files that are broken."""

from __future__ import annotations

from pathlib import Path

import gui_fakes
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent

from heliid.data.campaign import Use
from heliid_gui.loading import find_files

pytestmark = pytest.mark.gui


def drop(window, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    event = QDropEvent(
        QPointF(200, 200),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(event)


def wait_loaded(qtbot, window) -> None:
    qtbot.waitUntil(lambda: window.loader.pending == 0, timeout=20_000)


def test_dropped_files_become_records(qtbot, window, tmp_path):
    for name, seed in (("one", 1), ("two", 2)):
        gui_fakes.write_csv(tmp_path / f"{name}.csv", gui_fakes.make_record(name, seed=seed))
    drop(window, tmp_path / "one.csv", tmp_path / "two.csv")
    wait_loaded(qtbot, window)
    assert [item.record.name for item in window.bench.setup.records] == ["one", "two"]
    assert [item.use for item in window.bench.setup.records] == [Use.TRAIN, Use.VALIDATE]
    assert window.bench.setup.inputs == ("delta_lon", "delta_col")
    assert window.bench.setup.outputs == ("q", "theta")
    assert window.current_step == "data"
    assert window.run_bar.start.isEnabled()
    assert len(window.settings.recent()) == 2


def test_dropped_folder_is_searched(qtbot, window, tmp_path):
    folder = tmp_path / "flights"
    folder.mkdir()
    gui_fakes.write_csv(folder / "b.csv", gui_fakes.make_record("b"))
    gui_fakes.write_csv(folder / "a.csv", gui_fakes.make_record("a"))
    (folder / "notes.md").write_text("not data")
    assert [p.name for p in find_files([folder])] == ["a.csv", "b.csv"]
    drop(window, folder)
    wait_loaded(qtbot, window)
    assert len(window.bench.setup.records) == 2


def test_empty_folder_is_said(qtbot, window, tmp_path):
    drop(window, tmp_path)
    assert "no table" in window.problems.dialog.sentences[0]


BAD = {
    "empty.csv": "",
    "text.csv": "Dear all,\nplease find the data attached.\n",
    "missing.csv": "time [s],q [deg/s],delta_lon [%]\n"
    + "".join(f"{k * 0.02:.2f},{k % 7},{'' if k == 30 else k % 5}\n" for k in range(60)),
    "backwards.csv": "time [s],q [deg/s],delta_lon [%]\n"
    + "".join(f"{(k if k != 30 else 3) * 0.02:.2f},{k % 7},{k % 5}\n" for k in range(60)),
    "twice.csv": "time [s],q [deg/s],q [deg/s]\n"
    + "".join(f"{k * 0.02:.2f},{k % 7},{k % 5}\n" for k in range(60)),
    "short.csv": "time [s],q [deg/s],delta_lon [%]\n0,1,2\n1,2,3\n2,3,4\n",
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_bad_file_gives_one_sentence_and_nothing_half_loaded(qtbot, window, tmp_path, name):
    path = tmp_path / name
    path.write_text(BAD[name])
    window.open_paths([path])
    wait_loaded(qtbot, window)
    assert window.bench.setup.records == ()
    if window.desk.import_dialog is not None:  # a table was found: the user may say more
        sentence = window.desk.import_dialog.problem
        window.desk.import_dialog.reject()
    else:
        (sentence,) = window.problems.dialog.sentences
    assert name in sentence
    assert "Traceback" not in sentence
    assert window.settings.recent() == []


def test_good_file_is_opened_beside_a_bad_one(qtbot, window, tmp_path):
    """PlotJuggler 526: a bad file must not throw the user out of the good ones."""
    gui_fakes.write_csv(tmp_path / "good.csv", gui_fakes.make_record("good"))
    (tmp_path / "bad.csv").write_text("")
    window.open_paths([tmp_path / "bad.csv", tmp_path / "good.csv"])
    wait_loaded(qtbot, window)
    assert [item.record.name for item in window.bench.setup.records] == ["good"]
    assert len(window.problems.dialog.sentences) == 1
    assert window.settings.recent() == [str(tmp_path / "good.csv")]


def test_missing_file_is_said(qtbot, window, tmp_path):
    window.open_paths([tmp_path / "gone.csv"])
    wait_loaded(qtbot, window)
    assert "gone.csv" in window.problems.dialog.sentences[0]


def test_same_name_twice_gets_a_number(window):
    window.bench.add_records([gui_fakes.make_record("a"), gui_fakes.make_record("a", seed=3)])
    assert [i.record.name for i in window.bench.setup.records] == ["a", "a (2)"]


def test_constant_channel_cannot_be_chosen(window):
    record = gui_fakes.make_record()
    values = record.values.copy()
    values[:, 1] = 3.0
    from dataclasses import replace

    window.bench.add_records([replace(record, values=values)])
    assert window.bench.setup.inputs == ("delta_lon",)
    box = window.model.channels.role_box("delta_col")
    assert not box.isEnabled()
    assert "never changes" in box.toolTip()


def test_start_is_disabled_and_says_why(window):
    assert not window.run_bar.start.isEnabled()
    assert "Open at least one" in window.run_bar.start.toolTip()
    window.bench.add_records([gui_fakes.make_record()])
    assert window.run_bar.start.isEnabled()
    window.data.set_use(window.bench.current_record, "exclude")
    assert not window.run_bar.start.isEnabled()
    assert window.run_bar.start.toolTip()


def test_example_opens_on_one_click(qtbot, window):
    window.home.example_wanted.emit("trex550")
    wait_loaded(qtbot, window)
    assert window.bench.setup.outputs == ("q", "theta")
    assert len(window.data.strip._borders) == 2
    assert window.run_bar.start.isEnabled()
