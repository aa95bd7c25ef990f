"""The box that a search moves in, the protocol every searcher keeps, and the one comparator."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

Genome = tuple[int, ...]
Canonical = Callable[[Genome], Genome]

WORST = math.inf


@dataclass(frozen=True, eq=False)
class Box:
    """Bounds of each gene; whole genes take integers, both bounds included."""

    low: np.ndarray  # (dim,) float64
    high: np.ndarray  # (dim,) float64
    is_whole: np.ndarray  # (dim,) bool

    @property
    def dim(self) -> int:
        """Number of genes."""
        return int(self.low.shape[0])

    @classmethod
    def whole(cls, low: Sequence[int], high: Sequence[int]) -> Box:
        """A box of integers."""
        return cls(np.array(low, float), np.array(high, float), np.ones(len(low), bool))

    @classmethod
    def real(cls, low: float, high: float, dim: int) -> Box:
        """A cube of real numbers."""
        return cls(np.full(dim, float(low)), np.full(dim, float(high)), np.zeros(dim, bool))


class Searcher(Protocol):
    """Ask for points, tell their costs in the order they were asked.

    Several points may be asked ahead of the first tell (the in-order window): point i is then
    made from the costs told up to that moment, so results do not depend on who evaluates.
    When ``ask`` gives no rows although every point has been told, the space is exhausted.
    """

    name: str

    def ask(self, n: int) -> np.ndarray:
        """Up to ``n`` new points, (b, dim); no rows when it must be told first."""
        ...

    def tell(self, costs: np.ndarray) -> None:
        """Costs (b,) of the oldest b points asked and not yet told; nan = lost, counts as worst."""
        ...

    def population(self) -> tuple[np.ndarray, np.ndarray]:
        """The present members (n, dim) and their costs (n,), for display."""
        ...

    def state(self) -> dict[str, Any]:
        """Everything as plain data that JSON can hold; ``restore`` goes on from it bit for bit."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Take over a state that a searcher with the same settings handed out."""
        ...


def clean_cost(cost: float) -> float:
    """The cost as it is compared: nan and the infinities count as worst (+inf)."""
    return float(cost) if math.isfinite(cost) else WORST


def is_better(cost: float, than: float) -> bool:
    """The one comparator: strictly better; a lost candidate is never better than anything."""
    return clean_cost(cost) < clean_cost(than)


def ranking(costs: Iterable[float]) -> list[int]:
    """Indices from best to worst; equal costs stay in order, lost ones come last."""
    cleaned = [cost if math.isfinite(cost) else WORST for cost in costs]
    return sorted(range(len(cleaned)), key=cleaned.__getitem__)


def cost_to_plain(cost: float) -> float | None:
    """A cost for JSON, which has no infinity."""
    return float(cost) if math.isfinite(cost) else None


def cost_from_plain(value: float | None) -> float:
    """The inverse of ``cost_to_plain``."""
    return WORST if value is None else float(value)
