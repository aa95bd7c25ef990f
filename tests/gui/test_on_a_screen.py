"""On a real screen with a window manager: ``make test-screen`` (Xvfb, openbox, xdotool).

Keys and clicks come from outside the program, as from a person. Skipped where there is no screen.
"""

from __future__ import annotations

import os
import shutil
import subprocess

import gui_fakes
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication, QWidget

pytestmark = [
    pytest.mark.gui,
    pytest.mark.skipif(
        os.environ.get("QT_QPA_PLATFORM") != "xcb" or shutil.which("xdotool") is None,
        reason="needs a screen: make test-screen",
    ),
]


def hand(*words: object) -> None:
    """What a hand does, by xdotool."""
    subprocess.run(["xdotool", *map(str, words)], check=True, timeout=20)


def click(widget: QWidget, place: QPoint | None = None) -> None:
    at = widget.mapToGlobal(place or widget.rect().center())
    hand("mousemove", at.x(), at.y(), "click", 1)


@pytest.fixture
def on_screen(qtbot, loaded):
    """The window in front, with one record."""
    loaded.resize(1200, 700)
    loaded.move(20, 40)
    loaded.raise_()
    loaded.activateWindow()
    qtbot.waitUntil(loaded.isActiveWindow, timeout=10_000)
    return loaded


def test_keys_of_the_window_manager_reach_the_steps(qtbot, on_screen):
    for number, key in ((3, "model"), (1, "data"), (4, "evolve")):
        hand("key", f"ctrl+{number}")
        qtbot.waitUntil(lambda k=key: on_screen.current_step == k, timeout=5000)


def test_a_click_starts_and_a_key_stops(qtbot, on_screen):
    on_screen.model.change("budget", 100_000)
    click(on_screen.run_bar.start)
    qtbot.waitUntil(lambda: on_screen.bench.evolution.best is not None, timeout=20_000)
    hand("key", "shift+F5")
    qtbot.waitUntil(lambda: not on_screen.bench.evolution.is_active, timeout=5000)
    assert on_screen.bench.runs[0].reason == "stopped"


def test_tab_walks_with_a_visible_focus(qtbot, on_screen):
    on_screen.show_step("model")
    qtbot.wait(200)
    seen = set()
    for _ in range(12):
        hand("key", "Tab")
        qtbot.wait(60)
        focus = QApplication.focusWidget()
        assert focus is not None
        assert focus.isVisible()
        seen.add(focus)
    assert len(seen) >= 8


def test_the_question_before_closing_is_in_front_and_takes_keys(qtbot, on_screen):
    on_screen.bench.add_records([gui_fakes.make_record("more")])
    on_screen.close()
    qtbot.waitUntil(lambda: on_screen.desk.unsaved is not None, timeout=5000)
    dialog = on_screen.desk.unsaved
    qtbot.waitUntil(dialog.isActiveWindow, timeout=5000)
    hand("key", "Escape")
    qtbot.waitUntil(lambda: on_screen.desk.unsaved is None, timeout=5000)  # closed, and gone
    assert on_screen.isVisible()


def test_dragging_and_the_wheel_on_a_plot(qtbot, on_screen):
    on_screen.show_step("data")
    panel = on_screen.data.plots
    qtbot.waitUntil(lambda: panel.time_range()[1] > 15.0, timeout=5000)
    view = panel.canvas.viewport()
    at = view.mapToGlobal(QPoint(view.width() // 2, view.height() // 5))
    hand("mousemove", at.x(), at.y(), "click", 4, "click", 4)
    qtbot.waitUntil(lambda: _span(panel) < 19.0, timeout=5000)
    before = panel.time_range()
    hand("mousemove", at.x(), at.y(), "mousedown", 1)
    for step in range(1, 6):
        hand("mousemove", at.x() - 20 * step, at.y())
        qtbot.wait(30)
    hand("mouseup", 1)
    qtbot.waitUntil(lambda: panel.time_range()[0] > before[0] + 0.2, timeout=5000)
    hand("mousemove", at.x(), at.y(), "click", "--repeat", 2, "--delay", 40, 1)
    qtbot.waitUntil(lambda: _span(panel) > 19.5, timeout=5000)


def test_small_and_full_screen(qtbot, on_screen):
    on_screen.resize(960, 600)
    for key in on_screen.views:
        on_screen.show_step(key)
        qtbot.wait(50)
        assert on_screen.width() <= 1000  # nothing in a view is wider than the least window
    hand("key", "F11")
    qtbot.waitUntil(on_screen.isFullScreen, timeout=5000)
    hand("key", "F11")
    qtbot.waitUntil(lambda: not on_screen.isFullScreen(), timeout=5000)


def _span(panel) -> float:
    start, end = panel.time_range()
    return end - start
