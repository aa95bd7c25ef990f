"""Every limit of the judgement with its source; a double click changes one."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QTableWidgetItem, QWidget

from heliid.data.record import Channel
from heliid_gui.panels.text_table import TextTable
from heliid_gui.presenters import judgement as presenter
from heliid_gui.theme import SPACE
from heliid_gui.widgets import Banner, column, label

VALUE = 1  # the column that can be edited
_KEY = Qt.ItemDataRole.UserRole


class LimitsTab(QWidget):
    """The table of limits. Edits are marked here and in the report."""

    limit_edited = Signal(str, object)  # key, value or None for the original

    def __init__(self) -> None:
        super().__init__()
        self.table = TextTable(presenter.LIMIT_COLUMNS, text_columns=5)
        self.table.setSortingEnabled(False)
        self.table.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.table.itemChanged.connect(self._changed)
        self.problem = Banner()
        note = label(
            self.tr(
                "A guideline is quoted from memory of its source: check its digits before a "
                "certificate rests on them. A changed limit holds for every run of this project "
                "and is shown with its original in the report."
            ),
            "muted", wrap=True,
        )  # fmt: skip
        self.setLayout(column(self.problem, self.table, note, margins=SPACE))
        self._quiet = False

    def show_report(self, report, _channels: tuple[Channel, ...]) -> None:
        """Show the limits this report was judged with."""
        rows = presenter.limit_rows(report)
        self._quiet = True
        self.table.show_rows([cells for _, cells in rows])
        self.table.setSortingEnabled(False)
        for line, (key, _) in enumerate(rows):
            for index in range(self.table.columnCount()):
                item = self.table.item(line, index)
                if item is None:
                    continue
                item.setData(_KEY, key)
                if index != VALUE:
                    item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
        self._quiet = False

    def _changed(self, item: QTableWidgetItem) -> None:
        if self._quiet or item.column() != VALUE:
            return
        text = item.text().strip().replace(",", ".")
        if not text:
            self.limit_edited.emit(item.data(_KEY), None)
            return
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0.0 <= value < float("inf"):
            self.problem.show_text(
                self.tr("'%s' is no limit: give a number from 0 up, or nothing for the original.")
                % text, "warning",
            )  # fmt: skip
            return
        self.problem.show_text("")
        self.limit_edited.emit(item.data(_KEY), value)
