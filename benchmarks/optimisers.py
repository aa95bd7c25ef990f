"""ABC, AIS and PSO on shifted test functions, beside other packages where these are installed.

``python -m benchmarks.optimisers`` prints, for 10-D and 30-D and 1e5 evaluations: the median error
over the seeds, and the optimiser's own time per evaluation (total less the cost function's own).
Peers that are not installed are shown with the marks measured before this project was begun.
An error below 1e-8 counts as solved, the rule of the CEC competitions. A run with every peer is
kept in ``benchmarks/tables/optimisers.json``, of which ``benchmarks.peers --write`` makes a table.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.lattice_tables import TABLES
from heliid.atomic import write_json
from heliid.search.factory import make_searcher
from heliid.search.searcher import Box

SOLVED = 1e-8
DIMS = (10, 30)
EVALUATIONS = 100_000
OURS = ("abc", "pso", "ais", "abc-classic", "pso-classic", "ais-classic")


def sphere(x):
    """(n, dim) to (n,)."""
    return (x * x).sum(axis=1)


def rosenbrock(x):
    """(n, dim) to (n,), minimum at 0."""
    x = x + 1.0
    return (100.0 * (x[:, 1:] - x[:, :-1] ** 2) ** 2 + (1.0 - x[:, :-1]) ** 2).sum(axis=1)


def rastrigin(x):
    """(n, dim) to (n,)."""
    return (x * x - 10.0 * np.cos(2.0 * np.pi * x) + 10.0).sum(axis=1)


def ackley(x):
    """(n, dim) to (n,)."""
    radius = np.sqrt((x * x).mean(axis=1))
    waves = np.cos(2.0 * np.pi * x).mean(axis=1)
    return -20.0 * np.exp(-0.2 * radius) - np.exp(waves) + 20.0 + np.e


def griewank(x):
    """(n, dim) to (n,)."""
    root = np.sqrt(np.arange(1.0, x.shape[1] + 1.0))
    return (x * x).sum(axis=1) / 4000.0 - np.cos(x / root).prod(axis=1) + 1.0


FUNCTIONS = {
    "sphere": (sphere, -100.0, 100.0),
    "rosenbrock": (rosenbrock, -5.0, 10.0),
    "rastrigin": (rastrigin, -5.12, 5.12),
    "ackley": (ackley, -32.768, 32.768),
    "griewank": (griewank, -600.0, 600.0),
}

# Medians measured with the packages' defaults, population 50, other shifts than here.
MARKS = {
    ("beecolpy ABC", 10): (5.4e-17, 0.072, 0.0, 7.5e-15, 2.2e-16),
    ("beecolpy ABC", 30): (5.7e-16, 0.025, 0.0, 8e-13, 3.4e-15),
    ("pygmo PSO", 10): (0.0, 0.41, 2.0, 4.4e-16, 0.03),
    ("pygmo PSO", 30): (8.3e-19, 20.0, 47.0, 2.8e-10, 0.0),
    ("niapy AIS", 10): (1e4, 4.2e4, 99.0, 19.0, 91.0),
    ("niapy AIS", 30): (6.2e4, 1.5e6, 4.3e2, 21.0, 5.6e2),
    ("random", 10): (2.9e3, 4.9e3, 57.0, 15.0, 28.0),
    ("random", 30): (4.2e4, 4.9e5, 3.6e2, 20.0, 3.8e2),
}


@dataclass(frozen=True)
class Case:
    """One shifted function; the optimum lies in the middle 80 % of the box."""

    name: str
    dim: int
    seed: int

    @property
    def bounds(self) -> tuple[float, float]:
        """Low and high of every gene."""
        return FUNCTIONS[self.name][1:]

    def cost(self) -> Callable[[np.ndarray], np.ndarray]:
        """The shifted function, (n, dim) to (n,)."""
        plain, low, high = FUNCTIONS[self.name]
        generator = np.random.default_rng([self.seed, self.dim, len(self.name)])
        shift = 0.5 * (low + high) + 0.4 * (high - low) * generator.uniform(-1, 1, self.dim)
        return lambda x: plain(x - shift)


class Timed:
    """A cost for one point at a time that notes its own time; for peers that call back."""

    def __init__(self, case: Case) -> None:
        self._cost, self.seconds, self.calls = case.cost(), 0.0, 0

    def __call__(self, x: Sequence[float]) -> float:
        """The cost of one point (dim,)."""
        began = time.process_time()
        value = float(self._cost(np.asarray(x)[None, :])[0])
        self.seconds += time.process_time() - began
        self.calls += 1
        return value


def ours(name: str, case: Case) -> tuple[float, float]:
    """Best cost and the searcher's own seconds per evaluation."""
    cost = case.cost()
    searcher = make_searcher(name, Box.real(*case.bounds, case.dim), case.seed)
    best, done, inside = np.inf, 0, 0.0
    began = time.process_time()
    while done < EVALUATIONS:
        points = searcher.ask(EVALUATIONS - done)
        before = time.process_time()
        costs = cost(points)
        inside += time.process_time() - before
        searcher.tell(costs)
        best, done = min(best, float(costs.min())), done + len(points)
    return best, (time.process_time() - began - inside) / EVALUATIONS


def random_search(case: Case) -> tuple[float, float]:
    """Uniform points."""
    generator = np.random.default_rng(case.seed)
    low, high = case.bounds
    points = generator.uniform(low, high, (EVALUATIONS, case.dim))
    return float(case.cost()(points).min()), float("nan")


def beecolpy_abc(case: Case) -> tuple[float, float]:
    """The package's ABC with a colony of 50."""
    from beecolpy import abc

    cost = Timed(case)
    low, high = case.bounds
    np.random.seed(case.seed)  # noqa: NPY002 - the package's own generator
    began = time.process_time()
    colony = abc(
        cost, [(low, high)] * case.dim, colony_size=50, iterations=EVALUATIONS // 51, seed=case.seed
    )
    colony.fit()
    own = (time.process_time() - began - cost.seconds) / cost.calls
    return cost(colony.get_solution()), own


def pygmo_pso(case: Case) -> tuple[float, float]:
    """The package's PSO with 50 particles, evaluated in Python."""
    import pygmo

    cost = Timed(case)
    low, high = case.bounds

    class Problem:
        def fitness(self, x):
            return [cost(x)]

        def get_bounds(self):
            return [low] * case.dim, [high] * case.dim

    algorithm = pygmo.algorithm(pygmo.pso(gen=EVALUATIONS // 50 - 1, seed=case.seed + 1))
    start = pygmo.population(pygmo.problem(Problem()), size=50, seed=case.seed + 1)
    began = time.process_time()
    inside, calls = cost.seconds, cost.calls  # a copy of the problem may be counted elsewhere
    end = algorithm.evolve(start)
    seconds = time.process_time() - began - (cost.seconds - inside)
    return float(end.champion_f[0]), seconds / max(1, cost.calls - calls)


def niapy_ais(case: Case) -> tuple[float, float]:
    """The package's clonal selection, defaults."""
    from niapy.algorithms.basic import ClonalSelectionAlgorithm
    from niapy.problems import Problem
    from niapy.task import Task

    cost = Timed(case)

    class Shifted(Problem):
        def _evaluate(self, x):
            return cost(x)

    problem = Shifted(case.dim, *case.bounds)
    task = Task(problem=problem, max_evals=EVALUATIONS)
    began = time.process_time()
    _, best = ClonalSelectionAlgorithm(seed=case.seed).run(task)
    return float(best), (time.process_time() - began - cost.seconds) / cost.calls


def pygmo_in_cpp(name: str, function: str, dim: int) -> float:
    """Seconds per evaluation of the package's own function and optimiser, no Python between."""
    import pygmo

    problem = pygmo.problem(getattr(pygmo, function)(dim))
    population = pygmo.population(problem, size=50, seed=1)
    algorithm = pygmo.algorithm(getattr(pygmo, name)(gen=EVALUATIONS // 50, seed=1))
    began, done = time.process_time(), population.problem.get_fevals()
    population = algorithm.evolve(population)
    return (time.process_time() - began) / (population.problem.get_fevals() - done)


def show_overheads(repeats: int = 3) -> dict[str, list[float]]:
    """The best of some repeats on rastrigin, microseconds per evaluation, side by side."""
    found: dict[str, list[float]] = {}
    print(f"\nus of CPU per evaluation on rastrigin, best of {repeats} (function itself taken off;")
    print("pygmo in C++ with its function, about 0.1 us, which cannot be taken off)")
    print(f"{'':24s}" + "".join(f"{f'{dim}-D':>10s}" for dim in DIMS))
    rows: dict[str, Callable[[int], float]] = {
        name: lambda dim, name=name: ours(name, Case("rastrigin", dim, 1))[1] for name in OURS
    }
    for name in ("beecolpy ABC", "pygmo PSO"):
        rows[name] = lambda dim, name=name: PEERS[name](Case("rastrigin", dim, 1))[1]
    for name in ("pso", "bee_colony"):
        rows[f"pygmo {name} in C++"] = lambda dim, name=name: pygmo_in_cpp(name, "rastrigin", dim)
    for name, seconds in rows.items():
        try:
            cells = [min(seconds(dim) for _ in range(repeats)) for dim in DIMS]
        except ImportError:
            continue
        found[name] = [round(1e6 * cell, 3) for cell in cells]
        print(f"{name:24s}" + "".join(f"{cell:10.2f}" for cell in found[name]), flush=True)
    return found


PEERS = {"beecolpy ABC": beecolpy_abc, "pygmo PSO": pygmo_pso, "niapy AIS": niapy_ais}


def medians(solve, dim: int, n_seeds: int) -> tuple[list[float], float]:
    """Median error per function, median seconds per evaluation."""
    found = [[solve(Case(name, dim, seed)) for seed in range(n_seeds)] for name in FUNCTIONS]
    errors = [float(np.median([error for error, _ in runs])) for runs in found]
    return errors, float(np.median([second for runs in found for _, second in runs]))


def no_worse(ours_: list[float], theirs: list[float], factor: float = 1.0) -> int:
    """On how many functions ours is no worse; below 1e-8 is solved."""
    return sum(
        max(a, SOLVED) <= factor * max(b, SOLVED) for a, b in zip(ours_, theirs, strict=True)
    )


def strictly_no_worse(ours_: list[float], theirs: list[float]) -> int:
    """The same without the rule of 1e-8: every digit counts."""
    return sum(a <= b for a, b in zip(ours_, theirs, strict=True))


def main() -> None:
    """Print the tables and the verdicts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=15)
    parser.add_argument("--peer-seeds", type=int, default=5, help="peers are slow")
    parser.add_argument("--no-peers", action="store_true", help="show the stored marks instead")
    parser.add_argument("--overhead", action="store_true", help="times only")
    options = parser.parse_args()
    overheads = show_overheads()
    if options.overhead:
        return
    missing = set()
    table: dict[tuple[str, int], list[float]] = {}
    for dim in DIMS:
        print(f"\n{dim}-D, {EVALUATIONS} evaluations, {options.seeds} seeds: median error")
        print(f"{'':22s}" + "".join(f"{name:>12s}" for name in FUNCTIONS) + "   us/evaluation")
        for name in OURS:
            row(table, name, dim, lambda case, name=name: ours(name, case), options.seeds)
        row(table, "random", dim, random_search, options.seeds)
        for name, solve in PEERS.items():
            try:
                if options.no_peers:
                    raise ImportError
                row(table, name, dim, solve, options.peer_seeds)
            except ImportError:
                missing.add(name)
                table[name, dim] = list(MARKS[name, dim])
                show(f"{name} (mark)", table[name, dim], float("nan"))
    counts = verdicts(table)
    if not missing:  # ours and the peers in one run
        keep(options, table, overheads, counts)


def keep(
    options: argparse.Namespace,
    table: dict[tuple[str, int], list[float]],
    overheads: dict[str, list[float]],
    counts: list[list[str | int]],
) -> None:
    """Store the figures for the page."""
    document = {
        "functions": list(FUNCTIONS), "dims": list(DIMS), "evaluations": EVALUATIONS,
        "seeds": options.seeds, "peer_seeds": options.peer_seeds, "overheads": overheads,
        "errors": [[name, dim, errors] for (name, dim), errors in table.items()],
        "verdicts": counts,
    }  # fmt: skip
    write_json(TABLES / "optimisers.json", document, indent=None)


def row(table, name, dim, solve, n_seeds) -> None:
    """Measure and print one line."""
    table[name, dim], seconds = medians(solve, dim, n_seeds)
    show(name, table[name, dim], seconds)


def show(name: str, errors: list[float], seconds: float) -> None:
    """One line of the table."""
    cells = "".join(f"{error:12.2g}" for error in errors)
    print(
        f"{name:22s}{cells}" + ("" if np.isnan(seconds) else f"{1e6 * seconds:13.2f}"), flush=True
    )


def verdicts(table: dict[tuple[str, int], list[float]]) -> list[list[str | int]]:
    """What has to hold, counted over both dimensions: who, against whom, no worse, every digit."""

    def both(name):
        return [error for dim in DIMS for error in table[name, dim]]

    found: list[list[str | int]] = []
    print("\nNo worse than, of 10 (below 1e-8 is solved; in brackets: every digit counts)")
    for mine, peer in (
        ("abc", "beecolpy ABC"),
        ("pso", "pygmo PSO"),
        ("ais", "niapy AIS"),
        ("ais", "random"),
        ("abc", "abc-classic"),
        ("pso", "pso-classic"),
        ("ais", "ais-classic"),
    ):
        ours_, theirs = both(mine), both(peer)
        found.append([mine, peer, no_worse(ours_, theirs), strictly_no_worse(ours_, theirs)])
        print("  {:4s} against {:14s} {:3d} ({})".format(*found[-1]))
    near = no_worse(both("ais"), both("abc"), 10.0)
    found.append(["ais", "10 x abc", near, near])
    print(f"  ais within 10x of abc   {near:3d}")
    return found


if __name__ == "__main__":
    main()
