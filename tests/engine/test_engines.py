"""One suite for all engines: what each promises, and what only some can."""

import os
import signal
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest

from heliid.engine.executor import ExecutorEngine
from heliid.engine.local import LocalEngine
from heliid.engine.protocol import EngineError, Task
from heliid.engine.serial import SerialEngine
from heliid.events import never

pytestmark = pytest.mark.slow

MAKERS = {
    "serial": SerialEngine,
    "local-1": lambda: LocalEngine(1),
    "local-2": lambda: LocalEngine(2),
    "threads": lambda: ExecutorEngine(lambda: ThreadPoolExecutor(2), 2),
    "pool": lambda: ExecutorEngine(
        lambda: ProcessPoolExecutor(2, mp_context=get_context("spawn")), 2
    ),
}
OWN_PROCESSES = ("local-1", "local-2", "pool")
KILLABLE = ("local-1", "local-2")


@pytest.fixture(scope="module", params=MAKERS)
def engine(request):
    made = MAKERS[request.param]()
    made.label = request.param
    yield made
    made.close()


def needs(engine, labels):
    if engine.label not in labels:
        pytest.skip(f"not promised by {engine.label}")


def task(key, fn, *args, limit=0.0):
    return Task(key, f"engine_tasks:{fn}", args, limit)


def run(engine, tasks, should_stop=never):
    results = []
    engine.run(tasks, on_result=results.append, should_stop=should_stop)
    return results


def by_key(results):
    assert len({result.key for result in results}) == len(results)
    return {result.key: result for result in results}


def squares(keys):
    return [task(key, "square", key) for key in keys]


# results


def test_every_task_has_one_result_with_its_value(engine):
    found = by_key(run(engine, squares(range(20))))
    assert {key: result.value for key, result in found.items()} == {k: k * k for k in range(20)}
    assert all(result.status == "ok" for result in found.values())


def test_no_tasks_no_results(engine):
    assert run(engine, []) == []


def test_result_says_cpu_time(engine):
    (result,) = run(engine, [task(0, "spin", 0.05)])
    assert 0.04 < result.cpu_s < 5.0


def test_large_arguments_and_values_pass(engine):
    results = run(engine, [task(0, "length", b"x" * 3_000_000), task(1, "many", 300_000)])
    found = by_key(results)
    assert found[0].value == 3_000_000
    assert found[1].value[-1] == 299_999


def test_keys_need_not_be_in_order(engine):
    assert set(by_key(run(engine, squares([7, 3, 11])))) == {3, 7, 11}


def test_engine_runs_again(engine):
    first, second = run(engine, squares(range(3))), run(engine, squares(range(3)))
    assert by_key(first).keys() == by_key(second).keys()


# errors


def test_an_error_is_blamed_in_one_line(engine):
    results = by_key(run(engine, [*squares(range(3)), task(3, "fail", "bad\nluck")]))
    assert results[3].status == "error"
    assert results[3].reason == "ValueError: bad luck"
    assert [results[k].value for k in range(3)] == [0, 1, 4]


def test_reasons_are_bounded(engine):
    (result,) = run(engine, [task(0, "fail", "x" * 10_000)])
    assert len(result.reason) <= 300


@pytest.mark.parametrize(
    ("fn", "words"), [("run_out_of_memory", "MemoryError"), ("leave", "SystemExit")]
)
def test_memory_error_and_exit_are_errors(engine, fn, words):
    results = by_key(run(engine, [task(0, fn), *squares([1])]))
    assert results[0].status == "error"
    assert words in results[0].reason
    assert results[1].value == 1


def test_unknown_functions_are_errors(engine):
    results = by_key(
        run(
            engine,
            [
                Task(0, "engine_tasks:nothing", ()),
                Task(1, "no_such_module_:f", ()),
                Task(2, "plain", ()),
                Task(3, "__main__:f", ()),
            ],
        )
    )
    assert "AttributeError" in results[0].reason
    assert "ModuleNotFoundError" in results[1].reason
    assert all("package.module:function" in results[key].reason for key in (2, 3))


def test_a_value_that_cannot_be_sent_is_an_error(engine):
    needs(engine, OWN_PROCESSES)
    results = by_key(run(engine, [task(0, "unpicklable"), *squares([1])]))
    assert results[0].status == "error"
    assert "lock" in results[0].reason
    assert results[1].value == 1


# the task source


def test_tasks_are_pulled_lazily(engine):
    pulled, done, ahead = 0, 0, []

    def source():
        nonlocal pulled
        for key in range(12):
            pulled += 1
            ahead.append(pulled - done)
            yield task(key, "square", key)

    def on_result(result):
        nonlocal done
        done += 1

    engine.run(source(), on_result=on_result, should_stop=never)
    assert done == 12
    assert max(ahead) <= engine.n_workers


def test_the_source_may_depend_on_results_and_say_not_now(engine):
    values = {}

    def source():
        for key in range(6):
            while key >= 2 and key - 2 not in values:  # an in-order window of 2
                yield None
            yield task(key, "square", key + values.get(key - 2, 0))

    engine.run(source(), on_result=lambda r: values.__setitem__(r.key, r.value), should_stop=never)
    expected = {}
    for key in range(6):
        expected[key] = (key + expected.get(key - 2, 0)) ** 2
    assert values == expected


def test_a_source_that_waits_for_nothing_is_refused(engine):
    with pytest.raises(RuntimeError, match="no task is under way"):
        run(engine, iter([None]))
    assert len(run(engine, squares(range(3)))) == 3


def test_an_error_in_the_source_ends_the_run_and_leaves_the_engine_usable(engine):
    def source():
        yield task(0, "square", 3)
        raise KeyError("broken source")

    with pytest.raises(KeyError, match="broken source"):
        run(engine, source())
    assert len(run(engine, squares(range(3)))) == 3


def test_an_error_in_on_result_ends_the_run_and_leaves_the_engine_usable(engine):
    def on_result(result):
        raise KeyError("broken sink")

    with pytest.raises(KeyError, match="broken sink"):
        engine.run(squares(range(5)), on_result=on_result, should_stop=never)
    assert len(run(engine, squares(range(3)))) == 3


# shared data


def test_setup_reaches_every_worker_before_its_first_task(engine):
    engine.setup("engine_tasks:remember", ("data", [1, 2, 3]))
    results = run(engine, [task(key, "recall", "data") for key in range(8)])
    assert all(result.value[0] == [1, 2, 3] for result in results)


def test_setup_again_takes_the_place_of_the_first(engine):
    engine.setup("engine_tasks:remember", ("data", "old"))
    engine.setup("engine_tasks:remember", ("data", "new"))
    results = run(engine, [task(key, "recall", "data") for key in range(8)])
    assert all(result.value[0] == "new" for result in results)


@pytest.mark.parametrize("label", MAKERS)
def test_a_failing_setup_is_told(label):
    made = MAKERS[label]()
    try:
        with pytest.raises(EngineError, match="ValueError: no data"):
            set_up_and_run(made)
    finally:
        made.close()


def set_up_and_run(engine):
    engine.setup("engine_tasks:fail_in_setup", ())
    run(engine, squares(range(2)))


# stopping


def test_stop_before_the_start_runs_nothing(engine):
    assert run(engine, squares(range(5)), should_stop=lambda: True) == []


def test_stop_between_tasks_keeps_what_was_done(engine):
    results = []
    engine.run(
        squares(range(100)), on_result=results.append, should_stop=lambda: len(results) >= 10
    )
    done = [result for result in results if result.status == "ok"]
    assert 10 <= len(done) < 20
    assert all(result.status in ("ok", "cancelled") for result in results)


def test_stop_is_answered_at_once_while_tasks_run(engine):
    needs(engine, KILLABLE)
    run(engine, squares(range(4)))  # warm
    start = time.monotonic()
    results = run(
        engine,
        [task(key, "spin", 30.0) for key in range(12)],
        should_stop=lambda: time.monotonic() - start > 0.3,
    )
    assert time.monotonic() - start < 0.3 + 0.25
    assert [result.status for result in results] == ["cancelled"] * engine.n_workers


def test_stop_does_not_wait_for_an_executor(engine):
    needs(engine, ("threads", "pool"))
    start = time.monotonic()
    run(
        engine,
        [task(key, "sleep", 1.0) for key in range(4)],
        should_stop=lambda: time.monotonic() - start > 0.2,
    )
    assert time.monotonic() - start < 0.8


def test_the_engine_is_free_again_after_a_stop(engine):
    needs(engine, KILLABLE)
    start = time.monotonic()
    run(engine, [task(0, "spin", 30.0)], should_stop=lambda: time.monotonic() - start > 0.1)
    assert [result.value for result in run(engine, squares([5]))] == [25]


def test_a_serial_task_can_ask_whether_to_give_up(engine):
    needs(engine, ("serial",))
    asked = iter([False, True, True, True])
    results = run(
        engine, [Task(0, "heliid.engine.calls:stop_requested", ())], should_stop=lambda: next(asked)
    )
    assert [result.status for result in results] == ["cancelled"]


# dying workers


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_poison_task_is_blamed_exactly(engine, number):
    needs(engine, KILLABLE)
    tasks = [*squares(range(6)), task(6, "die", int(number)), *squares(range(7, 12))]
    results = by_key(run(engine, tasks))
    assert results[6].status == "died"
    assert signal.Signals(number).name in results[6].reason
    good = {key: result.value for key, result in results.items() if key != 6}
    assert good == {key: key * key for key in range(12) if key != 6}


def test_an_abrupt_exit_is_blamed_on_its_task(engine):
    needs(engine, OWN_PROCESSES)
    results = by_key(run(engine, [*squares(range(4)), task(4, "leave_abruptly"), *squares([5])]))
    assert results[4].status == "died"
    assert sum(result.status == "ok" for result in results.values()) == 5


def test_a_task_whose_worker_dies_once_is_run_again(engine, tmp_path):
    needs(engine, OWN_PROCESSES)
    flag = str(tmp_path / f"flag {engine.label}")
    results = by_key(run(engine, [task(0, "die_first_time", flag, 6), *squares([1, 2])]))
    assert results[0].status == "ok"
    assert results[0].value == 36


def test_shared_data_are_there_after_a_death(engine):
    needs(engine, OWN_PROCESSES)
    engine.setup("engine_tasks:remember", ("precious", 42))
    tasks = [task(0, "leave_abruptly"), *(task(key, "recall", "precious") for key in range(1, 6))]
    results = by_key(run(engine, tasks))
    assert all(results[key].value[0] == 42 for key in range(1, 6))


def test_idle_workers_that_were_killed_are_replaced(engine):
    needs(engine, KILLABLE)
    pids = {result.value for result in run(engine, [task(k, "process_id") for k in range(8)])}
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    results = run(engine, squares(range(6)))
    assert sorted(result.value for result in results) == [0, 1, 4, 9, 16, 25]


def test_many_poison_tasks_do_not_stall(engine):
    needs(engine, ("local-2",))
    tasks = [
        task(key, "leave_abruptly") if key % 4 == 0 else task(key, "square", key)
        for key in range(16)
    ]
    results = by_key(run(engine, tasks))
    assert sum(result.status == "died" for result in results.values()) == 4
    assert sum(result.status == "ok" for result in results.values()) == 12


# limits


def test_a_cpu_limit_ends_a_task_that_spins(engine):
    needs(engine, KILLABLE)
    results = by_key(run(engine, [task(0, "spin", 60.0, limit=0.3), *squares([1])]))
    assert results[0].status == "timeout"
    assert "0.3 s of CPU" in results[0].reason
    assert results[1].value == 1


def test_a_cpu_limit_does_not_end_a_task_that_waits(engine):
    (result,) = run(engine, [task(0, "sleep", 0.4, limit=0.2)])
    assert result.value == "slept"


def test_a_cpu_limit_counts_each_task_by_itself(engine):
    results = run(engine, [task(key, "spin", 0.15, limit=0.4) for key in range(5)])
    assert [result.status for result in results] == ["ok"] * 5


# being a good neighbour


def test_workers_use_one_blas_thread_and_low_priority(engine):
    needs(engine, KILLABLE)
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    tasks = [task(k, "environment", name) for k, name in enumerate(names)]
    results = by_key(run(engine, [*tasks, task(3, "niceness")]))
    assert [results[k].value for k in range(3)] == ["1", "1", "1"]
    assert results[3].value >= 10


def test_workers_do_not_write_to_standard_output(engine, capfd):
    needs(engine, KILLABLE)
    run(engine, [task(0, "talk")])
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("label", MAKERS)
def test_close_twice_is_fine(label):
    made = MAKERS[label]()
    run(made, squares([2]))
    made.close()
    made.close()


class PipeClosesOnce(ThreadPoolExecutor):
    """An executor whose second hand-out meets pipes that a death is just closing."""

    deaths = 1

    def submit(self, fn, /, *args, **kwargs):
        if self._work_queue.qsize() == 0 and type(self).deaths and self._threads:
            type(self).deaths -= 1
            raise OSError("handle is closed")
        return super().submit(fn, *args, **kwargs)


def test_pool_caught_while_it_goes_down_is_made_anew():
    made = []

    def make():
        made.append(PipeClosesOnce(1))
        return made[-1]

    engine = ExecutorEngine(make, 1)
    PipeClosesOnce.deaths = 1
    results = run(engine, [task(key, "square", key) for key in range(6)])
    engine.close()
    assert sorted((one.key, one.value) for one in results) == [(key, key**2) for key in range(6)]
    assert len(made) == 2


def test_executor_that_cannot_be_started_is_said_in_a_sentence():
    def make():
        raise OSError("no processes left")

    with pytest.raises(EngineError, match="cannot be started: no processes left"):
        run(ExecutorEngine(make, 1), [task(0, "square", 1)])
