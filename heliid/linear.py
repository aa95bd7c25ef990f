"""The best linear model: the yardstick that every network must beat."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from heliid.errors import HeliIDError, TrainingError
from heliid.events import ShouldStop, never
from heliid.model.network import Weights
from heliid.model.structure import Structure
from heliid.training.arx import GramTable, fit_arx, make_gram
from heliid.training.dataset import Dataset
from heliid.training.fit import kinematic_pairs
from heliid.training.fit import train as train_weights
from heliid.training.folds import folds_of
from heliid.training.scoring import FitnessSettings, complexity_price, validation_cost

N_TRAINED = 6  # orders that go on from the ARX screening to output-error training


def linear_orders(
    n_inputs: int,
    n_outputs: int,
    *,
    na_max: int = 6,
    nb_max: int = 8,
    nk_max: int = 3,
    spacing_max: int = 3,
    reach_max: int = 64,
    integrals: Sequence[int] = (),
) -> list[Structure]:
    """The grid of linear orders: equal na for all outputs, equal nb, nk, spacing for all inputs.

    Each order stands there again with the outputs ``integrals`` (attitudes that known physics
    integrates from a rate) fed back nowhere.
    """
    found = {}
    grid = product(
        range(1, na_max + 1), range(1, nb_max + 1), range(nk_max + 1), range(1, spacing_max + 1)
    )
    for na, nb, nk, spacing in grid:
        if nk + (nb - 1) * spacing > reach_max or (nb == 1 and spacing > 1):
            continue
        outputs = (tuple(range(1, na + 1)),) * n_outputs
        inputs = (tuple(nk + i * spacing for i in range(nb)),) * n_inputs
        found[outputs, inputs] = Structure(outputs, inputs, 0)
        if integrals:
            alone = tuple(() if j in integrals else lags for j, lags in enumerate(outputs))
            found[alone, inputs] = Structure(alone, inputs, 0)
    return list(found.values())


def best_linear(
    train: Dataset,
    validate: Dataset,
    settings: FitnessSettings | None = None,
    *,
    orders: list[Structure] | None = None,
    n_trained: int = N_TRAINED,
    should_stop: ShouldStop = never,
) -> tuple[Structure, Weights, float]:
    """The best linear model of an order search of its own: structure, weights, cost.

    All orders are screened as ARX by their free run on ``validate``; the best few are trained on
    the free run (output error) and judged by the cost that the order search uses, which is that
    of cross-validation when the settings ask for folds.

    Raises
    ------
    TrainingError
        The records are too short for even the smallest order.
    """
    settings = FitnessSettings() if settings is None else settings
    n_u, n_y = int(train.u_all.shape[1]), train.n_outputs
    folds = folds_of(train, validate, settings)
    sets = folds or ((train, validate),)
    shortest = min(len(one) for pair in sets for part in pair for one in part.y)
    integrals = [attitude for attitude, _ in settings.training.kinematics]
    candidates = linear_orders(n_u, n_y, integrals=integrals) if orders is None else orders
    candidates = [one for one in candidates if one.n_start < shortest // 3]
    if not candidates:
        raise TrainingError(
            f"The shortest record has {shortest} samples, too few for a linear model: "
            f"take longer records or a higher model rate."
        )
    common = max(settings.n_start, max(one.n_start for one in candidates))
    taps = [one.taps() for one in candidates]
    reach_out = max([1, *(int(lag) for out, _ in taps for lag in out[:, 1])])
    reach_in = max([0, *(int(lag) for _, inp in taps for lag in inp[:, 1])])
    tables = [make_gram(trains, reach_out, reach_in) for trains, _ in sets]
    ways = settings.training
    pairs = kinematic_pairs(train, ways.kinematics)

    def judged(structure: Structure, found: Sequence[Weights], n_start: int) -> float:
        costs = [
            validation_cost(structure, weights, one, settings.windows_s, n_start, settings.risk)[0]
            for weights, (_, one) in zip(found, sets, strict=True)
        ]
        price = complexity_price(structure, train, settings.penalty, settings.bandwidth_hz)
        return float(np.mean(costs)) + price

    def arx(structure: Structure, table: GramTable) -> Weights:
        found = fit_arx(table, structure, 1e-8, pairs, ways.kinematic_weight)
        return linear_weights(structure, found.linear, found.bias)

    def trained(structure: Structure, trains: Dataset, table: GramTable | None) -> Weights:
        return train_weights(structure, trains, ways, should_stop=should_stop, gram=table).weights

    screened: list[tuple[float, Structure, Sequence[Weights], bool]] = []
    for structure in candidates:
        if should_stop() and screened:
            break
        found = [arx(structure, table) for table in tables]
        screened.append((judged(structure, found, common), structure, found, False))
    screened.sort(key=lambda entry: entry[0])
    best = screened[0]
    for _, structure, _, _ in screened[:n_trained]:
        if should_stop():
            break
        try:
            found = [trained(structure, one, t) for (one, _), t in zip(sets, tables, strict=True)]
        except HeliIDError:
            continue
        entry = (judged(structure, found, common), structure, found, True)
        best = entry if entry[0] < best[0] else best
    _, structure, chosen, is_trained = best
    cost = judged(structure, chosen, settings.n_start)
    if not folds:
        return structure, chosen[0], cost
    whole = make_gram(train, reach_out, reach_in)
    final = trained(structure, train, whole) if is_trained else arx(structure, whole)
    return structure, final, cost


def linear_weights(structure: Structure, linear: np.ndarray, bias: np.ndarray) -> Weights:
    """The ``Weights`` of a model without hidden units."""
    n_phi, n_y = structure.n_phi, structure.n_outputs
    return Weights(np.zeros((0, n_phi)), np.zeros(0), np.zeros((n_y, 0)), linear, bias)
