"""The whole-number points of a box: what was proposed, unseen draws, and the moves all share.

Searchers own one ``Lattice`` each. It holds the rules of every order search: points in canonical
form, never one twice, first members given or by Latin hypercube, and random numbers that depend on
the seed and the number of the point only (Philox counters), not on who asks when.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from heliid.search.canonical import CanonicalForm
from heliid.search.screening import OFF, Screen, Screening
from heliid.search.searcher import Box, Canonical, Genome

# how many moves are drawn at a time, before a random unseen point is taken
_TRIES = (2, 22)
_SCREENED_TRIES = (10, 14)
_RANDOM_TRIES = 200
Moves = Callable[[np.ndarray, np.ndarray], None]
_MAX_LISTED = 200_000  # boxes up to this size are listed to find the last unseen points


class Draws:
    """Uniform random numbers keyed by (seed, index): the same whatever was drawn before.

    ``uniform()`` gives the next number in [0, 1).
    """

    _BLOCK = 64

    def __init__(self, seed: int, stream: int = 0) -> None:
        self._bits = np.random.Philox(key=np.array([seed, stream], dtype=np.uint64))
        self.generator = np.random.Generator(self._bits)
        self._state: Any = self._bits.state
        self._counter = np.zeros(4, dtype=np.uint64)
        self._state["state"]["counter"] = self._counter
        self._state["buffer_pos"] = 4  # nothing left over from other numbers
        self.uniform: Callable[[], float] = self._numbers().__next__

    def start(self, index: int) -> None:
        """Go to the numbers of point ``index``."""
        self._counter[3] = index
        self._bits.state = self._state
        self.uniform = self._numbers().__next__

    def _numbers(self) -> Iterator[float]:
        while True:
            yield from self.generator.random(self._BLOCK).tolist()

    def below(self, n: int) -> int:
        """A whole number in 0..n-1."""
        return int(self.uniform() * n)

    def pick(self, items: Sequence[Any]) -> Any:
        """One of the items."""
        return items[int(self.uniform() * len(items))]

    def weighted(self, weights: Sequence[float]) -> int:
        """An index, in proportion to its weight."""
        at = self.uniform() * sum(weights)
        for index, weight in enumerate(weights):
            at -= weight
            if at < 0.0:
                return index
        return len(weights) - 1


def as_is(genome: Genome) -> Genome:
    """The canonical form where every genome is its own."""
    return genome


class Lattice:
    """Points of a whole-number box that were proposed, and ways to propose others."""

    def __init__(
        self,
        box: Box,
        seed: int,
        *,
        canonical: Canonical = as_is,
        first: Iterable[Sequence[int]] = (),
        n_first: int = 10,
        screening: Screening = OFF,
    ) -> None:
        if not bool(box.is_whole.all()):
            raise TypeError("This searcher needs a box of whole numbers.")
        self.low = [round(float(value)) for value in box.low]
        self.high = [round(float(value)) for value in box.high]
        self.free = [k for k, low in enumerate(self.low) if self.high[k] > low]
        self.canonical = canonical
        # what compiled moves need; a canonical form without rules is applied to what they give
        form = canonical if isinstance(canonical, CanonicalForm) else CanonicalForm((), ())
        self.terms = (
            np.array(self.free, np.int64), np.array(self.low, np.int64),
            np.array(self.high, np.int64), form.rules, form.some,
        )  # fmt: skip
        self._has_rules = form is canonical
        self.draws = Draws(seed)
        self.seen: dict[Genome, None] = {}  # in the order proposed
        self._size = math.prod(
            high - low + 1 for low, high in zip(self.low, self.high, strict=True)
        )
        self._first = self._first_members(first, n_first)
        self._screen = Screen(self.low, self.high, screening)

    def _first_members(self, first: Iterable[Sequence[int]], n_first: int) -> list[Genome]:
        """The given members, then a Latin hypercube, all different."""
        members = dict.fromkeys(self.clipped(member) for member in first)
        n = max(0, n_first - len(members))
        if n:
            self.draws.start(2**62)
            generator = self.draws.generator
            columns = [
                (generator.permutation(n) + generator.random(n)) / n for _ in range(len(self.low))
            ]
            for row in range(n):
                point = (
                    low + int(columns[k][row] * (high - low + 1))
                    for k, (low, high) in enumerate(zip(self.low, self.high, strict=True))
                )
                members[self.clipped(tuple(point))] = None
        return list(members)

    def clipped(self, point: Sequence[int]) -> Genome:
        """The canonical point nearest to ``point`` inside the box."""
        inside = (
            min(max(int(gene), low), high)
            for gene, low, high in zip(point, self.low, self.high, strict=True)
        )
        return self.canonical(tuple(inside))

    def next_first(self) -> Genome | None:
        """The next unseen first member, None when all were proposed."""
        while self._first:
            member = self._first.pop(0)
            if member not in self.seen:
                return self.take(member)
        return None

    def take(self, genome: Genome) -> Genome:
        """Note that a point is proposed."""
        self.seen[genome] = None
        return genome

    def told(self, genome: Genome, cost: float) -> None:
        """Let the screen learn what a point cost."""
        self._screen.learn(genome, cost)

    def new_point(self, moves: Moves, width: int) -> Genome | None:
        """An unseen point from ``moves``, else a random unseen one, None when there is none left.

        ``moves`` fills proposals (n, dim) from uniform numbers (n, ``width``).
        """
        screen = self._screen
        is_screened = screen.is_ready and self.draws.uniform() < screen.settings.share
        n_wanted = screen.settings.n_trials if is_screened else 1
        found: dict[Genome, int] = {}  # and the row of its proposal
        seen, canonical = self.seen, None if self._has_rules else self.canonical
        for n in _SCREENED_TRIES if is_screened else _TRIES:
            proposals = np.empty((n, len(self.low)), np.int64)
            moves(self.draws.generator.random((n, width)), proposals)
            n_before = len(found)
            for row, point in enumerate(map(tuple, proposals.tolist())):
                if canonical is not None:
                    point = canonical(point)
                if point not in seen:
                    found.setdefault(point, row)
                    if len(found) == n_wanted:
                        break
            if len(found) == n_wanted:
                break
        if not found:
            return self.random_unseen()
        points = list(found)
        if len(points) == 1:
            return self.take(points[0])
        if canonical is None and n_before == 0:  # all of them rows of one array
            return self.take(points[screen.choose(proposals[list(found.values())])])
        return self.take(points[screen.choose(np.array(points, np.int64))])

    def random_point(self) -> list[int]:
        """A point anywhere in the box."""
        draws = self.draws
        return [
            low + draws.below(high - low + 1) for low, high in zip(self.low, self.high, strict=True)
        ]

    def random_unseen(self) -> Genome | None:
        """A random unseen point, None when there is none left."""
        for _ in range(_RANDOM_TRIES):
            genome = self.canonical(tuple(self.random_point()))
            if genome not in self.seen:
                return self.take(genome)
        if self._size > _MAX_LISTED:
            return None  # 200 misses in a row in a big box: as good as exhausted
        ranges = [range(low, high + 1) for low, high in zip(self.low, self.high, strict=True)]
        points = (self.canonical(point) for point in itertools.product(*ranges))
        unseen = sorted({point for point in points if point not in self.seen})
        return self.take(self.draws.pick(unseen)) if unseen else None

    def state(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "seen": [list(genome) for genome in self.seen],
            "first": [list(genome) for genome in self._first],
            "told": self._screen.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """The inverse of ``state``."""
        self.seen = {tuple(genome): None for genome in state["seen"]}
        self._first = [tuple(genome) for genome in state["first"]]
        self._screen.restore(state["told"])


def rows(points: Sequence[Sequence[int]], dim: int) -> np.ndarray:
    """Points as (n, dim) float64, also when there is none."""
    return np.array(points, dtype=float).reshape(-1, dim)


def best_index(costs: Sequence[float]) -> int:
    """Index of the first lowest cost; lost candidates are +inf here (``clean_cost``)."""
    return min(range(len(costs)), key=costs.__getitem__)
