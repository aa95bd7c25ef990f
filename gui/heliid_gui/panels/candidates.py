"""The table of candidates: every unique order that was trained; sort, filter, star, inspect."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QLineEdit, QMenu, QTableView, QWidget

from heliid.events import CandidateScored
from heliid_gui.presenters import candidate_filter
from heliid_gui.presenters.formatting import SHORT_SEARCH, figure
from heliid_gui.theme import SPACE, colours
from heliid_gui.widgets import column, label, row

_COLUMNS = ("★", "#", "Order", "Cost", "NRMSE", "Size", "By")
_WIDTHS = (26, 34, 0, 62, 66, 46, 56)
_TIPS = (
    "Starred: a click (or S) stars a candidate, another one takes the star away",
    "In which order it was trained",
    "Its lags (na, nb), delays (nk), tap spacing and hidden units (h)",
    "What the search minimises: free-run error plus a charge for size",
    "Root mean square error of the free run over the spread of the measurement",
    "How many numbers were fitted",
    "The search that proposed it",
)
STAR, ORDER, COST = 0, 2, 3
_LEFT = (STAR, ORDER, 6)  # columns of text; numbers stand to the right
AnyIndex = QModelIndex | QPersistentModelIndex
SORT = Qt.ItemDataRole.UserRole
Genome = tuple[int, ...]


class CandidateModel(QAbstractTableModel):
    """The candidates of one study, in the order they came."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[CandidateScored] = []
        self._texts: list[tuple[str, ...]] = []
        self._best = -1
        self.starred: frozenset[Genome] = frozenset()

    def show(self, candidates: list[CandidateScored], starred: frozenset[Genome]) -> None:
        """Take over what is new; a shorter list means another study."""
        if len(candidates) < len(self._rows) or (
            self._rows and candidates and candidates[0] is not self._rows[0]
        ):
            self.beginResetModel()
            self._rows, self._texts, self._best = [], [], -1
            self.endResetModel()
        fresh = candidates[len(self._rows) :]
        if fresh:
            first = len(self._rows)
            self.beginInsertRows(QModelIndex(), first, first + len(fresh) - 1)
            self._rows.extend(fresh)
            self._texts.extend(_texts(one) for one in fresh)
            self.endInsertRows()
            best = [first + k for k, one in enumerate(fresh) if one.is_best]
            self._best = best[-1] if best else self._best
        if starred != self.starred:
            self.starred = starred
            if self._rows:
                last = self.index(len(self._rows) - 1, STAR)
                self.dataChanged.emit(self.index(0, STAR), last)

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
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _COLUMNS[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return _TIPS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _LEFT_ALIGNED if section in _LEFT else _RIGHT_ALIGNED
        return None

    def data(self, index: AnyIndex, role: int = 0) -> Any:
        """Texts, sort keys, colours."""
        at, section = index.row(), index.column()
        one = self._rows[at]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._star(one) if section == STAR else self._texts[at][section]
        if role == SORT:
            return one.genome not in self.starred if section == STAR else _keys(one)[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return one.reason or one.structure_text
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _LEFT_ALIGNED if section in _LEFT else _RIGHT_ALIGNED
        if role == Qt.ItemDataRole.ForegroundRole:
            if at == self._best:
                return QColor(colours().accent)
            if section == STAR:
                return QColor(colours().warning)
            if one.diverged:
                return QColor(colours().muted)
        return None

    def _star(self, one: CandidateScored) -> str:
        return "★" if one.genome in self.starred else ""


_LEFT_ALIGNED = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT_ALIGNED = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


def _texts(one: CandidateScored) -> tuple[str, ...]:
    nrmse = "diverged" if one.diverged else figure(one.nrmse)
    return (
        "",
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
        False,
        one.index,
        one.structure_text,
        safe(one.cost),
        safe(one.nrmse),
        one.n_parameters,
        one.searcher,
    )


class _Filtered(QSortFilterProxyModel):
    """Sorted, and only what passes the test."""

    def __init__(self, source: CandidateModel) -> None:
        super().__init__()
        self._source = source
        self._test, _ = candidate_filter.parse("")
        self.setSourceModel(source)
        self.setSortRole(SORT)

    def use(self, test: candidate_filter.Test) -> None:
        """Show what passes this test."""
        self.beginFilterChange()
        self._test = test
        self.endFilterChange()

    def filterAcceptsRow(self, row: int, _parent: AnyIndex) -> bool:
        """True when the candidate is shown."""
        return self._test(self._source.at(row))


class CandidateTable(QWidget):
    """The filter, the table, and the picked candidate's details."""

    picked = Signal(object)  # CandidateScored
    star_wanted = Signal(object, bool)  # genome, on

    def __init__(self) -> None:
        super().__init__()
        self.model = CandidateModel()
        self._sorted = _Filtered(self.model)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText(self.tr("Filter: h>=2 cost<0.1 starred"))
        self.filter.setToolTip(self.tr(candidate_filter.HELP))
        self.filter.setAccessibleName(self.tr("Filter the candidates"))
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(self._filter_changed)
        self.count = label("", "muted")
        self.view = QTableView()
        self._set_up_view()
        self.details = label("", "muted", wrap=True)
        self.note = label("", "muted", wrap=True)
        self.note.hide()
        self.details.hide()
        head = row(self.filter, self.count, grows=0)
        head.setContentsMargins(SPACE // 2, SPACE // 2, SPACE // 2, 0)
        self.setLayout(column(head, self.view, self.details, self.note, spacing=4, grows=1))

    def _set_up_view(self) -> None:
        view = self.view
        view.setModel(self._sorted)
        view.setSortingEnabled(True)
        view.sortByColumn(COST, Qt.SortOrder.AscendingOrder)
        view.verticalHeader().hide()
        view.verticalHeader().setDefaultSectionSize(26)
        view.setShowGrid(False)
        view.setWordWrap(False)
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = view.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(24)
        for index, width in enumerate(_WIDTHS):
            mode = QHeaderView.ResizeMode.Interactive if width else QHeaderView.ResizeMode.Stretch
            header.setSectionResizeMode(index, mode)
            if width:
                view.setColumnWidth(index, width)
        view.setAccessibleName(self.tr("Candidates"))
        view.selectionModel().currentRowChanged.connect(self._picked)
        view.clicked.connect(self._clicked)
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.customContextMenuRequested.connect(self._menu)
        view.installEventFilter(self)

    def show_candidates(
        self, candidates: list[CandidateScored], starred: frozenset[Genome] = frozenset()
    ) -> None:
        """Show these."""
        is_other = starred != self.model.starred
        self.model.show(candidates, starred)
        if is_other and self.filter.text():
            self._filter_changed()
        self._show_count()

    def show_note(self, text: str) -> None:
        """Say what is going on with the picked candidate."""
        self.note.setText(text)
        self.note.setVisible(bool(text))

    def current(self) -> CandidateScored | None:
        """The picked candidate."""
        index = self.view.currentIndex()
        return self._at(index) if index.isValid() else None

    def toggle_star(self) -> None:
        """Star the picked candidate, or take its star away."""
        one = self.current()
        if one is not None:
            self.star_wanted.emit(one.genome, one.genome not in self.model.starred)

    def _at(self, index: QModelIndex) -> CandidateScored:
        return self.model.at(self._sorted.mapToSource(index).row())

    def _filter_changed(self) -> None:
        test, why = candidate_filter.parse(self.filter.text(), self.model.starred)
        self._sorted.use(test)
        self.count.setToolTip(why)
        self._show_count(why)

    def _show_count(self, why: str = "") -> None:
        shown, known = self._sorted.rowCount(), self.model.rowCount()
        text = self.tr("%d of %d") % (shown, known) if self.filter.text() else str(known)
        self.count.setText(self.tr("not understood") if why else text)

    def _picked(self, index: QModelIndex, _old: QModelIndex) -> None:
        if not index.isValid():
            return
        one = self._at(index)
        self.details.setText(describe(one))
        self.details.show()
        self.picked.emit(one)

    def _clicked(self, index: QModelIndex) -> None:
        if index.column() == STAR:
            self.toggle_star()

    def _menu(self, where: QPoint) -> None:
        one = self.current()
        if one is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        is_on = one.genome in self.model.starred
        menu.addAction(self.tr("Take the star away") if is_on else self.tr("Star"),
                       self.toggle_star)  # fmt: skip
        copy = partial(QGuiApplication.clipboard().setText, one.structure_text)
        menu.addAction(self.tr("Copy the order, for heliid fit --order"), copy)
        menu.popup(self.view.viewport().mapToGlobal(where))

    def eventFilter(self, watched, event) -> bool:
        """S stars."""
        if (
            watched is self.view
            and event.type() is QEvent.Type.KeyPress
            and event.key() == Qt.Key.Key_S
            and event.modifiers() == Qt.KeyboardModifier.NoModifier
        ):
            self.toggle_star()
            return True
        return super().eventFilter(watched, event)


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
