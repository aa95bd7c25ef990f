"""The default engine: a pool of own processes that can be stopped at once and repairs itself."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from typing import Any

from heliid.engine.calls import one_line
from heliid.engine.protocol import EngineError, Result, Status, Task, stalled
from heliid.engine.worker import FROZEN_OPTION

_POLL_S = 0.03  # how often a stop and the wall limits are looked at
_MAX_START_FAILURES = 3  # in a row, before giving up
_MAX_DEATHS = 2  # of one task
_PATIENCE_S = 1.0  # between the end of a worker's pipe and the end of its process
_WALL_FACTOR, _WALL_GRACE_S = 20.0, 60.0  # a stuck task: long, so that a loaded machine is no fault
_ONE_THREAD = ("OMP", "OPENBLAS", "MKL", "BLIS", "NUMEXPR", "NUMBA", "VECLIB_MAXIMUM")


class LocalEngine:
    """Runs tasks in ``n_workers`` processes of this machine, one task at a time in each.

    Since a worker has one task, a death is blamed on exactly that task: it is run once more in a
    new worker, and reported as ``died`` when that dies too. A stop ends the busy workers at
    once. Workers leave by themselves when this process ends, however it ends. They run at lower
    priority with one BLAS thread. ``cpu_limit_s`` bounds the CPU time of a task; a task that waits
    instead of working is ended after 60 s + 20 ``cpu_limit_s`` on the wall clock.
    """

    def __init__(self, n_workers: int = 0, *, wall_grace_s: float = _WALL_GRACE_S) -> None:
        self.n_workers = n_workers if n_workers > 0 else usable_cores()
        self._wall_grace_s = wall_grace_s
        self._setups: dict[str, bytes] = {}
        self._workers: list[_Worker] = []
        self._start_failures = 0
        self._is_closed = False
        self._finalizer = weakref.finalize(self, _end_all, self._workers)

    def setup(self, fn: str, args: tuple[Any, ...]) -> None:
        """Call ``fn(*args)`` in each worker; returns at once, a failure shows in ``run``."""
        self._setups[fn] = pickle.dumps((fn, args), protocol=pickle.HIGHEST_PROTOCOL)
        for worker in self._workers:
            worker.prepare(self._setups[fn])
        self.start()
        for worker in self._workers:
            worker.send_setups()  # so that they get warm while this process does other things

    def start(self) -> None:
        """Start the workers that are not there, without waiting for them."""
        if self._is_closed:
            raise EngineError("The engine is closed; make a new one.")
        for index in range(len(self._workers), self.n_workers):
            self._workers.append(self._new_worker(index))

    def run(
        self,
        tasks: Iterable[Task | None],
        *,
        on_result: Callable[[Result], None],
        should_stop: Callable[[], bool],
    ) -> None:
        """Run the tasks; see ``Engine.run``."""
        self.start()
        self._start_failures = 0
        job = _Job(iter(tasks), on_result)
        try:
            while not should_stop():
                self._hand_out(job)
                if job.is_used_up and not job.again and not self._busy():
                    return
                self._collect(job)
            for worker in self._busy():
                job.cancel(worker.task)
                worker.end()
        finally:
            self._clear()
        self.start()  # the next run need not wait for new workers
        for result in job.cancelled:
            on_result(result)

    def close(self) -> None:
        """End all workers; safe to call twice."""
        self._is_closed = True
        self._finalizer()

    # the parts of a run

    def _hand_out(self, job: _Job) -> None:
        job.said_none = False
        for worker in self._workers:
            if not worker.is_idle:
                continue
            task = job.next_task()
            if task is None:
                break
            worker.give(task)
        if job.said_none and not self._busy() and not job.again:
            raise stalled()

    def _collect(self, job: _Job) -> None:
        """Take in what the workers say, wait a little when they say nothing, replace the dead."""
        listening = {worker.connection: worker for worker in self._workers}
        for connection in wait(list(listening), timeout=_POLL_S):
            worker = listening[connection]  # type: ignore[index]
            message = worker.receive()
            if message is None:
                self._bury(worker, job)
            else:
                self._take_in(worker, message, job)
        now = time.monotonic()
        for worker in self._workers:
            if worker.is_overdue(now, self._wall_grace_s):
                worker.is_timed_out = True
                worker.end()
                self._bury(worker, job)

    def _take_in(self, worker: _Worker, message: tuple[Any, ...], job: _Job) -> None:
        kind = message[0]
        if kind == "ready":
            worker.is_ready = True
            worker.send_setups()
        elif kind == "setup":
            worker.n_unprepared -= 1
            if message[2] != "ok":
                raise EngineError(f"Preparing the worker processes failed: {message[4]}")
        elif worker.task is not None and message[1] == worker.task.key:
            _, key, status, value, reason, cpu_s = message
            worker.task = None
            self._start_failures = 0
            job.on_result(Result(key, status, value, reason, worker.index, cpu_s))

    def _bury(self, worker: _Worker, job: _Job) -> None:
        """Find out why a worker is gone, blame its task if it had one, and put a new one there."""
        reason = worker.end(_PATIENCE_S)
        task, status = worker.task, worker.status_of_end()
        if task is None:
            self._start_failures += 1
            if self._start_failures >= _MAX_START_FAILURES:
                raise EngineError(
                    f"The worker processes end before they can work ({reason}). Set the number of "
                    "workers to 1 to work without them, and look at the log."
                )
        self._workers[worker.index] = self._new_worker(worker.index)
        if task is None:
            return
        deaths = job.deaths[task.key] = job.deaths.get(task.key, 0) + 1
        if status == "timeout" or deaths >= _MAX_DEATHS:
            job.on_result(Result(task.key, status, reason=reason, worker=worker.index))
        else:
            job.again.append(task)

    def _new_worker(self, index: int) -> _Worker:
        worker = _Worker(index)
        for payload in self._setups.values():
            worker.prepare(payload)
        return worker

    def _busy(self) -> list[_Worker]:
        return [worker for worker in self._workers if worker.task is not None]

    def _clear(self) -> None:
        """After a run: no worker may still hold a task of it or be half dead."""
        for worker in self._workers:
            if worker.task is not None:
                worker.end()
        self._workers[:] = [worker for worker in self._workers if not worker.is_ended]
        for index, worker in enumerate(self._workers):
            worker.index = index


class _Job:
    """What one call of ``run`` has to keep in mind."""

    def __init__(self, source: Iterator[Task | None], on_result: Callable[[Result], None]) -> None:
        self.source = source
        self.on_result = on_result
        self.again: deque[Task] = deque()  # their worker died once
        self.deaths: dict[int, int] = {}
        self.cancelled: list[Result] = []
        self.is_used_up = False
        self.said_none = False

    def cancel(self, task: Task | None) -> None:
        """Remember a task that the stop hits."""
        if task is not None:
            self.cancelled.append(Result(task.key, "cancelled", reason="stopped"))

    def next_task(self) -> Task | None:
        """The next task, None when there is none now."""
        if self.again:
            return self.again.popleft()
        if self.is_used_up:
            return None
        try:
            task = next(self.source)
        except StopIteration:
            self.is_used_up = True
            return None
        self.said_none = task is None
        return task


class _Worker:
    """One process and the parent's end of its pipe."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.task: Task | None = None
        self.given_at = 0.0
        self.is_ready = False
        self.n_unprepared = 0
        self._unsent: list[bytes] = []
        self.is_timed_out = False
        self.is_ended = False
        self.connection, theirs = multiprocessing.Pipe()
        try:
            self.process = _spawn(theirs)
        except OSError as error:
            self.connection.close()
            raise EngineError(
                f"A worker process cannot be started: {one_line(error)}. Set the number of workers "
                "to 1 to work without them."
            ) from error
        finally:
            theirs.close()

    @property
    def is_idle(self) -> bool:
        """Whether it can take a task."""
        return self.is_ready and not self.n_unprepared and self.task is None and not self.is_ended

    def prepare(self, payload: bytes) -> None:
        """Note a set-up call that must be done before the next task."""
        self.n_unprepared += 1
        self._unsent.append(payload)

    def send_setups(self) -> None:
        """Send the set-up calls noted; waits for a worker that is still starting."""
        for payload in self._unsent:
            self._send(("setup", 0, 0.0, payload))
        self._unsent = []

    def give(self, task: Task) -> None:
        """Send a task; one that cannot be sent is a programmer's error and raises."""
        payload = pickle.dumps((task.fn, task.args), protocol=pickle.HIGHEST_PROTOCOL)
        self.task, self.given_at = task, time.monotonic()
        self._send(("result", task.key, task.cpu_limit_s, payload))

    def _send(self, message: tuple[Any, ...]) -> None:
        # a dead worker is noticed when its pipe is read, which blames and replaces it
        with contextlib.suppress(OSError):
            self.connection.send_bytes(pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL))

    def receive(self) -> tuple[Any, ...] | None:
        """The next message, None when the worker is gone."""
        try:
            data = self.connection.recv_bytes()
        except (EOFError, OSError):
            return None
        try:
            return pickle.loads(data)
        except Exception as error:
            key = self.task.key if self.task else 0
            return ("result", key, "error", None, f"The result cannot be read: {error}", 0.0)

    def is_overdue(self, now: float, grace_s: float) -> bool:
        """Whether a task with a CPU limit has been here too long on the wall clock."""
        if self.task is None or self.task.cpu_limit_s <= 0.0:
            return False
        return now - self.given_at > grace_s + _WALL_FACTOR * self.task.cpu_limit_s

    def end(self, patience_s: float = 0.0) -> str:
        """Kill, wait and close; the reason of the end in words.

        With some patience a process that is about to be gone shows its own exit status.
        """
        if not self.is_ended:
            self.is_ended = True
            if patience_s:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(patience_s)
            self.process.kill()
            self.process.wait()
            self.connection.close()
        return self._reason()

    def status_of_end(self) -> Status:
        """How the task counts that this worker was at."""
        is_cpu = bool(self.task and self.task.cpu_limit_s and self._signal() == "SIGPROF")
        return "timeout" if is_cpu or self.is_timed_out else "died"

    def _signal(self) -> str:
        code = self.process.returncode
        if code is None or code >= 0:
            return ""
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
        return f"signal {-code}"

    def _reason(self) -> str:
        if self.status_of_end() == "timeout":
            limit = self.task.cpu_limit_s if self.task else 0.0
            if self.is_timed_out:
                return f"no answer although its CPU limit is {limit:g} s"
            return f"used more than {limit:g} s of CPU time"
        ended_by = self._signal()
        if ended_by:
            return f"its process was ended by {ended_by}"
        return f"its process ended with exit status {self.process.returncode}"


def usable_cores() -> int:
    """How many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _spawn(theirs: Connection) -> subprocess.Popen[bytes]:
    """Start a worker that owns the other end of the pipe."""
    extra: dict[str, Any] = {}
    if sys.platform == "win32":
        handle = theirs.fileno()
        os.set_handle_inheritable(handle, True)
        info = subprocess.STARTUPINFO(lpAttributeList={"handle_list": [handle]})
        extra = {"startupinfo": info, "creationflags": subprocess.BELOW_NORMAL_PRIORITY_CLASS}
    else:
        handle = theirs.fileno()
        extra = {"pass_fds": (handle,)}
    environment = os.environ | {f"{name}_NUM_THREADS": "1" for name in _ONE_THREAD}
    return subprocess.Popen(
        _command(handle),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,  # the caller's standard output may be a JSON document
        env=environment,
        **extra,
    )


def _command(handle: int) -> list[str]:
    if getattr(sys, "frozen", False):
        return [sys.executable, FROZEN_OPTION, str(handle)]
    start = (
        f"import sys; sys.path[:] = {sys.path!r}; "
        f"from heliid.engine.worker import main; main({handle})"
    )
    return [sys.executable, "-c", start]


def _end_all(workers: list[_Worker]) -> None:
    """Kill all first, so that they leave together, then wait for each."""
    for worker in workers:
        worker.process.kill()
    for worker in workers:
        worker.end()
    workers.clear()
