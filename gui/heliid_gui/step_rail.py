"""The steps on the left: one button each, with a dot for done or problem."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QButtonGroup, QFrame, QSizePolicy, QToolButton

from heliid_gui import icons
from heliid_gui.rooms import follow
from heliid_gui.theme import SPACE, colours
from heliid_gui.widgets import column

WIDTH = 88


@dataclass(frozen=True, slots=True)
class Step:
    """One view of the rail."""

    key: str
    title: str
    icon: str
    tip: str


STEPS = (
    Step("data", "Data", "data", "Open records, choose channels, see whether the data are fit"),
    Step("prepare", "Prepare", "prepare", "Clean the records: filter, shift, crop, correct units"),
    Step("model", "Model", "model", "Choose inputs, outputs and the box of orders to search"),
    Step("evolve", "Evolve", "evolve", "Search the order and watch the best model live"),
    Step("validate", "Validate", "validate", "Judge the model on pieces it was not trained on"),
    Step("compare", "Compare", "compare", "Lay runs side by side"),
    Step("export", "Export", "export", "Save the model, its predictions and a report"),
)
HOME = Step("home", "Home", "home", "Recent projects and examples (Ctrl+0)")


class StepButton(QToolButton):
    """A step with its dot."""

    def __init__(self, step: Step, shortcut: str) -> None:
        super().__init__()
        self.setObjectName("step")
        self._step = step
        self.dot = ""
        self.setText(step.title)
        self.setCheckable(True)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        self.setIconSize(QSize(22, 22))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(60)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._tip = f"{step.tip} ({shortcut})" if shortcut else step.tip
        self.setToolTip(self._tip)
        self.setAccessibleName(step.title)
        follow(self, self._paint_icon)
        self.toggled.connect(self._paint_icon)
        self._paint_icon()

    def set_dot(self, dot: str, why: str) -> None:
        """``""``, ``"done"``, ``"problem"`` or ``"busy"``, and why as a sentence."""
        self.dot = dot
        self.setToolTip(f"{self._tip}\n{why}" if why else self._tip)
        self.setAccessibleDescription(why)
        self.update()

    def _paint_icon(self) -> None:
        c = colours()
        self.setIcon(icons.icon(self._step.icon, c.accent if self.isChecked() else c.muted))

    def paintEvent(self, event) -> None:
        """The button, and the dot over its corner."""
        super().paintEvent(event)
        if not self.dot:
            return
        c = colours()
        colour = {"done": c.good, "problem": c.warning, "busy": c.accent}[self.dot]
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colour))
        x, y = self.width() / 2 + 12, 8
        if self.dot == "problem":  # told apart by shape too
            painter.drawRect(QRectF(x, y, 7, 7))
        else:
            painter.drawEllipse(QRectF(x, y, 8, 8))
        painter.end()


class StepRail(QFrame):
    """Home and the seven steps."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("rail")
        self.setFixedWidth(WIDTH)
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self.buttons: dict[str, StepButton] = {}
        parts: list = []
        for number, step in enumerate((HOME, *STEPS)):
            made = StepButton(step, f"Ctrl+{number}" if number else "")
            made.clicked.connect(lambda _on=False, key=step.key: self.chosen.emit(key))
            self._group.addButton(made)
            self.buttons[step.key] = made
            parts.append(made)
        self.setLayout(column(*parts, 1, margins=SPACE // 2 + 2, spacing=2))

    def show_step(self, key: str) -> None:
        """Mark the step whose view is shown."""
        self.buttons[key].setChecked(True)
