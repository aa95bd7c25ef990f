"""Rooms: the parts of the window that take on a theme by themselves, when they are seen.

A style sheet costs about 0.2 ms for each widget below it, and a full window has 1600. So the
application has none: each view, each bar and each dialog is a room with a sheet of its own, and a
change of theme reaches the rooms on show at once and the others when they are entered. What is
painted by hand follows its room in the same way.

What is known about a widget is kept here and not in a child of it: a child in Python that refers
to its parent ends the program when Qt takes the two down (seen with file dialogs).
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeGuard

from PySide6.QtWidgets import QWidget
from shiboken6 import Shiboken

from heliid_gui.style_sheet import style_sheet
from heliid_gui.theme import colours, theme

_rooms: dict[int, Room] = {}
_followers: dict[int, Follower] = {}
_is_listening: list[bool] = []


@dataclass(eq=False)
class Room:
    """A widget with a style sheet of its own."""

    widget: weakref.ref[QWidget]
    sheet_of: str = ""

    @property
    def is_on_show(self) -> bool:
        """Whether it is seen when its window is; a window not shown yet must be ready too."""
        widget = self.widget()
        return _is_there(widget) and widget.isVisibleTo(widget.window())

    def dress(self) -> None:
        """Put on the sheet of the moment."""
        widget, name = self.widget(), colours().name
        if name != self.sheet_of and _is_there(widget):
            self.sheet_of = name
            widget.setStyleSheet(style_sheet(colours()))


@dataclass(eq=False)
class Follower:
    """What paints a widget anew; ``room`` is found when it is first needed."""

    widget: weakref.ref[QWidget]
    paint: Callable[[], Any]
    is_behind: bool = False
    room: Room | None = None

    def find_room(self) -> Room | None:
        """The room of the widget, None when it is in none."""
        widget = self.widget()
        if self.room is None and _is_there(widget):
            self.room = room_of(widget)
        return self.room

    def theme_changed(self) -> None:
        """Paint now, or when the room is entered."""
        room = self.find_room()
        self.is_behind = room is not None and not room.is_on_show
        if not self.is_behind:
            self._paint_it()

    def catch_up(self) -> None:
        """Paint what was left out."""
        if self.is_behind:
            self.is_behind = False
            self._paint_it()

    def _paint_it(self) -> None:
        if _is_there(self.widget()):
            self.paint()


def dress(widget: QWidget) -> None:
    """Make the widget a room; again is harmless. Who shows it after a while calls ``enter``."""
    if own_room(widget) is None:
        made = _rooms[_key(widget)] = Room(weakref.ref(widget))
        _listen()
        widget.destroyed.connect(partial(_rooms.pop, _key(widget), None))
        made.dress()


def enter(widget: QWidget) -> None:
    """The room is about to be seen: bring it up to date."""
    room = own_room(widget)
    if room is not None:
        room.dress()
        for one in _those(_followers):
            if one.is_behind and one.find_room() is room:
                one.catch_up()


def follow(widget: QWidget, paint: Callable[[], Any]) -> None:
    """Call ``paint`` when the theme has changed and the widget's room is on show.

    A bound method is held weakly; any other function must not hold the widget.
    """
    bound = getattr(paint, "__self__", None)
    if bound is not None:
        method = weakref.WeakMethod(paint)
        paint = partial(_call, method)
    made = Follower(weakref.ref(widget), paint)
    _followers[id(made)] = made
    _listen()
    widget.destroyed.connect(partial(_followers.pop, id(made), None))


def own_room(widget: QWidget) -> Room | None:
    """The room that this widget itself is."""
    return _rooms.get(_key(widget))


def room_of(widget: QWidget) -> Room | None:
    """The room a widget is in."""
    above: QWidget | None = widget
    while above is not None:
        found = own_room(above)
        if found is not None:
            return found
        above = above.parentWidget()
    return None


def _listen() -> None:
    if not _is_listening:
        _is_listening.append(True)
        theme().changed.connect(_theme_changed)


def _theme_changed() -> None:
    for room in _those(_rooms):
        if room.is_on_show:
            room.dress()
    for one in _those(_followers):
        one.theme_changed()


def _those(known: dict[int, Any]) -> Iterator[Any]:
    """They may come and go meanwhile."""
    return iter(tuple(known.values()))


def _call(method: weakref.WeakMethod) -> None:
    found = method()
    if found is not None:
        found()


def _is_there(widget: QWidget | None) -> TypeGuard[QWidget]:
    return widget is not None and bool(Shiboken.isValid(widget))


def _key(widget: QWidget) -> int:
    return int(Shiboken.getCppPointer(widget)[0])
