"""Design the input of the next flight: shape, mode, rate, amplitude; a picture and a CSV."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QLineEdit,
    QWidget,
)

from heliid.errors import HeliIDError
from heliid_gui.plots.panel import PlotPanel, Row
from heliid_gui.plots.styles import Kind
from heliid_gui.presenters import excitation as presenter
from heliid_gui.theme import SPACE
from heliid_gui.widgets import Banner, boxed, button, column, label, row

if TYPE_CHECKING:
    from heliid.data.excitation import Excitation


class ExcitationDialog(QDialog):
    """Every change is drawn at once."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Design a test input"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        self.shape = QComboBox()
        for key, text in presenter.SHAPES.items():
            self.shape.addItem(text, key)
        self.shape.activated.connect(lambda _index: self.draw())
        self.channel = QLineEdit("delta_lon")
        self.unit = QLineEdit("%")
        for line in (self.channel, self.unit):
            line.editingFinished.connect(self.draw)
        self.frequency = self._number(3.0, 0.05, 100.0, " rad/s")
        self.rate = self._number(50.0, 1.0, 10_000.0, " Hz")
        self.amplitude = self._number(5.0, 0.0001, 1e6, "")
        self.duration = self._number(0.0, 0.0, 3600.0, " s")
        self.duration.setSpecialValueText(self.tr("by the rule"))
        form = QFormLayout()
        form.setVerticalSpacing(SPACE)
        for text, field, tip in (
            (
                self.tr("Shape"),
                self.shape,
                self.tr(
                    "3-2-1-1 and doublet for a quick look, sweep "
                    "and multisine for frequency responses"
                ),
            ),
            (self.tr("Control"), self.channel, self.tr("Name of the column in the CSV")),
            (self.tr("Mode"), self.frequency, self.tr("Natural frequency to be excited")),
            (self.tr("Amplitude"), self.amplitude, self.tr("Never exceeded")),
            (self.tr("Unit"), self.unit, self.tr("Of the amplitude")),
            (self.tr("Rate"), self.rate, self.tr("Samples per second of the CSV")),
            (self.tr("Duration"), self.duration, self.tr("Of sweep and multisine")),
        ):
            field.setToolTip(tip)
            field.setAccessibleName(text)
            form.addRow(label(text, "muted", tip=tip), field)
        self.plots = PlotPanel()
        self.banner = Banner()
        self.save_button = button(
            self.tr("Save as CSV…"), self.ask_save, icon="save", kind="primary"
        )
        close = button(self.tr("Close"), self.reject)
        left = boxed(form)
        left.setFixedWidth(270)
        body = row(left, self.plots, spacing=2 * SPACE, grows=1)
        self.setLayout(
            column(
                body,
                self.banner,
                row(1, close, self.save_button),
                margins=2 * SPACE,
                spacing=2 * SPACE,
                grows=0,
            )
        )
        self.resize(920, 520)
        self.result_now: Excitation | None = None
        self.draw()

    def _number(self, value: float, low: float, high: float, unit: str) -> QDoubleSpinBox:
        spin = QDoubleSpinBox()
        spin.setDecimals(3)
        spin.setRange(low, high)
        spin.setValue(value)
        spin.setSuffix(unit)
        spin.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        spin.valueChanged.connect(lambda _value: self.draw())
        return spin

    def draw(self) -> None:
        """Make the signal and show it in time and frequency; what cannot be is said."""
        shape = self.shape.currentData()
        self.duration.setEnabled(shape in presenter.WITH_DURATION)
        unit = self.unit.text().strip() or "-"
        try:
            made = presenter.design(
                shape, self.frequency.value(), self.rate.value(), self.amplitude.value(), unit,
                self.duration.value(),
            )  # fmt: skip
        except HeliIDError as error:
            self.result_now = None
            self.banner.show_text(str(error), "warning")
            self.save_button.setEnabled(False)
            return
        self.result_now = made
        self.save_button.setEnabled(True)
        self.banner.show_text(made.note)
        self.plots.set_rows([Row("u", self.channel.text().strip() or "input", unit)])
        self.plots.set_curve("u", "test input", Kind.MODEL, made.time, made.values)
        self.plots.fit_all()

    def ask_save(self) -> None:
        """Let the user choose where the CSV goes."""
        name = f"{self.shape.currentData()}_{self.channel.text().strip() or 'input'}.csv"
        dialog = QFileDialog(self, self.tr("Save the test input"), name)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.fileSelected.connect(lambda chosen: self.save(Path(chosen)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def save(self, path: Path) -> None:
        """Write the CSV; a disk that refuses is said."""
        if self.result_now is None:
            return
        try:
            self.result_now.write_csv(path, self.channel.text().strip() or "input")
        except OSError as error:
            self.banner.show_text(
                self.tr("%s could not be written (%s).") % (path.name, error.strerror), "warning"
            )
            return
        self.banner.show_text(self.tr("Saved: %s") % path.name)
