"""How far the fitness is a lottery: ``python -m benchmarks.landscape [truth|trex|tanks ...]``.

Random orders of the default box are scored twice with independent sets of weight tables. Printed
per variant of the fitness: rank correlation (Spearman) of the two replicates, the median ratio of
the worse to the better score, the median cost, and CPU time per candidate.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from benchmarks.accuracy import CASES, ROOT
from heliid.search.fitness import evaluate
from heliid.study import StudyConfig
from heliid.study.ground import Ground, make_ground
from heliid.training.folds import folds_of
from heliid.training.scoring import FitnessSettings

VARIANTS = {
    "default": {},
    "one table": {"n_tables": 1},
    "two tables": {"n_tables": 2},
    "five tables": {"n_tables": 5},
    "three, raced one stage": {"n_race": 1},
    "three, raced three stages": {"n_race": 3},
    "three, none left out": {"n_race": 4},
    "three, two finished and averaged": {"n_averaged": 2},
    "three, all finished and averaged": {"n_averaged": 3},
    "no cross-validation": {"n_folds": 0},
    "five folds": {"n_folds": 5},
    "no windows in the last stage": {"window_s": 0.0},
}


def variant(settings: FitnessSettings, name: str) -> FitnessSettings:
    """The settings with what a variant changes; names of training settings go there."""
    changes = VARIANTS[name]
    training = {k: v for k, v in changes.items() if hasattr(settings.training, k)}
    rest = {k: v for k, v in changes.items() if k not in training}
    return replace(settings, training=replace(settings.training, **training), **rest)


def random_orders(ground: Ground, n: int, seed: int, most: int) -> list:
    """Different orders with at least one hidden unit, at most ``most`` weights."""
    rng, found = np.random.default_rng(seed), {}
    box = ground.encoding.bounds
    while len(found) < n:
        genome = ground.encoding.canonical(rng.integers(box.low, box.high + 1).tolist())
        structure = ground.encoding.structure(genome)
        if structure.n_hidden > 0 and structure.n_parameters <= most:
            found[structure] = None
    return list(found)


def replicates(ground: Ground, settings: FitnessSettings, orders: list) -> tuple[np.ndarray, float]:
    """Costs (2, n) with independent tables, mean CPU time of one score in s."""
    costs, spent = np.zeros((2, len(orders))), 0.0
    folds = folds_of(ground.train, ground.validate, settings)
    for key in (0, 1):
        for k, order in enumerate(orders):
            score = evaluate(
                order, ground.train, ground.validate, settings, seed_key=key, folds=folds
            )
            costs[key, k] = score.cost
            spent += score.cpu_s
    return costs, spent / costs.size


def main() -> None:
    """Print one line per case and variant."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", default=["truth", "trex"])
    parser.add_argument("--orders", type=int, default=40)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--most", type=int, default=200, help="weights of an order")
    parser.add_argument("--variants", nargs="*", default=list(VARIANTS))
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    options = parser.parse_args()
    for name in options.cases:
        campaign = CASES[name].campaign(options.data)
        if campaign is None:
            print(f"{name}: left out, its data are not at {options.data}")
            continue
        config = StudyConfig(**(CASES[name].settings or {}))
        ground = make_ground(campaign, config)
        orders = random_orders(ground, options.orders, options.seed, options.most)
        evaluate(orders[0], ground.train, ground.validate, ground.settings)  # compiles
        print(f"{CASES[name].title}: {len(orders)} random orders, two replicates", flush=True)
        for label in options.variants:
            costs, cpu = replicates(ground, variant(ground.settings, label), orders)
            ratio = np.median(costs.max(axis=0) / costs.min(axis=0))
            print(
                f"  {label:28s} rank correlation {spearmanr(*costs).statistic:5.2f}, "
                f"ratio {ratio:.2f}, median cost {np.median(costs):.4f}, {cpu:.2f} s CPU",
                flush=True,
            )


if __name__ == "__main__":
    main()
