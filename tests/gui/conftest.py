"""The window offscreen, with its own settings and a fake study in the worker."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import gui_fakes
import pytest
from PySide6.QtCore import QEvent, QStandardPaths
from PySide6.QtWidgets import QApplication

from heliid_gui.jobs import Jobs
from heliid_gui.main_window import MainWindow
from heliid_gui.settings import Settings
from heliid_gui.theme import base_font, theme


@pytest.fixture(scope="session", autouse=True)
def _own_places():
    """Nothing is written into the user's folders."""
    QStandardPaths.setTestModeEnabled(True)


@pytest.fixture(scope="session", autouse=True)
def _quick_worker():
    """No warm-up, and no politeness that starves the worker on a busy machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("heliid_gui.jobs.WARM_UP", "")
        patch.setattr("heliid_gui.jobs.NICENESS", 0)
        yield


@pytest.fixture(scope="session")
def shared_jobs(qapp, _quick_worker):
    """One worker for all windows: starting it is most of a test's time."""
    made = Jobs()
    made.start()
    yield made
    made.close()


@pytest.fixture(scope="session")
def shared_side_jobs(shared_jobs):
    """The worker for questions, one for all windows."""
    made = Jobs(clock=shared_jobs)
    yield made
    made.close()


@pytest.fixture
def jobs(qtbot):
    """A worker."""
    made = Jobs()
    made.start()
    yield made
    made.close()


@pytest.fixture(scope="session")
def _look(qapp):
    """Font and style sheet, once."""
    qapp.setFont(base_font(9.5))
    theme().apply("light")


@pytest.fixture
def window(qtbot, tmp_path, qapp, _look, shared_jobs, shared_side_jobs):
    """The window, shown; its studies run ``gui_fakes.identify``."""
    made = MainWindow(Settings(path=tmp_path / "settings.ini"), shared_jobs, shared_side_jobs)
    made.doctor.is_on = False
    made.studies.task = "gui_fakes:identify"
    made.show()
    yield made
    made.studies.stop()
    qtbot.waitUntil(lambda: not shared_jobs.is_busy, timeout=30_000)
    made.bench.is_modified = False
    destroy(made)


def destroy(made) -> None:
    """Take a window down now: those that are left make each later test slower than the last."""
    made.close()
    made.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()


@pytest.fixture
def loaded(window):
    """The window with one record cut into train, validate and test."""
    window.bench.add_records([gui_fakes.make_record()])
    return window
