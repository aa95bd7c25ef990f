"""What has been closed hears nothing more, however many answers are on their way."""

from __future__ import annotations

import gui_fakes
import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QDialog

from heliid_gui.listen import listen
from heliid_gui.main_window import MainWindow
from heliid_gui.presenters.notify import Notifier
from heliid_gui.settings import Settings

pytestmark = pytest.mark.gui


def destroy(widget) -> None:
    widget.close()
    widget.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()


def test_a_listener_that_is_gone_is_forgotten(qapp):
    notifier, heard = Notifier(), []
    owner = QObject()
    listen(owner, notifier, lambda: heard.append(1))
    notifier.emit()
    owner.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    notifier.emit()
    assert heard == [1]


@pytest.fixture
def make_window(tmp_path, qapp, shared_jobs, shared_side_jobs):
    made = []

    def make():
        window = MainWindow(Settings(path=tmp_path / "settings.ini"), shared_jobs, shared_side_jobs)
        window.studies.task = "gui_fakes:identify"
        window.show()
        made.append(window)
        return window

    yield make
    for window in made:
        window.bench.is_modified = False


def test_a_window_closed_with_every_question_open_hears_no_answer(make_window, qtbot, shared_jobs):
    """Doctor, search, judge and insights are all at work; their presenters speak afterwards."""
    for _ in range(3):
        window = make_window()
        window.bench.add_records([gui_fakes.make_record()])
        for key in window.views:
            window.show_step(key)
        window.start()
        qtbot.waitUntil(lambda w=window: w.bench.evolution.best is not None, timeout=30_000)
        window.findings.toggle()
        window.show_help()
        bench, doctor, exports = window.bench, window.doctor, window.exports
        speakers = [
            bench.setup_changed, bench.runs_changed, bench.record_chosen, bench.run_chosen,
            bench.evolution.changed, doctor.changed, exports.changed, exports.previewed,
            window.inspections.changed, window.insights.changed, window.judges.changed,
        ]  # fmt: skip
        bench.is_modified = False
        destroy(window)
        del window
        for speaker in speakers:
            speaker.emit()  # raises where a widget that is gone still listens
        qtbot.wait(50)
    qtbot.waitUntil(lambda: not shared_jobs.is_busy, timeout=30_000)


def dialogs_of(window):
    """Every way to open a dialog or a dock, as a person has them."""
    desk = window.desk
    return {
        "open project": desk.ask_open,
        "save as": desk.ask_save_as,
        "import with options": desk.ask_import,
        "test input": desk.show_excitation,
        "open records": window.ask_files,
        "save model": window.ask_save_model,
        "palette": window.show_palette,
        "problem": lambda: window.problems.show("A thing", "A sentence", "Details"),
        "unsaved": lambda: desk.when_safe(lambda: None),
        "guide": window.show_help,
        "findings": window.findings.toggle,
        "keys": lambda: window.show_help("keys"),
    }


def open_dialogs():
    tops = QApplication.topLevelWidgets()
    return [one for one in tops if isinstance(one, QDialog) and one.isVisible()]


def close_all() -> bool:
    """Close what is open, as Escape does; True when nothing stays."""
    for _ in range(3):  # another may have waited behind the first
        for one in open_dialogs():
            one.reject()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QApplication.processEvents()
        if not open_dialogs():
            return True
    return False


def test_each_dialog_and_dock_opens_and_closes_again_and_again(loaded, qtbot):
    loaded.doctor.is_on = True
    loaded.bench.add_records([gui_fakes.make_record("second", seed=2)])  # the doctor is asked
    for opens in dialogs_of(loaded).values():
        opens()
        QApplication.processEvents()
        assert close_all()
        loaded.bench.setup_changed.emit()
        loaded.doctor.changed.emit()
        loaded.toggle_theme()
    number = len(QApplication.allWidgets())
    for _ in range(2):
        for opens in dialogs_of(loaded).values():
            opens()  # and closed before it was painted
            assert close_all()
    assert len(QApplication.allWidgets()) <= number + 10, "dialogs are left behind"
