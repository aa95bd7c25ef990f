"""The evidence behind the verdict: residual tests, frequency responses, natural modes."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QCheckBox, QWidget

from heliid.data.record import Channel
from heliid_gui.panels.text_table import TextTable
from heliid_gui.panels.validate_tabs import fill, picker
from heliid_gui.plots.panel import PlotPanel, Row
from heliid_gui.plots.styles import Kind
from heliid_gui.presenters import formatting as fmt
from heliid_gui.presenters import judgement as presenter
from heliid_gui.presenters.judgement import Judgement
from heliid_gui.theme import SPACE
from heliid_gui.widgets import Banner, column, label, row

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


class FrequencyTab(QWidget):
    """Frequency response of one pair, flight and model from the same input and estimator."""

    def __init__(self) -> None:
        super().__init__()
        self.pair = picker(self.tr("Pair"), 24)
        self.note = label("", "muted", wrap=True)
        self.plots = PlotPanel(x_label="frequency [rad/s]", log_x=True)
        self.setLayout(column(row(self.pair, 1), self.plots, self.note, margins=SPACE))
        self.pair.activated.connect(self._draw)
        self._frequency = None

    def show_report(self, report, _channels: tuple[Channel, ...]) -> None:
        """Show the responses of this report."""
        self._frequency = report.frequency
        pairs = tuple(f"{p.input} → {p.output}" for p in report.frequency.pairs)
        fill(self.pair, pairs)
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
