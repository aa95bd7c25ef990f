"""Enumerated lattices of model orders: every order of a small box, trained and scored once.

``python -m benchmarks.lattice_tables truth`` trains the 3168 orders of one case (tens of minutes of
CPU) and writes ``benchmarks/tables/lattice_truth.csv``. It may be killed and started again: what
is scored is kept in ``out/``. ``--na 2`` stops at two output lags (1584 orders); a later run goes
on from there. ``--replicate 1 --some 300`` adds a column with other weight tables for 300 of them,
drawn by lot. The first line of a table says which data, settings and engine it was made with.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import itertools
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from heliid.atomic import write_text
from heliid.search.encoding import Encoding
from heliid.search.searcher import Genome

if TYPE_CHECKING:
    from heliid.study.ground import Ground

ROOT = Path(__file__).resolve().parents[1]
TABLES = Path(__file__).parent / "tables"
CASES = ("truth", "trex", "drone", "aw109")
SETTINGS = {name: {"rate_hz": 10.0} for name in ("truth", "aw109")}  # cheap; else as proposed
ENGINE = ("heliid/kernels", "heliid/model", "heliid/training", "heliid/search/fitness.py")


@dataclass(frozen=True)
class LatticeBox:
    """The box of the enumerated lattices; one gene for all outputs, one set for all inputs."""

    na_max: int = 4
    nb_max: int = 8
    nk_max: int = 3
    spacing_max: int = 3
    hidden_max: int = 8


@dataclass(frozen=True, eq=False)
class Landscape:
    """A cost for every genome of a lattice; lost orders cost +inf."""

    name: str
    encoding: Encoding
    costs: dict[Genome, float]
    dt: float  # of the models, s
    replicates: tuple[dict[Genome, float], ...] = ()  # with other weight tables
    about: str = ""

    @property
    def optimum(self) -> float:
        """The lowest cost there is."""
        return min(self.costs.values())

    def share_within(self, level: float) -> float:
        """Share of the orders within ``level`` of the optimum."""
        best = self.optimum
        return sum(cost <= best * (1 + level) for cost in self.costs.values()) / len(self.costs)


def lattice_encoding(n_inputs: int, n_outputs: int, na_max: int = LatticeBox.na_max) -> Encoding:
    """na, nb, nk, spacing, h: 792 different orders for each na."""
    return Encoding(
        LatticeBox(na_max), n_inputs, n_outputs,
        output_groups=[0] * n_outputs, input_groups=[0] * n_inputs,
    )  # fmt: skip


def all_genomes(encoding: Encoding) -> list[Genome]:
    """Every canonical genome of a small box, sorted."""
    box = encoding.bounds
    ranges = [range(int(a), int(b) + 1) for a, b in zip(box.low, box.high, strict=True)]
    return sorted({encoding.canonical(genome) for genome in itertools.product(*ranges)})


def engine_hash() -> str:
    """SHA-256 over the sources that a cost depends on."""
    digest = hashlib.sha256()
    for place in ENGINE:
        path = ROOT / place
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.relative_to(ROOT).as_posix().encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def case_ground(name: str) -> Ground:
    """The data of a case as a study would prepare them; test records are left aside."""
    from benchmarks.accuracy import CASES as STUDIES
    from heliid.study.config import StudyConfig
    from heliid.study.ground import make_ground

    campaign = STUDIES[name].campaign(ROOT / "data")
    if campaign is None:
        raise SystemExit(f"The data of {name} are not in {ROOT / 'data'}.")
    return make_ground(campaign, StudyConfig(**SETTINGS.get(name, {})))


# storing


def table_text(encoding: Encoding, about: dict[str, Any], columns: list[list[float]]) -> str:
    """The table of a lattice: one line of JSON behind ``#``, then one order per line."""
    text = io.StringIO()
    text.write(f"# {json.dumps(about, sort_keys=True)}\n")
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow([*encoding.gene_labels, *(f"cost {k}" for k in range(len(columns)))])
    for genome, *costs in zip(all_genomes(encoding), *columns, strict=True):
        lines.writerow([*genome, *(f"{cost:.6g}" for cost in costs)])
    return text.getvalue()


def read_table(path: Path) -> tuple[dict[str, Any], list[list[float]]]:
    """What the first line of a table says, and its columns of costs; NaN in a replicate: none."""
    first, _, rest = path.read_text().partition("\n")
    about = json.loads(first.removeprefix("#"))
    encoding = encoding_of(about)
    rows = list(csv.reader(io.StringIO(rest)))[1:]
    genomes = [tuple(map(int, row[: encoding.dim])) for row in rows]
    if genomes != all_genomes(encoding):
        raise SystemExit(f"{path} does not hold the orders of today's box: make it again.")
    return about, [[float(row[k]) for row in rows] for k in range(encoding.dim, len(rows[0]))]


def encoding_of(about: dict[str, Any]) -> Encoding:
    """The box that a table covers."""
    return lattice_encoding(about["inputs"], about["outputs"], about.get("na_max", 4))


def load(path: Path) -> Landscape:
    """A stored lattice; searches run on its first replicate."""
    about, columns = read_table(path)
    encoding = encoding_of(about)
    tables = tuple(
        {
            genome: cost if math.isfinite(cost) else math.inf
            for genome, cost in zip(all_genomes(encoding), column, strict=True)
            if number == 0 or not math.isnan(cost)
        }
        for number, column in enumerate(columns)
    )
    text = (
        f"{about['rate_hz']:.4g} Hz, {about['samples']} training samples, "
        f"{about['outputs']} outputs, {about['inputs']} inputs, engine {about['engine']}, "
        f"{about['cpu_s']:.0f} s of CPU"
    )
    return Landscape(
        path.stem.removeprefix("lattice_"),
        encoding,
        tables[0],
        1.0 / about["rate_hz"],
        tables[1:],
        text,
    )


# enumerating


class Journal:
    """Costs scored so far, kept line by line so that an enumeration can be cut short."""

    def __init__(self, path: Path, key: dict[str, Any]) -> None:
        self.path, self.costs, self.cpu_s = path, {}, 0.0
        header = json.dumps(key, sort_keys=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = path.read_text().splitlines() if path.exists() else []
        if not lines or lines[0] != header:  # other data or another engine
            path.write_text(header + "\n")
            lines = []
        for line in lines[1:]:
            parts = line.split()
            if len(parts) == 3:
                self.costs[int(parts[0])] = float(parts[1])
                self.cpu_s += float(parts[2])

    def put(self, key: int, cost: float, cpu_s: float) -> None:
        """Keep one cost."""
        self.costs[key] = cost
        self.cpu_s += cpu_s
        with self.path.open("a") as file:
            file.write(f"{key} {cost!r} {cpu_s:.3f}\n")


def drawn(n: int, some: int) -> list[int]:
    """Which of ``n`` orders a replicate covers: ``some`` of them by a fixed lot, 0 for all."""
    if not 0 < some < n:
        return list(range(n))
    return sorted(np.random.default_rng(n).choice(n, some, replace=False).tolist())


def enumerate_case(
    name: str,
    replicate: int,
    seconds: float,
    journals: Path,
    na_max: int = LatticeBox.na_max,
    some: int = 0,
) -> None:
    """Train the orders of a case, at most ``seconds`` of CPU in this run, and store the costs."""
    from heliid.search.fitness import evaluate_task, install, make_payload
    from heliid.study.explore import fingerprint

    ground = case_ground(name)
    encoding = lattice_encoding(len(ground.inputs), len(ground.outputs), na_max)
    genomes = all_genomes(encoding)  # by na first: a larger box begins with the same ones
    largest = lattice_encoding(encoding.n_inputs, encoding.n_outputs).structure([4, 8, 3, 3, 8])
    reach = max(largest.output_lags[0]), max(largest.input_lags[0])
    install(make_payload(ground.train, ground.validate, ground.settings, reach))
    about = {
        "case": name, "engine": engine_hash(), "data": fingerprint(ground)[:16],
        "rate_hz": 1.0 / ground.dt, "samples": sum(map(len, ground.train.y)),
        "inputs": encoding.n_inputs, "outputs": encoding.n_outputs,
    }  # fmt: skip
    journal = Journal(journals / f"lattice_{name}_{replicate}.txt", about)
    wanted = drawn(len(genomes), some if replicate else 0)
    began = time.process_time()
    for key in wanted:
        if key in journal.costs:
            continue
        if time.process_time() - began > seconds:
            break
        score = evaluate_task(encoding.structure(genomes[key]).to_dict(), replicate)
        journal.put(key, score["cost"], score["cpu_s"])
        if len(journal.costs) % 200 == 0:
            print(f"{name}: {len(journal.costs)} of {len(wanted)}", flush=True)
    left = [key for key in wanted if key not in journal.costs]
    if left:
        print(f"{name}: {len(left)} of {len(wanted)} left; start it again to go on")
        return
    chosen = {key: journal.costs[key] for key in wanted}
    store(name, encoding, {**about, "na_max": na_max}, chosen, journal.cpu_s, replicate)


def store(
    name: str,
    encoding: Encoding,
    about: dict[str, Any],
    chosen: dict[int, float],
    cpu_s: float,
    replicate: int,
) -> None:
    """Write the table, or extend it by a replicate of the same engine and data."""
    path = TABLES / f"lattice_{name}.csv"
    costs = [chosen.get(key, math.nan) for key in range(len(all_genomes(encoding)))]
    columns: list[list[float]] = []
    about["cpu_s"] = round(cpu_s)
    if replicate and path.exists():
        kept, columns = read_table(path)
        if any(kept.get(key, 4) != about[key] for key in ("engine", "data", "na_max")):
            raise SystemExit(f"{path} is of another engine, data or box: make replicate 0 anew.")
        about["cpu_s"] = kept["cpu_s"]  # of all orders, once
    columns = [*columns[:replicate], costs]
    TABLES.mkdir(exist_ok=True)
    write_text(path, table_text(encoding, about, columns))
    print(f"{path}: {len(chosen)} orders, {cpu_s:.0f} s of CPU")


def main() -> None:
    """Enumerate the cases asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="+", choices=CASES)
    parser.add_argument("--replicate", type=int, default=0)
    parser.add_argument("--some", type=int, default=0, help="orders of a replicate; 0: all")
    parser.add_argument("--na", type=int, default=LatticeBox.na_max, help="output lags at most")
    parser.add_argument("--seconds", type=float, default=math.inf, help="of CPU per case and run")
    parser.add_argument("--journals", type=Path, default=ROOT / "out")
    options = parser.parse_args()
    for name in options.cases:
        enumerate_case(
            name, options.replicate, options.seconds, options.journals, options.na, options.some
        )


if __name__ == "__main__":
    main()
