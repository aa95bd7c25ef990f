"""What only the local pool promises: no orphans, no __main__ traps, any kind of parent."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from heliid.engine.local import LocalEngine, usable_cores
from heliid.engine.protocol import EngineError, Task
from heliid.events import never

HERE = Path(__file__).parent
PROGRAM = """
import sys, time
sys.path[:0] = [{here!r}, {root!r}]
from heliid.engine.local import LocalEngine
from heliid.engine.protocol import Task
engine = LocalEngine(2)
def show(result):
    print(result.value, flush=True)
def run(fn, n, *args):
    tasks = [Task(k, "engine_tasks:" + fn, args) for k in range(n)]
    engine.run(tasks, on_result=show, should_stop=lambda: False)
run("process_id", 6)
{rest}
"""


def program(tmp_path, rest):
    path = tmp_path / "script.py"
    path.write_text(PROGRAM.format(here=str(HERE), root=str(HERE.parents[1]), rest=rest))
    return [sys.executable, str(path)]


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] == "Z")


def wait_until_gone(pids, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end and any(map(is_alive, pids)):
        time.sleep(0.02)
    return [pid for pid in pids if is_alive(pid)]


@pytest.mark.parametrize("busy", ["spin", "sleep"])
def test_no_orphans_when_the_parent_is_killed(tmp_path, busy):
    command = program(tmp_path, f"run({busy!r}, 2, 60.0)")
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    pids = {int(parent.stdout.readline()) for _ in range(6)}
    time.sleep(0.2)
    assert all(map(is_alive, pids))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert wait_until_gone(pids, 5.0) == []


def test_a_script_without_main_guard_works_and_runs_once(tmp_path):
    done = subprocess.run(
        program(tmp_path, "print('end of script')"), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("end of script") == 1
    pids = {int(line) for line in done.stdout.splitlines()[:6]}
    assert wait_until_gone(pids, 2.0) == []


def test_an_engine_that_is_forgotten_leaves_no_processes():
    engine = LocalEngine(1)
    pids = []
    engine.run(
        [Task(0, "engine_tasks:process_id", ())],
        on_result=lambda result: pids.append(result.value),
        should_stop=never,
    )
    del engine
    assert wait_until_gone(pids, 2.0) == []


def run_inside(queue_path):
    """In a daemonic process, which may not have children of its own kind."""
    engine = LocalEngine(2)
    values = []
    engine.run(
        [Task(k, "engine_tasks:square", (k,)) for k in range(5)],
        on_result=lambda result: values.append(result.value),
        should_stop=never,
    )
    engine.close()
    Path(queue_path).write_text(json.dumps(sorted(values)))


def test_works_in_a_daemonic_process(tmp_path):
    from multiprocessing import get_context

    path = tmp_path / "values"
    process = get_context("spawn").Process(target=run_inside, args=(str(path),), daemon=True)
    process.start()
    process.join(30)
    assert json.loads(path.read_text()) == [0, 1, 4, 9, 16]


def test_workers_that_cannot_start_are_told(monkeypatch):
    monkeypatch.setattr(
        "heliid.engine.local._command", lambda handle: [sys.executable, "-c", "raise SystemExit(9)"]
    )
    engine = LocalEngine(1)
    with pytest.raises(EngineError, match=r"exit status 9.*number of workers"):
        engine.run([Task(0, "engine_tasks:square", (1,))], on_result=print, should_stop=never)
    engine.close()


def test_no_such_interpreter_is_told(monkeypatch):
    monkeypatch.setattr("heliid.engine.local._command", lambda handle: ["/no/such/python"])
    with pytest.raises(EngineError, match="cannot be started"):
        LocalEngine(1).start()


def test_a_closed_engine_says_so():
    engine = LocalEngine(1)
    engine.close()
    with pytest.raises(EngineError, match="closed"):
        engine.start()


def test_a_stuck_task_is_ended_by_the_long_wall_limit():
    engine = LocalEngine(1, wall_grace_s=0.2)
    results = []
    engine.run(
        [Task(0, "engine_tasks:sleep", (60.0,), 0.01)], on_result=results.append, should_stop=never
    )
    engine.close()
    assert results[0].status == "timeout"
    assert "no answer" in results[0].reason


def test_a_worker_killed_from_outside_while_busy_changes_no_result(tmp_path):
    engine = LocalEngine(2)
    pids = []
    engine.run(
        [Task(k, "engine_tasks:process_id", ()) for k in range(6)],
        on_result=lambda result: pids.append(result.value),
        should_stop=never,
    )
    values, victims = {}, set(pids)

    def on_result(result):
        values[result.key] = result.value
        if len(values) == 5 and victims:
            os.kill(victims.pop(), signal.SIGKILL)

    engine.run(
        [Task(k, "engine_tasks:slow_square", (k, 0.01)) for k in range(20)],
        on_result=on_result,
        should_stop=never,
    )
    engine.close()
    assert values == {k: k * k for k in range(20)}


def test_usable_cores_is_at_least_one():
    assert usable_cores() >= 1
    assert LocalEngine().n_workers == usable_cores()
