"""Facts about the current record and statistics of its visible range."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from heliid_gui.panels.findings import Findings
from heliid_gui.theme import SPACE
from heliid_gui.widgets import Banner, Card, ElidedLabel, button, column, label, scrolled


class RecordFacts(QWidget):
    """The right side of the Data view."""

    next_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._facts = QGridLayout()
        self._facts.setHorizontalSpacing(2 * SPACE)
        self._facts.setVerticalSpacing(SPACE // 2)
        self._facts.setColumnStretch(1, 1)
        self._statistics = QGridLayout()
        self._statistics.setHorizontalSpacing(SPACE)
        self._statistics.setVerticalSpacing(SPACE // 2)
        self._statistics.setColumnStretch(0, 1)
        self.banner = Banner()
        self.next = button(
            self.tr("Next: choose the model"),
            self.next_wanted.emit,
            kind="primary",
        )
        self.findings = Findings()
        doctor = Card(
            label(
                self.tr("Data doctor"),
                "section",
                tip=self.tr("Whether the record is fit for identification, and what to do"),
            ),
            self.findings,
        )
        record = Card(label(self.tr("Record"), "section"), self._facts)
        range_card = Card(label(self.tr("Visible range"), "section"), self._statistics)
        inner = QWidget()
        inner.setLayout(column(self.banner, doctor, record, range_card, 1))
        self.setLayout(column(scrolled(inner), self.next))

    def show_facts(self, facts: tuple[tuple[str, str], ...], problem: str) -> None:
        """Show these facts; a problem says what keeps the study from starting."""
        _clear(self._facts)
        for index, (what, value) in enumerate(facts):
            self._facts.addWidget(label(what, "muted"), index, 0)
            text = ElidedLabel(value)
            text.setAlignment(Qt.AlignmentFlag.AlignRight)
            self._facts.addWidget(text, index, 1)
        self.banner.show_text(problem, "warning")

    def show_statistics(self, rows: tuple[tuple[str, str, str, str, str], ...]) -> None:
        """Mean, standard deviation and range per channel."""
        _clear(self._statistics)
        for index, title in enumerate(("", self.tr("mean"), self.tr("std"))):
            head = label(title, "muted")
            head.setAlignment(Qt.AlignmentFlag.AlignRight)
            self._statistics.addWidget(head, 0, index)
        for number, (name, mean, std, low, high) in enumerate(rows, 1):
            tip = self.tr("smallest %s, largest %s") % (low, high)
            shown = ElidedLabel(name)
            self._statistics.addWidget(shown, number, 0)
            for place, value in ((1, mean), (2, std)):
                figure = label(value, tip=tip)
                figure.setAlignment(Qt.AlignmentFlag.AlignRight)
                self._statistics.addWidget(figure, number, place)


def _clear(grid: QGridLayout) -> None:
    while (item := grid.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
