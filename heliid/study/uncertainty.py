"""What a finished study does not know: refits that leave out one training record each."""

from __future__ import annotations

from dataclasses import replace

from heliid.data.campaign import Campaign, Use
from heliid.errors import HeliIDError
from heliid.events import ShouldStop, never
from heliid.model.network import NarxModel
from heliid.physics.resample import leave_one_out
from heliid.study.config import StudyConfig
from heliid.study.ground import make_ground


def left_out_members(
    model: NarxModel,
    campaign: Campaign,
    config: StudyConfig,
    *,
    should_stop: ShouldStop = never,
) -> tuple[NarxModel, ...]:
    """The model's order refitted without each training record in turn, as the study trains.

    The base of the intervals of modes and derivatives: refits from other weight tables see the
    same noise and agree too well. None when the study's settings do not fit the records any more.
    """
    try:
        ground = make_ground(campaign, config, rate_hz=1.0 / model.dt)
        records = ground.campaign.with_use(Use.TRAIN)
        ways = ground.settings.training
        ways = replace(ways, ridge=model.provenance.get("ridge", ways.ridge))
        return leave_one_out(model, records, ways, should_stop=should_stop)
    except HeliIDError:
        return ()
