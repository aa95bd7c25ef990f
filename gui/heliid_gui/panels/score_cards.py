"""One card per output: how well the best free run fits, with the linear model beside it."""

from __future__ import annotations

import math

from PySide6.QtWidgets import QWidget

from heliid_gui.presenters.evolve import OutputScore
from heliid_gui.presenters.formatting import figure, percent
from heliid_gui.theme import SPACE
from heliid_gui.widgets import Card, label, row, set_kind

TIP = (
    "Fit of the free run: 100 % is perfect, 0 % is no better than a straight line at the mean. "
    "In a free run the model only sees the inputs; its own past outputs are fed back."
)


class ScoreCards(QWidget):
    """A row of cards."""

    def __init__(self) -> None:
        super().__init__()
        self._cards: dict[str, tuple] = {}
        self._layout = row(1)
        self.setLayout(self._layout)

    def show_scores(self, scores: tuple[OutputScore, ...]) -> None:
        """Show these; cards are only made anew when the outputs change."""
        if tuple(score.name for score in scores) != tuple(self._cards):
            self._build([score.name for score in scores])
        for score in scores:
            fit, note = self._cards[score.name]
            fit.setText("diverged" if score.fit == -math.inf else percent(score.fit))
            linear = "diverged" if score.linear_fit == -math.inf else percent(score.linear_fit)
            note.setText(f"linear {linear}   NRMSE {figure(score.nrmse)}")
            better = math.isnan(score.linear_fit) or score.fit >= score.linear_fit
            set_kind(fit, "figure" if better else "figureWorse")

    def _build(self, names: list[str]) -> None:
        while (item := self._layout.takeAt(0)) is not None:
            if item.widget() is not None:
                item.widget().deleteLater()
        self._cards = {}
        for name in names:
            fit = label("–", "figure", tip=TIP)
            note = label("", "muted", tip=TIP)
            head = label(name, "section")
            line = row(head, fit, 1, spacing=12)
            self._layout.addWidget(Card(line, note, margins=12, spacing=0))
            self._cards[name] = (fit, note)
        self._layout.addStretch(1)
        self._layout.setSpacing(SPACE)
