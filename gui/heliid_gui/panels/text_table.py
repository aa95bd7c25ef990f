"""A read-only table of texts with sort keys, that copies as tab-separated text."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

Cell = str | tuple[str, float]


class _Item(QTableWidgetItem):
    """Sorts by its key, not by its text."""

    def __init__(self, text: str, key: float | None) -> None:
        super().__init__(text)
        self._key = key

    def __lt__(self, other: QTableWidgetItem) -> bool:
        if isinstance(other, _Item) and self._key is not None and other._key is not None:
            mine = math.inf if math.isnan(self._key) else self._key
            return mine < (math.inf if math.isnan(other._key) else other._key)
        return self.text() < other.text()


class TextTable(QTableWidget):
    """Columns with explanations; numbers to the right."""

    def __init__(self, columns: Sequence[str | tuple[str, str]], *, text_columns: int = 1) -> None:
        super().__init__(0, len(columns))
        self._text_columns = text_columns
        self._titles: list[str] = []
        for index, column in enumerate(columns):
            title, tip = (column, "") if isinstance(column, str) else column
            self._titles.append(title)
            item = QTableWidgetItem(title)
            item.setToolTip(tip)
            side = (
                Qt.AlignmentFlag.AlignLeft
                if index < text_columns
                else (Qt.AlignmentFlag.AlignRight)
            )
            item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            self.setHorizontalHeaderItem(index, item)
        self.setAccessibleName(self.tr("Table: %s") % ", ".join(self._titles))
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(28)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.horizontalHeader().setStretchLastSection(True)
        self.setSortingEnabled(True)
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)

    def show_rows(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Show these; columns take the width of their contents."""
        self.setSortingEnabled(False)
        self.setRowCount(len(rows))
        for line, cells in enumerate(rows):
            for index, cell in enumerate(cells):
                text, key = cell if isinstance(cell, tuple) else (cell, None)
                item = _Item(text, key)
                item.setToolTip(text)
                if index >= self._text_columns:
                    item.setTextAlignment(
                        Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                    )
                self.setItem(line, index, item)
        self.setSortingEnabled(True)
        self.resizeColumnsToContents()
        for index in range(self.columnCount()):
            self.setColumnWidth(index, min(self.columnWidth(index) + 8, 320))

    def text(self) -> str:
        """The whole table, tab separated."""
        lines = ["\t".join(self._titles)]
        for line in range(self.rowCount()):
            cells = (self.item(line, index) for index in range(self.columnCount()))
            lines.append("\t".join(cell.text() if cell is not None else "" for cell in cells))
        return "\n".join(lines)

    def keyPressEvent(self, event) -> None:
        """Ctrl+C copies the whole table."""
        if event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(self.text())
            return
        super().keyPressEvent(event)
