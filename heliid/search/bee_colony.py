"""Artificial bee colony: food sources, bees that look around them, scouts that leave dry ones."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from heliid.kernels.lattice_moves import BEE_NUMBERS, STEPS_WIDTH, bee_moves
from heliid.search.lattice import Lattice, as_is, best_index, rows
from heliid.search.screening import Screening
from heliid.search.searcher import (
    Box,
    Canonical,
    Genome,
    clean_cost,
    cost_from_plain,
    cost_to_plain,
    is_better,
    ranking,
)


@dataclass(frozen=True, slots=True)
class BeeSettings:
    """Settings of the colony on whole numbers."""

    n_sources: int = 10
    limit: int = 15  # failures before a source is given up
    rank_scale: float = 1.5  # onlookers choose rank r with weight exp(-r / rank_scale)
    p_reset: float = 0.15  # a step sets its gene anywhere
    p_more: float = 0.3  # another gene is stepped as well
    p_cross: float = 0.4  # genes from another source or the best instead of a step
    p_guided: float = 0.5  # of these, towards the best
    p_gene: float = 0.3  # each gene in a guided move
    guide: float = 1.5  # C of Zhu & Kwong (2010)
    screening: Screening = field(default_factory=Screening)


@dataclass(slots=True)
class _Source:
    genome: Genome
    cost: float
    trials: int = 0


class BeeColony:
    """ABC on whole numbers, in steady-state form.

    Karaboga (2005), Karaboga & Basturk (2007). Deviates: whole-number steps, onlookers by rank,
    crossover and best-guided moves (after Zhu & Kwong 2010), never a point twice, scouts keep the
    best source; moves are screened (``Screening``); employed and onlooker bees fly one at a time so
    that a window of points may be under way.
    """

    name = "abc"

    def __init__(
        self,
        box: Box,
        seed: int,
        *,
        canonical: Canonical = as_is,
        first: Iterable[Sequence[int]] = (),
        settings: BeeSettings | None = None,
    ) -> None:
        self.settings = settings or BeeSettings()
        self._lattice = Lattice(
            box, seed, canonical=canonical, first=first, n_first=self.settings.n_sources,
            screening=self.settings.screening,
        )  # fmt: skip
        self._sources: list[_Source] = []
        scale = self.settings.rank_scale
        self._rank_weights = [math.exp(-r / scale) for r in range(self.settings.n_sources)]
        # the same genomes for the compiled moves
        self._points = np.zeros((self.settings.n_sources, box.dim), np.int64)
        self._pending: deque[tuple[Genome, str, int]] = deque()
        self._index = 0
        self._turn = 0

    def ask(self, n: int) -> np.ndarray:
        """Up to ``n`` unseen points, (b, dim)."""
        points = []
        for _ in range(n):
            self._lattice.draws.start(self._index)
            genome, kind, slot = self._propose()
            if genome is None:
                break
            self._index += 1
            self._pending.append((genome, kind, slot))
            points.append(genome)
        return rows(points, len(self._lattice.low))

    def _propose(self) -> tuple[Genome | None, str, int]:
        lattice = self._lattice
        first = lattice.next_first()
        if first is not None:
            return first, "fill", 0
        if len(self._sources) < 2:
            return lattice.random_unseen(), "fill", 0
        slot = self._next_slot()
        best = best_index([source.cost for source in self._sources])
        if self._sources[slot].trials >= self.settings.limit and slot != best:
            self._sources[slot].trials = 0  # one scout per source
            return lattice.random_unseen(), "scout", slot
        width = BEE_NUMBERS + max(STEPS_WIDTH, 1 + 3 * len(lattice.free))
        return lattice.new_point(partial(self._moves, slot, best), width), "bee", slot

    def _next_slot(self) -> int:
        """Employed bees visit each source once, then as many onlookers choose by rank."""
        n = len(self._sources)
        turn, self._turn = self._turn % (2 * n), self._turn + 1
        if turn < n:
            return turn
        order = ranking(source.cost for source in self._sources)
        return order[self._lattice.draws.weighted(self._rank_weights[:n])]

    def _moves(self, slot: int, best: int, random: np.ndarray, out: np.ndarray) -> None:
        """Neighbours of a source: steps, or genes of another source or of the best."""
        settings = self.settings
        free, low, high, rules, some = self._lattice.terms
        bee_moves(
            random, self._points[: len(self._sources)], slot, best, settings.p_cross,
            settings.p_guided, settings.guide, settings.p_gene, settings.p_more, settings.p_reset,
            free, low, high, rules, some, out,
        )  # fmt: skip

    def tell(self, costs: np.ndarray) -> None:
        """Costs of the oldest points asked."""
        for cost in costs:
            genome, kind, slot = self._pending.popleft()
            self._lattice.told(genome, clean_cost(cost))
            self._take_in(genome, clean_cost(cost), kind, slot)

    def _take_in(self, genome: Genome, cost: float, kind: str, slot: int) -> None:
        sources = self._sources
        if kind == "fill":
            if len(sources) < self.settings.n_sources:
                self._points[len(sources)] = genome
                sources.append(_Source(genome, cost))
                return
            slot = ranking(source.cost for source in sources)[-1]
        source = sources[slot]
        is_dry_scout = kind == "scout" and slot != best_index([one.cost for one in sources])
        if is_better(cost, source.cost) or is_dry_scout:
            sources[slot] = _Source(genome, cost)
            self._points[slot] = genome
        else:
            source.trials += 1

    def population(self) -> tuple[np.ndarray, np.ndarray]:
        """The food sources (n, dim) and their costs (n,)."""
        points = rows([source.genome for source in self._sources], len(self._lattice.low))
        return points, np.array([source.cost for source in self._sources])

    def state(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "lattice": self._lattice.state(),
            "index": self._index,
            "turn": self._turn,
            "sources": [[list(s.genome), cost_to_plain(s.cost), s.trials] for s in self._sources],
            "pending": [[list(genome), kind, slot] for genome, kind, slot in self._pending],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self._lattice.restore(state["lattice"])
        self._index, self._turn = state["index"], state["turn"]
        self._sources = [
            _Source(tuple(genome), cost_from_plain(cost), trials)
            for genome, cost, trials in state["sources"]
        ]
        for slot, source in enumerate(self._sources):
            self._points[slot] = source.genome
        self._pending = deque(
            (tuple(genome), kind, slot) for genome, kind, slot in state["pending"]
        )
