"""Questions about projects: unsaved changes, and what a crash left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QLabel, QPushButton, QWidget

from heliid_gui.theme import SPACE
from heliid_gui.widgets import Icon, button, column, label, row

if TYPE_CHECKING:
    from heliid.project.journal import Leftover


class UnsavedDialog(QDialog):
    """Save, give up, or stay."""

    save_wanted = Signal()
    discard_wanted = Signal()

    def __init__(self, parent: QWidget, name: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Unsaved changes"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.save = button(self.tr("Save"), lambda: self._say(self.save_wanted), kind="primary")
        self.save.setDefault(True)
        self.discard = button(self.tr("Don't save"), lambda: self._say(self.discard_wanted))
        self.cancel = button(self.tr("Cancel"), self.reject)
        text = label(self.tr("Save the changes to %s?") % name, "heading", wrap=True)
        note = label(
            self.tr("Without saving, edits and runs since the last save are lost."),
            "muted",
            wrap=True,
        )
        picture = Icon("save", 28, "accent")
        words = row(picture, column(text, note), spacing=2 * SPACE, grows=1)
        words.setAlignment(picture, Qt.AlignmentFlag.AlignTop)
        self.setLayout(
            column(
                words,
                row(self.discard, 1, self.cancel, self.save),
                margins=2 * SPACE,
                spacing=2 * SPACE,
            )
        )
        self.setMinimumWidth(440)

    def _say(self, answer) -> None:
        self.accept()
        answer.emit()


class RecoveryDialog(QDialog):
    """One line per journal: recover, compare with the saved file, discard."""

    recover_wanted = Signal(object)
    discard_wanted = Signal(object)
    compare_wanted = Signal(object)

    def __init__(self, parent: QWidget, found: tuple[Leftover, ...]) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Recover your work"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._notes: dict[object, QLabel] = {}
        self._lines: dict[object, QWidget] = {}
        self.recover_buttons: list[QPushButton] = []
        self.discard_buttons: list[QPushButton] = []
        self.compare_buttons: list[QPushButton] = []
        rows = column(spacing=2 * SPACE)
        for one in found:
            rows.addWidget(self._line(one))
        later = button(self.tr("Decide later"), self.reject)
        self.setLayout(
            column(
                label(self.tr("HeliID did not close properly"), "heading"),
                rows,
                row(1, later),
                margins=2 * SPACE,
                spacing=2 * SPACE,
            )
        )
        self.setMinimumWidth(560)

    def _line(self, one: Leftover) -> QWidget:
        recover = button(
            self.tr("Recover"), lambda: self._end(one, self.recover_wanted), kind="primary"
        )
        compare = button(
            self.tr("Compare"),
            lambda: self.compare_wanted.emit(one),
            tip=self.tr("Say how it differs from the saved file"),
        )
        discard = button(self.tr("Discard"), lambda: self._end(one, self.discard_wanted))
        for made, group in (
            (recover, self.recover_buttons),
            (compare, self.compare_buttons),
            (discard, self.discard_buttons),
        ):
            group.append(made)
        note = self._notes[one] = label("", "muted", wrap=True)
        note.setVisible(False)
        line = QWidget()
        line.setLayout(
            column(label(one.sentence, wrap=True), note, row(recover, compare, discard, 1))
        )
        self._lines[one] = line
        return line

    def show_differences(self, one: Leftover, sentences: tuple[str, ...]) -> None:
        """Say how a journal differs from the saved file."""
        self._notes[one].setText("\n".join(sentences))
        self._notes[one].setVisible(True)
        self.adjustSize()

    def differences(self, one: Leftover) -> str:
        """What was said."""
        return self._notes[one].text()

    def _end(self, one: Leftover, answer) -> None:
        self._lines.pop(one).setVisible(False)
        if answer is self.recover_wanted or not self._lines:
            self.accept()
        answer.emit(one)
