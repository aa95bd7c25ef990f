"""The Orders tab: which orders were tried, how good they were, where the population stands."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QWidget

from heliid_gui.plots.heatmap import HeatMap
from heliid_gui.presenters import orders
from heliid_gui.presenters.evolve import Evolution
from heliid_gui.presenters.setup import Setup
from heliid_gui.theme import SPACE
from heliid_gui.widgets import column, label, row


class OrderView(QWidget):
    """A heat map over two genes the user chooses."""

    def __init__(self) -> None:
        super().__init__()
        self.map = HeatMap()
        self.across, self.up = QComboBox(), QComboBox()
        for box, text in ((self.across, self.tr("Across")), (self.up, self.tr("Up"))):
            box.setMinimumContentsLength(8)
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            box.setAccessibleName(text)
            box.activated.connect(self._redraw)
        line = row(
            label(self.tr("Up"), "muted"), self.up, label(self.tr("across"), "muted"), self.across
        )
        line.setStretch(1, 1)
        line.setStretch(3, 1)
        note = label(
            self.tr("Stronger colour: lower cost. Rings: the present population."),
            "muted",
            wrap=True,
        )
        self.setLayout(column(line, self.map, note, margins=SPACE))
        self._names: tuple[str, ...] = ()
        self._last: tuple[Evolution, Setup] | None = None

    def show_orders(self, evolution: Evolution, setup: Setup) -> None:
        """Show what was tried."""
        self._last = (evolution, setup)
        if not setup.inputs or not setup.outputs or not evolution.candidates:
            return
        names = orders.gene_names(setup.config.box, setup.inputs, setup.outputs)
        if len(names) != len(evolution.candidates[0].genome):
            return  # the set-up has changed since that study
        if names != self._names:
            self._names = names
            for box, index in zip((self.across, self.up), orders.default_axes(names), strict=True):
                box.clear()
                box.addItems(list(names))
                box.setCurrentIndex(index)
        self._redraw()

    def _redraw(self) -> None:
        if self._last is None or not self._names or not self.isVisible():
            return
        evolution, setup = self._last
        population = None
        if evolution.populations and evolution.is_active:
            population = max(evolution.populations.values(), key=lambda p: p.index)
        limits = orders.bounds(setup.config.box, len(setup.inputs), len(setup.outputs))
        self.map.show_map(
            orders.order_map(
                evolution.candidates,
                population,
                self._names,
                limits,
                self.across.currentIndex(),
                self.up.currentIndex(),
            )
        )

    def showEvent(self, event) -> None:
        """Draw what came while another tab was in front."""
        super().showEvent(event)
        self._redraw()
