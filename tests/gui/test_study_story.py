"""Start, pause, stop, crash: what the run buttons promise."""

from __future__ import annotations

import time
from dataclasses import replace

import gui_fakes
import pytest

from heliid_gui.presenters import model as model_presenter

SLACK_S = 0.6  # of a busy machine and the test's own polling; benchmarks/window.py measures

pytestmark = pytest.mark.gui


def set_budget(window, budget):
    bench = window.bench
    bench.put(model_presenter.changed_config(bench.setup, budget=budget))


def wait_for_best(qtbot, window):
    qtbot.waitUntil(lambda: window.bench.evolution.best is not None, timeout=15_000)


def test_study_runs_to_its_end_and_is_kept(qtbot, loaded):
    set_budget(loaded, 30)
    loaded.start()
    assert loaded.current_step == "evolve"
    qtbot.waitUntil(lambda: loaded.bench.evolution.state == "finished", timeout=15_000)
    (run,) = loaded.bench.runs
    assert len(run.candidates) == 30
    assert run.reason == "budget"
    assert run.model is not None
    assert run.linear is not None
    assert loaded.evolve.candidates.model.rowCount() == 30
    assert "Finished" in loaded.run_bar.status.full_text()


def test_stop_keeps_the_best_and_the_set_up_within_250_ms(qtbot, loaded):
    """SasView 3147: Stop must not lose what was set up."""
    set_budget(loaded, 100_000)
    before = loaded.bench.setup
    loaded.start()
    wait_for_best(qtbot, loaded)
    begun = time.monotonic()
    loaded.studies.stop()
    qtbot.waitUntil(lambda: not loaded.bench.evolution.is_active, timeout=3000)
    assert time.monotonic() - begun < 0.25 + SLACK_S
    assert loaded.bench.setup is before
    assert loaded.bench.runs[0].reason == "stopped"
    assert loaded.bench.runs[0].model is not None
    assert loaded.run_bar.start.isEnabled()


def test_second_stop_never_starts_anything(qtbot, loaded):
    """SasView 3949: 'stop fit' started a second fit."""
    set_budget(loaded, 100_000)
    loaded.start()
    wait_for_best(qtbot, loaded)
    for _ in range(5):
        loaded.studies.stop()
    qtbot.waitUntil(lambda: not loaded.bench.evolution.is_active, timeout=3000)
    loaded.studies.stop()
    qtbot.wait(300)
    assert loaded.bench.evolution.state == "finished"
    assert len(loaded.bench.runs) == 1
    assert not loaded.jobs.is_busy


def test_deaf_worker_is_ended_and_the_best_is_kept(qtbot, loaded):
    """SasView 2994: a search that hangs must not hang the window."""
    loaded.studies.task = "gui_fakes:deaf"
    loaded.start()
    wait_for_best(qtbot, loaded)
    begun = time.monotonic()
    loaded.studies.stop()
    qtbot.waitUntil(lambda: not loaded.bench.evolution.is_active, timeout=3000)
    assert time.monotonic() - begun < 0.25 + SLACK_S
    assert loaded.bench.runs[0].model is not None
    assert loaded.problems.dialog is None  # the user asked for it: nothing to complain about
    loaded.studies.task = "gui_fakes:identify"
    set_budget(loaded, 5)
    loaded.start()
    qtbot.waitUntil(lambda: len(loaded.bench.runs) == 2, timeout=15_000)


def test_killed_worker_leaves_window_and_best_alive(qtbot, loaded, tmp_path):
    loaded.studies.task = "gui_fakes:dies"
    loaded.start()
    qtbot.waitUntil(lambda: loaded.bench.evolution.state == "failed", timeout=15_000)
    assert loaded.isVisible()
    assert loaded.bench.runs[0].model is not None
    assert "ended unexpectedly" in loaded.problems.dialog.sentences[0]
    assert "best model so far is kept" in loaded.problems.dialog.sentences[0]
    loaded.save_model(tmp_path / "model.json")
    assert (tmp_path / "model.json").stat().st_size > 100


def test_pause_and_resume(qtbot, loaded):
    set_budget(loaded, 600)
    loaded.start()
    wait_for_best(qtbot, loaded)
    loaded.studies.pause(True)
    qtbot.wait(800)
    count = len(loaded.bench.evolution.candidates)
    qtbot.wait(400)
    assert len(loaded.bench.evolution.candidates) == count < 600
    assert loaded.run_bar.start.text() == "Resume"
    loaded.start()  # the same button resumes; no second study begins
    qtbot.waitUntil(lambda: loaded.bench.evolution.state == "finished", timeout=30_000)
    assert len(loaded.bench.runs) == 1
    assert len(loaded.bench.runs[0].candidates) == 600


def test_stop_while_paused(qtbot, loaded):
    set_budget(loaded, 100_000)
    loaded.start()
    wait_for_best(qtbot, loaded)
    loaded.studies.pause(True)
    loaded.studies.stop()
    qtbot.waitUntil(lambda: loaded.bench.evolution.state == "finished", timeout=3000)
    assert loaded.bench.runs[0].reason == "stopped"


def test_every_run_is_kept_and_none_overwritten(qtbot, loaded):
    """SasView 861, 2797: every fit of every data set stays."""
    for count in (4, 6, 8):
        set_budget(loaded, count)
        loaded.start()
        qtbot.waitUntil(lambda: not loaded.bench.evolution.is_active, timeout=15_000)
    assert [len(run.candidates) for run in loaded.bench.runs] == [4, 6, 8]
    assert len({run.key for run in loaded.bench.runs}) == 3
    assert [run.config.budget for run in loaded.bench.runs] == [4, 6, 8]
    with pytest.raises(TypeError, match="keeps what it found"):
        loaded.bench.change_run(loaded.bench.runs[0].key, model=None)


def test_settings_can_change_while_it_runs_without_touching_the_run(qtbot, loaded):
    set_budget(loaded, 40)
    loaded.start()
    wait_for_best(qtbot, loaded)
    loaded.model.change("seed", 77)
    qtbot.waitUntil(lambda: bool(loaded.bench.runs), timeout=15_000)
    assert loaded.bench.runs[0].config.seed == 1
    assert loaded.bench.setup.config.seed == 77


def test_user_error_is_one_sentence(qtbot, loaded):
    loaded.studies.task = "gui_fakes:fails"
    loaded.start()
    qtbot.waitUntil(lambda: loaded.bench.evolution.state == "failed", timeout=15_000)
    assert loaded.problems.dialog.sentences == (
        "No usable weights can be found: choose longer records.",
    )
    assert loaded.run_bar.start.isEnabled()


def test_zooming_stays_possible_while_live(qtbot, loaded):
    """PlotJuggler 1085: zoom was refused while data streamed."""
    set_budget(loaded, 100_000)
    loaded.start()
    wait_for_best(qtbot, loaded)
    loaded.evolve.plots.set_time_range(2.0, 3.0)
    qtbot.wait(300)
    start, end = loaded.evolve.plots.time_range()
    assert (start, end) == pytest.approx((2.0, 3.0))
    loaded.studies.stop()
    qtbot.waitUntil(lambda: not loaded.bench.evolution.is_active, timeout=3000)


def test_watched_record_can_be_changed(qtbot, loaded):
    set_budget(loaded, 5)
    loaded.start()
    qtbot.waitUntil(lambda: loaded.bench.evolution.state == "finished", timeout=15_000)
    event = loaded.bench.evolution.best
    two = gui_fakes.responses(names=("one", "two"))
    loaded.bench.evolution.apply([replace(event, responses=two)])
    assert loaded.evolve.free_run.record.count() == 2
    loaded.evolve.free_run.record.setCurrentText("two")
    loaded.evolve.free_run.record.activated.emit(1)
    assert loaded.bench.evolution.record() == "two"


def test_continue_adds_candidates_to_the_same_study(qtbot, loaded):
    set_budget(loaded, 6)
    loaded.start()
    qtbot.waitUntil(lambda: loaded.bench.evolution.state == "finished", timeout=15_000)
    loaded.model.change("seed", 5)  # a change made since must not slip into it
    loaded.evolve.more.click()
    assert loaded.bench.setup.config.seed == 1
    assert loaded.bench.setup.config.budget == 126
    loaded.studies.stop()
    qtbot.waitUntil(lambda: len(loaded.bench.runs) == 2, timeout=30_000)
