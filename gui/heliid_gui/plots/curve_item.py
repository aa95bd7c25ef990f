"""One polyline in a view box, drawn as thirty times a second needs it.

``pyqtgraph.PlotCurveItem`` looks for the bounds of its data at each repaint and strokes thick lines
point by point; here the bounds are the visible area, and the panel decides about the pen.
"""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF


class CurveItem(pg.GraphicsObject):
    """Always as large as what its view box shows."""

    def __init__(self, box: pg.ViewBox) -> None:
        super().__init__()
        self._box = box
        self._pen = QPen()
        self._line = QPolygonF()
        self._antialias = True
        box.sigRangeChanged.connect(self._range_changed)

    def _range_changed(self) -> None:
        self.prepareGeometryChange()

    def set_points(self, x: np.ndarray, y: np.ndarray, pen: QPen, *, antialias: bool) -> None:
        """Draw these points (N,), which must be finite; nothing is kept of the arrays."""
        self._line = pg.functions.arrayToQPolygonF(x, y)  # 0.01 ms for 2500
        self._pen, self._antialias = pen, antialias
        self.update()

    @property
    def n_points(self) -> int:
        """How many points are drawn."""
        return self._line.size()

    @property
    def pen(self) -> QPen:
        """What they are drawn with."""
        return self._pen

    def boundingRect(self) -> QRectF:
        """All of the visible area."""
        return QRectF(self._box.viewRect())

    def paint(self, painter: QPainter, *_args) -> None:
        """The line, if there are two points at least."""
        if self._line.size() < 2:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, self._antialias)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(self._pen)
        painter.drawPolyline(self._line)
