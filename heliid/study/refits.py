"""The last word on the best orders: more training, from more starts, side by side in the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from heliid.engine.protocol import Engine, Result, Task
from heliid.errors import HeliIDError
from heliid.events import ShouldStop
from heliid.model.network import Weights
from heliid.model.structure import Structure
from heliid.search.fitness import make_payload, settings_from_dict, with_ridge
from heliid.study.kept import MISSING, KeptRefits, refit_key
from heliid.training import Dataset, train
from heliid.training.folds import Fold, best_ridge, folds_of
from heliid.training.scoring import FitnessSettings, complexity_price, validation_cost

EFFORT = 2.0  # times the iterations of a fit inside the search
INSTALL = "heliid.study.refits:install"
TASK = "heliid.study.refits:refit_task"


@dataclass(frozen=True, eq=False)
class Refit:
    """One trained order with its cost on validation, priced as in the search."""

    structure: Structure
    weights: Weights
    cost: float
    nrmse: np.ndarray  # (ny,), whole-record free run on validation
    diverged: bool
    origin: str  # "search", or the weight table
    train_cost: float = float("nan")
    ridge: float = float("nan")  # it was trained with; NaN for that of the study's settings

    def is_better_than(self, other: Refit) -> bool:
        """The one order of refits: cost, then fewer parameters."""
        mine, theirs = self.structure.n_parameters, other.structure.n_parameters
        return (self.cost, mine) < (other.cost, theirs)


def refit_all(
    structures: Sequence[Structure],
    tables: Sequence[int],
    train_data: Dataset,
    validate_data: Dataset,
    settings: FitnessSettings,
    engine: Engine,
    *,
    should_stop: ShouldStop,
    progress: Callable[[int, int], None],
    kept: KeptRefits | None = None,
    fingerprint: str = "",
) -> list[Refit]:
    """Every order trained from every weight table (linear ones once), in that order.

    What cannot be trained is left out; a stop leaves what is done so far. What ``kept`` has of
    the data and settings of that ``fingerprint`` is not trained again.
    """
    kept = KeptRefits(None) if kept is None else kept
    jobs = [
        (structure, table)
        for structure in structures
        for table in (tables if structure.n_hidden else tables[:1])
    ]
    keys = [refit_key(fingerprint, structure, table, EFFORT) for structure, table in jobs]
    values = {k: kept.get(key) for k, key in enumerate(keys) if kept.get(key) is not MISSING}

    def take(result: Result) -> None:
        if result.status == "ok":
            values[result.key] = result.value
            kept.put(keys[result.key], result.value)
        elif result.status != "cancelled":
            values[result.key] = None
        progress(len(values), len(jobs))

    def train_those(chosen: Sequence[int], ridges: dict[Structure, float]) -> None:
        tasks = [
            Task(k, TASK, (jobs[k][0].to_dict(), jobs[k][1], ridges.get(jobs[k][0])))
            for k in chosen
            if k not in values
        ]
        if tasks:
            engine.setup(INSTALL, (make_payload(train_data, validate_data, settings),))
            engine.run(tasks, on_result=take, should_stop=should_stop)

    everything = range(len(jobs))
    if settings.n_folds:  # once per order: the cost and the ridge belong to it, not to a table
        first = [k for k in everything if jobs[k][1] == tables[0]]
        train_those(first, {})
        ridges = {jobs[k][0]: values[k]["ridge"] for k in first if values.get(k)}
        train_those([k for k in everything if jobs[k][0] in ridges and k not in first], ridges)
    else:
        train_those(everything, {})
    done = {k: value for k, value in values.items() if value is not None}
    if settings.n_folds:
        done = _by_order(done, [structure for structure, _ in jobs])
    else:
        done = {k: done[k] for k in sorted(done)}
    return [_from_plain(value, *jobs[k]) for k, value in done.items()]


def _by_order(
    done: dict[int, dict[str, Any]], structures: Sequence[Structure]
) -> dict[int, dict[str, Any]]:
    """Refits with the cost of their order, the best trained first.

    A cross-validated cost belongs to the order: it says nothing about the weights of one table. It
    was found with the first one.
    """
    judge: dict[Structure, dict[str, Any]] = {}
    for k in sorted(done):
        judge.setdefault(structures[k], done[k])
    ranked = sorted(done, key=lambda k: (done[k]["diverged"], done[k]["train_cost"], k))
    of_order = ("cost", "nrmse")
    return {k: {**done[k], **{n: judge[structures[k]][n] for n in of_order}} for k in ranked}


def _from_plain(value: dict[str, Any], structure: Structure, table: int) -> Refit:
    return Refit(
        structure,
        Weights.from_dict(value["weights"], structure),
        value["cost"],
        np.array(value["nrmse"]),
        value["diverged"],
        f"table {table}",
        value["train_cost"],
        value["ridge"],
    )


_here: list[tuple[Dataset, Dataset, FitnessSettings, tuple[Fold, ...]]] = []


def install(payload: dict[str, Any]) -> None:
    """Keep data and settings in this process for ``refit_task``."""
    train_data = Dataset.from_dict(payload["train"])
    validate_data = Dataset.from_dict(payload["validate"])
    settings = settings_from_dict(payload["settings"])
    folds = folds_of(train_data, validate_data, settings)
    _here[:] = [(train_data, validate_data, settings, folds)]


def refit_task(
    structure: dict[str, Any], table: int, ridge: float | None = None
) -> dict[str, Any] | None:
    """One order from one weight table as plain data; None when it cannot be trained.

    With folds it is cross-validated, unless its ``ridge`` is known from that already.
    """
    train_data, validate_data, settings, folds = _here[0]
    order = Structure.from_dict(structure)
    if ridge is not None:
        settings, folds = with_ridge(settings, ridge), ()
    harder = settings.training.with_effort(EFFORT)
    try:
        judge = best_ridge(order, folds, settings, harder, table) if folds else None
        if judge is not None:
            harder = with_ridge(settings, judge.ridge).training.with_effort(EFFORT)
        fit = train(order, train_data.with_memory(order.memory), harder, table)
        cost, nrmse, diverged = judged(order, fit.weights, train_data, validate_data, settings)
        if judge is not None:
            price = complexity_price(order, train_data, settings.penalty, settings.bandwidth_hz)
            cost, nrmse, diverged = judge.cost + price, judge.nrmse, diverged or judge.diverged
    except HeliIDError:
        return None
    return {
        "weights": fit.weights.to_dict(),
        "cost": cost,
        "train_cost": fit.cost,
        "nrmse": nrmse.tolist(),
        "diverged": diverged,
        "ridge": harder.ridge,
    }


def judged(
    structure: Structure,
    weights: Weights,
    train_data: Dataset,
    validate_data: Dataset,
    settings: FitnessSettings,
) -> tuple[float, np.ndarray, bool]:
    """Cost with its price for complexity, NRMSE (ny,), any divergence: as the search counts."""
    validate = validate_data.with_memory(structure.memory)
    cost, nrmse, diverged = validation_cost(
        structure, weights, validate, settings.windows_s, settings.n_start, settings.risk
    )
    price = complexity_price(structure, train_data, settings.penalty, settings.bandwidth_hz)
    return cost + price, nrmse, diverged
