"""The settings of a study: the few that matter, the rest under Advanced."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QSizePolicy,
    QSpinBox,
    QWidget,
)

from heliid.study import SEARCHES, StudyConfig
from heliid.study.config import TRAIN_ON, TRAINERS
from heliid_gui.presenters.formatting import SEARCH_NAMES
from heliid_gui.theme import SPACE
from heliid_gui.widgets import Section, column, label

CAPTION_WIDTH = 92  # px, so that the fields of all groups stand in one line
_ORDER = ("ais", "abc", "pso", "all", "hill", "random", *[s for s in SEARCHES if "classic" in s])


class SettingsForm(QWidget):
    """Fields for a ``StudyConfig``; each change is told by name and value."""

    changed = Signal(str, object)

    def __init__(self) -> None:
        super().__init__()
        self._quiet = False
        self.fields: dict[str, QWidget] = {}
        main, box, more = _form(), _form(), _form()
        self.search = QComboBox()
        for key in _ORDER:
            self.search.addItem(SEARCH_NAMES[key], key)
        self.search.setMinimumContentsLength(6)
        self.search.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.search.activated.connect(lambda: self._say("search", self.search.currentData()))
        self._add(
            main,
            self.tr("Method"),
            "search",
            self.search,
            self.tr("How the order is evolved. All of them are good; AIS is a safe start."),
        )
        self._whole(
            main,
            self.tr("Candidates"),
            "budget",
            1,
            100_000,
            self.tr("How many different orders are trained and scored."),
            step=20,
        )
        self._whole(
            main,
            self.tr("Seed"),
            "seed",
            0,
            2**31 - 1,
            self.tr("The same seed gives the same model, bit for bit."),
        )
        self._real(
            main,
            self.tr("Model rate"),
            "rate_hz",
            0.0,
            1000.0,
            " Hz",
            self.tr(
                "Samples per second of the model. Automatic chooses it from the data; "
                "10 to 25 Hz serves most helicopters."
            ),
            zero=self.tr("Automatic"),
        )
        self._whole(
            box,
            self.tr("Past outputs"),
            "box_na_max",
            1,
            40,
            self.tr("Most past samples of each output the model may use (na)."),
        )
        self._whole(
            box,
            self.tr("Input taps"),
            "box_nb_max",
            0,
            40,
            self.tr("Most samples of each input the model may use (nb)."),
        )
        self._whole(
            box,
            self.tr("Input delay"),
            "box_nk_max",
            0,
            40,
            self.tr("Longest dead time of an input, in samples (nk)."),
        )
        self._whole(
            box,
            self.tr("Tap spacing"),
            "box_spacing_max",
            1,
            20,
            self.tr(
                "Widest distance between two input taps, in samples: a longer memory "
                "without more parameters."
            ),
        )
        self._whole(
            box,
            self.tr("Leaky inputs"),
            "box_leak_max",
            0,
            8,
            self.tr(
                "Above 0 the search may give every input a copy with a fading memory, with time "
                "constants of 4, 8, ... samples, so many of them. It helps where a slow state is "
                "not measured, and makes the search longer."
            ),
            zero=self.tr("None"),
        )
        self._whole(
            box,
            self.tr("Hidden units"),
            "box_hidden_max",
            0,
            64,
            self.tr("Most tanh units of the second tier; 0 allows only linear models."),
        )
        self._whole(
            more,
            self.tr("Processes"),
            "workers",
            1,
            64,
            self.tr("How many candidates are trained at once. It does not change the result."),
        )
        self._whole(
            more,
            self.tr("Orders at once"),
            "window",
            1,
            1024,
            self.tr(
                "How many orders may be under way before the oldest is known. On a cluster at "
                "least twice its workers. It belongs to the study: another value, another search."
            ),
        )
        self._whole(
            more,
            self.tr("Starts per order"),
            "n_tables",
            1,
            32,
            self.tr(
                "Each order is trained from so many sets of start weights. 4 is careful: costs "
                "depend less on chance and take up to twice the time."
            ),
        )
        self._add(
            more,
            self.tr("Trainer"),
            "trainer",
            self._trainers(),
            self.tr(
                "How the weights of one order are found. Levenberg-Marquardt is the fastest by "
                "far; the others are for questions beyond it."
            ),
        )
        self._add(
            more,
            self.tr("Train at last on"),
            "train_on",
            self._last_training(),
            self.tr(
                "What the chosen model learns from in the end. Its validation figures stay those "
                "of a model that never saw the validation records."
            ),
        )
        self._real(
            more,
            self.tr("Weight of risk"),
            "risk_weight",
            0.0,
            100.0,
            "",
            self.tr(
                "Above 0, training and search also count the worst part of the errors (CVaR). "
                "In our trials it helped the training records more than unseen ones."
            ),
            zero=self.tr("None"),
        )
        self._real(
            more,
            self.tr("Level of risk"),
            "risk_alpha",
            0.0,
            0.99,
            "",
            self.tr("Which errors count as the worst: above 0.9 of all, the worst tenth."),
            zero="",
            decimals=2,
        )
        self._whole(
            more,
            self.tr("Ensemble"),
            "n_ensemble",
            1,
            50,
            self.tr(
                "How many of the best orders are refitted at the end, for the uncertainty bands."
            ),
        )
        self._whole(
            more,
            self.tr("Stop early after"),
            "stagnation",
            0,
            100_000,
            self.tr("Stop after this many candidates without improvement."),
            zero=self.tr("Never"),
        )
        self._real(
            more,
            self.tr("Time limit"),
            "wall_limit_s",
            0.0,
            1e6,
            " s",
            self.tr("Stop after this many seconds, with the best so far."),
            zero=self.tr("None"),
        )
        self._tick(
            more,
            self.tr("Pitch attitude integrates pitch rate"),
            "kinematics",
            self.tr(
                "Use the certain kinematics where both channels are outputs, with a small learned "
                "correction, instead of learning them from scratch."
            ),
        )
        self._tick(
            more,
            self.tr("Try finer model rates at the end"),
            "finer_rate",
            self.tr(
                "The best orders are also refitted at finer rates, and those are kept only when "
                "they are better on the validation records."
            ),
        )
        self.setLayout(
            column(
                _wrap(main),
                label(self.tr("Box of orders (largest values)"), "section"),
                _wrap(box),
                Section(self.tr("Advanced"), _wrap(more)),
                1,
                spacing=12,
            )
        )

    def _trainers(self) -> QComboBox:
        names = {
            "lm": self.tr("Levenberg-Marquardt"),
            "hf": self.tr("Hessian-free Gauss-Newton"),
            "bicgstab": self.tr("Exact Hessian, Bi-CGSTAB"),
            "adam": self.tr("Adam, mini-batches"),
            "sgd": self.tr("Gradient descent, mini-batches"),
        }
        self.trainer = QComboBox()
        for key in TRAINERS:
            self.trainer.addItem(names[key], key)
        self.trainer.setMinimumContentsLength(6)
        self.trainer.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.trainer.activated.connect(lambda: self._say("trainer", self.trainer.currentData()))
        return self.trainer

    def _last_training(self) -> QComboBox:
        names = {
            "train": self.tr("Training records"),
            "all": self.tr("Training and validation records"),
        }
        self.train_on = QComboBox()
        for key in TRAIN_ON:
            self.train_on.addItem(names[key], key)
        self.train_on.setMinimumContentsLength(6)
        self.train_on.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.train_on.activated.connect(lambda: self._say("train_on", self.train_on.currentData()))
        return self.train_on

    def show_config(self, config: StudyConfig) -> None:
        """Put the values into the fields; nothing is told."""
        self._quiet = True
        self.search.setCurrentIndex(max(0, self.search.findData(config.search)))
        self.trainer.setCurrentIndex(max(0, self.trainer.findData(config.trainer)))
        self.train_on.setCurrentIndex(max(0, self.train_on.findData(config.train_on)))
        for name, field in self.fields.items():
            source = config.box if name.startswith("box_") else config
            value = getattr(source, name.removeprefix("box_"))
            if isinstance(field, QSpinBox):
                field.setValue(int(value))
            elif isinstance(field, QDoubleSpinBox):
                field.setValue(float(value))
            elif isinstance(field, QCheckBox):
                field.setChecked(bool(value))
        self._quiet = False

    def _say(self, name: str, value: object) -> None:
        if not self._quiet:
            self.changed.emit(name, value)

    def _add(self, form: QFormLayout, text: str, name: str, field: QWidget, tip: str) -> None:
        caption = label(text, tip=tip)
        caption.setBuddy(field)
        field.setToolTip(tip)
        field.setAccessibleName(text)
        field.setAccessibleDescription(tip)
        caption.setMinimumWidth(CAPTION_WIDTH)
        field.setMinimumWidth(72)
        field.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        form.addRow(caption, field)
        self.fields[name] = field

    def _tick(self, form: QFormLayout, text: str, name: str, tip: str) -> None:
        field = QCheckBox(text)
        field.setToolTip(tip)
        field.toggled.connect(lambda on: self._say(name, on))
        form.addRow(field)
        self.fields[name] = field

    def _whole(
        self,
        form: QFormLayout,
        text: str,
        name: str,
        low: int,
        high: int,
        tip: str,
        *,
        step: int = 1,
        zero: str = "",
    ) -> None:
        field = _QuietSpin()
        field.setRange(low, high)
        field.setSingleStep(step)
        field.setSpecialValueText(zero)
        field.setKeyboardTracking(False)
        field.valueChanged.connect(lambda value: self._say(name, value))
        self._add(form, text, name, field, tip)

    def _real(
        self,
        form: QFormLayout,
        text: str,
        name: str,
        low: float,
        high: float,
        unit: str,
        tip: str,
        *,
        zero: str,
        decimals: int = 1,
    ) -> None:
        field = _QuietDouble()
        field.setDecimals(decimals)
        field.setRange(low, high)
        field.setSingleStep(1.0 if decimals == 1 else 0.05)
        field.setSuffix(unit)
        field.setSpecialValueText(zero)
        field.setKeyboardTracking(False)
        field.valueChanged.connect(lambda value: self._say(name, value))
        self._add(form, text, name, field, tip)


class _QuietSpin(QSpinBox):
    """Scrolling the page never changes a number that is only passed over."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.UpDownArrows)

    def wheelEvent(self, event) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class _QuietDouble(QDoubleSpinBox):
    """The same for numbers with decimals."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


def _form() -> QFormLayout:
    form = QFormLayout()
    form.setContentsMargins(0, 0, 0, 0)
    form.setHorizontalSpacing(2 * SPACE)
    form.setVerticalSpacing(SPACE)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    return form


def _wrap(form: QFormLayout) -> QWidget:
    holder = QWidget()
    holder.setLayout(form)
    return holder
