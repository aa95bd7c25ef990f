"""ABC, AIS and PSO on COCO's BBOB functions, each beside its textbook form.

``python -m benchmarks.bbob`` needs the package ``coco-experiment`` (``import cocoex``): 24
functions x 15 instances in 2, 5, 10 and 20-D, 1440 problems, 10 000 evaluations each, one seed.
Printed per searcher: problems on which the error fell to 1e1, 1e-1, 1e-3 and 1e-8 (COCO's final
target), and what must never happen, counted: points outside the box, costs that are no number,
members of the population whose cost is not that of their point.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from heliid.search.factory import make_searcher
from heliid.search.searcher import Box

LOW, HIGH = -5.0, 5.0
TARGETS = (1e1, 1e-1, 1e-3, 1e-8)
NAMES = ("abc", "ais", "pso")
EVALUATIONS = 10_000


@dataclass
class Counts:
    """What one searcher did on all problems."""

    n_problems: int = 0
    n_points: int = 0
    n_outside: int = 0
    n_not_numbers: int = 0
    n_unevaluated: int = 0
    hits: dict[float, int] = field(default_factory=lambda: dict.fromkeys(TARGETS, 0))
    errors: list[float] = field(default_factory=list)  # final, one per problem

    @property
    def n_invalid(self) -> int:
        """Everything that must not happen."""
        return self.n_outside + self.n_not_numbers + self.n_unevaluated


def suite(dims: str, instances: str) -> Any:
    """A fresh suite; its problems remember what they were asked, so one per pass."""
    import cocoex

    return cocoex.Suite("bbob", f"instances: {instances}", f"dimensions: {dims}")


@contextlib.contextmanager
def _in_folder(folder: str) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def optima(dims: str, instances: str) -> list[float]:
    """The lowest value of every problem; COCO gives the place away only by a file."""
    found = []
    with tempfile.TemporaryDirectory() as folder, _in_folder(folder):
        told = suite(dims, instances)
        for problem, again in zip(told, suite(dims, instances), strict=True):
            problem._best_parameter("print")
            place = np.loadtxt("._bbob_problem_best_parameter.txt", ndmin=1)
            found.append(float(again(place)))
    return found


def run_one(name: str, problem: Any, lowest: float, evaluations: int, counts: Counts) -> None:
    """Search one problem and count."""
    box = Box.real(LOW, HIGH, problem.dimension)
    searcher = make_searcher(name, box, seed=problem.index + 1)
    best, before, done = np.inf, np.inf, 0
    while done < evaluations and best - lowest > TARGETS[-1]:
        points = searcher.ask(evaluations - done)
        counts.n_outside += int(((points < LOW) | (points > HIGH)).any(axis=1).sum())
        counts.n_not_numbers += int(np.isnan(points).any(axis=1).sum())
        costs = np.array([problem(point) for point in points])
        searcher.tell(costs)
        before, best, done = best, min(best, float(costs.min())), done + len(points)
    members, told = searcher.population()
    counts.n_not_numbers += int(np.isnan(told).sum())
    for member, cost in zip(members, told, strict=True):
        counts.n_unevaluated += bool(np.isfinite(cost) and problem(member) != cost)
    # the best is among them, but for one of a last generation that the budget cut short
    counts.n_unevaluated += int(told.min() not in (best, before))
    counts.n_problems += 1
    counts.n_points += done
    counts.errors.append(best - lowest)
    for target in TARGETS:
        counts.hits[target] += best - lowest <= target


def run_all(
    name: str, dims: str = "2,5,10,20", instances: str = "1-15", evaluations: int = EVALUATIONS
) -> Counts:
    """One searcher on all problems."""
    counts = Counts()
    lowest = optima(dims, instances)
    for problem, low in zip(suite(dims, instances), lowest, strict=True):
        run_one(name, problem, low, evaluations, counts)
    return counts


def won(mine: Counts, theirs: Counts) -> str:
    """On how many problems the final error was lower, equal (or both solved), higher."""
    a, b = (np.maximum(counts.errors, TARGETS[-1]) for counts in (mine, theirs))
    return f"{(a < b).sum()} / {(a == b).sum()} / {(a > b).sum()}"


def main() -> None:
    """Print the counts; status 1 when something invalid happened or a textbook form was ahead."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dims", default="2,5,10,20")
    parser.add_argument("--instances", default="1-15")
    parser.add_argument("--evaluations", type=int, default=EVALUATIONS)
    parser.add_argument("--names", nargs="*", default=NAMES)
    options = parser.parse_args()
    setting = options.dims, options.instances, options.evaluations
    is_good = True
    print(f"{'':14s}{'problems':>9s}" + "".join(f"{f'to {t:g}':>10s}" for t in TARGETS)
          + f"{'points':>12s}{'invalid':>9s}{'CPU s':>8s}")  # fmt: skip
    for name in options.names:
        both = []
        for form in (name, f"{name}-classic"):
            began = time.process_time()
            counts = run_all(form, *setting)
            both.append(counts)
            hits = "".join(f"{counts.hits[target]:10d}" for target in TARGETS)
            rest = f"{counts.n_points:12d}{counts.n_invalid:9d}{time.process_time() - began:8.0f}"
            print(f"{form:14s}{counts.n_problems:9d}{hits}{rest}", flush=True)
            is_good &= counts.n_invalid == 0
        is_good &= both[0].hits[TARGETS[-1]] >= both[1].hits[TARGETS[-1]]
        print(f"  {name} against its textbook form, better / equal / worse: {won(*both)}")
    raise SystemExit(0 if is_good else 1)


if __name__ == "__main__":
    main()
