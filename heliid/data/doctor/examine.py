"""The whole examination of one record, and of a campaign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from heliid.data import conditioning
from heliid.data.campaign import Campaign, Use
from heliid.data.doctor.axis import breaks_of, check_axis
from heliid.data.doctor.campaign import check_campaign
from heliid.data.doctor.experiment import check_experiment, roles_of
from heliid.data.doctor.finding import Finding, ordered
from heliid.data.doctor.kinematics import check_motion
from heliid.data.doctor.links import Stretches
from heliid.data.doctor.samples import check_channels
from heliid.data.record import FlightRecord
from heliid.errors import RecordError

_LOCAL = ("stuck", "dropout")  # places that are left out of what follows
_REPAIRED = ("spikes", "low rate")  # channels that are repaired for what follows
_FEWEST = 16  # samples; below it there is nothing to say
_SHORTEST = 64  # samples; a shorter stretch between faults tells nothing about motion


def examine(
    record: FlightRecord, *, inputs: Sequence[str] = (), outputs: Sequence[str] = ()
) -> tuple[Finding, ...]:
    """What is wrong with a record, worst first; an empty tuple when nothing is to be said.

    Without ``inputs`` and ``outputs`` the names decide which channels are which. What the samples
    themselves show (spikes, dropouts, slow channels) is repaired or left out, on a copy, before
    the laws of motion are asked.
    """
    inputs = tuple(record.channel(name).name for name in inputs)
    outputs = tuple(record.channel(name).name for name in outputs)
    is_chosen = bool(inputs or outputs)
    if not is_chosen:
        inputs, outputs = roles_of(record)
    if record.n_samples < _FEWEST:
        return ()
    axis = check_axis(record)
    if any(finding.kind == "time order" for finding in axis):
        return ordered(_named(record, axis))
    channels = check_channels(record)
    repaired, stretches = _prepared(record, channels)
    motion = check_motion(repaired, stretches)
    experiment = check_experiment(repaired, stretches, inputs, outputs, is_chosen=is_chosen)
    return ordered(_named(record, [*axis, *channels, *motion, *experiment]))


def examine_campaign(campaign: Campaign) -> tuple[Finding, ...]:
    """What is wrong with every record in use, and with how they fit together, worst first."""
    found: list[Finding] = []
    for record, use in zip(campaign.records, campaign.uses, strict=True):
        if use is not Use.EXCLUDE:
            found += examine(record, inputs=campaign.inputs, outputs=campaign.outputs)
    return ordered([*found, *check_campaign(campaign)])


def _named(record: FlightRecord, found: list[Finding]) -> list[Finding]:
    return [replace(finding, record=record.name) for finding in found]


def _prepared(record: FlightRecord, found: list[Finding]) -> tuple[FlightRecord, Stretches]:
    """The record with its samples repaired, and the stretches free of gaps and faults."""
    steps = [f.remedy for f in found if f.kind in _REPAIRED and f.remedy is not None]
    bad = np.zeros(record.n_samples, dtype=bool)
    for finding in found:
        if finding.kind in _LOCAL:
            bad |= (record.time >= finding.start) & (record.time <= finding.end)
        elif finding.kind == "clipping":
            column = record.column(finding.channels[0])
            bad |= column == finding.number("limit")
    try:
        repaired = conditioning.apply(record, steps)
    except RecordError:
        repaired = record
    return repaired, _stretches(record, bad)


def _stretches(record: FlightRecord, bad: np.ndarray) -> Stretches:
    """(first, end) of the good parts that are long enough; the longest one in any case."""
    if record.n_samples < 2:
        return ()
    edges = {0, record.n_samples, *breaks_of(record.time)}
    edges |= set((np.flatnonzero(np.diff(bad.astype(np.int8))) + 1).tolist())
    marks = sorted(edges)
    parts = [(first, end) for first, end in pairwise(marks) if not bad[first]]
    if not parts:
        return ()
    long = tuple(part for part in parts if part[1] - part[0] >= _SHORTEST)
    return long or (max(parts, key=lambda part: part[1] - part[0]),)
