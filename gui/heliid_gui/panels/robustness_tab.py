"""The worst case and the shape of the minimum: tails of the errors, sharpness, curvature."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from heliid_gui.panels.text_table import TextTable
from heliid_gui.panels.validate_tabs import fill, picker
from heliid_gui.plots.panel import PlotPanel, Row
from heliid_gui.plots.styles import Kind
from heliid_gui.presenters import robustness as presenter
from heliid_gui.presenters.robustness import Flatness, TailCurve
from heliid_gui.theme import SPACE
from heliid_gui.widgets import Banner, button, column, label, panes, row

KINDS = {"model": Kind.MODEL, "linear model": Kind.LINEAR}


class RobustnessTab(QWidget):
    """How often errors exceed a size, value at risk and CVaR; below it a measurement on demand."""

    flatness_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.window_box = picker(self.tr("Windows"), 20)
        self.plots = PlotPanel(x_label="NRMSE of a window, mean of the outputs")
        self.table = TextTable(presenter.TAIL_COLUMNS)
        self.measure = button(
            self.tr("Measure flatness"),
            self.flatness_wanted.emit,
            tip=self.tr(
                "The largest training loss in a small box around the weights and the largest "
                "eigenvalues of its Hessian; some seconds to a minute in the background"
            ),
        )
        self.flatness = Banner()
        note = label(
            self.tr("Share of windows, restarted from the data, whose error is at least so large."),
            "muted", wrap=True,
        )  # fmt: skip
        split = panes((self.plots, 160, 320), (self.table, 80, 170), upright=True)
        head = row(self.window_box, note, spacing=SPACE, grows=1)
        self.setLayout(
            column(head, split, row(self.measure, 1), self.flatness, margins=SPACE, grows=1)
        )
        self.window_box.activated.connect(self._draw)
        self._tails: tuple[TailCurve, ...] = ()

    def show_tails(self, tails: tuple[TailCurve, ...]) -> None:
        """Show the tails of the records on show."""
        self._tails = tails
        fill(self.window_box, presenter.windows(tails))
        self.table.show_rows(presenter.tail_rows(tails))
        self._draw()

    def show_flatness(self, found: Flatness) -> None:
        """Show what was measured around the weights, if anything."""
        self.flatness.show_text(
            "\n".join(found.lines), "warning" if found.state == "failed" else "info"
        )
        self.measure.setEnabled(found.state != "busy")

    def _draw(self) -> None:
        self.plots.set_rows([Row("share", self.tr("Share of windows"), "-")] if self._tails else [])
        self.plots.clear_curves()
        for one in self._tails:
            if one.window == self.window_box.currentText():
                self.plots.set_curve("share", one.who, KINDS[one.who], *one.steps())
