"""The evidence behind the verdict: responses, numbers, residual tests, frequency, modes."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QWidget

from heliid.data.record import Channel
from heliid_gui.panels.text_table import TextTable
from heliid_gui.plots.panel import PlotPanel, Row, Span
from heliid_gui.plots.styles import Kind
from heliid_gui.presenters import formatting as fmt
from heliid_gui.presenters import judgement as presenter
from heliid_gui.presenters.judgement import Judgement
from heliid_gui.theme import SPACE, colours, theme
from heliid_gui.widgets import Banner, column, label, row


def _picker(name: str, least: int = 18) -> QComboBox:
    box = QComboBox()
    box.setMinimumContentsLength(least)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setAccessibleName(name)
    return box


def _fill(box: QComboBox, names: tuple[str, ...]) -> None:
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
        self.record = _picker(self.tr("Record"), 24)
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
        self.plots = PlotPanel()
        self.plots.cursor_moved.connect(self.cursor_moved)
        head = row(self.record, self.residual, self.bands, self.envelope, 1)
        self.setLayout(column(head, self.plots, margins=SPACE))
        self.record.activated.connect(self._draw)
        for box in (self.residual, self.bands, self.envelope):
            box.toggled.connect(self._draw)
        theme().changed.connect(self._draw)
        self._report = None
        self._channels: tuple[Channel, ...] = ()

    def show_report(self, report, channels: tuple[Channel, ...]) -> None:
        """Show the records of this report."""
        self._report, self._channels = report, channels
        _fill(self.record, presenter.record_names(report))
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
        self._draw_envelope(model)

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
                        passed=band.passed,
                    )

    def _draw_envelope(self, record) -> None:
        spans = []
        if self.envelope.isChecked():
            shade = colours().warning
            spans = [Span(a, b, shade, 34) for a, b in presenter.outside_spans(record)]
        self.plots.set_spans(spans)


class NumbersTab(QWidget):
    """Scores per record and output for one window length."""

    def __init__(self) -> None:
        super().__init__()
        self.window_box = _picker(self.tr("Length of the free run"), 14)
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
        _fill(self.window_box, tuple(presenter.window_name(w) for w in report.windows))
        if first and "all" in report.windows:
            self.window_box.setCurrentIndex(report.windows.index("all"))
        self._draw()

    def _draw(self) -> None:
        if self._report is not None:
            window = self._report.windows[max(0, self.window_box.currentIndex())]
            self.table.show_rows(presenter.score_rows(self._report, window, self._channels))


_KINDS = {
    "auto": "residual with itself",
    "cross": "with {input}",
    "u2_e": "{input} squared, residual",
    "u2_e2": "{input} squared, residual squared",
    "e_eu": "residual, residual times {input}",
}


class ResidualsTab(QWidget):
    """Correlations of the one-step residuals, with their 95 % bounds."""

    def __init__(self) -> None:
        super().__init__()
        self.record = _picker(self.tr("Record"), 20)
        self.output = _picker(self.tr("Output"), 8)
        self.nonlinear = QCheckBox(self.tr("Nonlinear tests"))
        self.nonlinear.setToolTip(
            self.tr(
                "Also the tests with squares, which see what a linear "
                "test cannot (Billings and Voon)"
            )
        )
        self.plots = PlotPanel(x_label="lag [s]")
        head = row(self.record, self.output, self.nonlinear, 1)
        note = label(
            self.tr(
                "One-step residuals: what the past could still have told. Dotted: 95 % of the lags "
                "stay inside when nothing is left."
            ),
            "muted",
            wrap=True,
        )
        self.setLayout(column(head, self.plots, note, margins=SPACE))
        self.record.activated.connect(self._draw)
        self.output.activated.connect(self._draw)
        self.nonlinear.toggled.connect(self._draw)
        self._report = None

    def show_report(self, report, channels: tuple[Channel, ...]) -> None:
        """Show the residual tests of this report."""
        self._report = report
        _fill(self.record, presenter.record_names(report))
        _fill(self.output, tuple(channel.name for channel in channels))
        self._draw()

    def _draw(self) -> None:
        if self._report is None:
            return
        record = presenter.find_record(self._report, self.record.currentText())
        name = self.output.currentText()
        test = next((t for t in record.residual_tests if t.output == name), None)
        if test is None:
            return
        shown = [c for c in test.correlations if c.is_linear or self.nonlinear.isChecked()]
        self.plots.set_rows(
            [Row(str(k), _KINDS[c.kind].format(input=c.input), "") for k, c in enumerate(shown)]
        )
        self.plots.clear_curves()
        for k, one in enumerate(shown):
            bound = one.bound if one.kind == "auto" else one.corrected_bound
            self.plots.set_curve(str(k), "correlation", Kind.RESIDUAL, one.lags, one.values)
            for sign, text in ((1, "95 % bound"), (-1, "lower bound")):
                line = np.full(one.lags.shape, sign * bound)
                self.plots.set_curve(str(k), text, Kind.BEFORE, one.lags, line)
        self.plots.legend.setVisible(False)


class FrequencyTab(QWidget):
    """Frequency response of one pair, flight and model from the same input and estimator."""

    def __init__(self) -> None:
        super().__init__()
        self.pair = _picker(self.tr("Pair"), 24)
        self.note = label("", "muted", wrap=True)
        self.plots = PlotPanel(x_label="frequency [rad/s]", log_x=True)
        self.setLayout(column(row(self.pair, 1), self.plots, self.note, margins=SPACE))
        self.pair.activated.connect(self._draw)
        self._frequency = None

    def show_report(self, report, _channels: tuple[Channel, ...]) -> None:
        """Show the responses of this report."""
        self._frequency = report.frequency
        pairs = tuple(f"{p.input} → {p.output}" for p in report.frequency.pairs)
        _fill(self.pair, pairs)
        self.pair.setEnabled(bool(pairs))
        self._draw()

    def _draw(self) -> None:
        found = self._frequency
        if found is None or not found.pairs:
            self.plots.set_rows([])
            self.note.setText(found.reason if found is not None else "")
            return
        pair = found.pairs[max(0, self.pair.currentIndex())]
        self.plots.set_rows(
            [Row("db", "Gain", "dB"), Row("deg", "Phase", "deg"), Row("g2", "Coherence", "-")]
        )
        x = np.log10(pair.omega)
        for key, flight, model in (
            ("db", pair.flight_db, pair.model_db),
            ("deg", pair.flight_deg, pair.model_deg),
            ("g2", pair.coherence, pair.model_coherence),
        ):
            self.plots.set_curve(key, "flight", Kind.MEASURED, x, flight)
            self.plots.set_curve(key, "model", Kind.MODEL, x, model)
        j = (
            self.tr("too little coherence for J")
            if np.isnan(pair.j)
            else (f"J = {fmt.figure(pair.j)}")
        )
        self.note.setText(
            self.tr("%s (up to 100 on average is the guideline). Windows of %s s, %d averages.")
            % (j, fmt.figure(found.window_s), found.n_segments)
        )


class ModesTab(QWidget):
    """Natural modes and derivatives of the linearised model."""

    def __init__(self) -> None:
        super().__init__()
        self.banner = Banner()
        self.modes = TextTable(presenter.MODE_COLUMNS)
        self.derivatives = TextTable(("Derivative", "Value", "Unit", "95 % interval", "Note"))
        self.setLayout(
            column(
                self.banner,
                label(self.tr("Natural modes"), "section"),
                self.modes,
                label(self.tr("Stability and control derivatives"), "section"),
                self.derivatives,
                margins=SPACE,
            )
        )

    def show_judgement(self, judgement: Judgement) -> None:
        """Show the physics, or why there is none."""
        physics = judgement.physics
        if physics is None:
            self.banner.show_text(judgement.no_physics, "warning")
            self.modes.show_rows([])
            self.derivatives.show_rows([])
            return
        self.banner.show_text(physics.refusal, "warning")
        self.modes.show_rows(presenter.mode_rows(physics))
        self.derivatives.show_rows(presenter.derivative_rows(physics))
