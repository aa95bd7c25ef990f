"""What every engine does: run keyed tasks, blame exactly, stop at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from heliid.errors import HeliIDError

Status = Literal["ok", "error", "died", "timeout", "cancelled"]


class EngineError(HeliIDError):
    """The processes that should do the work cannot be started or prepared."""


@dataclass(frozen=True, slots=True)
class Task:
    """One pure call: a named module function on plain data.

    ``fn`` is ``"package.module:function"``; it is called as ``fn(*args)`` in some process.
    ``cpu_limit_s`` bounds the CPU time of the task, 0 for no bound. Only an engine that owns its
    processes (``LocalEngine``) enforces it.
    """

    key: int
    fn: str
    args: tuple[Any, ...]
    cpu_limit_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one task; ``value`` when ok, else ``reason`` in one line.

    ``died``: the task ended its process twice. ``timeout``: it used up its CPU time.
    ``cancelled``: it was under way when the run was stopped; it may be run again.
    """

    key: int
    status: Status
    value: Any = None
    reason: str = ""
    worker: int = 0
    cpu_s: float = 0.0


class Engine(Protocol):
    """Evaluates tasks; the caller applies results in key order.

    ``setup`` ships shared plain data once to every worker: ``fn(*args)`` is called there before
    the first task and again in every replaced worker. A later call with another ``fn`` adds to
    it, one with the same ``fn`` takes the place of the earlier. ``EngineError`` when it fails.
    """

    n_workers: int

    def setup(self, fn: str, args: tuple[Any, ...]) -> None:
        """Call ``fn(*args)`` once in each worker (now and after a replacement)."""
        ...

    def run(
        self,
        tasks: Iterable[Task | None],
        *,
        on_result: Callable[[Result], None],
        should_stop: Callable[[], bool],
    ) -> None:
        """Pull tasks lazily, at most as many as there are free workers, report each result.

        ``tasks`` may be a generator that depends on results reported so far; it may yield
        ``None`` to say "nothing now, ask me again after the next result". Returns when the
        tasks are used up and all results are in, or at once after ``should_stop()``; tasks then
        under way are reported as ``cancelled``. Whatever ``tasks`` or ``on_result`` raises ends
        the run, and the engine stays usable. An engine is used from one thread at a time.
        """
        ...

    def close(self) -> None:
        """End all workers; safe to call twice."""
        ...


def stalled() -> RuntimeError:
    """The error for a task source that waits for a result that can never come."""
    return RuntimeError("The task source yields None although no task is under way.")
