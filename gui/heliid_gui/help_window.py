"""F1: the page of the user guide that belongs to the view; short, offline, beside the work."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QListWidget, QTextBrowser, QWidget

from heliid_gui.step_rail import HOME, STEPS
from heliid_gui.theme import SPACE
from heliid_gui.widgets import column

FOLDER = Path(__file__).resolve().parent / "help"
WIDTH = 300


def pages() -> tuple[tuple[str, str], ...]:
    """Key and title of every page, in the order of the rail."""
    return (*((step.key, step.title) for step in (HOME, *STEPS)), ("keys", "Keys"))


def text(key: str) -> str:
    """A page as Markdown."""
    return (FOLDER / f"{key}.md").read_text(encoding="utf-8")


class HelpDock(QDockWidget):
    """The guide at the right edge; it floats only when it is dragged."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Guide"))
        self.setObjectName("guide")
        self.setAllowedAreas(
            Qt.DockWidgetArea.LeftDockWidgetArea | Qt.DockWidgetArea.RightDockWidgetArea
        )
        self.list = QListWidget()
        self.list.setFlow(QListWidget.Flow.LeftToRight)
        self.list.setWrapping(True)
        self.list.setFixedHeight(66)
        self.list.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.list.setAccessibleName(self.tr("Pages of the guide"))
        self.page = QTextBrowser()
        self.page.setOpenExternalLinks(False)
        self.page.setFrameShape(QTextBrowser.Shape.NoFrame)
        for _, title in pages():
            self.list.addItem(title)
        self.list.currentRowChanged.connect(self._turn)
        holder = QWidget()
        holder.setMinimumWidth(WIDTH)
        holder.setLayout(column(self.list, self.page, margins=SPACE, grows=1))
        self.setWidget(holder)

    def open_page(self, key: str) -> None:
        """Show a page and the dock."""
        keys = [name for name, _ in pages()]
        self.list.setCurrentRow(keys.index(key))
        self.show()
        self.raise_()

    def key(self) -> str:
        """The page on show."""
        row = self.list.currentRow()
        return pages()[row][0] if row >= 0 else ""

    def _turn(self, row: int) -> None:
        if row >= 0:
            self.page.setMarkdown(text(pages()[row][0]))
