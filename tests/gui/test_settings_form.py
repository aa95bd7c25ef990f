"""The settings form: the trainer and the weight of risk come and go by name and value."""

import pytest

from heliid.study import OrderBox, StudyConfig
from heliid.study.config import TRAINERS
from heliid_gui.panels.settings_form import SettingsForm
from heliid_gui.presenters.model import changed_config
from heliid_gui.presenters.setup import Setup

pytestmark = pytest.mark.gui


@pytest.fixture
def form(qtbot):
    made = SettingsForm()
    qtbot.addWidget(made)
    return made


def test_every_trainer_can_be_chosen_and_is_told(form, qtbot):
    told = []
    form.changed.connect(lambda name, value: told.append((name, value)))
    for key in TRAINERS:
        index = form.trainer.findData(key)
        assert index >= 0
        form.trainer.setCurrentIndex(index)
        form.trainer.activated.emit(index)
    assert told == [("trainer", key) for key in TRAINERS]


def test_the_form_shows_trainer_and_risk_without_telling(form):
    told = []
    form.changed.connect(lambda name, value: told.append((name, value)))
    form.show_config(StudyConfig(risk_weight=1.5))
    assert form.trainer.currentData() == "lm"
    assert form.fields["risk_weight"].value() == 1.5
    form.show_config(StudyConfig(trainer="hf"))
    assert form.trainer.currentData() == "hf"
    assert told == []


def test_a_weight_of_risk_is_told(form):
    told = []
    form.changed.connect(lambda name, value: told.append((name, value)))
    form.fields["risk_weight"].setValue(2.0)
    assert told == [("risk_weight", 2.0)]


def test_risk_and_another_trainer_take_each_other_back():
    setup = Setup(config=StudyConfig())
    risky = changed_config(setup, risk_weight=2.0)
    other = changed_config(risky, trainer="adam")
    assert (other.config.trainer, other.config.risk_weight) == ("adam", 0.0)
    again = changed_config(other, risk_weight=1.0)
    assert (again.config.trainer, again.config.risk_weight) == ("lm", 1.0)
    assert changed_config(risky, budget=7).config.risk_weight == 2.0


def test_the_last_training_and_leaky_inputs_are_shown_and_told(form):
    told = []
    form.changed.connect(lambda name, value: told.append((name, value)))
    form.show_config(StudyConfig(train_on="all", box=OrderBox(leak_max=3)))
    assert form.train_on.currentData() == "all"
    assert form.fields["box_leak_max"].value() == 3
    assert told == []
    form.fields["box_leak_max"].setValue(5)
    form.train_on.activated.emit(form.train_on.findData("all"))
    assert told == [("box_leak_max", 5), ("train_on", "all")]
    setup = changed_config(Setup(config=StudyConfig()), box_leak_max=5, train_on="all")
    assert (setup.config.box.leak_max, setup.config.train_on) == (5, "all")
