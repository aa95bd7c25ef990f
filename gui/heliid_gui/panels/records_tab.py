"""The judged records: what was flown, the simulator test cases, the error over the horizon."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from heliid.data.record import Channel
from heliid.validation.manoeuvre import KINDS, called
from heliid_gui.panels.text_table import TextTable
from heliid_gui.panels.validate_tabs import fill, picker
from heliid_gui.plots.panel import PlotPanel, Row
from heliid_gui.plots.styles import Kind
from heliid_gui.presenters import judgement as presenter
from heliid_gui.theme import SPACE
from heliid_gui.widgets import column, label, panes, row

_KINDS = (Kind.MODEL, Kind.EXTRA0, Kind.EXTRA1, Kind.EXTRA2, Kind.EXTRA3, Kind.EXTRA4)


class RecordsTab(QWidget):
    """One line per record; below it the chosen record's cases and its error growth."""

    manoeuvre_said = Signal(str, str)  # record, kind ("" for the suggestion)

    def __init__(self) -> None:
        super().__init__()
        self.table = TextTable(presenter.RECORD_COLUMNS, text_columns=2)
        self.table.itemSelectionChanged.connect(self._line_chosen)
        self.record = picker(self.tr("Record"), 22)
        self.record.activated.connect(self._draw)
        self.flown = picker(self.tr("Judge it as"), 12)
        self.flown.addItem(self.tr("as suggested"), "")
        for kind in KINDS:
            self.flown.addItem(called(kind), kind)
        self.flown.setToolTip(
            self.tr("What was flown decides the test case. Overrule the suggestion where it errs.")
        )
        self.flown.activated.connect(self._say)
        self.cases = TextTable(presenter.CASE_COLUMNS, text_columns=5)
        self.growth = PlotPanel(x_label="time since a restart from data [s]")
        head = row(self.record, label(self.tr("judged as"), "muted"), self.flown, 1)
        split = panes(
            (self.table, 60, 120), (self.cases, 60, 130), (self.growth, 110, 240), upright=True
        )
        self.setLayout(column(head, split, margins=SPACE, grows=1))
        self._report = None
        self._said: dict[str, str] = {}

    def show_report(self, report, _channels: tuple[Channel, ...]) -> None:
        """Show the records of this report."""
        self._report = report
        fill(self.record, presenter.record_names(report))
        self.table.show_rows(presenter.record_rows(report))
        self._draw()

    def show_said(self, said: dict[str, str]) -> None:
        """What the user said of which record."""
        self._said = dict(said)
        self._show_kind()

    def _line_chosen(self) -> None:
        items = self.table.selectedItems()
        if items and self.record.findText(items[0].text()) >= 0:
            self.record.setCurrentText(items[0].text())
            self._draw()

    def _show_kind(self) -> None:
        kind = self._said.get(self.record.currentText(), "")
        self.flown.setCurrentIndex(max(0, self.flown.findData(kind)))

    def _say(self) -> None:
        self.manoeuvre_said.emit(self.record.currentText(), self.flown.currentData())

    def _draw(self) -> None:
        if self._report is None:
            return
        self._show_kind()
        record = presenter.find_record(self._report, self.record.currentText())
        self.cases.show_rows(presenter.case_rows(record))
        title = self.tr("rms error over the spread of the record")
        self.growth.set_rows([Row("error", title, "-")])
        self.growth.clear_curves()
        for j, name in enumerate(record.outputs):
            if record.growth.horizon.size:
                self.growth.set_curve(
                    "error", name, _KINDS[j % len(_KINDS)], record.growth.horizon,
                    record.growth.nrmse[:, j],
                )  # fmt: skip
