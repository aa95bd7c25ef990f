"""Which orders were tried, how good they were, where the population stands: a map or several."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget

from heliid_gui.plots.heatmap import HeatMap
from heliid_gui.presenters import orders, race
from heliid_gui.presenters.evolve import Evolution, Tried
from heliid_gui.presenters.setup import Setup
from heliid_gui.theme import SPACE
from heliid_gui.widgets import boxed, column, label, row


class OrderView(QWidget):
    """Heat maps over two genes the user chooses: one of all searches, or one for each."""

    def __init__(self, *, by_search: bool = False) -> None:
        super().__init__()
        self._by_search = by_search
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
            self.tr("Stronger colour: lower cost. Rings: the population. Star: the best, and the "
                    "line how it came there."),
            "muted",
            wrap=True,
        )  # fmt: skip
        self.maps: list[HeatMap] = []
        self.titles: list[QLabel] = []
        self._row: QHBoxLayout = row()
        self.setLayout(column(line, self._row, note, margins=SPACE, grows=1))
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
        groups = self._groups(evolution)
        self._make(len(groups))
        limits = orders.bounds(setup.config.box, len(setup.inputs), len(setup.outputs))
        levels = orders.cost_levels(evolution.candidates)
        curves = evolution.convergence() if self._by_search else {}
        for shown, title, (name, own) in zip(self.maps, self.titles, groups.items(), strict=True):
            made = orders.order_map(
                own,
                self._population(evolution, name),
                self._names,
                limits,
                self.across.currentIndex(),
                self.up.currentIndex(),
                levels=levels,
                title=name,
            )
            shown.show_map(made)
            if name in curves:
                title.setText(race.standing(name, curves[name][1]).sentence())

    def _groups(self, evolution: Evolution) -> dict[str, list[Tried]]:
        names = list(evolution.convergence()) if self._by_search else [""]
        return {name: evolution.tried(name) for name in names}

    def _population(self, evolution: Evolution, name: str):
        if name:
            return evolution.populations.get(name)
        return max(evolution.populations.values(), key=lambda p: p.index, default=None)

    def _make(self, count: int) -> None:
        """As many maps as there are searches."""
        while len(self.maps) < count:
            self.maps.append(HeatMap())
            title = label("", "muted")
            title.setVisible(self._by_search)
            self.titles.append(title)
            self._row.addWidget(boxed(column(title, self.maps[-1], spacing=2, grows=1)), 1)
        for one in self.maps[count:]:
            holder = one.parentWidget()
            if holder is not None:
                self._row.removeWidget(holder)
                holder.deleteLater()
        del self.maps[count:], self.titles[count:]

    def showEvent(self, event) -> None:
        """Draw what came while another tab was in front."""
        super().showEvent(event)
        self._redraw()
