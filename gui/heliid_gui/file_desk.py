"""Records and models: opened from files, folders, drops and examples; saved where one says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from heliid_gui.loading import ENDINGS, find_files
from heliid_gui.presenters import examples, importing
from heliid_gui.presenters.project_desk import ENDING

if TYPE_CHECKING:
    from heliid_gui.main_window import MainWindow
    from heliid_gui.presenters.setup import Setup


class FileDesk(QObject):
    """Belongs to one main window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    def open_example(self, key: str) -> None:
        """Open a bundled example as the project."""
        self._window.say(self.tr("Opening the example…"))
        self._window.jobs.start()
        self._window.loader.run(lambda: examples.load(key), self._put_example, self._cannot_open)

    def _put_example(self, setup: Setup) -> None:
        self._window.say("")
        self._window.bench.edit(self.tr("Open an example"), setup)
        self._window.bench.choose_record(setup.records[0].key)
        self._window.show_step("data")

    def open_paths(self, paths: list[Path]) -> None:
        """Open files and folders, from a dialog, a drop or the command line."""
        paths = self._window.desk.take_projects(paths) if paths else paths
        if not paths:
            return
        files = find_files(paths)
        if not files:
            self._window.problems.show(
                self.tr("Nothing to open"),
                self.tr("There is no table (%s) in what was dropped.") % ", ".join(ENDINGS),
            )
            return
        self._window.say(self.tr("Reading %d file(s)…") % len(files))
        self._window.jobs.start()
        folder = self._window.settings.folder("profiles")
        self._window.loader.run(
            lambda: (files, *importing.read_all(files, folder)),
            self._put_records,
            self._cannot_open,
        )

    def _put_records(self, found: tuple) -> None:
        files, records, problems, to_ask = found
        self._window.say("")
        self._window.bench.add_records(records)
        if records:
            good = {record.source.name for record in records}
            for path in files:
                if path.name in good:
                    self._window.settings.add_recent(path)
            self._window.show_step("data")
        for sentence, details in problems:
            self._cannot_open(sentence, details)
        self._window.desk.import_files(to_ask)
        self._window.refresh()

    def _cannot_open(self, sentence: str, details: str) -> None:
        self._window.say("")
        self._window.problems.show(self.tr("A file could not be opened"), sentence, details)

    def ask_files(self) -> None:
        """Let the user choose records to open."""
        dialog = QFileDialog(self._window, self.tr("Open records"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        patterns = " ".join(f"*{ending}" for ending in ENDINGS)
        dialog.setNameFilters(
            [
                self.tr("Flight records and projects (%s)") % f"{patterns} *{ENDING}",
                self.tr("All files (*)"),
            ]
        )
        dialog.filesSelected.connect(lambda names: self.open_paths([Path(n) for n in names]))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def ask_save_model(self) -> None:
        """Let the user choose where the best model goes."""
        dialog = QFileDialog(self._window, self.tr("Save model"), "model.json")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([self.tr("HeliID model (*.json)")])
        dialog.setDefaultSuffix("json")
        dialog.fileSelected.connect(lambda name: self.save_model(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def save_model(self, path: Path) -> None:
        """Write the best model of the search on show."""
        from heliid.export.model_files import save_model

        model = self._window.bench.evolution.model
        if model is None:
            return
        try:
            save_model(model, path)
        except Exception as error:  # a full disk, a folder that is not ours
            self._window.problems.show(self.tr("The model was not saved"), str(error))
            return
        self._window.say(self.tr("Model saved: %s") % path.name)
