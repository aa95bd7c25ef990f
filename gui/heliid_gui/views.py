"""The views of the rail, each made when it is first needed.

The Home page needs no plots, so the first paint waits neither for the plotting library nor for
seven panels; the rest is made one by one while nobody asks for anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QStackedWidget, QWidget

from heliid_gui.rooms import dress, enter

if TYPE_CHECKING:
    from heliid_gui.main_window import MainWindow


class Views(QStackedWidget):
    """Acts like a table of panels by the key of their step."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self._window = window
        self._made: dict[str, QWidget] = {}
        self._makers: dict[str, Callable[[], QWidget]] = {
            "home": self._home,
            "data": self._data,
            "prepare": self._prepare,
            "model": self._model,
            "evolve": self._evolve,
            "validate": self._validate,
            "compare": self._compare,
            "export": self._export,
        }

    def __getitem__(self, key: str) -> QWidget:
        """The panel of a step, made now if need be."""
        if key not in self._made:
            made = self._made[key] = self._makers[key]()
            dress(made)
            self.addWidget(made)
            self._window.layout_memory.view_made(key, made)
            if key != "home":
                self._window.refresh()
        return self._made[key]

    def __iter__(self) -> Iterator[str]:
        """The keys of all steps."""
        return iter(self._makers)

    def show_view(self, key: str) -> None:
        """Show the panel of a step, in the colours of the moment."""
        enter(self[key])
        self.setCurrentWidget(self[key])

    def is_made(self, key: str) -> bool:
        """True when somebody has needed this panel."""
        return key in self._made

    def make_next(self) -> bool:
        """Make one more panel; False when all are there."""
        waiting = next((key for key in self if key not in self._made), None)
        if waiting is None:
            return False
        self[waiting]
        return True

    def _home(self) -> QWidget:
        from heliid_gui.panels.home import HomePanel

        window, panel = self._window, HomePanel()
        panel.open_wanted.connect(window.ask_files)
        panel.example_wanted.connect(window.open_example)
        panel.file_wanted.connect(lambda name: window.open_paths([Path(name)]))
        return panel

    def _data(self) -> QWidget:
        from heliid_gui.panels.data import DataPanel

        window = self._window
        panel = DataPanel(window.bench, window.doctor)
        panel.open_wanted.connect(window.ask_files)
        panel.next_wanted.connect(lambda: window.show_step("model"))
        panel.problem.connect(window.problems.show)
        panel.unit_wanted.connect(window.findings.show_in)
        panel.cursor_moved.connect(window.show_cursor)
        return panel

    def _prepare(self) -> QWidget:
        from heliid_gui.panels.prepare import PreparePanel

        window = self._window
        panel = PreparePanel(window.bench, window.doctor, window.insights)
        panel.data_wanted.connect(lambda: window.show_step("data"))
        panel.next_wanted.connect(lambda: window.show_step("model"))
        panel.cursor_moved.connect(window.show_cursor)
        return panel

    def _model(self) -> QWidget:
        from heliid_gui.panels.model import ModelPanel

        window = self._window
        panel = ModelPanel(window.bench, window.cluster)
        panel.data_wanted.connect(lambda: window.show_step("data"))
        panel.start_wanted.connect(window.start)
        return panel

    def _evolve(self) -> QWidget:
        from heliid_gui.panels.evolve import EvolvePanel

        window = self._window
        panel = EvolvePanel(window.bench, window.inspections)
        panel.start_wanted.connect(window.start)
        panel.data_wanted.connect(lambda: window.show_step("data"))
        panel.model_wanted.connect(lambda: window.show_step("model"))
        panel.save_wanted.connect(window.ask_save_model)
        panel.continue_wanted.connect(window.continue_search)
        window.jobs.ticked.connect(panel.catch_up)
        panel.cursor_moved.connect(window.show_cursor)
        return panel

    def _validate(self) -> QWidget:
        from heliid_gui.panels.validate import ValidatePanel

        window = self._window
        panel = ValidatePanel(window.bench, window.judges, window.flatnesses)
        panel.evolve_wanted.connect(lambda: window.show_step("evolve"))
        panel.cursor_moved.connect(window.show_cursor)
        return panel

    def _compare(self) -> QWidget:
        from heliid_gui.panels.compare import ComparePanel

        window = self._window
        panel = ComparePanel(window.bench, window.judges, window.side_jobs)
        panel.evolve_wanted.connect(lambda: window.show_step("evolve"))
        panel.restore_wanted.connect(window.restore_run)
        panel.show_run.clicked.connect(lambda: window.show_step("validate"))
        panel.problem.connect(window.problems.show)
        panel.cursor_moved.connect(window.show_cursor)
        return panel

    def _export(self) -> QWidget:
        from heliid_gui.panels.export import ExportPanel

        window = self._window
        panel = ExportPanel(window.bench, window.exports)
        panel.evolve_wanted.connect(lambda: window.show_step("evolve"))
        return panel
