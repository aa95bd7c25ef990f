"""Cross-validation inside one short recording: every part validates once what the rest trained.

A model chosen by one short piece of a flight is chosen by what happened to be flown there. On
parts of two real flights held out for the purpose, the cost over three folds ranked orders more
like the error on the held-out part than the cost on the last piece did (docs/decisions.md).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from heliid.events import ShouldStop, never
from heliid.model.structure import Structure
from heliid.training.dataset import Dataset
from heliid.training.fit import TrainingSettings
from heliid.training.fit import train as train_weights
from heliid.training.scoring import FitnessSettings, validation_cost

N_STARTS = 2  # weight tables per fold where no settings say so
Fold = tuple[Dataset, Dataset]  # what trains, what validates


def make_folds(train: Dataset, validate: Dataset, n: int, shortest: int) -> tuple[Fold, ...]:
    """``n`` folds of equal length over all records of both sets, laid end to end.

    Each record is cut where a fold ends; pieces shorter than ``shortest`` samples are left out.
    Folds with nothing left to train on or to validate are not made.
    """
    u, y = (*train.u, *validate.u), (*train.y, *validate.y)
    edges = np.concatenate([[0], np.cumsum([len(one) for one in y])])
    cuts = np.round(np.linspace(0, edges[-1], n + 1)).astype(int)
    folds = []
    for low, high in pairwise(cuts.tolist()):
        inside, outside = [], []
        for k, (first, last) in enumerate(pairwise(edges.tolist())):
            a, b = np.clip([low, high], first, last) - first
            inside.append((k, a, b))
            outside += [(k, 0, a), (k, b, last - first)]
        parts = [
            [(k, a, b) for k, a, b in pieces if b - a >= shortest] for pieces in (outside, inside)
        ]
        if all(parts):
            trains, validates = (
                replace(
                    train,
                    u=tuple(u[k][a:b] for k, a, b in part),
                    y=tuple(y[k][a:b] for k, a, b in part),
                )
                for part in parts
            )
            folds.append((trains, validates))
    return tuple(folds)


def folds_of(train: Dataset, validate: Dataset, settings: FitnessSettings) -> tuple[Fold, ...]:
    """The folds that the settings ask for, none for scoring on the validation records alone."""
    if settings.n_folds < 2:
        return ()
    return make_folds(train, validate, settings.n_folds, max(10, 2 * settings.n_start))


def cross_validated(
    structure: Structure,
    folds: tuple[Fold, ...],
    settings: FitnessSettings,
    ways: TrainingSettings,
    table: int = 0,
    should_stop: ShouldStop = never,
) -> tuple[float, np.ndarray, bool]:
    """Mean cost and NRMSE (ny,) over the folds, any divergence.

    Fold k of n takes the weight tables ``table`` + k, ``table`` + k + n, ..., as many as the
    settings say.
    """
    n, reach = len(folds), max(1, settings.n_tables) * len(folds)
    found = [
        fold_error(
            structure, fold, settings, ways,
            tuple(range(table + k, table + reach, n)), should_stop,
        )
        for k, fold in enumerate(folds)
    ]  # fmt: skip
    costs, nrmse, diverged = zip(*found, strict=True)
    return float(np.mean(costs)), np.mean(nrmse, axis=0), any(diverged)


@dataclass(frozen=True, eq=False)
class Judged:
    """What cross-validation says of an order, and the ridge it did best with."""

    cost: float
    nrmse: np.ndarray  # (ny,)
    diverged: bool
    ridge: float


def best_ridge(
    structure: Structure,
    folds: tuple[Fold, ...],
    settings: FitnessSettings,
    ways: TrainingSettings,
    table: int = 0,
    should_stop: ShouldStop = never,
) -> Judged:
    """``cross_validated`` with each ridge that the settings offer, the best of them.

    How much curvature a short recording supports differs from one to the next by more than the
    noise in it tells; a linear order has nothing that the ridge restrains.
    """
    ridges = settings.ridges if structure.n_hidden and settings.ridges else (ways.ridge,)
    tried = [
        Judged(
            *cross_validated(
                structure, folds, settings, replace(ways, ridge=ridge), table, should_stop
            ),
            ridge,
        )
        for ridge in ridges
    ]
    return min(tried, key=lambda one: one.cost)


def fold_error(
    structure: Structure,
    fold: Fold,
    settings: FitnessSettings,
    ways: TrainingSettings,
    tables: tuple[int, ...],
    should_stop: ShouldStop = never,
) -> tuple[float, np.ndarray, bool]:
    """Cost and NRMSE (ny,) on what one fold keeps back, whether all runs diverge.

    The mean over the weight ``tables`` (a linear order needs but the first): which of them trains
    best says nothing about which is best here (docs/decisions.md).
    """
    trains, validates = fold
    data, kept_back = (one.with_memory(structure.memory) for one in (trains, validates))
    found = []
    for table in tables if structure.n_hidden else tables[:1]:
        fit = train_weights(structure, data, ways, table, should_stop)
        found.append(
            validation_cost(
                structure,
                fit.weights,
                kept_back,
                settings.windows_s,
                settings.n_start,
                settings.risk,
            )
        )
    costs, nrmse, diverged = zip(*found, strict=True)
    return float(np.mean(costs)), np.mean(nrmse, axis=0), all(diverged)
