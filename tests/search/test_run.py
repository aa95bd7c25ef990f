"""The loop: windows, budgets, stops, journals."""

import json
import time
from pathlib import Path

import numpy as np
import pytest
from search_valley import BOX, ValleyProblem, canonical

from heliid.engine.executor import ExecutorEngine
from heliid.engine.local import LocalEngine
from heliid.engine.serial import SerialEngine
from heliid.errors import TrainingError
from heliid.events import CandidateScored, Notice, PopulationMoved, Progress
from heliid.search import lines
from heliid.search.factory import make_searcher
from heliid.search.memo import Memo
from heliid.search.run import Limits, evaluate_again, run_search
from heliid.search.searcher import Box


def make(name="ais", seed=3, box=BOX):
    return make_searcher(name, box, seed, canonical=canonical)


def search(problem, limits=60, *, searcher=None, engine=None, **options):
    limits = limits if isinstance(limits, Limits) else Limits(limits)
    return run_search(searcher or make(), problem, engine or SerialEngine(), limits, **options)


def genomes_in(journal):
    rows = [json.loads(line) for line in journal.splitlines()]
    return sorted(row["genome"] for row in rows[1:])


def numbers(result):
    """All that must be equal bit for bit."""
    return (
        [(c.index, c.genome, c.cost, c.is_best) for c in result.candidates],
        result.trace,
        result.best.scored.genome,
        result.reason,
    )


@pytest.fixture
def problem():
    return ValleyProblem()


@pytest.fixture(scope="module")
def engines():
    made = [SerialEngine(), *(LocalEngine(n) for n in (1, 2, 3))]
    yield made
    for engine in made:
        engine.close()


@pytest.mark.parametrize("name", ["ais", "abc", "pso", "random", "hill"])
def test_any_number_of_workers_gives_the_same_bits(engines, name):
    problem = ValleyProblem("search_tasks:uneven_valley_task")
    found = [numbers(search(problem, 40, searcher=make(name), engine=engine)) for engine in engines]
    assert found[0] == found[1] == found[2] == found[3]


def test_the_window_is_part_of_the_study(problem):
    assert numbers(search(problem, window=1)) != numbers(search(problem, window=8))


def test_dying_workers_change_no_result_and_are_blamed(engines):
    problem = ValleyProblem("search_tasks:dying_valley_task")
    found = [search(problem, 25, engine=engines[k]) for k in (1, 2)]
    assert numbers(found[0]) == numbers(found[1])
    dead = [c for c in found[0].candidates if sum(c.genome) % 5 == 0]
    assert dead
    assert all("SIGKILL" in c.reason and c.cost == float("inf") and c.diverged for c in dead)
    assert found[0].best.scored.status == "ok"


def test_budget_counts_unique_trainings(problem):
    result = search(problem, 50)
    assert result.reason == "budget"
    assert len({c.genome for c in result.candidates}) == len(result.candidates) == 50
    assert [c.index for c in result.candidates] == list(range(50))
    assert len(result.trace) == 50


def test_trace_and_best_agree(problem):
    result = search(problem, 50)
    costs = [c.cost for c in result.candidates]
    assert list(result.trace) == [min(costs[: k + 1]) for k in range(50)]
    assert result.best.scored.cost == min(costs)
    assert [c.is_best for c in result.candidates] == [
        k == 0 or costs[k] < min(costs[:k]) for k in range(50)
    ]


def test_best_carries_its_value_and_can_be_evaluated_again(problem):
    seen = []
    result = search(problem, 40, on_best=seen.append)
    assert seen[-1] == result.best
    assert result.best.value["weights"] == list(result.best.scored.genome)
    assert [best.scored.cost for best in seen] == sorted({best.scored.cost for best in seen})[::-1]
    again = evaluate_again(problem, SerialEngine(), result.best.scored.genome)
    assert again["cost"] == result.best.scored.cost


def test_events_tell_candidates_progress_and_population(problem):
    events = []
    search(problem, 30, report=events.append)
    kinds = {
        kind: [e for e in events if isinstance(e, kind)]
        for kind in (CandidateScored, Progress, PopulationMoved)
    }
    assert [e.done for e in kinds[Progress]] == list(range(1, 31))
    assert len(kinds[CandidateScored]) == 30
    assert len(kinds[PopulationMoved][-1].genomes) == 10


def test_stagnation_stops_at_a_fixed_candidate(engines):
    problem = ValleyProblem("search_tasks:uneven_valley_task")
    found = [search(problem, Limits(200, stagnation=15), engine=engine) for engine in engines[:3]]
    assert found[0].reason == "stagnation"
    assert numbers(found[0]) == numbers(found[1]) == numbers(found[2])
    assert [c.is_best for c in found[0].candidates[-15:]] == [False] * 15


def test_exhausted_space_is_told(problem):
    result = search(problem, 500, searcher=make(box=Box.whole([0, 0, 0, 1], [2, 1, 2, 2])))
    assert result.reason == "space exhausted"
    assert len(result.candidates) == 24


def test_stop_keeps_the_best_so_far(engines):
    events = []
    result = search(
        ValleyProblem("search_tasks:slow_valley_task"),
        200,
        engine=engines[2],
        report=events.append,
        should_stop=lambda: len(events) > 20,
    )
    assert result.reason == "stopped"
    assert result.best.scored.cost == min(c.cost for c in result.candidates)


def test_stop_is_answered_within_a_quarter_second(engines):
    began = time.monotonic()
    result = search(
        ValleyProblem("search_tasks:slow_valley_task"),
        10_000,
        engine=engines[2],
        searcher=make(box=Box.whole([0] * 4, [30] * 4)),
        should_stop=lambda: time.monotonic() - began > 0.4,
    )
    assert time.monotonic() - began < 0.65
    assert result.reason == "stopped"


def test_stop_before_the_first_result_has_no_best(problem):
    result = search(problem, should_stop=lambda: True)
    assert (result.best, result.candidates, result.reason) == (None, (), "stopped")


def test_wall_clock_limit(engines):
    result = search(
        ValleyProblem("search_tasks:slow_valley_task"), Limits(500, wall_s=0.3), engine=engines[1]
    )
    assert result.reason == "time limit"
    assert 1 <= len(result.candidates) < 12


def test_nan_costs_are_never_best():
    result = search(ValleyProblem("search_tasks:half_nan_task"), 60)
    assert sum(result.best.scored.genome) % 2 == 0
    assert sum(c.cost == float("inf") for c in result.candidates) > 5


def test_a_job_that_always_fails_is_told():
    with pytest.raises(TrainingError, match="first 10 orders all failed: ValueError: no such data"):
        search(ValleyProblem("search_tasks:failing_task"))


def test_a_task_without_a_cost_is_a_failure():
    with pytest.raises(TrainingError, match="gives no cost"):
        search(ValleyProblem("search_tasks:costless_task"))


# journals


@pytest.mark.parametrize("name", ["ais", "abc", "pso", "random", "hill"])
@pytest.mark.parametrize("n_first", [1, 7, 33])
def test_resume_goes_on_bit_for_bit(problem, tmp_path, name, n_first):
    path = tmp_path / "journal"
    whole = search(problem, searcher=make(name))
    scored = []

    def count(event):
        if isinstance(event, CandidateScored):
            scored.append(event)

    first = search(
        problem,
        searcher=make(name),
        checkpoint=path,
        report=count,
        should_stop=lambda: len(scored) >= n_first,
    )
    assert first.reason == "stopped"
    events = []
    rest = search(problem, searcher=make(name), checkpoint=path, report=events.append)
    assert numbers(rest) == numbers(whole)
    assert rest.best.value["weights"] == list(rest.best.scored.genome)
    assert any(isinstance(e, Notice) and "Going on from" in e.text for e in events)


def test_resume_of_a_finished_search_only_fetches_the_weights(problem, tmp_path):
    path = tmp_path / "journal"
    first = search(problem, checkpoint=path)
    size = path.stat().st_size
    seen = []
    again = search(problem, checkpoint=path, on_best=seen.append)
    assert numbers(again) == numbers(first)
    assert seen[-1].value == first.best.value
    assert path.stat().st_size == size


@pytest.mark.parametrize("cut", [1, 20, 77])
def test_a_journal_cut_short_loses_only_its_last_line(problem, tmp_path, cut):
    path = tmp_path / "journal"
    first = search(problem, 30, checkpoint=path)
    data = path.read_bytes()
    path.write_bytes(data[:-cut])
    again = search(problem, 30, checkpoint=path)
    assert numbers(again) == numbers(first)
    assert genomes_in(path.read_bytes()) == genomes_in(data)


def test_a_journal_of_other_data_is_set_aside(problem, tmp_path):
    path = tmp_path / "journal"
    search(problem, 10, checkpoint=path)
    old = path.read_bytes()
    other = ValleyProblem()
    other.fingerprint = "other data"
    events = []
    search(other, 10, checkpoint=path, report=events.append)
    assert not any(isinstance(event, Notice) for event in events)
    assert path.with_name("journal.bak").read_bytes() == old
    assert json.loads(path.read_text().splitlines()[0])["fingerprint"] == "other data"


def test_a_journal_that_is_something_else_is_set_aside(problem, tmp_path):
    path = tmp_path / "journal"
    path.write_bytes(b"\x00\x01 my holiday pictures")
    search(problem, 10, checkpoint=path)
    assert path.with_name("journal.bak").read_bytes() == b"\x00\x01 my holiday pictures"


def test_a_changed_processor_is_noticed(problem, tmp_path):
    path = tmp_path / "journal"
    search(problem, 10, checkpoint=path)
    header, rows = lines.read(path)
    rows = [{**row, "cost": 1e-9} for row in rows]
    lines.begin(path, {**header, "machine": "another"}, rows)
    events = []
    search(problem, 10, checkpoint=path, report=events.append)
    assert any(isinstance(e, Notice) and "another version" in e.text for e in events)


def test_what_one_flipped_bit_makes_of_a_journal_is_never_believed(problem, tmp_path):
    path = tmp_path / "journal"
    first = search(problem, 12, checkpoint=path)
    good = path.read_bytes()
    rng = np.random.default_rng(3)
    for _ in range(40):
        bad = bytearray(good)
        bit = int(rng.integers(8 * len(good)))
        bad[bit // 8] ^= 1 << (bit % 8)
        path.write_bytes(bytes(bad))
        assert numbers(search(problem, 12, checkpoint=path)) == numbers(first)


def test_the_best_of_a_journal_keeps_its_weights(problem, tmp_path):
    path = tmp_path / "journal"
    first = search(problem, 30, checkpoint=path)
    trained = []
    task = problem.task
    problem.task = lambda key, genome: trained.append(genome) or task(key, genome)
    again = search(problem, 30, checkpoint=path)
    assert not trained
    assert numbers(again) == numbers(first)
    assert again.best.value == first.best.value


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_full_disk_ends_the_keeping_but_not_the_search(problem, tmp_path):
    wanted = search(problem, 20)
    path = tmp_path / "journal"
    search(problem, 5, checkpoint=path)
    with open(path) as file, pytest.MonkeyPatch.context() as patch:
        real = open
        patch.setattr(lines, "open", lambda name, mode: real("/dev/full", "wb"), raising=False)
        events = []
        found = search(problem, 20, checkpoint=path, report=events.append)
        kept = file.read()
    assert numbers(found) == numbers(wanted)
    said = [one.text for one in events if isinstance(one, Notice) and "not kept" in one.text]
    assert len(said) == 1
    assert "No space left on device" in said[0]
    assert len(kept.splitlines()) == 6
    again = search(problem, 20, checkpoint=path)
    assert numbers(again) == numbers(wanted)


def test_searches_of_one_study_share_their_scores(problem):
    memo = Memo(problem.fingerprint)
    events = []
    first = search(problem, 40, searcher=make("ais"), memo=memo, report=events.append)
    second = search(
        problem,
        40,
        searcher=make("pso"),
        memo=memo,
        report=events.append,
        first_index=len(first.candidates),
        cost_to_beat=first.best.scored.cost,
    )
    told = [e for e in events if isinstance(e, CandidateScored)]
    assert len({e.genome for e in told}) == len(told)
    assert [e.index for e in told] == list(range(len(told)))
    assert len(second.trace) == 40
    assert len(second.candidates) <= 40
    alone = search(problem, 40, searcher=make("pso"))
    assert second.trace == alone.trace
    assert all(e.cost < first.best.scored.cost for e in second.candidates if e.is_best)


def test_any_executor_serves(problem):
    from concurrent.futures import ThreadPoolExecutor

    engine = ExecutorEngine(lambda: ThreadPoolExecutor(3), 3)
    assert numbers(search(problem, 40, engine=engine)) == numbers(search(problem, 40))
    engine.close()
