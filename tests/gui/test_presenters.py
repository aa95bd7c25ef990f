"""What the window decides, without a window."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import gui_fakes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliid.channels import Role
from heliid.data.campaign import Use
from heliid.data.record import Channel
from heliid.events import BestImproved, CandidateScored, LinearReady, Progress, StageStarted
from heliid.project import ProjectRecord
from heliid_gui.plots.decimate import FULL_BELOW, Pyramid
from heliid_gui.presenters import formatting as fmt
from heliid_gui.presenters import model, orders, studies
from heliid_gui.presenters import setup as setups
from heliid_gui.presenters.evolve import Evolution
from heliid_gui.presenters.setup import Setup
from heliid_gui.presenters.workbench import Workbench


def item(seconds=20.0) -> ProjectRecord:
    return ProjectRecord("r1", gui_fakes.make_record(seconds=seconds))


def test_presenters_import_without_qt_and_without_heavy_libraries():
    code = (
        "import sys; sys.path[:0] = ['gui', '.'];"
        "import pkgutil, heliid_gui.presenters as p, importlib;"
        "[importlib.import_module('heliid_gui.presenters.' + m.name)"
        " for m in pkgutil.iter_modules(p.__path__)];"
        "print([m for m in ('PySide6', 'pyqtgraph', 'numba', 'scipy', 'pandas')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_single_record_is_cut_in_time():
    setup = setups.add_records(Setup(), [gui_fakes.make_record()])
    uses = [use for _, _, use in setups.pieces(setup.records[0])]
    assert uses == [Use.TRAIN, Use.VALIDATE, Use.TEST]
    assert setups.problem(setup) == ""


@given(
    st.lists(
        st.tuples(st.floats(-5, 25), st.floats(-5, 25), st.sampled_from(list(Use))),
        max_size=8,
    )
)
def test_painting_always_covers_the_record_without_gaps_or_overlaps(strokes):
    painted = item()
    for a, b, use in strokes:
        painted = setups.paint(painted, min(a, b), max(a, b), use)
    parts = setups.pieces(painted)
    assert parts[0][0] == painted.record.time[0]
    assert parts[-1][1] == painted.record.time[-1]
    for (_, end, use), (start, _, after) in pairwise(parts):
        assert end == start
        assert use is not after
    samples = sum(
        r.n_samples for use in Use for r in setups.used_records(Setup(records=(painted,)), use)
    )
    assert samples == painted.record.n_samples


def test_painting_the_whole_record_leaves_one_piece():
    painted = setups.paint(item(), 5.0, 8.0, Use.TEST)
    assert len(setups.pieces(painted)) == 3
    again = setups.paint(painted, -1.0, 99.0, Use.TRAIN)
    assert again.regions == ()
    assert again.use is Use.TRAIN


def test_a_border_stays_between_its_neighbours():
    painted = setups.paint(item(), 5.0, 8.0, Use.TEST)
    moved = setups.move_border(painted, 0, 100.0)
    parts = setups.pieces(moved)
    assert parts[0][1] < 8.0
    assert parts[1][0] == parts[0][1]


def test_a_channel_has_one_role():
    setup = setups.add_records(Setup(), [gui_fakes.make_record()])
    setup = setups.with_role(setup, "q", Role.INPUT)
    assert "q" in setup.inputs
    assert "q" not in setup.outputs
    assert setups.with_role(setup, "q", Role.IGNORED).inputs == ("delta_lon", "delta_col")


def test_an_excluded_record_with_other_channels_is_not_asked_for_the_proposal():
    first = gui_fakes.make_record("first")
    other = replace(
        first, name="other", channels=(Channel.of("stick_lon", "%"), *first.channels[1:])
    )
    setup = setups.add_records(setups.Setup(), [first, other])
    item = setup.records[1]
    left_out = setups.replaced(setup, replace(item, use=Use.EXCLUDE, regions=()))
    proposed = setups.with_proposed_channels(replace(left_out, inputs=(), outputs=()))
    assert "delta_lon" in proposed.inputs
    assert proposed.outputs == ("q", "theta")


def test_removing_the_last_record_leaves_an_empty_set_up():
    setup = setups.add_records(Setup(), [gui_fakes.make_record()])
    setup = setups.without(setup, setup.records[0].key)
    assert setup.records == ()
    assert setup.inputs == ()
    assert "Open at least one" in setups.problem(setup)


def test_an_edit_is_one_value_and_can_be_taken_back():
    bench = Workbench()
    seen = []
    bench.on_edit = lambda text, before, after, merge: (seen.append(before), bench.put(after))
    bench.add_records([gui_fakes.make_record()])
    before = bench.setup
    bench.edit("x", model.changed_config(bench.setup, seed=9))
    assert bench.setup.config.seed == 9
    bench.put(seen[-1])
    assert bench.setup is before


def events():
    one = gui_fakes.make_model()
    return one, [
        StageStarted("Searching", 10),
        LinearReady(one, 0.5, gui_fakes.responses(error=0.4)),
        gui_fakes.scored(0, 0.4, best=True),
        gui_fakes.scored(1, 0.6),
        BestImproved(0, "ais", 0.4, one, gui_fakes.responses(error=0.1)),
        Progress("Searching", 2, 10, 1.0, 4.0),
    ]


def test_evolution_scores_model_beside_linear():
    evolution = Evolution()
    evolution.begin(10)
    _, found = events()
    evolution.apply(found)
    (first, _) = evolution.scores()
    assert first.fit == pytest.approx(90.0, abs=0.5)
    assert first.linear_fit == pytest.approx(60.0, abs=2.0)
    assert evolution.status() == "Searching · 2 of 10 · about 4 s left"
    assert evolution.fraction() == pytest.approx(0.2)
    count, cost = evolution.convergence()["ais"]
    assert count.tolist() == [1, 2]
    assert cost.tolist() == [0.4, 0.4]


def test_a_new_study_forgets_the_old_one():
    evolution = Evolution()
    evolution.begin(10)
    evolution.apply(events()[1])
    evolution.begin(10)
    assert evolution.best is None
    assert evolution.candidates == []
    assert evolution.state == "starting"


def test_a_diverged_free_run_is_minus_infinity_not_nan():
    evolution = Evolution()
    evolution.begin(1)
    one, _ = events()
    t, measured, free = gui_fakes.responses()["validate"]
    free = free.copy()
    free[100:] = np.inf
    evolution.apply([BestImproved(0, "ais", 2.0, one, {"validate": (t, measured, free)})])
    assert evolution.scores()[0].fit == -math.inf


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1234.5, "1234"),
        (0.012345, "0.0123"),
        (-3.14159, "-3.14"),
        (1e-9, "1.00e-09"),
        (math.nan, fmt.DASH),
        (2.5e7, "2.50e+07"),
    ],
)
def test_figures(value, text):
    assert fmt.figure(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.6, "1 min 00 s"), (80, "1 min 20 s"), (7500, "2 h 05 min")],
)
def test_durations(seconds, text):
    assert fmt.duration(seconds) == text


def test_rates_are_shown_in_degrees_and_free_channels_in_their_own_unit():
    q = Channel.of("q", "rad/s")
    assert fmt.shown_unit(q).symbol == "deg/s"
    assert fmt.shown(q, np.array([math.pi])) == pytest.approx([180.0])
    assert fmt.shown_unit(Channel.of("torque", "kNm")).symbol == "kNm"
    assert fmt.shown_unit(Channel.of("q", "V")).symbol == "V"  # a name does not settle a unit


def test_decimation_keeps_peaks_and_ends():
    n = 1_000_000
    x = np.arange(n) * 0.001
    y = np.zeros(n)
    y[[123_456, n - 1]] = 5.0, -7.0
    some_x, some_y = Pyramid(x, y).visible(x[0], x[-1], 1000)
    assert some_x.size <= 20_000
    assert some_y.max() == 5.0
    assert some_y.min() == -7.0
    assert (some_x[0], some_x[-1]) == (x[0], x[-1])
    few_x, few_y = Pyramid(x, y).visible(123.0, 124.0, 1000)
    assert few_x.size <= FULL_BELOW
    assert few_y.max() == 5.0


def test_order_map_keeps_the_best_of_each_cell():
    def candidate(genome, cost):
        return CandidateScored(0, "ais", genome, "", 1, 1, cost, cost, False, 0.1, False)

    names = ("past outputs", "input taps", "input delay", "tap spacing", "hidden units")
    low, high = np.array([1, 0, 0, 1, 0]), np.array([3, 4, 2, 3, 5])
    found = orders.order_map(
        [candidate((1, 2, 0, 1, 3), 0.5), candidate((2, 2, 0, 1, 3), 0.3)],
        None,
        names,
        (low, high),
        1,
        4,
    )
    assert found.cost[3, 2] == 0.3
    assert found.tried[3, 2] == 2
    assert np.isnan(found.cost).sum() == found.cost.size - 1


def test_size_of_the_search_is_said_in_words():
    setup = setups.add_records(Setup(), [gui_fakes.make_record()])
    text = model.size_of_search(setup)
    assert "120 of them will be trained" in text
    small = model.changed_config(
        setup, box_na_max=1, box_nb_max=1, box_nk_max=0, box_spacing_max=1, box_hidden_max=0
    )
    assert "1 of them" in model.size_of_search(
        replace(small, inputs=("delta_lon",), outputs=("q",))
    )


def test_checkpoint_is_the_problem_not_the_search():
    setup = setups.add_records(Setup(), [gui_fakes.make_record()])
    campaign = setups.campaign(setup)
    name = studies.checkpoint_name(campaign, setup.config)
    more = model.changed_config(setup, budget=999, search="pso", seed=5, workers=1).config
    assert studies.checkpoint_name(campaign, more) == name
    other = model.changed_config(setup, box_hidden_max=2).config
    assert studies.checkpoint_name(campaign, other) != name
    fewer = setups.campaign(setups.with_role(setup, "theta", Role.IGNORED))
    assert studies.checkpoint_name(fewer, setup.config) != name


def test_a_reopened_run_keeps_its_test_records_when_it_is_judged_again():
    from types import SimpleNamespace

    from heliid_gui.presenters.judges import Judges

    asked = []
    runner = SimpleNamespace(submit=lambda _task, args, **_: asked.append(args[4]))
    for k, was_used in enumerate((False, True)):
        run = SimpleNamespace(
            key=f"run{k}", model=1, linear=None, members=(), campaign=None, config=None,
            is_guest=False, test_used=was_used,
        )  # fmt: skip
        Judges(runner).judge(run)
    assert asked == [False, True]


def test_only_the_last_judgements_are_kept_and_an_older_one_is_asked_for_again():
    from types import SimpleNamespace

    from heliid_gui.presenters import judges as presenter

    asked = []

    class Runner:
        def submit(self, _task, _args, *, slot, on_result, **_):
            asked.append(slot)
            on_result(slot)

    judges = presenter.Judges(Runner())
    run = lambda k: SimpleNamespace(  # noqa: E731
        key=f"run{k}", model=1, linear=None, members=(), campaign=None, config=None, is_guest=False,
        test_used=False,
    )  # fmt: skip
    plain, presenter.plain = presenter.plain, lambda *_: {}
    try:
        for k in range(presenter.KEPT):
            judges.judge(run(k))
        assert judges.find("run0") is not None  # looked at: the next to go is run1
        judges.judge(run(99))
        assert judges.find("run1") is None
        assert judges.find("run0") is not None
        assert len(judges.all()) == presenter.KEPT
        asked.clear()
        judges.judge(run(0))
        judges.judge(run(1))
        assert asked == ["judge run1"]
        judges.judge(run(1), with_test=True)
        for k in range(100, 100 + presenter.KEPT):
            judges.judge(run(k))
        assert judges.find("run1") is not None  # with the test records: kept
        assert len(judges.all()) == presenter.KEPT + 1
    finally:
        presenter.plain = plain
