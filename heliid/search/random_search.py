"""Uniform random search: the baseline that every searcher has to beat."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from heliid.search.lattice import Lattice, as_is, rows
from heliid.search.searcher import (
    Box,
    Canonical,
    Genome,
    clean_cost,
    cost_from_plain,
    cost_to_plain,
    ranking,
)

_N_SHOWN = 10


class RandomSearch:
    """Uniform unseen points of a whole-number box, after the same first members as the others."""

    name = "random"

    def __init__(
        self,
        box: Box,
        seed: int,
        *,
        canonical: Canonical = as_is,
        first: Iterable[Sequence[int]] = (),
    ) -> None:
        self._lattice = Lattice(box, seed, canonical=canonical, first=first, n_first=0)
        self._best: list[tuple[Genome, float]] = []
        self._pending: deque[Genome] = deque()
        self._index = 0

    def ask(self, n: int) -> np.ndarray:
        """Up to ``n`` unseen points, (b, dim)."""
        points = []
        for _ in range(n):
            self._lattice.draws.start(self._index)
            genome = self._lattice.next_first() or self._lattice.random_unseen()
            if genome is None:
                break
            self._index += 1
            self._pending.append(genome)
            points.append(genome)
        return rows(points, len(self._lattice.low))

    def tell(self, costs: np.ndarray) -> None:
        """Costs of the oldest points asked."""
        for cost in costs:
            self._best.append((self._pending.popleft(), clean_cost(cost)))
        order = ranking(cost for _, cost in self._best)
        self._best = [self._best[k] for k in order[:_N_SHOWN]]

    def population(self) -> tuple[np.ndarray, np.ndarray]:
        """The best few (n, dim) and their costs (n,)."""
        points = rows([genome for genome, _ in self._best], len(self._lattice.low))
        return points, np.array([cost for _, cost in self._best])

    def state(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "lattice": self._lattice.state(),
            "index": self._index,
            "best": [[list(genome), cost_to_plain(cost)] for genome, cost in self._best],
            "pending": [list(genome) for genome in self._pending],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self._lattice.restore(state["lattice"])
        self._index = state["index"]
        self._best = [(tuple(genome), cost_from_plain(cost)) for genome, cost in state["best"]]
        self._pending = deque(tuple(genome) for genome in state["pending"])
