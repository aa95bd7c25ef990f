"""The Export page: options that mean something, and numbers that the table recommends."""

import gui_fakes
import pytest

from heliid.data.campaign import Use
from heliid_gui.presenters import exports as presenter
from heliid_gui.presenters import setup as setups
from heliid_gui.presenters.workbench import Run

pytestmark = pytest.mark.gui


@pytest.fixture
def page(loaded):
    """The Export page with a run, and what it asks of the worker."""
    setup, asked = loaded.bench.setup, []
    loaded.exports._jobs = type(
        "Jobs",
        (),
        {"submit": lambda _self, task, args=(), **rest: asked.append((task, args, rest))},
    )()
    loaded.bench.keep_run(
        Run(
            key="run-1", name="Run 1", created="", setup=setup, campaign=setups.campaign(setup),
            config=setup.config, seconds=1.0, model=gui_fakes.make_model(), linear=None,
            members=(), candidates=(), reason="done", notices=(),
        )
    )  # fmt: skip
    loaded.show_step("export")
    loaded.export.choose("c")
    return loaded.export, asked


def pick(page, name, value):
    box = page._options[name]
    box.setCurrentIndex(box.findData(value))
    box.activated.emit(box.currentIndex())


def test_the_choices_of_ternary_code_appear_with_it(page):
    panel, _ = page
    assert set(panel.options()) == {"type", "units"}
    assert panel._options["group"].isHidden()
    pick(panel, "type", "ternary")
    assert set(panel.options()) == {
        "type", "units", "group", "clusters", "activations", "levels", "refit",
    }  # fmt: skip
    assert not panel._options["group"].isHidden()
    pick(panel, "type", "int16")
    assert panel._options["group"].isHidden()


def test_a_refit_gets_the_training_records(page, tmp_path):
    panel, asked = page
    pick(panel, "type", "ternary")
    pick(panel, "refit", "yes")
    panel.export_to(tmp_path / "one.c")
    _task, args, _rest = next(one for one in asked if one[0] == presenter.EXPORT)
    campaign = panel._bench.find_run().campaign
    assert args[4]["refit"] == "yes"
    assert [r.name for r in args[5]] == [r.name for r in campaign.with_use(Use.TRAIN)]


def test_the_recommended_numbers_are_chosen(page):
    panel, asked = page
    assert not panel.advice.isHidden()
    panel.advice.click()
    assert not panel.advice.isEnabled()
    task, _args, rest = next(one for one in asked if one[0] == presenter.ADVICE)
    assert task == "heliid_gui.robust_tasks:advise_bits"
    rest["on_result"](("int16", "int16 is simply better", "a table"))
    assert panel.options()["type"] == "int16"
    assert panel.notes.text() == "int16 is simply better"
    assert panel.preview.toPlainText() == "a table"
    assert panel.advice.isEnabled()
    panel.choose("json")
    assert panel.advice.isHidden()
