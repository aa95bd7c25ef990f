"""The Compare view: ticked runs over the same flight, their numbers and their settings."""

from __future__ import annotations

import itertools
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFileDialog,
    QHeaderView,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QWidget,
)

from heliid_gui import icons
from heliid_gui.listen import listen
from heliid_gui.panels.optimisers import OptimisersTab
from heliid_gui.panels.text_table import TextTable
from heliid_gui.plots.panel import PlotPanel, Row, Span
from heliid_gui.plots.scatter import Points, ScatterPlot
from heliid_gui.plots.styles import Kind
from heliid_gui.presenters import compare as presenter
from heliid_gui.presenters import formatting as fmt
from heliid_gui.presenters import judgement as judgements
from heliid_gui.presenters.guests import open_model
from heliid_gui.presenters.judges import Judges
from heliid_gui.presenters.studies import JobRunner
from heliid_gui.presenters.workbench import Run, Workbench
from heliid_gui.theme import SPACE, colours
from heliid_gui.widgets import (
    Card,
    EmptyState,
    boxed,
    button,
    column,
    label,
    panes,
    row,
    tool_button,
)

_KINDS = (
    Kind.MODEL, Kind.LINEAR, Kind.EXTRA0, Kind.EXTRA1, Kind.EXTRA2, Kind.EXTRA3, Kind.EXTRA4,
)  # fmt: skip
_ROLES = ("accent", "warning", "good", "bad", "text")
_SYMBOLS = ("o", "t", "s", "d", "+", "p", "h")
_KEY = Qt.ItemDataRole.UserRole


class ComparePanel(QWidget):
    """History of runs, and any number of them side by side."""

    evolve_wanted = Signal()
    restore_wanted = Signal(str)
    cursor_moved = Signal(float, str)
    problem = Signal(str, str)  # title, sentence

    def __init__(
        self, bench: Workbench, judges: Judges | None = None, jobs: JobRunner | None = None
    ) -> None:
        """``judges`` know where flights leave the envelope, ``jobs`` run the optimisers."""
        super().__init__()
        self._bench, self._judges, self._jobs = bench, judges, jobs
        self._ticked: list[str] = []
        self._seen: set[str] = set()
        self._quiet = False
        self.table = QTableWidget(0, len(presenter.COLUMNS))
        self.plots = PlotPanel()
        self.plots.cursor_moved.connect(self.cursor_moved)
        self.convergence = PlotPanel(x_label="trained candidates")
        self.settings = TextTable(("Setting",))
        self.measure = QComboBox()
        self.measure.addItems([one.name for one in presenter.MEASURES])
        self.measure.setAccessibleName(self.tr("Rank by"))
        self.measure.activated.connect(self._draw)
        self.ranking = TextTable(presenter.RANK_COLUMNS, text_columns=2)
        self.rank_note = label("", "muted", wrap=True)
        self.pareto = ScatterPlot(self.tr("numbers fitted"), self.tr("error on validation"))
        self.optimisers = OptimisersTab(jobs)
        self.record = QComboBox()
        self.record.setMinimumContentsLength(24)
        self.record.setAccessibleName(self.tr("Record"))
        self.record.activated.connect(self._draw)
        self._build()
        listen(self, bench.runs_changed, self.refresh)
        if judges is not None:
            listen(self, judges.changed, self.refresh)
        self.refresh()

    def _build(self) -> None:
        self._build_table()
        self.star = tool_button(
            "star", self.tr("Star"), self._star, show_text=True, tip=self.tr("Mark the chosen run")
        )
        self.show_run = tool_button(
            "validate",
            self.tr("Judge"),
            self._show,
            show_text=True,
            tip=self.tr("Show the chosen run in Validate and Export"),
        )
        self.restore = tool_button(
            "undo",
            self.tr("Restore set-up"),
            self._restore,
            show_text=True,
            tip=self.tr("Bring back the records and settings of this run"),
        )
        self.open_file = tool_button(
            "open",
            self.tr("Open a model…"),
            self.ask_model,
            show_text=True,
            tip=self.tr("Put a model file (JSON) beside the runs, flown on the present records"),
        )
        actions = (self.open_file, self.star, self.show_run, self.restore)
        head = row(label(self.tr("Runs"), "heading"), 1, *actions)
        top = Card(head, self.table, margins=SPACE + 4)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        response = boxed(column(row(self.record, 1), self.plots, margins=SPACE))
        self.tabs.addTab(response, self.tr("Response"))
        by = row(label(self.tr("Rank by"), "muted"), self.measure, 1)
        ranks = boxed(column(by, self.ranking, self.rank_note, margins=SPACE))
        self.tabs.addTab(ranks, self.tr("Ranking"))
        self.tabs.addTab(self.pareto, self.tr("Error and size"))
        self.tabs.addTab(self.convergence, self.tr("Convergence"))
        self.tabs.addTab(self.settings, self.tr("Different settings"))
        self.tabs.addTab(self.optimisers, self.tr("Optimisers"))
        bottom = Card(self.tabs, margins=SPACE)
        split = panes((top, 120, 210), (bottom, 200, 420), upright=True)
        empty = EmptyState(
            "compare",
            self.tr("Nothing to compare yet"),
            self.tr(
                "Every search you run is kept here and can be starred, laid over others and "
                "restored, and so is a model from a file."
            ),
            button(self.tr("Go to Evolve"), self.evolve_wanted.emit, kind="primary"),
            button(self.tr("Open a model…"), self.ask_model, icon="open"),
        )
        self.stack = QStackedWidget()
        self.stack.addWidget(empty)
        self.stack.addWidget(split)
        self.setLayout(column(self.stack, margins=SPACE))

    def _build_table(self) -> None:
        table = self.table
        for index, (title, tip) in enumerate(presenter.COLUMNS):
            item = QTableWidgetItem(title)
            item.setToolTip(tip)
            side = Qt.AlignmentFlag.AlignLeft if index < 2 else Qt.AlignmentFlag.AlignRight
            item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            table.setHorizontalHeaderItem(index, item)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(28)
        table.setShowGrid(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.horizontalHeader().setHighlightSections(False)
        table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        table.itemChanged.connect(self._item_changed)
        table.setAccessibleName(self.tr("Runs"))

    def refresh(self) -> None:
        """Show all runs; a new one is ticked at once."""
        runs = self._bench.runs
        self.stack.setCurrentIndex(1 if runs else 0)
        for run in runs:
            if run.key not in self._seen and run.model is not None:
                self._seen.add(run.key)
                self._ticked = [*self._ticked, run.key][-presenter.FIRST_SHOWN :]
        self._quiet = True
        lines = presenter.run_lines(runs)
        self.table.setRowCount(len(lines))
        for number, line in enumerate(lines):
            self._fill(number, line)
        self.table.resizeColumnsToContents()
        self._quiet = False
        self._draw()

    def _fill(self, number: int, line: presenter.RunLine) -> None:
        name = QTableWidgetItem(line.name)
        name.setData(_KEY, line.key)
        name.setFlags(name.flags() | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEditable)
        on = line.key in self._ticked
        name.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        if line.starred:
            name.setIcon(icons.icon("star", colours().warning))
        self.table.setItem(number, 0, name)
        for index, (text, _) in enumerate(line.cells, 1):
            item = QTableWidgetItem(text)
            item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
            if index > 1:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.table.setItem(number, index, item)

    def _item_changed(self, item: QTableWidgetItem) -> None:
        if self._quiet or item.column() != 0:
            return
        key = item.data(_KEY)
        run = self._bench.find_run(key)
        if run is None:
            return
        on = item.checkState() == Qt.CheckState.Checked
        if on != (key in self._ticked):
            self._ticked = [k for k in self._ticked if k != key] + ([key] if on else [])
            self.refresh()
        elif item.text().strip() and item.text() != run.name:
            self._bench.change_run(key, name=item.text().strip())

    def ticked(self) -> list[Run]:
        """The runs laid side by side, in the order they ran."""
        return [run for run in self._bench.runs if run.key in self._ticked]

    def chosen(self) -> str:
        """The key of the chosen line, or of the newest run."""
        item = self.table.item(max(0, self.table.currentRow()), 0)
        return item.data(_KEY) if item is not None else ""

    def _draw(self) -> None:
        runs = [run for run in self.ticked() if run.model is not None]
        names = presenter.shared_records(runs)
        if tuple(self.record.itemText(k) for k in range(self.record.count())) != names:
            self.record.clear()
            self.record.addItems(list(names))
        self._draw_responses(runs)
        self.convergence.set_rows([Row("cost", "Best cost so far", "")])
        self.convergence.clear_curves()
        best = presenter.convergences(runs).items()
        for kind, (name, (x, y)) in zip(itertools.cycle(_KINDS), best, strict=False):
            self.convergence.set_curve("cost", name, kind, x, y)
        self.settings.setColumnCount(1 + len(runs))
        self.settings.setHorizontalHeaderLabels(["Setting", *(run.name for run in runs)])
        self.settings.show_rows(presenter.differences(runs))
        self._draw_ranking(runs)
        self._draw_pareto(runs)
        self.optimisers.show_run(self._bench.find_run(self.chosen()))

    def _draw_ranking(self, runs: list[Run]) -> None:
        measure = presenter.MEASURES[max(0, self.measure.currentIndex())]
        rows = presenter.ranking(runs, measure)
        self.ranking.show_rows(rows)
        self.rank_note.setText(
            self.tr("Free runs over whole records that none of these runs trained on: %s.")
            % ", ".join(presenter.judged_records(runs))
            if rows
            else self.tr("These runs share no record that none of them trained on.")
        )

    def _draw_pareto(self, runs: list[Run]) -> None:
        clouds = []
        for k, (name, points) in enumerate(presenter.pareto(runs).items()):
            role, symbol = _ROLES[k % len(_ROLES)], _SYMBOLS[k % len(_SYMBOLS)]
            clouds.append(Points(points, role, symbol, 7, name))
            clouds.append(Points(presenter.front(points), role, is_line=True))
        self.pareto.show_points(clouds)

    def _draw_responses(self, runs: list[Run]) -> None:
        record = self.record.currentText()
        channels = presenter.shared_outputs(runs) if record else ()
        self.plots.set_rows([Row(c.name, fmt.title(c), fmt.shown_unit(c).symbol) for c in channels])
        self.plots.clear_curves()
        for kind, run in zip(itertools.cycle(_KINDS), runs, strict=False):
            for channel in channels:
                time, measured, free = presenter.response(run, record, channel.name)
                shown = fmt.shown(channel, measured)
                self.plots.set_curve(channel.name, "measured", Kind.MEASURED, time, shown)
                self.plots.set_curve(channel.name, run.name, kind, time, fmt.shown(channel, free))
        shade = colours().warning
        spans = self._outside(runs[0], record) if runs and record else ()
        self.plots.set_spans([Span(a, b, shade, 24) for a, b in spans])

    def _outside(self, run: Run, record: str) -> tuple[tuple[float, float], ...]:
        """Where the flight leaves what the first run was trained on; known once it is judged."""
        judgement = self._judges.find(run.key) if self._judges is not None else None
        reports = judgement.reports.values() if judgement is not None else ()
        for report in reports:
            if record in judgements.record_names(report):
                return judgements.outside_spans(judgements.find_record(report, record))
        return ()

    def ask_model(self) -> None:
        """Let the user choose model files to compare."""
        dialog = QFileDialog(self, self.tr("Open models"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilters([self.tr("HeliID model (*.json)")])
        dialog.filesSelected.connect(lambda names: self.open_models([Path(n) for n in names]))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def open_models(self, paths: list[Path]) -> None:
        """Read models from files and put them into the list."""
        if self._jobs is None:
            return
        title = self.tr("A model could not be opened")
        for path in paths:
            open_model(path, self._bench, self._jobs, partial(self.problem.emit, title))

    def _star(self) -> None:
        run = self._bench.find_run(self.chosen())
        if run is not None:
            self._bench.change_run(run.key, starred=not run.starred)

    def _show(self) -> None:
        self._bench.choose_run(self.chosen())

    def _restore(self) -> None:
        self.restore_wanted.emit(self.chosen())
