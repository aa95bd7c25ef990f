"""The strip under the plots: the whole record small, its pieces by use, and what is visible."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor

from heliid_gui.plots.decimate import Pyramid
from heliid_gui.plots.panel import AXIS_WIDTH
from heliid_gui.presenters.formatting import USE_NAMES
from heliid_gui.rooms import follow
from heliid_gui.theme import colours, use_colour

HEIGHT = 52
BAND_ALPHA = 46


class OverviewStrip(pg.PlotWidget):
    """One record from end to end; borders between pieces can be dragged."""

    range_wanted = Signal(float, float)
    border_moved = Signal(int, float, bool)  # index, time, finished

    def __init__(self) -> None:
        super().__init__(enableMenu=False)
        self.setFrameShape(self.Shape.NoFrame)
        self.setFixedHeight(HEIGHT)
        self.hideButtons()
        box = self.getViewBox()
        box.setMouseEnabled(x=False, y=False)
        box.disableAutoRange()
        self.getAxis("left").setWidth(AXIS_WIDTH)
        self.getAxis("left").setStyle(showValues=False)
        self.getAxis("bottom").setStyle(showValues=False)
        self.getAxis("bottom").setHeight(4)
        self.getPlotItem().layout.setContentsMargins(4, 0, 10, 0)
        self._curve = pg.PlotCurveItem(skipFiniteCheck=True)
        self.addItem(self._curve)
        self._window = pg.LinearRegionItem(movable=True)
        self._window.setZValue(20)
        self.addItem(self._window, ignoreBounds=True)
        self._window.sigRegionChanged.connect(self._window_moved)
        self._quiet = False
        self._state: tuple = ()  # what the pieces were drawn for
        self._pieces: tuple[tuple[float, float, str], ...] = ()
        self._bands: list[tuple[pg.LinearRegionItem, pg.TextItem]] = []
        self._borders: list[pg.InfiniteLine] = []
        self.setAccessibleName(self.tr("Overview of the record"))
        follow(self, self._restyle)
        self._restyle()

    def set_signal(self, x: np.ndarray, y: np.ndarray) -> None:
        """The curve shown small, (N,) each."""
        low, high = (float(y.min()), float(y.max())) if y.size else (0.0, 1.0)
        small_x, small_y = Pyramid(x, y).visible(x[0], x[-1], 800) if x.size else (x, y)
        self._curve.setData(small_x, small_y)
        self.getViewBox().setXRange(float(x[0]), float(x[-1]), padding=0.01)
        self.getViewBox().setYRange(low, high + 0.35 * ((high - low) or 1.0), padding=0.05)

    def set_pieces(self, pieces: tuple[tuple[float, float, str], ...]) -> None:
        """Pieces of the record: start, end, use."""
        state = (pieces, self.getViewBox().viewRange()[1][1])
        if state == self._state:
            return
        self._state = state
        for item in (*(part for pair in self._bands for part in pair), *self._borders):
            self.removeItem(item)
        self._bands, self._borders = [], []
        self._pieces = pieces
        for start, end, use in pieces:
            fill = use_colour(use)
            text = pg.TextItem(USE_NAMES[use], color=fill, anchor=(0, 0))
            font = text.textItem.font()
            font.setPointSizeF(8.5)
            font.setBold(True)
            text.setFont(font)
            fill.setAlpha(BAND_ALPHA)
            band = pg.LinearRegionItem((start, end), movable=False, brush=fill, pen=pg.mkPen(None))
            band.setZValue(-10)
            top = self.getViewBox().viewRange()[1][1]
            text.setPos(start, top)
            for item in (band, text):
                self.addItem(item, ignoreBounds=True)
            self._bands.append((band, text))
        for index, (_, end, _use) in enumerate(pieces[:-1]):
            self._add_border(index, end)

    def _add_border(self, index: int, at: float) -> None:
        line = pg.InfiniteLine(at, angle=90, movable=True)
        _paint_border(line)
        line.setCursor(Qt.CursorShape.SplitHCursor)
        line.setZValue(30)
        line.sigPositionChangeFinished.connect(
            lambda moved, k=index: self.border_moved.emit(k, float(moved.value()), True)
        )
        self.addItem(line, ignoreBounds=True)
        self._borders.append(line)

    def show_range(self, start: float, end: float) -> None:
        """Mark what the plots show."""
        self._quiet = True
        self._window.setRegion((start, end))
        self._quiet = False

    def _window_moved(self) -> None:
        if not self._quiet:
            start, end = self._window.getRegion()
            self.range_wanted.emit(float(start), float(end))

    def _restyle(self) -> None:
        c = colours()
        self.setBackground(c.surface)
        for side in ("left", "bottom"):
            self.getAxis(side).setPen(pg.mkPen(c.border))
        self._curve.setPen(pg.mkPen(c.muted, width=1))
        shade = QColor(c.text)
        shade.setAlpha(14)
        self._window.setBrush(shade)
        self._window.setHoverBrush(shade)
        for line in self._window.lines:
            line.setPen(pg.mkPen(c.disabled, width=1))
            line.setHoverPen(pg.mkPen(c.accent, width=2))
        for (_, _, use), (band, text) in zip(self._pieces, self._bands, strict=True):
            fill = use_colour(use)
            text.setColor(fill)
            fill.setAlpha(BAND_ALPHA)
            band.setBrush(fill)
        for border in self._borders:
            _paint_border(border)


def _paint_border(line: pg.InfiniteLine) -> None:
    line.setPen(pg.mkPen(colours().muted, width=2))
    line.setHoverPen(pg.mkPen(colours().accent, width=3))
