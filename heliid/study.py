"""The front door: a campaign and a configuration in, a judged model out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heliid.data.campaign import Campaign
from heliid.events import CandidateScored, Report, ShouldStop, ignore, never
from heliid.model.network import NarxModel

if TYPE_CHECKING:
    from heliid.engine.protocol import Engine

SEARCHES = ("ais", "abc", "pso", "random", "hill", "abc-classic", "ais-classic", "pso-classic")


@dataclass(frozen=True)
class OrderBox:
    """Bounds of the order search, in samples at model rate; both included."""

    na_max: int = 6
    nb_max: int = 8
    nk_max: int = 4
    spacing_max: int = 3
    hidden_max: int = 8


@dataclass(frozen=True)
class StudyConfig:
    """Every setting of a study; the defaults are good enough to press Start.

    ``rate_hz`` 0: proposed from the data. ``search``: a name in SEARCHES, or ``"all"`` (ABC, AIS
    and PSO in turn, same budget each). ``budget`` counts unique trainings. ``window`` is how many
    candidates may be asked ahead of the oldest result; it is part of the study, not of the
    machine, so that any number of workers up to it gives the same bits.
    """

    rate_hz: float = 0.0
    search: str = "ais"
    budget: int = 120
    seed: int = 1
    workers: int = 2
    window: int = 8
    box: OrderBox = field(default_factory=OrderBox)
    trim_rule: str = "auto"
    kinematics: bool = True
    n_tables: int = 3  # weight tables raced inside the fitness of one order
    n_ensemble: int = 5  # best orders refitted at the end
    stagnation: int = 0  # stop after this many unique trainings without improvement; 0: never
    wall_limit_s: float = 0.0  # 0: none

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        raise NotImplementedError

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> StudyConfig:
        """The inverse of ``to_dict``; unknown keys are refused."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class StudyResult:
    """What a study found. ``linear`` is the best linear model (h = 0), always there."""

    model: NarxModel
    linear: NarxModel
    members: tuple[NarxModel, ...]  # the ensemble, the model among them
    candidates: tuple[CandidateScored, ...]  # every unique training, in order
    config: StudyConfig
    reason: str  # as in JobFinished
    notices: tuple[str, ...]
    seconds: float


def identify(
    campaign: Campaign,
    config: StudyConfig,
    *,
    report: Report = ignore,
    should_stop: ShouldStop = never,
    engine: Engine | None = None,
    checkpoint: Path | None = None,
) -> StudyResult:
    """Search the order, train, refit the best: the whole job behind the Start button.

    Test records are not touched here. With ``checkpoint`` the search is written there after
    each result and goes on from it, bit for bit, when the file exists and fits.
    """
    raise NotImplementedError


def fit(
    campaign: Campaign, config: StudyConfig, order: str, *, report: Report = ignore,
    should_stop: ShouldStop = never,
) -> StudyResult:
    """The same without a search: ``order`` as in ``"na=1,nb=4,nk=0,spacing=3,h=4"``."""
    raise NotImplementedError
