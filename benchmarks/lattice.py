"""Searchers on enumerated lattices of model orders: how surely they find a near-best order.

``python -m benchmarks.lattice`` replays searches on the tables that ``benchmarks.lattice_tables``
made (``--synthetic N``: on rugged made-up ones): success within 1, 5 and 10 % of the optimum
against unique evaluations, 40 seeds, Wilcoxon against random search.
"""

from __future__ import annotations

import argparse
import math
from collections import deque
from collections.abc import Sequence

import numpy as np

from benchmarks.lattice_tables import TABLES, Landscape, all_genomes, lattice_encoding, load
from heliid.comparison import Comparison, Run, compare
from heliid.search.factory import make_searcher
from heliid.search.searcher import Genome

SEARCHERS = ("ais", "abc", "pso", "hill", "random", "abc-classic", "ais-classic", "pso-classic")
BUDGET, SEEDS, WINDOW = 400, 40, 8
TRIES = 10  # questions per order of the budget, before a searcher that repeats itself is stopped
SPAN_S = 0.3  # as in a study: the guess a search begins with
EFFORTS = (25, 50, 100, 200, 400)  # unique evaluations at which success is counted


def synthetic(seed: int) -> Landscape:
    """A rugged lattice made up after real ones.

    A spread of taps wins, hidden units help up to a point, training leaves a lognormal roughness,
    some orders diverge.
    """
    encoding = lattice_encoding(2, 4)
    rng = np.random.default_rng(seed)
    span_wanted = rng.uniform(6, 16)
    h_wanted, rough = rng.uniform(1.0, 4.0), rng.uniform(0.12, 0.3)
    na_price, nk_price = rng.uniform(0.03, 0.15), rng.uniform(0.1, 0.5)
    costs = {}
    for genome in all_genomes(encoding):
        na, nb, nk, spacing, h = genome
        span = nk + (nb - 1) * spacing + 1
        linear = 0.10 + 0.4 * math.exp(-span / (0.4 * span_wanted))
        linear += 0.02 * max(0.0, spacing - 2) + 0.004 * abs(span - span_wanted)
        nonlinear = 0.12 * math.exp(-h / h_wanted) - 0.07 * (1 - math.exp(-h / h_wanted))
        price = 1.0 + na_price * (na - 1) + nk_price * nk + 0.002 * h * (na * 4 + nb * 2)
        cost = (linear + nonlinear) * price * math.exp(rough * rng.standard_normal())
        if rng.random() < 0.01 + 0.004 * h * na:
            cost = 2.0 + rng.random()
        costs[genome] = cost
    return Landscape(f"synthetic {seed}", encoding, costs, 0.1)


def landscapes(names: Sequence[str] = ()) -> list[Landscape]:
    """The stored ones, or those named."""
    found = [load(path) for path in sorted(TABLES.glob("lattice_*.csv"))]
    return [one for one in found if not names or one.name in names]


# searches on a table


def replay(landscape: Landscape, name: str, seed: int, budget: int = BUDGET) -> Run:
    """One search with an in-order window, costs from the table."""
    encoding = landscape.encoding
    searcher = make_searcher(
        name, encoding.bounds, seed, canonical=encoding.canonical,
        first=encoding.first_members(
            encoding.spread_guess(landscape.dt, SPAN_S), encoding.small_guess()
        ),
    )  # fmt: skip
    waiting: deque[Genome] = deque()
    seen: set[Genome] = set()
    trace: list[float] = []
    best = math.inf
    for _ in range(TRIES * budget):  # the textbook forms come back to known points
        if len(trace) >= budget:
            break
        for point in searcher.ask(WINDOW - len(waiting)).astype(int).tolist():
            waiting.append(tuple(point))
        if not waiting:
            break
        genome = waiting.popleft()
        cost = landscape.costs[genome]
        searcher.tell(np.array([cost]))
        if genome not in seen:
            seen.add(genome)
            best = min(best, cost)
            trace.append(best)
    return Run(name, seed, tuple(trace))


def study(landscape: Landscape, names=SEARCHERS, seeds: int = SEEDS) -> Comparison:
    """All searchers on one landscape."""
    return compare(all_runs(landscape, names, seeds), optimum=landscape.optimum)


def all_runs(landscape: Landscape, names=SEARCHERS, seeds: int = SEEDS) -> list[Run]:
    """One run of every searcher for every seed."""
    return [replay(landscape, name, seed) for name in names for seed in range(seeds)]


def success(runs: Sequence[Run], optimum: float, level: float, evaluations: int) -> float:
    """Share of runs within ``level`` of the optimum after so many unique evaluations."""
    reached = [min(run.trace[:evaluations]) <= optimum * (1 + level) for run in runs]
    return sum(reached) / len(reached)


def show_progress(landscape: Landscape, runs: Sequence[Run]) -> None:
    """Success within 10 % against unique evaluations."""
    print(f"  within 10 % after{''.join(f'{n:7d}' for n in EFFORTS)}")
    for name in dict.fromkeys(run.searcher for run in runs):
        own = [run for run in runs if run.searcher == name]
        rates = [success(own, landscape.optimum, 0.1, n) for n in EFFORTS]
        print(f"  {name:17s}{''.join(f'{rate:7.0%}' for rate in rates)}")


def show(landscape: Landscape, found: Comparison) -> None:
    """The table of one landscape."""
    shares = ", ".join(f"{landscape.share_within(x):.2%} within {x:.0%}" for x in (0.01, 0.05, 0.1))
    print(f"\n{landscape.name}: {len(landscape.costs)} orders, optimum {landscape.optimum:.4f}")
    print(f"  of all orders {shares}; {found.budget} evaluations, {len(found.seeds)} seeds")
    print(f"{'':14s}   median  rank   within 1 %    5 %   10 %   half there after   against random")
    for one in found.summaries:
        rates = "".join(f"{rate.rate:7.0%}" for rate in one.success)
        when = one.success[-1].median_evaluations
        after = "-" if when is None else f"{when:.0f}"
        print(
            f"{one.searcher:14s}{one.median:9.4f}{one.mean_rank:6.2f}      {rates}{after:>17s}"
            f"     {against_random(one.searcher, found)}"
        )


def against_random(name: str, found: Comparison) -> str:
    """Chance and effect of one searcher against random search."""
    for pair in found.pairs:
        if {pair.first, pair.second} == {name, "random"} and name != "random":
            effect = pair.effect if pair.first == name else -pair.effect
            return f"p = {pair.p:.1e}, r = {effect:+.2f}"
    return ""


def replicate_correlation(landscape: Landscape) -> float | None:
    """Spearman's rank correlation between the first two replicates, if there are two."""
    from scipy.stats import spearmanr

    if not landscape.replicates:
        return None
    other = landscape.replicates[0]
    pairs = [(landscape.costs[genome], cost) for genome, cost in other.items()]
    return float(spearmanr(*zip(*pairs, strict=True)).statistic)


def main() -> None:
    """Compare the searchers on what is stored."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", help="tables by name; all by default")
    parser.add_argument("--synthetic", type=int, default=0, help="made-up landscapes instead")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--searchers", nargs="*", default=SEARCHERS)
    options = parser.parse_args()
    made_up = [synthetic(seed) for seed in range(options.synthetic)]
    chosen = made_up or landscapes(options.cases)
    if not chosen:
        raise SystemExit("No table is stored: make one with benchmarks.lattice_tables.")
    for landscape in chosen:
        runs = all_runs(landscape, options.searchers, options.seeds)
        found = compare(runs, optimum=landscape.optimum)
        show(landscape, found)
        show_progress(landscape, runs)
        print(found.paragraph)
        correlation = replicate_correlation(landscape)
        if correlation is not None:
            print(f"Rank correlation of two replicates: {correlation:.3f}")


if __name__ == "__main__":
    main()
