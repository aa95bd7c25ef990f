"""The window's layout: remembered, never in the way, and forgotten when asked."""

from __future__ import annotations

import gui_fakes
import pytest
from conftest import destroy
from PySide6.QtWidgets import QSplitter

from heliid_gui.layout_memory import VERSION
from heliid_gui.main_window import MainWindow
from heliid_gui.settings import Settings

pytestmark = pytest.mark.gui


@pytest.fixture
def make(qtbot, tmp_path, _look, shared_jobs, shared_side_jobs):
    """Opens windows one after the other with the same settings."""
    opened = []

    def open_window(settings=None):
        if opened:
            opened[-1].bench.is_modified = False
            destroy(opened.pop())
        made = MainWindow(
            settings or Settings(path=tmp_path / "settings.ini"), shared_jobs, shared_side_jobs
        )
        made.doctor.is_on = False
        made.resize(1280, 720)
        made.show()
        opened.append(made)
        return made

    yield open_window
    for one in opened:
        one.bench.is_modified = False
        destroy(one)


def panes_of(window, key="model") -> QSplitter:
    window.bench.add_records([gui_fakes.make_record()])
    window.show_step(key)
    return window.views[key].findChildren(QSplitter)[0]


def test_panes_are_as_the_user_left_them(qtbot, make):
    split = panes_of(make())
    qtbot.wait(50)
    split.setSizes([400, 400, 400])
    left = split.sizes()
    again = panes_of(make())
    qtbot.wait(50)
    assert again.sizes() == pytest.approx(left, abs=3)


def test_reset_layout_brings_the_first_panes_back(qtbot, make):
    window = make()
    split = panes_of(window)
    qtbot.wait(50)
    first = split.sizes()
    split.setSizes([500, 300, 300])
    assert split.sizes() != first
    window.show_help("model")
    window.reset_layout()
    qtbot.wait(50)
    assert split.sizes() == pytest.approx(first, abs=40)
    assert not window._help.isVisible()


@pytest.mark.parametrize("blob", [b"", b"nonsense", b"\x00" * 40, b"\xff" * 400])
def test_a_layout_that_cannot_be_restored_is_left_alone(qtbot, make, tmp_path, blob):
    """PlotJuggler 803, 545, 522: a stored layout crashed the program."""
    settings = Settings(path=tmp_path / "settings.ini")
    for number in range(4):
        for key in ("model", "evolve", "data", "compare"):
            settings.put(f"layout{VERSION}/{key}{number}", blob)
    settings.put(f"layout{VERSION}/docks", blob)
    settings.put("geometry", blob)
    window = make(settings)
    split = panes_of(window)
    qtbot.wait(50)
    assert len(split.sizes()) == 3
    assert min(split.sizes()) > 100
    for key in window.views:
        window.show_step(key)
        qtbot.wait(10)


def test_a_layout_opens_no_files(qtbot, make):
    """PlotJuggler 516: loading a layout loaded files that nobody had asked for."""
    window = make()
    panes_of(window)
    again = make()
    qtbot.wait(200)
    assert again.bench.setup.records == ()
    assert again.bench.path is None
    assert again.current_step == "home"


def test_safe_mode_forgets_what_was_remembered(qtbot, make, tmp_path):
    split = panes_of(make())
    qtbot.wait(50)
    split.setSizes([600, 300, 280])
    odd = split.sizes()
    settings = Settings(path=tmp_path / "settings.ini", safe_mode=True)
    again = panes_of(make(settings))
    qtbot.wait(50)
    assert abs(again.sizes()[0] - odd[0]) > 50
