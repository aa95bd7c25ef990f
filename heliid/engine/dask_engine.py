"""An engine on a Dask cluster that is already running; needs the extra ``cluster``.

Dask hands tasks out, we judge: its own retries are off. A task whose worker dies is run again
alone, so that blame is exact; a task that ends its worker twice is quarantined (``died``). When no
worker is there or nothing comes back for long, what is left runs on this machine, with a word to
the user.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from heliid.engine.cluster_security import Credentials, address_of
from heliid.engine.executor import ASK_AGAIN, prepared_call
from heliid.engine.local import LocalEngine
from heliid.engine.protocol import Engine, EngineError, Result, Task, stalled
from heliid.engine.quarantine import Quarantine

_POLL_S = 0.03
AHEAD = 2  # tasks per worker thread: one runs, one waits there, so that no worker idles
STALL_S = 600.0  # nothing came back for so long
LONELY_S = 60.0  # no worker for so long
CONNECT_S = 15.0
_tokens = itertools.count()

Say = Callable[[str], None]


class DaskEngine:
    """Runs tasks on the workers of a Dask scheduler.

    Workers should have one thread each and need HeliID in the same version. A stop cancels what
    waits; what already runs on a worker runs to its end there and is reported as cancelled. CPU
    limits are not enforced.

    Raises
    ------
    EngineError
        Dask is missing, the scheduler cannot be reached or refuses us, or there is no worker.
    """

    def __init__(
        self,
        address: str,
        credentials: Credentials | None = None,
        *,
        say: Say = lambda _: None,
        fallback: Callable[[], Engine] = LocalEngine,
        stall_s: float = STALL_S,
        lonely_s: float = LONELY_S,
    ) -> None:
        self._client: Any = connect(address, credentials)
        self._say, self._fallback = say, fallback
        self._stall_s, self._lonely_s = stall_s, lonely_s
        self._setups: dict[str, tuple[str, tuple[Any, ...]]] = {}
        self._local: Engine | None = None
        self.n_workers = self._first_workers()
        if self.n_workers == 0:
            self.close()
            raise EngineError(
                f"The cluster at {address} has no worker: start some (heliid cluster init says "
                f"how) and try again."
            )

    def _first_workers(self) -> int:
        """Worker threads at the start; workers that are just starting get some time."""
        end = time.monotonic() + CONNECT_S
        while (n := self._threads()) == 0 and time.monotonic() < end:
            time.sleep(0.2)
        return n

    def setup(self, fn: str, args: tuple[Any, ...]) -> None:
        """Remember ``fn(*args)``; it is called in each worker before its first task."""
        self._setups[fn] = (f"{os.getpid()}:dask:{next(_tokens)}", args)
        if self._local is not None:
            self._local.setup(fn, args)

    def run(
        self,
        tasks: Iterable[Task | None],
        *,
        on_result: Callable[[Result], None],
        should_stop: Callable[[], bool],
    ) -> None:
        """Run the tasks; see ``Engine.run``."""
        job = _Job(iter(tasks), on_result)
        if self._local is None:
            try:
                if self._run_there(job, should_stop):
                    return
            finally:
                self._cancel(job)
            self._say(
                "The cluster does not answer any more, so the rest runs on this machine; the "
                "result is the same."
            )
        self._run_here(job, should_stop)

    def ask_all(self, fn: Callable[[], Any]) -> list[Any]:
        """What a function without arguments gives on each worker, or its error there.

        Raises
        ------
        EngineError
            The cluster does not answer.
        """
        try:
            return list(self._client.run(fn, on_error="return").values())
        except Exception as error:  # closed, timed out, connection lost: all the same to us
            raise EngineError(
                f"The cluster does not answer any more ({type(error).__name__}): try again."
            ) from error

    def close(self) -> None:
        """Leave the cluster, which goes on; safe to call twice."""
        if self._local is not None:
            self._local.close()
        with contextlib.suppress(Exception):  # a cluster that is gone cannot be told
            self._client.close(timeout=2)

    # on the cluster

    def _run_there(self, job: _Job, should_stop: Callable[[], bool]) -> bool:
        """Whether the run is over; False when the cluster has been given up."""
        try:
            while not should_stop():
                self._hand_out(job)
                if not job.running and not job.waits():
                    return True
                job.something.wait(_POLL_S)
                job.something.clear()
                for future in job.done():
                    self._take_in(future, job)
                if self._is_lost(job):
                    return False
        except _LostError:
            return False
        for task in (*job.running.values(), *job.suspects):
            job.on_result(Result(task.key, "cancelled", reason="stopped"))
        job.suspects.clear()
        return True

    def _hand_out(self, job: _Job) -> None:
        said_none = False
        while len(job.running) < job.allowed(AHEAD * self.n_workers):
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
        name = f"heliid-{os.getpid()}-{next(_tokens)}"
        try:
            future = self._client.submit(
                prepared_call, setups, task.fn, task.args, key=name, pure=False, retries=0
            )
        except Exception as error:  # a closed client says so in several ways
            job.left.append(task)
            raise _LostError from error
        job.running[future] = task
        future.add_done_callback(lambda _: job.something.set())

    def _take_in(self, future: Any, job: _Job) -> None:
        task = job.running.pop(future)
        if future.status == "finished":
            job.last_result = time.monotonic()
            status, value, reason, cpu_s = future.result()
            if status == ASK_AGAIN:
                self._submit(task, job, with_setups=True)
            elif status == "setup failed":
                raise EngineError(f"Preparing the work on a worker failed: {reason}")
            else:
                job.settle(task)
                job.on_result(Result(task.key, status, value, reason, 0, cpu_s))
            return
        if future.status != "error":  # cancelled or lost: nobody's fault but the cluster's
            job.left.append(task)
            raise _LostError
        error = future.exception()
        if type(error).__name__ != "KilledWorker":
            job.settle(task)
            job.on_result(Result(task.key, "error", reason=f"{type(error).__name__}: {error}"))
            return
        job.last_result = time.monotonic()  # a death is a sign of life of the cluster
        job.blame(task)

    def _is_lost(self, job: _Job) -> bool:
        """Whether the cluster is to be given up; also keeps the number of workers."""
        now = time.monotonic()
        if now - job.looked < 0.5:
            return False
        job.looked = now
        n = self._threads()
        if n > 0:
            self.n_workers, job.last_worker = n, now
        if now - job.last_worker > self._lonely_s:
            return True
        return bool(job.running) and now - job.last_result > self._stall_s

    def _threads(self) -> int:
        """Worker threads now; 0 when the scheduler does not answer."""
        try:
            return int(sum(self._client.nthreads().values()))
        except Exception:  # closed, timed out, connection lost: all the same to us
            return 0

    def _cancel(self, job: _Job) -> None:
        """Take back what is still out; the tasks stay in ``job.running``."""
        with contextlib.suppress(Exception):
            self._client.cancel(list(job.running), force=True)

    # on this machine

    def _run_here(self, job: _Job, should_stop: Callable[[], bool]) -> None:
        if self._local is None:
            self._local = self._fallback()
            for fn, (_, args) in self._setups.items():
                self._local.setup(fn, args)
            self.n_workers = self._local.n_workers
        left = sorted([*job.running.values(), *job.suspects, *job.left], key=lambda task: task.key)
        self._local.run(
            itertools.chain(left, () if job.is_used_up else job.source),
            on_result=job.on_result,
            should_stop=should_stop,
        )


class _LostError(Exception):
    """The scheduler is gone."""


class _Job(Quarantine):
    """What one call of ``run`` has to keep in mind."""

    def __init__(self, source: Iterator[Task | None], on_result: Callable[[Result], None]) -> None:
        super().__init__(source, on_result)
        self.running: dict[Any, Task] = {}
        self.left: list[Task] = []  # given back by a cluster that is gone
        self.something = threading.Event()  # a future came to an end
        self.last_result = self.last_worker = time.monotonic()
        self.looked = 0.0

    def done(self) -> list[Any]:
        """Futures that came to an end, by key."""
        ended = [one for one in self.running if one.status != "pending"]
        return sorted(ended, key=lambda one: self.running[one].key)

    def waits(self) -> bool:
        """Whether tasks are still to be handed out."""
        return bool(self.suspects) or not self.is_used_up

    def allowed(self, most: int) -> int:
        """How many tasks may be out: one while there are suspects."""
        return 1 if self.suspects or self.alone is not None else most

    def settle(self, task: Task) -> None:
        """A task came to a good or bad end of its own."""
        if self.alone == task.key:
            self.alone = None


def connect(address: str, credentials: Credentials | None) -> Any:
    """A Dask client.

    Raises
    ------
    EngineError
        Dask is missing, the address is refused, or nobody (or a stranger) answers there.
    """
    where = address_of(address, credentials)
    try:
        from distributed import Client
        from distributed.security import Security
    except ImportError as missing:
        raise EngineError(
            f"Working on a cluster needs Dask ({missing}): type pip install 'heliid[cluster]'."
        ) from missing
    security = None
    if credentials is not None and where.startswith("tls://"):
        security = Security(require_encryption=True, **credentials.for_dask("client"))
    try:
        return Client(where, security=security, timeout=CONNECT_S, set_as_default=False)
    except Exception as error:  # OSError, TimeoutError, ssl and comm errors: one sentence for all
        raise EngineError(
            f"The cluster at {where} cannot be reached, or it does not accept our certificate "
            f"({type(error).__name__}): check address, scheduler and the folder of certificates."
        ) from error
