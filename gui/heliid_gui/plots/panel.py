"""The one plot panel: stacked rows over one time axis, crosshair, zoom history, copy and save.

A panel shows rows (one per channel), each with any number of curves. Values come in the unit they
are shown in, at original samples; drawing is decimated, read-off and export are not. The value
axes follow what is visible until the user sets one by hand.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from heliid_gui.plots import styles
from heliid_gui.plots.decimate import Pyramid
from heliid_gui.plots.grid import Grid
from heliid_gui.plots.legend import Legend
from heliid_gui.plots.log_axis import LogAxis
from heliid_gui.plots.menu import show_menu
from heliid_gui.plots.styles import Kind
from heliid_gui.plots.view_box import TimeViewBox
from heliid_gui.theme import colours, theme

# The garbage collector may take a label of pyqtgraph apart before Qt asks it for its size.
pg.LabelItem._sizeHint = {}
AXIS_WIDTH = 56
HISTORY_STEP_S = 0.5  # moves closer together than this are one step of the zoom history
PADDING = 0.06
TITLE_HEIGHT = 16.0  # px


@dataclass(frozen=True, slots=True)
class Row:
    """One plot of the stack; ``unit`` is shown as it is, never with an SI prefix."""

    key: str
    title: str
    unit: str


@dataclass(frozen=True, slots=True)
class Span:
    """A shaded piece of the time axis."""

    start: float
    end: float
    colour: str
    alpha: int = 28
    row: str = ""  # "" shades every row


class _Curve:
    """One drawn curve and its data at original samples."""

    def __init__(self, item: pg.PlotCurveItem, kind: Kind, label: str) -> None:
        self.item = item
        self.kind = kind
        self.label = label
        self.data = Pyramid(np.zeros(0), np.zeros(0))
        self._given: tuple[np.ndarray, np.ndarray] = (self.data.x, self.data.y)

    def take(self, kind: Kind, x: np.ndarray, y: np.ndarray) -> None:
        """Show these data; of a curve that ended early (diverged) what is finite."""
        self.kind, self._given = kind, (x, y)
        good = np.isfinite(y)
        self.data = Pyramid(x, y) if good.all() else Pyramid(x[good], y[good])

    def shows(self, x: np.ndarray, y: np.ndarray) -> bool:
        """True when these are the data it has."""
        return np.array_equal(self._given[1], y) and np.array_equal(self._given[0], x)


class PlotPanel(QWidget):
    """Rows of curves over one time axis."""

    cursor_moved = Signal(float, str)  # time, values as text
    range_changed = Signal(float, float)
    region_dragged = Signal(float, float, bool)

    def __init__(
        self, parent: QWidget | None = None, *, x_label: str = "time [s]", log_x: bool = False
    ) -> None:
        """With ``log_x`` the axis is the base-10 logarithm of what its ticks say."""
        super().__init__(parent)
        self._x_label, self._log_x = x_label, log_x
        self._live = False
        self._rows: dict[str, Row] = {}
        self._plots: dict[str, pg.PlotItem] = {}
        self._titles: dict[str, pg.LabelItem] = {}
        self._grids: dict[str, Grid] = {}
        self._curves: dict[tuple[str, str], _Curve] = {}
        self._bands: list[tuple[str, pg.GraphicsObject, bool]] = []
        self._lines: list[pg.InfiniteLine] = []
        self._spans: list[tuple[pg.PlotItem, pg.LinearRegionItem]] = []
        self._span_values: tuple[Span, ...] = ()
        self._dirty: set[str] = set()
        self._is_scheduled = False
        self._by_hand: set[str] = set()
        self._hidden: set[str] = set()
        self._history: list[tuple[float, float]] = []
        self._future: list[tuple[float, float]] = []
        self._last_push = 0.0
        self._fitted = (0.0, 0.0)  # the limits that are in view, while all of time is
        self._follow = True  # show all of time until the user zooms
        self._view = pg.GraphicsLayoutWidget()
        self._view.setFrameShape(self._view.Shape.NoFrame)
        self._view.ci.layout.setSpacing(2)
        self._view.ci.layout.setContentsMargins(4, 0, 10, 2)
        self._view.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._view.scene().sigMouseMoved.connect(self._mouse_moved)
        self._view.installEventFilter(self)
        self.legend = Legend(self)
        self.legend.toggled.connect(self._toggle_label)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.legend)
        layout.addWidget(self._view, 1)
        theme().changed.connect(self._restyle)
        self._restyle()

    # ---- what is shown -------------------------------------------------------------------

    @property
    def live(self) -> bool:
        """True while curves change many times a second: thin pens, no antialiasing."""
        return self._live

    @live.setter
    def live(self, on: bool) -> None:
        if on != self._live:
            self._live = on
            self._restyle()

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows, top to bottom."""
        return tuple(self._rows.values())

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Make the stack anew; nothing happens when the rows are the same."""
        if tuple(rows) == self.rows:
            return
        self._view.clear()
        self._plots.clear()
        self._titles.clear()
        self._grids.clear()
        self._curves.clear()
        self._bands.clear()
        self._lines.clear()
        self._spans.clear()
        self._span_values = ()
        self._by_hand.clear()
        self._fitted = (0.0, 0.0)
        self._rows = {row.key: row for row in rows}
        for number, row in enumerate(rows):
            self._add_plot(number, row, is_last=number == len(rows) - 1)
        self._follow = True
        self._restyle()
        self._update_legend()

    def _add_plot(self, number: int, row: Row, *, is_last: bool) -> None:
        box = TimeViewBox()
        axes = {"bottom": LogAxis("bottom")} if self._log_x else None
        plot = pg.PlotItem(viewBox=box, enableMenu=False, axisItems=axes)
        plot.hideButtons()
        for side in ("left", "bottom"):
            plot.getAxis(side).enableAutoSIPrefix(False)
        plot.getAxis("left").setWidth(AXIS_WIDTH)
        plot.getAxis("bottom").setStyle(showValues=is_last)
        plot.getAxis("bottom").setHeight(34 if is_last else 6)
        if is_last:
            plot.setLabel("bottom", self._x_label)
        box.disableAutoRange()
        box.about_to_move.connect(self._remember)
        box.fit_wanted.connect(self.fit_all)
        box.menu_wanted.connect(self._menu)
        box.values_moved.connect(lambda _box, key=row.key: self._by_hand.add(key))
        box.region_dragged.connect(self.region_dragged)
        title = pg.LabelItem(justify="left")
        title.setParentItem(box)
        title.anchor(itemPos=(0, 0), parentPos=(0, 0), offset=(6, 0))
        line = pg.InfiniteLine(angle=90, movable=False)
        line.setVisible(False)
        line.setZValue(50)
        plot.addItem(line, ignoreBounds=True)
        self._lines.append(line)
        if self._plots:
            box.setXLink(next(iter(self._plots.values())).getViewBox())
        else:
            box.sigXRangeChanged.connect(self._x_changed)
        self._grids[row.key] = Grid(plot)
        self._view.addItem(plot, row=number, col=0)
        self._plots[row.key] = plot
        self._titles[row.key] = title

    def set_curve(self, row: str, label: str, kind: Kind, x: np.ndarray, y: np.ndarray) -> None:
        """Show (or replace) one curve; ``x``, ``y`` (N,) in shown units, not copied."""
        key = (row, label)
        curve = self._curves.get(key)
        is_new = curve is None
        if curve is None:
            item = pg.PlotCurveItem(skipFiniteCheck=True, connect="all")
            self._plots[row].addItem(item, ignoreBounds=True)
            curve = self._curves[key] = _Curve(item, kind, label)
            item.setZValue(_HEIGHT.get(kind, 1))
            item.setVisible(label not in self._hidden)
        elif curve.kind is kind and curve.shows(x, y):
            return
        curve.take(kind, x, y)
        self._dirty.add(row)
        if not self._is_scheduled:
            self._is_scheduled = True
            QTimer.singleShot(0, self, self.flush)
        if is_new:
            self._update_legend()

    def flush(self) -> None:
        """Draw what was set since the last time; done by itself before the next event."""
        self._is_scheduled = False
        rows, self._dirty = self._dirty, set()
        if self._follow and rows:
            self._show_all_time()
        for row in rows:
            if row in self._plots:
                self._draw(row)

    def drop_curves(self, label: str) -> None:
        """Remove this curve from every row."""
        gone = [key for key in self._curves if key[1] == label]
        for key in gone:
            self._plots[key[0]].removeItem(self._curves.pop(key).item)
        if gone:
            self._update_legend()

    def clear_curves(self) -> None:
        """Remove every curve and shade; keep the rows."""
        for (row, _), curve in self._curves.items():
            self._plots[row].removeItem(curve.item)
        self._curves.clear()
        for row, item, _ in self._bands:
            self._plots[row].removeItem(item)
        self._bands.clear()
        self.set_spans(())
        self._follow = True
        self._update_legend()

    def set_spans(self, spans: Sequence[Span]) -> None:
        """Shade pieces of time."""
        if tuple(spans) == self._span_values:
            return
        self._span_values = tuple(spans)
        for plot, item in self._spans:
            plot.removeItem(item)
        self._spans.clear()
        for span in spans:
            fill = QColor(span.colour)
            fill.setAlpha(span.alpha)
            for key, plot in self._plots.items():
                if span.row in ("", key):
                    item = pg.LinearRegionItem(
                        (span.start, span.end), movable=False, brush=fill, pen=pg.mkPen(None)
                    )
                    item.setZValue(-20)
                    plot.addItem(item, ignoreBounds=True)
                    self._spans.append((plot, item))

    def add_band(
        self, row: str, x: np.ndarray, low: np.ndarray, high: np.ndarray, *, passed: bool = True
    ) -> None:
        """Fill between two curves (N,): a tolerance, or an interval; gone with ``clear_curves``."""
        edges = [pg.PlotCurveItem(x, y, pen=pg.mkPen(None)) for y in (low, high)]
        band = pg.FillBetweenItem(*edges)
        band.setZValue(-10)
        self._plots[row].addItem(band, ignoreBounds=True)
        self._bands.append((row, band, passed))
        self._paint_band(band, passed)

    def _paint_band(self, band: pg.FillBetweenItem, passed: bool) -> None:
        fill = QColor(colours().good if passed else colours().bad)
        fill.setAlpha(48)
        band.setBrush(fill)
        edge = QColor(fill)
        edge.setAlpha(200)
        band.setPen(pg.mkPen(None) if passed else pg.mkPen(edge, style=Qt.PenStyle.DashLine))

    def set_region_mode(self, on: bool) -> None:
        """Dragging marks a piece of time instead of panning."""
        for plot in self._plots.values():
            plot.getViewBox().region_mode = on
        self._view.setCursor(Qt.CursorShape.IBeamCursor if on else Qt.CursorShape.ArrowCursor)

    # ---- zoom ----------------------------------------------------------------------------

    def time_limits(self) -> tuple[float, float]:
        """First and last time of all curves."""
        known = [c.data.x for c in self._curves.values() if c.data.x.size]
        if not known:
            return 0.0, 1.0
        start, end = min(x[0] for x in known), max(x[-1] for x in known)
        return (float(start), float(end)) if end > start else (float(start), float(start) + 1.0)

    def time_range(self) -> tuple[float, float]:
        """What is visible of the time axis."""
        if not self._plots:
            return 0.0, 1.0
        start, end = next(iter(self._plots.values())).getViewBox().viewRange()[0]
        return float(start), float(end)

    def set_time_range(self, start: float, end: float) -> None:
        """Show this piece of time."""
        if self._plots:
            self._follow, self._fitted = False, (0.0, 0.0)
            next(iter(self._plots.values())).setXRange(start, end, padding=0)

    def fit_all(self) -> None:
        """Show all of time, and values as the data want."""
        self._remember()
        self._by_hand.clear()
        self._follow = True
        self._dirty = set(self._plots)
        self.flush()

    def zoom_back(self) -> None:
        """The view before the last zoom or pan."""
        if self._history:
            self._future.append(self.time_range())
            self.set_time_range(*self._history.pop())

    def zoom_forward(self) -> None:
        """The view that ``zoom_back`` left."""
        if self._future:
            self._history.append(self.time_range())
            self.set_time_range(*self._future.pop())

    def zoom_by(self, factor: float) -> None:
        """Zoom time about the middle; below 1 shows less."""
        self._remember()
        start, end = self.time_range()
        middle, half = (start + end) / 2, (end - start) / 2 * factor
        self.set_time_range(middle - half, middle + half)

    def pan_by(self, share: float) -> None:
        """Move along time by a share of what is visible."""
        self._remember()
        start, end = self.time_range()
        self.set_time_range(start + share * (end - start), end + share * (end - start))

    def _show_all_time(self) -> None:
        if self._plots:
            limits = self.time_limits()
            if limits != self._fitted:
                self._fitted = limits
                next(iter(self._plots.values())).setXRange(*limits, padding=0.01)

    def _remember(self) -> None:
        self._follow, self._fitted = False, (0.0, 0.0)
        now = time.monotonic()
        if now - self._last_push > HISTORY_STEP_S:
            self._history = [*self._history[-49:], self.time_range()]
            self._future.clear()
        self._last_push = now

    # ---- drawing -------------------------------------------------------------------------

    def _x_changed(self) -> None:
        for key in self._plots:
            self._draw(key)
        self.range_changed.emit(*self.time_range())

    def _draw(self, row: str) -> None:
        """Set the visible part of each curve of the row, and its value axis."""
        start, end = self.time_range()
        pixels = max(self._view.width() - AXIS_WIDTH, 50)
        low, high = np.inf, -np.inf
        for (key, _), curve in self._curves.items():
            if key != row:
                continue
            x, y = curve.data.visible(start, end, pixels)
            curve.item.setData(
                x,
                y,
                pen=self._pen(curve.kind, x.size),
                skipFiniteCheck=True,
                antialias=not self._live,
            )
            if y.size and curve.item.isVisible():
                low, high = min(low, float(y.min())), max(high, float(y.max()))
        if low <= high and row not in self._by_hand:
            self._set_values(row, low, high)

    def _set_values(self, row: str, low: float, high: float) -> None:
        """Fit the value axis; while live, only when it is clearly too small or too large."""
        box = self._plots[row].getViewBox()
        span = (high - low) or max(abs(high), 1.0)
        if self._live:
            now_low, now_high = box.viewRange()[1]
            if now_low <= low and high <= now_high and (now_high - now_low) < 2.0 * span:
                return
        title = min(0.4, TITLE_HEIGHT / max(box.height(), 1.0))  # room for the row's title
        box.setYRange(
            low - PADDING * span, high + span * (PADDING + title / (1 - title)), padding=0
        )

    def _pen(self, kind: Kind, n_points: int):
        thick = not self._live and n_points < 2500
        width = 1.5 if thick else 1.0
        return styles.pen(kind, width=width, dashed=n_points < styles.DASH_BELOW)

    def _restyle(self) -> None:
        c = colours()
        self._view.setBackground(c.surface)
        for key, plot in self._plots.items():
            for side in ("left", "bottom"):
                axis = plot.getAxis(side)
                axis.setPen(pg.mkPen(c.border))
                axis.setTextPen(pg.mkPen(c.muted))
                axis.setTickPen(pg.mkPen(c.grid))
            self._grids[key].set_colour(c.grid)
            row = self._rows[key]
            unit = f"  <span style='color:{c.muted}'>[{row.unit}]</span>" if row.unit else ""
            self._titles[key].setText(f"<b>{row.title}</b>{unit}", color=c.text, size="9pt")
            self._draw(key)
        for _, band, passed in self._bands:
            self._paint_band(band, passed)
        for line in self._lines:
            line.setPen(pg.mkPen(c.muted, width=1))
        self._update_legend()

    def _update_legend(self) -> None:
        seen: dict[str, Kind] = {}
        for curve in self._curves.values():
            seen.setdefault(curve.label, curve.kind)
        self.legend.set_entries(tuple(seen.items()), self._hidden)

    def _toggle_label(self, label: str) -> None:
        self._hidden ^= {label}
        for curve in self._curves.values():
            if curve.label == label:
                curve.item.setVisible(label not in self._hidden)
        for key in self._plots:
            self._draw(key)
        self._update_legend()

    # ---- reading off ---------------------------------------------------------------------

    def _mouse_moved(self, position: QPointF) -> None:
        for plot in self._plots.values():
            if plot.sceneBoundingRect().contains(position):
                self._show_cursor(float(plot.getViewBox().mapSceneToView(position).x()))
                return
        self._hide_cursor()

    def _show_cursor(self, at: float) -> None:
        for line in self._lines:
            line.setPos(at)
            line.setVisible(True)
        self.cursor_moved.emit(at, self.values_at(at))

    def _hide_cursor(self) -> None:
        for line in self._lines:
            line.setVisible(False)
        self.cursor_moved.emit(float("nan"), "")

    def values_at(self, at: float) -> str:
        """Every visible curve's value at the sample nearest to time ``at``, with units."""
        parts = []
        for key, row in self._rows.items():
            values = []
            for (where, label), curve in self._curves.items():
                x = curve.data.x
                if where != key or not x.size or label in self._hidden:
                    continue
                index = int(np.clip(np.searchsorted(x, at), 0, x.size - 1))
                if index and at - x[index - 1] < x[index] - at:
                    index -= 1
                values.append(f"{curve.data.y[index]:.4g}")
            if values:
                parts.append(f"{row.title} {' / '.join(values)} {row.unit}")
        return "     ".join(parts)

    def table(self) -> tuple[list[str], list[np.ndarray]]:
        """Column titles and columns of what is visible, at original samples."""
        start, end = self.time_range()
        titles: list[str] = []
        columns: list[np.ndarray] = []
        for (key, label), curve in self._curves.items():
            if label in self._hidden:
                continue
            x = curve.data.x
            inside = (x >= start) & (x <= end)
            row = self._rows[key]
            titles += [self._x_label, f"{row.title} {label} [{row.unit}]"]
            columns += [x[inside], curve.data.y[inside]]
        return titles, columns

    def _menu(self, position: QPointF) -> None:
        show_menu(self, position.toPoint())

    @property
    def canvas(self) -> pg.GraphicsLayoutWidget:
        """The drawing itself, for copying and saving pictures."""
        return self._view

    def eventFilter(self, watched, event) -> bool:
        """Keys of the plot, and the end of the crosshair when the mouse leaves."""
        if watched is self._view:
            if event.type() is QEvent.Type.Leave:
                self._hide_cursor()
            elif event.type() is QEvent.Type.KeyPress and self._key(event):
                return True
        return super().eventFilter(watched, event)

    def _key(self, event) -> bool:
        alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        key = Qt.Key(event.key())
        if alt and key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            (self.zoom_back if key == Qt.Key.Key_Left else self.zoom_forward)()
            return True
        if (
            event.modifiers()
            & ~Qt.KeyboardModifier.KeypadModifier
            & (~Qt.KeyboardModifier.ShiftModifier)
        ):
            return False
        actions = {
            Qt.Key.Key_A: self.fit_all,
            Qt.Key.Key_Left: lambda: self.pan_by(-0.2),
            Qt.Key.Key_Right: lambda: self.pan_by(0.2),
            Qt.Key.Key_Plus: lambda: self.zoom_by(0.7),
            Qt.Key.Key_Minus: lambda: self.zoom_by(1 / 0.7),
        }
        if key in actions:
            actions[key]()
            return True
        return False


_HEIGHT = {Kind.MEASURED: 1, Kind.LINEAR: 2, Kind.MODEL: 3, Kind.RESIDUAL: 1}
