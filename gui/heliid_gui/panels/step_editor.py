"""The fields of one conditioning step."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from heliid.units import symbols
from heliid_gui.presenters import prepare
from heliid_gui.presenters.prepare import Parameter, StepData
from heliid_gui.theme import SPACE
from heliid_gui.widgets import column, label


class StepEditor(QWidget):
    """Shows one step; every change is told as the whole new step."""

    changed = Signal(object)  # StepData

    def __init__(self) -> None:
        super().__init__()
        self._step: StepData = {}
        self._names: tuple[str, ...] = ()
        self.fields: dict[str, QWidget] = {}
        self.help = label("", "muted", wrap=True)
        self._place = column()
        self._form: QWidget | None = None
        self.setLayout(column(self.help, self._place, spacing=SPACE))

    def show_step(self, step: StepData | None, names: tuple[str, ...]) -> None:
        """Show the fields of this step; ``names``: the channels there are before it."""
        step = prepare.filled(step) if step else {}
        same = step.get("kind") == self._step.get("kind") and names == self._names
        self._step, self._names = step, names
        if not same or self._form is None:
            self._build()
        self._fill()

    def _build(self) -> None:
        if self._form is not None:
            self._form.hide()
            self._form.deleteLater()
        self.fields = {}
        self._form = QWidget()
        form = QFormLayout(self._form)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(SPACE // 2)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.help.setText(prepare.kind_of(self._step).help if self._step else "")
        for one in prepare.kind_of(self._step).parameters if self._step else ():
            field = self._field(one)
            field.setAccessibleName(one.label)
            self.fields[one.name] = field
            form.addRow(label(one.label, "muted"), field)
        self._place.addWidget(self._form)

    def _field(self, one: Parameter) -> QWidget:
        say = partial(self._say, one)
        if one.kind in ("channel", "channels", "choice"):
            combo = QComboBox()
            if one.kind == "channels":
                combo.addItem(self.tr("All channels"), [])
            for text in one.choices or self._names:
                combo.addItem(text, [text] if one.kind == "channels" else text)
            combo.setMinimumContentsLength(8)
            combo.activated.connect(lambda _index: say(combo.currentData()))
            return combo
        if one.kind == "unit":
            units = QComboBox()
            units.setEditable(True)
            units.addItems(symbols())
            units.textActivated.connect(say)
            edit = QLineEdit()
            units.setLineEdit(edit)
            edit.editingFinished.connect(lambda: say(units.currentText().strip()))
            return units
        if one.kind == "text":
            line = QLineEdit()
            line.editingFinished.connect(lambda: say(line.text().strip()))
            return line
        spin: QSpinBox | QDoubleSpinBox
        if one.kind == "whole":
            spin = QSpinBox()
            spin.setRange(1, 1000)
        else:
            spin = QDoubleSpinBox()
            spin.setDecimals(6 if one.name in ("dt", "slope") else 4)
            spin.setRange(-1e9, 1e9)
            spin.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        if one.unit:
            spin.setSuffix(f" {one.unit}")
        spin.setKeyboardTracking(False)
        spin.valueChanged.connect(say)
        return spin

    def _fill(self) -> None:
        for name, field in self.fields.items():
            value = self._step.get(name)
            field.blockSignals(True)
            if isinstance(field, QComboBox) and field.isEditable():
                field.setCurrentText(str(value))
            elif isinstance(field, QComboBox):
                self._choose(field, value)
            elif isinstance(field, QLineEdit):
                field.setText(str(value))
            elif isinstance(field, QSpinBox):
                field.setValue(int(value or 0))
            elif isinstance(field, QDoubleSpinBox):
                field.setValue(float(value or 0.0))
            field.blockSignals(False)

    def _choose(self, combo: QComboBox, value: Any) -> None:
        value = list(value) if isinstance(value, tuple) else value
        for index in range(combo.count()):
            if combo.itemData(index) == value:
                combo.setCurrentIndex(index)
                return
        text = ", ".join(value) if isinstance(value, list) else str(value)
        combo.addItem(text, value)
        combo.setCurrentIndex(combo.count() - 1)

    def _say(self, one: Parameter, value: Any) -> None:
        if self._step.get(one.name) != value:
            self.changed.emit({**self._step, one.name: value})
