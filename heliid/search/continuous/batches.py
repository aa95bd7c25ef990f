"""Whole generations of real points, handed out piece by piece and told piece by piece."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from heliid.search.lattice import Draws, as_is
from heliid.search.searcher import Box, Canonical, cost_from_plain, cost_to_plain

_HALF = 0.5 - 1e-9  # a whole gene owns the real numbers that round to it
_GENERATIONS = 32  # whose random numbers are drawn at once


class Batches:
    """The points of the present generation: how far they are asked, how far told.

    Whole genes are rounded, and genomes put in canonical form, only when a point is handed out; the
    searcher's own points stay real.
    """

    def __init__(
        self,
        box: Box,
        canonical: Canonical = as_is,
        first: Iterable[Sequence[int]] = (),
    ) -> None:
        self.is_whole = np.array(box.is_whole, dtype=bool)
        self.low = np.where(self.is_whole, box.low - _HALF, box.low).astype(float)
        self.high = np.where(self.is_whole, box.high + _HALF, box.high).astype(float)
        self._limits = np.array(box.low, float), np.array(box.high, float)
        self._canonical = None if canonical is as_is else canonical
        self.first = np.array([list(point) for point in first], float).reshape(-1, box.dim)
        self._any_whole = bool(self.is_whole.any())
        self.points = np.zeros((0, box.dim))
        self.costs = np.zeros(0)
        self._n_asked = 0
        self._n_told = 0

    @property
    def is_told(self) -> bool:
        """Whether every point has been asked and told."""
        return self._n_told == len(self.points)

    def load(self, points: np.ndarray) -> None:
        """Begin a generation; the array is not copied."""
        self.points = points
        if len(self.costs) != len(points):
            self.costs = np.zeros(len(points))
        self._n_asked = self._n_told = 0

    def ask(self, n: int) -> np.ndarray:
        """Up to ``n`` further points of this generation, a copy."""
        points = self.points[self._n_asked : self._n_asked + n].copy()
        self._n_asked += len(points)
        return self._handed_out(points) if self._any_whole else points

    def _handed_out(self, points: np.ndarray) -> np.ndarray:
        low, high = self._limits
        rounded = np.clip(np.where(self.is_whole, np.rint(points), points), low, high)
        if self._canonical is None:
            return rounded
        genomes = [self._canonical(tuple(map(int, point))) for point in rounded]
        return np.array(genomes, float).reshape(rounded.shape)

    def tell(self, costs: np.ndarray) -> bool:
        """Costs of the oldest points; whether the generation is complete now."""
        if self._n_told == 0 and len(costs) == len(self.points) == self._n_asked:
            self.costs[:] = costs
            self._n_told = len(costs)
            return True
        end = self._n_told + len(costs)
        if end > self._n_asked:
            raise TypeError(f"{len(costs)} costs told for {self._n_asked - self._n_told} points.")
        self.costs[self._n_told : end] = costs
        self._n_told = end
        return end == len(self.points)

    def state(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "points": self.points.tolist(),
            "costs": [cost_to_plain(cost) for cost in self.costs[: self._n_told].tolist()],
            "asked": self._n_asked,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """The inverse of ``state``."""
        self.load(np.array(state["points"], float).reshape(-1, len(self.low)))
        costs = [cost_from_plain(cost) for cost in state["costs"]]
        self.costs[: len(costs)] = costs
        self._n_asked, self._n_told = state["asked"], len(costs)


class Uniforms:
    """The random numbers of each generation, keyed by (seed, generation).

    ``n_numbers``: uniform numbers that a generation takes at most; they are drawn for a block of
    generations at once, since going to a place in the stream costs as much as using it.
    """

    def __init__(self, seed: int, n_numbers: int = 0) -> None:
        self._draws = Draws(seed, stream=1)
        self._n_numbers = n_numbers
        self._rows = np.zeros((0, n_numbers))
        self._block = -1

    def start(self, generation: int) -> np.random.Generator:
        """The generator at the numbers of one generation."""
        self._draws.start(generation)
        return self._draws.generator

    def row(self, generation: int) -> np.ndarray:
        """The uniform numbers of one generation, (n_numbers,), a view."""
        block, at = divmod(generation, _GENERATIONS)
        if block != self._block:
            generator = self.start(block)
            self._rows, self._block = generator.random((_GENERATIONS, self._n_numbers)), block
        return self._rows[at]


def costs_to_plain(costs: np.ndarray) -> list[float | None]:
    """Costs for JSON."""
    return [cost_to_plain(cost) for cost in costs.tolist()]


def costs_from_plain(costs: Sequence[float | None]) -> np.ndarray:
    """The inverse of ``costs_to_plain``."""
    return np.array([cost_from_plain(cost) for cost in costs], float)
