"""A step that waits for something else first."""

from __future__ import annotations

from PySide6.QtWidgets import QPushButton, QWidget

from heliid_gui.theme import SPACE
from heliid_gui.widgets import EmptyState, column


class WaitingPanel(QWidget):
    """Says what the step is for and what it waits for."""

    def __init__(self, icon: str, title: str, text: str, *actions: QPushButton) -> None:
        super().__init__()
        self.setLayout(column(EmptyState(icon, title, text, *actions), margins=SPACE))
