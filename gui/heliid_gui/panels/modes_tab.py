"""The physics behind the verdict: modes, poles, test inputs, sizes of motion, references."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtWidgets import QFileDialog, QTabWidget, QWidget

from heliid_gui.panels.text_table import TextTable
from heliid_gui.panels.validate_tabs import picker
from heliid_gui.plots.panel import PlotPanel, Row
from heliid_gui.plots.scatter import Points, ScatterPlot
from heliid_gui.plots.styles import Kind
from heliid_gui.presenters import formatting as fmt
from heliid_gui.presenters import judgement as presenter
from heliid_gui.presenters.judgement import Judgement
from heliid_gui.theme import SPACE
from heliid_gui.widgets import Banner, boxed, button, column, label, row


class PoleMap(ScatterPlot):
    """Roots of the model over those of its refits; the stability limit."""

    def __init__(self) -> None:
        super().__init__("real [1/s]", "imaginary [rad/s]", upright=0.0)

    def show_poles(self, own: np.ndarray, cloud: np.ndarray) -> None:
        """Points (n, 2): real and imaginary part, 1/s."""
        self.show_points(
            [
                Points(cloud, "disabled", "o", 6, self.tr("refits")),
                Points(own, "accent", "x", 12, self.tr("model")),
            ]
        )


class ModesTab(QWidget):
    """Everything that the linearised model says about the aircraft."""

    def __init__(self) -> None:
        super().__init__()
        self.banner = Banner()
        self.modes = TextTable(presenter.MODE_COLUMNS)
        self.derivatives = TextTable(("Derivative", "Value", "Unit", "95 % interval", "Note"))
        self.poles = PoleMap()
        self.amplitudes = TextTable(presenter.AMPLITUDE_COLUMNS, text_columns=2)
        self.references = TextTable(presenter.REFERENCE_COLUMNS)
        self.reference = picker(self.tr("Reference"), 28)
        self.source = label("", "muted", wrap=True)
        self.input, self.kind = picker(self.tr("Input"), 12), picker(self.tr("Test input"), 10)
        self.responses = PlotPanel()
        self.problem = Banner()
        self._judgement: Judgement | None = None
        self._own_tables: list = []
        self.pages = QTabWidget()
        self.pages.setDocumentMode(True)
        for title, page in (
            (self.tr("Values"), self._values()),
            (self.tr("Pole map"), self._pole_page()),
            (self.tr("Test inputs"), self._response_page()),
            (self.tr("By size"), self._amplitude_page()),
            (self.tr("Reference"), self._reference_page()),
        ):
            self.pages.addTab(page, title)
        self.setLayout(column(self.banner, self.pages, margins=SPACE))
        self.input.activated.connect(self._draw_response)
        self.kind.activated.connect(self._draw_response)
        self.reference.activated.connect(self._show_reference)

    def _values(self) -> QWidget:
        return boxed(
            column(
                label(self.tr("Natural modes"), "section"), self.modes,
                label(self.tr("Stability and control derivatives"), "section"), self.derivatives,
                margins=SPACE,
            )
        )  # fmt: skip

    def _pole_page(self) -> QWidget:
        note = label(
            self.tr(
                "Crosses: this model. Dots: refits that each left out a training record, or the "
                "ensemble of the search. Right of the line a motion grows."
            ),
            "muted", wrap=True,
        )  # fmt: skip
        return boxed(column(self.poles, note, margins=SPACE))

    def _response_page(self) -> QWidget:
        note = label(
            self.tr("From trim, of the size of one training standard deviation, without a pilot."),
            "muted", wrap=True,
        )  # fmt: skip
        return boxed(column(row(self.input, self.kind, 1), self.responses, note, margins=SPACE))

    def _amplitude_page(self) -> QWidget:
        note = label(
            self.tr(
                "A nonlinear aircraft has other roots in large motions than in small ones. The "
                "values of the first page are continued to small motions from sizes that were "
                "flown; the bare slope of a smooth network at one point is less sure."
            ),
            "muted", wrap=True,
        )  # fmt: skip
        return boxed(column(self.amplitudes, note, margins=SPACE))

    def _reference_page(self) -> QWidget:
        own = button(self.tr("Load a table…"), self.ask_table, icon="open")
        own.setToolTip(
            self.tr("A CSV with the header name,value,unit: Mq,-2.2,1/s or phugoid frequency,0.3")
        )
        return boxed(
            column(
                row(self.reference, own, 1), self.problem, self.references, self.source,
                margins=SPACE,
            )
        )  # fmt: skip

    def show_judgement(self, judgement: Judgement) -> None:
        """Show the physics, or why there is none."""
        self._judgement = judgement
        physics = judgement.physics
        self.pages.setEnabled(physics is not None)
        if physics is None:
            self.banner.show_text(judgement.no_physics, "warning")
            for table in (self.modes, self.derivatives, self.amplitudes, self.references):
                table.show_rows([])
            return
        self.banner.show_text(physics.refusal, "warning")
        self.modes.show_rows(presenter.mode_rows(physics))
        self.derivatives.show_rows(presenter.derivative_rows(physics))
        self.amplitudes.show_rows(presenter.amplitude_rows(physics))
        own = np.array([(m.real, s * m.imag) for m in physics.modes for s in (1, -1)])
        self.poles.show_poles(own.reshape(-1, 2), physics.cloud)
        self._fill_inputs(judgement)
        self._draw_response()
        self._fill_references()

    def _fill_inputs(self, judgement: Judgement) -> None:
        for box, names in (
            (self.input, dict.fromkeys(name for name, _ in judgement.responses)),
            (self.kind, dict.fromkeys(kind for _, kind in judgement.responses)),
        ):
            now = box.currentText()
            box.clear()
            box.addItems(list(names))
            box.setCurrentText(now if now in names else next(iter(names), ""))

    def _draw_response(self) -> None:
        if self._judgement is None or self._judgement.physics is None:
            return
        found = self._judgement.responses.get((self.input.currentText(), self.kind.currentText()))
        if found is None:
            self.responses.set_rows([])
            return
        channels = self._judgement.physics.linear.outputs
        rows = [Row("input", found.input, "SI")]
        rows += [Row(c.name, fmt.title(c), fmt.shown_unit(c).symbol) for c in channels]
        self.responses.set_rows(rows)
        self.responses.clear_curves()
        self.responses.set_curve("input", "input", Kind.MEASURED, found.time, found.u)
        for j, channel in enumerate(channels):
            for text, kind, values in (
                ("model", Kind.MODEL, found.model),
                ("linearised", Kind.LINEAR, found.linear),
            ):
                shown = fmt.shown_difference(channel, values[:, j])
                self.responses.set_curve(channel.name, text, kind, found.time, shown)

    # ---- reference values ----------------------------------------------------------------

    def _fill_references(self) -> None:
        from heliid.physics import shipped_references

        now = self.reference.currentText()
        self._tables = [*self._own_tables, *shipped_references()]
        self.reference.clear()
        self.reference.addItems([one.name for one in self._tables])
        if self.reference.findText(now) >= 0:
            self.reference.setCurrentText(now)
        self._show_reference()

    def _show_reference(self) -> None:
        index = self.reference.currentIndex()
        judgement = self._judgement
        if judgement is None or judgement.physics is None or index < 0:
            return
        chosen = self._tables[index]
        rows = presenter.reference_rows(judgement.physics, chosen)
        self.references.show_rows(rows)
        note = f"{chosen.source}. {chosen.note}" if chosen.note else chosen.source
        self.source.setText(note if rows else self.tr("Nothing in common with this model. ") + note)

    def ask_table(self) -> None:
        """Let the user choose a CSV of reference values."""
        dialog = QFileDialog(self, self.tr("Reference values"))
        dialog.setNameFilters([self.tr("CSV table (*.csv)")])
        dialog.fileSelected.connect(lambda name: self.load_table(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def load_table(self, path: Path) -> None:
        """Compare with the values of this file; a bad one is said and changes nothing."""
        from heliid.errors import HeliIDError
        from heliid.physics import load_reference

        try:
            table = load_reference(path)
        except HeliIDError as error:
            self.problem.show_text(str(error), "warning")
            return
        self.problem.show_text("")
        self._own_tables = [table, *(t for t in self._own_tables if t.name != table.name)]
        self._fill_references()
        self.reference.setCurrentText(table.name)
        self._show_reference()
