"""Records with roles, and which channels go in and out of the model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from heliid.data.record import FlightRecord, split_in_time
from heliid.errors import CampaignError, RecordError

MIN_SAMPLES = 20  # of any record in use; below this nothing can be said about a fit
MIN_TRAIN_SAMPLES = 50
LARGEST = 1e30  # SI; a value beyond it is a fault of the file, and its square is not a number
CONSTANT = 1e-12  # peak to peak, relative to the largest value, below which a channel is constant
VALIDATION_SHARE = 0.22  # of each training record, when no record is set aside for validation
SINGLE_SHARES = (0.55, 0.20, 0.25)  # train, validate, test of one single record


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
    inputs: Iterable[str],
    outputs: Iterable[str],
    *,
    train: Iterable[FlightRecord],
    validate: Iterable[FlightRecord] = (),
    test: Iterable[FlightRecord] = (),
) -> Campaign:
    """A checked campaign; names may carry units (``q [deg/s]``) and lose them here.

    Two different records of one name become ``name`` and ``name (2)``.

    Raises
    ------
    CampaignError
        No training record, no input or output, a channel used twice, missing, constant, not
        finite, or in different units across records; a record too short, used twice, or
        overlapping in time with one of another use.
    """
    parts = ((Use.TRAIN, tuple(train)), (Use.VALIDATE, tuple(validate)), (Use.TEST, tuple(test)))
    records = [record for _, group in parts for record in group]
    uses = [use for use, group in parts for _ in group]
    if not parts[0][1]:
        raise CampaignError("No training record is chosen: mark at least one record for training.")
    ins, outs = _channel_names(tuple(inputs), tuple(outputs), records)
    for record, use in zip(records, uses, strict=True):
        _check_record(record, use, (*ins, *outs))
    for name in (*ins, *outs):
        _check_units(name, records)
    _check_movement(ins, outs, parts[0][1])
    _check_repeats(records, uses)
    return Campaign(_uniquely_named(records), tuple(uses), ins, outs)


def check_campaign(campaign: Campaign) -> Campaign:
    """The same checks on a campaign that was put together by hand; excluded records are dropped."""
    return make_campaign(
        campaign.inputs,
        campaign.outputs,
        train=campaign.with_use(Use.TRAIN),
        validate=campaign.with_use(Use.VALIDATE),
        test=campaign.with_use(Use.TEST),
    )


def split_for_validation(
    campaign: Campaign, share: float = VALIDATION_SHARE
) -> tuple[Campaign, str]:
    """A campaign with validation records, and the sentence that says how they were made.

    Where none is there, the last ``share`` of each training record becomes one, and the notice
    says so; else the campaign comes back as it is with an empty notice. The weaker choice: the
    pieces share trim, weather and manoeuvre with what trained the model.
    """
    if campaign.with_use(Use.VALIDATE):
        return campaign, ""
    train, validate = [], []
    for record in campaign.with_use(Use.TRAIN):
        first, last = split_in_time(record, (1.0 - share, share))
        if last.n_samples < MIN_SAMPLES:
            raise CampaignError(
                f"Record '{record.name}' is too short ({record.n_samples} samples) to keep its "
                f"last {100 * share:.0f} % for validation: choose another record for validation."
            )
        train.append(first)
        validate.append(last)
    split = make_campaign(
        campaign.inputs,
        campaign.outputs,
        train=train,
        validate=validate,
        test=campaign.with_use(Use.TEST),
    )
    whose = (
        "each training record" if len(train) > 1 else f"'{campaign.with_use(Use.TRAIN)[0].name}'"
    )
    return split, (
        f"No record was chosen for validation, so the last {100 * share:.0f} % of {whose} scores "
        f"the search; a separate manoeuvre of another shape is the stronger choice."
    )


def split_single(
    record: FlightRecord,
    inputs: Iterable[str],
    outputs: Iterable[str],
    shares: tuple[float, float, float] = SINGLE_SHARES,
) -> tuple[Campaign, str]:
    """A campaign from one record cut in time into train, validate and test, and a notice."""
    train, validate, test = split_in_time(record, shares)
    campaign = make_campaign(inputs, outputs, train=[train], validate=[validate], test=[test])
    first, second, third = (f"{100 * share:.0f} %" for share in shares)
    return campaign, (
        f"'{record.name}' is the only record, so it is cut in time: {first} train, the next "
        f"{second} validate, the next {third} test; separate manoeuvres are the stronger choice."
    )


def _channel_names(
    inputs: tuple[str, ...], outputs: tuple[str, ...], records: list[FlightRecord]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The chosen names as they are written in the first record, checked for repeats."""
    if not inputs:
        raise CampaignError("No input is chosen: choose at least one control, e.g. delta_lon.")
    if not outputs:
        raise CampaignError("No output is chosen: choose at least one response, e.g. q.")
    ins = tuple(_plain_name(name, records) for name in inputs)
    outs = tuple(_plain_name(name, records) for name in outputs)
    for kind, names in (("input", ins), ("output", outs)):
        for name in names:
            if names.count(name) > 1:
                raise CampaignError(f"Channel '{name}' is chosen twice as {kind}: choose it once.")
    for name in ins:
        if name in outs:
            raise CampaignError(
                f"Channel '{name}' is chosen both as input and as output: keep one of the two."
            )
    return ins, outs


def _plain_name(name: str, records: list[FlightRecord]) -> str:
    for record in records:
        try:
            column = record.index(name)
        except RecordError as error:
            raise CampaignError(
                f"Channel '{name}' is not in record '{record.name}' ({record.source.name}), which "
                f"has {', '.join(record.names)}: choose one of these, or leave the record out."
            ) from error
    return records[-1].names[column]


def _check_record(record: FlightRecord, use: Use, names: tuple[str, ...]) -> None:
    """Length, time axis and finite values of one record."""
    wanted = MIN_TRAIN_SAMPLES if use is Use.TRAIN else MIN_SAMPLES
    if record.n_samples < wanted:
        raise CampaignError(
            f"Record '{record.name}' ({record.source.name}) has {record.n_samples} samples, at "
            f"least {wanted} are needed for {use.value}: choose a longer one."
        )
    if not np.all(np.isfinite(record.time)) or np.any(np.diff(record.time) <= 0.0):
        raise CampaignError(
            f"The time of record '{record.name}' ({record.source.name}) does not rise from sample "
            f"to sample: repair its time axis first."
        )
    for name in names:
        bad = ~np.isfinite(record.column(name))
        if bad.any():
            raise CampaignError(
                f"Channel '{name}' of record '{record.name}' ({record.source.name}) has "
                f"{int(bad.sum())} missing or infinite values, the first at t = "
                f"{record.time[int(np.argmax(bad))]:.3f} s: fill the gap or cut it out."
            )
        huge = np.abs(record.column(name)) > LARGEST
        if huge.any():
            raise CampaignError(
                f"Channel '{name}' of record '{record.name}' ({record.source.name}) is "
                f"{record.column(name)[huge][0]:.3g} at t = "
                f"{record.time[int(np.argmax(huge))]:.3f} s, larger than any quantity of flight: "
                f"repair it as a spike or cut it out."
            )


def _check_units(name: str, records: list[FlightRecord]) -> None:
    first = records[0]
    for record in records[1:]:
        if record.channel(name).si != first.channel(name).si:
            raise CampaignError(
                f"Channel '{name}' is in {first.channel(name).unit} in record '{first.name}' but "
                f"in {record.channel(name).unit} in record '{record.name}', which is another "
                f"quantity: correct the unit of one of them."
            )


def is_constant(values: np.ndarray) -> bool:
    """True when a channel (N,) does not move beyond rounding."""
    span = float(np.ptp(values))
    return span <= CONSTANT * max(float(np.max(np.abs(values))), 1e-300)


def _check_movement(
    inputs: tuple[str, ...], outputs: tuple[str, ...], train: tuple[FlightRecord, ...]
) -> None:
    """Every output moves in every training record, every input in at least one.

    A control that rests during one manoeuvre is good practice (one axis at a time); one that
    rests in all of them cannot be identified.
    """
    for name in outputs:
        for record in train:
            if is_constant(record.column(name)):
                raise CampaignError(
                    f"Output '{name}' is constant in training record '{record.name}' "
                    f"({record.source.name}): leave out the channel or the record."
                )
    for name in inputs:
        if all(is_constant(record.column(name)) for record in train):
            where = (
                f"training record '{train[0].name}' ({train[0].source.name})"
                if len(train) == 1
                else f"all {len(train)} training records"
            )
            raise CampaignError(
                f"Input '{name}' is constant in {where}, so its effect cannot be identified: "
                f"leave it out or train on a record in which it moves."
            )


def _check_repeats(records: list[FlightRecord], uses: list[Use]) -> None:
    for i, (record, use) in enumerate(zip(records, uses, strict=True)):
        for other, other_use in zip(records[:i], uses[:i], strict=True):
            if _same_samples(record, other):
                raise CampaignError(
                    f"Record '{record.name}' ({record.source.name}) is chosen twice "
                    f"({other_use.value} and {use.value}): keep it in one place."
                )
            if use is not other_use and _overlap(record, other):
                raise CampaignError(
                    f"Records '{other.name}' ({other_use.value}) and '{record.name}' ({use.value}) "
                    f"share the time from {max(record.time[0], other.time[0]):.2f} s of "
                    f"{record.source.name}: a score there would flatter the model, so cut them "
                    f"apart."
                )


def _same_samples(a: FlightRecord, b: FlightRecord) -> bool:
    return (
        a.values.shape == b.values.shape
        and np.array_equal(a.time, b.time)
        and np.array_equal(a.values, b.values)
    )


def _overlap(a: FlightRecord, b: FlightRecord) -> bool:
    same_file = bool(a.source.sha256) and a.source.sha256 == b.source.sha256
    return same_file and bool(a.time[0] <= b.time[-1] and b.time[0] <= a.time[-1])


def _uniquely_named(records: list[FlightRecord]) -> tuple[FlightRecord, ...]:
    """The records; a repeated name gets a number, because results are kept by name."""
    taken: set[str] = set()
    named = []
    for record in records:
        name, n = record.name, 1
        while name in taken:
            n += 1
            name = f"{record.name} ({n})"
        taken.add(name)
        named.append(record if name == record.name else replace(record, name=name))
    return tuple(named)
