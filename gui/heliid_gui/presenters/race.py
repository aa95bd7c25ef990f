"""The searches of one study side by side: how each got on; no Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass

from heliid.events import CandidateScored
from heliid_gui.presenters.formatting import SHORT_SEARCH, figure


@dataclass(frozen=True, slots=True)
class Standing:
    """One search: what it has trained and found."""

    searcher: str
    title: str
    n_trained: int
    n_diverged: int
    best_cost: float
    best_at: int  # the training, counted from 1, that found it; 0 when nothing was found
    best_order: str

    def sentence(self) -> str:
        """``AIS: 0.0413 at 27 of 30``, for a caption."""
        if not self.best_at:
            return f"{self.title}: nothing yet in {self.n_trained}"
        return f"{self.title}: {figure(self.best_cost)} at {self.best_at} of {self.n_trained}"


def by_searcher(candidates: list[CandidateScored]) -> dict[str, list[CandidateScored]]:
    """The candidates of each search, in the order in which the searches began."""
    found: dict[str, list[CandidateScored]] = {}
    for one in candidates:
        found.setdefault(one.searcher, []).append(one)
    return found


def standings(candidates: list[CandidateScored]) -> tuple[Standing, ...]:
    """How each search stands, in the order in which they began."""
    return tuple(_standing(name, own) for name, own in by_searcher(candidates).items())


def _standing(name: str, own: list[CandidateScored]) -> Standing:
    best = min(
        (k for k, one in enumerate(own) if math.isfinite(one.cost)),
        key=lambda k: own[k].cost,
        default=-1,
    )
    return Standing(
        searcher=name,
        title=SHORT_SEARCH.get(name, name),
        n_trained=len(own),
        n_diverged=sum(one.diverged for one in own),
        best_cost=own[best].cost if best >= 0 else math.nan,
        best_at=best + 1,
        best_order=own[best].structure_text if best >= 0 else "",
    )


def path_of_the_best(own: list[CandidateScored]) -> list[tuple[int, ...]]:
    """The genomes that were the best of their search for a while, first to last."""
    path: list[tuple[int, ...]] = []
    cost = math.inf
    for one in own:
        if one.cost < cost:
            cost = one.cost
            path.append(one.genome)
    return path
