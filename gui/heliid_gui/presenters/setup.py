"""The engineer's set-up as one frozen value: records, pieces, channels, settings.

Every edit makes a new ``Setup``; arrays are shared between them, so undo costs nothing.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from heliid.channels import Role, find_kind
from heliid.data.campaign import Campaign, Use, make_campaign
from heliid.data.record import FlightRecord
from heliid.errors import HeliIDError
from heliid.project import ProjectRecord
from heliid.study import StudyConfig

SHARES = (("train", 0.55), ("validate", 0.20), ("test", 0.25))  # of a single record, in time
MIN_PIECE_S = 0.2  # shorter pieces of a record are merged into their neighbour
_NAME_HINTS = ((Use.VALIDATE, ("valid", "verif")), (Use.TEST, ("test_", "_test", "test ")))
_PREFERRED_OUTPUTS = ("u_body", "w_body", "q", "theta")
_PREFERRED_INPUTS = ("delta_lon", "delta_col", "delta_ped")

Piece = tuple[float, float, Use]


@dataclass(frozen=True, eq=False)
class Setup:
    """What a study is made from; the default is an empty project."""

    records: tuple[ProjectRecord, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    config: StudyConfig = field(default_factory=StudyConfig)


def conditioned(item: ProjectRecord) -> FlightRecord:
    """The record after its conditioning steps; the original when it has none that are on.

    Raises
    ------
    HeliIDError
        A step does not fit the record.
    """
    steps = [step for step in item.steps if not step.get("off")]
    return _after_steps(item.record, json.dumps(steps)) if steps else item.record


@lru_cache(maxsize=64)
def _after_steps(record: FlightRecord, steps: str) -> FlightRecord:
    """The same steps on the same record are applied once, whatever else of it is edited."""
    from heliid.data.conditioning import apply, step_from_dict  # scipy is slow to import

    return apply(record, [step_from_dict(step) for step in json.loads(steps)])


def pieces(item: ProjectRecord) -> tuple[Piece, ...]:
    """The record's pieces in time order, without gaps: (start s, end s, use)."""
    record = conditioned(item)
    start, end = float(record.time[0]), float(record.time[-1])
    result: list[Piece] = []
    at = start
    for first, last, use in sorted(item.regions):
        first, last = max(first, at), min(last, end)
        if last <= first:
            continue
        if first > at:
            result.append((at, first, item.use))
        result.append((first, last, use))
        at = last
    if at < end:
        result.append((at, end, item.use))
    return _merged(result)


def _merged(parts: Iterable[Piece]) -> tuple[Piece, ...]:
    """Neighbours of the same use become one; slivers join the piece before them."""
    result: list[Piece] = []
    for start, end, use in parts:
        sliver = end - start < MIN_PIECE_S
        if result and (result[-1][2] is use or sliver):
            result[-1] = (result[-1][0], end, result[-1][2])
        else:
            result.append((start, end, use))
    if len(result) > 1 and result[0][1] - result[0][0] < MIN_PIECE_S:
        result[1] = (result[0][0], result[1][1], result[1][2])
        del result[0]
    return tuple(result)


def with_pieces(item: ProjectRecord, parts: Sequence[Piece]) -> ProjectRecord:
    """The record cut into these pieces; a single piece is the whole record."""
    merged = _merged(parts)
    if len(merged) == 1:
        return replace(item, use=merged[0][2], regions=())
    return replace(item, regions=merged)


def paint(item: ProjectRecord, start: float, end: float, use: Use) -> ProjectRecord:
    """Give the time from ``start`` to ``end`` (s) this use, whatever it was before."""
    parts: list[Piece] = []
    for first, last, old in pieces(item):
        if first < start:
            parts.append((first, min(last, start), old))
        if last > end:
            parts.append((max(first, end), last, old))
    time = conditioned(item).time
    inside = (max(start, float(time[0])), min(end, float(time[-1])))
    if inside[1] > inside[0]:
        parts.append((*inside, use))
    return with_pieces(item, sorted(parts))


def move_border(item: ProjectRecord, index: int, to: float) -> ProjectRecord:
    """Move the border between piece ``index`` and the next; it stays between its neighbours."""
    parts = list(pieces(item))
    (start, _, use), (_, end, after) = parts[index], parts[index + 1]
    at = min(max(to, start + MIN_PIECE_S), end - MIN_PIECE_S)
    parts[index], parts[index + 1] = (start, at, use), (at, end, after)
    return with_pieces(item, parts)


def with_steps(item: ProjectRecord, steps: Sequence[dict]) -> ProjectRecord:
    """The record with these conditioning steps; its pieces keep their samples, not their seconds.

    A corrected time base gives every sample another time, and the borders go along.

    Raises
    ------
    HeliIDError
        A step does not fit the record.
    """
    changed = replace(item, steps=tuple(dict(step) for step in steps))
    before, after = conditioned(item).time, conditioned(changed).time
    if not item.regions or len(before) != len(after) or np.array_equal(before, after):
        return changed
    moved = [
        (float(np.interp(start, before, after)), float(np.interp(end, before, after)), use)
        for start, end, use in item.regions
    ]
    return replace(changed, regions=tuple(moved))


def used_records(setup: Setup, use: Use) -> tuple[FlightRecord, ...]:
    """The records and pieces of records with this use, named by their place in time."""
    found = []
    for item in setup.records:
        parts, record = pieces(item), conditioned(item)
        for start, end, what in parts:
            if what is not use:
                continue
            if len(parts) == 1:
                found.append(record)
                continue
            # the last sample belongs to the last piece
            to = end + record.dt / 2 if end >= record.time[-1] else end
            found.append(record.between(start, to, piece_name(record, start, end)))
    return tuple(found)


def piece_name(record: FlightRecord, start: float, end: float) -> str:
    """How a piece of a record is called, by its place in time (s)."""
    return f"{record.name} {start:.4g} to {end:.4g} s"


def campaign(setup: Setup) -> Campaign:
    """The checked campaign; a HeliIDError with one sentence when something does not fit."""
    return make_campaign(
        setup.inputs,
        setup.outputs,
        train=used_records(setup, Use.TRAIN),
        validate=used_records(setup, Use.VALIDATE),
        test=used_records(setup, Use.TEST),
    )


@lru_cache(maxsize=2)
def problem(setup: Setup) -> str:
    """What keeps the study from starting, as one sentence; empty when nothing does."""
    if not setup.records:
        return "Open at least one flight record first."
    try:
        campaign(setup)
    except HeliIDError as error:
        return str(error)
    return ""


def in_use(setup: Setup) -> list[FlightRecord]:
    """The conditioned records of which some piece is not excluded."""
    return [
        conditioned(i) for i in setup.records if any(p[2] is not Use.EXCLUDE for p in pieces(i))
    ]


def common_channels(setup: Setup) -> tuple[str, ...]:
    """Channels that every record in use has, in the order of the first record."""
    used = in_use(setup)
    if not used:
        return ()
    return tuple(name for name in used[0].names if all(name in r.names for r in used))


def add_records(setup: Setup, records: Sequence[FlightRecord]) -> Setup:
    """With these records added, uses and channels proposed where nothing was chosen yet."""
    known = {item.record.name for item in setup.records}
    keys = {item.key for item in setup.records}
    items = list(setup.records)
    first_load = not setup.records
    for record in records:
        name = _free_name(record.name, known)
        known.add(name)
        key = next(k for k in (f"r{n}" for n in itertools.count(1)) if k not in keys)
        keys.add(key)
        named = record if name == record.name else replace(record, name=name)
        items.append(ProjectRecord(key, named, use=_use_by_name(name)))
    if first_load:
        items = _proposed_uses(items)
    result = replace(setup, records=tuple(items))
    return with_proposed_channels(result)


def _free_name(name: str, known: set[str]) -> str:
    if name not in known:
        return name
    return next(n for n in (f"{name} ({k})" for k in itertools.count(2)) if n not in known)


def _use_by_name(name: str) -> Use:
    lowered = name.lower()
    for use, hints in _NAME_HINTS:
        if any(hint in f"{lowered} " for hint in hints):
            return use
    return Use.TRAIN


def _proposed_uses(items: list[ProjectRecord]) -> list[ProjectRecord]:
    """A single record is cut in time; of several without a validating one the last validates."""
    if len(items) == 1:
        record = items[0].record
        at = float(record.time[0])
        parts: list[Piece] = []
        for use, share in SHARES:
            parts.append((at, at + share * record.duration, Use(use)))
            at = parts[-1][1]
        parts[-1] = (parts[-1][0], float(record.time[-1]), parts[-1][2])
        return [with_pieces(replace(items[0], use=Use.TRAIN), parts)]
    uses = [item.use for item in items]
    if Use.TRAIN not in uses:
        items = [replace(item, use=Use.TRAIN) for item in items]
        uses = [Use.TRAIN] * len(items)
    if Use.VALIDATE not in uses:
        last = max(k for k, use in enumerate(uses) if use is Use.TRAIN)
        if uses.count(Use.TRAIN) > 1:
            items[last] = replace(items[last], use=Use.VALIDATE)
    return items


def with_proposed_channels(setup: Setup) -> Setup:
    """Inputs and outputs that no record has any more are dropped; none at all: proposed."""
    there = common_channels(setup)
    inputs = tuple(n for n in setup.inputs if n in there)
    outputs = tuple(n for n in setup.outputs if n in there and n not in inputs)
    if not inputs:
        inputs = _by_role(setup, there, Role.INPUT, _PREFERRED_INPUTS, outputs)
    if not outputs:
        outputs = _by_role(setup, there, Role.OUTPUT, _PREFERRED_OUTPUTS, inputs)
    return replace(setup, inputs=inputs, outputs=outputs)


def _by_role(
    setup: Setup,
    there: tuple[str, ...],
    role: Role,
    preferred: tuple[str, ...],
    taken: tuple[str, ...],
) -> tuple[str, ...]:
    """Moving channels of this role: the longitudinal set when it is there, else all of them."""
    kinds = {name: find_kind(name) for name in there if name not in taken}
    wanted = [n for n, k in kinds.items() if k is not None and k.symbol in preferred]
    first = tuple(name for name in wanted if _moves(setup, name))
    if first:
        return first
    wanted = [n for n, k in kinds.items() if k is not None and k.usual_role is role]
    return tuple(name for name in wanted if _moves(setup, name))


def _moves(setup: Setup, name: str) -> bool:
    columns = (record.column(name) for record in in_use(setup))
    return any(bool((column != column[0]).any()) for column in columns)


def replaced(setup: Setup, item: ProjectRecord) -> Setup:
    """With the record of the same key exchanged."""
    records = tuple(item if old.key == item.key else old for old in setup.records)
    return with_proposed_channels(replace(setup, records=records))


def without(setup: Setup, key: str) -> Setup:
    """Without one record."""
    records = tuple(item for item in setup.records if item.key != key)
    return with_proposed_channels(replace(setup, records=records))


def find(setup: Setup, key: str) -> ProjectRecord | None:
    """The record with this key, or None."""
    return next((item for item in setup.records if item.key == key), None)


def with_role(setup: Setup, name: str, role: Role) -> Setup:
    """With one channel made input, output or ignored; the order of the records is kept."""
    inputs = set(setup.inputs) - {name}
    outputs = set(setup.outputs) - {name}
    if role is Role.INPUT:
        inputs.add(name)
    elif role is Role.OUTPUT:
        outputs.add(name)
    order = common_channels(setup)
    return replace(
        setup,
        inputs=tuple(n for n in order if n in inputs),
        outputs=tuple(n for n in order if n in outputs),
    )
