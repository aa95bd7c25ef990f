"""Mouse behaviour of every time plot.

Wheel zooms time at the cursor, Ctrl+wheel (or the wheel over an axis) the values; dragging pans,
Shift+drag zooms a box, double click fits all. The panel decides what follows from it.
"""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal


class TimeViewBox(pg.ViewBox):
    """A view box that reports what the user did and keeps no menu of its own."""

    about_to_move = Signal()  # before a zoom or pan by hand
    fit_wanted = Signal()
    menu_wanted = Signal(object)  # QPointF, screen position
    values_moved = Signal(object)  # this box: its value axis was set by hand
    region_dragged = Signal(float, float, bool)  # start, end, finished

    def __init__(self) -> None:
        super().__init__(enableMenu=False)
        self.region_mode = False
        self.setDefaultPadding(0.0)

    def wheelEvent(self, event, axis=None) -> None:
        """Zoom time; with Ctrl (or over the value axis) zoom values."""
        if axis is None:
            axis = 1 if event.modifiers() & Qt.KeyboardModifier.ControlModifier else 0
        self.about_to_move.emit()
        if axis == 1:
            self.values_moved.emit(self)
        super().wheelEvent(event, axis)

    def mouseDragEvent(self, event, axis=None) -> None:
        """Pan; Shift zooms a box; in region mode mark a piece of time."""
        if event.button() is not Qt.MouseButton.LeftButton:
            event.ignore()
            return
        if self.region_mode and axis is None:
            event.accept()
            start = self.mapSceneToView(event.buttonDownScenePos()).x()
            end = self.mapSceneToView(event.scenePos()).x()
            self.region_dragged.emit(min(start, end), max(start, end), event.isFinish())
            return
        if event.isStart():
            self.about_to_move.emit()
        box_zoom = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier) and axis is None
        self.state["mouseMode"] = pg.ViewBox.RectMode if box_zoom else pg.ViewBox.PanMode
        if box_zoom or axis == 1:
            self.values_moved.emit(self)
        if axis is None and not box_zoom:
            axis = 1 if event.modifiers() & Qt.KeyboardModifier.ControlModifier else 0
            if axis == 1:
                self.values_moved.emit(self)
        super().mouseDragEvent(event, axis)

    def mouseDoubleClickEvent(self, event) -> None:
        """Fit all."""
        self.fit_wanted.emit()
        event.accept()

    def mouseClickEvent(self, event) -> None:
        """The right button asks for the panel's menu."""
        if event.button() is Qt.MouseButton.RightButton:
            event.accept()
            self.menu_wanted.emit(QPointF(event.screenPos()))
