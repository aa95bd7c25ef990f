"""Artificial bee colony on real numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from heliid.kernels import moves
from heliid.search.continuous.batches import (
    Batches,
    Uniforms,
    costs_from_plain,
    costs_to_plain,
)
from heliid.search.lattice import as_is
from heliid.search.searcher import Box, Canonical


@dataclass(frozen=True, slots=True)
class BeeColonySettings:
    """``rank_scale`` 0: onlookers by fitness as in the textbook; ``limit`` in units of SN D."""

    n_sources: int
    rank_scale: float = 0.0
    guide: float = 0.0  # C of Zhu & Kwong (2010); 0 switches it off
    limit: float = 1.0


TEXTBOOK = BeeColonySettings(n_sources=25)
IMPROVED = BeeColonySettings(n_sources=15, rank_scale=0.3)


class ContinuousBeeColony:
    """ABC of Karaboga (2005), Karaboga & Basturk (2007); TEXTBOOK or IMPROVED by its settings.

    Deviates: the bees of a phase fly together, so that they can be evaluated together; a scout's
    place counts as +inf until its first neighbour is known; the best source is never left.
    IMPROVED chooses onlookers by rank, with fewer sources.
    """

    def __init__(
        self,
        box: Box,
        seed: int,
        *,
        canonical: Canonical = as_is,
        first: Iterable[Sequence[int]] = (),
        settings: BeeColonySettings = TEXTBOOK,
        name: str = "abc-classic",
    ) -> None:
        self.name, self.settings = name, settings
        n, dim = settings.n_sources, box.dim
        self._uniforms = Uniforms(seed, n * max(5, dim) + dim)
        self._batches = Batches(box, canonical, first)
        self._sources, self._costs = np.zeros((n, dim)), np.full(n, np.inf)
        self._failures = np.zeros(n, np.int64)
        self._each, self._chosen = np.arange(n), np.arange(n)
        self._owners, self._order = self._each, np.zeros(n, np.int64)
        self._limit = settings.limit * n * dim
        self._generation = -1  # -1: nothing asked, 0: the first sources are out, odd: employed

    def ask(self, n: int) -> np.ndarray:
        """Up to ``n`` points of the present phase, (b, dim)."""
        if self._batches.is_told:
            self._generation += 1
            self._batches.load(self._next())
        return self._batches.ask(n)

    def _next(self) -> np.ndarray:
        """The points of the next phase."""
        n, batches, settings = self.settings.n_sources, self._batches, self.settings
        out = np.empty_like(self._sources)
        numbers = self._uniforms.row(self._generation)
        dim = out.shape[1]
        if self._generation == 0:
            random = numbers[: n * dim].reshape(n, dim)
            moves.scatter(random, batches.low, batches.high, out)
            out[: len(batches.first)] = batches.first[:n]
            return out
        random = numbers[: 5 * n].reshape(n, 5)
        if self._generation % 2:
            if self._generation > 1:
                moves.send_scout(
                    numbers[-dim:], self._limit, batches.low, batches.high, self._sources,
                    self._costs, self._failures,
                )  # fmt: skip
            self._owners = self._each
        else:
            self._owners = self._chosen
            if settings.rank_scale > 0.0:
                moves.choose_by_rank(
                    random[:, 4], self._costs, settings.rank_scale, self._order, self._owners
                )
            else:
                moves.choose_by_fitness(random[:, 4], self._costs, self._owners)
        moves.bee_flights(
            random, self._sources, self._costs, self._owners, settings.guide, batches.low,
            batches.high, out,
        )  # fmt: skip
        return out

    def tell(self, costs: np.ndarray) -> None:
        """Costs of the oldest points asked."""
        batches = self._batches
        if not batches.tell(costs):
            return
        if self._generation == 0:
            moves.first_costs(batches.costs, batches.points, self._sources, self._costs)
        else:
            moves.keep_better(
                batches.costs, batches.points, self._owners, self._sources, self._costs,
                self._failures,
            )  # fmt: skip

    def population(self) -> tuple[np.ndarray, np.ndarray]:
        """The food sources (n, dim) and their costs (n,)."""
        return self._sources.copy(), self._costs.copy()

    def state(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "generation": self._generation,
            "sources": self._sources.tolist(),
            "costs": costs_to_plain(self._costs),
            "failures": self._failures.tolist(),
            "owners": self._owners.tolist(),
            "batch": self._batches.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self._generation = state["generation"]
        self._sources = np.array(state["sources"], float)
        self._costs = costs_from_plain(state["costs"])
        self._failures = np.array(state["failures"], np.int64)
        self._chosen[:] = state["owners"]
        self._owners = self._chosen
        self._batches.restore(state["batch"])
