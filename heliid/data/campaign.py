"""Records with roles, and which channels go in and out of the model."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from heliid.data.record import FlightRecord
from heliid.errors import CampaignError


class Use(StrEnum):
    """What a record is for."""

    TRAIN = "train"
    VALIDATE = "validate"  # scores the search
    TEST = "test"  # never seen by training or search
    EXCLUDE = "exclude"


@dataclass(frozen=True, eq=False)
class Campaign:
    """Records with their uses, and the channels of the model.

    ``inputs`` and ``outputs`` are plain channel names (no units) that every
    record in use has, in the same SI unit.
    """

    records: tuple[FlightRecord, ...]
    uses: tuple[Use, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "records", tuple(self.records))
        object.__setattr__(self, "uses", tuple(self.uses))
        object.__setattr__(self, "inputs", tuple(self.inputs))
        object.__setattr__(self, "outputs", tuple(self.outputs))

    def with_use(self, use: Use) -> tuple[FlightRecord, ...]:
        """The records that have this use, in order."""
        return tuple(r for r, u in zip(self.records, self.uses, strict=True) if u is use)


def make_campaign(
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    *,
    train: tuple[FlightRecord, ...],
    validate: tuple[FlightRecord, ...] = (),
    test: tuple[FlightRecord, ...] = (),
) -> Campaign:
    """A checked campaign; names may carry units (``q [deg/s]``) and lose them here.

    Raises
    ------
    CampaignError
        No training record, no input or output, a channel used twice, missing,
        constant, or in different units across records.
    """
    raise CampaignError("not yet checked")
