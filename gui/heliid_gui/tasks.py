"""What the worker process can be asked to do; plain functions on plain data, no Qt.

The core is imported inside the functions: the worker starts at once, and a task that needs
little loads little.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from heliid.events import Report, ShouldStop

if TYPE_CHECKING:
    from heliid.data.campaign import Campaign
    from heliid.data.record import FlightRecord
    from heliid.model.network import NarxModel
    from heliid.study import StudyConfig, StudyResult


def warm_up() -> None:
    """Load what the first search needs, so that Start answers at once."""
    import heliid.study
    import heliid.training  # noqa: F401


def identify(
    campaign: Campaign, config: StudyConfig, checkpoint: Path | None, *,
    report: Report, should_stop: ShouldStop,
) -> StudyResult:
    """The study behind the Start button."""
    from heliid import study

    return study.identify(
        campaign, config, report=report, should_stop=should_stop, checkpoint=checkpoint
    )


def responses(
    models: dict[str, NarxModel], records: tuple[FlightRecord, ...], *,
    report: Report, should_stop: ShouldStop,  # noqa: ARG001 - every task has both
) -> dict[str, dict[str, Any]]:
    """Free run of each model on each record: {model: {record: Response}}."""
    from heliid.model.simulate import free_run

    found: dict[str, dict[str, Any]] = {}
    for label, model in models.items():
        found[label] = {}
        for record in records:
            if should_stop():
                return found
            found[label][record.name] = free_run(model, record)
    return found
