"""Which task killed its worker: suspects are tried alone until the guilty one is known."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from heliid.engine.protocol import Result, Task

MAX_DEATHS = 2  # alone with a worker that died: so often, then it is condemned


class Quarantine:
    """The tasks of one call of ``run``: those still to come and those under suspicion."""

    def __init__(self, source: Iterator[Task | None], on_result: Callable[[Result], None]) -> None:
        self.source = source
        self.on_result = on_result
        self.suspects: deque[Task] = deque()
        self.deaths: dict[int, int] = {}
        self.alone: int | None = None
        self.is_used_up = False

    def next_task(self) -> Task | None:
        """The next task, suspects first; None when there is none now."""
        if self.suspects:
            task = self.suspects.popleft()
            self.alone = task.key
            return task
        if self.is_used_up:
            return None
        try:
            return next(self.source)
        except StopIteration:
            self.is_used_up = True
            return None

    def blame(self, task: Task) -> None:
        """A worker ended with this task on it: condemn what did it alone, try the others alone."""
        if self.alone == task.key:
            deaths = self.deaths[task.key] = self.deaths.get(task.key, 0) + 1
            if deaths >= MAX_DEATHS:
                self.alone = None
                self.on_result(Result(task.key, "died", reason="its process ended abruptly"))
                return
        self.suspects.append(task)
