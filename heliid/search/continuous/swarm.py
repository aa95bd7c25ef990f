"""Particle swarm on real numbers."""

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
class SwarmSettings:
    """``reach``: neighbours to either side on the ring, -1: everyone hears of the best."""

    n_particles: int
    reach: int
    p_sparse: float = 0.0
    inertia: float = 0.7298  # Clerc & Kennedy (2002), constriction
    pull: float = 1.49618


TEXTBOOK = SwarmSettings(n_particles=40, reach=-1)
IMPROVED = SwarmSettings(n_particles=20, reach=3, p_sparse=0.35)


class ContinuousSwarm:
    """PSO of Kennedy & Eberhart (1995) in the constriction form of Clerc & Kennedy (2002).

    TEXTBOOK: all follow the best. IMPROVED deviates: a ring of neighbours, and a third of flights
    move a single gene of the particle's best place, which is what separable and multimodal costs
    need. All particles of a turn fly together.
    """

    def __init__(
        self,
        box: Box,
        seed: int,
        *,
        canonical: Canonical = as_is,
        first: Iterable[Sequence[int]] = (),
        settings: SwarmSettings = TEXTBOOK,
        name: str = "pso-classic",
    ) -> None:
        self.name, self.settings = name, settings
        n, dim = settings.n_particles, box.dim
        self._uniforms = Uniforms(seed, n * (2 * dim + 4))
        self._batches = Batches(box, canonical, first)
        self._places, self._speeds = np.zeros((n, dim)), np.zeros((n, dim))
        self._members, self._costs = np.zeros((n, dim)), np.full(n, np.inf)
        self._owners, self._failures = np.arange(n), np.zeros(n, np.int64)
        self._kinds = np.zeros(n, np.int64)
        self._generation = -1

    def ask(self, n: int) -> np.ndarray:
        """Up to ``n`` points of the present turn, (b, dim)."""
        if self._batches.is_told:
            self._generation += 1
            self._batches.load(self._next())
        return self._batches.ask(n)

    def _next(self) -> np.ndarray:
        """Where the particles fly next."""
        batches, settings = self._batches, self.settings
        n, dim = self._places.shape
        out = np.empty((n, dim))
        random = self._uniforms.row(self._generation).reshape(n, 2 * dim + 4)
        if self._generation == 0:
            moves.scatter(random[:, :dim], batches.low, batches.high, out)
            out[: len(batches.first)] = batches.first[:n]
            moves.scatter(random[:, dim:], batches.low, batches.high, self._speeds)
            self._places = out.copy()
            self._speeds = 0.5 * (self._speeds - out)  # half way to another random place
            return out
        moves.swarm_flights(
            random, self._places, self._speeds, self._members,
            self._costs, settings.reach, settings.inertia, settings.pull, settings.pull,
            settings.p_sparse, batches.low, batches.high, self._kinds, out,
        )  # fmt: skip
        return out

    def tell(self, costs: np.ndarray) -> None:
        """Costs of the oldest points asked."""
        batches = self._batches
        if not batches.tell(costs):
            return
        if self._generation == 0:
            moves.first_costs(batches.costs, batches.points, self._members, self._costs)
        else:
            moves.keep_better(
                batches.costs, batches.points, self._owners, self._members, self._costs,
                self._failures,
            )  # fmt: skip

    def population(self) -> tuple[np.ndarray, np.ndarray]:
        """The particles' best places (n, dim) and their costs (n,)."""
        return self._members.copy(), self._costs.copy()

    def state(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "generation": self._generation,
            "places": self._places.tolist(),
            "speeds": self._speeds.tolist(),
            "members": self._members.tolist(),
            "costs": costs_to_plain(self._costs),
            "batch": self._batches.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self._generation = state["generation"]
        self._places = np.array(state["places"], float)
        self._speeds = np.array(state["speeds"], float)
        self._members = np.array(state["members"], float)
        self._costs = costs_from_plain(state["costs"])
        self._batches.restore(state["batch"])
