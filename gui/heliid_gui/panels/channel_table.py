"""Channels with a choice of role each."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
)

from heliid_gui.presenters.model import ChannelChoice

_ROLES = (("ignored", "-"), ("input", "Input"), ("output", "Output"))


class _RoleBox(QComboBox):
    """A combo box that leaves the wheel to the table it stands in."""

    def wheelEvent(self, event) -> None:
        event.ignore()


class ChannelTable(QTableWidget):
    """Channel, unit, role."""

    role_wanted = Signal(str, str)

    def __init__(self) -> None:
        super().__init__(0, 3)
        self.setHorizontalHeaderLabels([self.tr("Channel"), self.tr("Unit"), self.tr("Role")])
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(34)
        self.setAccessibleName(self.tr("Channels and their roles"))
        self.setShowGrid(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Fixed)
        self.setColumnWidth(2, 98)
        self._names: tuple[str, ...] = ()

    def show_choices(self, choices: tuple[ChannelChoice, ...]) -> None:
        """Show these channels."""
        names = tuple(choice.name for choice in choices)
        if names != self._names:
            self._names = names
            self.setRowCount(len(choices))
            for line, choice in enumerate(choices):
                self.setCellWidget(line, 2, self._box(choice.name))
        for line, choice in enumerate(choices):
            self._fill(line, choice)

    def _box(self, name: str) -> QComboBox:
        box = _RoleBox()
        for role, text in _ROLES:
            box.addItem(text, role)
        box.setAccessibleName(self.tr("Role of %s") % name)
        box.activated.connect(lambda _index, b=box: self.role_wanted.emit(name, b.currentData()))
        return box

    def _fill(self, line: int, choice: ChannelChoice) -> None:
        tip = choice.why_not or choice.quantity or choice.name
        for column, text in ((0, choice.name), (1, choice.unit)):
            item = QTableWidgetItem(text)
            item.setToolTip(tip)
            if choice.role != "ignored":
                font = item.font()
                font.setBold(column == 0)
                item.setFont(font)
            self.setItem(line, column, item)
        box = self.cellWidget(line, 2)
        if isinstance(box, QComboBox):
            box.setCurrentIndex([role for role, _ in _ROLES].index(choice.role))
            box.setEnabled(not choice.why_not)
            box.setToolTip(tip)

    def role_box(self, name: str) -> QComboBox:
        """The choice of one channel."""
        box = self.cellWidget(self._names.index(name), 2)
        if not isinstance(box, QComboBox):
            raise TypeError(name)
        return box
