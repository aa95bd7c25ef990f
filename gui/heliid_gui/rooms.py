"""Rooms: the parts of the window that take on a theme by themselves, when they are seen.

A style sheet costs about 0.2 ms for each widget below it, and a full window has 1600. So the
application has none: each view, each bar and each dialog is a room with the sheet of its own, and
a change of theme reaches the rooms on show at once and the others when they are shown. What is
painted by hand follows its room in the same way.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QWidget

from heliid_gui.style_sheet import style_sheet
from heliid_gui.theme import colours, theme


class Room(QObject):
    """Keeps one widget, and all below it, in the colours of the moment."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.widget = widget
        self._sheet_of = ""
        widget.installEventFilter(self)
        theme().changed.connect(self._theme_changed)
        self._dress()

    def _theme_changed(self) -> None:
        if self.widget.isVisible():
            self._dress()

    def _dress(self) -> None:
        name = colours().name
        if name != self._sheet_of:
            self._sheet_of = name
            self.widget.setStyleSheet(style_sheet(colours()))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """In the colours of the moment before it is seen."""
        if event.type() is QEvent.Type.Show and watched is self.widget:
            self._dress()
            for one in self.widget.findChildren(Follower):
                one.catch_up()
        return False


class Follower(QObject):
    """Paints a widget anew when the theme changes; while its room is hidden, when that is shown."""

    def __init__(self, widget: QWidget, paint: Callable[[], object]) -> None:
        super().__init__(widget)
        self._widget, self._paint = widget, paint
        self._is_behind = False
        self._room: Room | None = None
        theme().changed.connect(self._theme_changed)

    def _theme_changed(self) -> None:
        self._room = room = self._room or room_of(self._widget)
        if room is None or room.widget.isVisible():
            self._is_behind = False
            self._paint()
        else:
            self._is_behind = True

    def catch_up(self) -> None:
        """Paint what was left out."""
        if self._is_behind:
            self._is_behind = False
            self._paint()


def dress(widget: QWidget) -> None:
    """Make the widget a room; again is harmless."""
    if own_room(widget) is None:
        Room(widget)


def follow(widget: QWidget, paint: Callable[[], object]) -> None:
    """Call ``paint`` when the theme has changed and the widget's room is on show."""
    Follower(widget, paint)


def own_room(widget: QWidget) -> Room | None:
    """The room that this widget itself is."""
    return widget.findChild(Room, options=Qt.FindChildOption.FindDirectChildrenOnly)


def room_of(widget: QWidget) -> Room | None:
    """The room a widget is in."""
    above: QWidget | None = widget
    while above is not None:
        found = own_room(above)
        if found is not None:
            return found
        above = above.parentWidget()
    return None
