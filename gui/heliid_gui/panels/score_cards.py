"""One card per output: how well the best free run fits, with the linear model beside it.

Painted by hand: the numbers change thirty times a second and must not ask for a new layout.
"""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from heliid_gui.presenters.evolve import OutputScore
from heliid_gui.presenters.formatting import DASH, figure, percent
from heliid_gui.theme import SPACE, colours, theme
from heliid_gui.widgets import row

HEIGHT = 64
MARGIN = 12


class ScoreCard(QWidget):
    """Name, fit, and the linear model's fit below."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.fit, self.note = DASH, ""
        self._is_worse = False
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setMaximumWidth(280)
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Enough for the usual numbers."""
        return QSize(190, HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """Four cards fit beside each other in the smallest window."""
        return QSize(110, HEIGHT)

    def show_score(self, score: OutputScore) -> None:
        """Show this."""
        fit = _fit(score.fit)
        note = f"linear {_fit(score.linear_fit)}"
        is_worse = score.fit < score.linear_fit
        if (fit, note, is_worse) == (self.fit, self.note, self._is_worse):
            return
        self.fit, self.note, self._is_worse = fit, note, is_worse
        which = " The linear model is better here." if is_worse else ""
        self.setToolTip(
            f"Free run of {self._name}: fit {fit}, NRMSE {figure(score.nrmse)}; best linear model: "
            f"fit {_fit(score.linear_fit)}, NRMSE {figure(score.linear_nrmse)}.{which}\n"
            f"100 % is perfect, 0 % is no better than the mean of the measurement. In a free run "
            f"the model sees only the inputs; its own past outputs are fed back."
        )
        self.setAccessibleName(f"{self._name}: fit {fit}, {note}.{which}")
        self.update()

    def paintEvent(self, _event) -> None:
        """A card with two lines."""
        c = colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(c.border), 1))
        painter.setBrush(QColor(c.surface))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        bold = QFont(self.font())
        bold.setBold(True)
        large = QFont(bold)
        large.setPointSizeF(self.font().pointSizeF() * 1.65)
        width = self.width() - 2 * MARGIN
        first = QRectF(MARGIN, 6, width, 32)
        base = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(bold)
        painter.setPen(QColor(c.text))
        figure_width = QFontMetrics(large).horizontalAdvance(self.fit)
        if figure_width > 0.7 * width:
            large.setPointSizeF(self.font().pointSizeF() * 1.25)
            figure_width = QFontMetrics(large).horizontalAdvance(self.fit)
        room = int(width - figure_width) - 6
        name = QFontMetrics(bold).elidedText(self._name, Qt.TextElideMode.ElideRight, room)
        painter.drawText(first, base | Qt.AlignmentFlag.AlignLeft, name)
        painter.setFont(large)
        painter.setPen(QColor(c.warning if self._is_worse else c.text))
        painter.drawText(first, base | Qt.AlignmentFlag.AlignRight, self.fit)
        painter.setFont(self.font())
        painter.setPen(QColor(c.muted))
        note = QFontMetrics(self.font()).elidedText(
            self.note, Qt.TextElideMode.ElideRight, int(width)
        )
        painter.drawText(QRectF(MARGIN, 38, width, 20), base | Qt.AlignmentFlag.AlignRight, note)
        painter.end()


def _fit(value: float) -> str:
    return "diverged" if value == -math.inf else percent(value)


class ScoreCards(QWidget):
    """A row of cards."""

    def __init__(self) -> None:
        super().__init__()
        self.cards: dict[str, ScoreCard] = {}
        self._layout = row(1)
        self._layout.setSpacing(SPACE)
        self.setLayout(self._layout)

    def show_scores(self, scores: tuple[OutputScore, ...]) -> None:
        """Show these; cards are only made anew when the outputs change."""
        if tuple(score.name for score in scores) != tuple(self.cards):
            self._build([score.name for score in scores])
        for score in scores:
            self.cards[score.name].show_score(score)

    def _build(self, names: list[str]) -> None:
        while (item := self._layout.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        self.cards = {name: ScoreCard(name) for name in names}
        for card in self.cards.values():
            self._layout.addWidget(card, 1)
        self._layout.addStretch(0 if len(names) > 3 else 1)
