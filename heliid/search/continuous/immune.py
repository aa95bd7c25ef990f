"""Artificial immune system on real numbers: the textbook CLONALG, and one that keeps up."""

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
from heliid.search.searcher import Box, Canonical, is_better

_CLOSED = 1e-12  # relative difference of costs at which the pool has closed in on one place


@dataclass(frozen=True, slots=True)
class ClonalgSettings:
    """de Castro & Von Zuben (2002), for optimisation: all are cloned, some newcomers."""

    n_members: int = 10
    n_clones: int = 5  # of each
    rho: float = 5.0  # mutation rate exp(-rho affinity)
    n_newcomers: int = 2


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """``age_limit`` in visits without success; ``stall`` in evaluations per gene."""

    n_members: int = 8
    n_clones: int = 16
    greed: float = 1.5  # 1: all ranks alike
    age_limit: int = 500
    stall: int = 60


class Clonalg:
    """The textbook CLONALG on real numbers.

    Every member is cloned, clones mutate more the worse their parent, a better clone takes the
    parent's place, the worst are replaced by newcomers each generation.
    """

    def __init__(
        self,
        box: Box,
        seed: int,
        *,
        canonical: Canonical = as_is,
        first: Iterable[Sequence[int]] = (),
        settings: ClonalgSettings | None = None,
        name: str = "ais-classic",
    ) -> None:
        self.name, self.settings = name, settings or ClonalgSettings()
        self._uniforms = Uniforms(seed)
        self._batches = Batches(box, canonical, first)
        n = self.settings.n_members
        self._members, self._costs = np.zeros((n, box.dim)), np.full(n, np.inf)
        self._failures, self._order = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self._owners = np.arange(0)
        self._generation = -1

    def ask(self, n: int) -> np.ndarray:
        """Up to ``n`` points of the present generation, (b, dim)."""
        if self._batches.is_told:
            self._generation += 1
            self._batches.load(self._next())
        return self._batches.ask(n)

    def _next(self) -> np.ndarray:
        batches, settings = self._batches, self.settings
        n, dim = self._members.shape
        generator = self._uniforms.start(self._generation)
        if self._generation == 0:
            out = np.empty((n, dim))
            moves.scatter(generator.random((n, dim)), batches.low, batches.high, out)
            out[: len(batches.first)] = batches.first[:n]
            return out
        n_new = min(settings.n_newcomers, n - 1)
        out = np.empty((n * settings.n_clones + n_new, dim))
        clones, newcomers = out[: -n_new or None], out[len(out) - n_new :]
        moves.rank_order(self._costs, self._order)
        # a newcomer competes for the place of one of the worst
        self._owners = np.concatenate(
            [np.repeat(np.arange(n), settings.n_clones), self._order[n - n_new :]]
        )
        moves.hypermutate(
            generator.standard_normal(clones.shape), self._members, self._costs, settings.rho,
            batches.low, batches.high, self._owners,
            clones,
        )  # fmt: skip
        moves.scatter(generator.random((n_new, dim)), batches.low, batches.high, newcomers)
        return out

    def tell(self, costs: np.ndarray) -> None:
        """Costs of the oldest points asked."""
        batches = self._batches
        if not batches.tell(costs):
            return
        if self._generation == 0:
            moves.first_costs(batches.costs, batches.points, self._members, self._costs)
            return
        n_new = min(self.settings.n_newcomers, len(self._members) - 1)
        if n_new:
            # newcomers take the place of the worst whatever they are worth
            self._costs[self._owners[len(self._owners) - n_new :]] = np.inf
        moves.keep_better(
            batches.costs, batches.points, self._owners, self._members, self._costs,
            self._failures,
        )  # fmt: skip

    def population(self) -> tuple[np.ndarray, np.ndarray]:
        """The antibodies (n, dim) and their costs (n,)."""
        return self._members.copy(), self._costs.copy()

    def state(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "generation": self._generation,
            "members": self._members.tolist(),
            "costs": costs_to_plain(self._costs),
            "owners": self._owners.tolist(),
            "batch": self._batches.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self._generation = state["generation"]
        self._members = np.array(state["members"], float)
        self._costs = costs_from_plain(state["costs"])
        self._owners = np.array(state["owners"], np.int64)
        self._batches.restore(state["batch"])


class ContinuousImmuneSystem:
    """Pooled CLONALG on real numbers with steps that the pool itself scales.

    Deviates from de Castro & Von Zuben (2002): the better ranks are cloned more; a clone moves one
    gene by a difference of two other antibodies; antibodies that fail too long are replaced; when
    the best stands still it is kept as a memory cell and the pool begins anew.
    """

    def __init__(
        self,
        box: Box,
        seed: int,
        *,
        canonical: Canonical = as_is,
        first: Iterable[Sequence[int]] = (),
        settings: PoolSettings | None = None,
        name: str = "ais",
    ) -> None:
        self.name, self.settings = name, settings or PoolSettings()
        n = self.settings.n_members
        most = max(n * box.dim, 6 * self.settings.n_clones)
        self._uniforms = Uniforms(seed, most + box.dim)
        self._batches = Batches(box, canonical, first)
        self._members, self._costs = np.zeros((n, box.dim)), np.full(n, np.inf)
        self._failures, self._order = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self._owners = np.zeros(self.settings.n_clones, np.int64)
        self._memory: tuple[list[float], float] | None = None  # the best of an earlier pool
        self._is_first = True  # the generation under way founds a pool
        self._pool_best, self._since_best = np.inf, 0
        self._generation = -1

    def ask(self, n: int) -> np.ndarray:
        """Up to ``n`` points of the present generation, (b, dim)."""
        if self._batches.is_told:
            self._generation += 1
            self._batches.load(self._next())
        return self._batches.ask(n)

    def _next(self) -> np.ndarray:
        batches, settings = self._batches, self.settings
        n, dim = self._members.shape
        numbers = self._uniforms.row(self._generation)
        self._is_first = self._generation == 0 or self._since_best > settings.stall * dim
        if self._is_first:
            self._remember()
            out = np.empty((n, dim))
            random = numbers[: n * dim].reshape(n, dim)
            moves.scatter(random, batches.low, batches.high, out)
            if self._generation == 0:
                out[: len(batches.first)] = batches.first[:n]
            return out
        moves.send_scout(
            numbers[-dim:], settings.age_limit, batches.low, batches.high, self._members,
            self._costs, self._failures,
        )  # fmt: skip
        out = np.empty((settings.n_clones, dim))
        random = numbers[: 6 * settings.n_clones].reshape(-1, 6)
        moves.immune_clones(
            random, self._members, self._costs, settings.greed,
            batches.low, batches.high, self._order, self._owners, out,
        )  # fmt: skip
        return out

    def _remember(self) -> None:
        """Keep the best as a memory cell before the pool begins anew."""
        best = int(np.argmin(self._costs))
        if self._memory is None or is_better(self._costs[best], self._memory[1]):
            self._memory = (self._members[best].tolist(), float(self._costs[best]))
        self._pool_best, self._since_best = np.inf, 0

    def tell(self, costs: np.ndarray) -> None:
        """Costs of the oldest points asked."""
        batches = self._batches
        if not batches.tell(costs):
            return
        if self._is_first:
            moves.first_costs(batches.costs, batches.points, self._members, self._costs)
            self._failures[:] = 0
        else:
            moves.keep_better(
                batches.costs, batches.points, self._owners, self._members, self._costs,
                self._failures,
            )  # fmt: skip
        ranked = sorted(self._costs.tolist())
        best, middle = ranked[0], ranked[len(ranked) // 2]
        has_closed_in = middle - best <= _CLOSED * abs(best)
        is_gain = best < self._pool_best and not has_closed_in
        self._since_best = 0 if is_gain else self._since_best + len(batches.costs)
        self._pool_best = best

    def population(self) -> tuple[np.ndarray, np.ndarray]:
        """The antibodies and the memory cell (n, dim) and their costs (n,)."""
        points, costs = self._members.copy(), self._costs.copy()
        if self._memory is None or not np.isfinite(self._memory[1]):
            return points, costs
        return np.vstack([points, self._memory[0]]), np.append(costs, self._memory[1])

    def state(self) -> dict[str, Any]:
        """Everything as plain data."""
        memory = self._memory
        return {
            "generation": self._generation,
            "members": self._members.tolist(),
            "costs": costs_to_plain(self._costs),
            "failures": self._failures.tolist(),
            "owners": self._owners.tolist(),
            "memory": None if memory is None else [memory[0], costs_to_plain(np.array(memory[1:]))],
            "is_first": self._is_first,
            "pool_best": costs_to_plain(np.array([self._pool_best])),
            "since_best": self._since_best,
            "batch": self._batches.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self._generation = state["generation"]
        self._members = np.array(state["members"], float)
        self._costs = costs_from_plain(state["costs"])
        self._failures = np.array(state["failures"], np.int64)
        self._owners = np.array(state["owners"], np.int64)
        memory = state["memory"]
        self._memory = (
            None if memory is None else (memory[0], float(costs_from_plain(memory[1])[0]))
        )
        self._is_first = state["is_first"]
        self._pool_best = float(costs_from_plain(state["pool_best"])[0])
        self._since_best = state["since_best"]
        self._batches.restore(state["batch"])
