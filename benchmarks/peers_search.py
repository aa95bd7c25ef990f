"""Optuna and nevergrad on the enumerated lattices: called by ``benchmarks.peers``.

``python peers_search.py NAME TABLE.csv OUT.json SEEDS BUDGET`` searches the genome of the table
(na, nb, nk, spacing, h) with defaults, in an environment of its own; only orders not seen before
count, as for HeliID's searchers.
"""

from __future__ import annotations

import csv
import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

Genome = tuple[int, ...]
TRIES = 4  # times the budget: a tool that repeats itself more than that is stopped


class Table:
    """The costs of a lattice, and the best so far after each unique order asked."""

    def __init__(self, path: Path, budget: int) -> None:
        lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
        self.names, *rows = csv.reader(lines)
        dim = next(k for k, name in enumerate(self.names) if name.startswith("cost"))
        self.names = self.names[:dim]
        self.costs = {tuple(map(int, row[:dim])): float(row[dim]) for row in rows}
        columns = list(zip(*self.costs, strict=True))
        self.box = [(min(column), max(column)) for column in columns]
        self.box[1] = (0, self.box[1][1])  # nb = 0 stands in no table: it means one tap
        self.budget, self.seen, self.trace = budget, set[Genome](), list[float]()
        self.n_asked = 0

    def __call__(self, genome: Genome) -> float:
        """The cost of a genome, as the searchers of HeliID see it."""
        na, nb, nk, spacing, h = map(int, genome)
        if nb == 0:
            nb, nk = 1, 0
        key = na, nb, nk, spacing if nb > 1 else 1, h
        self.n_asked += 1
        cost = self.costs[key]
        if key not in self.seen and not self.is_over:
            self.seen.add(key)
            self.trace.append(min([cost, *self.trace[-1:]]))
        return cost

    @property
    def is_over(self) -> bool:
        """Whether the budget of unique orders, or of questions, is used up."""
        return len(self.seen) >= self.budget or self.n_asked >= TRIES * self.budget


def optuna_search(table: Table, seed: int, sampler_name: str) -> None:
    """Optuna with its default settings of a sampler."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = getattr(optuna.samplers, sampler_name)(seed=seed)
    study = optuna.create_study(sampler=sampler)
    while not table.is_over:
        trial = study.ask()
        genome = tuple(
            trial.suggest_int(name, low, high)
            for name, (low, high) in zip(table.names, table.box, strict=True)
        )
        study.tell(trial, table(genome))


def nevergrad_search(table: Table, seed: int, name: str) -> None:
    """Those of nevergrad with its default settings of an optimiser."""
    import nevergrad as ng

    genes = [ng.p.Scalar(lower=low, upper=high).set_integer_casting() for low, high in table.box]
    space = ng.p.Tuple(*genes)
    space.random_state.seed(seed)
    optimiser = ng.optimizers.registry[name](parametrization=space, budget=table.budget)
    while not table.is_over:
        point = optimiser.ask()
        optimiser.tell(point, table(point.value))


def random_search(table: Table, seed: int, _: str) -> None:
    """Uniform numbers."""
    import random

    numbers = random.Random(seed)
    while not table.is_over:
        table(tuple(numbers.randint(low, high) for low, high in table.box))


METHODS: dict[str, tuple[Callable[[Table, int, str], None], str]] = {
    "optuna-tpe": (optuna_search, "TPESampler"),
    "optuna-cmaes": (optuna_search, "CmaEsSampler"),
    "nevergrad-ngopt": (nevergrad_search, "NGOpt"),
    "nevergrad-pso": (nevergrad_search, "RealSpacePSO"),
    "python-random": (random_search, ""),
}


def main() -> None:
    """Search with every seed and write the traces and the tool's own time."""
    name, path, target, n_seeds, budget = sys.argv[1:]
    warnings.simplefilter("ignore")
    search, option = METHODS[name]
    runs = []
    for seed in range(int(n_seeds)):
        table = Table(Path(path), int(budget))
        began = time.process_time()
        search(table, seed, option)
        seconds = time.process_time() - began
        runs.append({"seed": seed, "trace": table.trace, "asked": table.n_asked, "cpu_s": seconds})
    Path(target).write_text(json.dumps(runs))


if __name__ == "__main__":
    main()
