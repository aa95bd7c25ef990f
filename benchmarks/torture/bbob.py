"""The optimisers on COCO's BBOB functions: hits, and never an invalid best."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from heliid.search.factory import make_searcher
from heliid.search.searcher import Box, is_better

TARGET = 1e-8
TEXTBOOK = {"pso-classic": 17, "abc-classic": 20}  # hits of 120 at 10 000 evaluations in 5-D
NAMES = ("abc", "pso", "ais")  # each beside its textbook form


def on_bbob(release: bool) -> str:
    """5-D, 24 functions x 5 instances (release: 2, 5, 10, 20-D x 15), 10 000 evaluations each."""
    import cocoex

    dims, instances = ("2,5,10,20", "1-15") if release else ("5", "1-5")
    budget = 10_000 if release else 2_000
    hits: dict[str, int] = {}
    for name in (*NAMES, *(f"{name}-classic" for name in NAMES)):
        suite = cocoex.Suite("bbob", f"instances: {instances}", f"dimensions: {dims}")
        hits[name] = sum(_run(name, problem, budget) for problem in suite)
    n_problems = 24 * len(dims.split(",")) * (15 if release else 5)
    if release:
        for name in NAMES:
            assert hits[name] >= hits[f"{name}-classic"], f"{name} is behind its textbook form"
    parts = [f"{name} {n}" for name, n in hits.items()]
    return (
        f"BBOB ({budget} evaluations, {n_problems} problems), hits: {', '.join(parts)}; "
        "0 invalid bests"
    )


def _run(name: str, problem: Any, budget: int) -> bool:
    """Search one problem; whether its target was hit. Every best is one that was evaluated."""
    searcher = make_searcher(name, Box.real(-5.0, 5.0, problem.dimension), 1)
    best, best_point, done = math.inf, None, 0
    while done < budget and not problem.final_target_hit:
        points = searcher.ask(min(20, budget - done))
        if not len(points):
            break
        assert np.all(points >= -5.0), "a point below the box"
        assert np.all(points <= 5.0), "a point above the box"
        costs = np.array([problem(point) for point in points])
        done += len(points)
        for point, cost in zip(points, costs, strict=True):
            if is_better(cost, best):
                best, best_point = cost, point.copy()
        searcher.tell(costs)
    assert best_point is not None
    assert math.isfinite(best)
    assert problem(best_point) == best, "a best that does not reproduce its cost"
    return bool(problem.final_target_hit)
