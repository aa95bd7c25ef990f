"""The one window: rail, run bar, views; wires presenters, panels and the worker together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QStandardPaths, Qt, QTimer
from PySide6.QtGui import QUndoStack
from PySide6.QtWidgets import QDialog, QDockWidget, QLabel, QMainWindow

from heliid_gui import actions, collector, undo
from heliid_gui.command_palette import CommandPalette
from heliid_gui.desk import Desk
from heliid_gui.dialogs import Problems
from heliid_gui.file_desk import FileDesk
from heliid_gui.findings_desk import FindingsDesk
from heliid_gui.help_window import HelpDock
from heliid_gui.icons import app_icon
from heliid_gui.jobs import Jobs
from heliid_gui.layout_memory import LayoutMemory
from heliid_gui.listen import listen
from heliid_gui.loading import Loader, get_ready
from heliid_gui.presenters import setup as setups
from heliid_gui.presenters.cluster import Cluster
from heliid_gui.presenters.doctor import Doctor
from heliid_gui.presenters.exports import Exports
from heliid_gui.presenters.insights import Insights
from heliid_gui.presenters.inspections import Inspections
from heliid_gui.presenters.judges import Judges
from heliid_gui.presenters.model import changed_config
from heliid_gui.presenters.robustness import Flatnesses
from heliid_gui.presenters.studies import Studies
from heliid_gui.presenters.workbench import Workbench
from heliid_gui.rooms import dress
from heliid_gui.run_bar import RunBar
from heliid_gui.settings import Settings
from heliid_gui.step_rail import HOME, STEPS, StepRail
from heliid_gui.theme import theme
from heliid_gui.views import Views
from heliid_gui.widgets import ElidedLabel, boxed, column, row

if TYPE_CHECKING:
    from heliid_gui.panels.compare import ComparePanel
    from heliid_gui.panels.data import DataPanel
    from heliid_gui.panels.evolve import EvolvePanel
    from heliid_gui.panels.export import ExportPanel
    from heliid_gui.panels.home import HomePanel
    from heliid_gui.panels.model import ModelPanel
    from heliid_gui.panels.prepare import PreparePanel
    from heliid_gui.panels.validate import ValidatePanel

MORE_CANDIDATES = 120  # what Continue adds, per search


class MainWindow(QMainWindow):
    """One window, one project."""

    def __init__(
        self, settings: Settings, jobs: Jobs | None = None, side_jobs: Jobs | None = None
    ) -> None:
        """With ``jobs`` workers that are already there are used, and left alone at the end."""
        super().__init__()
        self.settings = settings
        self.layout_memory = LayoutMemory(settings)
        self.bench = Workbench()
        self._owns_jobs = jobs is None
        self.jobs = jobs or Jobs(self)
        self.side_jobs = side_jobs or Jobs(self, clock=self.jobs)
        self.doctor = Doctor(self.bench, self.side_jobs)
        self.insights = Insights(self.bench, self.side_jobs)
        self.judges = Judges(self.side_jobs)
        self.judges.limits, self.judges.manoeuvres = self.bench.limits, self.bench.manoeuvres
        self.judges.kept.connect(self.bench.keep_judgement)
        self.judges.said.connect(self.bench.judging_changed)
        self.exports = Exports(self.side_jobs)
        self.exports.limits = lambda: self.judges.limits
        self.inspections = Inspections(self.bench, self.side_jobs)
        self.cluster = Cluster(self.side_jobs, settings)
        self.flatnesses = Flatnesses(self.side_jobs)
        self.loader = Loader()
        self.problems = Problems(self)
        self.studies = Studies(
            self.bench,
            self.jobs,
            folder=self._run_folder,
            place=lambda: self.cluster.place,
            on_problem=lambda sentence, details: self.problems.show(
                self.tr("The search has ended early"), sentence, details
            ),
        )
        self.undo_stack = QUndoStack(self)
        undo.connect(self.bench, self.undo_stack)
        self._painted, self._is_open = False, True
        self._help: HelpDock | None = None
        self._shown_state: tuple = ()
        self.makes_views_ahead = False  # only when a person is waiting: see ``app``
        self._build()
        actions.build(self)
        self.desk = Desk(self)
        self.files = FileDesk(self)
        self.findings = FindingsDesk(self)
        self._wire()
        self.layout_memory.restore_docks(self)
        self.setWindowIcon(app_icon())
        self.setAcceptDrops(True)
        self.setMinimumSize(960, 600)
        self.resize(1280, 720)
        self.show_step("home")
        self.refresh()

    # ---- building ------------------------------------------------------------------------

    def _build(self) -> None:
        self.rail = StepRail()
        self.run_bar = RunBar()
        self.views = self.stack = Views(self)
        right = boxed(column(self.run_bar, self.stack, spacing=0))
        self.setCentralWidget(boxed(row(self.rail, right, spacing=0)))
        self.cursor_label = ElidedLabel("")
        self.state_label = QLabel("")
        self.statusBar().addWidget(self.cursor_label, 1)
        self.statusBar().addPermanentWidget(self.state_label)
        self.statusBar().setSizeGripEnabled(False)
        for room in (self.rail, self.run_bar, self.menuBar(), self.statusBar()):
            dress(room)

    def _wire(self) -> None:
        self.rail.chosen.connect(self.show_step)
        self.run_bar.start_wanted.connect(self.start)
        self.run_bar.pause_wanted.connect(lambda: self.studies.pause(True))
        self.run_bar.stop_wanted.connect(self.studies.stop)
        self.run_bar.palette_wanted.connect(self.show_palette)
        self.run_bar.theme_wanted.connect(self.toggle_theme)
        for speaker in (self.doctor.changed, self.bench.setup_changed, self.bench.runs_changed):
            listen(self, speaker, self.refresh)
        listen(self, self.bench.evolution.changed, self._refresh_run)
        self.jobs.ticked.connect(self.loader.drain)
        self.jobs.ticked.connect(collector.collect)
        collector.take_over()
        self.jobs.worker_lost.connect(self._worker_lost)

    # ---- views ---------------------------------------------------------------------------

    def show_step(self, key: str) -> None:
        """Show a view of the rail."""
        self.views.show_view(key)
        self.rail.show_step(key)
        self.views[key].setFocus()
        self.current_step = key
        if self._help is not None and self._help.isVisible():
            self._help.open_page(key)

    @property
    def home(self) -> HomePanel:
        """The Home view."""
        return cast("HomePanel", self.views["home"])

    @property
    def data(self) -> DataPanel:
        """The Data view."""
        return cast("DataPanel", self.views["data"])

    @property
    def prepare(self) -> PreparePanel:
        """The Prepare view."""
        return cast("PreparePanel", self.views["prepare"])

    @property
    def model(self) -> ModelPanel:
        """The Model view."""
        return cast("ModelPanel", self.views["model"])

    @property
    def evolve(self) -> EvolvePanel:
        """The Evolve view."""
        return cast("EvolvePanel", self.views["evolve"])

    @property
    def validate(self) -> ValidatePanel:
        """The Validate view."""
        return cast("ValidatePanel", self.views["validate"])

    @property
    def compare(self) -> ComparePanel:
        """The Compare view."""
        return cast("ComparePanel", self.views["compare"])

    @property
    def export(self) -> ExportPanel:
        """The Export view."""
        return cast("ExportPanel", self.views["export"])

    def refresh(self) -> None:
        """Dots, title and buttons as things are now."""
        setup = self.bench.setup
        if setup.records:
            problem = setups.problem(setup)
            errors = self.doctor.count("error")
            why = self.tr("The data doctor found %d error(s)") % errors if errors else ""
            self.rail.buttons["data"].set_dot("problem" if errors else "done", why)
            self.rail.buttons["model"].set_dot("problem" if problem else "done", problem)
        else:
            self.rail.buttons["data"].set_dot("", "")
            self.rail.buttons["model"].set_dot("", "")
        if self.views.is_made("home"):
            self.home.show_recent(self.settings.recent())
        self.setWindowTitle(self.desk.title())
        self._refresh_run()

    def _refresh_run(self) -> None:
        evolution = self.bench.evolution
        why_not = self.studies.why_not_start()
        self.run_bar.show_progress(evolution, why_not)
        made = tuple(key for key in self.views if self.views.is_made(key))
        state = (evolution.state, why_not, evolution.model is not None, made)
        if state == self._shown_state:  # thirty times a second nothing but the progress changes
            return
        self._shown_state = state
        self.run_bar.show_state(evolution, why_not)
        if self.views.is_made("model"):
            self.model.show_start(why_not)
        if self.views.is_made("evolve"):
            self.evolve.show_start(why_not)
        actions.show_state(self, evolution, why_not)
        dot = (
            "busy"
            if evolution.is_active
            else "problem"
            if evolution.state == "failed"
            else ("done" if evolution.model is not None else "")
        )
        self.rail.buttons["evolve"].set_dot(dot, evolution.status())

    def _worker_lost(self, sentence: str) -> None:
        self.problems.show(self.tr("The calculation has stopped"), sentence)

    def show_cursor(self, at: float, text: str) -> None:
        """What the crosshair reads, in the status bar."""
        self.cursor_label.set_full_text(f"t = {at:.3f} s     {text}" if text else "")

    # ---- doing ---------------------------------------------------------------------------

    def start(self) -> None:
        """Start (or go on with) the search and watch it."""
        is_new = not self.bench.evolution.is_active
        if self.studies.start():
            if is_new:
                self.inspections.forget()
            self.show_step("evolve")

    def continue_search(self) -> None:
        """Go on with the study on show: more candidates on top of what it has tried."""
        studied = self.bench.studied
        if studied is None or self.bench.evolution.is_active:
            return
        tried = max(len(self.bench.evolution.candidates), 1)
        more = tried // len(studied.config.searches()) + MORE_CANDIDATES
        self.bench.edit(self.tr("Continue the search"), changed_config(studied, budget=more))
        self.start()

    def open_example(self, key: str) -> None:
        """Open a bundled example as the project."""
        self.files.open_example(key)

    def open_paths(self, paths: list[Path]) -> None:
        """Open files and folders, from a dialog, a drop or the command line."""
        self.files.open_paths(paths)

    def ask_files(self) -> None:
        """Let the user choose records to open."""
        self.files.ask_files()

    def restore_run(self, key: str) -> None:
        """Make the set-up of a run the present one; undo brings the old one back."""
        run = self.bench.find_run(key)
        if run is not None:
            self.bench.edit(self.tr("Restore %s") % run.name, run.setup)
            self.show_step("model")

    def ask_save_model(self) -> None:
        """Let the user choose where the best model goes."""
        self.files.ask_save_model()

    def save_model(self, path: Path) -> None:
        """Write the best model of the search on show."""
        self.files.save_model(path)

    def say(self, text: str) -> None:
        """A short word in the status bar."""
        self.state_label.setText(text)

    def show_help(self, key: str = "") -> None:
        """The guide's page about the view on show, or another one; again closes it."""
        key = key or self.current_step
        if self._help is None:
            self._help = HelpDock(self)
            self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self._help)
        elif self._help.isVisible() and self._help.key() == key:
            self._help.hide()
            return
        self._help.open_page(key)

    def show_palette(self) -> None:
        """Open the command palette in the middle of the window."""
        palette = CommandPalette(self, actions.all_actions(self))
        corner = self.mapToGlobal(self.rect().center())
        palette.move(
            corner.x() - palette.width() // 2, self.mapToGlobal(self.rect().topLeft()).y() + 80
        )
        palette.show()
        palette.edit.setFocus()

    def reset_layout(self) -> None:
        """Panes as they were made, no docks, the window's first size."""
        self.layout_memory.reset()
        for dock in self.findChildren(QDockWidget):
            dock.hide()
            dock.setFloating(False)
        self.showNormal()
        self.resize(1280, 720)

    def toggle_theme(self) -> None:
        """From light to dark and back, and remember it."""
        theme().toggle()
        self.settings.put("theme", theme().colours.name)

    def _run_folder(self) -> Path | None:
        """Where checkpoints of runs are kept; None when there is no such place."""
        place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppDataLocation)
        folder = Path(place) / "runs"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            return None
        return folder

    # ---- Qt ------------------------------------------------------------------------------

    def paintEvent(self, event) -> None:
        """After the first paint the worker is started."""
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self._after_first_paint)

    def _after_first_paint(self) -> None:
        self.jobs.start()
        self.desk.look_for_leftovers()
        if self.makes_views_ahead:
            QTimer.singleShot(0, self._make_next_view)

    def _make_next_view(self) -> None:
        """One panel per turn of the event loop, so that the window stays awake."""
        if not self._is_open:
            return
        if self.views.make_next():
            QTimer.singleShot(10, self._make_next_view)
        else:
            self.loader.run(get_ready, lambda _: None, lambda *_: None)

    def childEvent(self, event) -> None:
        """Dialogs come in the window's look."""
        super().childEvent(event)
        if event.polished() and isinstance(event.child(), QDialog):
            dress(event.child())

    def dragEnterEvent(self, event) -> None:
        """Files may be dropped anywhere."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event) -> None:
        """Open what was dropped."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        event.acceptProposedAction()
        self.open_paths(paths)

    def closeEvent(self, event) -> None:
        """Ask about what is not saved, remember the window, end the worker."""
        if not self._is_open:  # closed already; Qt asks again when the program ends
            super().closeEvent(event)
            return
        if not self.desk.may_close():
            event.ignore()
            return
        self._is_open = False
        self.desk.close()
        self.settings.put("geometry", bytes(self.saveGeometry().data()))
        self.layout_memory.save(self)
        self.settings.save()
        self.jobs.ticked.disconnect(self.loader.drain)
        self.jobs.ticked.disconnect(collector.collect)
        collector.give_back()
        self.jobs.worker_lost.disconnect(self._worker_lost)
        for jobs in (self.side_jobs, self.jobs):
            if self._owns_jobs:
                jobs.close()
            else:
                jobs.drop_all()
        super().closeEvent(event)


STEP_KEYS = tuple(step.key for step in (HOME, *STEPS))
