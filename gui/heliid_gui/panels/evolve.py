"""The Evolve view: the best free run against the flight, live; the race; every candidate."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QStackedWidget, QTabWidget, QWidget

from heliid_gui.listen import listen
from heliid_gui.panels.candidates import CandidateTable
from heliid_gui.panels.free_run import FreeRunView
from heliid_gui.panels.order_view import OrderView
from heliid_gui.panels.race import Convergence, RaceView
from heliid_gui.presenters import formatting as fmt
from heliid_gui.presenters.evolve import Evolution
from heliid_gui.presenters.inspections import Inspections
from heliid_gui.presenters.setup import Setup
from heliid_gui.presenters.workbench import Workbench
from heliid_gui.theme import SPACE
from heliid_gui.widgets import (
    Banner,
    Card,
    ElidedLabel,
    EmptyState,
    boxed,
    button,
    column,
    label,
    panes,
    row,
    scrolled,
)

TABLES_S = 0.25  # tables, maps and texts are brought up to date no more often than this


class EvolvePanel(QWidget):
    """Live view of the study that runs, or of the last one."""

    start_wanted = Signal()
    data_wanted = Signal()
    model_wanted = Signal()
    save_wanted = Signal()
    continue_wanted = Signal()
    cursor_moved = Signal(float, str)

    def __init__(self, bench: Workbench, inspections: Inspections) -> None:
        super().__init__()
        self._bench, self._inspections = bench, inspections
        self._seen: dict[str, int] = {}
        self._tables_at = 0.0
        self._is_behind = False
        self._why_not = ""
        self.free_run = FreeRunView(bench, inspections)
        self.race = RaceView()
        self.convergence = Convergence()
        self.candidates = CandidateTable()
        self.orders = OrderView()
        self.notes = label("", wrap=True)
        self.notes.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.banner = Banner()
        self.best = ElidedLabel("", "muted")
        self._build()
        listen(self, bench.evolution.changed, self.refresh)
        listen(self, bench.setup_changed, self._show_empty)
        self.free_run.cursor_moved.connect(self.cursor_moved)
        self.candidates.picked.connect(inspections.pick)
        self.candidates.star_wanted.connect(self._star)
        listen(self, inspections.changed, self._show_inspection)
        self.refresh()

    @property
    def plots(self):
        """The plots of the free run."""
        return self.free_run.plots

    def _build(self) -> None:
        self.save = button(
            self.tr("Save model…"),
            self.save_wanted.emit,
            icon="save",
            tip=self.tr("Save the best model so far; also while the search runs"),
        )
        self.more = button(
            self.tr("Continue"),
            self.continue_wanted.emit,
            icon="start",
            tip=self.tr("Go on from here with 120 more candidates; nothing is trained twice"),
        )
        foot = row(self.best, self.more, self.save, grows=0)
        self.watch = _tabs(
            (self.free_run, self.tr("Free run"), self.tr("Model against flight, live")),
            (self.race, self.tr("Searches"), self.tr("The searches side by side")),
        )
        self.watch.currentChanged.connect(self._show_tables)
        left = Card(self.watch, foot, margins=SPACE + 4, grows=0)
        notes = scrolled(boxed(column(self.notes, 1, margins=SPACE)))
        self.tabs = _tabs(
            (self.candidates, self.tr("Candidates"), self.tr("Every order that was trained")),
            (self.orders, self.tr("Orders"), self.tr("Which orders were tried, and how good")),
            (notes, self.tr("Notes"), self.tr("What HeliID noticed on the way")),
        )
        self.tabs.currentChanged.connect(self._show_tables)
        top = Card(self.convergence, margins=SPACE, grows=0)
        bottom = Card(self.tabs, margins=SPACE // 2)
        right = panes((top, 120, 220), (bottom, 160, 420), upright=True)
        split = panes((left, 420, 800), (right, 340, 440), grows=0)
        self._go = button(
            self.tr("Start the search"), self.start_wanted.emit, icon="start", kind="primary"
        )
        self._choose = button(self.tr("Go to Model"), self.model_wanted.emit)
        self._open = button(self.tr("Go to Data"), self.data_wanted.emit, kind="primary")
        self.empty = EmptyState("evolve", "", "", self._open, self._go, self._choose)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(split)
        self.setLayout(column(self.banner, self.stack, margins=SPACE))

    def show_start(self, why_not: str) -> None:
        """Enable Start, or say why it is not."""
        self._why_not = why_not
        self._go.setEnabled(not why_not)
        self._go.setToolTip(why_not)
        self._show_empty()

    def _show_empty(self) -> None:
        evolution = self._bench.evolution
        if evolution.is_active:
            self.empty.title.setText(self.tr("Getting ready"))
            self.empty.text.setText(evolution.status())
        else:
            self.empty.title.setText(self.tr("Nothing has been searched yet"))
            self.empty.text.setText(
                self._why_not
                or self.tr(
                    "Press Start: the order of the model is evolved and the best free run appears "
                    "here beside the flight while it improves."
                )
            )
        has_data = bool(self._bench.setup.records)
        self._open.setVisible(not evolution.is_active and not has_data)
        self._go.setVisible(not evolution.is_active and has_data)
        self._choose.setVisible(not evolution.is_active and has_data)

    # ---- what is new ---------------------------------------------------------------------

    def refresh(self) -> None:
        """Show what is new; cheap enough for thirty times a second."""
        evolution = self._bench.evolution
        has_something = evolution.model is not None or bool(evolution.candidates)
        self.stack.setCurrentIndex(1 if has_something else 0)
        self.plots.live = evolution.is_active
        if not has_something:
            self._show_empty()
            return
        changed = {k for k, v in evolution.revision.items() if self._seen.get(k) != v}
        if "study" in changed:
            self.free_run.forget()
        now = time.monotonic()
        if evolution.state == "running" and now - self._tables_at < TABLES_S:
            changed &= {"best", "linear", "study"}  # the rest when it is due: see catch_up
            self._is_behind = True
        else:
            self._tables_at, self._is_behind = now, False
            self._show_tables()
            self._show_words(evolution)
        self._seen |= {name: evolution.revision[name] for name in changed}
        if changed & {"best", "linear", "study"}:
            self.free_run.refresh()

    def catch_up(self) -> None:
        """Show what was left out because it came too quickly; asked by the window's clock."""
        if self._is_behind and time.monotonic() - self._tables_at >= TABLES_S:
            self.refresh()

    def _show_tables(self) -> None:
        """Bring the tables and maps that can be seen up to date."""
        evolution = self._bench.evolution
        self.candidates.show_candidates(evolution.candidates, self._bench.starred)
        self.convergence.show_study(evolution)
        setup = self._study_setup()
        if self.tabs.currentWidget() is self.orders:
            self.orders.show_orders(evolution, setup)
        if self.watch.currentWidget() is self.race:
            self.race.show_study(evolution, setup)

    def _show_words(self, evolution: Evolution) -> None:
        self.free_run.show_scores()
        self._show_banner(evolution)
        self._show_best(evolution)
        self.save.setEnabled(evolution.model is not None)
        self.more.setVisible(not evolution.is_active and self._bench.studied is not None)

    def _show_banner(self, evolution: Evolution) -> None:
        if evolution.state == "failed":
            self.banner.show_text(evolution.error, "warning")
        else:
            self.banner.show_text(" ".join(evolution.warnings()), "warning")
        texts = [notice.text for notice in evolution.notices]
        said = "\n\n".join(texts) or self.tr("Nothing to note.")
        if self.notes.text() != said:
            self.notes.setText(said)
        count = f" ({len(texts)})" if texts else ""
        if self.tabs.tabText(2) != self.tr("Notes") + count:
            self.tabs.setTabText(2, self.tr("Notes") + count)

    def _show_best(self, evolution: Evolution) -> None:
        best = evolution.best
        if best is None:
            text = self.tr("The best linear model; the search has not beaten it yet")
        else:
            parts = plural_parameters(best.model.structure)
            text = self.tr("Best so far: %s, cost %s") % (parts, fmt.figure(best.cost, 4))
        self.best.set_full_text(text)

    def _show_inspection(self) -> None:
        found = self._inspections.current
        self.candidates.show_note(found.sentence if found is not None else "")

    def _star(self, genome: tuple[int, ...], on: bool) -> None:
        self._bench.star_candidate(genome, on)
        self.candidates.show_candidates(self._bench.evolution.candidates, self._bench.starred)

    def _study_setup(self) -> Setup:
        """The set-up the study was started with; the user may have changed it since."""
        return self._bench.studied or self._bench.setup


def _tabs(*pages: tuple[QWidget, str, str]) -> QTabWidget:
    """Tabs without a frame: (page, title, tip)."""
    made = QTabWidget()
    made.setDocumentMode(True)
    made.tabBar().setDrawBase(False)
    for number, (page, title, tip) in enumerate(pages):
        made.addTab(page, title)
        made.setTabToolTip(number, tip)
    return made


def plural_parameters(structure) -> str:
    """``5 hidden units, 142 numbers``."""
    hidden = fmt.plural(structure.n_hidden, "hidden unit")
    return f"{hidden}, {structure.n_parameters} fitted numbers"
