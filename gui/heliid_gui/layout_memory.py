"""Remembers how the user divided the window, view by view, and can forget it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QMainWindow, QSplitter, QWidget

if TYPE_CHECKING:
    from heliid_gui.settings import Settings

VERSION = 1  # of what is remembered; another one is not restored


class LayoutMemory:
    """Sizes of the panes of each view, and the docks of the window.

    What cannot be restored (another version, a damaged file, panes that are not there any more) is
    left as it is made.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._panes: dict[str, tuple[QSplitter, list[int]]] = {}  # and the sizes it was made with

    def view_made(self, key: str, view: QWidget) -> None:
        """A view is there now: give its panes the sizes the user gave them."""
        for number, split in enumerate(view.findChildren(QSplitter)):
            name = f"layout{VERSION}/{key}{number}"
            made_with = [int(size) for size in split.property("first") or split.sizes()]
            self._panes[name] = (split, made_with)
            state = self._settings.blob(name)
            known = split.orientation(), split.count()
            if not state or not split.restoreState(QByteArray(state)):
                continue
            sizes = split.sizes()
            if (split.orientation(), split.count()) != known or min(sizes, default=0) < 0:
                split.setOrientation(known[0])
                split.setSizes(made_with)
            split.setChildrenCollapsible(False)

    def restore_docks(self, window: QMainWindow) -> None:
        """Docks where they were, once they are all made."""
        state = self._settings.blob(f"layout{VERSION}/docks")
        if state:
            window.restoreState(QByteArray(state), VERSION)

    def save(self, window: QMainWindow) -> None:
        """Remember all of it."""
        for name, (split, _) in self._panes.items():
            self._settings.put(name, bytes(split.saveState().data()))
        self._settings.put(f"layout{VERSION}/docks", bytes(window.saveState(VERSION).data()))

    def reset(self) -> None:
        """Panes as they were made."""
        for name, (split, sizes) in self._panes.items():
            split.setSizes(sizes)
            self._settings.put(name, b"")
