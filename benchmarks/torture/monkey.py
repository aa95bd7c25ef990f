"""Random actions on a window: clicks, keys, wheels, drags, drops and commands over all views."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent, QKeyEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QLineEdit,
    QMenu,
    QWidget,
)

from heliid_gui.actions import all_actions

KEYS = [
    Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Tab, Qt.Key.Key_Space, Qt.Key.Key_Up,
    Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Delete, Qt.Key.Key_Backspace,
    Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_PageDown, Qt.Key.Key_A, Qt.Key.Key_5,
]  # fmt: skip
TEXTS = ("", "0", "-1", "1e99", "nan", "q", "äß∞", "a" * 300, "12.5", "0,5", "=1+1")
NEVER = ("quit", "exit", "close", "beenden")  # commands that would only end the trial
PATIENCE = 25  # actions in a dialog before Escape


class Monkey:
    """Chooses one action after the other; the generator decides everything."""

    def __init__(self, window: QWidget, rng: random.Random, files: Sequence[Path] = ()) -> None:
        """``files`` are dropped on the window now and then."""
        self.window, self.rng, self.files = window, rng, list(files)
        self.n_done = 0
        self._in_dialog = 0

    def choose(self) -> tuple[str, Callable[[], None]]:
        """What will be done, in words, and the function that does it."""
        self.n_done += 1
        guest = QApplication.activePopupWidget() or QApplication.activeModalWidget()
        dialogs = [
            one for one in QApplication.topLevelWidgets()
            if one.isVisible() and isinstance(one, QDialog)
        ]  # fmt: skip
        for one in dialogs:
            if isinstance(one, QFileDialog):  # the machine's own files are no toy
                return "file dialog dismissed", one.reject
        if guest is None and dialogs:
            guest = dialogs[-1]
        self._in_dialog = self._in_dialog + 1 if guest is not None else 0
        if guest is not None and self._in_dialog > PATIENCE:
            self._in_dialog = 0
            return f"Escape in {_name(guest)}", lambda: _dismiss(guest)
        if not self.window.isVisible():
            return "window shown again", self.window.show
        kind = self.rng.choices(
            (self._click, self._key, self._type, self._wheel, self._drag, self._command,
             self._resize, self._step, self._drop),
            (40, 12, 8, 10, 8, 10, 2, 10, 1 if self.files else 0),
        )[0]  # fmt: skip
        return kind(guest or self.window)

    def _some(self, inside: QWidget, kinds: type | tuple = QWidget) -> QWidget:
        found = [
            one for one in [inside, *inside.findChildren(QWidget)]
            if isinstance(one, kinds) and one.isVisible() and one.isEnabled() and one.width() > 2
        ]  # fmt: skip
        return self.rng.choice(found) if found else inside

    def _place(self, widget: QWidget) -> QPoint:
        return QPoint(
            self.rng.randrange(max(1, widget.width())), self.rng.randrange(max(1, widget.height()))
        )

    def _click(self, inside: QWidget) -> tuple[str, Callable[[], None]]:
        widget = self._some(inside)
        place = self._place(widget)
        buttons = Qt.MouseButton
        button = self.rng.choices((buttons.LeftButton, buttons.RightButton), (9, 1))[0]
        twice = self.rng.random() < 0.1
        click = QTest.mouseDClick if twice else QTest.mouseClick
        modifier = self.rng.choices(
            (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier,
             Qt.KeyboardModifier.ShiftModifier), (8, 1, 1),
        )[0]  # fmt: skip
        words = f"{'double ' if twice else ''}click {button.name} on {_name(widget)} at {place}"
        return words, lambda: click(widget, button, modifier, place)

    def _key(self, inside: QWidget) -> tuple[str, Callable[[], None]]:
        widget = QApplication.focusWidget() or inside
        key = self.rng.choice(KEYS)
        return f"key {key.name} in {_name(widget)}", lambda: QTest.keyClick(widget, key)

    def _type(self, inside: QWidget) -> tuple[str, Callable[[], None]]:
        widget = self._some(inside, (QLineEdit, QAbstractSpinBox, QComboBox))
        text = self.rng.choice(TEXTS)

        def work() -> None:
            widget.setFocus()
            if isinstance(widget, QLineEdit) and not widget.isReadOnly():
                widget.selectAll()
            _write(widget, text)
            QTest.keyClick(widget, Qt.Key.Key_Tab)

        return f"type {text[:12]!r} into {_name(widget)}", work

    def _wheel(self, inside: QWidget) -> tuple[str, Callable[[], None]]:
        widget = self._some(inside)
        place = self._place(widget)
        turns = self.rng.choice((-480, -120, 120, 480))

        def work() -> None:
            event = QWheelEvent(
                QPointF(place), QPointF(widget.mapToGlobal(place)), QPoint(), QPoint(0, turns),
                Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
                Qt.ScrollPhase.NoScrollPhase, False,
            )  # fmt: skip
            QApplication.sendEvent(widget, event)

        return f"wheel {turns} over {_name(widget)}", work

    def _drag(self, inside: QWidget) -> tuple[str, Callable[[], None]]:
        widget = self._some(inside)
        start, end = self._place(widget), self._place(widget)
        left = Qt.MouseButton.LeftButton
        none = Qt.KeyboardModifier.NoModifier

        def work() -> None:
            QTest.mousePress(widget, left, none, start)
            QTest.mouseMove(widget, (start + end) / 2)
            QTest.mouseMove(widget, end)
            QTest.mouseRelease(widget, left, none, end)

        return f"drag in {_name(widget)} from {start} to {end}", work

    def _command(self, _inside: QWidget) -> tuple[str, Callable[[], None]]:
        window: Any = self.window
        actions = [one for one in all_actions(window) if _is_safe(one)]
        if not actions:
            return "no command", lambda: None
        action = self.rng.choice(actions)
        return f"command {action.text()!r}", action.trigger

    def _resize(self, _inside: QWidget) -> tuple[str, Callable[[], None]]:
        width, height = self.rng.randrange(960, 1600), self.rng.randrange(600, 1000)
        return f"resize to {width} x {height}", lambda: self.window.resize(width, height)

    def _drop(self, _inside: QWidget) -> tuple[str, Callable[[], None]]:
        paths = self.rng.sample(self.files, self.rng.randint(1, min(2, len(self.files))))
        names = ", ".join(path.name for path in paths)
        return f"drop {names}", lambda: _drop_on(self.window, paths)

    def _step(self, _inside: QWidget) -> tuple[str, Callable[[], None]]:
        window: Any = self.window
        key = self.rng.choice(list(window.views))
        return f"view {key}", lambda: window.show_step(key)


def _drop_on(window: QWidget, paths: list[Path]) -> None:
    """Enter and drop, as a file manager would."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    place, none = QPoint(200, 200), Qt.KeyboardModifier.NoModifier
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    enter = QDragEnterEvent(place, copy, data, left, none)
    QApplication.sendEvent(window, enter)
    if enter.isAccepted():
        QApplication.sendEvent(window, QDropEvent(QPointF(place), copy, data, left, none))


def _write(widget: QWidget, text: str) -> None:
    """One key event per letter; QTest only knows ASCII and ends the program at anything else."""
    for letter in text:
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            event = QKeyEvent(kind, 0, Qt.KeyboardModifier.NoModifier, letter)
            QApplication.sendEvent(widget, event)


def _is_safe(action: QAction) -> bool:
    text = action.text().replace("&", "").lower()
    return action.isEnabled() and not any(w in text for w in NEVER)


def _dismiss(guest: QWidget) -> None:
    if isinstance(guest, QDialog):
        guest.reject()
    elif isinstance(guest, QMenu):
        guest.close()
    else:
        QTest.keyClick(guest, Qt.Key.Key_Escape)
        guest.close()


def _name(widget: QWidget) -> str:
    return f"{type(widget).__name__} {widget.objectName()}".strip()
