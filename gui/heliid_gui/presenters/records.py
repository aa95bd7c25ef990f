"""What the Data view shows of the records; no Qt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heliid.channels import Role, find_kind
from heliid.data.campaign import Use
from heliid.data.record import FlightRecord
from heliid.project import ProjectRecord
from heliid.units import find_unit, same_quantity
from heliid_gui.presenters import formatting as fmt
from heliid_gui.presenters import setup as setups
from heliid_gui.presenters.setup import Setup

MAX_DEFAULT_ROWS = 8


@dataclass(frozen=True, slots=True)
class ChannelLine:
    """One channel in the tree."""

    name: str
    unit: str
    role: str  # "Input", "Output" or ""
    quantity: str
    tip: str
    units: tuple[str, ...] = ()  # in which it can be shown, the SI unit first
    si: str = ""


@dataclass(frozen=True, slots=True)
class RecordLine:
    """One record in the tree."""

    key: str
    name: str
    use_text: str
    uses: tuple[str, ...]
    summary: str
    channels: tuple[ChannelLine, ...]


def lines(setup: Setup) -> tuple[RecordLine, ...]:
    """The tree of records and channels."""
    return tuple(_line(setup, item) for item in setup.records)


def _line(setup: Setup, item: ProjectRecord) -> RecordLine:
    record = setups.conditioned(item)
    uses = tuple(dict.fromkeys(use.value for _, _, use in setups.pieces(item)))
    text = fmt.USE_NAMES[uses[0]] if len(uses) == 1 else f"{len(setups.pieces(item))} pieces"
    channels = []
    for channel in record.channels:
        kind = find_kind(channel.name)
        role = (
            "Input"
            if channel.name in setup.inputs
            else "Output"
            if channel.name in setup.outputs
            else ""
        )
        tip = f"{kind.quantity}, {kind.sign}" if kind else "A channel of your own"
        channels.append(
            ChannelLine(
                channel.name,
                fmt.shown_unit(channel).symbol,
                role,
                kind.quantity if kind else "",
                tip,
                same_quantity(channel.si) if find_unit(channel.si) is not None else (),
                channel.si,
            )
        )
    summary = f"{fmt.figure(record.duration)} s at {fmt.figure(1 / record.dt)} Hz"
    return RecordLine(item.key, record.name, text, uses, summary, tuple(channels))


def default_plotted(setup: Setup, record: FlightRecord) -> tuple[str, ...]:
    """Channels shown before the user chose any: outputs, then inputs."""
    chosen = [n for n in (*setup.inputs, *setup.outputs) if n in record.names]
    return tuple(chosen[:MAX_DEFAULT_ROWS] or record.names[:4])


def details(item: ProjectRecord) -> tuple[tuple[str, str], ...]:
    """Facts about a record for the inspector: (what, value)."""
    record = setups.conditioned(item)
    step = record.dt
    facts = [
        ("File", record.source.name),
        ("Duration", f"{record.duration:.2f} s"),
        ("Samples", f"{record.n_samples:,}".replace(",", " ")),
        ("Time step", f"{fmt.figure(1000 * step)} ms ({fmt.figure(1 / step)} Hz)"),
        ("Time axis", "uniform" if record.is_uniform else "not uniform"),
        ("Channels", str(len(record.channels))),
    ]
    for use in Use:
        total = sum(end - start for start, end, what in setups.pieces(item) if what is use)
        if total > 0:
            facts.append((fmt.USE_NAMES[use.value], f"{total:.1f} s"))
    return tuple(facts)


def statistics(
    record: FlightRecord, names: tuple[str, ...], start: float, end: float
) -> tuple[tuple[str, str, str, str, str], ...]:
    """Per channel of the visible range: name with unit, mean, standard deviation, min, max."""
    first, last = np.searchsorted(record.time, [start, end])
    last += last < record.n_samples and record.time[last] == end
    if last <= first:
        return ()
    rows = []
    for name in names:
        channel = record.channel(name)
        values = np.ascontiguousarray(record.column(name)[first:last])  # the passes are many
        unit = fmt.shown_unit(channel)
        low, mean, high = unit.from_si(np.array([values.min(), values.mean(), values.max()]))
        spread = float(values.std()) / abs(unit.factor)
        texts = [fmt.figure(float(one)) for one in (mean, spread, low, high)]
        rows.append((f"{name} [{unit.symbol}]", texts[0], texts[1], texts[2], texts[3]))
    return tuple(rows)


ROLE_OF = {"Input": Role.INPUT, "Output": Role.OUTPUT, "": Role.IGNORED}
