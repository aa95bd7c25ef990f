"""The Evolve view: the best free run against the flight, live; convergence; every candidate."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QSplitter, QStackedWidget, QTabWidget, QWidget

from heliid_gui.panels.candidates import CandidateTable
from heliid_gui.panels.order_view import OrderView
from heliid_gui.panels.score_cards import ScoreCards
from heliid_gui.plots.panel import PlotPanel, Row
from heliid_gui.plots.styles import Kind
from heliid_gui.presenters import formatting as fmt
from heliid_gui.presenters.evolve import Evolution
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
    row,
    scrolled,
    tool_button,
)

_EXTRAS = (Kind.EXTRA0, Kind.EXTRA1, Kind.EXTRA2, Kind.EXTRA3, Kind.EXTRA4)


class EvolvePanel(QWidget):
    """Live view of the study that runs, or of the last one."""

    start_wanted = Signal()
    model_wanted = Signal()
    save_wanted = Signal()
    cursor_moved = Signal(float, str)

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        self._bench = bench
        self._seen: dict[str, int] = {}
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
        self.refresh()

    def _build(self) -> None:
        self.save = button(self.tr("Save model…"), self.save_wanted.emit, icon="save",
                           tip=self.tr("Save the best model so far; also while the search runs"))
        fit = tool_button("fit", self.tr("Show all"), self.plots.fit_all)
        head = row(label(self.tr("Free run on"), "section"), self.record, self.residual, 1, fit)
        left = Card(self.cards, head, self.plots, row(self.best, self.save), margins=SPACE + 4)
        left.layout().setStretch(2, 1)
        left.layout().itemAt(3).layout().setStretch(0, 1)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.addTab(self.candidates, self.tr("Candidates"))
        self.tabs.addTab(self.orders, self.tr("Orders"))
        self.tabs.addTab(scrolled(boxed(column(self.notes, 1, margins=SPACE))), self.tr("Notes"))
        top = Card(label(self.tr("Best cost so far"), "section"), self.convergence,
                   margins=SPACE + 4)
        top.layout().setStretch(1, 1)
        bottom = Card(self.tabs, margins=SPACE // 2)
        right = QSplitter(Qt.Orientation.Vertical)
        right.addWidget(top)
        right.addWidget(bottom)
        right.setSizes([260, 380])
        right.setChildrenCollapsible(False)
        self.split = QSplitter(Qt.Orientation.Horizontal)
        self.split.addWidget(left)
        self.split.addWidget(right)
        left.setMinimumWidth(420)
        right.setMinimumWidth(340)
        self.split.setStretchFactor(0, 1)
        self.split.setSizes([800, 440])
        self.split.setChildrenCollapsible(False)
        self._go = button(self.tr("Start the search"), self.start_wanted.emit, icon="start",
                          kind="primary")
        self._choose = button(self.tr("Go to Model"), self.model_wanted.emit)
        self.empty = EmptyState("evolve", "", "", self._go, self._choose)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.split)
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
            self.empty.text.setText(why_not or self.tr(
                "Press Start: the order of the model is evolved and the best free run appears "
                "here beside the flight while it improves."
            ))
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
        self._seen = dict(evolution.revision)
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

    def _show_banner(self, evolution: Evolution) -> None:
        if evolution.state == "failed":
            self.banner.show_text(evolution.error, "warning")
        else:
            self.banner.show_text(" ".join(evolution.warnings()), "warning")
        texts = [notice.text for notice in evolution.notices]
        self.notes.setText("\n\n".join(texts) or self.tr("Nothing to note."))
        count = f" ({len(texts)})" if texts else ""
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
            ("linear model", Kind.LINEAR, evolution.linear), ("model", Kind.MODEL, evolution.best)
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
