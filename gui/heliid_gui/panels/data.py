"""The Data view: channels of one record over time, its pieces, and what the cursor reads."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from heliid.channels import Role
from heliid.data.campaign import Use
from heliid.errors import HeliIDError
from heliid_gui.listen import listen
from heliid_gui.panels.marking import mark_button, spans_of, use_buttons
from heliid_gui.panels.record_facts import RecordFacts
from heliid_gui.panels.record_tree import RecordTree
from heliid_gui.plots.overview import OverviewStrip
from heliid_gui.plots.panel import PlotPanel, Row
from heliid_gui.plots.styles import Kind
from heliid_gui.presenters import formatting as fmt
from heliid_gui.presenters import records as presenter
from heliid_gui.presenters import setup as setups
from heliid_gui.presenters.doctor import Doctor, with_remedy
from heliid_gui.presenters.workbench import Workbench
from heliid_gui.rooms import follow
from heliid_gui.theme import SPACE
from heliid_gui.widgets import (
    Card,
    ElidedLabel,
    EmptyState,
    button,
    column,
    label,
    panes,
    row,
    scrolled,
    tool_button,
)

if TYPE_CHECKING:
    from heliid.data.doctor import Finding
    from heliid.data.record import FlightRecord
    from heliid.project.rows import ProjectRecord

STATISTICS_MS = 300
LONG = 200_000  # samples, from which on the curves come one by one
ROW_HEIGHT = 64  # px, the least that a row of the plots gets


class DataPanel(QWidget):
    """Tree, plots, overview strip and facts."""

    open_wanted = Signal()
    next_wanted = Signal()
    cursor_moved = Signal(float, str)
    problem = Signal(str, str)  # title, sentence
    unit_wanted = Signal(str, str)  # SI unit of a quantity, symbol to show it in

    def __init__(self, bench: Workbench, doctor: Doctor) -> None:
        super().__init__()
        self._bench, self._doctor = bench, doctor
        self._plotted: dict[str, tuple[str, ...]] = {}
        self._selection: tuple[float, float] | None = None
        # a million samples take longer than a frame: they are counted when the view rests
        self._statistics_timer = QTimer(self, singleShot=True, interval=STATISTICS_MS)
        self._statistics_timer.timeout.connect(self._show_statistics)
        self._shown: tuple = ()
        self._on_plots = 0  # which record the plots show
        self._curves: list[tuple[FlightRecord, str]] = []
        self._fits_after = False
        self._in_strip: tuple[FlightRecord | None, str] = (None, "")
        self._curve_timer = QTimer(self, interval=0)
        self._curve_timer.timeout.connect(self._next_curve)
        self.tree = RecordTree()
        self.plots = PlotPanel()
        self.strip = OverviewStrip()
        self.facts = RecordFacts()
        self._build()
        self._wire()
        self.refresh()

    def _build(self) -> None:
        self.name = label("", "heading")
        self.summary = label("", "muted")
        self.mark = mark_button(self)
        self.uses = use_buttons(self.use_selection)
        self.hint = ElidedLabel("", "muted")
        bar = row(self.mark, *self.uses.values(), self.hint, grows=1 + len(self.uses))
        fit = tool_button(
            "fit",
            self.tr("Show all"),
            self.plots.fit_all,
            tip=self.tr("Show the whole record (A, or double click)"),
        )
        head = row(self.name, self.summary, 1, fit)
        self.plot_area = scrolled(self.plots)
        centre = Card(head, self.plot_area, self.strip, bar, margins=SPACE + 4, grows=1)
        left = Card(self.tree, margins=0)
        split = panes((left, 210, 290), (centre, 390, 740), (self.facts, 200, 240))
        empty = EmptyState(
            "data",
            self.tr("No records yet"),
            self.tr(
                "Drop CSV files or a folder anywhere on this window. Each file is one "
                "manoeuvre; its first column is time."
            ),
            button(self.tr("Open records…"), self.open_wanted.emit, icon="open", kind="primary"),
        )
        self.stack = QStackedWidget()
        self.stack.addWidget(empty)
        self.stack.addWidget(split)
        self.setLayout(column(self.stack, margins=SPACE))

    def _wire(self) -> None:
        bench = self._bench
        listen(self, bench.setup_changed, self.refresh)
        listen(self, bench.record_chosen, self.refresh)
        self.tree.record_chosen.connect(bench.choose_record)
        self.tree.plotted_changed.connect(self._plot_channel)
        self.tree.role_wanted.connect(self.set_role)
        self.tree.use_wanted.connect(self.set_use)
        self.tree.remove_wanted.connect(self.remove_record)
        self.tree.unit_wanted.connect(self.unit_wanted)
        self.plots.cursor_moved.connect(self.cursor_moved)
        self.plots.range_changed.connect(self._range_changed)
        self.plots.region_dragged.connect(self._region_dragged)
        self.mark.toggled.connect(self.plots.set_region_mode)
        self.strip.range_wanted.connect(self.plots.set_time_range)
        self.strip.border_moved.connect(self._border_moved)
        self.facts.next_wanted.connect(self.next_wanted)
        self.facts.findings.chosen.connect(self.show_finding)
        self.facts.findings.remedy_wanted.connect(self.apply_remedy)
        listen(self, self._doctor.changed, self._show_findings)
        follow(self, self.refresh)

    # ---- showing -------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the set-up and the current record as they are now."""
        setup = self._bench.setup
        item = setups.find(setup, self._bench.current_record)
        self.stack.setCurrentIndex(0 if item is None else 1)
        if item is None:
            self._plotted.clear()
            self._shown, self._curves, self._on_plots = (), [], 0
            return
        plotted = self.plotted()
        self.tree.show_lines(presenter.lines(setup), item.key, plotted)
        record = setups.conditioned(item)
        self.name.setText(record.name)
        line = next(x for x in presenter.lines(setup) if x.key == item.key)
        self.summary.setText(f"{line.summary} · {line.use_text}")
        if record.n_samples > LONG and id(record) != self._on_plots:
            QTimer.singleShot(0, self, self._show_plots)  # the turn of a new record is long enough
        else:
            self._show_plots()
        self.facts.show_facts(presenter.details(item), setups.problem(setup))
        self._show_findings()
        self._statistics_timer.start()
        self._update_hint()

    def is_drawn(self, item: ProjectRecord) -> bool:
        """True when all curves of this record are on the plots."""
        return self._on_plots == id(setups.conditioned(item)) and not self._curves

    def _show_plots(self) -> None:
        """The rows, curves and pieces of the current record."""
        item = setups.find(self._bench.setup, self._bench.current_record)
        if item is not None:
            self._on_plots = id(setups.conditioned(item))
            self._show_curves(item, self.plotted())
            self._show_pieces(item)

    def plotted(self) -> tuple[str, ...]:
        """Channels on show of the current record, in its column order."""
        item = setups.find(self._bench.setup, self._bench.current_record)
        if item is None:
            return ()
        chosen = self._plotted.get(item.key)
        if chosen is None:
            chosen = presenter.default_plotted(self._bench.setup, setups.conditioned(item))
        return tuple(name for name in setups.conditioned(item).names if name in chosen)

    def _show_curves(self, item, plotted: tuple[str, ...]) -> None:
        record = setups.conditioned(item)
        rows = []
        for name in plotted:
            channel = record.channel(name)
            rows.append(Row(name, fmt.title(channel), fmt.shown_unit(channel).symbol))
        self.plots.set_rows(rows)
        units = tuple(one.unit for one in rows)
        shown = (item.key, id(record), tuple(plotted), units)
        if shown != self._shown:
            is_other = shown[:2] != self._shown[:2]
            self._shown = shown
            self._curves = [(record, name) for name in plotted]
            if record.n_samples > LONG:  # a curve per turn of the event loop
                self._curve_timer.start()
            else:
                while self._curves:
                    self._next_curve()
            self._fits_after = is_other and bool(self._curves)
            if is_other:
                self.plots.fit_all()
        self.plots.setMinimumHeight(ROW_HEIGHT * len(rows) + 40)
        self.plots.set_region_mode(self.mark.isChecked())
        if not self._curves:
            self._show_strip(record, plotted[-1] if plotted else record.names[0])

    def _show_strip(self, record: FlightRecord, signal: str) -> None:
        known, name = self._in_strip
        if known is not record or name != signal:
            self._in_strip = record, signal
            self.strip.set_signal(record.time, record.column(signal))

    def _next_curve(self) -> None:
        """Draw one curve more of those that wait."""
        if not self._curves:
            self._curve_timer.stop()
            return
        record, name = self._curves.pop(0)
        channel = record.channel(name)
        values = fmt.shown(channel, record.column(name))
        self.plots.set_curve(name, "measured", Kind.MEASURED, record.time, values)
        if not self._curves and self._fits_after:
            self.plots.fit_all()
        if not self._curves:
            QTimer.singleShot(0, self, partial(self._show_strip, record, name))

    def _show_pieces(self, item) -> None:
        parts = tuple((start, end, use.value) for start, end, use in setups.pieces(item))
        self.strip.set_pieces(parts)
        self.strip.show_range(*self.plots.time_range())
        self.plots.set_spans(spans_of(parts, self._selection))

    def _show_statistics(self) -> None:
        item = setups.find(self._bench.setup, self._bench.current_record)
        if item is not None:
            rows = presenter.statistics(
                setups.conditioned(item), self.plotted(), *self.plots.time_range()
            )
            self.facts.show_statistics(rows)

    def _show_findings(self) -> None:
        item = setups.find(self._bench.setup, self._bench.current_record)
        if item is not None:
            done = self._doctor.is_done(item)
            self.facts.findings.show_lines(self._doctor.lines(item), is_done=done)

    def _range_changed(self, start: float, end: float) -> None:
        self.strip.show_range(start, end)
        self._statistics_timer.start()

    def _update_hint(self) -> None:
        if self._selection is None:
            self.hint.set_full_text(self.tr("for the whole record"))
        else:
            start, end = self._selection
            self.hint.set_full_text(self.tr("for %.2f to %.2f s") % (start, end))

    # ---- what the user does --------------------------------------------------------------

    def _plot_channel(self, name: str, on: bool) -> None:
        key = self._bench.current_record
        chosen = set(self.plotted())
        (chosen.add if on else chosen.discard)(name)
        item = setups.find(self._bench.setup, key)
        if item is not None:
            self._plotted[key] = tuple(n for n in setups.conditioned(item).names if n in chosen)
            self.refresh()

    def _region_dragged(self, start: float, end: float, finished: bool) -> None:
        self._selection = (start, end) if end > start else None
        item = setups.find(self._bench.setup, self._bench.current_record)
        if item is not None:
            self._show_pieces(item)
        self._update_hint()
        if finished:
            self.mark.setChecked(False)

    def use_selection(self, use: str) -> None:
        """Give the marked region, or the whole record, this use."""
        item = setups.find(self._bench.setup, self._bench.current_record)
        if item is None:
            return
        if self._selection is None:
            self.set_use(item.key, use)
            return
        changed = setups.paint(item, *self._selection, Use(use))
        self._selection = None
        self._bench.edit(
            f"Use a region for {fmt.USE_NAMES[use]}", setups.replaced(self._bench.setup, changed)
        )

    def set_use(self, key: str, use: str) -> None:
        """Give a whole record this use."""
        item = setups.find(self._bench.setup, key)
        if item is not None:
            time = setups.conditioned(item).time
            changed = setups.with_pieces(item, [(float(time[0]), float(time[-1]), Use(use))])
            self._bench.edit(
                f"Use {item.record.name} for {fmt.USE_NAMES[use]}",
                setups.replaced(self._bench.setup, changed),
            )

    def _border_moved(self, index: int, at: float, _finished: bool) -> None:
        item = setups.find(self._bench.setup, self._bench.current_record)
        if item is not None:
            changed = setups.move_border(item, index, at)
            self._bench.edit("Move a border", setups.replaced(self._bench.setup, changed))

    def show_finding(self, finding: Finding) -> None:
        """Bring the place of a finding into view: its channels, its time."""
        item = setups.find(self._bench.setup, self._bench.current_record)
        if item is None:
            return
        names = setups.conditioned(item).names
        wanted = {*self.plotted(), *(n for n in finding.channels if n in names)}
        self._plotted[item.key] = tuple(n for n in names if n in wanted)
        self.refresh()
        self.plots.flush()
        first, last = self.plots.time_limits()
        has_place = finding.end > 0.0 or finding.start > 0.0
        if has_place and finding.end - finding.start < 0.9 * (last - first):
            margin = max(0.5 * (finding.end - finding.start), 0.02 * (last - first))
            self.plots.set_time_range(finding.start - margin, finding.end + margin)
        else:
            self.plots.fit_all()

    def apply_remedy(self, finding: Finding) -> None:
        """Apply the doctor's remedy as a conditioning step of the record."""
        key = self._bench.current_record
        if finding.remedy is None:
            return
        try:
            changed = with_remedy(self._bench.setup, key, finding)
        except HeliIDError as error:
            self.problem.emit(self.tr("The remedy does not fit"), str(error))
            return
        self._bench.edit(finding.remedy.sentence(), changed)

    def set_role(self, name: str, role: Role) -> None:
        """Make a channel input, output or neither."""
        self._bench.edit(
            f"Make {name} {role.value}", setups.with_role(self._bench.setup, name, role)
        )

    def remove_record(self, key: str) -> None:
        """Take a record out of the project."""
        self._bench.edit("Remove a record", setups.without(self._bench.setup, key))
