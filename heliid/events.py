"""What a long job reports while it runs: frozen values, no behaviour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from heliid.model.network import NarxModel


@dataclass(frozen=True, slots=True)
class StageStarted:
    """A named part of the job begins, e.g. ``"Preparing"``, ``"Searching"``, ``"Refitting"``."""

    stage: str
    total: int = 0  # steps expected in this stage, 0 when not known


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the current stage is, how fast it goes, and how long it will take."""

    stage: str
    done: int
    total: int
    seconds: float  # since the stage began
    remaining: float | None = None  # s, estimated; None when not known


@dataclass(frozen=True, slots=True)
class CandidateScored:
    """One unique structure was trained and scored.

    ``index`` counts unique trainings from 0 over the whole study; results are
    reported in this order whatever the number of workers.
    """

    index: int
    searcher: str
    genome: tuple[int, ...]
    structure_text: str
    n_parameters: int
    n_hidden: int
    cost: float
    nrmse: float  # mean free-run NRMSE over outputs and validation records, no penalty
    diverged: bool
    cpu_s: float
    is_best: bool
    reason: str = ""  # why a candidate failed, one line


@dataclass(frozen=True, eq=False, slots=True)
class BestImproved:
    """A better model than any before; with its free run on the watched records.

    ``responses`` maps record name to (time (N,), measured (N, ny), free run (N, ny)), SI.
    """

    index: int
    searcher: str
    cost: float
    model: NarxModel
    responses: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]


@dataclass(frozen=True, eq=False, slots=True)
class LinearReady:
    """The best linear model, found before the search starts."""

    model: NarxModel
    cost: float
    responses: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]


@dataclass(frozen=True, slots=True)
class PopulationMoved:
    """Where the members of one searcher stand in the order space, for display."""

    searcher: str
    index: int
    genomes: tuple[tuple[int, ...], ...]
    costs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SearchAdvanced:
    """One searcher has judged one more order of its own; the curve of its convergence.

    ``n_scored`` counts the unique orders it has asked for, also those whose score was known from
    another searcher; ``best_cost`` is the best of them, +inf while all failed.
    """

    searcher: str
    n_scored: int
    best_cost: float
    genome: tuple[int, ...] = ()  # the order that was judged


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence the user should read; ``level`` is ``info`` or ``warning``."""

    text: str
    level: str = "info"


@dataclass(frozen=True, slots=True)
class JobFinished:
    """The last event of every job.

    ``reason`` is one of ``budget``, ``stopped``, ``stagnation``, ``space exhausted``, ``done``,
    ``failed``; ``text`` is a sentence for the user.
    """

    reason: str
    text: str = ""


Event = (
    StageStarted
    | Progress
    | CandidateScored
    | BestImproved
    | LinearReady
    | PopulationMoved
    | SearchAdvanced
    | Notice
    | JobFinished
)
Report = Callable[[Event], None]
ShouldStop = Callable[[], bool]


def ignore(event: Event) -> None:
    """Drop the event: the default of every ``report`` argument."""


def never() -> bool:
    """Go on: the default of every ``should_stop`` argument."""
    return False
