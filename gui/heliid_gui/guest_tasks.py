"""What the worker does with a model from a file: read it, check it, let it fly the records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from heliid.errors import CampaignError
from heliid.events import Report, ShouldStop

if TYPE_CHECKING:
    from heliid.data.campaign import Campaign
    from heliid.data.record import FlightRecord
    from heliid.model.network import NarxModel
    from heliid_gui.presenters.evolve import Responses

Records = tuple["FlightRecord", ...]


def open_guest(
    path: Path,
    train: Records,
    validate: Records,
    test: Records,
    *,
    report: Report,
    should_stop: ShouldStop,
) -> tuple[NarxModel, Campaign, Responses]:
    """The model in a file, the records as it sees them, and its free runs on those that judge.

    A validation record that the model was trained on counts as a training record: it proves
    nothing about this model. Test records are not run.

    Raises
    ------
    HeliIDError
        The file holds no model, or the records lack one of its channels; one sentence.
    """
    from heliid.data.campaign import Use, make_campaign
    from heliid.export.model_files import load_model
    from heliid.model.simulate import free_run
    from heliid.validation import was_trained_on

    del report
    model = load_model(path)
    known = [one for one in validate if was_trained_on(model, one)]
    unseen = [one for one in validate if not was_trained_on(model, one)]
    inputs, outputs = [c.name for c in model.inputs], [c.name for c in model.outputs]
    if not (*train, *validate):
        raise CampaignError(
            f"{path.name}: there is no record to judge the model on: open flight records first."
        )
    campaign = make_campaign(
        inputs, outputs, train=[*train, *known], validate=unseen, test=list(test)
    )
    flown: Responses = {}
    for record in campaign.with_use(Use.VALIDATE) or campaign.with_use(Use.TRAIN):
        if should_stop():
            break
        run = free_run(model, record)
        flown[record.name] = (run.time, run.measured, run.simulated)
    return model, campaign, flown
