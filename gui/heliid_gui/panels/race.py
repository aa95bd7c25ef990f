"""The searches of one study side by side: best cost against trainings, and their populations."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QWidget

from heliid_gui.panels.order_view import OrderView
from heliid_gui.plots.panel import PlotPanel, Row
from heliid_gui.plots.styles import Kind
from heliid_gui.presenters.evolve import Evolution
from heliid_gui.presenters.formatting import SHORT_SEARCH
from heliid_gui.presenters.setup import Setup
from heliid_gui.theme import SPACE
from heliid_gui.widgets import column, label, panes

_KINDS = {"ais": Kind.EXTRA0, "abc": Kind.EXTRA1, "pso": Kind.EXTRA2}
_OTHERS = (Kind.EXTRA3, Kind.EXTRA4, Kind.EXTRA0, Kind.EXTRA1, Kind.EXTRA2)
LINEAR = "linear"


class Convergence(PlotPanel):
    """Best cost of each search against the number of orders it has trained."""

    def __init__(self) -> None:
        super().__init__(x_label="orders trained, by each search")
        self.setAccessibleName(self.tr("Best cost against orders trained"))

    def show_study(self, evolution: Evolution) -> None:
        """Show what is known so far; the linear model's cost as a line across."""
        curves = evolution.convergence()
        if not curves:
            return
        self.set_rows([Row("cost", self.tr("Best cost"), "-")])
        others = iter(_OTHERS)
        for name, (count, cost) in curves.items():
            kind = _KINDS.get(name) or next(others, Kind.EXTRA4)
            self.set_curve("cost", SHORT_SEARCH.get(name, name), kind, *steps(count, cost))
        longest = max(count[-1] for count, _ in curves.values())
        linear = evolution.linear.cost if evolution.linear is not None else np.nan
        if np.isfinite(linear) and longest > 1:
            self.set_curve(
                "cost", LINEAR, Kind.LINEAR, np.array([1.0, longest]), np.array([linear, linear])
            )


def steps(count: np.ndarray, cost: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A best-so-far curve (n,) as stairs (2n - 1,): it holds until the next training."""
    x = np.repeat(count, 2)[1:]
    return x, np.repeat(cost, 2)[:-1]


class RaceView(QWidget):
    """Convergence above, one map for each search below."""

    def __init__(self) -> None:
        super().__init__()
        self.convergence = Convergence()
        self.orders = OrderView(by_search=True)
        self.standing = label("", "muted", wrap=True)
        upper = QWidget()
        upper.setLayout(column(self.standing, self.convergence, grows=1))
        split = panes((upper, 120, 260), (self.orders, 160, 300), upright=True)
        self.setLayout(column(split, spacing=SPACE))

    def show_study(self, evolution: Evolution, setup: Setup) -> None:
        """Show what is known so far."""
        self.standing.setText(
            self.tr(
                "The searches judge one order each in turn. An order that another one has trained "
                "costs no time, but counts."
            )
        )
        self.convergence.show_study(evolution)
        self.orders.show_orders(evolution, setup)
