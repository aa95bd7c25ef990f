"""What the File and Tools menus do: projects, import with options, scripts, test inputs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from heliid_gui.presenters import project_desk
from heliid_gui.presenters.project_desk import ENDING, ProjectDesk

if TYPE_CHECKING:
    from heliid.data.record import FlightRecord
    from heliid.project.journal import Leftover
    from heliid_gui.main_window import MainWindow
    from heliid_gui.panels.import_dialog import ImportDialog
    from heliid_gui.panels.project_dialogs import RecoveryDialog, UnsavedDialog


class Desk(QObject):
    """Belongs to one main window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        bench = window.bench
        self.project = ProjectDesk(
            bench,
            window.loader,
            window.side_jobs,
            folder=window.settings.folder("recovery"),
            running_key=lambda: window.studies.running_key,
            on_trouble=window.problems.show,
        )
        self.project.opened.connect(self._opened)
        self.project.saved.connect(self._saved)
        self.project.sources_missing.connect(self._say_missing)
        self._may_close = False
        self._may_recover = True
        self.unsaved: UnsavedDialog | None = None
        self.recovery: RecoveryDialog | None = None
        self.import_dialog: ImportDialog | None = None
        self._to_import: list[tuple[Path, str]] = []

    # ---- title ---------------------------------------------------------------

    def title(self) -> str:
        """What the title bar says."""
        bench = self._window.bench
        name = bench.path.name if bench.path else self.tr("New project")
        mark = "*" if bench.is_modified else ""
        note = self.tr(" (read-only)") if self.project.is_read_only else ""
        return f"{name}{mark}{note} - HeliID"

    # ---- projects ------------------------------------------------------------------------

    def new(self) -> None:
        """An empty project, once the present one is safe."""
        self.when_safe(self.project.new)

    def ask_open(self) -> None:
        """Let the user choose a project."""
        dialog = QFileDialog(self._window, self.tr("Open project"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([self.tr("HeliID project (*%s)") % ENDING])
        dialog.fileSelected.connect(lambda name: self.open(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def open(self, path: Path) -> None:
        """Open a project, once the present one is safe."""
        self.when_safe(partial(self._open, path))

    def _open(self, path: Path) -> None:
        self._window.jobs.start()
        self.project.open(path)

    def take_projects(self, paths: list[Path]) -> list[Path]:
        """Open the first project among dropped files; what is left are records."""
        projects = [path for path in paths if path.suffix.lower() == ENDING]
        if projects:
            self.open(projects[0])
        return [path for path in paths if path not in projects]

    def _opened(self) -> None:
        window = self._window
        window.undo_stack.clear()
        window.inspections.forget()
        window.judges.forget()
        window.flatnesses.forget()
        if window.bench.path is not None:
            window.settings.add_recent(window.bench.path)
        window.show_step("data" if window.bench.setup.records else "home")
        window.refresh()
        if self.project.is_read_only:
            window.say(self.tr("Read-only: %s") % self.project.why_read_only)
        found = self.project.session.found if self.project.session is not None else None
        if found is not None and self._may_recover:
            self._offer([found])

    def _say_missing(self) -> None:
        text = self.tr("Source files that have moved: %d; the project keeps the samples")
        self._window.say(text % self.project.n_missing_sources)

    def save(self, then: Callable[[], None] | None = None) -> None:
        """Save where it was opened from; ask for a name when there is none."""
        if self._window.bench.path is None or self.project.is_read_only:
            self.ask_save_as(then)
        else:
            self.project.save(then=then)

    def ask_save_as(self, then: Callable[[], None] | None = None) -> None:
        """Let the user choose a file for the project."""
        dialog = QFileDialog(self._window, self.tr("Save project as"), f"project{ENDING}")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([self.tr("HeliID project (*%s)") % ENDING])
        dialog.setDefaultSuffix(ENDING[1:])
        dialog.fileSelected.connect(lambda name: self.project.save(Path(name), then))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _saved(self) -> None:
        path = self._window.bench.path
        if path is not None and not self._window.bench.is_modified:
            self._window.settings.add_recent(path)
            self._window.say(self.tr("Saved: %s") % path.name)
        self._window.refresh()

    def when_safe(self, then: Callable[[], None], *, closing: bool = False) -> None:
        """Do it when nothing can be lost: a search has ended, edits are saved or given up."""
        from heliid_gui.panels.project_dialogs import UnsavedDialog

        window = self._window
        if window.bench.evolution.is_active and not closing:
            window.problems.show(
                self.tr("A search is running"), self.tr("Stop the search first; its best is kept.")
            )
            return
        if not window.bench.is_modified:
            then()
            return
        if self.unsaved is not None:
            self.unsaved.raise_()
            return
        name = window.bench.path.name if window.bench.path else self.tr("New project")
        dialog = self.unsaved = UnsavedDialog(window, name)
        dialog.save_wanted.connect(lambda: self.save(then))
        dialog.discard_wanted.connect(then)
        dialog.finished.connect(self._forget_unsaved)
        dialog.open()

    def _forget_unsaved(self) -> None:
        self.unsaved = None

    def may_close(self) -> bool:
        """True when the window may go; else the user is asked first."""
        if self._may_close or not self._window.bench.is_modified:
            return True

        def leave() -> None:
            self._may_close = True
            QTimer.singleShot(0, self._window.close)

        self.when_safe(leave, closing=True)
        return self._may_close

    def close(self) -> None:
        """The window is going."""
        self.project.close()

    # ---- after a crash -------------------------------------------------------------------

    def look_for_leftovers(self) -> None:
        """Offer what a crash left behind; called once, after the first paint."""
        folder = self._window.settings.folder("recovery")
        self._window.loader.run(
            lambda: project_desk.leftovers(folder), self._offer, lambda *_: None
        )

    def _offer(self, found: list[Leftover] | tuple[Leftover, ...]) -> None:
        from heliid_gui.panels.project_dialogs import RecoveryDialog

        if not found or self.recovery is not None:
            return
        dialog = self.recovery = RecoveryDialog(self._window, tuple(found))
        dialog.recover_wanted.connect(lambda one: self.when_safe(partial(self._recover, one)))
        dialog.discard_wanted.connect(project_desk.discard)
        dialog.compare_wanted.connect(
            lambda one: dialog.show_differences(one, project_desk.leftover_differences(one))
        )
        dialog.finished.connect(self._forget_recovery)
        dialog.open()

    def _recover(self, leftover: Leftover) -> None:
        self._may_recover = False
        self._window.jobs.start()
        self.project.recover(leftover)

    def _forget_recovery(self) -> None:
        self.recovery = None

    # ---- import --------------------------------------------------------------------------

    def ask_import(self) -> None:
        """Let the user choose a table to import with options."""
        dialog = QFileDialog(self._window, self.tr("Import with options"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: self.import_files([(Path(name), "")]))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def import_files(self, files: list[tuple[Path, str]]) -> None:
        """Ask how to read these files, one after the other: (path, why it was not read)."""
        self._to_import += files
        self._next_import()

    def _next_import(self) -> None:
        if self.import_dialog is not None or not self._to_import:
            return
        from heliid_gui.panels.import_dialog import ImportDialog

        path, problem = self._to_import.pop(0)
        window = self._window
        dialog = self.import_dialog = ImportDialog(
            window, path, window.loader, problem=problem, folder=window.settings.folder("profiles")
        )
        dialog.imported.connect(self._imported)
        dialog.finished.connect(self._import_ended)
        dialog.open()

    def _import_ended(self) -> None:
        self.import_dialog = None
        QTimer.singleShot(0, self._next_import)

    def _imported(self, record: FlightRecord, roles: dict, path: Path) -> None:
        from heliid_gui.presenters.importing import with_roles

        window = self._window
        window.bench.add_records([record])
        window.bench.edit(self.tr("Roles of channels"), with_roles(window.bench.setup, roles))
        window.settings.add_recent(path)
        window.show_step("data")

    # ---- scripts and test inputs ---------------------------------------------------------

    def copy_script(self) -> None:
        """The present set-up as a Python script, to the clipboard."""
        from heliid_gui.presenters.script import script

        bench = self._window.bench
        try:
            text = script(
                bench.setup, bench.path, profiles=self._window.settings.folder("profiles")
            )
        except ValueError as reason:
            self._window.problems.show(self.tr("No script yet"), str(reason))
            return
        QGuiApplication.clipboard().setText(text)
        self._window.say(self.tr("Python script copied to the clipboard"))

    def show_excitation(self) -> None:
        """Design the input of the next flight."""
        from heliid_gui.panels.excitation_dialog import ExcitationDialog

        dialog = ExcitationDialog(self._window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
