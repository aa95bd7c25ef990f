"""Ctrl+K: find any command by a few letters."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QWidget

from heliid_gui.theme import SPACE
from heliid_gui.widgets import column, label


def matches(text: str, wanted: str) -> bool:
    """True when every word of ``wanted`` is in ``text``."""
    return all(word in text.lower() for word in wanted.lower().split())


class CommandPalette(QDialog):
    """All actions of the window in a list that shrinks while one types."""

    def __init__(self, parent: QWidget, actions: list[QAction]) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._actions = actions
        self.edit = QLineEdit()
        self.edit.setPlaceholderText(self.tr("Type a command"))
        self.edit.textChanged.connect(self._filter)
        self.edit.returnPressed.connect(self._run)
        self.edit.installEventFilter(self)
        self.list = QListWidget()
        self.list.itemActivated.connect(lambda _item: self._run())
        self.list.itemClicked.connect(lambda _item: self._run())
        self._why = label("", "muted", wrap=True)
        self.list.currentItemChanged.connect(self._explain)
        self.setLayout(column(self.edit, self.list, self._why, margins=SPACE))
        self.resize(480, 340)
        self._filter("")

    def _filter(self, wanted: str) -> None:
        self.list.clear()
        for action in self._actions:
            text = action.text().replace("&", "").rstrip("…")
            if not text or not matches(f"{text} {action.toolTip()} {action.statusTip()}", wanted):
                continue
            keys = action.shortcut().toString()
            item = QListWidgetItem(f"{text}    {keys}" if keys else text)
            item.setData(Qt.ItemDataRole.UserRole, action)
            if not action.isEnabled():
                item.setForeground(self.palette().placeholderText())
            self.list.addItem(item)
        self.list.setCurrentRow(0)

    def _explain(self, item: QListWidgetItem | None) -> None:
        action = item.data(Qt.ItemDataRole.UserRole) if item is not None else None
        self._why.setText(action.statusTip() or action.toolTip() if action is not None else "")

    def _run(self) -> None:
        item = self.list.currentItem()
        action = item.data(Qt.ItemDataRole.UserRole) if item is not None else None
        if action is None or not action.isEnabled():
            return
        self.close()
        action.trigger()

    def eventFilter(self, watched, event) -> bool:
        """Up and down move in the list while one types."""
        if watched is self.edit and event.type() is QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(event.key())
            if step is not None:
                row = self.list.currentRow() + step
                self.list.setCurrentRow(max(0, min(row, self.list.count() - 1)))
                return True
        return super().eventFilter(watched, event)
