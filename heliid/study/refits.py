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
from heliid.search.fitness import make_payload, settings_from_dict
from heliid.study.kept import MISSING, KeptRefits, refit_key
from heliid.training import Dataset, train
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
    tasks = [
        Task(k, TASK, (structure.to_dict(), table))
        for k, (structure, table) in enumerate(jobs)
        if k not in values
    ]

    def take(result: Result) -> None:
        if result.status == "ok":
            values[result.key] = result.value
            kept.put(keys[result.key], result.value)
        elif result.status != "cancelled":
            values[result.key] = None
        progress(len(values), len(jobs))

    if tasks:
        engine.setup(INSTALL, (make_payload(train_data, validate_data, settings),))
        engine.run(tasks, on_result=take, should_stop=should_stop)
    return [
        _from_plain(values[k], structure, table)
        for k, (structure, table) in enumerate(jobs)
        if values.get(k) is not None
    ]


def _from_plain(value: dict[str, Any], structure: Structure, table: int) -> Refit:
    return Refit(
        structure,
        Weights.from_dict(value["weights"], structure),
        value["cost"],
        np.array(value["nrmse"]),
        value["diverged"],
        f"table {table}",
    )


_here: list[tuple[Dataset, Dataset, FitnessSettings]] = []


def install(payload: dict[str, Any]) -> None:
    """Keep data and settings in this process for ``refit_task``."""
    _here[:] = [
        (
            Dataset.from_dict(payload["train"]),
            Dataset.from_dict(payload["validate"]),
            settings_from_dict(payload["settings"]),
        )
    ]


def refit_task(structure: dict[str, Any], table: int) -> dict[str, Any] | None:
    """One order from one weight table as plain data; None when it cannot be trained."""
    train_data, validate_data, settings = _here[0]
    order = Structure.from_dict(structure)
    ways = settings.training
    harder = ways.with_effort(EFFORT)
    try:
        fit = train(order, train_data.with_memory(order.memory), harder, table)
        found = judged(order, fit.weights, train_data, validate_data, settings)
    except HeliIDError:
        return None
    cost, nrmse, diverged = found
    return {
        "weights": fit.weights.to_dict(),
        "cost": cost,
        "nrmse": nrmse.tolist(),
        "diverged": diverged,
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
