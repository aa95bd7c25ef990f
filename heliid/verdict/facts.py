"""What the verdict must know about the campaign: who was trained on what, and how alike it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from heliid.data.campaign import Campaign, Use
from heliid.data.prepare import Prepared
from heliid.model.network import NarxModel
from heliid.model.simulate import prepare_for
from heliid.validation.evidence import as_validated, overlaps, seen_records, was_trained_on
from heliid.validation.manoeuvre import describe, find_events, similarity


@dataclass(frozen=True, slots=True)
class Kinship:
    """How alike one record's inputs are to those of the training record most like it."""

    record: str
    use: str
    manoeuvre: str
    nearest: str  # name of that training record
    similarity: float  # 0 to 1, at the best time shift
    was_trained_on: bool
    is_same_file: bool  # a stretch of a file that was also trained on


@dataclass(frozen=True, slots=True)
class CampaignFacts:
    """Who was trained, who judged. ``n_test_scorings``: 0 while the test records are untouched."""

    trained: tuple[str, ...]
    kin: tuple[Kinship, ...]  # validation and test records
    test_records: tuple[str, ...]
    n_test_scorings: int
    test_seen_before: tuple[str, ...]  # test records that trained the model or scored the search


def campaign_facts(model: NarxModel, campaign: Campaign) -> CampaignFacts:
    """The facts, from the campaign and the model's own provenance.

    Test records are compared by their inputs only: nobody looks at their outputs here.
    """
    model = as_validated(model)  # as the validation records saw it
    trained = campaign.with_use(Use.TRAIN)
    test = campaign.with_use(Use.TEST)
    base = [prepare_for(model, record) for record in trained]
    kin = tuple(
        _kinship(model, campaign, base, use, i)
        for use in (Use.VALIDATE, Use.TEST)
        for i in range(len(campaign.with_use(use)))
    )
    scored = seen_records(model, Use.TEST)
    seen = seen_records(model, Use.TRAIN, Use.VALIDATE)
    counts = [sum(overlaps(record, [one]) for one in scored) for record in test]
    return CampaignFacts(
        tuple(record.name for record in trained),
        kin,
        tuple(record.name for record in test),
        max(counts, default=0),
        tuple(record.name for record in test if overlaps(record, seen)),
    )


def _kinship(
    model: NarxModel, campaign: Campaign, base: Sequence[Prepared], use: Use, i: int
) -> Kinship:
    record = campaign.with_use(use)[i]
    prepared = prepare_for(model, record)
    std = model.scaling.input_std
    alike = [similarity(prepared.u / std, other.u / std) for other in base]
    nearest = int(np.argmax(alike)) if alike else -1
    inputs = tuple(channel.name for channel in model.inputs)
    events = find_events(prepared.u, inputs, std, model.dt)
    files = {one.get("sha256") for one in seen_records(model, Use.TRAIN)} - {"", None}
    return Kinship(
        record=record.name,
        use=str(use),
        manoeuvre=describe(events),
        nearest=base[nearest].name if alike else "",
        similarity=float(alike[nearest]) if alike else 0.0,
        was_trained_on=was_trained_on(model, record),
        is_same_file=record.source.sha256 in files,
    )
