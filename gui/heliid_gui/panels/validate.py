"""The Validate view: an honest verdict, and the evidence behind each of its sentences."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QStackedWidget, QTabWidget, QWidget

from heliid.data.campaign import Use
from heliid_gui.listen import listen
from heliid_gui.panels.evidence_tabs import FrequencyTab, ResidualsTab
from heliid_gui.panels.limits_tab import LimitsTab
from heliid_gui.panels.modes_tab import ModesTab
from heliid_gui.panels.records_tab import RecordsTab
from heliid_gui.panels.robustness_tab import RobustnessTab
from heliid_gui.panels.validate_tabs import NumbersTab, ResponseTab
from heliid_gui.panels.verdict_list import VerdictList
from heliid_gui.presenters import judgement as presenter
from heliid_gui.presenters.judges import Judges
from heliid_gui.presenters.robustness import Flatnesses
from heliid_gui.presenters.workbench import Workbench
from heliid_gui.theme import SPACE
from heliid_gui.widgets import Banner, Card, EmptyState, button, column, label, panes, row


class ValidatePanel(QWidget):
    """One run judged."""

    evolve_wanted = Signal()
    cursor_moved = Signal(float, str)

    def __init__(self, bench: Workbench, judges: Judges, flatnesses: Flatnesses) -> None:
        super().__init__()
        self._bench, self._judges, self._flatnesses = bench, judges, flatnesses
        self.run = QComboBox()
        self.run.setMinimumContentsLength(14)
        self.run.setAccessibleName(self.tr("Run"))
        self.run.activated.connect(lambda: bench.choose_run(self.run.currentData()))
        self.use = QComboBox()
        self.use.setAccessibleName(self.tr("Which records"))
        self.use.activated.connect(self._show_report)
        self.verdict = VerdictList()
        self.verdict.evidence_wanted.connect(self.show_evidence)
        self.headline = label("", "muted")
        self.banner = Banner()
        self.test = button(self.tr("Score the test records"), self.score_test)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.response, self.numbers = ResponseTab(), NumbersTab()
        self.residuals, self.frequency, self.modes = ResidualsTab(), FrequencyTab(), ModesTab()
        self.records, self.limits = RecordsTab(), LimitsTab()
        self.robustness = RobustnessTab()
        self.robustness.flatness_wanted.connect(self.measure_flatness)
        self.records.manoeuvre_said.connect(judges.set_manoeuvre)
        self.limits.limit_edited.connect(judges.set_limit)
        self._tabs = {
            "response": (self.response, self.tr("Response")),
            "numbers": (self.numbers, self.tr("Numbers")),
            "records": (self.records, self.tr("Records")),
            "residuals": (self.residuals, self.tr("Residuals")),
            "frequency": (self.frequency, self.tr("Frequency")),
            "modes": (self.modes, self.tr("Physics")),
            "robustness": (self.robustness, self.tr("Robustness")),
            "limits": (self.limits, self.tr("Limits")),
        }
        for tab, title in self._tabs.values():
            self.tabs.addTab(tab, title)
        self.response.cursor_moved.connect(self.cursor_moved)
        self._build()
        listen(self, bench.runs_changed, self.refresh)
        listen(self, bench.run_chosen, self.refresh)
        listen(self, judges.changed, self.refresh)
        listen(self, flatnesses.changed, self._show_flatness)
        self.refresh()

    def _build(self) -> None:
        left = Card(
            row(label(self.tr("Verdict"), "heading"), 1, self.headline),
            self.verdict,
            row(1, self.test),
            margins=SPACE + 4,
            grows=1,
        )
        head = row(
            label(self.tr("Run"), "muted"), self.run, label(self.tr("on"), "muted"), self.use, 1
        )
        right = Card(head, self.tabs, margins=SPACE + 4, grows=1)
        split = panes((left, 300, 360), (right, 480, 820))
        empty = EmptyState(
            "validate",
            self.tr("Nothing to judge yet"),
            self.tr(
                "Run a search first. Its best model is then judged here on pieces of flight "
                "that it was not trained on, with the best linear model beside it."
            ),
            button(self.tr("Go to Evolve"), self.evolve_wanted.emit, kind="primary"),
        )
        self.waiting = EmptyState(
            "validate",
            self.tr("Judging the model…"),
            self.tr(
                "Free runs, residual tests, frequency responses and "
                "natural modes take a few seconds."
            ),
        )
        self.stack = QStackedWidget()
        for page in (empty, self.waiting, split):
            self.stack.addWidget(page)
        self.setLayout(column(self.banner, self.stack, margins=SPACE))

    def showEvent(self, event) -> None:
        """Judge when somebody looks."""
        super().showEvent(event)
        self.refresh()

    def refresh(self) -> None:
        """Show the run of the moment, judging it first when nobody has."""
        run = self._bench.find_run()
        if run is None or run.model is None:
            self.stack.setCurrentIndex(0)
            return
        self._fill_runs()
        judgement = self._judges.find(run.key)
        if judgement is None:
            if self.isVisible():
                self._judges.judge(run)
            self.banner.show_text(self._judges.error(run.key), "warning")
            self.stack.setCurrentIndex(1)
            return
        self.stack.setCurrentIndex(2)
        self.banner.show_text("")
        self.verdict.show_lights(presenter.lights(judgement))
        self.headline.setText(presenter.headline(judgement))
        self._fill_uses(judgement)
        self._show_test_button(run, judgement)
        self.modes.show_judgement(judgement)
        self._show_flatness()
        self.response.show_intervals(judgement.intervals)
        self._show_report()

    def _fill_runs(self) -> None:
        self.run.clear()
        for run in reversed(self._bench.runs):
            self.run.addItem(run.name, run.key)
        self.run.setCurrentIndex(max(0, self.run.findData(self._bench.current_run)))

    def _fill_uses(self, judgement) -> None:
        now = self.use.currentData()
        self.use.clear()
        names = {
            "validate": self.tr("validation records"),
            "train": self.tr("training records"),
            "test": self.tr("test records"),
        }
        for use in ("validate", "test", "train"):
            if use in judgement.reports:
                self.use.addItem(names[use], use)
        self.use.setCurrentIndex(max(0, self.use.findData(now)))

    def _show_test_button(self, run, judgement) -> None:
        has_test = bool(run.campaign.with_use(Use.TEST))
        done = "test" in judgement.reports
        self.test.setVisible(has_test and not done)
        self.test.setToolTip(
            self.tr(
                "Do this once, when everything is chosen: a second look makes them less of a test. "
                "The run remembers that it was done."
            )
        )

    def _show_report(self) -> None:
        run = self._bench.find_run()
        judgement = self._judges.find(run.key) if run is not None else None
        if run is None or run.model is None or judgement is None:
            return
        report = judgement.reports.get(self.use.currentData())
        if report is None:
            return
        self.robustness.show_tails(judgement.tails.get(self.use.currentData(), ()))
        self.records.show_said(self._judges.manoeuvres)
        for tab in (
            self.response, self.numbers, self.records, self.residuals, self.frequency, self.limits,
        ):  # fmt: skip
            tab.show_report(report, run.model.outputs)

    def _show_flatness(self) -> None:
        run = self._bench.find_run()
        if run is not None:
            self.robustness.show_flatness(self._flatnesses.find(run.key))

    def measure_flatness(self) -> None:
        """Measure the loss around the weights of the run on show."""
        run = self._bench.find_run()
        if run is not None:
            self._flatnesses.measure(run)

    def show_evidence(self, evidence: str) -> None:
        """Open the tab (and the record) that a sentence of the verdict is about."""
        key, record = presenter.evidence_tab(evidence)
        tab = self._tabs[key][0]
        self.tabs.setCurrentWidget(tab)
        run = self._bench.find_run()
        judgement = self._judges.find(run.key) if run is not None else None
        if judgement is None or not record:
            return
        for use, report in judgement.reports.items():
            if record in presenter.record_names(report):
                self.use.setCurrentIndex(max(0, self.use.findData(use)))
                self._show_report()
                break
        box = getattr(tab, "record", None)
        if isinstance(box, QComboBox) and box.findText(record) >= 0:
            box.setCurrentText(record)
            box.activated.emit(box.currentIndex())

    def score_test(self) -> None:
        """Score the test records of the run; the run remembers it."""
        run = self._bench.find_run()
        if run is not None:
            self._judges.judge(run, with_test=True)
            self._bench.change_run(run.key, test_used=True)
