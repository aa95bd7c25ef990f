"""The optimisers compared on the problem of one run: same budget, same seeds, with statistics."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtWidgets import QSpinBox, QWidget

from heliid_gui.panels.text_table import TextTable
from heliid_gui.plots.panel import PlotPanel, Row
from heliid_gui.plots.styles import Kind
from heliid_gui.presenters import formatting as fmt
from heliid_gui.presenters.studies import JobRunner
from heliid_gui.presenters.workbench import Run
from heliid_gui.theme import SPACE
from heliid_gui.widgets import Banner, button, column, label, panes, row

if TYPE_CHECKING:
    from heliid.comparison import Comparison

TASK = "heliid_gui.tasks:compare_optimisers"
SEARCHES = ("abc", "ais", "pso", "random")
_KINDS = (Kind.MODEL, Kind.EXTRA0, Kind.EXTRA1, Kind.LINEAR, Kind.EXTRA2, Kind.EXTRA3)
_SUMMARY = (
    ("Search", ""),
    ("Median", "Best cost after the budget, median over the seeds"),
    ("Quartiles", ""),
    ("Best", ""),
    ("Worst", ""),
    ("Mean rank", "Friedman: 1 is best"),
    ("Within 5 % of the best", "Share of the seeds, with its 95 % interval (Wilson)"),
)
_PAIRS = (
    ("Pair", ""),
    ("Won", "Seeds on which the first has the lower cost"),
    ("Tied", ""),
    ("Lost", ""),
    ("p", "Wilcoxon signed-rank test"),
    ("p (Holm)", "Corrected for the number of pairs"),
    ("Effect", "Rank-biserial correlation, positive when the first is better"),
)


class OptimisersTab(QWidget):
    """Start, paragraph, tables and convergence."""

    def __init__(self, jobs: JobRunner | None) -> None:
        super().__init__()
        self._jobs = jobs
        self._run: Run | None = None
        self._request: Any = None
        self.seeds, self.budget = QSpinBox(), QSpinBox()
        self.seeds.setRange(2, 100)
        self.seeds.setValue(10)
        self.seeds.setAccessibleName(self.tr("Seeds"))
        self.budget.setRange(5, 5000)
        self.budget.setValue(40)
        self.budget.setAccessibleName(self.tr("Orders per search"))
        self.start = button(self.tr("Compare ABC, AIS, PSO and random search"), self.begin)
        self.stop = button(self.tr("Stop"), self.end)
        self.stop.setVisible(False)
        self.words = Banner()
        self.summary, self.pairs = TextTable(_SUMMARY), TextTable(_PAIRS)
        self.curves = PlotPanel(x_label="unique orders trained")
        head = row(
            self.start, self.stop, label(self.tr("seeds"), "muted"), self.seeds,
            label(self.tr("orders each"), "muted"), self.budget, 1,
        )  # fmt: skip
        split = panes((self.summary, 60, 130), (self.pairs, 60, 130), (self.curves, 100, 220),
                      upright=True)  # fmt: skip
        self.setLayout(column(head, self.words, split, margins=SPACE, grows=2))
        self.words.show_text(
            self.tr(
                "The same problem, budget and seeds for each search, with medians, rank tests and "
                "effect sizes. More seeds make a clearer answer."
            )
        )
        self.show_run(None)

    def show_run(self, run: Run | None) -> None:
        """The run whose records and settings are the problem."""
        self._run = run
        self.start.setEnabled(run is not None and self._jobs is not None)

    def begin(self) -> None:
        """Run every search with every seed in the worker."""
        if self._run is None or self._jobs is None or self._request is not None:
            return
        config = replace(self._run.config, budget=self.budget.value())
        self.words.show_text(
            self.tr("Comparing on the records of %s. This trains up to %d orders.")
            % (self._run.name, len(SEARCHES) * self.seeds.value() * self.budget.value())
        )
        self._busy(True)
        self._request = self._jobs.submit(
            TASK,
            (self._run.campaign, config, SEARCHES, self.seeds.value()),
            slot="compare optimisers",
            on_result=self._done,
            on_error=lambda sentence, _details: self._failed(sentence),
            on_lost=lambda sentence: self._failed(sentence or self.tr("Stopped.")),
        )

    def end(self) -> None:
        """Stop; the seeds that are complete are kept."""
        if self._request is not None and self._jobs is not None:
            self._jobs.stop(self._request)

    def _busy(self, on: bool) -> None:
        self.start.setVisible(not on)
        self.stop.setVisible(on)

    def _failed(self, sentence: str) -> None:
        self._request = None
        self._busy(False)
        self.words.show_text(sentence, "warning")

    def _done(self, found: Comparison) -> None:
        self._request = None
        self._busy(False)
        self.show_comparison(found)

    def show_comparison(self, found: Comparison) -> None:
        """The paragraph that the numbers make, and the numbers."""
        self.words.show_text(found.paragraph)
        self.summary.show_rows([_summary_row(one) for one in found.summaries])
        self.pairs.show_rows([_pair_row(one) for one in found.pairs])
        self.curves.set_rows([Row("cost", self.tr("Best cost, median over the seeds"), "-")])
        self.curves.clear_curves()
        for kind, one in zip(_KINDS, found.curves, strict=False):
            middle = one.quantiles.index(0.5)
            low, high = one.quantiles.index(0.25), one.quantiles.index(0.75)
            x = np.asarray(one.evaluations, dtype=float)
            name = fmt.SHORT_SEARCH.get(one.searcher, one.searcher)
            values = np.asarray(one.values, dtype=float)
            self.curves.set_curve("cost", name, kind, x, values[middle])
            if np.all(np.isfinite(values[[low, high]])):
                self.curves.add_band("cost", x, values[low], values[high], role="disabled")


def _summary_row(one: Any) -> tuple:
    name = fmt.SHORT_SEARCH.get(one.searcher, one.searcher)
    within = next((r for r in one.success if r.level == 0.05), None)
    told = fmt.DASH
    if within is not None:
        told = f"{100 * within.rate:.0f} % ({100 * within.low:.0f} to {100 * within.high:.0f})"
    quartiles = f"{fmt.figure(one.lower_quartile)} to {fmt.figure(one.upper_quartile)}"
    return (
        name, (fmt.figure(one.median, 4), one.median), quartiles,
        (fmt.figure(one.best, 4), one.best), (fmt.figure(one.worst, 4), one.worst),
        (f"{one.mean_rank:.2f}", one.mean_rank), told,
    )  # fmt: skip


def _pair_row(one: Any) -> tuple:
    names = [fmt.SHORT_SEARCH.get(name, name) for name in (one.first, one.second)]
    return (
        " against ".join(names), str(one.wins), str(one.ties), str(one.losses),
        (fmt.figure(one.p), one.p), (fmt.figure(one.p_holm), one.p_holm),
        (f"{one.effect:+.2f}", one.effect),
    )  # fmt: skip
