"""The pieces of a record in exact numbers: from, to, what for."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QGridLayout, QWidget

from heliid_gui.presenters.formatting import USE_NAMES
from heliid_gui.presenters.setup import Piece
from heliid_gui.theme import SPACE
from heliid_gui.widgets import column, label, set_kind


class PieceTable(QWidget):
    """One line per piece; the last number of a line is the border to the next."""

    use_wanted = Signal(int, str)
    border_wanted = Signal(int, float)

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(SPACE)
        self._grid.setVerticalSpacing(SPACE // 2)
        self._grid.setColumnStretch(0, 1)
        self.lines: list[tuple[QComboBox, QDoubleSpinBox]] = []
        self.setLayout(column(self._grid))

    def show_pieces(self, pieces: tuple[Piece, ...], step: float) -> None:
        """Show these pieces; borders move in steps of ``step`` s."""
        if len(pieces) != len(self.lines):
            self._build(len(pieces))
        for index, ((start, end, use), (combo, border)) in enumerate(
            zip(pieces, self.lines, strict=True)
        ):
            combo.setCurrentIndex(combo.findData(use.value))
            set_kind(combo, f"use-{use.value}")
            border.blockSignals(True)
            border.setRange(start, pieces[-1][1])
            border.setSingleStep(step)
            border.setValue(end)
            border.setEnabled(index < len(pieces) - 1)
            border.setToolTip(f"{start:.3f} to {end:.3f} s: {end - start:.3f} s")
            border.blockSignals(False)

    def _build(self, n: int) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.lines = []
        for place, text in enumerate((self.tr("Use"), self.tr("until"))):
            head = label(text, "muted")
            self._grid.addWidget(head, 0, place)
        for index in range(n):
            combo = QComboBox()
            for use, name in USE_NAMES.items():
                combo.addItem(name, use)
            combo.setAccessibleName(self.tr("Use of piece %d") % (index + 1))
            combo.activated.connect(partial(self._say_use, index))
            border = QDoubleSpinBox()
            border.setDecimals(3)
            border.setSuffix(" s")
            border.setAlignment(Qt.AlignmentFlag.AlignRight)
            border.setKeyboardTracking(False)
            border.setMinimumWidth(104)
            border.setAccessibleName(self.tr("End of piece %d") % (index + 1))
            border.valueChanged.connect(partial(self.border_wanted.emit, index))
            self._grid.addWidget(combo, index + 1, 0)
            self._grid.addWidget(border, index + 1, 1)
            self.lines.append((combo, border))

    def _say_use(self, index: int, _choice: int) -> None:
        self.use_wanted.emit(index, self.lines[index][0].currentData())
