"""The reference engine: one task after the other, in the caller's own process."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from heliid.engine.calls import call, listen_to, stop_requested
from heliid.engine.protocol import EngineError, Result, Status, Task, stalled


class SerialEngine:
    """Runs every task at once where it is called; what all other engines must agree with.

    A task that ends the process ends the caller with it, and ``cpu_limit_s`` is not enforced. A
    task is not interrupted by a stop unless it asks ``heliid.engine.calls.stop_requested``.
    """

    n_workers = 1

    def setup(self, fn: str, args: tuple[Any, ...]) -> None:
        """Call ``fn(*args)`` now."""
        outcome = call(fn, args)
        if outcome.status != "ok":
            raise EngineError(f"Preparing the work failed: {outcome.reason}")

    def run(
        self,
        tasks: Iterable[Task | None],
        *,
        on_result: Callable[[Result], None],
        should_stop: Callable[[], bool],
    ) -> None:
        """Run the tasks in their order; see ``Engine.run``."""
        source = iter(tasks)
        listen_to(should_stop)
        try:
            while not should_stop():
                try:
                    task = next(source)
                except StopIteration:
                    return
                if task is None:
                    raise stalled()
                on_result(_result(task))
        finally:
            listen_to(None)

    def close(self) -> None:
        """Nothing to end."""


def _result(task: Task) -> Result:
    outcome = call(task.fn, task.args)
    if stop_requested():  # the task may have given up half-way: its value is not to be trusted
        return Result(task.key, "cancelled", reason="stopped", cpu_s=outcome.cpu_s)
    status: Status = "ok" if outcome.status == "ok" else "error"
    return Result(task.key, status, outcome.value, outcome.reason, 0, outcome.cpu_s)
