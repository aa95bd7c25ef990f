"""One row of a panel: a plot with its title, grid, crosshair line, curves, bands and shades."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QGraphicsGridLayout

from heliid_gui.plots import styles
from heliid_gui.plots.curve_item import CurveItem
from heliid_gui.plots.decimate import Pyramid
from heliid_gui.plots.grid import Grid
from heliid_gui.plots.log_axis import LogAxis
from heliid_gui.plots.shades import Shades, Span
from heliid_gui.plots.styles import Kind
from heliid_gui.plots.view_box import TimeViewBox
from heliid_gui.theme import colours

# The garbage collector may take a label of pyqtgraph apart before Qt asks it for its size.
pg.LabelItem._sizeHint = {}
AXIS_WIDTH = 56  # px
PADDING = 0.06  # of the values' span, above and below
LEAST_SPAN = 2e-4  # of the largest value
TITLE_HEIGHT = 16.0  # px
BOTTOM_HEIGHT = 34  # px
THICK_BELOW = 3.0  # length of a curve over the plot's width: stroking a long one takes 0.1 s
_HEIGHT = {Kind.MEASURED: 1, Kind.LINEAR: 2, Kind.MODEL: 3, Kind.RESIDUAL: 1}


@dataclass(frozen=True, slots=True)
class Row:
    """One plot of the stack; ``unit`` is shown as it is, never with an SI prefix."""

    key: str
    title: str
    unit: str


class Curve:
    """One drawn curve and its data at original samples."""

    def __init__(self, item: CurveItem, kind: Kind, label: str) -> None:
        self.item = item
        self.kind = kind
        self.label = label
        self.data = Pyramid(np.zeros(0), np.zeros(0))
        self._given: tuple[np.ndarray, np.ndarray] = (self.data.x, self.data.y)
        self._part: tuple = ()  # what the last visible part was taken for
        self._visible = (self.data.x, self.data.y)
        self._limits = (np.inf, -np.inf)
        self._drawn: tuple = ()

    def visible(self, start: float, end: float, pixels: int) -> tuple[np.ndarray, np.ndarray]:
        """The points to draw; the same arrays as before when nothing has changed."""
        part = (self.data, start, end, pixels)
        if part != self._part:
            self._part = part
            _, y = self._visible = self.data.visible(start, end, pixels)
            self._limits = (float(y.min()), float(y.max())) if y.size else (np.inf, -np.inf)
        return self._visible

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest of the points that are drawn."""
        return self._limits

    def draw(self, x: np.ndarray, y: np.ndarray, *, is_thick: bool) -> None:
        """Hand the points to the item, unless it has them."""
        state = (self._part, self.kind, is_thick, colours().name)
        if state != self._drawn:
            self._drawn = state
            self.item.set_points(x, y, _pen(self.kind, x.size, is_thick=is_thick), antialias=True)

    def take(self, kind: Kind, x: np.ndarray, y: np.ndarray) -> None:
        """Show these data; of a curve that ended early (diverged) what is finite."""
        self.kind, self._given = kind, (x, y)
        good = np.isfinite(y)
        self.data = Pyramid(x, y) if good.all() else Pyramid(x[good], y[good])

    def shows(self, kind: Kind, x: np.ndarray, y: np.ndarray) -> bool:
        """True when these are the data it has."""
        same = np.array_equal(self._given[1], y) and np.array_equal(self._given[0], x)
        return kind is self.kind and same

    def nearest(self, at: float) -> float | None:
        """The value of the sample nearest to ``at``; None when there is none."""
        x = self.data.x
        if not x.size:
            return None
        index = int(np.clip(np.searchsorted(x, at), 0, x.size - 1))
        if index and at - x[index - 1] < x[index] - at:
            index -= 1
        return float(self.data.y[index])


class RowPlot:
    """One plot; the panel tells it what to show and when to draw.

    Made of a view box and axes alone: ``pyqtgraph.PlotItem`` builds a menu of fifty widgets for
    each plot, 40 ms that nobody asked for.
    """

    def __init__(self, row: Row, *, log_x: bool) -> None:
        self.row = row
        self.curves: dict[str, Curve] = {}
        self.is_by_hand = False  # the user set the value axis
        self.box = TimeViewBox()
        self.box.disableAutoRange()
        self.box.values_moved.connect(self._values_moved)
        self.left = pg.AxisItem("left")
        self.bottom = LogAxis("bottom") if log_x else pg.AxisItem("bottom")
        for axis in (self.left, self.bottom):
            axis.enableAutoSIPrefix(False)
        self.left.setWidth(AXIS_WIDTH)
        self.left.linkToView(self.box)
        self._bands: list[tuple[pg.FillBetweenItem, str]] = []
        self.shades = Shades(self.box)
        self._title = pg.LabelItem(justify="left")
        self._title.setParentItem(self.box)
        self._title.anchor(itemPos=(0, 0), parentPos=(0, 0), offset=(6, 0))
        self._cursor = pg.InfiniteLine(angle=90, movable=False)
        self._cursor.setVisible(False)
        self._cursor.setZValue(50)
        self.box.addItem(self._cursor, ignoreBounds=True)
        self._grid = Grid(self.box, self.left, self.bottom)

    def place(self, layout: QGraphicsGridLayout, number: int, *, x_label: str) -> None:
        """Put the plot into a line of the panel; a label makes it the one with the time axis."""
        layout.addItem(self.box, number, 1)  # first: an axis alone would narrow the layout
        layout.addItem(self.left, number, 0)
        if x_label:
            self.bottom.setHeight(BOTTOM_HEIGHT)
            self.bottom.setLabel(x_label)
            self.bottom.linkToView(self.box)
            layout.addItem(self.bottom, number + 1, 1)

    def leave(self, layout: QGraphicsGridLayout) -> None:
        """Take the plot out of the panel."""
        for item in (self.box, self.left, self.bottom):
            if item.scene() is not None:  # all but one have no time axis
                layout.removeItem(item)
                item.scene().removeItem(item)

    def _values_moved(self, _box: object) -> None:
        self.is_by_hand = True

    def curve(self, label: str, kind: Kind) -> Curve:
        """The curve of this name, made now if need be."""
        if label not in self.curves:
            item = CurveItem(self.box)
            item.setZValue(_HEIGHT.get(kind, 1))
            self.box.addItem(item, ignoreBounds=True)
            self.curves[label] = Curve(item, kind, label)
        return self.curves[label]

    def drop(self, label: str) -> bool:
        """Remove a curve; False when there was none of this name."""
        curve = self.curves.pop(label, None)
        if curve is not None:
            self.box.removeItem(curve.item)
        return curve is not None

    def clear(self) -> None:
        """Remove every curve and band."""
        for label in list(self.curves):
            self.drop(label)
        for band, _ in self._bands:
            self.box.removeItem(band)
        self._bands.clear()

    def add_band(self, x: np.ndarray, low: np.ndarray, high: np.ndarray, role: str) -> None:
        """Fill between two curves (N,)."""
        edges = [pg.PlotCurveItem(x, y, pen=pg.mkPen(None)) for y in (low, high)]
        band = pg.FillBetweenItem(*edges)
        band.setZValue(-10)
        self.box.addItem(band, ignoreBounds=True)
        self._bands.append((band, role))
        _paint_band(band, role)

    def set_spans(self, spans: tuple[Span, ...]) -> None:
        """Shade these pieces of time and no others."""
        self.shades.set_spans(tuple(one for one in spans if one.row in ("", self.row.key)))

    def show_cursor(self, at: float | None) -> None:
        """Put the crosshair's line there, or hide it."""
        self._cursor.setVisible(at is not None)
        if at is not None:
            self._cursor.setPos(at)

    def draw(self, start: float, end: float, pixels: int, *, is_live: bool) -> None:
        """Set the visible part of each curve, and the value axis as the data want."""
        low, high = np.inf, -np.inf
        parts = [(one, *one.visible(start, end, pixels)) for one in self.curves.values()]
        for curve, *_ in parts:
            if curve.item.isVisible():
                low, high = min(low, curve.limits[0]), max(high, curve.limits[1])
        if low <= high and not self.is_by_hand:
            self._fit_values(low, high, is_live=is_live)
        for curve, x, y in parts:
            is_thick = not is_live and self._length(y, pixels) < THICK_BELOW
            curve.draw(x, y, is_thick=is_thick)

    def _length(self, y: np.ndarray, pixels: int) -> float:
        """How far the line goes up and down, over the width of the plot."""
        bottom, top = self.box.viewRange()[1]
        travel = float(np.abs(np.diff(y)).sum()) / max(top - bottom, 1e-300)
        return 1.0 + travel * self.box.height() / pixels

    def _fit_values(self, low: float, high: float, *, is_live: bool) -> None:
        """Fit the value axis; while live, only when it is clearly too small or too large."""
        span = high - low
        least = LEAST_SPAN * max(abs(high), abs(low)) or 1.0
        if span < least:  # rounding is not stretched over the whole axis
            low, high, span = (low + high - least) / 2, (low + high + least) / 2, least
        if is_live:
            now_low, now_high = self.box.viewRange()[1]
            if now_low <= low and high <= now_high and (now_high - now_low) < 2.0 * span:
                return
        title = min(0.4, TITLE_HEIGHT / max(self.box.height(), 1.0))  # room for the row's title
        self.box.setYRange(
            low - PADDING * span, high + span * (PADDING + title / (1 - title)), padding=0
        )

    def restyle(self) -> None:
        """Take on the colours of the moment."""
        c = colours()
        for axis in (self.left, self.bottom):
            axis.setPen(pg.mkPen(c.border))
            axis.setTextPen(pg.mkPen(c.muted))
            axis.setTickPen(pg.mkPen(c.grid))
        self._grid.set_colours(c.grid, c.border)
        unit = f"  <span style='color:{c.muted}'>[{self.row.unit}]</span>" if self.row.unit else ""
        self._title.setText(f"<b>{self.row.title}</b>{unit}", color=c.text, size="9pt")
        self._cursor.setPen(pg.mkPen(c.muted, width=1))
        for band, role in self._bands:
            _paint_band(band, role)


def _paint_band(band: pg.FillBetweenItem, role: str) -> None:
    fill = QColor(getattr(colours(), role))
    fill.setAlpha(48)
    band.setBrush(fill)
    edge = QColor(fill)
    edge.setAlpha(200)
    is_bad = role == "bad"
    band.setPen(pg.mkPen(edge, style=Qt.PenStyle.DashLine) if is_bad else pg.mkPen(None))


def _pen(kind: Kind, n_points: int, *, is_thick: bool) -> QPen:
    width = 1.5 if is_thick else 1.0
    return styles.pen(kind, width=width, dashed=n_points < styles.DASH_BELOW)
