"""The verdict: one light and one sentence per question; a click shows the evidence."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QWidget

from heliid_gui.presenters.judgement import Light
from heliid_gui.theme import SPACE
from heliid_gui.widgets import Icon, column, label, row, scrolled


class _Line(QFrame):
    """One question."""

    clicked = Signal(str)

    def __init__(self, light: Light) -> None:
        super().__init__()
        self.setObjectName("line")
        self.light = light
        picture = Icon(light.icon, 20, light.role)
        words = column(
            label(light.text, "section", wrap=True),
            label(light.sentence, "muted", wrap=True),
            spacing=2,
        )
        layout = row(picture, words, margins=SPACE, grows=1)
        layout.setAlignment(picture, Qt.AlignmentFlag.AlignTop)
        self.setLayout(layout)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip(self.tr("Show the evidence"))
        self.setAccessibleName(f"{light.text} {light.role}. {light.sentence}")

    def mouseReleaseEvent(self, event) -> None:
        """Show the evidence."""
        self.clicked.emit(self.light.evidence)
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event) -> None:
        """The same by keyboard."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit(self.light.evidence)
            return
        super().keyPressEvent(event)


class VerdictList(QWidget):
    """All questions, the failed ones first."""

    evidence_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._lines = column(spacing=2)
        inner = QWidget()
        inner.setLayout(column(self._lines, 1))
        self.setLayout(column(scrolled(inner)))
        self.lights: tuple[Light, ...] = ()

    def show_lights(self, lights: tuple[Light, ...]) -> None:
        """Show these."""
        while (item := self._lines.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        order = {"bad": 0, "warning": 1, "good": 2, "disabled": 3}
        self.lights = tuple(sorted(lights, key=lambda light: order[light.role]))
        for light in self.lights:
            line = _Line(light)
            line.clicked.connect(self.evidence_wanted)
            self._lines.addWidget(line)
