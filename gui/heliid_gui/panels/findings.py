"""The doctor's findings of one record: an icon, a sentence, a place, a remedy to click."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QWidget

from heliid_gui.presenters.doctor import Line
from heliid_gui.theme import SPACE
from heliid_gui.widgets import Icon, button, column, label, row

SHOWN = 12  # more than this is a list nobody reads; the worst come first


class _Finding(QFrame):
    """One finding."""

    chosen = Signal(object)
    remedy_wanted = Signal(object)

    def __init__(self, line: Line) -> None:
        super().__init__()
        self.setObjectName("line")
        self._line = line
        picture = Icon(line.icon, 16, line.role)
        words = column(label(line.sentence, wrap=True), spacing=2)
        if line.remedy:
            fix = button(line.remedy, partial(self.remedy_wanted.emit, line.finding), kind="link")
            fix.setToolTip(self.tr("Apply this; Undo takes it back"))
            words.addWidget(fix)
        layout = row(picture, words, margins=SPACE // 2, grows=1)
        layout.setAlignment(picture, Qt.AlignmentFlag.AlignTop)
        self.setLayout(layout)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip(self.tr("Show the place in the plots"))
        self.setAccessibleName(line.sentence)

    def mouseReleaseEvent(self, event) -> None:
        """Show the place."""
        self.chosen.emit(self._line.finding)
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event) -> None:
        """The same by keyboard."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit(self._line.finding)
            return
        super().keyPressEvent(event)


class Findings(QWidget):
    """All findings of a record."""

    chosen = Signal(object)
    remedy_wanted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._list = column(spacing=0)
        self.note = label("", "muted", wrap=True)
        self.setLayout(column(self._list, self.note, spacing=4))
        self._shown: tuple[Line, ...] | None = None

    def show_lines(self, lines: tuple[Line, ...], *, is_done: bool) -> None:
        """Show these; nothing found is said, and so is that nobody has looked yet."""
        if lines != self._shown:
            self._shown = lines
            while (item := self._list.takeAt(0)) is not None:
                widget = item.widget()
                if widget is not None:
                    widget.hide()
                    widget.deleteLater()
            for line in lines[:SHOWN]:
                made = _Finding(line)
                made.chosen.connect(self.chosen)
                made.remedy_wanted.connect(self.remedy_wanted)
                self._list.addWidget(made)
        more = len(lines) - SHOWN
        if not is_done:
            self.note.setText(self.tr("Examining the record…"))
        elif not lines:
            self.note.setText(self.tr("Nothing to complain about."))
        else:
            self.note.setText(self.tr("and %d more") % more if more > 0 else "")
        self.note.setVisible(bool(self.note.text()))
