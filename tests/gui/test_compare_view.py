"""Ranking, error against size, and the optimisers, as the Compare view shows them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from heliid.comparison import Run as SearchRun
from heliid.comparison import compare
from heliid_gui.presenters import compare as presenter


def test_front_keeps_what_nothing_beats():
    points = np.array([[10, 0.5], [20, 0.3], [15, 0.6], [30, 0.3], [40, 0.1]], dtype=float)
    assert presenter.front(points).tolist() == [[10, 0.5], [20, 0.3], [40, 0.1]]
    assert presenter.front(np.zeros((0, 2))).shape == (0, 2)


class _Channel:
    def __init__(self, name):
        self.name = name


class _Model:
    outputs = (_Channel("q"), _Channel("theta"))


class _Campaign:
    def with_use(self, _use):
        return ()


class _Run:
    """What the ranking needs of a run."""

    def __init__(self, name, error, offset=0.0):
        t = np.linspace(0, 10, 201)
        z = np.stack([np.sin(t), np.cos(t)], axis=1)
        noise = np.random.default_rng(7).normal(size=z.shape)
        self.name, self.key, self.model, self.campaign = name, name, _Model(), _Campaign()
        self.responses = {"a": (t, z, z + error * noise + offset), "b": (t, z, z + error * noise)}


@pytest.mark.parametrize("measure", presenter.MEASURES, ids=lambda m: m.name)
def test_the_better_run_is_first_by_every_measure(measure):
    rows = presenter.ranking([_Run("poor", 0.5), _Run("good", 0.01)], measure)
    assert [row[1][0] for row in rows] == ["good", "poor"]
    assert rows[0][6][0] == "4 of 4"
    mean, best, worst = (rows[1][k][1] for k in (2, 3, 4))
    assert min(best, worst) <= mean <= max(best, worst)
    assert " to " in rows[0][5][0]


def test_band_of_the_ranking_is_students():
    row = presenter.ranking([_Run("one", 0.2, offset=0.3)], presenter.MEASURES[0])[0]
    run = _Run("one", 0.2, offset=0.3)
    values = [
        presenter._measured(run, record, output, presenter.MEASURES[0])
        for record in ("a", "b")
        for output in ("q", "theta")
    ]
    assert row[2][1] == pytest.approx(np.mean(values))
    assert row[5][1] == pytest.approx(3.182 * np.std(values, ddof=1) / 2.0)


def test_runs_without_a_common_record_are_not_ranked():
    other = _Run("other", 0.1)
    other.responses = {"c": other.responses["a"]}
    assert presenter.ranking([_Run("one", 0.1), other], presenter.MEASURES[0]) == []


@pytest.mark.gui
def test_optimisers_are_shown_with_their_statistics(qtbot):
    from heliid_gui.panels.optimisers import OptimisersTab

    rng = np.random.default_rng(1)
    runs = [
        SearchRun(name, seed, tuple(np.minimum.accumulate(level + rng.random(12)).tolist()))
        for name, level in (("abc", 0.0), ("random", 0.6))
        for seed in range(6)
    ]
    tab = OptimisersTab(None)
    qtbot.addWidget(tab)
    assert not tab.start.isEnabled()
    found = compare(runs)
    tab.show_comparison(found)
    assert tab.summary.rowCount() == 2
    assert tab.pairs.rowCount() == 1
    assert found.paragraph in tab.words.text


@pytest.mark.gui
def test_optimisers_run_in_the_worker_and_can_be_stopped(qtbot):
    from heliid.study import StudyConfig
    from heliid_gui.panels.optimisers import TASK, OptimisersTab

    class Jobs:
        def __init__(self):
            self.asked, self.stopped = [], []

        def submit(self, task, args=(), *, slot, **callbacks):
            self.asked.append((task, args, callbacks))
            return "request"

        def stop(self, request):
            self.stopped.append(request)

    run = _Run("one", 0.1)
    run.config = StudyConfig()
    jobs = Jobs()
    tab = OptimisersTab(jobs)
    qtbot.addWidget(tab)
    tab.show_run(run)
    tab.seeds.setValue(3)
    tab.budget.setValue(7)
    tab.begin()
    tab.begin()  # a second click starts nothing
    assert [one[0] for one in jobs.asked] == [TASK]
    assert jobs.asked[0][1][1] == replace(run.config, budget=7)
    assert jobs.asked[0][1][3] == 3
    tab.end()
    assert jobs.stopped == ["request"]
    jobs.asked[0][2]["on_lost"]("")
    assert tab.start.isVisibleTo(tab)


@pytest.mark.gui
def test_axes_say_plain_numbers(qtbot):
    from heliid_gui.plots.scatter import Points, ScatterPlot

    plot = ScatterPlot("numbers fitted", "error")
    qtbot.addWidget(plot)
    plot.resize(400, 300)
    plot.show()
    xy = np.array([[20.0, 0.02], [40.0, 0.01], [np.nan, 1.0]])
    plot.show_points([Points(xy, "accent", label="one"), Points(xy[:2], "bad", is_line=True)])
    qtbot.wait(30)
    assert plot.getAxis("left").autoSIPrefixScale == 1.0
    assert "x0.001" not in plot.getAxis("left").labelString()
