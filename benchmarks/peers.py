"""HeliID and other packages on the same records and the same orders, in one run.

``make bench-peers`` makes ``.venv-peers`` and runs ``python -m benchmarks.peers``: every method of
``peers_fit`` and HeliID on each case with three seeds, and the optimisers of ``peers_search`` on
the stored lattices. The figures go to ``benchmarks/tables/peers.json``, the tables made of them to
``docs/peers.md``. ``--write`` makes the tables again without running anything.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import as355
from benchmarks.accuracy import CASES as STUDIES
from benchmarks.accuracy import new_manoeuvres
from benchmarks.lattice_tables import TABLES
from benchmarks.peers_page import page
from heliid import truth
from heliid.atomic import write_json, write_text
from heliid.data.campaign import Campaign, Use
from heliid.data.prepare import prepare
from heliid.data.record import FlightRecord
from heliid.metrics import fit_percent
from heliid.model.network import NarxModel
from heliid.model.simulate import run_prepared
from heliid.study import StudyConfig
from heliid.study.ground import Ground, make_ground

ROOT = Path(__file__).resolve().parents[1]
HERE = Path(__file__).parent
RESULTS = TABLES / "peers.json"
SEEDS = (1, 2, 3)
START_S = 2.5  # of measured outputs that every free run begins with; scored after it
FLOOR = -300.0  # a fit below this counts as this: the run has left the record
HIDDEN, BUDGET = 4, 30  # of HeliID: units of the one order, orders of the search
TIMEOUT_S = 900.0  # of one method on one case, all seeds
FITS = ("arx", "n4sid", "mlp", "frols", "jax", "expert")
SEARCHES = ("optuna-tpe", "optuna-cmaes", "nevergrad-ngopt", "nevergrad-pso", "python-random")
SEARCH_SEEDS, SEARCH_BUDGET = 6, 400

Pair = tuple[FlightRecord, FlightRecord]  # as measured, and what the run is scored against


@dataclass(frozen=True)
class Case:
    """Training records and the groups of test records."""

    title: str
    campaign: Callable[[], Campaign | None]
    tests: Callable[[Campaign], dict[str, list[Pair]]]
    rate_hz: float  # 0: the one HeliID proposes


def _measured(campaign: Campaign) -> dict[str, list[Pair]]:
    return {"test": [(one, one) for one in campaign.with_use(Use.TEST)]}


def _truth_tests(_: Campaign) -> dict[str, list[Pair]]:
    shipped = truth.make_truth_set(1)
    outside = [pair for name, pair in shipped.items() if truth.role_of(name) == "test"]
    return {"inside the envelope": new_manoeuvres(1.0), "outside": outside}


def _as355_tests(*, is_hard: bool) -> Callable[[Campaign], dict[str, list[Pair]]]:
    clean = as355.record("test", 0, is_hard=is_hard, noise=0.0)
    return lambda campaign: {"test": [(campaign.with_use(Use.TEST)[0], clean)]}


def _shipped(name: str) -> Callable[[], Campaign | None]:
    return lambda: STUDIES[name].campaign(ROOT / "data")


CASES = {
    "as355": Case("AS355-like helicopter, simulated", as355.campaign,
                  lambda campaign: _as355_tests(is_hard=False)(campaign), 10.0),
    "as355-hard": Case("AS355-like helicopter, strongly nonlinear",
                       lambda: as355.campaign(is_hard=True),
                       lambda campaign: _as355_tests(is_hard=True)(campaign), 10.0),
    "truth": Case("BO-105-like helicopter, simulated", _shipped("truth"), _truth_tests, 10.0),
    "aw109": Case("AW109, simulated by others", _shipped("aw109"), _measured, 10.0),
    "trex": Case("T-REX 550, real flight", _shipped("trex"), _measured, 0.0),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Data:
    """What every method gets: records at model rate, and what the test runs are scored against."""

    ground: Ground
    n_start: int
    tests: dict[str, list[tuple[Any, np.ndarray]]]  # group: (prepared record, wanted outputs)

    @property
    def flat_tests(self) -> list[tuple[str, Any, np.ndarray]]:
        """Group, record and wanted outputs of every test record."""
        return [(group, *one) for group, pairs in self.tests.items() for one in pairs]


def make_data(case: Case) -> Data | None:
    """The records of a case at model rate; None when they are not here."""
    campaign = case.campaign()
    if campaign is None:
        return None
    ground = make_ground(campaign, StudyConfig(rate_hz=case.rate_hz))

    def prepared(record: FlightRecord) -> Any:
        return prepare(
            record, [c.name for c in ground.inputs], [c.name for c in ground.outputs],
            dt=ground.dt, trim_rule=ground.trim_rule, filter_hz=ground.filter_hz,
        )  # fmt: skip

    tests: dict[str, list[tuple[Any, np.ndarray]]] = {}
    for group, pairs in case.tests(campaign).items():
        made = [(prepared(noisy), prepared(clean)) for noisy, clean in pairs]
        tests[group] = [(a, b.y + b.y_trim - a.y_trim) for a, b in made]
    return Data(ground, round(START_S / ground.dt), tests)


def score(data: Data, simulated: list[np.ndarray]) -> dict[str, Any]:
    """Mean fit % per group, and how many runs left the record."""
    fits: dict[str, list[float]] = {}
    lost = 0
    for (group, _, wanted), y in zip(data.flat_tests, simulated, strict=True):
        n = data.n_start
        values = np.atleast_1d(
            fit_percent(wanted[n:], np.clip(np.nan_to_num(y[n:], nan=1e9), -1e9, 1e9))
        )
        lost += bool((values < FLOOR).any())
        fits.setdefault(group, []).append(float(np.maximum(values, FLOOR).mean()))
    return {"fit": {group: float(np.mean(v)) for group, v in fits.items()}, "lost": lost}


# HeliID


def run_model(data: Data, model: NarxModel) -> list[np.ndarray]:
    """Its free runs of the test records, as deviations from trim."""
    runs = [run_prepared(model, record) for _, record, _ in data.flat_tests]
    records = [record for _, record, _ in data.flat_tests]
    return [run.simulated - one.y_trim for run, one in zip(runs, records, strict=True)]


def heliid_order(data: Data, seed: int) -> NarxModel:
    """One order fixed beforehand: four input taps over 0.3 s, one output lag, four units."""
    from heliid.search.fitness import evaluate

    encoding, ground = data.ground.encoding, data.ground
    order = encoding.clip(encoding.spread_guess(ground.dt, n_hidden=HIDDEN))
    found = evaluate(
        encoding.structure(order), ground.train, ground.validate, ground.settings, seed_key=seed
    )
    assert found.weights is not None
    return ground.model(encoding.structure(order), found.weights)


def heliid_search(data: Data, seed: int, train_on: str = "train") -> NarxModel:
    """What a user does: the default search over so many orders, and its best model."""
    from heliid.study import identify

    rate = 1.0 / data.ground.dt
    config = StudyConfig(seed=seed, budget=BUDGET, rate_hz=rate, workers=1, train_on=train_on)
    return identify(data.ground.campaign, config).model


def heliid_all(data: Data, seed: int) -> NarxModel:
    """The same, its choice trained on the validation records too, as the peers are."""
    return heliid_search(data, seed, "all")


OURS = {"heliid-order": heliid_order, "heliid-search": heliid_search, "heliid-all": heliid_all}


def ours(data: Data, name: str, seeds: Sequence[int] = SEEDS) -> list[dict[str, Any]]:
    """One of HeliID's two ways, every seed."""
    rows = []
    for seed in seeds:
        began = time.process_time()
        model = OURS[name](data, seed)
        cpu = time.process_time() - began
        rows.append({"seed": seed, "cpu_s": cpu, **score(data, run_model(data, model))})
    return rows


# peers


def write_data(data: Data, path: Path) -> None:
    """The records for ``peers_fit``; training and validation records alike are for training."""
    prepared = data.ground.prepared
    train = [*prepared[Use.TRAIN], *prepared[Use.VALIDATE]]
    arrays: dict[str, np.ndarray] = {"n_train": np.array(len(train))}
    for k, one in enumerate(train):
        arrays[f"train_u{k}"], arrays[f"train_y{k}"] = one.u, one.y
    for k, (_, one, _) in enumerate(data.flat_tests):
        arrays[f"test_u{k}"], arrays[f"test_y{k}"] = one.u, one.y
    arrays["n_test"] = np.array(len(data.flat_tests))
    np.savez(path, n_start=np.array(data.n_start), **arrays)


def call(python: Path, script: str, *arguments: object) -> str:
    """Run a script in the peers' environment; empty when it went well, else what it said last."""
    flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    one |= {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags}
    command = [str(python), str(HERE / script), *map(str, arguments)]
    try:
        done = subprocess.run(
            command, env={**os.environ, **one}, capture_output=True, text=True, timeout=TIMEOUT_S,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"not finished after {TIMEOUT_S:.0f} s"
    if done.returncode == 0:
        return ""
    return (done.stderr.strip().splitlines() or ["failed"])[-1][:160]


def peer(
    python: Path, method: str, data: Data, folder: Path, seeds: Sequence[int] = SEEDS
) -> list[dict[str, Any]] | str:
    """One peer on one case, every seed; a sentence when it failed."""
    source, target = folder / "data.npz", folder / f"{method}.npz"
    write_data(data, source)
    trouble = call(python, "peers_fit.py", method, source, target, *seeds)
    if trouble:
        return trouble
    rows = []
    with np.load(target) as file:
        for seed in seeds:
            runs = [file[f"y_{seed}_{k}"] for k in range(len(data.flat_tests))]
            rows.append({"seed": seed, "cpu_s": float(file[f"cpu_{seed}"]), **score(data, runs)})
    return rows


def run_fits(
    python: Path, names: list[str], kept: dict[str, Any], methods: list[str], seeds: Sequence[int]
) -> None:
    """Every method on every case; ``kept`` is filled and saved on the way."""
    for name in names:
        data = make_data(CASES[name])
        if data is None:
            print(f"{name}: its data are not here")
            continue
        ground = data.ground
        about = {"title": CASES[name].title, "rate_hz": 1.0 / ground.dt,
                 "samples": sum(len(one.y) for use in (Use.TRAIN, Use.VALIDATE)
                                for one in ground.prepared[use]),
                 "outputs": [channel.name for channel in ground.outputs]}  # fmt: skip
        entry = kept.setdefault("fits", {}).setdefault(name, {"rows": {}})
        entry["about"] = about
        with tempfile.TemporaryDirectory() as folder:
            for method in (m for m in methods if m in FITS or m in OURS):
                new = (
                    ours(data, method, seeds) if method in OURS
                    else peer(python, method, data, Path(folder), seeds)
                )  # fmt: skip
                entry["rows"][method] = _merged(entry["rows"].get(method), new)
                print(f"{name} {method}: {_short(entry['rows'][method])}", flush=True)
                write_json(RESULTS, kept)


def _merged(old: Any, new: list[dict[str, Any]] | str) -> list[dict[str, Any]] | str:
    """The rows of other seeds stay."""
    if isinstance(new, str) or not isinstance(old, list):
        return new
    seeds = {row["seed"] for row in new}
    return sorted(
        [*(row for row in old if row["seed"] not in seeds), *new], key=lambda r: r["seed"]
    )


def _short(rows: list[dict[str, Any]] | str) -> str:
    if isinstance(rows, str):
        return rows
    fits = [", ".join(f"{v:.1f}" for v in row["fit"].values()) for row in rows]
    return f"{'; '.join(fits)} %, {np.median([row['cpu_s'] for row in rows]):.2f} s"


def run_searches(python: Path, kept: dict[str, Any]) -> None:
    """Other optimisers and HeliID's own on every stored lattice."""
    from benchmarks.lattice import landscapes, replay

    for landscape in landscapes():
        found: dict[str, Any] = {"optimum": landscape.optimum, "runs": {}, "ms": {}}
        for name in ("ais", "abc", "pso", "random"):
            began = time.process_time()
            runs = [replay(landscape, name, seed, SEARCH_BUDGET) for seed in range(SEARCH_SEEDS)]
            found["ms"][name] = 1e3 * (time.process_time() - began) / SEARCH_SEEDS / SEARCH_BUDGET
            found["runs"][name] = [list(run.trace) for run in runs]
        with tempfile.TemporaryDirectory() as folder:
            for name in SEARCHES:
                table, target = TABLES / f"lattice_{landscape.name}.csv", Path(folder) / "out.json"
                trouble = call(
                    python, "peers_search.py", name, table, target, SEARCH_SEEDS, SEARCH_BUDGET
                )
                if trouble:
                    found["runs"][name] = trouble
                    continue
                runs_ = json.loads(target.read_text())
                found["runs"][name] = [run["trace"] for run in runs_]
                found["ms"][name] = 1e3 * float(
                    np.median([run["cpu_s"] / max(1, run["asked"]) for run in runs_])
                )
        found["runs"] = {name: _thinned(runs) for name, runs in found["runs"].items()}
        kept.setdefault("searches", {})[landscape.name] = found
        write_json(RESULTS, kept)


def _thinned(runs: list[list[float]] | str) -> list[list[float]] | str:
    """Best cost after 50, 100, 200 and 400 unique orders; the last one where there are fewer."""
    if isinstance(runs, str):
        return runs
    return [[run[min(n, len(run)) - 1] for n in (50, 100, 200, 400)] for run in runs]


def main() -> None:
    """Run what is asked for and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", help="all by default")
    parser.add_argument("--python", type=Path, default=ROOT / ".venv-peers" / "bin" / "python")
    parser.add_argument("--methods", nargs="*", default=[*OURS, *FITS, "search"])
    parser.add_argument("--seeds", type=int, nargs="*", default=SEEDS)
    parser.add_argument("--write", action="store_true", help="the page only")
    options = parser.parse_args()
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    if not options.write:
        TABLES.mkdir(exist_ok=True)
        run_fits(options.python, options.cases or list(CASES), kept, options.methods, options.seeds)
        if "search" in options.methods:
            run_searches(options.python, kept)
    functions = TABLES / "optimisers.json"
    optimisers = json.loads(functions.read_text()) if functions.exists() else None
    write_text(ROOT / "docs" / "peers.md", page(kept, optimisers))


if __name__ == "__main__":
    main()
