"""What every engine does: run keyed tasks, blame exactly, stop at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Status = Literal["ok", "error", "died", "timeout", "cancelled"]


@dataclass(frozen=True, slots=True)
class Task:
    """One pure call: a named module function on plain data.

    ``fn`` is ``"package.module:function"``; it is called as ``fn(*args)`` in some process.
    ``cpu_limit_s`` bounds the CPU time of the task, 0 for no bound.
    """

    key: int
    fn: str
    args: tuple[Any, ...]
    cpu_limit_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one task; ``value`` when ok, else ``reason`` in one line."""

    key: int
    status: Status
    value: Any = None
    reason: str = ""
    worker: int = 0
    cpu_s: float = 0.0


class Engine(Protocol):
    """Evaluates tasks; the caller applies results in key order.

    ``setup`` ships shared plain data once to every worker: ``fn(*args)`` is called there before
    the first task and again in every replaced worker.
    """

    n_workers: int

    def setup(self, fn: str, args: tuple[Any, ...]) -> None:
        """Call ``fn(*args)`` once in each worker (now and after a replacement)."""
        ...

    def run(
        self,
        tasks: Iterable[Task],
        *,
        on_result: Callable[[Result], None],
        should_stop: Callable[[], bool],
    ) -> None:
        """Pull tasks lazily, at most as many as there are free workers, report each result.

        ``tasks`` may be a generator that depends on results reported so far; it may yield
        ``None`` to say "nothing now, ask me again after the next result". Returns when the
        tasks are used up and all results are in, or at once after ``should_stop()``.
        """
        ...

    def close(self) -> None:
        """End all workers; safe to call twice."""
        ...
