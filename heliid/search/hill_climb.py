"""Hill climbing with restarts: the baseline that shows what plain neighbourhood search can do."""

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
    is_better,
)


class HillClimb:
    """First-improvement climbing by one gene +-1; a random restart where no neighbour is left."""

    name = "hill"

    def __init__(
        self,
        box: Box,
        seed: int,
        *,
        canonical: Canonical = as_is,
        first: Iterable[Sequence[int]] = (),
    ) -> None:
        self._lattice = Lattice(box, seed, canonical=canonical, first=first, n_first=0)
        self._at: tuple[Genome, float] | None = None
        self._climb = 0
        self._pending: deque[tuple[Genome, int]] = deque()  # point and the climb it belongs to
        self._index = 0

    def ask(self, n: int) -> np.ndarray:
        """Up to ``n`` unseen points, (b, dim)."""
        points = []
        for _ in range(n):
            self._lattice.draws.start(self._index)
            genome = self._propose()
            if genome is None:
                break
            self._index += 1
            self._pending.append((genome, self._climb))
            points.append(genome)
        return rows(points, len(self._lattice.low))

    def _propose(self) -> Genome | None:
        if self._at is not None:
            neighbour = self._unseen_neighbour(self._at[0])
            if neighbour is not None:
                return neighbour
        if any(climb == self._climb for _, climb in self._pending):
            # the climb may still go on from a point under way; look elsewhere meanwhile
            return self._lattice.random_unseen()
        self._climb += 1
        self._at = None
        return self._lattice.next_first() or self._lattice.random_unseen()

    def _unseen_neighbour(self, genome: Genome) -> Genome | None:
        """A random one of the points one step away that were not proposed yet."""
        lattice = self._lattice
        found = []
        for gene in lattice.free:
            for value in (genome[gene] - 1, genome[gene] + 1):
                if lattice.low[gene] <= value <= lattice.high[gene]:
                    point = lattice.canonical((*genome[:gene], value, *genome[gene + 1 :]))
                    if point not in lattice.seen:
                        found.append(point)
        return lattice.take(lattice.draws.pick(found)) if found else None

    def tell(self, costs: np.ndarray) -> None:
        """Costs of the oldest points asked."""
        for cost in costs:
            genome, climb = self._pending.popleft()
            now = clean_cost(cost)
            if climb == self._climb and (self._at is None or is_better(now, self._at[1])):
                self._at = (genome, now)

    def population(self) -> tuple[np.ndarray, np.ndarray]:
        """Where the climb stands, (0 or 1, dim), and its cost."""
        here = [self._at] if self._at is not None else []
        points = rows([genome for genome, _ in here], len(self._lattice.low))
        return points, np.array([cost for _, cost in here])

    def state(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "lattice": self._lattice.state(),
            "index": self._index,
            "climb": self._climb,
            "at": [list(self._at[0]), cost_to_plain(self._at[1])] if self._at else None,
            "pending": [[list(genome), climb] for genome, climb in self._pending],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self._lattice.restore(state["lattice"])
        self._index, self._climb = state["index"], state["climb"]
        at = state["at"]
        self._at = (tuple(at[0]), cost_from_plain(at[1])) if at else None
        self._pending = deque((tuple(genome), climb) for genome, climb in state["pending"])
