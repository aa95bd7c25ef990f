"""Problems: what the data doctor found in all records; a click shows the place, another mends."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QDockWidget,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from heliid_gui import icons
from heliid_gui.listen import listen
from heliid_gui.presenters import formatting as fmt
from heliid_gui.presenters.doctor import Problem
from heliid_gui.rooms import dress, enter, follow
from heliid_gui.theme import SPACE, colours
from heliid_gui.widgets import boxed, button, column, label, row

if TYPE_CHECKING:
    from heliid_gui.presenters.doctor import Doctor

SHOWN = 200  # rows; more than that is one fault, told very often
HEIGHT, REMEDY_WIDTH = 190, 250  # px
RECORD, SENTENCE, PLACE, REMEDY = range(4)


class ProblemsDock(QDockWidget):
    """A table below the views; it floats only when it is dragged."""

    chosen = Signal(str, object)  # key of the record, finding
    remedy_wanted = Signal(str, object)

    def __init__(self, parent: QWidget, doctor: Doctor) -> None:
        super().__init__(parent)
        dress(self)
        self._doctor = doctor
        self._shown: tuple[Problem, ...] | None = None
        self.setWindowTitle(self.tr("Problems"))
        self.setObjectName("problems")
        self.setAllowedAreas(
            Qt.DockWidgetArea.BottomDockWidgetArea | Qt.DockWidgetArea.RightDockWidgetArea
        )
        self.notes = QCheckBox(self.tr("Notes too"))
        self.notes.setToolTip(
            self.tr("Also what is only worth knowing: bandwidth, trim, what nothing confirms")
        )
        self.notes.toggled.connect(lambda _on: self.refresh())
        self.said = label("", "muted")
        self.table = self._table()
        head = row(self.said, 1, self.notes)
        body = boxed(column(head, self.table, margins=SPACE, spacing=SPACE // 2, grows=1))
        body.setMinimumHeight(120)
        self.setWidget(body)
        listen(self, doctor.changed, self.refresh)
        follow(self, self._again)

    def _table(self) -> QTableWidget:
        table = QTableWidget(0, 4)
        table.setHorizontalHeaderLabels(
            [self.tr("Record"), self.tr("What was found"), self.tr("Where"), self.tr("Remedy")]
        )
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.setShowGrid(False)
        table.setWordWrap(True)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header = table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(SENTENCE, QHeaderView.ResizeMode.Stretch)
        for place, width in ((RECORD, 190), (PLACE, 170), (REMEDY, REMEDY_WIDTH)):
            table.setColumnWidth(place, width)
        table.setAccessibleName(self.tr("Problems in the data"))
        table.cellClicked.connect(lambda line, _column: self._choose(line))
        table.cellActivated.connect(lambda line, _column: self._choose(line))
        return table

    def showEvent(self, event) -> None:
        """Rows are made when somebody can see them."""
        enter(self)
        super().showEvent(event)
        self.refresh()

    def refresh(self) -> None:
        """Show the findings as they are now."""
        if self.isHidden():
            return
        found = self._doctor.problems(notes=self.notes.isChecked())
        self.said.setText(self._summary(found))
        if found == self._shown:
            return
        self._shown = found
        self.table.setRowCount(0)
        self.table.setRowCount(min(len(found), SHOWN))
        for line, problem in enumerate(found[:SHOWN]):
            self._fill(line, problem)

    def _summary(self, found: tuple[Problem, ...]) -> str:
        if not found:
            return self.tr("Nothing to complain about.")
        more = self.tr(", the first %d shown") % SHOWN if len(found) > SHOWN else ""
        return self.tr("%s; a click shows the place%s") % (fmt.plural(len(found), "finding"), more)

    def _again(self) -> None:
        self._shown = None
        self.refresh()

    def _fill(self, line: int, problem: Problem) -> None:
        texts = {RECORD: problem.record, SENTENCE: problem.line.sentence, PLACE: problem.place}
        items = {place: QTableWidgetItem(text) for place, text in texts.items()}
        for place, item in items.items():
            item.setToolTip(self.tr("Show the place in the plots"))
            self.table.setItem(line, place, item)
        tint = getattr(colours(), problem.line.role)
        items[RECORD].setIcon(icons.icon(problem.line.icon, tint, 16))
        items[RECORD].setData(
            Qt.ItemDataRole.AccessibleTextRole,
            f"{problem.line.finding.severity}: {problem.record}",
        )
        items[PLACE].setForeground(QColor(colours().muted))
        if problem.line.remedy and problem.key:
            text = self.fontMetrics().elidedText(
                problem.line.remedy, Qt.TextElideMode.ElideRight, REMEDY_WIDTH - 2 * SPACE
            )
            fix = button(text, partial(self._mend, problem), kind="link")
            fix.setToolTip(self.tr("%s\nUndo takes it back") % problem.line.remedy)
            self.table.setCellWidget(line, REMEDY, fix)

    def _choose(self, line: int) -> None:
        if self._shown is not None and 0 <= line < len(self._shown):
            problem = self._shown[line]
            self.chosen.emit(problem.key, problem.line.finding)

    def _mend(self, problem: Problem) -> None:
        self.remedy_wanted.emit(problem.key, problem.line.finding)
