"""F1: the page of the user guide that belongs to the view; short, offline, beside the work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QImage, QTextDocument
from PySide6.QtWidgets import QDockWidget, QListWidget, QTextBrowser, QWidget

from heliid_gui.rooms import dress, enter, follow
from heliid_gui.step_rail import HOME, STEPS
from heliid_gui.theme import SPACE, colours
from heliid_gui.widgets import column

FOLDER = Path(__file__).resolve().parent / "help"
WIDTH = 300
PICTURE_WIDTH = 250  # px on the screen; a scroll bar fits beside it


def pages() -> tuple[tuple[str, str], ...]:
    """Key and title of every page, in the order of the rail."""
    return (*((step.key, step.title) for step in (HOME, *STEPS)), ("keys", "Keys"))


def text(key: str) -> str:
    """A page as Markdown."""
    return (FOLDER / f"{key}.md").read_text(encoding="utf-8")


def picture(key: str, look: str) -> QImage:
    """The page's picture, light or dark; null where it has none.

    Made by ``python -m benchmarks.screenshots --guide gui/heliid_gui/help/pictures``.
    """
    image = QImage(str(FOLDER / "pictures" / f"{key}-{look}.png"))
    if not image.isNull():
        image.setDevicePixelRatio(image.width() / PICTURE_WIDTH)
    return image


class Page(QTextBrowser):
    """A page with its picture."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = QImage()

    def loadResource(self, kind: int, url: QUrl | str) -> Any:
        """The picture; nothing else is ever fetched."""
        if kind == int(QTextDocument.ResourceType.ImageResource):
            return self.shown
        return super().loadResource(kind, url)


class HelpDock(QDockWidget):
    """The guide at the right edge; it floats only when it is dragged."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        dress(self)
        self.setWindowTitle(self.tr("Guide"))
        self.setObjectName("guide")
        self.setAllowedAreas(
            Qt.DockWidgetArea.LeftDockWidgetArea | Qt.DockWidgetArea.RightDockWidgetArea
        )
        self.list = QListWidget()
        self.list.setFlow(QListWidget.Flow.LeftToRight)
        self.list.setWrapping(True)
        self.list.setFixedHeight(58)
        self.list.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.list.setAccessibleName(self.tr("Pages of the guide"))
        self.page = Page()
        self.page.setOpenExternalLinks(False)
        self.page.setFrameShape(QTextBrowser.Shape.NoFrame)
        for _, title in pages():
            self.list.addItem(title)
        self.list.currentRowChanged.connect(self._turn)
        follow(self, self._turn_again)
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

    def showEvent(self, event) -> None:
        """In the colours of the moment."""
        enter(self)
        super().showEvent(event)

    def key(self) -> str:
        """The page on show."""
        row = self.list.currentRow()
        return pages()[row][0] if row >= 0 else ""

    def _turn(self, row: int) -> None:
        if row < 0:
            return
        key = pages()[row][0]
        page, shown = text(key), picture(key, colours().name)
        if not shown.isNull():
            title, _, rest = page.partition("\n")
            page = f"{title}\n\n![{title.strip('# ')}](picture)\n{rest}"
        self.page.shown = shown
        self.page.document().clear()  # with the picture of the page before
        self.page.setMarkdown(page)

    def _turn_again(self) -> None:
        self._turn(self.list.currentRow())
