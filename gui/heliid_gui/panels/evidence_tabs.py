"""The evidence behind the verdict: residual tests and frequency responses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QCheckBox, QStackedWidget, QWidget

from heliid.data.record import Channel
from heliid_gui.panels.text_table import TextTable
from heliid_gui.panels.validate_tabs import fill, picker
from heliid_gui.plots.panel import PlotPanel, Row
from heliid_gui.plots.styles import Kind
from heliid_gui.presenters import formatting as fmt
from heliid_gui.presenters import judgement as presenter
from heliid_gui.theme import SPACE
from heliid_gui.widgets import column, label, panes, row

if TYPE_CHECKING:
    from heliid.validation.residuals import ResidualTest

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
        self.record = picker(self.tr("Record"), 20)
        self.output = picker(self.tr("Output"), 8)
        self.nonlinear = QCheckBox(self.tr("Nonlinear tests"))
        self.nonlinear.setToolTip(
            self.tr(
                "Also the tests with squares, which see what a linear "
                "test cannot (Billings and Voon)"
            )
        )
        self.what = picker(self.tr("What to show"), 12)
        self.what.addItems([self.tr("correlations"), self.tr("histogram"), self.tr("spectrum")])
        self.plots = PlotPanel(x_label="lag [s]")
        self.histogram = PlotPanel(x_label="residual [standard deviations]")
        self.spectrum = PlotPanel(x_label="frequency [Hz]")
        self.stack = QStackedWidget()
        for page in (self.plots, self.histogram, self.spectrum):
            self.stack.addWidget(page)
        self.what.activated.connect(self.stack.setCurrentIndex)
        head = row(self.record, self.output, self.what, self.nonlinear, 1)
        note = label(
            self.tr(
                "One-step residuals: what the past could still have told. Dotted: 95 % of the lags "
                "stay inside when nothing is left."
            ),
            "muted",
            wrap=True,
        )
        self.setLayout(column(head, self.stack, note, margins=SPACE))
        self.record.activated.connect(self._draw)
        self.output.activated.connect(self._draw)
        self.nonlinear.toggled.connect(self._draw)
        self._report = None

    def show_report(self, report, channels: tuple[Channel, ...]) -> None:
        """Show the residual tests of this report."""
        self._report = report
        fill(self.record, presenter.record_names(report))
        fill(self.output, tuple(channel.name for channel in channels))
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
        self._draw_histogram(test)
        self._draw_spectrum(test)

    def _draw_histogram(self, test: ResidualTest) -> None:
        """Counts as a density, beside that of a normal distribution of the same size."""
        self.histogram.set_rows([Row("h", self.tr("Density (kurtosis %.1f; normal: 3)")
                                     % test.kurtosis, "-")])  # fmt: skip
        self.histogram.clear_curves()
        if test.std <= 0.0:
            return
        edges = (test.bin_edges - test.mean) / test.std
        share = test.bin_counts / max(test.bin_counts.sum(), 1.0) / np.diff(edges)
        x, y = np.repeat(edges, 2)[1:-1], np.repeat(share, 2)
        self.histogram.set_curve("h", "residual", Kind.RESIDUAL, x, y)
        at = np.linspace(edges[0], edges[-1], 161)
        normal = np.exp(-0.5 * at * at) / np.sqrt(2.0 * np.pi)
        self.histogram.set_curve("h", "normal", Kind.BEFORE, at, normal)

    def _draw_spectrum(self, test: ResidualTest) -> None:
        """Power density, with the level that white residuals would have."""
        self.spectrum.set_rows([Row("s", self.tr("Power density"), "dB of white")])
        self.spectrum.clear_curves()
        white = 2.0 * test.std**2 / max(2.0 * float(test.frequency[-1]), 1e-300)
        if white <= 0.0 or test.frequency.size < 3:
            return
        level = 10.0 * np.log10(np.maximum(test.density[1:] / white, 1e-6))
        self.spectrum.set_curve("s", "residual", Kind.RESIDUAL, test.frequency[1:], level)
        flat = np.zeros(test.frequency.size - 1)
        self.spectrum.set_curve("s", "white", Kind.BEFORE, test.frequency[1:], flat)


class FrequencyTab(QWidget):
    """Frequency response of one pair, flight and model from the same input and estimator."""

    def __init__(self) -> None:
        super().__init__()
        self.pair = picker(self.tr("Pair"), 24)
        self.note = label("", "muted", wrap=True)
        self.plots = PlotPanel(x_label="frequency [rad/s]", log_x=True)
        self.table = TextTable(presenter.PAIR_COLUMNS)
        split = panes((self.plots, 180, 420), (self.table, 60, 130), upright=True)
        self.setLayout(column(row(self.pair, 1), split, self.note, margins=SPACE, grows=1))
        self.pair.activated.connect(self._draw)
        self.table.itemSelectionChanged.connect(self._line_chosen)
        self._frequency = None

    def show_report(self, report, _channels: tuple[Channel, ...]) -> None:
        """Show the responses of this report."""
        self._frequency = report.frequency
        pairs = tuple(f"{p.input} → {p.output}" for p in report.frequency.pairs)
        fill(self.pair, pairs)
        self.pair.setEnabled(bool(pairs))
        self.table.show_rows(presenter.pair_rows(report))
        self._draw()

    def _line_chosen(self) -> None:
        items = self.table.selectedItems()
        if items and self.pair.findText(items[0].text()) >= 0:
            self.pair.setCurrentText(items[0].text())
            self._draw()

    def _draw(self) -> None:
        found = self._frequency
        if found is None or not found.pairs:
            self.plots.set_rows([])
            self.table.show_rows([])
            self.note.setText(found.reason if found is not None else "")
            return
        pair = found.pairs[max(0, self.pair.currentIndex())]
        self.plots.set_rows(
            [Row("db", "Gain", "dB"), Row("deg", "Phase", "deg"), Row("g2", "Coherence", "-")]
        )
        x = np.log10(pair.omega)
        self.plots.clear_curves()
        error = np.clip(pair.random_error, 0.0, 0.95)
        low = pair.flight_db + 20.0 * np.log10(1.0 - error)
        high = pair.flight_db + 20.0 * np.log10(1.0 + error)
        self.plots.add_band("db", x, low, high, role="measured")
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
            self.tr(
                "%s (up to 100 on average is the guideline). Shaded: one standard deviation of the "
                "flight's gain. Windows of %s s, %d averages."
            )
            % (j, fmt.figure(found.window_s), found.n_segments)
        )
