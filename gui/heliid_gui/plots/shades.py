"""Shaded pieces of the time axis: one item for all of a row, however many there are."""

from __future__ import annotations

from dataclasses import dataclass

import pyqtgraph as pg
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter


@dataclass(frozen=True, slots=True)
class Span:
    """A shaded piece of the time axis."""

    start: float
    end: float
    colour: str
    alpha: int = 28
    row: str = ""  # "" shades every row


class Shades(pg.GraphicsObject):
    """Fills each span from the lower to the upper edge of the view."""

    def __init__(self, box: pg.ViewBox) -> None:
        super().__init__()
        self._box = box
        self.spans: tuple[Span, ...] = ()
        self.setZValue(-200)  # under the grid
        box.addItem(self, ignoreBounds=True)
        box.sigRangeChanged.connect(self._range_changed)

    def _range_changed(self) -> None:
        self.prepareGeometryChange()

    def set_spans(self, spans: tuple[Span, ...]) -> None:
        """Shade these."""
        if spans != self.spans:
            self.spans = spans
            self.update()

    def boundingRect(self) -> QRectF:
        """All of the visible area."""
        return QRectF(self._box.viewRect())

    def paint(self, painter: QPainter, *_args) -> None:
        """One rectangle per span."""
        area = self.boundingRect()
        for span in self.spans:
            fill = QColor(span.colour)
            fill.setAlpha(span.alpha)
            part = QRectF(area)
            part.setLeft(max(span.start, area.left()))
            part.setRight(min(span.end, area.right()))
            if part.width() > 0:
                painter.fillRect(part, fill)
