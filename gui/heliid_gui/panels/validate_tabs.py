"""The evidence behind the verdict: free runs and numbers."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QWidget

from heliid.data.record import Channel
from heliid_gui.panels.text_table import TextTable
from heliid_gui.plots.panel import PlotPanel, Row, Span
from heliid_gui.plots.styles import Kind
from heliid_gui.presenters import formatting as fmt
from heliid_gui.presenters import judgement as presenter
from heliid_gui.presenters.judgement import Interval
from heliid_gui.rooms import follow
from heliid_gui.theme import SPACE, colours
from heliid_gui.widgets import ElidedLabel, column, label, row


def picker(name: str, least: int = 18) -> QComboBox:
    """A combo box that does not grow with its entries."""
    box = QComboBox()
    box.setMinimumContentsLength(least)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setAccessibleName(name)
    return box


def fill(box: QComboBox, names: tuple[str, ...]) -> None:
    """New entries; the choice stays when it is still there."""
    now = box.currentText()
    if tuple(box.itemText(k) for k in range(box.count())) != names:
        box.clear()
        box.addItems(list(names))
        if now in names:
            box.setCurrentText(now)


class ResponseTab(QWidget):
    """Free run against flight, with tolerance bands and what lies outside the envelope."""

    cursor_moved = Signal(float, str)

    def __init__(self) -> None:
        super().__init__()
        self.record = picker(self.tr("Record"), 24)
        self.residual = QCheckBox(self.tr("Error"))
        self.residual.setToolTip(self.tr("Show measured minus model"))
        self.bands = QCheckBox(self.tr("Tolerances"))
        self.bands.setToolTip(
            self.tr(
                "Simulator tolerance bands around the flight, where a test "
                "case of 14 CFR Part 60 fits the manoeuvre"
            )
        )
        self.bands.setChecked(True)
        self.envelope = QCheckBox(self.tr("Envelope"))
        self.envelope.setToolTip(
            self.tr("Shade where the flight leaves what the model was trained on")
        )
        self.envelope.setChecked(True)
        self.uncertainty = QCheckBox(self.tr("95 % band"))
        self.uncertainty.setToolTip(
            self.tr(
                "Where the flight should lie in 95 % of the time, from how far the refits of "
                "this run disagree and from the noise"
            )
        )
        self.covered = ElidedLabel("", "muted")
        self.plots = PlotPanel()
        self.plots.cursor_moved.connect(self.cursor_moved)
        head = row(
            self.record,
            self.residual,
            self.bands,
            self.uncertainty,
            self.envelope,
            self.covered,
            grows=5,
        )
        self.setLayout(column(head, self.plots, margins=SPACE))
        self.record.activated.connect(self._draw)
        for box in (self.residual, self.bands, self.uncertainty, self.envelope):
            box.toggled.connect(self._draw)
        follow(self, self._draw)
        self._report = None
        self._channels: tuple[Channel, ...] = ()
        self._intervals: dict[str, Interval] = {}

    def show_intervals(self, intervals: dict[str, Interval]) -> None:
        """The ensemble's bands by record; none when the run kept a single model."""
        self._intervals = intervals
        self.uncertainty.setEnabled(bool(intervals))

    def show_report(self, report, channels: tuple[Channel, ...]) -> None:
        """Show the records of this report."""
        self._report, self._channels = report, channels
        fill(self.record, presenter.record_names(report))
        self._draw()

    def _draw(self) -> None:
        if self._report is None:
            return
        name = self.record.currentText()
        model = presenter.find_record(self._report, name)
        linear = None
        if self._report.linear is not None and self._report.n_hidden > 0:
            linear = presenter.find_record(self._report.linear, name)
        residual = self.residual.isChecked()
        self.plots.set_rows(
            [
                Row(c.name, fmt.title(c) + (" error" if residual else ""), fmt.shown_unit(c).symbol)
                for c in self._channels
            ]
        )
        self.plots.clear_curves()
        for index, channel in enumerate(self._channels):
            if not residual:
                flight = fmt.shown(channel, model.measured[:, index])
                self.plots.set_curve(channel.name, "measured", Kind.MEASURED, model.time, flight)
            for text, kind, one in (
                ("linear model", Kind.LINEAR, linear),
                ("model", Kind.MODEL, model),
            ):
                if one is None:
                    continue
                if residual:
                    error = one.measured[:, index] - one.simulated[:, index]
                    values = fmt.shown_difference(channel, error)
                else:
                    values = fmt.shown(channel, one.simulated[:, index])
                self.plots.set_curve(channel.name, text, kind, one.time, values)
        if self.bands.isChecked() and not residual:
            self._draw_bands(model)
        self._draw_interval(name, residual)
        self._draw_envelope(model)

    def _draw_interval(self, name: str, residual: bool) -> None:
        found = self._intervals.get(name)
        if found is None or residual or not self.uncertainty.isChecked():
            self.covered.set_full_text("")
            return
        for index, channel in enumerate(self._channels):
            low, high = (fmt.shown(channel, side[:, index]) for side in (found.low, found.high))
            self.plots.add_band(channel.name, found.time, low, high, role="model")
        shares = (
            f"{c.name} {fmt.percent(100 * share, 0)}"
            for c, share in zip(self._channels, found.coverage, strict=True)
        )
        self.covered.set_full_text(self.tr("inside: %s") % ", ".join(shares))

    def _draw_bands(self, record) -> None:
        by_name = {channel.name: channel for channel in self._channels}
        for case in record.cases:
            for band in case.bands:
                channel = by_name.get(band.output)
                if channel is not None and band.time.size:
                    self.plots.add_band(
                        band.output,
                        band.time,
                        fmt.shown(channel, band.low),
                        fmt.shown(channel, band.high),
                        role="good" if band.passed else "bad",
                    )

    def _draw_envelope(self, record) -> None:
        spans = []
        if self.envelope.isChecked():
            shade = colours().warning
            spans = [Span(a, b, shade, 24) for a, b in presenter.outside_spans(record)]
        self.plots.set_spans(spans)


class NumbersTab(QWidget):
    """Scores per record and output for one window length."""

    def __init__(self) -> None:
        super().__init__()
        self.window_box = picker(self.tr("Length of the free run"), 14)
        self.window_box.setToolTip(
            self.tr("How long the model runs freely before it is restarted from the measurement")
        )
        self.table = TextTable(presenter.SCORE_COLUMNS, text_columns=2)
        head = row(label(self.tr("Free run over"), "muted"), self.window_box, 1)
        note = label(self.tr("Every model is scored from the same sample on."), "muted")
        self.setLayout(column(head, self.table, note, margins=SPACE))
        self.window_box.activated.connect(self._draw)
        self._report = None
        self._channels: tuple[Channel, ...] = ()

    def show_report(self, report, channels: tuple[Channel, ...]) -> None:
        """Show the scores of this report."""
        first = self._report is None
        self._report, self._channels = report, channels
        fill(self.window_box, tuple(presenter.window_name(w) for w in report.windows))
        if first and "all" in report.windows:
            self.window_box.setCurrentIndex(report.windows.index("all"))
        self._draw()

    def _draw(self) -> None:
        if self._report is not None:
            window = self._report.windows[max(0, self.window_box.currentIndex())]
            self.table.show_rows(presenter.score_rows(self._report, window, self._channels))
