"""The conditioning steps of a record: a list of checkboxes to add to, edit, reorder."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QSizePolicy,
    QWidget,
)

from heliid_gui.panels.step_editor import StepEditor
from heliid_gui.presenters import prepare
from heliid_gui.presenters.prepare import StepData
from heliid_gui.theme import SPACE
from heliid_gui.widgets import button, column, label, row, tool_button


class StepList(QWidget):
    """Shows steps; tells what the user wants done with them."""

    add_wanted = Signal(str)  # kind
    remove_wanted = Signal(int)
    switch_wanted = Signal(int, bool)
    move_wanted = Signal(int, int)
    change_wanted = Signal(int, object)  # index, step

    def __init__(self) -> None:
        super().__init__()
        self._steps: tuple[StepData, ...] = ()
        self._names: tuple[str, ...] = ()
        self._quiet = False
        self.list = QListWidget()
        self.list.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.list.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.list.setWordWrap(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setMinimumHeight(90)
        self.list.setAccessibleName(self.tr("Conditioning steps"))
        self.list.itemChanged.connect(self._item_changed)
        self.list.currentRowChanged.connect(self._row_changed)
        self.list.model().rowsMoved.connect(self._rows_moved)
        self.empty = label(
            self.tr("No steps: the record is used as it came from the file."), "muted", wrap=True
        )
        self.editor = StepEditor()
        self.editor.changed.connect(lambda step: self.change_wanted.emit(self.current(), step))
        self.add = button(self.tr("Add a step"), icon="prepare")
        self.add.setMenu(self._menu())
        self.add.setMinimumWidth(self.add.sizeHint().width() + SPACE)
        self.up = tool_button(
            "up",
            self.tr("Earlier"),
            lambda: self._move(-1),
            tip=self.tr("Apply this step earlier (Alt+Up)"),
        )
        self.down = tool_button(
            "down",
            self.tr("Later"),
            lambda: self._move(1),
            tip=self.tr("Apply this step later (Alt+Down)"),
        )
        self.remove = tool_button(
            "close", self.tr("Remove"), self._remove, tip=self.tr("Remove this step (Delete)")
        )
        self.up.setShortcut("Alt+Up")
        self.down.setShortcut("Alt+Down")
        bar = row(self.add, 1, self.up, self.down, self.remove, spacing=SPACE // 2)
        self.list.setSizeAdjustPolicy(QAbstractItemView.SizeAdjustPolicy.AdjustToContents)
        self.list.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.setLayout(column(bar, self.empty, self.list, self.editor, 1))
        self.show_steps((), ())

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        for kind in prepare.KINDS:
            action = menu.addAction(kind.title, partial(self.add_wanted.emit, kind.kind))
            action.setToolTip(kind.help)
        return menu

    def show_steps(self, steps: tuple[StepData, ...], names: tuple[str, ...]) -> None:
        """Show these steps; ``names``: channels that can be chosen."""
        grown = len(steps) > len(self._steps)
        row_now = len(steps) - 1 if grown else min(max(self.current(), 0), len(steps) - 1)
        if steps != self._steps or self.list.count() != len(steps):
            self._quiet = True
            self.list.clear()
            for number, step in enumerate(steps, 1):
                item = QListWidgetItem(f"{number}  {prepare.sentence(step)}")
                item.setFlags(
                    (item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                    & ~Qt.ItemFlag.ItemIsDropEnabled
                )
                on = Qt.CheckState.Unchecked if step.get("off") else Qt.CheckState.Checked
                item.setCheckState(on)
                item.setToolTip(prepare.kind_of(step).help)
                self.list.addItem(item)
            self._quiet = False
        self._steps, self._names = steps, names
        self.list.setCurrentRow(row_now)
        self.list.setVisible(bool(steps))
        self.empty.setVisible(not steps)
        self._row_changed(row_now)

    def current(self) -> int:
        """The index of the chosen step, -1 for none."""
        return self.list.currentRow()

    def _row_changed(self, index: int) -> None:
        if self._quiet:
            return
        there = 0 <= index < len(self._steps)
        self.editor.setVisible(there)
        self.editor.show_step(self._steps[index] if there else None, self._names)
        self.up.setEnabled(there and index > 0)
        self.down.setEnabled(there and index < len(self._steps) - 1)
        self.remove.setEnabled(there)

    def _item_changed(self, item: QListWidgetItem) -> None:
        if not self._quiet:
            on = item.checkState() == Qt.CheckState.Checked
            self.switch_wanted.emit(self.list.row(item), on)

    def _rows_moved(self, _parent, start: int, _end: int, _to, before: int) -> None:
        if not self._quiet:
            self.move_wanted.emit(start, before - 1 if before > start else before)

    def _move(self, by: int) -> None:
        index = self.current()
        if 0 <= index < len(self._steps) and 0 <= index + by < len(self._steps):
            self.move_wanted.emit(index, index + by)
            self.list.setCurrentRow(index + by)

    def _remove(self) -> None:
        if 0 <= self.current() < len(self._steps):
            self.remove_wanted.emit(self.current())

    def keyPressEvent(self, event) -> None:
        """Delete removes the chosen step."""
        if event.key() == Qt.Key.Key_Delete and self.list.hasFocus():
            self._remove()
            return
        super().keyPressEvent(event)
