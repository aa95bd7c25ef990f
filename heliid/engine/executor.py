"""Any ``concurrent.futures`` executor as an engine: threads, the standard pool, a cluster's."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from typing import Any

from heliid.engine.calls import call
from heliid.engine.protocol import EngineError, Result, Task, stalled
from heliid.engine.quarantine import Quarantine

_POLL_S = 0.03
ASK_AGAIN = "setup wanted"
_tokens = itertools.count()
_prepared: set[str] = set()  # in each worker: the set-ups that were called there


class ExecutorEngine:
    """Runs tasks through an executor that a factory makes.

    ``make_executor`` is called at the start and again when the executor breaks. When it breaks,
    every task in flight is under suspicion: they are run again one at a time, so that the guilty
    one is found exactly. A stop does not wait for tasks that already run: an executor cannot end
    them. CPU limits are not enforced.
    """

    def __init__(self, make_executor: Callable[[], Executor], n_workers: int) -> None:
        self.n_workers = n_workers
        self._make = make_executor
        self._executor: Executor | None = None
        self._setups: dict[str, tuple[str, tuple[Any, ...]]] = {}  # fn -> token, args
        self._left: set[Future] = set()  # still running after a stop

    def setup(self, fn: str, args: tuple[Any, ...]) -> None:
        """Remember ``fn(*args)``; it is called in each worker before its first task."""
        self._setups[fn] = (f"{os.getpid()}:{next(_tokens)}", args)

    def run(
        self,
        tasks: Iterable[Task | None],
        *,
        on_result: Callable[[Result], None],
        should_stop: Callable[[], bool],
    ) -> None:
        """Run the tasks; see ``Engine.run``."""
        job = _Job(iter(tasks), on_result)
        try:
            while not should_stop():
                self._hand_out(job)
                if not job.running:
                    return
                done, _ = wait(job.running, timeout=_POLL_S, return_when=FIRST_COMPLETED)
                for future in sorted(done, key=lambda one: job.running[one].key):
                    self._take_in(future, job)
        finally:
            for future in job.running:
                if not future.cancel():
                    self._left.add(future)
        for task in job.running.values():
            on_result(Result(task.key, "cancelled", reason="stopped"))

    def close(self) -> None:
        """Shut the executor down; safe to call twice."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = None

    def _hand_out(self, job: _Job) -> None:
        self._left = {future for future in self._left if not future.done()}
        said_none = False
        while len(job.running) < job.allowed(self.n_workers):
            task = job.next_task()
            if task is None:
                said_none = not job.is_used_up
                break
            self._submit(task, job, with_setups=False)
        if said_none and not job.running:
            raise stalled()

    def _submit(self, task: Task, job: _Job, *, with_setups: bool) -> None:
        setups = tuple(
            (token, fn, args if with_setups else None) for fn, (token, args) in self._setups.items()
        )
        was_running = self._executor is not None
        try:
            if self._executor is None:
                self._executor = self._make()
            future = self._executor.submit(prepared_call, setups, task.fn, task.args)
        except (BrokenExecutor, OSError) as error:
            # a pool that a death is just taking down closes its pipes before it says "broken"
            if not was_running and isinstance(error, OSError):
                raise EngineError(f"The executor cannot be started: {error}") from error
            self.close()
            job.suspects.append(task)
            return
        job.running[future] = task

    def _take_in(self, future: Future, job: _Job) -> None:
        task = job.running.pop(future, None)
        if task is None:
            return
        error = future.exception()
        if isinstance(error, BrokenExecutor):
            self._suspect(task, job)
        elif error is not None:
            job.on_result(Result(task.key, "error", reason=f"{type(error).__name__}: {error}"))
        else:
            status, value, reason, cpu_s = future.result()
            if status == ASK_AGAIN:
                self._submit(task, job, with_setups=True)
            elif status == "setup failed":
                raise EngineError(f"Preparing the work failed: {reason}")
            else:
                job.on_result(Result(task.key, status, value, reason, 0, cpu_s))

    def _suspect(self, task: Task, job: _Job) -> None:
        """The executor broke with this task in flight."""
        self.close()
        job.blame(task)


class _Job(Quarantine):
    """What one call of ``run`` has to keep in mind."""

    def __init__(self, source: Iterator[Task | None], on_result: Callable[[Result], None]) -> None:
        super().__init__(source, on_result)
        self.running: dict[Future, Task] = {}

    def allowed(self, n_workers: int) -> int:
        """How many tasks may run now: one while there are suspects."""
        return 1 if self.suspects or self.alone_runs() else n_workers

    def alone_runs(self) -> bool:
        """Whether a suspect is being tried."""
        return any(task.key == self.alone for task in self.running.values())


def prepared_call(
    setups: tuple[tuple[str, str, tuple[Any, ...] | None], ...], fn: str, args: tuple[Any, ...]
) -> tuple[str, Any, str, float]:
    """In a worker: make sure of the set-ups, then call. Asks for what it has not seen."""
    for token, setup_fn, setup_args in setups:
        if token in _prepared:
            continue
        if setup_args is None:
            return (ASK_AGAIN, None, "", 0.0)
        outcome = call(setup_fn, setup_args)
        if outcome.status != "ok":
            return ("setup failed", None, outcome.reason, 0.0)
        _prepared.add(token)
    return tuple(call(fn, args))
