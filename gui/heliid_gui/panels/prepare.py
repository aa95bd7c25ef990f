"""The Prepare view: conditioning steps, before and after, regions, spectra and model rate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QComboBox, QStackedWidget, QTabWidget, QWidget

from heliid.data.campaign import Use
from heliid.errors import HeliIDError
from heliid.project import ProjectRecord
from heliid_gui.listen import listen
from heliid_gui.panels.before_after import BeforeAfter
from heliid_gui.panels.findings import Findings
from heliid_gui.panels.piece_table import PieceTable
from heliid_gui.panels.spectra import SpectraView
from heliid_gui.panels.step_list import StepList
from heliid_gui.presenters import formatting as fmt
from heliid_gui.presenters import prepare
from heliid_gui.presenters import setup as setups
from heliid_gui.presenters.doctor import Doctor
from heliid_gui.presenters.insights import Insights
from heliid_gui.presenters.workbench import Workbench
from heliid_gui.rooms import follow
from heliid_gui.theme import SPACE
from heliid_gui.widgets import (
    Banner,
    Card,
    EmptyState,
    button,
    column,
    label,
    panes,
    scrolled,
)

AHEAD_MS = 300  # after the last change; then the plots of a hidden view are made
LONG = 200_000  # samples; such records are drawn when they are looked at


class PreparePanel(QWidget):
    """Steps on the left, plots in the middle, pieces and the doctor on the right."""

    data_wanted = Signal()
    next_wanted = Signal()
    cursor_moved = Signal(float, str)

    def __init__(self, bench: Workbench, doctor: Doctor, insights: Insights) -> None:
        super().__init__()
        self._bench, self._doctor, self._insights = bench, doctor, insights
        self._ahead = QTimer(self, singleShot=True, interval=AHEAD_MS)
        self._ahead.timeout.connect(self._show_page_ahead)
        self._build()
        self._wire()
        self.refresh()

    def _build(self) -> None:
        self.record = QComboBox()
        self.record.setAccessibleName(self.tr("Record"))
        self.record.setMinimumContentsLength(8)
        self.steps = StepList()
        self.banner = Banner(level="warning")
        steps = Card(label(self.tr("Conditioning"), "section"), self.steps, margins=SPACE + 4)
        left = QWidget()
        left.setLayout(column(self.record, self.banner, steps, grows=2))
        self.page = BeforeAfter()
        self.spectra = SpectraView()
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.addTab(self.page, self.tr("Before and after"))
        self.tabs.addTab(self.spectra, self.tr("Spectra and model rate"))
        centre = Card(self.tabs, margins=SPACE + 4)
        self.pieces = PieceTable()
        self.split = button(
            self.tr("Split into manoeuvres"),
            self.split_record,
            icon="prepare",
            tip=self.tr("Cut where the controls rest for 2 s or more"),
        )
        self.findings = Findings()
        self.next = button(self.tr("Next: choose the model"), self.next_wanted.emit, kind="primary")
        inner = QWidget()
        inner.setLayout(
            column(
                Card(
                    label(self.tr("Regions"), "section"), self.pieces, self.split, margins=SPACE + 4
                ),
                Card(label(self.tr("Data doctor"), "section"), self.findings, margins=SPACE + 4),
                1,
            )
        )
        right = QWidget()
        right.setLayout(column(scrolled(inner), self.next))
        self.empty = EmptyState(
            "prepare",
            self.tr("Nothing to prepare yet"),
            self.tr(
                "Open a record first. Here you condition it, cut it into regions and see "
                "which frequencies can be identified."
            ),
            button(self.tr("Go to Data"), self.data_wanted.emit, icon="data", kind="primary"),
        )
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(panes((left, 200, 280), (centre, 380, 740), (right, 272, 272)))
        self.setLayout(column(self.stack, margins=SPACE))

    def _wire(self) -> None:
        bench = self._bench
        listen(self, bench.setup_changed, self.refresh)
        listen(self, bench.record_chosen, self.refresh)
        listen(self, self._doctor.changed, self._show_findings)
        listen(self, self._insights.changed, self._show_insight)
        self.record.activated.connect(lambda _i: bench.choose_record(self.record.currentData()))
        self.steps.add_wanted.connect(self.add_step)
        self.steps.remove_wanted.connect(
            lambda k: self._edit(self.tr("Remove a step"), lambda i: prepare.removed(i, k))
        )
        self.steps.switch_wanted.connect(self._switch)
        self.steps.move_wanted.connect(
            lambda k, to: self._edit(self.tr("Reorder steps"), lambda i: prepare.moved(i, k, to))
        )
        self.steps.change_wanted.connect(self._change)
        self.page.cursor_moved.connect(self.cursor_moved)
        self.page.border_moved.connect(self._move_border)
        self.page.step_wanted.connect(self.add_step)
        self.page.use_wanted.connect(self.use_selection)
        self.pieces.border_wanted.connect(self._move_border)
        self.pieces.use_wanted.connect(self._use_piece)
        self.findings.chosen.connect(self.show_finding)
        self.findings.remedy_wanted.connect(self.apply_remedy)
        self.spectra.rate_wanted.connect(self.use_rate)
        self.tabs.currentChanged.connect(lambda _index: self._show_insight())
        follow(self, self.refresh)

    # ---- showing -------------------------------------------------------------------------

    def item(self) -> ProjectRecord | None:
        """The record on show."""
        return setups.find(self._bench.setup, self._bench.current_record)

    def showEvent(self, event) -> None:
        """What changed while another view was on show."""
        super().showEvent(event)
        self.refresh()

    def refresh(self) -> None:
        """Show the record and its steps as they are now; while hidden, when things have settled."""
        item = self.item()
        self.stack.setCurrentIndex(0 if item is None else 1)
        if item is None or not self.isVisible():
            self._ahead.start()
            return
        self._show_records(item)
        self.steps.show_steps(item.steps, setups.conditioned(item).names)
        self._show_page(item)
        self.pieces.show_pieces(setups.pieces(item), setups.conditioned(item).dt)
        self._show_findings()
        self._show_insight()

    def _show_page(self, item: ProjectRecord) -> None:
        if self.page.show_item(self._bench.setup, item):
            self.banner.show_text("")

    def _show_page_ahead(self) -> None:
        """Make the plots while nobody waits for them: that is most of the first look's time."""
        item = self.item()
        if item is not None and not self.isVisible() and item.record.n_samples < LONG:
            self._show_page(item)

    def _show_records(self, item: ProjectRecord) -> None:
        items = self._bench.setup.records
        there = [self.record.itemData(k) for k in range(self.record.count())]
        if there != [one.key for one in items]:
            self.record.clear()
            for one in items:
                self.record.addItem(one.record.name, one.key)
        self.record.setCurrentIndex(self.record.findData(item.key))

    def _show_findings(self) -> None:
        item = self.item()
        if item is not None and self.isVisible():
            lines = self._doctor.lines(item)
            self.findings.show_lines(lines, is_done=self._doctor.is_done(item))

    def _show_insight(self) -> None:
        if self.tabs.currentWidget() is self.spectra and self.isVisible():
            found = self._insights.get()
            rate = self._bench.setup.config.rate_hz
            self.spectra.show_insight(found, self._insights.problem, rate)

    # ---- what the user does --------------------------------------------------------------

    def _edit(
        self, text: str, change: Callable[[ProjectRecord], ProjectRecord], merge: str = ""
    ) -> None:
        """One undoable edit of the record; one that does not fit is said and not made."""
        item = self.item()
        if item is None:
            return
        try:
            made = change(item)
        except HeliIDError as error:
            self.banner.show_text(str(error), "warning")
            self.steps.show_steps((), ())  # so that fields and ticks go back to what holds
            self.refresh()
            return
        self.banner.show_text("")
        self._bench.edit(text, setups.replaced(self._bench.setup, made), merge)

    def add_step(self, kind: str) -> None:
        """A new step of this kind, on the marked piece of time where it takes one."""
        item = self.item()
        if item is None:
            return
        step = prepare.default_step(kind, setups.conditioned(item), self.page.take_selection())
        self._edit(prepare.kind_of(step).title, lambda i: prepare.added(i, step))

    def _switch(self, index: int, on: bool) -> None:
        text = self.tr("Switch a step on") if on else self.tr("Switch a step off")
        self._edit(text, lambda i: prepare.switched(i, index, on))

    def _change(self, index: int, step: dict) -> None:
        item = self.item()
        if item is not None and 0 <= index < len(item.steps):
            merge = f"step {item.key} {index} {step.get('kind')}"
            self._edit(self.tr("Change a step"), lambda i: prepare.changed(i, index, step), merge)

    def use_selection(self, use: str) -> None:
        """Give the marked region, or the whole record, this use."""
        item = self.item()
        if item is None:
            return
        time = setups.conditioned(item).time
        start, end = self.page.take_selection() or (float(time[0]), float(time[-1]))
        text = self.tr("Use a region for %s") % fmt.USE_NAMES[use]
        self._edit(text, lambda i: setups.paint(i, start, end, Use(use)))

    def _use_piece(self, index: int, use: str) -> None:
        item = self.item()
        if item is not None:
            start, end, _ = setups.pieces(item)[index]
            text = self.tr("Use a region for %s") % fmt.USE_NAMES[use]
            self._edit(text, lambda i: setups.paint(i, start, end, Use(use)))

    def _move_border(self, index: int, at: float) -> None:
        item = self.item()
        if item is not None and index < len(setups.pieces(item)) - 1:
            self._edit(
                self.tr("Move a border"),
                lambda i: setups.move_border(i, index, at),
                f"border {item.key} {index}",
            )

    def split_record(self) -> None:
        """Cut the record where its controls rest."""
        setup, said = prepare.split(self._bench.setup, self._bench.current_record)
        self._bench.edit(self.tr("Split into manoeuvres"), setup)
        self.banner.show_text(said, "info")

    def use_rate(self, hz: float) -> None:
        """Make the proposed rate the model's."""
        setup = self._bench.setup
        config = replace(setup.config, rate_hz=hz)
        self._bench.edit(self.tr("Use the proposed rate"), replace(setup, config=config))

    def show_finding(self, finding) -> None:
        """Zoom to the place of a finding."""
        self.tabs.setCurrentIndex(0)
        self.page.show_place(finding.start, finding.end)

    def apply_remedy(self, finding) -> None:
        """The doctor's remedy as a further step."""
        from heliid.data.conditioning import to_dict

        if finding.remedy is not None:
            step = to_dict(finding.remedy)
            self._edit(prepare.sentence(step), lambda i: prepare.added(i, step))
