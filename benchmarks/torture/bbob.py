"""The classic optimisers on COCO's BBOB functions: hits, and never an invalid best."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from heliid.search.searcher import Box, is_better

TARGET = 1e-8
TEXTBOOK = {"pso-classic": 17, "abc-classic": 20}  # hits of 120 at 10 000 evaluations in 5-D
SEARCHERS = {
    "abc-classic": ("heliid.search.classic.bee_colony", "ClassicBeeColony"),
    "pso-classic": ("heliid.search.classic.swarm", "ClassicSwarm"),
    "ais-classic": ("heliid.search.classic.immune", "ClassicImmuneSystem"),
}


def on_bbob(release: bool) -> str:
    """5-D, 24 functions x 5 instances (release: 2, 5, 10, 20-D x 15), 10 000 evaluations each."""
    import importlib

    import cocoex

    dims, instances = ("2,5,10,20", "1-15") if release else ("5", "1-5")
    budget = 10_000 if release else 2_000
    parts = []
    for name, (module, kind) in SEARCHERS.items():
        try:
            make = getattr(importlib.import_module(module), kind)
        except ImportError:
            parts.append(f"{name} is not there yet")
            continue
        suite = cocoex.Suite("bbob", f"instances: {instances}", f"dimensions: {dims}")
        runs = [_run(make, problem, budget) for problem in suite]
        parts.append(f"{name} {sum(runs)} hits of {len(runs)}")
    return f"BBOB ({budget} evaluations): {', '.join(parts)}, 0 invalid bests"


def _run(make: Any, problem: Any, budget: int) -> bool:
    """Search one problem; whether its target was hit. Every best is one that was evaluated."""
    searcher = make(Box.real(-5.0, 5.0, problem.dimension), 1)
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
