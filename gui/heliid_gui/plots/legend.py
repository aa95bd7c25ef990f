"""The legend above a panel: one button per curve, with its line; a click hides it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from heliid_gui.plots import styles
from heliid_gui.plots.styles import Kind


def line_icon(kind: Kind, *, faded: bool = False) -> QIcon:
    """A short piece of the curve's line."""
    picture = QPixmap(56, 24)
    picture.setDevicePixelRatio(2.0)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setOpacity(0.35 if faded else 1.0)
    width = 2.4 if kind is Kind.MEASURED else 1.8
    painter.setPen(styles.pen(kind, width=width))
    painter.drawLine(2, 6, 26, 6)
    painter.end()
    return QIcon(picture)


WIDE = 400  # px


class Legend(QWidget):
    """Names of the curves with their lines."""

    toggled = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(60, 2, 8, 0)
        self._layout.setSpacing(4)
        self._layout.addStretch(1)
        self._buttons: list[QToolButton] = []
        self.setVisible(False)

    def resizeEvent(self, event) -> None:
        """In line with the plots where there is room, and all of the names where there is not."""
        super().resizeEvent(event)
        left = 60 if event.size().width() >= WIDE else 4
        if self._layout.contentsMargins().left() != left:
            self._layout.setContentsMargins(left, 2, 8 if left == 60 else 0, 0)
            self._layout.setSpacing(4 if left == 60 else 0)

    def set_entries(self, entries: tuple[tuple[str, Kind], ...], hidden: set[str]) -> None:
        """Show these curves; a single curve needs no legend."""
        for button in self._buttons:
            self._layout.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._buttons = []
        for number, (label, kind) in enumerate(entries):
            button = QToolButton()
            button.setObjectName("flat")
            button.setText(label)
            button.setIcon(line_icon(kind, faded=label in hidden))
            button.setIconSize(QSize(28, 12))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setToolTip(self.tr("Click to hide or show this curve"))
            button.clicked.connect(lambda _on=False, name=label: self.toggled.emit(name))
            self._layout.insertWidget(number, button)
            self._buttons.append(button)
        self.setVisible(len(entries) > 1)
