"""Pre-selection: of several moves a searcher might make, the one that looks best is evaluated.

A training costs some thousand times what a guess costs, so the moves of ABC, AIS and PSO are
proposed in handfuls and a quadratic through the costs told so far picks one of each (surrogate
pre-selection, Jin 2011). The metaheuristic still decides where to look; a share of its moves goes
unscreened, so that a misleading quadratic cannot lead it in circles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from heliid.kernels.screening import features, fit_quadratic, most_promising
from heliid.search.searcher import Genome, cost_from_plain, cost_to_plain

_MEMORY = 400  # points told; older ones are forgotten
_REFIT_EVERY = 4  # points told, when few are
_REFIT_SHARE = 16  # ... when many are: when one in so many is new


@dataclass(frozen=True, slots=True)
class Screening:
    """How moves are pre-selected; ``n_trials`` 1 switches it off."""

    n_trials: int = 8
    share: float = 0.85  # of the moves are screened
    n_wanted: int = 15  # points told before it begins


OFF = Screening(n_trials=1)


class Screen:
    """The points told so far and what they promise."""

    def __init__(self, low: Sequence[int], high: Sequence[int], settings: Screening) -> None:
        self.settings = settings
        lows, highs = np.array(low, float), np.array(high, float)
        self._centre = 0.5 * (lows + highs)
        self._scale = 2.0 / np.maximum(highs - lows, 1.0)
        self._rows = np.zeros((_MEMORY, 1 + 2 * len(lows)))
        self._costs = np.zeros(_MEMORY)
        self._told: list[tuple[Genome, float]] = []
        self._coefficients = np.zeros(1 + 2 * len(lows))
        self._knows = False
        self._n_fitted = 0

    @property
    def is_ready(self) -> bool:
        """Whether it can help: switched on, enough was told, and the costs differ."""
        return self._knows

    def learn(self, genome: Genome, cost: float) -> None:
        """Take in the cost of one point."""
        if self.settings.n_trials < 2:
            return
        at = len(self._told) % _MEMORY
        self._told.append((genome, cost))
        features(np.array(genome), self._centre, self._scale, self._rows[at])
        self._costs[at] = cost
        n = len(self._told)
        if n >= self.settings.n_wanted and n - self._n_fitted >= max(
            _REFIT_EVERY, min(n, _MEMORY) // _REFIT_SHARE
        ):
            self._n_fitted = n
            n = min(n, _MEMORY)
            self._knows = fit_quadratic(self._rows[:n], self._costs[:n], self._coefficients)

    def choose(self, candidates: np.ndarray) -> int:
        """Which row of some points (m, dim) is the most promising."""
        return most_promising(candidates, self._centre, self._scale, self._coefficients)

    def state(self) -> list[Any]:
        """Plain data."""
        return [[list(genome), cost_to_plain(cost)] for genome, cost in self._told]

    def restore(self, state: list[Any]) -> None:
        """The inverse of ``state``."""
        self._told, self._n_fitted, self._knows = [], 0, False
        for genome, cost in state:
            self.learn(tuple(genome), cost_from_plain(cost))
