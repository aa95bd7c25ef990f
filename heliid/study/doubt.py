"""Is the network really better than the linear model? Asked of every record in turn.

A search looks at many orders on few validation records, so its winner is partly lucky there. Before
a network is preferred to the linear model both are trained again and again, each time without one
record (or one part of a short campaign), and the network must win by more than a standard error of
the differences: the one-standard-error rule of Breiman et al., Classification and Regression Trees
(1984), section 3.4.3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from heliid.engine.protocol import Engine, Result, Task
from heliid.errors import HeliIDError
from heliid.events import ShouldStop
from heliid.model.structure import Structure
from heliid.search.fitness import make_payload, settings_from_dict, with_ridge
from heliid.study.ground import Ground
from heliid.study.refits import Refit
from heliid.training import Dataset
from heliid.training.folds import N_STARTS, Fold, fold_error, make_folds
from heliid.training.scoring import DIVERGED_COST, FitnessSettings, complexity_price

MOST_FOLDS = 6  # records beyond that share a fold
TIME_FOLDS = 5  # parts of a campaign of two records, or of one short recording
INSTALL = "heliid.study.doubt:install"
TASK = "heliid.study.doubt:doubt_task"


@dataclass(frozen=True)
class Doubt:
    """How much lower the network's cost is than the linear model's, part by part.

    ``gains``: linear minus network on each part left out, prices of complexity included.
    """

    gains: tuple[float, ...]

    @property
    def gain(self) -> float:
        """The mean gain."""
        return float(np.mean(self.gains))

    @property
    def error(self) -> float:
        """Its standard error."""
        return float(np.std(self.gains, ddof=1) / np.sqrt(len(self.gains)))

    @property
    def is_sure(self) -> bool:
        """True when the network is better by more than one standard error."""
        return self.gain > self.error

    @property
    def sentence(self) -> str:
        """Why the linear model is the result although a network cost less on validation."""
        return (
            f"A network costs less on the validation records, but not reliably: over "
            f"{len(self.gains)} parts of the records, each left out of training in turn, its cost "
            f"is lower by {self.gain:.3f} with a standard error of {self.error:.3f}. The linear "
            f"model is the result."
        )


def parts_of(train: Dataset, validate: Dataset, settings: FitnessSettings) -> tuple[Fold, ...]:
    """What trains and what judges, part by part: one record each where there are three or more.

    Two records, or pieces of one short recording, are cut in time instead.
    """
    n = train.n_records + validate.n_records
    if settings.n_folds > 1 or n < 3:
        return make_folds(train, validate, TIME_FOLDS, max(10, 2 * settings.n_start))
    u, y = (*train.u, *validate.u), (*train.y, *validate.y)
    groups = [range(k, n, MOST_FOLDS) for k in range(min(n, MOST_FOLDS))]

    def only(chosen: Sequence[int]) -> Dataset:
        return replace(train, u=tuple(u[k] for k in chosen), y=tuple(y[k] for k in chosen))

    return tuple((only([k for k in range(n) if k not in group]), only(group)) for group in groups)


def doubt_network(
    network: Refit,
    linear: Structure,
    ground: Ground,
    engine: Engine,
    *,
    should_stop: ShouldStop,
    progress: Callable[[int, int], None],
) -> Doubt | None:
    """The gain of a network over the linear order on every part; None when it cannot be asked.

    It cannot when there are fewer than two parts, or the job is stopped.
    """
    n_parts = len(parts_of(ground.train, ground.validate, ground.settings))
    if n_parts < 2:
        return None
    costs = np.full((2, n_parts), DIVERGED_COST + 1.0)
    usual = ground.settings.training.ridge
    ridge = network.ridge if np.isfinite(network.ridge) else usual
    orders = ((linear, usual), (network.structure, ridge))
    tasks = [
        Task(i * n_parts + k, TASK, (order.to_dict(), k, ridge))
        for i, (order, ridge) in enumerate(orders)
        for k in range(n_parts)
    ]
    done: list[int] = []

    def take(result: Result) -> None:
        if result.status == "ok":
            costs[divmod(result.key, n_parts)] = result.value
        if result.status != "cancelled":
            done.append(result.key)
        progress(len(done), len(tasks))

    engine.setup(INSTALL, (make_payload(ground.train, ground.validate, ground.settings),))
    engine.run(tasks, on_result=take, should_stop=should_stop)
    if len(done) < len(tasks):
        return None
    return Doubt(tuple((costs[0] - costs[1]).tolist()))


_here: list[tuple[Dataset, FitnessSettings, tuple[Fold, ...]]] = []


def install(payload: dict[str, Any]) -> None:
    """Keep data and settings in this process for ``doubt_task``."""
    train, validate = Dataset.from_dict(payload["train"]), Dataset.from_dict(payload["validate"])
    settings = settings_from_dict(payload["settings"])
    _here[:] = [(train, settings, parts_of(train, validate, settings))]


def doubt_task(structure: dict[str, Any], part: int, ridge: float) -> float:
    """The cost of an order on one part, trained on the others, with its price of complexity."""
    train, settings, parts = _here[0]
    order = Structure.from_dict(structure)
    price = complexity_price(order, train, settings.penalty, settings.bandwidth_hz)
    try:
        cost, _, _ = fold_error(
            order, parts[part], settings, with_ridge(settings, ridge).training,
            tuple(range(N_STARTS)),
        )  # fmt: skip
    except HeliIDError:
        return DIVERGED_COST + 1.0 + price
    return cost + price
