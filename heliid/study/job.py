"""The whole job behind the Start button."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from heliid.data.campaign import Campaign
from heliid.events import CandidateScored, Report, ShouldStop, ignore, never
from heliid.model.network import NarxModel
from heliid.study.config import StudyConfig

if TYPE_CHECKING:
    from heliid.engine.protocol import Engine


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
    campaign: Campaign,
    config: StudyConfig,
    order: str,
    *,
    report: Report = ignore,
    should_stop: ShouldStop = never,
) -> StudyResult:
    """The same without a search: ``order`` as in ``"na=1,nb=4,nk=0,spacing=3,h=4"``."""
    raise NotImplementedError
