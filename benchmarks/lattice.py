"""Searchers on enumerated lattices of model orders: how surely they find a near-best order.

``python -m benchmarks.lattice enumerate truth`` trains every order of a box of about 3000 on the
data of one case, once, into ``benchmarks/data/lattice_NAME.csv.gz`` (minutes of CPU; ``--replicate
1`` adds other weight tables). ``python -m benchmarks.lattice`` replays searches on these tables, or
on synthetic rugged ones where none is stored: success within 1, 5 and 10 % of the optimum against
unique evaluations, 40 seeds, Wilcoxon against random search.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import itertools
import math
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from heliid.comparison import Comparison, Run, compare
from heliid.search.encoding import Encoding
from heliid.search.factory import make_searcher
from heliid.search.searcher import Genome

DATA = Path(__file__).parent / "data"
SEARCHERS = ("ais", "abc", "pso", "hill", "random", "abc-classic", "ais-classic", "pso-classic")
BUDGET, SEEDS, WINDOW = 400, 40, 8
SETTINGS = {"truth": {"rate_hz": 10.0}}  # cheaper than the rate a study would take


@dataclass(frozen=True)
class LatticeBox:
    """The box of the enumerated lattices; one gene for all outputs, one set for all inputs."""

    na_max: int = 4
    nb_max: int = 8
    nk_max: int = 3
    spacing_max: int = 3
    hidden_max: int = 8


def lattice_encoding(n_inputs: int, n_outputs: int) -> Encoding:
    """na, nb, nk, spacing, h: 3168 different orders."""
    return Encoding(
        LatticeBox(), n_inputs, n_outputs,
        output_groups=[0] * n_outputs, input_groups=[0] * n_inputs,
    )  # fmt: skip


def all_genomes(encoding: Encoding) -> list[Genome]:
    """Every canonical genome of a small box, sorted."""
    box = encoding.bounds
    ranges = [range(int(a), int(b) + 1) for a, b in zip(box.low, box.high, strict=True)]
    return sorted({encoding.canonical(genome) for genome in itertools.product(*ranges)})


@dataclass(frozen=True, eq=False)
class Landscape:
    """A cost for every genome of a lattice."""

    name: str
    encoding: Encoding
    costs: dict[Genome, float]

    @property
    def optimum(self) -> float:
        """The lowest cost there is."""
        return min(self.costs.values())

    def share_within(self, level: float) -> float:
        """Share of the orders within ``level`` of the optimum."""
        best = self.optimum
        return sum(cost <= best * (1 + level) for cost in self.costs.values()) / len(self.costs)


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
    return Landscape(f"synthetic {seed}", encoding, costs)


def load(path: Path) -> Landscape:
    """A stored lattice; the mean over replicates where there are several."""
    with gzip.open(path, "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    encoding = lattice_encoding(int(rows[0]["inputs"]), int(rows[0]["outputs"]))
    columns = [name for name in rows[0] if name.startswith("cost")]
    costs = {encoding.parse(row["order"].replace(";", ",")): float(row[columns[0]]) for row in rows}
    return Landscape(path.name.removeprefix("lattice_").split(".")[0], encoding, costs)


def landscapes() -> list[Landscape]:
    """The stored ones, else synthetic ones."""
    stored = sorted(DATA.glob("lattice_*.csv.gz"))
    return [load(path) for path in stored] if stored else [synthetic(seed) for seed in range(6)]


# searches on a table


def replay(landscape: Landscape, name: str, seed: int, budget: int = BUDGET) -> Run:
    """One search with an in-order window, costs from the table."""
    encoding = landscape.encoding
    searcher = make_searcher(
        name, encoding.bounds, seed, canonical=encoding.canonical,
        first=encoding.first_members(encoding.spread_guess(0.1)),
    )  # fmt: skip
    waiting: deque[Genome] = deque()
    seen: set[Genome] = set()
    trace: list[float] = []
    best = math.inf
    for _ in range(50 * budget):  # the textbook forms come back to known points
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
    runs = [replay(landscape, name, seed) for name in names for seed in range(seeds)]
    return compare(runs, optimum=landscape.optimum)


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


# enumeration


def enumerate_case(name: str, replicate: int, workers: int) -> None:
    """Train every order of a case and store the costs."""
    from heliid.engine.local import LocalEngine
    from heliid.engine.protocol import Task
    from heliid.events import never

    encoding, payload = case_payload(name)
    genomes = all_genomes(encoding)
    engine = LocalEngine(workers)
    engine.setup("heliid.search.fitness:install", (payload,))
    costs: dict[int, float] = {}
    began = time.monotonic()

    def note(result) -> None:
        costs[result.key] = result.value["cost"] if result.status == "ok" else math.nan
        if len(costs) % 200 == 0:
            print(f"{len(costs)} of {len(genomes)}, {time.monotonic() - began:.0f} s", flush=True)

    engine.run(
        (Task(key, "heliid.search.fitness:evaluate_task",
              (encoding.structure(genome).to_dict(), replicate))
         for key, genome in enumerate(genomes)),
        on_result=note, should_stop=never,
    )  # fmt: skip
    engine.close()
    store(name, encoding, genomes, [costs[key] for key in range(len(genomes))], replicate)


def case_payload(name: str):
    """The encoding and the data of a case, as a study would prepare them."""
    from benchmarks.accuracy import CASES, ROOT
    from heliid.search.fitness import make_payload
    from heliid.study.config import StudyConfig
    from heliid.study.ground import make_ground

    campaign = CASES[name].campaign(ROOT / "data")
    if campaign is None:
        raise SystemExit(f"The data of {name} are not here.")
    ground = make_ground(
        campaign, StudyConfig(**(SETTINGS.get(name) or CASES[name].settings or {}))
    )
    encoding = lattice_encoding(len(ground.inputs), len(ground.outputs))
    largest = encoding.structure([4, 8, 3, 3, 8])
    reach = max(largest.output_lags[0]), max(largest.input_lags[0])
    return encoding, make_payload(ground.train, ground.validate, ground.settings, reach)


def store(name: str, encoding: Encoding, genomes, costs, replicate: int) -> None:
    """Write or extend the compact table."""
    DATA.mkdir(exist_ok=True)
    path = DATA / f"lattice_{name}.csv.gz"
    rows = [{"order": encoding.text(genome).replace(",", ";"), "inputs": encoding.n_inputs,
             "outputs": encoding.n_outputs} for genome in genomes]  # fmt: skip
    if path.exists():
        with gzip.open(path, "rt", newline="") as file:
            rows = list(csv.DictReader(file))
    for row, cost in zip(rows, costs, strict=True):
        row[f"cost {replicate}"] = f"{cost:.6g}"
    with gzip.open(path, "wt", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    print(f"{path}: {len(rows)} orders")


def replicate_correlation(path: Path) -> float | None:
    """Spearman's rank correlation between two replicates, if there are two."""
    from scipy.stats import spearmanr

    with gzip.open(path, "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = [name for name in rows[0] if name.startswith("cost")]
    if len(columns) < 2:
        return None
    pairs = [(float(row[columns[0]]), float(row[columns[1]])) for row in rows]
    return float(spearmanr(*zip(*pairs, strict=True)).statistic)


def main() -> None:
    """Enumerate a case, or compare the searchers on what is stored."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="?", choices=["compare", "enumerate"], default="compare")
    parser.add_argument("case", nargs="?", default="truth")
    parser.add_argument("--replicate", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--searchers", nargs="*", default=SEARCHERS)
    options = parser.parse_args()
    if options.what == "enumerate":
        enumerate_case(options.case, options.replicate, options.workers)
        return
    for landscape in landscapes():
        found = study(landscape, options.searchers, options.seeds)
        show(landscape, found)
        print(found.paragraph)
    for path in sorted(DATA.glob("lattice_*.csv.gz")):
        correlation = replicate_correlation(path)
        if correlation is not None:
            print(f"{path.name}: rank correlation of two replicates {correlation:.3f}")


if __name__ == "__main__":
    main()
