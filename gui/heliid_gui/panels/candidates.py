"""The table of candidates: every unique order that was trained, sortable."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from heliid.events import CandidateScored
from heliid_gui.presenters.formatting import SHORT_SEARCH, figure
from heliid_gui.theme import colours
from heliid_gui.widgets import column, label

_COLUMNS = ("#", "Order", "Cost", "NRMSE", "Size", "By")
_TIPS = (
    "In which order it was trained",
    "Its lags, delays and hidden units",
    "What the search minimises: free-run error plus a charge for size",
    "Root mean square error of the free run over the spread of the measurement",
    "How many numbers were fitted",
    "The method that proposed it",
)
_LEFT = (1, 5)  # columns of text; numbers stand to the right
AnyIndex = QModelIndex | QPersistentModelIndex
SORT = Qt.ItemDataRole.UserRole


class CandidateModel(QAbstractTableModel):
    """The candidates of one study, in the order they came."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[CandidateScored] = []
        self._best = -1

    def show(self, candidates: list[CandidateScored]) -> None:
        """Take over what is new; a shorter list means another study."""
        if len(candidates) < len(self._rows) or (
            self._rows and candidates and candidates[0] is not self._rows[0]
        ):
            self.beginResetModel()
            self._rows = []
            self._best = -1
            self.endResetModel()
        fresh = candidates[len(self._rows) :]
        if not fresh:
            return
        first = len(self._rows)
        self.beginInsertRows(QModelIndex(), first, first + len(fresh) - 1)
        self._rows.extend(fresh)
        self.endInsertRows()
        for offset, one in enumerate(fresh):
            if one.is_best:
                self._best = first + offset

    def at(self, row: int) -> CandidateScored:
        """The candidate of a row."""
        return self._rows[row]

    def rowCount(self, parent: AnyIndex | None = None) -> int:
        """Number of candidates."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, _parent: AnyIndex | None = None) -> int:
        """Number of columns."""
        return len(_COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        """Titles and their explanations."""
        if orientation is Qt.Orientation.Horizontal:
            if role == Qt.ItemDataRole.DisplayRole:
                return _COLUMNS[section]
            if role == Qt.ItemDataRole.ToolTipRole:
                return _TIPS[section]
            if role == Qt.ItemDataRole.TextAlignmentRole:
                side = (
                    Qt.AlignmentFlag.AlignLeft
                    if section in _LEFT
                    else (Qt.AlignmentFlag.AlignRight)
                )
                return int(side | Qt.AlignmentFlag.AlignVCenter)
        return None

    def data(self, index: AnyIndex, role: int = 0) -> Any:
        """Texts, sort keys, colours."""
        one = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return _texts(one)[index.column()]
        if role == SORT:
            return _keys(one)[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return one.reason or one.structure_text
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() not in _LEFT:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.ForegroundRole:
            if index.row() == self._best:
                return QColor(colours().accent)
            if one.diverged:
                return QColor(colours().muted)
        return None


def _texts(one: CandidateScored) -> tuple[str, ...]:
    nrmse = "diverged" if one.diverged else figure(one.nrmse)
    return (
        str(one.index + 1),
        one.structure_text.replace(",", " "),
        figure(one.cost, 4),
        nrmse,
        str(one.n_parameters),
        SHORT_SEARCH.get(one.searcher, one.searcher),
    )


def _keys(one: CandidateScored) -> tuple[Any, ...]:
    def safe(value: float) -> float:
        return value if math.isfinite(value) else 1e300

    return (
        one.index,
        one.structure_text,
        safe(one.cost),
        safe(one.nrmse),
        one.n_parameters,
        one.searcher,
    )


class CandidateTable(QWidget):
    """The table and the picked candidate's details."""

    picked = Signal(object)  # CandidateScored

    def __init__(self) -> None:
        super().__init__()
        self.model = CandidateModel()
        self._sorted = QSortFilterProxyModel()
        self._sorted.setSourceModel(self.model)
        self._sorted.setSortRole(SORT)
        self.view = QTableView()
        self.view.setModel(self._sorted)
        self.view.setSortingEnabled(True)
        self.view.sortByColumn(2, Qt.SortOrder.AscendingOrder)
        self.view.verticalHeader().hide()
        self.view.verticalHeader().setDefaultSectionSize(26)
        self.view.setShowGrid(False)
        self.view.setWordWrap(False)
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = self.view.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(30)
        for index, width in enumerate((34, 0, 62, 66, 46, 62)):
            if width:
                header.setSectionResizeMode(index, QHeaderView.ResizeMode.Interactive)
                self.view.setColumnWidth(index, width)
            else:
                header.setSectionResizeMode(index, QHeaderView.ResizeMode.Stretch)
        self.view.setAccessibleName(self.tr("Candidates"))
        self.view.selectionModel().currentRowChanged.connect(self._picked)
        self.details = label("", "muted", wrap=True)
        self.note = label("", "muted", wrap=True)
        self.note.hide()
        self.details.hide()
        layout = column(self.view, self.details, self.note, spacing=4, grows=0)
        self.setLayout(layout)

    def show_candidates(self, candidates: list[CandidateScored]) -> None:
        """Show these."""
        self.model.show(candidates)

    def show_note(self, text: str) -> None:
        """Say what is going on with the picked candidate."""
        self.note.setText(text)
        self.note.setVisible(bool(text))

    def _picked(self, index: QModelIndex, _old: QModelIndex) -> None:
        if not index.isValid():
            return
        one = self.model.at(self._sorted.mapToSource(index).row())
        self.details.setText(describe(one))
        self.details.show()
        self.picked.emit(one)


def describe(one: CandidateScored) -> str:
    """A candidate in two lines."""
    state = (
        one.reason or "its free run diverged"
        if one.diverged
        else f"free-run NRMSE {figure(one.nrmse)}"
    )
    return (
        f"Candidate {one.index + 1}: {one.structure_text}. {state[0].upper()}{state[1:]}; "
        f"{one.n_parameters} numbers fitted in {figure(one.cpu_s, 2)} s."
    )
