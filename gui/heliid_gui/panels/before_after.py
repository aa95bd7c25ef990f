"""Before and after: the record's curves over time, its pieces, and a marked piece of time."""

from __future__ import annotations

from functools import partial

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from heliid.project import ProjectRecord
from heliid_gui.panels.marking import mark_button, spans_of, use_buttons
from heliid_gui.plots.overview import OverviewStrip
from heliid_gui.plots.panel import PlotPanel, Row
from heliid_gui.plots.styles import Kind
from heliid_gui.presenters import formatting as fmt
from heliid_gui.presenters import records as records_presenter
from heliid_gui.presenters import setup as setups
from heliid_gui.presenters.setup import Setup
from heliid_gui.theme import SPACE
from heliid_gui.widgets import ElidedLabel, button, column, label, row, scrolled

ROW_HEIGHT = 64  # px
MAX_ROWS = 6


class BeforeAfter(QWidget):
    """Plots, strip and the buttons that act on the marked piece."""

    use_wanted = Signal(str)
    step_wanted = Signal(str)  # kind
    border_moved = Signal(int, float)
    cursor_moved = Signal(float, str)

    def __init__(self) -> None:
        super().__init__()
        self.selection: tuple[float, float] | None = None
        self._item: ProjectRecord | None = None
        self._shown: tuple = ()
        self.plots, self.strip = PlotPanel(), OverviewStrip()
        self._build()
        self.plots.region_dragged.connect(self._region_dragged)
        self.plots.cursor_moved.connect(self.cursor_moved)
        self.plots.range_changed.connect(self.strip.show_range)
        self.mark.toggled.connect(self.plots.set_region_mode)
        self.strip.range_wanted.connect(self.plots.set_time_range)
        self.strip.border_moved.connect(lambda k, at, _done: self.border_moved.emit(k, at))

    def _build(self) -> None:
        self.mark = mark_button(self)
        self.uses = use_buttons(self.use_wanted.emit)
        self.crop = button(
            self.tr("Keep only this"),
            partial(self.step_wanted.emit, "crop"),
            tip=self.tr("A step that leaves out the rest of the record"),
        )
        self.trim = button(
            self.tr("Trim from this"),
            partial(self.step_wanted.emit, "trim"),
            tip=self.tr(
                "A step that takes the marked steady part as the trim; "
                "without a mark the steadiest 2 s are taken"
            ),
        )
        self.hint = ElidedLabel("", "muted")
        layout = column(
            row(self.mark, self.crop, self.trim, self.hint, grows=3),
            scrolled(self.plots),
            self.strip,
            row(label(self.tr("Use for"), "muted"), *self.uses.values(), 1),
            grows=1,
        )
        layout.setContentsMargins(0, SPACE, 0, 0)
        self.setLayout(layout)

    def show_item(self, setup: Setup, item: ProjectRecord) -> bool:
        """Show the record as it is now; True when it is another one than before."""
        is_other = (item.key, item.record) != self._shown[:2]
        if is_other:
            self.selection = None
        self._item = item
        self._show_curves(setup, item)
        self._show_pieces(item)
        return is_other

    def _show_curves(self, setup: Setup, item: ProjectRecord) -> None:
        before, after = item.record, setups.conditioned(item)
        names = records_presenter.default_plotted(setup, after)[:MAX_ROWS]
        self.plots.set_rows(
            [
                Row(n, fmt.title(after.channel(n)), fmt.shown_unit(after.channel(n)).symbol)
                for n in names
            ]
        )
        units = tuple(fmt.shown_unit(after.channel(n)).symbol for n in names)
        state = (item.key, item.record, after, names, units)
        if state != self._shown:
            is_other = state[:2] != self._shown[:2]
            if is_other:
                self.plots.clear_curves()
            self.plots.drop_curves("before")
            for name in names:
                channel = after.channel(name)
                is_changed = (
                    after is not before
                    and name in before.names
                    and not (
                        np.array_equal(before.column(name), after.column(name))
                        and np.array_equal(before.time, after.time)
                    )
                )
                if is_changed and before.channel(name).si == channel.si:
                    values = fmt.shown(channel, before.column(name))
                    self.plots.set_curve(name, "before", Kind.BEFORE, before.time, values)
                values = fmt.shown(channel, after.column(name))
                self.plots.set_curve(name, "after", Kind.MEASURED, after.time, values)
            if is_other:
                self.plots.fit_all()
            self._shown = state
        self.plots.setMinimumHeight(ROW_HEIGHT * len(names) + 40)
        self.plots.set_region_mode(self.mark.isChecked())
        self.strip.set_signal(after.time, after.column(names[-1]))

    def _show_pieces(self, item: ProjectRecord) -> None:
        parts = setups.pieces(item)
        named = tuple((a, b, use.value) for a, b, use in parts)
        self.strip.set_pieces(named)
        self.strip.show_range(*self.plots.time_range())
        self.plots.set_spans(spans_of(named, self.selection))
        marked = self.selection is not None
        self.crop.setEnabled(marked)
        self.crop.setToolTip(
            self.tr("A step that leaves out the rest of the record")
            if marked
            else self.tr("Mark a region first: press R and drag over the plots")
        )
        self.hint.set_full_text(
            self.tr("%.3f to %.3f s marked") % self.selection
            if self.selection
            else self.tr("press R and drag to mark")
        )

    def _region_dragged(self, start: float, end: float, finished: bool) -> None:
        self.mark_piece((start, end) if end > start else None)
        if finished:
            self.mark.setChecked(False)

    def mark_piece(self, piece: tuple[float, float] | None) -> None:
        """Mark this piece of time, s."""
        self.selection = piece
        if self._item is not None:
            self._show_pieces(self._item)

    def take_selection(self) -> tuple[float, float] | None:
        """The marked piece, for something that uses it up."""
        piece, self.selection = self.selection, None
        return piece

    def show_place(self, start: float, end: float) -> None:
        """Zoom to a piece of time and mark it; all of it when it is nearly everything."""
        first, last = self.plots.time_limits()
        length = end - start
        if (end > 0.0 or start > 0.0) and length < 0.9 * (last - first):
            margin = max(0.5 * length, 0.02 * (last - first))
            self.plots.set_time_range(start - margin, end + margin)
            self.mark_piece((start, end) if length > 0 else None)
        else:
            self.plots.fit_all()
