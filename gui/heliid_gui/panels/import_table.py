"""The live preview of a text table: names, units and roles above, 50 rows below."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QBrush, QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from heliid.units import symbols
from heliid_gui.presenters.importing import Column
from heliid_gui.rooms import follow
from heliid_gui.theme import colours
from heliid_gui.widgets import column

if TYPE_CHECKING:
    from heliid.data.dialect import Preview

ROLES = {
    "time": "Time", "input": "Input", "output": "Output", "ignored": "No role",
    "left out": "Leave out",
}  # fmt: skip
CHANNEL, UNIT, SIGN, ROLE = range(4)  # rows above the data
TOP = 4
HEAD_WIDTH = 76  # px, of the line numbers
MAX_COLUMNS = 60  # more are read, but nobody looks at them cell by cell


class ImportTable(QWidget):
    """Each column of the file with what becomes of it; bad cells are red and say why.

    What becomes of a column stays in sight above the rows of the file, however far they are
    scrolled: two tables whose columns go together.
    """

    column_changed = Signal(int, str, object)  # index, channel | unit | sign | role, value

    def __init__(self) -> None:
        super().__init__()
        self.head, self.rows = _table(), _table()
        self.head.setAccessibleName(self.tr("What becomes of each column"))
        self.head.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.head.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.head.setRowCount(TOP)
        self.head.setVerticalHeaderLabels(
            [self.tr("Name"), self.tr("Unit"), self.tr("Sign"), self.tr("Use as")]
        )
        self.rows.setAccessibleName(self.tr("Preview of the file"))
        self.rows.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.rows.horizontalHeader().hide()
        self.head.horizontalHeader().sectionResized.connect(
            lambda index, _old, new: self.rows.setColumnWidth(index, new)
        )
        self.rows.horizontalScrollBar().valueChanged.connect(
            self.head.horizontalScrollBar().setValue
        )
        self.setLayout(column(self.head, self.rows, spacing=0, grows=1))
        self._shape = (-1, -1)
        self._quiet = False
        self.head.itemChanged.connect(self._item_changed)
        self.bad: dict[tuple[int, int], str] = {}
        self._last: tuple[tuple[Column, ...], Preview] | None = None
        follow(self, self._repaint)

    def cellWidget(self, row: int, index: int) -> QWidget | None:
        """The choice of a column: row UNIT, SIGN or ROLE."""
        return self.head.cellWidget(row, index)

    def show_preview(self, columns: tuple[Column, ...], found: Preview) -> None:
        """Show these columns and rows."""
        self._last = (columns, found)
        self._quiet = True
        columns = columns[:MAX_COLUMNS]
        width = max([len(columns), *(min(len(r), MAX_COLUMNS) for r in found.rows)], default=0)
        shape = (len(columns), width)
        if shape != self._shape:
            self.head.clearContents()
            for table in (self.head, self.rows):
                table.setColumnCount(width)
            self._shape = shape
        self.rows.setRowCount(len(found.rows))
        titles = [one.name or "?" for one in columns]
        titles += [self.tr("no name")] * (width - len(columns))
        self.head.setHorizontalHeaderLabels(titles)
        self.rows.setVerticalHeaderLabels([str(number) for number in found.lines])
        for one in columns:
            self._show_column(one)
        self.bad = {(cell.row, cell.column): cell.reason for cell in found.bad}
        for r, cells in enumerate(found.rows):
            for c in range(width):
                self._show_cell(r, c, cells[c] if c < len(cells) else "")
        for index in range(width):
            self.rows.setColumnWidth(index, self.head.columnWidth(index))
        header = self.head.horizontalHeader().sizeHint().height()
        self.head.setFixedHeight(header + self.head.verticalHeader().length() + 2)
        self._quiet = False
        if self.isVisible():
            self._show_first_bad()

    def showEvent(self, event) -> None:
        """The first bad cell is in sight from the start."""
        super().showEvent(event)
        QTimer.singleShot(0, self, self._show_first_bad)

    def _show_first_bad(self) -> None:
        if self.bad:
            r, c = min(self.bad)
            place = self.rows.item(r, min(c, self.rows.columnCount() - 1))
            if place is not None:
                self.rows.scrollToItem(place, QAbstractItemView.ScrollHint.PositionAtCenter)

    def _show_column(self, one: Column) -> None:
        item = QTableWidgetItem(one.channel)
        item.setToolTip(one.problem or self.tr("Name in HeliID; double click to change it"))
        if one.problem:
            item.setForeground(QBrush(QColor(colours().bad)))
        self.head.setItem(CHANNEL, one.index, item)
        units = self._combo(UNIT, one.index, "unit", {s: s for s in ("", *symbols())})
        units.setEditable(True)
        units.setCurrentText(one.unit)
        signs = self._combo(SIGN, one.index, "sign", {1: self.tr("as is"), -1: self.tr("turned")})
        signs.setCurrentIndex(signs.findData(one.sign))
        roles = self._combo(ROLE, one.index, "role", ROLES)
        roles.setCurrentIndex(roles.findData(one.role))
        for combo in (units, signs):
            combo.setEnabled(one.role not in ("time", "left out"))

    def _combo(self, row: int, index: int, what: str, choices: dict) -> QComboBox:
        known = self.head.cellWidget(row, index)
        if isinstance(known, QComboBox):
            return known
        combo = QComboBox()
        for value, text in choices.items():
            combo.addItem(text, value)
        combo.setFrame(False)
        combo.setMinimumWidth(112)
        combo.setAccessibleName(f"{what} {index + 1}")
        combo.activated.connect(partial(self._chosen, index, what, combo))
        self.head.setCellWidget(row, index, combo)
        self.head.setColumnWidth(index, max(self.head.columnWidth(index), 124))
        return combo

    def _chosen(self, index: int, what: str, combo: QComboBox, _choice: int) -> None:
        value = combo.currentText().strip() if what == "unit" else combo.currentData()
        self.column_changed.emit(index, what, value)

    def _show_cell(self, r: int, c: int, text: str) -> None:
        item = QTableWidgetItem(text.strip())
        item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
        item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        reason = self.bad.get((r, c))
        if reason:
            mark = QColor(colours().bad)
            mark.setAlpha(60)
            item.setBackground(QBrush(mark))
            item.setToolTip(self.tr("The cell %s") % reason)
        self.rows.setItem(r, c, item)

    def _item_changed(self, item: QTableWidgetItem) -> None:
        if not self._quiet and item.row() == CHANNEL:
            self.column_changed.emit(item.column(), "channel", item.text().strip())

    def _repaint(self) -> None:
        if self._last is not None:
            self.show_preview(*self._last)


def _table() -> QTableWidget:
    table = QTableWidget()
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.verticalHeader().setDefaultSectionSize(28)
    table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    table.verticalHeader().setFixedWidth(HEAD_WIDTH)
    table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    return table
