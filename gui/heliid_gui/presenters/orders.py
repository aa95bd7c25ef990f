"""Which orders were tried and how good they were, over two chosen genes; no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from heliid.events import PopulationMoved
from heliid.search.encoding import Encoding
from heliid.study import OrderBox
from heliid_gui.presenters.race import Scored, path_of_the_best

MEANING = {
    "na": "past outputs",
    "nb": "input taps",
    "nk": "input delay",
    "spacing": "tap spacing",
    "yspacing": "output spacing",
    "leak": "leaky inputs",
    "h": "hidden units",
}


@dataclass(frozen=True, eq=False)
class OrderMap:
    """Best cost per pair of gene values: ``cost[iy, ix]``, nan where nothing was tried."""

    x_name: str
    y_name: str
    x_low: int
    y_low: int
    cost: np.ndarray
    tried: np.ndarray  # (ny, nx) how many orders fell there
    members: np.ndarray  # (n, 2) where the population stands
    path: np.ndarray  # (k, 2) the successive best
    levels: np.ndarray  # (n,) all costs, sorted: what is good among them is coloured strongly
    title: str = ""


def gene_names(box: OrderBox, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> tuple[str, ...]:
    """Each gene in words, with the channel it belongs to."""
    encoding = Encoding(box, len(inputs), len(outputs))
    names = []
    for key, group in encoding.names:
        channel = outputs if key in ("na", "yspacing") else inputs
        many = sum(other == key for other, _ in encoding.names) > 1
        names.append(f"{MEANING[key]}, {channel[group]}" if many else MEANING[key])
    return tuple(names)


def order_map(
    candidates: Sequence[Scored],
    population: PopulationMoved | None,
    names: tuple[str, ...],
    box_bounds: tuple[np.ndarray, np.ndarray],
    x: int,
    y: int,
    *,
    levels: np.ndarray | None = None,
    title: str = "",
) -> OrderMap:
    """The map over genes ``x`` and ``y`` of the candidates; maps of equal ``levels`` compare."""
    low, high = box_bounds
    nx, ny = int(high[x] - low[x]) + 1, int(high[y] - low[y]) + 1
    cost = np.full((ny, nx), np.nan)
    tried = np.zeros((ny, nx), dtype=int)
    for one in candidates:
        ix, iy = one.genome[x] - int(low[x]), one.genome[y] - int(low[y])
        if 0 <= ix < nx and 0 <= iy < ny:
            tried[iy, ix] += 1
            cost[iy, ix] = np.fmin(cost[iy, ix], one.cost)
    genomes = population.genomes if population is not None else ()
    return OrderMap(
        names[x],
        names[y],
        int(low[x]),
        int(low[y]),
        cost,
        tried,
        _pairs(genomes, x, y),
        _pairs(path_of_the_best(candidates), x, y),
        cost_levels(candidates) if levels is None else levels,
        title,
    )


def cost_levels(candidates: Sequence[Scored]) -> np.ndarray:
    """All finite costs, sorted, (n,)."""
    costs = np.array([one.cost for one in candidates], dtype=float)
    return np.sort(costs[np.isfinite(costs)])


def _pairs(genomes: Sequence[tuple[int, ...]], x: int, y: int) -> np.ndarray:
    return np.array([[g[x], g[y]] for g in genomes], dtype=float).reshape(-1, 2)


def bounds(box: OrderBox, n_inputs: int, n_outputs: int) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest value of each gene, (n,) each."""
    limits = Encoding(box, n_inputs, n_outputs).bounds
    return limits.low, limits.high


def default_axes(names: tuple[str, ...]) -> tuple[int, int]:
    """Hidden units against the first input's taps: where most of the difference is."""
    taps = next((k for k, name in enumerate(names) if name.startswith("input taps")), 0)
    return taps, len(names) - 1
