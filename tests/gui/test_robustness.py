"""The worst case and the flatness of the minimum in Validate."""

import numpy as np
import pytest

from heliid.tails import tails
from heliid_gui import robust_tasks
from heliid_gui.presenters import robustness as presenter
from heliid_gui.presenters.robustness import Flatnesses
from tests.judgement.plants import VALIDATE, truth_model, truth_record

pytestmark = [pytest.mark.gui, pytest.mark.slow]


@pytest.fixture(scope="module")
def curves():
    return robust_tasks.tail_curves(truth_model(4, 1), truth_model(0), [truth_record(VALIDATE[0])])


class Jobs:
    """Keeps what it is asked."""

    def __init__(self):
        self.asked = []

    def submit(self, task, args=(), *, slot, **callbacks):
        self.asked.append((task, args, callbacks))


def test_the_tails_of_both_models_stand_side_by_side(curves):
    names = [(one.window, one.who) for one in curves]
    assert names[:2] == [("windows of 2 s", "model"), ("windows of 2 s", "linear model")]
    wanted = tails(truth_model(4, 1), [truth_record(VALIDATE[0])])[0]
    np.testing.assert_array_equal(curves[0].errors, wanted.errors)
    rows = presenter.tail_rows(curves)
    assert rows[0][0][0] == "model, windows of 2 s"
    assert rows[0][6][1] == wanted.cvar[wanted.levels.index(0.9)]


def test_the_staircase_goes_down_from_one_to_nothing(curves):
    x, y = curves[0].steps()
    assert (x[0], y[0], y[-1]) == (0.0, 1.0, 0.0)
    assert np.all(np.diff(x) >= 0.0)
    assert np.all(np.diff(y) <= 0.0)
    middle = 0.5 * (curves[0].errors[3] + curves[0].errors[4])
    at = np.searchsorted(x, middle, side="right") - 1
    assert y[at] == pytest.approx(np.mean(curves[0].errors > middle))


def test_the_tab_draws_the_chosen_windows(qtbot, curves):
    from heliid_gui.panels.robustness_tab import RobustnessTab

    tab = RobustnessTab()
    qtbot.addWidget(tab)
    tab.show_tails(curves)
    assert {curve.label for _, curve in tab.plots.curves()} == {"model", "linear model"}
    assert tab.table.rowCount() == len(curves)
    tab.window_box.setCurrentText("whole manoeuvres")
    tab.window_box.activated.emit(tab.window_box.currentIndex())
    shown = next(curve for _, curve in tab.plots.curves())
    assert len(shown.data.x) == 3  # one manoeuvre: one step
    tab.show_tails(())
    assert tab.table.rowCount() == 0


def test_flatness_is_measured_on_demand_and_states_the_correlation():
    class Campaign:
        def with_use(self, _use):
            return (truth_record(VALIDATE[0]),)

    class Run:
        key, model, campaign = "r", truth_model(2), Campaign()

    jobs = Jobs()
    flat = Flatnesses(jobs)
    flat.measure(Run())
    flat.measure(Run())  # busy: not asked twice
    assert len(jobs.asked) == 1
    assert flat.find("r").state == "busy"
    task, args, callbacks = jobs.asked[0]
    assert task == "heliid_gui.robust_tasks:measure_flatness"
    lines = robust_tasks.measure_flatness(*args, report=print, should_stop=lambda: False)
    callbacks["on_result"](lines)
    found = flat.find("r")
    assert found.state == "done"
    assert "sharpness" in found.lines[0] or "diverges" in found.lines[0]
    assert "rank correlation" in found.lines[-1]
    callbacks["on_error"]("no records", "")
    assert flat.find("r").state == "failed"
