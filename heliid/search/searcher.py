"""The box that a search moves in, and the protocol every searcher keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np


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


class Searcher(Protocol):
    """Ask for points, tell their costs in the order they were asked.

    Several points may be asked ahead of the first tell (the in-order window): point i is then
    made from the costs told up to that moment, so results do not depend on who evaluates.
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
        """Everything as plain data, the Generator's state included; continues bit for bit."""
        ...
