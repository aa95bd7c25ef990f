"""Menus and shortcuts: every command once, in the menu, the palette and under its key."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence

from heliid_gui.presenters import examples
from heliid_gui.presenters.evolve import Evolution
from heliid_gui.step_rail import HOME, STEPS

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QMenu

    from heliid_gui.main_window import MainWindow


COMMAND = "heliid_command"  # the property that marks an action of the menus


def build(window: MainWindow) -> None:
    """Make the menu bar."""
    bar = window.menuBar()
    _file(window, bar.addMenu(window.tr("&File")))
    _edit(window, bar.addMenu(window.tr("&Edit")))
    _view(window, bar.addMenu(window.tr("&View")))
    _run(window, bar.addMenu(window.tr("&Run")))
    _tools(window, bar.addMenu(window.tr("&Tools")))
    _help(window, bar.addMenu(window.tr("&Help")))


def _add(
    window: MainWindow,
    menu: QMenu,
    text: str,
    do: Callable[[], object],
    keys: str = "",
    tip: str = "",
    name: str = "",
) -> QAction:
    action = QAction(text, window)
    if keys:
        action.setShortcuts([QKeySequence(key) for key in keys.split("|")])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
    action.setStatusTip(tip)
    action.triggered.connect(lambda _checked=False: do())
    action.setObjectName(name)
    action.setProperty(COMMAND, True)
    menu.addAction(action)
    return action


def _add_separator(window: MainWindow, menu: QMenu) -> None:
    """A line in a menu, owned by the window.

    ``QMenu.addSeparator`` of PySide6 6.10 leaves its action to Python once ``QMenu.actions`` has
    listed it, and the collector then deletes it under Qt's feet.
    """
    line = QAction(window)
    line.setSeparator(True)
    menu.addAction(line)


def _file(window: MainWindow, menu: QMenu) -> None:
    tr = window.tr
    _add(window, menu, tr("&New project"), lambda: window.desk.new(), "Ctrl+N")
    _add(window, menu, tr("&Open records…"), window.ask_files, "Ctrl+O")
    _add(window, menu, tr("&Import with options…"), lambda: window.desk.ask_import(), "Ctrl+I")
    _add(window, menu, tr("Open &project…"), lambda: window.desk.ask_open(), "Ctrl+Shift+O")
    sub = menu.addMenu(tr("Open &example"))
    for example in examples.examples():
        _add(
            window,
            sub,
            example.title,
            partial(window.open_example, example.key),
            tip=example.text,
        )
    _add_separator(window, menu)
    _add(window, menu, tr("&Save project"), lambda: window.desk.save(), "Ctrl+S")
    _add(window, menu, tr("Save project &as…"), lambda: window.desk.ask_save_as(), "Ctrl+Shift+S")
    _add(window, menu, tr("Save &model…"), window.ask_save_model, "Ctrl+Alt+S", name="save_model")
    _add_separator(window, menu)
    _add(window, menu, tr("&Quit"), window.close, "Ctrl+Q")


def _edit(window: MainWindow, menu: QMenu) -> None:
    undo = window.undo_stack.createUndoAction(window, window.tr("&Undo"))
    undo.setShortcut(QKeySequence("Ctrl+Z"))
    redo = window.undo_stack.createRedoAction(window, window.tr("&Redo"))
    redo.setShortcuts([QKeySequence("Ctrl+Shift+Z"), QKeySequence("Ctrl+Y")])
    for action in (undo, redo):
        action.setProperty(COMMAND, True)
        menu.addAction(action)


def _view(window: MainWindow, menu: QMenu) -> None:
    for number, step in enumerate((HOME, *STEPS)):
        _add(
            window,
            menu,
            step.title,
            partial(window.show_step, step.key),
            f"Ctrl+{number}",
            step.tip,
        )
    _add_separator(window, menu)
    _add(
        window,
        menu,
        window.tr("&Problems"),
        lambda: window.findings.toggle(),
        "Ctrl+Shift+M",
        window.tr("What the data doctor found in all records"),
    )
    _add(window, menu, window.tr("&Light or dark"), window.toggle_theme, "Ctrl+Shift+D")
    _add(window, menu, window.tr("&Full screen"), lambda: _full_screen(window), "F11")
    _add(
        window,
        menu,
        window.tr("&Reset layout"),
        window.reset_layout,
        tip=window.tr("Panes and window as they were at first"),
    )


def _run(window: MainWindow, menu: QMenu) -> None:
    tr = window.tr
    _add(window, menu, tr("&Start the search"), window.start, "F5", name="start")
    _add(window, menu, tr("&Pause or resume"), lambda: _pause(window), "F6", name="pause")
    _add(
        window,
        menu,
        tr("S&top and keep the best"),
        window.studies.stop,
        "Shift+F5|Esc, Esc",
        name="stop",
    )


def _tools(window: MainWindow, menu: QMenu) -> None:
    tr = window.tr
    _add(
        window,
        menu,
        tr("&Copy as Python script"),
        lambda: window.desk.copy_script(),
        "Ctrl+Shift+C",
        tr("The present set-up as code that gives the same model"),
    )
    _add(
        window,
        menu,
        tr("&Design a test input…"),
        lambda: window.desk.show_excitation(),
        tip=tr("3-2-1-1, doublet, sweep or multisine for the next flight, as CSV"),
    )


def _help(window: MainWindow, menu: QMenu) -> None:
    tr = window.tr
    _add(window, menu, tr("&Guide to this view"), window.show_help, "F1")
    _add(window, menu, tr("All &keys"), lambda: window.show_help("keys"), "?")
    _add_separator(window, menu)
    _add(window, menu, tr("&Find a command…"), window.show_palette, "Ctrl+K")


def _full_screen(window: MainWindow) -> None:
    window.showNormal() if window.isFullScreen() else window.showFullScreen()


def _pause(window: MainWindow) -> None:
    window.studies.pause(window.bench.evolution.state != "paused")


def show_state(window: MainWindow, evolution: Evolution, why_not: str) -> None:
    """Enable what can be done; disabled commands say why."""

    def put(name: str, enabled: bool, why: str) -> None:
        action = window.findChild(QAction, name)
        if action is not None:
            action.setEnabled(enabled)
            action.setStatusTip(why)

    tr = window.tr
    put("start", not why_not, why_not)
    put(
        "pause",
        evolution.state in ("running", "starting", "paused"),
        tr("Hold the search, or go on with it"),
    )
    put(
        "stop",
        evolution.is_active and evolution.state != "stopping",
        tr("End the search; the best model so far is kept"),
    )
    put(
        "save_model",
        evolution.model is not None,
        "" if evolution.model is not None else tr("There is no model yet; start a search first."),
    )


def all_actions(window: MainWindow) -> list[QAction]:
    """Every command of the menus, as they were made.

    Found by their mark, not read back from the menus: a menu that ``QAction.menu`` of PySide6
    6.10 hands out belongs to Python, and goes, with all its commands, when Python is done with it.
    """
    return [one for one in window.findChildren(QAction) if one.property(COMMAND)]
