"""The one plot panel: stacked rows over one time axis, crosshair, zoom history, copy and save.

A panel shows rows (one per channel), each with any number of curves. Values come in the unit they
are shown in, at original samples; drawing is decimated, read-off and export are not. The value
axes follow what is visible until the user sets one by hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Qt, QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from heliid_gui.plots.legend import Legend
from heliid_gui.plots.menu import show_menu
from heliid_gui.plots.row_plot import AXIS_WIDTH, Curve, Row, RowPlot, Span
from heliid_gui.plots.styles import Kind
from heliid_gui.plots.zoom_history import ZoomHistory
from heliid_gui.theme import colours, theme

__all__ = ["AXIS_WIDTH", "PlotPanel", "Row", "Span"]

NOWHERE = (0.0, 0.0)
_IN_LEGEND = {Kind.MEASURED: 0, Kind.MODEL: 1, Kind.LINEAR: 3}  # others between, as they came


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
        self._stack: dict[str, RowPlot] = {}
        self._spans: tuple[Span, ...] = ()
        self._n_rows = 0
        self._dirty: set[str] = set()
        self._is_scheduled = False
        self._hidden: set[str] = set()
        self._history = ZoomHistory()
        self._fitted = NOWHERE  # the limits that are in view, while all of time is
        self._follow = True  # show all of time until the user zooms
        self._view = pg.GraphicsLayoutWidget()
        self._view.setFrameShape(self._view.Shape.NoFrame)
        self._view.ci.layout.setSpacing(2)
        self._view.ci.layout.setContentsMargins(4, 6, 10, 2)  # the topmost number needs room
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
        self._is_out_of_style = False
        theme().changed.connect(self._theme_changed)
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
        return tuple(one.row for one in self._stack.values())

    @property
    def row_plots(self) -> tuple[RowPlot, ...]:
        """The plots, top to bottom."""
        return tuple(self._stack.values())

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Make the stack anew; nothing happens when the rows are the same."""
        if tuple(rows) == self.rows:
            return
        for one in self._stack.values():
            one.leave(self._view.ci.layout)
        self._stack.clear()
        self._spans = ()
        self._fitted, self._follow = NOWHERE, True
        self._n_rows = len(rows)
        for number, row in enumerate(rows):
            self._add(number, row, x_label=self._x_label if number == len(rows) - 1 else "")
        self._view.ci.layout.activate()
        names = ", ".join(row.title for row in rows)
        self._view.setAccessibleName(self.tr("Plot of %s against %s") % (names, self._x_label))
        self._restyle()
        self._update_legend()

    def _add(self, number: int, row: Row, *, x_label: str) -> None:
        made = RowPlot(row, log_x=self._log_x)
        made.box.about_to_move.connect(self._remember)
        made.box.fit_wanted.connect(self.fit_all)
        made.box.menu_wanted.connect(self._menu)
        made.box.region_dragged.connect(self.region_dragged)
        if self._stack:
            made.box.setXLink(self._first().box)
        else:
            made.box.sigXRangeChanged.connect(self._x_changed)
        if number == self._n_rows - 1:  # the last to follow
            made.box.sigXRangeChanged.connect(self._all_moved)
        made.place(self._view.ci.layout, number, x_label=x_label)
        self._stack[row.key] = made

    def _first(self) -> RowPlot:
        return next(iter(self._stack.values()))

    def curves(self) -> Iterator[tuple[str, Curve]]:
        """Every curve with the key of its row."""
        for key, one in self._stack.items():
            for curve in one.curves.values():
                yield key, curve

    def set_curve(self, row: str, label: str, kind: Kind, x: np.ndarray, y: np.ndarray) -> None:
        """Show (or replace) one curve; ``x``, ``y`` (N,) in shown units, not copied."""
        is_new = label not in self._stack[row].curves
        curve = self._stack[row].curve(label, kind)
        if is_new:
            curve.item.setVisible(label not in self._hidden)
        elif curve.shows(kind, x, y):
            return
        curve.take(kind, x, y)
        self._draw_soon(row)
        if is_new:
            self._update_legend()

    def _draw_soon(self, *rows: str) -> None:
        self._dirty.update(rows)
        if not self._is_scheduled:
            self._is_scheduled = True
            QTimer.singleShot(0, self, self.flush)

    def flush(self) -> None:
        """Draw what was set since the last time; done by itself before the next event."""
        self._is_scheduled = False
        rows, self._dirty = self._dirty, set()
        if self._follow and rows:
            self._show_all_time()
        for row in rows:
            if row in self._stack:
                self._draw(row)

    def drop_curves(self, label: str) -> None:
        """Remove this curve from every row."""
        if any([one.drop(label) for one in self._stack.values()]):  # noqa: C419 - every row
            self._update_legend()

    def clear_curves(self) -> None:
        """Remove every curve, band and shade; keep the rows."""
        for one in self._stack.values():
            one.clear()
        self.set_spans(())
        self._follow = True
        self._update_legend()

    def set_spans(self, spans: Sequence[Span]) -> None:
        """Shade pieces of time."""
        if tuple(spans) != self._spans:
            self._spans = tuple(spans)
            for one in self._stack.values():
                one.set_spans(self._spans)

    def add_band(
        self, row: str, x: np.ndarray, low: np.ndarray, high: np.ndarray, *, role: str = "good"
    ) -> None:
        """Fill between two curves (N,): a tolerance, or an interval; gone with ``clear_curves``.

        ``role`` is a colour of the theme; ``"bad"`` has a dashed edge too.
        """
        self._stack[row].add_band(x, low, high, role)

    def set_region_mode(self, on: bool) -> None:
        """Dragging marks a piece of time instead of panning."""
        for one in self._stack.values():
            one.box.region_mode = on
        self._view.setCursor(Qt.CursorShape.IBeamCursor if on else Qt.CursorShape.ArrowCursor)

    # ---- zoom ----------------------------------------------------------------------------

    def time_limits(self) -> tuple[float, float]:
        """First and last time of all curves."""
        known = [curve.data.x for _, curve in self.curves() if curve.data.x.size]
        if not known:
            return 0.0, 1.0
        start, end = min(x[0] for x in known), max(x[-1] for x in known)
        return (float(start), float(end)) if end > start else (float(start), float(start) + 1.0)

    def time_range(self) -> tuple[float, float]:
        """What is visible of the time axis."""
        if not self._stack:
            return 0.0, 1.0
        start, end = self._first().box.viewRange()[0]
        return float(start), float(end)

    def set_time_range(self, start: float, end: float) -> None:
        """Show this piece of time."""
        if self._stack:
            self._follow, self._fitted = False, NOWHERE
            self._first().box.setXRange(start, end, padding=0)

    def fit_all(self) -> None:
        """Show all of time, and values as the data want."""
        self._remember()
        for one in self._stack.values():
            one.is_by_hand = False
        self._follow = True
        self._dirty = set(self._stack)
        self.flush()

    def zoom_back(self) -> None:
        """The view before the last zoom or pan."""
        found = self._history.back(self.time_range())
        if found is not None:
            self.set_time_range(*found)

    def zoom_forward(self) -> None:
        """The view that ``zoom_back`` left."""
        found = self._history.forward(self.time_range())
        if found is not None:
            self.set_time_range(*found)

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
        limits = self.time_limits()
        if self._stack and limits != self._fitted:
            self._fitted = limits
            self._first().box.setXRange(*limits, padding=0.01)

    def _remember(self) -> None:
        self._follow, self._fitted = False, NOWHERE
        self._history.about_to_move(self.time_range())

    # ---- drawing -------------------------------------------------------------------------

    def _x_changed(self) -> None:
        for key in self._stack:
            self._draw(key)
        self.range_changed.emit(*self.time_range())

    def _all_moved(self) -> None:
        """Transforms now: the library makes them within the paint, and then paints twice."""
        self._view.scene().prepareForPaint()

    def _draw(self, row: str) -> None:
        pixels = max(self._view.width() - AXIS_WIDTH, 50)
        self._stack[row].draw(*self.time_range(), pixels, is_live=self._live)

    def _theme_changed(self) -> None:
        """At once where it is seen; the others when they are shown."""
        self._is_out_of_style = not self.isVisible()
        if not self._is_out_of_style:
            self._restyle()

    def showEvent(self, event) -> None:
        """In the colours of the moment."""
        if self._is_out_of_style:
            self._is_out_of_style = False
            self._restyle()
        super().showEvent(event)

    def _restyle(self) -> None:
        self._view.setBackground(colours().surface)
        for key, one in self._stack.items():
            one.restyle()
            self._draw(key)
        self._update_legend()

    def resizeEvent(self, event) -> None:
        """More pixels show more samples."""
        super().resizeEvent(event)
        self._draw_soon(*self._stack)

    def _update_legend(self) -> None:
        seen: dict[str, Kind] = {}
        for _, curve in self.curves():
            seen.setdefault(curve.label, curve.kind)
        entries = sorted(seen.items(), key=lambda entry: _IN_LEGEND.get(entry[1], 2))
        self.legend.set_entries(tuple(entries), self._hidden)

    def _toggle_label(self, label: str) -> None:
        self._hidden ^= {label}
        for _, curve in self.curves():
            if curve.label == label:
                curve.item.setVisible(label not in self._hidden)
        self._draw_soon(*self._stack)
        self._update_legend()

    # ---- reading off ---------------------------------------------------------------------

    def _mouse_moved(self, position: QPointF) -> None:
        for one in self._stack.values():
            if one.box.sceneBoundingRect().contains(position):
                at = float(one.box.mapSceneToView(position).x())
                self._show_cursor(at)
                self.cursor_moved.emit(at, self.values_at(at))
                return
        self._hide_cursor()

    def _show_cursor(self, at: float | None) -> None:
        for one in self._stack.values():
            one.show_cursor(at)

    def _hide_cursor(self) -> None:
        self._show_cursor(None)
        self.cursor_moved.emit(float("nan"), "")

    def values_at(self, at: float) -> str:
        """Every visible curve's value at the sample nearest to time ``at``, with units."""
        parts = []
        for one in self._stack.values():
            shown = (c for c in one.curves.values() if c.label not in self._hidden)
            values = [f"{v:.4g}" for v in (c.nearest(at) for c in shown) if v is not None]
            if values:
                parts.append(f"{one.row.title} {' / '.join(values)} {one.row.unit}")
        return "     ".join(parts)

    def table(self) -> tuple[list[str], list[np.ndarray]]:
        """Column titles and columns of what is visible, at original samples."""
        start, end = self.time_range()
        titles, columns = [], []
        for key, curve in self.curves():
            if curve.label in self._hidden:
                continue
            x, row = curve.data.x, self._stack[key].row
            inside = (x >= start) & (x <= end)
            titles += [self._x_label, f"{row.title} {curve.label} [{row.unit}]"]
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
        """Act on a key of the plot; False when it is not one."""
        modifier, key = Qt.KeyboardModifier, Qt.Key(event.key())
        held = event.modifiers() & ~modifier.KeypadModifier & ~modifier.ShiftModifier
        if held == modifier.AltModifier:
            actions = {Qt.Key.Key_Left: self.zoom_back, Qt.Key.Key_Right: self.zoom_forward}
        elif held == modifier.NoModifier:
            actions = {
                Qt.Key.Key_A: self.fit_all,
                Qt.Key.Key_Left: lambda: self.pan_by(-0.2),
                Qt.Key.Key_Right: lambda: self.pan_by(0.2),
                Qt.Key.Key_Plus: lambda: self.zoom_by(0.7),
                Qt.Key.Key_Minus: lambda: self.zoom_by(1 / 0.7),
            }
        else:
            return False
        if key not in actions:
            return False
        actions[key]()
        return True
