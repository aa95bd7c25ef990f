"""How a text table is written, as fields: what was detected, free to change."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QGridLayout, QLineEdit, QSpinBox, QWidget

from heliid.data.tabletext import Dialect
from heliid_gui.presenters import importing
from heliid_gui.theme import SPACE
from heliid_gui.widgets import label

LINES_OF_FORM = 4


class ImportForm(QWidget):
    """Emits what was changed, by the dialect's own names."""

    format_changed = Signal(str, object)
    time_changed = Signal(str, object)  # kind, unit, step
    missing_changed = Signal(str, tuple)

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(SPACE)
        self._grid.setVerticalSpacing(SPACE // 2)
        self._count = 0
        say = self.format_changed.emit
        self.encoding = self._combo({e: e for e in importing.ENCODINGS}, partial(say, "encoding"))
        self.delimiter = self._combo(importing.DELIMITERS, partial(say, "delimiter"))
        self.decimal = self._combo(importing.DECIMALS, partial(say, "decimal"))
        self.header = self._spin(partial(say, "header_line"), self.tr("none"))
        self.unit_row = self._spin(partial(say, "unit_line"), self.tr("none"))
        self.first = self._spin(partial(say, "first_data_line"), "")
        self.first.setMinimum(1)
        self.time = self._combo(importing.TIME_FORMATS, partial(self.time_changed.emit, "kind"))
        units = {"": self.tr("as in the header"), "s": "s", "ms": "ms", "us": "us"}
        self.time_unit = self._combo(units, partial(self.time_changed.emit, "unit"))
        self.step = QDoubleSpinBox()
        self.step.setDecimals(6)
        self.step.setRange(0.0, 100.0)
        self.step.setSuffix(" s")
        self.step.setKeyboardTracking(False)
        self.step.valueChanged.connect(partial(self.time_changed.emit, "step"))
        self.policy = self._combo(importing.POLICIES, lambda _value: self._say_missing())
        self.marks = QLineEdit()
        self.marks.setPlaceholderText(self.tr("e.g. -999, INVALID"))
        self.marks.editingFinished.connect(self._say_missing)
        for text, field in (
            (self.tr("Encoding"), self.encoding), (self.tr("Columns between"), self.delimiter),
            (self.tr("Decimal sign"), self.decimal), (self.tr("Names in line"), self.header),
            (self.tr("Units in line"), self.unit_row), (self.tr("Data from line"), self.first),
            (self.tr("Time is"), self.time), (self.tr("Time unit"), self.time_unit),
            (self.tr("Time step"), self.step), (self.tr("No value written as"), self.marks),
            (self.tr("Missing values"), self.policy),
        ):  # fmt: skip
            self._add(text, field)
        for col in (1, 3, 5):
            self._grid.setColumnStretch(col, 1)
        self.setLayout(self._grid)

    def _add(self, text: str, field: QWidget) -> None:
        line, group = self._count % LINES_OF_FORM, self._count // LINES_OF_FORM
        field.setAccessibleName(text)
        self._grid.addWidget(label(text, "muted"), line, 2 * group)
        self._grid.addWidget(field, line, 2 * group + 1)
        self._count += 1

    def _combo(self, choices: dict[str, str], say) -> QComboBox:
        combo = QComboBox()
        for value, text in choices.items():
            combo.addItem(text, value)
        combo.setMinimumContentsLength(8)
        combo.activated.connect(lambda _index: say(combo.currentData()))
        return combo

    def _spin(self, say, zero: str) -> QSpinBox:
        spin = QSpinBox()
        spin.setRange(0, 100_000)
        if zero:
            spin.setSpecialValueText(zero)
        spin.setKeyboardTracking(False)
        spin.valueChanged.connect(say)
        return spin

    def _say_missing(self) -> None:
        marks = tuple(m.strip() for m in self.marks.text().split(",") if m.strip())
        self.missing_changed.emit(self.policy.currentData(), marks)

    def show_dialect(self, dialect: Dialect) -> None:
        """Show how the table is read now."""
        for combo, value in (
            (self.encoding, dialect.encoding), (self.delimiter, dialect.delimiter),
            (self.decimal, dialect.decimal), (self.time, dialect.time_format),
            (self.time_unit, dialect.time_unit), (self.policy, dialect.missing_policy),
        ):  # fmt: skip
            if combo.findData(value) < 0:
                combo.addItem(value, value)
            combo.setCurrentIndex(combo.findData(value))
        for spin, number in (
            (self.header, dialect.header_line),
            (self.unit_row, dialect.unit_line),
            (self.first, dialect.first_data_line),
        ):
            spin.blockSignals(True)
            spin.setValue(number)
            spin.blockSignals(False)
        self.step.blockSignals(True)
        self.step.setValue(dialect.time_step)
        self.step.blockSignals(False)
        self.step.setEnabled(dialect.time_format == "step")
        self.time_unit.setEnabled(dialect.time_format in ("number", "gps"))
        if not self.marks.hasFocus():
            self.marks.setText(", ".join(m for m in dialect.missing if m))
