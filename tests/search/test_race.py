"""Searches side by side: each finds what it finds alone, and all of them grow together."""

import numpy as np
import pytest
from search_valley import BOX, ValleyProblem, canonical

from heliid.engine.local import LocalEngine
from heliid.engine.serial import SerialEngine
from heliid.events import CandidateScored, Notice, Progress, SearchAdvanced
from heliid.search.factory import make_searcher
from heliid.search.loop import told_apart
from heliid.search.race import run_race
from heliid.search.run import Limits, run_search

pytestmark = pytest.mark.slow
NAMES = ("abc", "ais", "pso")


def make(name, seed=3):
    return make_searcher(name, BOX, seed, canonical=canonical)


def race(problem=None, limits=40, *, engine=None, names=NAMES, **options):
    limits = limits if isinstance(limits, Limits) else Limits(limits)
    problem = problem or ValleyProblem()
    searchers = [make(name) for name in names]
    return run_race(searchers, problem, engine or SerialEngine(), limits, **options)


def numbers(results):
    """All that must be equal bit for bit."""
    return [
        (
            [(c.index, c.searcher, c.genome, c.cost, c.is_best) for c in one.candidates],
            one.trace,
            one.best.scored.genome,
            one.reason,
        )
        for one in results
    ]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("window", [1, 8])
def test_each_search_finds_bit_for_bit_what_it_finds_alone(name, window):
    alone = run_search(make(name), ValleyProblem(), SerialEngine(), Limits(40), window=window)
    beside = race(window=window)[NAMES.index(name)]
    assert beside.trace == alone.trace
    assert beside.best.scored.genome == alone.best.scored.genome
    assert beside.best.scored.cost == alone.best.scored.cost
    assert beside.reason == alone.reason == "budget"


def test_any_number_of_workers_gives_the_same_candidates_with_the_same_numbers():
    problem = ValleyProblem("search_tasks:uneven_valley_task")
    found = [numbers(race(problem))]
    for n in (1, 2, 3):
        engine = LocalEngine(n)
        found.append(numbers(race(problem, engine=engine)))
        engine.close()
    assert found[0] == found[1] == found[2] == found[3]


def test_all_curves_grow_at_the_same_time():
    heard = []
    race(report=heard.append)
    counts = dict.fromkeys(NAMES, 0)
    for event in heard:
        if isinstance(event, SearchAdvanced):
            counts[event.searcher] += 1
            assert event.n_scored == counts[event.searcher]
            assert max(counts.values()) - min(counts.values()) <= 1
    assert set(counts.values()) == {40}


def test_no_order_is_trained_twice_and_the_numbers_of_candidates_have_no_gap():
    heard, tasks = [], []
    problem = ValleyProblem()

    class Counting(SerialEngine):
        def run(self, source, **options):
            def counted():
                for task in source:
                    if task is not None:
                        tasks.append(task.args)
                    yield task

            super().run(counted(), **options)

    race(problem, report=heard.append, engine=Counting())
    told = [one for one in heard if isinstance(one, CandidateScored)]
    judged = {one.genome for one in heard if isinstance(one, SearchAdvanced)}
    assert len(tasks) == len(set(map(str, tasks))) == len(told) == len(judged)
    assert [one.index for one in told] == list(range(len(told)))
    assert {one.genome for one in told} == judged
    assert len(told) < 120  # they share some


def test_progress_counts_all_of_them():
    heard = []
    race(report=heard.append)
    done = [one for one in heard if isinstance(one, Progress)]
    assert [one.done for one in done] == list(range(1, 121))
    assert {one.total for one in done} == {120}


def test_only_the_best_of_all_is_told_as_better():
    heard = []
    results = race(on_best=heard.append)
    costs = [one.scored.cost for one in heard]
    assert costs == sorted(set(costs), reverse=True)
    assert costs[-1] == min(one.best.scored.cost for one in results)


def test_one_that_ends_early_does_not_hold_up_the_others():
    """Stagnation ends each by its own curve."""
    found = race(limits=Limits(200, stagnation=15))
    assert {one.reason for one in found} == {"stagnation"}
    assert len({len(one.trace) for one in found}) > 1
    for name, one in zip(NAMES, found, strict=True):
        alone = run_search(make(name), ValleyProblem(), SerialEngine(), Limits(200, stagnation=15))
        assert one.trace == alone.trace


def test_stopped_all_of_them_keep_their_best():
    asked = []
    found = race(
        limits=400,
        should_stop=lambda: len(asked) >= 30,
        report=lambda e: asked.append(e) if isinstance(e, SearchAdvanced) else None,
    )
    assert {one.reason for one in found} == {"stopped"}
    lengths = [len(one.trace) for one in found]
    assert max(lengths) - min(lengths) <= 1
    assert all(one.best is not None for one in found)


def test_a_race_that_was_cut_short_goes_on_bit_for_bit(tmp_path):
    whole = numbers(race())
    path = tmp_path / "journal"
    count = []
    race(
        should_stop=lambda: len(count) > 50,
        report=lambda e: count.append(e) if isinstance(e, CandidateScored) else None,
        checkpoint=path,
    )
    heard = []
    assert numbers(race(checkpoint=path, report=heard.append)) == whole
    said = [one.text for one in heard if isinstance(one, Notice)]
    assert len(said) == 1
    assert "Going on from" in said[0]


def test_a_single_search_in_a_race_is_the_search():
    alone = run_search(make("ais"), ValleyProblem(), SerialEngine(), Limits(40))
    [one] = race(names=("ais",))
    assert one.trace == alone.trace
    assert numbers([one]) == numbers([alone])


def test_an_order_that_kills_its_worker_costs_each_search_one_order_only():
    problem = ValleyProblem("search_tasks:dying_valley_task")
    found = []
    for n in (1, 2):
        engine = LocalEngine(n)
        found.append(numbers(race(problem, 20, engine=engine)))
        engine.close()
    assert found[0] == found[1]
    dead = [row for one in found[0] for row in one[0] if row[3] == np.inf]
    assert dead


@pytest.mark.parametrize(
    ("one", "other", "texts"),
    [
        (0.5, 0.6, ("0.5", "0.6")),
        (0.12345678, 0.12345679, ("0.12345678", "0.12345679")),
        (1.0, 1.0 + 2**-52, ("1", "1.0000000000000002")),
        (float("inf"), 0.1, ("inf", "0.1")),
    ],
)
def test_two_costs_are_written_so_that_they_can_be_told_apart(one, other, texts):
    assert told_apart(one, other) == texts
