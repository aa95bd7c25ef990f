"""Particle swarm: particles that remember their best place and ask a few others for theirs."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from heliid.kernels.lattice_moves import STEPS_WIDTH, flights
from heliid.search.lattice import Lattice, as_is, rows
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
class SwarmSettings:
    """Settings of the swarm on whole numbers."""

    n_particles: int = 10
    n_informants: int = 5  # drawn anew for each move
    p_informant: float = 0.35  # a gene is copied from the best informant's best
    p_own: float = 0.30  # ... from the particle's own best; else it stays
    steps: float = 0.7  # mean number of steps after copying
    p_reset: float = 0.15
    screening: Screening = field(default_factory=Screening)


@dataclass(slots=True)
class _Particle:
    places: np.ndarray  # (2, dim): where it is, and the best place it knows
    cost: float  # of the best


class Swarm:
    """PSO on whole numbers, in steady-state form.

    After Kennedy & Eberhart (1997) and the random informants of SPSO-2011. Deviates: a gene copies
    the informant's best, the own best or itself, then a few genes step; flights are screened
    (``Screening``); particles fly one at a time; never a point twice.
    """

    name = "pso"

    def __init__(
        self,
        box: Box,
        seed: int,
        *,
        canonical: Canonical = as_is,
        first: Iterable[Sequence[int]] = (),
        settings: SwarmSettings | None = None,
    ) -> None:
        self.settings = settings or SwarmSettings()
        self._lattice = Lattice(
            box, seed, canonical=canonical, first=first, n_first=self.settings.n_particles,
            screening=self.settings.screening,
        )  # fmt: skip
        self._particles: list[_Particle] = []
        self._pending: deque[tuple[Genome, int]] = deque()  # particle -1: a first member
        self._index = 0
        self._turn = 0

    def ask(self, n: int) -> np.ndarray:
        """Up to ``n`` unseen points, (b, dim)."""
        points = []
        for _ in range(n):
            self._lattice.draws.start(self._index)
            genome, particle = self._propose()
            if genome is None:
                break
            self._index += 1
            self._pending.append((genome, particle))
            points.append(genome)
        return rows(points, len(self._lattice.low))

    def _propose(self) -> tuple[Genome | None, int]:
        first = self._lattice.next_first()
        if first is not None:
            return first, -1
        if len(self._particles) < 2:
            return self._lattice.random_unseen(), -1
        particle = self._turn % len(self._particles)
        self._turn += 1
        informant = self._best_informant(particle)
        width = 1 + len(self._lattice.free) + STEPS_WIDTH
        me, other = self._particles[particle], self._particles[informant]
        moves = partial(self._flights, (me.places[0], me.places[1], other.places[1]))
        return self._lattice.new_point(moves, width), particle

    def _best_informant(self, particle: int) -> int:
        """The best of a few others drawn at random, or the particle itself."""
        uniform, others, best = self._lattice.draws.uniform, self._particles, particle
        for _ in range(self.settings.n_informants):
            asked = int(uniform() * len(others))
            if others[asked].cost < others[best].cost:
                best = asked
        return best

    def _flights(self, places: tuple[np.ndarray, ...], random: np.ndarray, out: np.ndarray) -> None:
        """Each gene from the informant's best, the own best or the present place; then steps.

        ``places``, three of (dim,): the present place, the own best, the informant's best.
        """
        settings = self.settings
        free, low, high, rules, some = self._lattice.terms
        here, own, best = places
        flights(
            random, here, own, best, settings.p_informant, settings.p_own, settings.steps,
            settings.p_reset, free, low, high, rules, some, out,
        )  # fmt: skip

    def tell(self, costs: np.ndarray) -> None:
        """Costs of the oldest points asked."""
        for cost in costs:
            genome, particle = self._pending.popleft()
            self._lattice.told(genome, clean_cost(cost))
            self._take_in(genome, clean_cost(cost), particle)

    def _take_in(self, genome: Genome, cost: float, particle: int) -> None:
        if particle < 0 and len(self._particles) < self.settings.n_particles:
            self._particles.append(_Particle(np.array((genome, genome)), cost))
            return
        if particle < 0:
            particle = ranking(one.cost for one in self._particles)[-1]
        me = self._particles[particle]
        me.places[0] = genome
        if is_better(cost, me.cost):
            me.places[1], me.cost = me.places[0], cost

    def population(self) -> tuple[np.ndarray, np.ndarray]:
        """The particles' best places (n, dim) and their costs (n,)."""
        best = [particle.places[1].tolist() for particle in self._particles]
        points = rows(best, len(self._lattice.low))
        return points, np.array([particle.cost for particle in self._particles])

    def state(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "lattice": self._lattice.state(),
            "index": self._index,
            "turn": self._turn,
            "particles": [[*p.places.tolist(), cost_to_plain(p.cost)] for p in self._particles],
            "pending": [[list(genome), particle] for genome, particle in self._pending],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self._lattice.restore(state["lattice"])
        self._index, self._turn = state["index"], state["turn"]
        self._particles = [
            _Particle(np.array((at, best)), cost_from_plain(cost))
            for at, best, cost in state["particles"]
        ]
        self._pending = deque((tuple(genome), particle) for genome, particle in state["pending"])
