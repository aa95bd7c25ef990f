"""The best free run so far beside the flight, live: scores, curves, what is being watched."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QWidget

from heliid.data.record import Channel
from heliid.events import BestImproved, LinearReady
from heliid_gui.listen import listen
from heliid_gui.panels.score_cards import ScoreCards
from heliid_gui.plots.panel import PlotPanel, Row
from heliid_gui.plots.styles import Kind
from heliid_gui.presenters import formatting as fmt
from heliid_gui.presenters.evolve import Evolution
from heliid_gui.presenters.inspections import Inspections
from heliid_gui.presenters.workbench import Workbench
from heliid_gui.widgets import column, label, row, tool_button

_CURVES = (("linear model", Kind.LINEAR), ("model", Kind.MODEL))


class FreeRunView(QWidget):
    """Measured, best model and best linear model of one record, or the errors of both."""

    cursor_moved = Signal(float, str)

    def __init__(self, bench: Workbench, inspections: Inspections) -> None:
        super().__init__()
        self._bench, self._inspections = bench, inspections
        self._drawn: dict[str, object] = {}  # by curve: what was drawn last
        self._picked: object = None
        self.cards = ScoreCards()
        self.plots = PlotPanel()
        self.record = QComboBox()
        self.record.setMinimumContentsLength(22)
        self.record.setToolTip(self.tr("The piece of flight that is being watched"))
        self.record.setAccessibleName(self.tr("Watched record"))
        self.record.activated.connect(self._watch)
        self.residual = QCheckBox(self.tr("Show the error"))
        self.residual.setToolTip(self.tr("Measured minus model, in the same unit"))
        self.residual.toggled.connect(self._redraw)
        fit = tool_button("fit", self.tr("Show all"), self.plots.fit_all)
        head = row(label(self.tr("Free run on"), "section"), self.record, self.residual, 1, fit)
        self.setLayout(column(self.cards, head, self.plots, grows=2))
        self.plots.cursor_moved.connect(self.cursor_moved)
        listen(self, inspections.changed, self._show_candidate)

    def refresh(self) -> None:
        """Draw what has changed since the last time."""
        evolution = self._bench.evolution
        if evolution.model is None:
            return
        self._show_records(evolution)
        name, is_error = evolution.record(), self.residual.isChecked()
        channels = evolution.outputs()
        word = self.tr(" error") if is_error else ""
        self.plots.set_rows(
            [Row(c.name, fmt.title(c) + word, fmt.shown_unit(c).symbol) for c in channels]
        )
        for (text, kind), event in zip(_CURVES, (evolution.linear, evolution.best), strict=True):
            if event is not None and name in event.responses:
                self._draw(text, kind, event, name, channels)
        if is_error:
            self.plots.drop_curves("measured")
            self._drawn.pop("measured", None)
        self._show_candidate()

    def show_scores(self) -> None:
        """The figures over the plots; calmer than the curves."""
        self.cards.show_scores(self._bench.evolution.scores())

    def _draw(
        self,
        text: str,
        kind: Kind,
        event: BestImproved | LinearReady,
        name: str,
        channels: tuple[Channel, ...],
    ) -> None:
        is_error = self.residual.isChecked()
        state = (event, name, is_error)
        if self._drawn.get(text) == state:
            return
        self._drawn[text] = state
        time, measured, free = event.responses[name]
        if is_error:
            self._set(text, kind, channels, time, measured - free, is_difference=True)
            return
        self._set(text, kind, channels, time, free)
        known = self._drawn.get("measured")
        if not (isinstance(known, np.ndarray) and np.array_equal(known, measured)):
            self._drawn["measured"] = measured
            self._set("measured", Kind.MEASURED, channels, time, measured)

    def _set(
        self,
        text: str,
        kind: Kind,
        channels: tuple[Channel, ...],
        time: np.ndarray,
        values: np.ndarray,
        *,
        is_difference: bool = False,
    ) -> None:
        """One curve in each row; ``values`` (N, ny) in SI."""
        convert = fmt.shown_difference if is_difference else fmt.shown
        for index, channel in enumerate(channels):
            self.plots.set_curve(channel.name, text, kind, time, convert(channel, values[:, index]))

    def _show_records(self, evolution: Evolution) -> None:
        names = evolution.records()
        if tuple(self.record.itemText(i) for i in range(self.record.count())) != names:
            self.record.clear()
            self.record.addItems(list(names))
        if self.record.currentText() != evolution.record():
            self.record.setCurrentText(evolution.record())

    def _watch(self) -> None:
        self._bench.evolution.watched = self.record.currentText()
        self._redraw()
        self.show_scores()

    def _redraw(self) -> None:
        self.forget()
        self.refresh()

    def forget(self) -> None:
        """Another study, or another record: all curves are drawn anew."""
        self.plots.clear_curves()
        self._drawn.clear()
        self._picked = None

    def _show_candidate(self) -> None:
        """The picked candidate beside the best; picking the best itself adds nothing."""
        found = self._inspections.current
        name = self._bench.evolution.record()
        responses = {} if found is None or self.residual.isChecked() else found.responses
        response = responses.get(name)
        if response is self._picked:
            return
        self._picked = response
        self.plots.drop_curves("candidate")
        if response is not None:
            time, _, free = response
            channels = self._bench.evolution.outputs()
            self._set("candidate", Kind.EXTRA1, channels, time, free)
