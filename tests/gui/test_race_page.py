"""Three searches in one view: all curves grow, every map fills, and a saved race is drawn again."""

from __future__ import annotations

import json
from dataclasses import replace

import gui_fakes
import numpy as np
import pytest

from heliid.data.campaign import Campaign
from heliid.engine.serial import SerialEngine
from heliid.search.factory import make_searcher
from heliid.search.race import run_race
from heliid.search.run import Limits
from heliid.search.searcher import Box
from heliid.study import StudyConfig
from heliid_gui.presenters import documents, orders, project_desk
from heliid_gui.presenters.evolve import Evolution
from heliid_gui.presenters.setup import Setup
from heliid_gui.presenters.workbench import Run, Workbench

BOX = Box.whole([0, 0, 0, 1], [6, 8, 4, 5])
NAMES = ("abc", "ais", "pso")
BUDGET = 40


@pytest.fixture(scope="module")
def events():
    heard = []
    run_race(
        [make_searcher(name, BOX, 3) for name in NAMES],
        gui_fakes.Valley(),
        SerialEngine(),
        Limits(BUDGET),
        report=heard.append,
    )
    return heard


@pytest.fixture
def evolution(events):
    made = Evolution()
    made.begin(3 * BUDGET)
    made.apply(events)
    return made


def as_kept(evolution):
    return Run(
        key="run1",
        name="Run 1",
        created="2026-01-01T00:00:00+00:00",
        setup=Setup(),
        campaign=Campaign((), (), (), ()),
        config=replace(StudyConfig(), search="all", budget=BUDGET),
        candidates=tuple(evolution.candidates),
        model=None,
        linear=None,
        tried=evolution.tried_by_search(),
    )


def test_the_three_curves_grow_together(events):
    made = Evolution()
    made.begin(3 * BUDGET)
    for event in events:
        made.apply([event])
        lengths = [len(made.curves.get(name, ())) for name in NAMES]
        assert max(lengths) - min(lengths) <= 1
    assert lengths == [BUDGET] * 3


def test_each_search_has_all_its_orders_also_those_another_one_trained(evolution):
    for name in NAMES:
        own = evolution.tried(name)
        assert len(own) == len({one.genome for one in own}) == BUDGET
        _, best = evolution.convergence()[name]
        assert best.tolist() == np.fmin.accumulate([one.cost for one in own]).tolist()
    assert len(evolution.candidates) < 3 * BUDGET


def test_each_map_shows_its_population_over_two_chosen_genes(evolution):
    names, limits = ("na", "nb", "nk", "h"), (BOX.low, BOX.high)
    for x, y in ((0, 1), (3, 2)):
        for name in NAMES:
            found = orders.order_map(
                evolution.tried(name), evolution.populations[name], names, limits, x, y
            )
            assert int(found.tried.sum()) == BUDGET
            assert len(found.members) == 10
            assert len(found.path) >= 1


def test_a_race_is_drawn_again_from_the_file(evolution):
    bench = Workbench()
    saved = documents.saved_run(as_kept(evolution), bench.setup)
    plain = json.loads(json.dumps(saved.campaign))  # what the file holds
    again = documents.opened_run(replace(saved, campaign=plain), documents.to_project(bench))
    bench.runs, bench.current_run = (again,), again.key
    project_desk._show_study(bench)
    shown = bench.evolution
    assert list(shown.convergence()) == list(evolution.convergence())
    for name in NAMES:
        for one, other in zip(
            shown.convergence()[name], evolution.convergence()[name], strict=True
        ):
            assert one.tolist() == other.tolist()
        assert shown.tried(name) == evolution.tried(name)


@pytest.mark.parametrize("tried", [None, [], {"abc": [0, 999]}, {"abc": "x"}, {"abc": [-1]}])
def test_a_file_that_says_nothing_useful_about_it_opens_all_the_same(evolution, tried):
    bench = Workbench()
    saved = documents.saved_run(as_kept(evolution), bench.setup)
    about = {**saved.campaign["window"], "tried": tried}
    spoilt = replace(saved, campaign={**saved.campaign, "window": about})
    again = documents.opened_run(spoilt, documents.to_project(bench))
    assert again.tried == {}
    bench.runs, bench.current_run = (again,), again.key
    project_desk._show_study(bench)
    assert set(bench.evolution.convergence()) <= set(NAMES)


@pytest.mark.gui
def test_the_view_draws_all_of_it(window, evolution, events):
    window.bench.add_records([gui_fakes.make_record()])
    window.bench.evolution.begin(3 * BUDGET)
    window.show_step("evolve")
    window.evolve.watch.setCurrentWidget(window.evolve.race)
    window.bench.evolution.apply(events[: len(events) // 2])
    window.bench.evolution.set_state("finished")
    drawn = {curve.label for _, curve in window.evolve.race.convergence.curves()}
    assert {"ABC", "AIS", "PSO"} <= drawn
    halves = [c.data.x[-1] for _, c in window.evolve.race.convergence.curves()]
    assert max(halves) - min(halves) <= 1
