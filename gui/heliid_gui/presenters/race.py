"""The searches of one study side by side: how each got on; no Qt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from heliid_gui.presenters.formatting import SHORT_SEARCH, figure


@dataclass(frozen=True, slots=True)
class Standing:
    """One search: how many orders it has judged, and when it found its best."""

    title: str
    n_judged: int
    best_cost: float
    best_at: int  # the order, counted from 1, that is its best; 0 when nothing was found

    def sentence(self) -> str:
        """``AIS: 0.0413 at 27 of 30``, for a caption."""
        if not self.best_at:
            return f"{self.title}: nothing yet in {self.n_judged}"
        return f"{self.title}: {figure(self.best_cost)} at {self.best_at} of {self.n_judged}"


def standing(name: str, best_so_far: np.ndarray) -> Standing:
    """How a search stands, from its best cost after each order (n,)."""
    found = np.flatnonzero(np.isfinite(best_so_far))
    title = SHORT_SEARCH.get(name, name)
    if not found.size:
        return Standing(title, best_so_far.size, math.nan, 0)
    last = float(best_so_far[-1])
    return Standing(title, best_so_far.size, last, int(np.argmax(best_so_far == last)) + 1)


class Scored(Protocol):
    """An order with its cost."""

    @property
    def genome(self) -> tuple[int, ...]:
        """Its numbers."""
        ...

    @property
    def cost(self) -> float:
        """What it is worth."""
        ...


def path_of_the_best(own: Sequence[Scored]) -> list[tuple[int, ...]]:
    """The genomes that were the best of their search for a while, first to last."""
    path: list[tuple[int, ...]] = []
    cost = math.inf
    for one in own:
        if one.cost < cost:
            cost = one.cost
            path.append(one.genome)
    return path
