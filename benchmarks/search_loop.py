"""What the search loop and the engines cost beside the evaluations.

``python -m benchmarks.search_loop``: CPU time per candidate of the searcher alone (ask, tell) and
of a whole search whose evaluation costs nothing, per empty task in the process pool, and how soon a
stop is answered. On a machine with other work the times grow; the first line says how fast plain
Python is just now.
"""

from __future__ import annotations

import tempfile
import time
from collections import deque
from pathlib import Path

import numpy as np

from heliid.engine.local import LocalEngine
from heliid.engine.protocol import Task
from heliid.engine.serial import SerialEngine
from heliid.events import never
from heliid.search.encoding import Encoding
from heliid.search.factory import NAMES, make_searcher
from heliid.search.run import Limits, OrderProblem, run_search
from heliid.study.config import OrderBox

BUDGET = 400
LOOP = 200_000


def free_evaluation(structure: dict) -> dict:
    """A cost without any work."""
    cost = sum(map(sum, structure["input_lags"])) + abs(structure["n_hidden"] - 3.5)
    return {"cost": 1.0 + cost, "nrmse": [1.0], "diverged": False}


def spin(seconds: float) -> None:
    """Keep a worker busy."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def plain_python() -> float:
    """Nanoseconds for one turn of a plain loop; about 70 on a quiet machine of 2023."""
    table = {}
    began = time.process_time()
    for i in range(LOOP):
        table[i & 1023] = (i, i + 1)
    return (time.process_time() - began) / LOOP * 1e9


def search(name: str, **options) -> float:
    """Microseconds of CPU per unique candidate, its free evaluation included."""
    encoding = Encoding(OrderBox(), 2, 4)
    problem = OrderProblem(encoding, "free", fn="benchmarks.search_loop:free_evaluation")
    searcher = make_searcher(
        name, encoding.bounds, 1, canonical=encoding.canonical,
        first=encoding.first_members(encoding.spread_guess(0.1)),
    )  # fmt: skip
    began = time.process_time()
    result = run_search(searcher, problem, SerialEngine(), Limits(BUDGET), **options)
    return (time.process_time() - began) / len(result.trace) * 1e6


def alone(name: str) -> float:
    """Microseconds of CPU per candidate of ``ask`` and ``tell``, eight points under way."""
    encoding = Encoding(OrderBox(), 2, 4)
    searcher = make_searcher(
        name, encoding.bounds, 1, canonical=encoding.canonical,
        first=encoding.first_members(encoding.spread_guess(0.1)),
    )  # fmt: skip
    roughness = np.random.default_rng(0).random(BUDGET).tolist()
    waiting: deque[list[float]] = deque()
    began = time.process_time()
    for k in range(BUDGET):
        waiting.extend(searcher.ask(8 - len(waiting)).tolist())
        searcher.tell(np.array([sum(waiting.popleft()) + roughness[k]]))
    return (time.process_time() - began) / BUDGET * 1e6


def pool(engine: LocalEngine) -> tuple[float, float]:
    """CPU of this process and wall time per empty task, microseconds."""
    tasks = [Task(k, "benchmarks.search_loop:spin", (0.0,)) for k in range(2000)]
    engine.run(tasks[:10], on_result=lambda _: None, should_stop=never)
    cpu, wall = time.process_time(), time.perf_counter()
    engine.run(tasks, on_result=lambda _: None, should_stop=never)
    n = len(tasks)
    return (time.process_time() - cpu) / n * 1e6, (time.perf_counter() - wall) / n * 1e6


def stop(engine: LocalEngine) -> tuple[float, float]:
    """Milliseconds from the wish to stop to the return, and to the next result after it."""
    began = time.perf_counter()
    tasks = [Task(k, "benchmarks.search_loop:spin", (60.0,)) for k in range(12)]
    engine.run(
        tasks, on_result=lambda _: None, should_stop=lambda: time.perf_counter() > began + 0.5
    )
    returned = time.perf_counter()
    engine.run([Task(0, "benchmarks.search_loop:spin", (0.0,))],
               on_result=lambda _: None, should_stop=never)  # fmt: skip
    return (returned - began - 0.5) * 1e3, (time.perf_counter() - returned) * 1e3


def main() -> None:
    """Print the table."""
    print(f"plain Python loop: {min(plain_python() for _ in range(5)):.0f} ns a turn")
    print(f"\n{'us of CPU per candidate':26s}  searcher alone   whole loop   with journal")
    for name in NAMES:
        search(name)  # compile, fill caches
        only = min(alone(name) for _ in range(5)) if not name.endswith("classic") else np.nan
        plain = min(search(name) for _ in range(5))
        with tempfile.TemporaryDirectory() as folder:
            kept = min(search(name, checkpoint=Path(folder) / str(k)) for k in range(3))
        print(f"{name:26s}{only:16.0f}{plain:13.0f}{kept:15.0f}")
    engine = LocalEngine(2)
    cpu, wall = pool(engine)
    print(f"\npool of 2: {cpu:.0f} us of CPU and {wall:.0f} us of wall time per empty task")
    answered, free = stop(engine)
    engine.close()
    print(f"stop answered after {answered:.0f} ms, next result {free:.0f} ms later")


if __name__ == "__main__":
    main()
