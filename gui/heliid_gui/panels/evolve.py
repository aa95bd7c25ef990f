"""The Evolve view: the best free run against the flight, live; convergence; every candidate."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QStackedWidget, QTabWidget, QWidget

from heliid_gui.panels.candidates import CandidateTable
from heliid_gui.panels.order_view import OrderView
from heliid_gui.panels.score_cards import ScoreCards
from heliid_gui.plots.panel import PlotPanel, Row
from heliid_gui.plots.styles import Kind
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
    tool_button,
)

TABLES_S = 0.15  # tables and maps are brought up to date no more often than this
_EXTRAS = (Kind.EXTRA0, Kind.EXTRA1, Kind.EXTRA2, Kind.EXTRA3, Kind.EXTRA4)


class EvolvePanel(QWidget):
    """Live view of the study that runs, or of the last one."""

    start_wanted = Signal()
    model_wanted = Signal()
    save_wanted = Signal()
    continue_wanted = Signal()
    cursor_moved = Signal(float, str)

    def __init__(self, bench: Workbench, inspections: Inspections) -> None:
        super().__init__()
        self._bench, self._inspections = bench, inspections
        self._seen: dict[str, int] = {}
        self._tables_at = 0.0
        self.cards = ScoreCards()
        self.plots = PlotPanel()
        self.convergence = PlotPanel(x_label="trained candidates")
        self.candidates = CandidateTable()
        self.orders = OrderView()
        self.notes = label("", wrap=True)
        self.notes.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.banner = Banner()
        self.best = ElidedLabel("", "muted")
        self.record = QComboBox()
        self.record.setMinimumContentsLength(22)
        self.record.setToolTip(self.tr("The piece of flight that is being watched"))
        self.record.setAccessibleName(self.tr("Watched record"))
        self.record.activated.connect(self._watch)
        self.residual = QCheckBox(self.tr("Show the error"))
        self.residual.setToolTip(self.tr("Measured minus model, in the same unit"))
        self.residual.toggled.connect(self._redraw)
        self._build()
        bench.evolution.changed.connect(self.refresh)
        bench.setup_changed.connect(self._show_empty)
        self.plots.cursor_moved.connect(self.cursor_moved)
        self.candidates.picked.connect(inspections.pick)
        inspections.changed.connect(self._show_candidate)
        self.refresh()

    def _build(self) -> None:
        self.save = button(
            self.tr("Save model…"),
            self.save_wanted.emit,
            icon="save",
            tip=self.tr("Save the best model so far; also while the search runs"),
        )
        fit = tool_button("fit", self.tr("Show all"), self.plots.fit_all)
        head = row(label(self.tr("Free run on"), "section"), self.record, self.residual, 1, fit)
        self.more = button(
            self.tr("Continue"),
            self.continue_wanted.emit,
            icon="start",
            tip=self.tr("Go on from here with 120 more candidates; nothing is trained twice"),
        )
        foot = row(self.best, self.more, self.save, grows=0)
        left = Card(self.cards, head, self.plots, foot, margins=SPACE + 4, grows=2)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.addTab(self.candidates, self.tr("Candidates"))
        self.tabs.addTab(self.orders, self.tr("Orders"))
        self.tabs.addTab(scrolled(boxed(column(self.notes, 1, margins=SPACE))), self.tr("Notes"))
        top = Card(
            label(self.tr("Best cost so far"), "section"),
            self.convergence,
            margins=SPACE + 4,
            grows=1,
        )
        bottom = Card(self.tabs, margins=SPACE // 2)
        right = panes((top, 120, 260), (bottom, 160, 380), upright=True)
        split = panes((left, 420, 800), (right, 340, 440), grows=0)
        self._go = button(
            self.tr("Start the search"), self.start_wanted.emit, icon="start", kind="primary"
        )
        self._choose = button(self.tr("Go to Model"), self.model_wanted.emit)
        self.empty = EmptyState("evolve", "", "", self._go, self._choose)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(split)
        self.setLayout(column(self.banner, self.stack, margins=SPACE))

    def show_start(self, why_not: str) -> None:
        """Enable Start, or say why it is not."""
        self._go.setEnabled(not why_not)
        self._go.setToolTip(why_not)
        self._show_empty(why_not)

    def _show_empty(self, why_not: str = "") -> None:
        evolution = self._bench.evolution
        if evolution.is_active:
            self.empty.title.setText(self.tr("Getting ready"))
            self.empty.text.setText(evolution.status())
        else:
            self.empty.title.setText(self.tr("Nothing has been searched yet"))
            self.empty.text.setText(
                why_not
                or self.tr(
                    "Press Start: the order of the model is evolved and the best free run appears "
                    "here beside the flight while it improves."
                )
            )
        self._go.setVisible(not evolution.is_active)
        self._choose.setVisible(not evolution.is_active)

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
        now = time.monotonic()
        if evolution.state == "running" and now - self._tables_at < TABLES_S:
            changed &= {"best", "linear"}  # the rest at the next chance, the last at the end
        elif changed & {"candidates", "population"}:
            self._tables_at = now
        self._seen |= {name: evolution.revision[name] for name in changed}
        if changed & {"best", "linear"}:
            self._show_records(evolution)
            self._draw(evolution)
        if "candidates" in changed:
            self.candidates.show_candidates(evolution.candidates)
            self._draw_convergence(evolution)
        if changed & {"candidates", "population"}:
            self.orders.show_orders(evolution, self._study_setup())
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

    def _show_records(self, evolution: Evolution) -> None:
        names = evolution.records()
        if tuple(self.record.itemText(i) for i in range(self.record.count())) != names:
            self.record.clear()
            self.record.addItems(list(names))
        self.record.setCurrentText(evolution.record())

    def _study_setup(self) -> Setup:
        """The set-up the study was started with; the user may have changed it since."""
        return self._bench.studied or self._bench.setup

    def _watch(self) -> None:
        self._bench.evolution.watched = self.record.currentText()
        self.plots.clear_curves()
        self._redraw()

    def _redraw(self) -> None:
        evolution = self._bench.evolution
        if evolution.model is not None:
            self._draw(evolution)

    def _draw(self, evolution: Evolution) -> None:
        """Measured, model and linear of the watched record, or the errors of both."""
        name = evolution.record()
        channels = evolution.outputs()
        residual = self.residual.isChecked()
        rows = [
            Row(c.name, fmt.title(c) + (" error" if residual else ""), fmt.shown_unit(c).symbol)
            for c in channels
        ]
        self.plots.set_rows(rows)
        self.cards.show_scores(evolution.scores())
        for label_, kind, event in (
            ("linear model", Kind.LINEAR, evolution.linear),
            ("model", Kind.MODEL, evolution.best),
        ):
            response = event.responses.get(name) if event is not None else None
            if response is None:
                continue
            time, measured, free = response
            for index, channel in enumerate(channels):
                if residual:
                    error = fmt.shown_difference(channel, measured[:, index] - free[:, index])
                    self.plots.set_curve(channel.name, label_, kind, time, error)
                    continue
                flight = fmt.shown(channel, measured[:, index])
                self.plots.set_curve(channel.name, "measured", Kind.MEASURED, time, flight)
                values = fmt.shown(channel, free[:, index])
                self.plots.set_curve(channel.name, label_, kind, time, values)
        if residual:
            self.plots.drop_curves("measured")
        self._show_candidate()

    def _show_candidate(self) -> None:
        """The picked candidate beside the best; picking the best itself adds nothing."""
        found = self._inspections.current
        self.plots.drop_curves("candidate")
        if found is None:
            return
        self.candidates.show_note(found.sentence)
        response = found.responses.get(self._bench.evolution.record())
        if response is None or self.residual.isChecked():
            return
        time, _, free = response
        for index, channel in enumerate(self._bench.evolution.outputs()):
            values = fmt.shown(channel, free[:, index])
            self.plots.set_curve(channel.name, "candidate", Kind.EXTRA1, time, values)

    def _draw_convergence(self, evolution: Evolution) -> None:
        curves = evolution.convergence()
        self.convergence.set_rows([Row("cost", "", "")])
        for kind, (name, (count, cost)) in zip(_EXTRAS, curves.items(), strict=False):
            short = fmt.SHORT_SEARCH.get(name, name)
            self.convergence.set_curve("cost", short, kind, count, cost)


def plural_parameters(structure) -> str:
    """``5 hidden units, 142 numbers``."""
    hidden = fmt.plural(structure.n_hidden, "hidden unit")
    return f"{hidden}, {structure.n_parameters} fitted numbers"
