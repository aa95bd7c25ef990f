"""How the fitness should use its weight tables: ``python -m benchmarks.table_rules [truth ...]``.

Random orders are trained from several weight tables, horizon by horizon, and judged on the
validation records (or on the folds, where the fitness has them) after each. Any rule that makes
one cost of a few tables can then be tried on all ways to draw two replicates that share no table.
Printed per rule: the mean rank correlation (Spearman) of the replicates, that of a replicate with
the mean final cost of the tables it has not seen, and the CPU a candidate would take.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from time import process_time

import numpy as np
from scipy.stats import spearmanr

from benchmarks.accuracy import CASES, ROOT
from benchmarks.landscape import random_orders
from heliid.model.structure import Structure
from heliid.study import StudyConfig
from heliid.study.ground import Ground, make_ground
from heliid.training import Dataset
from heliid.training.fit import first_stage, make_problem, run_stage
from heliid.training.folds import folds_of
from heliid.training.scoring import FitnessSettings, complexity_price, validation_cost


@dataclass(frozen=True, eq=False)
class Trained:
    """What tables cost after each horizon; axes: order, fold, table, horizon."""

    check: np.ndarray  # on the validation records or the fold kept back
    train: np.ndarray  # what training left
    cpu_s: np.ndarray  # (n_horizons,), of all folds of one order from one table, mean
    price: np.ndarray  # (n_orders,), of complexity

    @property
    def n_tables(self) -> int:
        """Tables per order and fold."""
        return self.check.shape[2]


def stages(
    order: Structure, train: Dataset, check: Dataset, settings: FitnessSettings, table: int
) -> list[tuple[float, float, float]]:
    """Validation cost, training cost and CPU seconds after each horizon."""
    ways, found = settings.training, []
    problem, step = make_problem(order, train, ways), train.increment_std
    stage, spent = first_stage(problem, ways, table), 0.0
    for horizon_s, iterations in zip(ways.horizons_s, ways.iterations, strict=True):
        began = process_time()
        stage = run_stage(problem, ways, stage, horizon_s, iterations)
        spent += process_time() - began
        weights = problem.layout.weights(stage.theta, step)
        cost, _, _ = validation_cost(order, weights, check, settings.windows_s, settings.n_start)
        found.append((cost, stage.cost, spent))
    return found


def train_all(ground: Ground, n_orders: int, n_tables: int, most: int, seed: int) -> Trained:
    """Every order from every table, on every fold."""
    settings = ground.settings
    folds = folds_of(ground.train, ground.validate, settings) or ((ground.train, ground.validate),)
    orders = random_orders(ground, n_orders, seed, most)
    found = np.array(
        [
            [
                [
                    stages(order, *(one.with_memory(order.memory) for one in fold), settings, table)
                    for table in range(n_tables)
                ]
                for fold in folds
            ]
            for order in orders
        ]
    )
    price = [
        complexity_price(one, ground.train, settings.penalty, settings.bandwidth_hz)
        for one in orders
    ]
    cpu = found[..., 2].mean(axis=(0, 2)).sum(axis=0)
    return Trained(found[..., 0], found[..., 1], cpu, np.array(price))


@dataclass(frozen=True)
class Rule:
    """One cost of several tables.

    All of them are trained through horizon ``through`` (-1 is the last one). ``by``: the best there
    ``train``-ed or on the ``check`` records is finished, or the ``mean`` of the latter is taken.
    """

    by: str
    through: int

    def cost(self, check: np.ndarray, train: np.ndarray) -> np.ndarray:
        """Costs (n, tables, horizons) on validation and in training to one (n,)."""
        if self.by == "mean":
            return check[:, :, self.through].mean(axis=1)
        best = (check if self.by == "check" else train)[:, :, self.through].argmin(axis=1)
        return check[np.arange(len(check)), best, -1]

    def seconds(self, data: Trained, n: int) -> float:
        """CPU of a candidate with ``n`` tables."""
        part = float(data.cpu_s[self.through])
        return n * part + (0.0 if self.by == "mean" else float(data.cpu_s[-1]) - part)


RULES = {
    "two horizons, best trained finished": Rule("train", -3),
    "three horizons, best trained finished": Rule("train", -2),
    "two horizons, best on validation finished": Rule("check", -3),
    "three horizons, best on validation finished": Rule("check", -2),
    "all finished, best trained": Rule("train", -1),
    "all finished, best on validation": Rule("check", -1),
    "all finished, mean": Rule("mean", -1),
    "three horizons, mean, none finished": Rule("mean", -2),
}


def fitness(data: Trained, rule: Rule, tables: tuple[int, ...]) -> np.ndarray:
    """The cost (n_orders,) that a rule makes of some tables."""
    check, train = data.check[:, :, tables], data.train[:, :, tables]
    folds = [rule.cost(check[:, k], train[:, k]) for k in range(check.shape[1])]
    return np.mean(folds, axis=0) + data.price


def agreement(data: Trained, rule: Rule, n: int) -> tuple[float, float]:
    """Mean rank correlation of two replicates of ``n`` tables, and with the mean of the others."""
    pairs, others = [], []
    for one in combinations(range(data.n_tables), n):
        rest = tuple(k for k in range(data.n_tables) if k not in one)
        cost = fitness(data, rule, one)
        mean = data.check[:, :, rest, -1].mean(axis=(1, 2)) + data.price
        others.append(spearmanr(cost, mean).statistic)
        pairs += [
            spearmanr(cost, fitness(data, rule, two)).statistic
            for two in combinations(rest, n)
            if two > one
        ]
    return float(np.mean(pairs)), float(np.mean(others))


def show(data: Trained, most_tables: int) -> None:
    """One line per rule and number of tables."""
    print("| rule | tables | replicates | with the mean of the others | CPU s |")
    print("| --- | --- | --- | --- | --- |")
    first, others = agreement(data, RULES["all finished, mean"], 1)
    print(f"| one table | 1 | {first:.2f} | {others:.2f} | {data.cpu_s[-1]:.3f} |")
    for n in range(2, most_tables + 1):
        for name, rule in RULES.items():
            pair, others = agreement(data, rule, n)
            print(f"| {name} | {n} | {pair:.2f} | {others:.2f} | {rule.seconds(data, n):.3f} |")


def main() -> None:
    """One table per case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", default=["truth", "trex"])
    parser.add_argument("--orders", type=int, default=40)
    parser.add_argument("--tables", type=int, default=6, help="trained; a replicate has up to half")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--most", type=int, default=200, help="weights of an order")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    options = parser.parse_args()
    for name in options.cases:
        campaign = CASES[name].campaign(options.data)
        if campaign is None:
            print(f"{name}: left out, its data are not at {options.data}")
            continue
        ground = make_ground(campaign, StudyConfig(**(CASES[name].settings or {})))
        data = train_all(ground, options.orders, options.tables, options.most, options.seed)
        print(f"\n{CASES[name].title}: {options.orders} random orders, {options.tables} tables\n")
        show(data, min(options.tables // 2, 4))


if __name__ == "__main__":
    main()
