"""Artificial immune system: the best antibodies clone most and mutate least."""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from heliid.kernels.lattice_moves import STEPS_WIDTH, mutants
from heliid.search.lattice import Lattice, as_is, rows
from heliid.search.screening import Screening
from heliid.search.searcher import (
    Box,
    Canonical,
    Genome,
    clean_cost,
    cost_from_plain,
    cost_to_plain,
)


@dataclass(frozen=True, slots=True)
class ImmuneSettings:
    """Settings of the immune system on whole numbers."""

    n_members: int = 10
    n_clones: tuple[int, ...] = (3, 2, 2, 1, 1, 1)  # of the best, the second, ...
    n_newcomers: int = 2  # random unseen points per generation
    steps_base: float = 0.5  # mean number of further mutation steps of the best
    steps_per_rank: float = 0.25
    age_limit: int = 5  # generations; the best never dies
    p_reset: float = 0.15
    screening: Screening = field(default_factory=Screening)


@dataclass(slots=True)
class _Antibody:
    genome: Genome
    cost: float
    age: int = 0


def _cost(antibody: _Antibody) -> float:
    return antibody.cost


class ImmuneSystem:
    """Pooled CLONALG on whole numbers, in steady-state form.

    de Castro & Von Zuben (2002). Deviates: affinity is the rank only; parents, clones and
    newcomers compete in one pool as results come in; an age limit keeps the pool diverse; mutants
    are screened (``Screening``); never a point twice.
    """

    name = "ais"

    def __init__(
        self,
        box: Box,
        seed: int,
        *,
        canonical: Canonical = as_is,
        first: Iterable[Sequence[int]] = (),
        settings: ImmuneSettings | None = None,
    ) -> None:
        self.settings = settings or ImmuneSettings()
        self._lattice = Lattice(
            box, seed, canonical=canonical, first=first, n_first=self.settings.n_members,
            screening=self.settings.screening,
        )  # fmt: skip
        self._pool: list[_Antibody] = []  # best first
        self._plan: deque[tuple[Genome, int]] = deque()  # parent and rank; rank -1: newcomer
        self._pending: deque[Genome] = deque()
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
            self._pending.append(genome)
            points.append(genome)
        return rows(points, len(self._lattice.low))

    def _propose(self) -> Genome | None:
        first = self._lattice.next_first()
        if first is not None:
            return first
        if len(self._pool) < 2:
            return self._lattice.random_unseen()
        if not self._plan:
            self._plan_generation()
        parent, rank = self._plan.popleft()
        if rank < 0:
            return self._lattice.random_unseen()
        moves = partial(self._mutants, np.array(parent), rank)
        return self._lattice.new_point(moves, 1 + STEPS_WIDTH)

    def _plan_generation(self) -> None:
        """Clones of the best, most of the best first; everyone else grows older."""
        settings = self.settings
        for rank, (antibody, n) in enumerate(zip(self._pool, settings.n_clones, strict=False)):
            self._plan.extend((antibody.genome, rank) for _ in range(n))
        self._plan.extend(((), -1) for _ in range(settings.n_newcomers))
        for antibody in self._pool:
            antibody.age += 1
        best, others = self._pool[0], self._pool[1:]
        self._pool = [best, *(one for one in others if one.age <= settings.age_limit)]

    def _mutants(self, parent: np.ndarray, rank: int, random: np.ndarray, out: np.ndarray) -> None:
        """The parent after 1 + Poisson steps, more for a worse rank."""
        settings = self.settings
        free, low, high, rules, some = self._lattice.terms
        mutants(
            random, parent, settings.steps_base + settings.steps_per_rank * rank,
            settings.p_reset, free, low, high, rules, some, out,
        )  # fmt: skip

    def tell(self, costs: np.ndarray) -> None:
        """Costs of the oldest points asked."""
        for cost in costs:
            antibody = _Antibody(self._pending.popleft(), clean_cost(cost))
            self._lattice.told(antibody.genome, antibody.cost)
            insort(self._pool, antibody, key=_cost)  # after those of equal cost
            del self._pool[self.settings.n_members :]

    def population(self) -> tuple[np.ndarray, np.ndarray]:
        """The pool (n, dim) and its costs (n,), best first."""
        points = rows([antibody.genome for antibody in self._pool], len(self._lattice.low))
        return points, np.array([antibody.cost for antibody in self._pool])

    def state(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "lattice": self._lattice.state(),
            "index": self._index,
            "pool": [[list(a.genome), cost_to_plain(a.cost), a.age] for a in self._pool],
            "plan": [[list(parent), rank] for parent, rank in self._plan],
            "pending": [list(genome) for genome in self._pending],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self._lattice.restore(state["lattice"])
        self._index = state["index"]
        self._pool = [
            _Antibody(tuple(genome), cost_from_plain(cost), age)
            for genome, cost, age in state["pool"]
        ]
        self._plan = deque((tuple(parent), rank) for parent, rank in state["plan"])
        self._pending = deque(tuple(genome) for genome in state["pending"])
