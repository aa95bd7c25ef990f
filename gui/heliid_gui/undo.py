"""The one undo stack: every edit of the set-up is a value before and a value after."""

from __future__ import annotations

import time

from PySide6.QtGui import QUndoCommand, QUndoStack

from heliid_gui.presenters.setup import Setup
from heliid_gui.presenters.workbench import Workbench

MERGE_S = 2.0  # edits of one field closer together than this are one step


class SetupEdit(QUndoCommand):
    """From one set-up to another."""

    def __init__(
        self, bench: Workbench, text: str, before: Setup, after: Setup, merge: str
    ) -> None:
        super().__init__(text)
        self._bench, self._before, self.after, self.merge = bench, before, after, merge
        self.when = time.monotonic()

    def redo(self) -> None:
        """Put the new value."""
        self._bench.put(self.after)

    def undo(self) -> None:
        """Put the old value."""
        self._bench.put(self._before)

    def id(self) -> int:
        """Only edits with a merge key may merge."""
        return 1 if self.merge else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Take over a later edit of the same field."""
        if not isinstance(other, SetupEdit) or other.merge != self.merge:
            return False
        if other.when - self.when > MERGE_S:
            return False
        self.after, self.when = other.after, other.when
        return True


def connect(bench: Workbench, stack: QUndoStack) -> None:
    """Let every edit of the workbench go through the stack."""
    bench.on_edit = lambda text, before, after, merge: stack.push(
        SetupEdit(bench, text, before, after, merge)
    )
