"""Spectra and coherence per input and output, and the model rate that follows from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QWidget

from heliid_gui.data_tasks import USABLE
from heliid_gui.plots.panel import PlotPanel, Row, Span
from heliid_gui.plots.styles import Kind
from heliid_gui.presenters import formatting as fmt
from heliid_gui.presenters import insights as presenter
from heliid_gui.rooms import follow
from heliid_gui.theme import colours
from heliid_gui.widgets import Banner, button, column, label, row, scrolled

if TYPE_CHECKING:
    from heliid_gui.data_tasks import Insight

ROW_HEIGHT = 110


class SpectraView(QWidget):
    """One row of coherence per output for the chosen input, spectra below."""

    rate_wanted = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self._insight: Insight | None = None
        self.banner = Banner()
        self.use_rate = button(self.tr("Use this rate"), self._use_rate)
        self.use_rate.setVisible(False)
        self.input = QComboBox()
        self.input.setAccessibleName(self.tr("Input"))
        self.input.activated.connect(lambda _index: self.draw())
        self.plots = PlotPanel(x_label="frequency [Hz]", log_x=True)
        self.bands = label("", "muted", wrap=True)
        head = row(label(self.tr("Coherence with"), "muted"), self.input, 1)
        top = row(self.banner, self.use_rate, grows=0)
        top.setAlignment(self.use_rate, Qt.AlignmentFlag.AlignTop)
        self.setLayout(column(top, head, scrolled(self.plots), self.bands, grows=2))
        follow(self, self.draw)

    def show_insight(self, found: Insight | None, problem: str, rate_now: float) -> None:
        """Show what is known, or why nothing is."""
        if found is None:
            self.banner.show_text(problem)
            self.use_rate.setVisible(False)
            return
        is_used = found.rate is None or abs(rate_now - found.rate.hz) < 1e-6 * found.rate.hz
        text = presenter.proposal(found)
        if rate_now == 0.0 and found.rate is not None:
            text += self.tr(" The automatic setting uses it.")
            is_used = True
        self.banner.show_text(text)
        self.use_rate.setVisible(not is_used)
        if found is not self._insight:
            self._insight = found
            inputs = list(dict.fromkeys(pair.input for pair in found.pairs))
            before = self.input.currentText()
            self.input.clear()
            self.input.addItems(inputs)
            self.input.setCurrentText(before if before in inputs else inputs[0])
            self.draw()

    def draw(self) -> None:
        """Coherence of the chosen input with each output, and the outputs' spectra."""
        found = self._insight
        if found is None:
            return
        pairs = [pair for pair in found.pairs if pair.input == self.input.currentText()]
        x = np.log10(found.frequency)
        rows = [Row(f"c {p.output}", f"{p.input} to {p.output}", "coherence") for p in pairs]
        rows += [Row(f"s {p.output}", f"Spectrum of {p.output}", "dB") for p in pairs]
        self.plots.set_rows(rows)
        spans = []
        for pair in pairs:
            self.plots.set_curve(f"c {pair.output}", "coherence", Kind.MODEL, x, pair.coherence)
            level = np.full(x.size, USABLE)
            self.plots.set_curve(
                f"c {pair.output}", f"usable above {USABLE:g}", Kind.BEFORE, x, level
            )
            power = found.spectra[pair.output]
            decibel = 10 * np.log10(np.maximum(power / max(power.max(), 1e-300), 1e-12))
            self.plots.set_curve(
                f"s {pair.output}", "power, 0 dB at its peak", Kind.MEASURED, x, decibel
            )
            if pair.usable is not None:
                low, high = np.log10(pair.usable)
                spans.append(Span(float(low), float(high), colours().good, 26, f"c {pair.output}"))
        self.plots.set_spans(spans)
        self.plots.setMinimumHeight(ROW_HEIGHT * len(rows))
        self.bands.setText(
            "; ".join(presenter.pair_sentence(pair) for pair in pairs)
            + ". "
            + fmt.plural(found.n_windows, "window")
            + "."
        )

    def _use_rate(self) -> None:
        if self._insight is not None and self._insight.rate is not None:
            self.rate_wanted.emit(self._insight.rate.hz)
