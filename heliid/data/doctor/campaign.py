"""Findings across records: envelope, units, rates, and answers that contradict each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from heliid.data.campaign import Campaign, Use
from heliid.data.conditioning import Scale
from heliid.data.doctor.finding import Finding, Severity
from heliid.data.doctor.links import Link, estimate, spectra
from heliid.data.record import DT_TOLERANCE, FlightRecord

_OUTSIDE = 0.05  # share of samples
_MARGIN = 0.02  # of the training range
_FACTOR = 3.0  # between the gains of two records: another unit, not another flight condition


def check_campaign(campaign: Campaign) -> list[Finding]:
    """Findings that need more than one record."""
    names = (*campaign.inputs, *campaign.outputs)
    records = [
        r for r, u in zip(campaign.records, campaign.uses, strict=True) if u is not Use.EXCLUDE
    ]
    found = _rates(records)
    if not _fits(records, names, found):
        return found
    train = campaign.with_use(Use.TRAIN)
    for use in (Use.VALIDATE, Use.TEST):
        for record in campaign.with_use(use):
            found += _envelope(record, use, train, names)
    return [*found, *_answers(records, campaign.inputs, campaign.outputs)]


def _rates(records: Sequence[FlightRecord]) -> list[Finding]:
    steps = [record.dt for record in records]
    if not steps or max(steps) - min(steps) <= DT_TOLERANCE * max(steps):
        return []
    slow = records[int(np.argmax(steps))]
    return [
        Finding(
            "mismatch",
            Severity.NOTE,
            f"The records have different sample times, {1000 * min(steps):.4g} to "
            f"{1000 * max(steps):.4g} ms ('{slow.name}' is the slowest): the model rate can be no "
            f"higher than {1 / max(steps):.4g} Hz.",
            evidence=(("slowest_hz", 1 / max(steps)),),
            record=slow.name,
        )
    ]


def _fits(records: Sequence[FlightRecord], names: Sequence[str], found: list[Finding]) -> bool:
    """True when all records have all channels in one unit; says so in ``found`` otherwise."""
    is_fine = True
    for name in names:
        missing = [r.name for r in records if name not in r.names]
        units = {r.channel(name).si for r in records if name in r.names}
        if missing:
            what = f"{name} is missing in {', '.join(missing)}: leave that record or channel out."
        elif len(units) > 1:
            what = f"{name} is in different quantities ({', '.join(sorted(units))}): correct one."
        else:
            continue
        is_fine = False
        found.append(Finding("mismatch", Severity.ERROR, what, (name,)))
    return is_fine


def _envelope(
    record: FlightRecord, use: Use, train: Sequence[FlightRecord], names: Sequence[str]
) -> list[Finding]:
    if not train:
        return []
    known = np.concatenate([r.columns(names) for r in train])
    low, high = known.min(axis=0), known.max(axis=0)
    margin = _MARGIN * (high - low)
    values = record.columns(names)
    outside = (values < low - margin) | (values > high + margin)
    shares = outside.mean(axis=0)
    worst = [name for name, share in zip(names, shares, strict=True) if share > _OUTSIDE]
    if not worst:
        return []
    share = float(outside.any(axis=1).mean())
    first = int(np.argmax(outside.any(axis=1)))
    return [
        Finding(
            "envelope",
            Severity.NOTE if use is Use.TEST else Severity.WARNING,
            f"'{record.name}' ({use.value}) is outside the range of the training records in "
            f"{100 * share:.0f} % of its samples ({', '.join(worst)}): scores there are "
            f"extrapolation; train on a record that covers it if there is one.",
            tuple(worst),
            float(record.time[first]),
            float(record.time[-1]),
            (("share", share),),
            record=record.name,
        )
    ]


def _answers(
    records: Sequence[FlightRecord], inputs: Sequence[str], outputs: Sequence[str]
) -> list[Finding]:
    """Inputs that turn their sign, or their size, from one record to the others."""
    found = []
    for name in inputs:
        links = {(r.name, output): _link(r, name, output) for r in records for output in outputs}
        for record in records:
            mine = [(o, links[(record.name, o)]) for o in outputs]
            odd = [o for o, link in mine if _is_turned(record, o, link, records, links)]
            sure = [o for o, link in mine if link.is_usable]
            if odd and len(odd) == len(sure):
                found.append(_turned(record, name, odd))
    return found


def _link(record: FlightRecord, name: str, output: str) -> Link:
    x, y = record.column(name), record.column(output)
    return estimate(spectra([x], y, record.dt, ((0, record.n_samples),)))


def _is_turned(
    record: FlightRecord,
    output: str,
    link: Link,
    records: Sequence[FlightRecord],
    links: dict[tuple[str, str], Link],
) -> bool:
    """True when at least two other records agree among themselves and not with this one."""
    others = [links[(r.name, output)] for r in records if r is not record]
    usable = [other for other in others if other.is_usable and other.coherence > 0.8]
    if not link.is_usable or link.coherence < 0.8 or len(usable) < 2:
        return False
    signs = {np.sign(other.gain) for other in usable}
    return len(signs) == 1 and np.sign(link.gain) not in signs


def _turned(record: FlightRecord, name: str, outputs: Sequence[str]) -> Finding:
    return Finding(
        "mismatch",
        Severity.ERROR,
        f"In '{record.name}' {', '.join(outputs)} answer to {name} the other way round than in "
        f"the other records: turn the sign of {name} there, or leave the record out.",
        (name,),
        float(record.time[0]),
        float(record.time[-1]),
        confidence=0.8,
        remedy=Scale(name, -1.0),
        record=record.name,
    )
