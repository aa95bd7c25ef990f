"""The Home page: examples, recent files, and the way in for one's own records."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from heliid_gui.presenters import examples
from heliid_gui.theme import SPACE
from heliid_gui.widgets import (
    Card,
    ElidedLabel,
    Icon,
    button,
    column,
    label,
    row,
    scrolled,
)

_ICONS = {"trex550": "helicopter", "truth": "known"}
WIDTH = 880


class HomePanel(QWidget):
    """What one sees first."""

    open_wanted = Signal()
    example_wanted = Signal(str)
    file_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        title = label("HeliID", "title")
        line = label(
            self.tr("From flight-test records to a helicopter model you can defend."), "muted"
        )
        open_card = self._open_card()
        cards = [self._example_card(one) for one in examples.examples()]
        first = row(*cards[:2], spacing=2 * SPACE)
        second = row(*cards[2:], spacing=2 * SPACE)
        self._recent_title = label(self.tr("Recent"), "heading")
        self._recent = column(spacing=2)
        self._none = label(self.tr("Files and projects you open are listed here."), "muted")
        content = column(
            title,
            line,
            SPACE and open_card,
            label(self.tr("Try an example"), "heading"),
            first,
            second,
            self._recent_title,
            self._recent,
            self._none,
            1,
            spacing=2 * SPACE,
        )
        content.setSpacing(2 * SPACE)
        inner = QWidget()
        inner.setMaximumWidth(WIDTH)
        inner.setLayout(content)
        page = QWidget()
        holder = row(1, inner, 1, margins=3 * SPACE)
        holder.setStretch(1, 20)
        page.setLayout(holder)
        self.setLayout(column(scrolled(page)))
        self.show_recent([])

    def _open_card(self) -> Card:
        text = column(
            label(self.tr("Open your records"), "section"),
            label(
                self.tr(
                    "Drop CSV files or a folder anywhere on this window, or choose them "
                    "here. Each file is one manoeuvre."
                ),
                "muted",
                wrap=True,
            ),
            spacing=4,
        )
        self.open = button(
            self.tr("Open records…"),
            self.open_wanted.emit,
            icon="open",
            kind="primary",
            tip=self.tr("Choose one or more files (Ctrl+O)"),
        )
        line = row(Icon("open", 32, "accent"), text, self.open, spacing=2 * SPACE, grows=1)
        return Card(line)

    def _example_card(self, example) -> Card:
        text = column(
            label(example.title, "section"), label(example.text, "muted", wrap=True), 1, spacing=4
        )
        picture = Icon(_ICONS.get(example.key, "data"), 32, "accent")
        line = row(column(picture, 1), text, spacing=2 * SPACE, grows=1)
        made = Card(line, clickable=True)
        made.setAccessibleName(example.title)
        made.setToolTip(self.tr("Open this example"))
        made.clicked.connect(lambda: self.example_wanted.emit(example.key))
        return made

    def show_recent(self, names: list[str]) -> None:
        """List these files, the newest first."""
        while (item := self._recent.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        for name in names[:6]:
            path = Path(name)
            link = button(path.name, partial(self.file_wanted.emit, name), kind="link")
            folder = ElidedLabel(str(path.parent), "muted")
            holder = QWidget()
            holder.setLayout(row(link, folder, grows=1))
            self._recent.addWidget(holder)
        self._none.setVisible(not names)
