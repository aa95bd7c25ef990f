"""The Prepare view without Qt: conditioning steps as an editable list, trim, split, proposals.

A step in the project is plain data (``heliid.data.conditioning.to_dict``); one that is switched
off carries ``"off": True`` and is left out when the steps are applied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields, replace
from itertools import combinations
from typing import Any

import numpy as np

from heliid.channels import Role, find_kind
from heliid.data.campaign import Use
from heliid.data.record import FlightRecord
from heliid.errors import HeliIDError, RecordError
from heliid.project import ProjectRecord
from heliid_gui.presenters import setup as setups
from heliid_gui.presenters.setup import Piece, Setup

StepData = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One field of a step's editor."""

    name: str
    label: str
    kind: str  # channel, channels, number, whole, text, unit, choice
    unit: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepKind:
    """One kind of step: how the list of new steps calls it, and its fields."""

    kind: str
    title: str
    help: str
    parameters: tuple[Parameter, ...] = ()


_START = Parameter("start", "From", "number", "s")
_END = Parameter("end", "To", "number", "s")
_CHANNEL = Parameter("channel", "Channel", "channel")
_CHANNELS = Parameter("channels", "Channels", "channels")

KINDS: tuple[StepKind, ...] = (
    StepKind("crop", "Keep a part", "Leave out what is before and after.", (_START, _END)),
    StepKind("trim", "Trim from a steady part", "Deviations are counted from the mean of this "
             "part.", (_START, _END)),
    StepKind("low-pass", "Low-pass filter", "One zero-phase filter for all channels, so that "
             "none is late.", (Parameter("cutoff_hz", "Cut-off", "number", "Hz"),)),
    StepKind("resample", "Resample", "A uniform time axis; a lower rate is filtered first.",
             (Parameter("rate_hz", "Rate", "number", "Hz"),)),
    StepKind("despike", "Remove spikes", "Samples far from the median of their neighbours become "
             "that median.",
             (_CHANNELS, Parameter("threshold", "Threshold", "number", "sigma"),
              Parameter("width", "Half width", "whole", "samples"))),
    StepKind("time base", "Correct the time step", "The file's sample time is wrong; the samples "
             "stay.", (Parameter("dt", "Time step", "number", "s"),)),
    StepKind("shift", "Align a delay", "Move channels earlier (above 0) or later.",
             (_CHANNELS, Parameter("seconds", "By", "number", "s"))),
    StepKind("gaps", "Fill gaps", "Put samples into gaps of the time axis.",
             (Parameter("max_gap", "Longest gap", "number", "s"),
              Parameter("policy", "With", "choice", "", ("linear", "hold")))),
    StepKind("scale", "Scale or turn the sign", "Multiply and add, in SI; factor -1 turns the "
             "sign.", (_CHANNEL, Parameter("factor", "Factor", "number"),
                       Parameter("offset", "Offset", "number", "SI"))),
    StepKind("unit", "Correct the unit", "The numbers in the file are in another unit than its "
             "header says.", (_CHANNEL, Parameter("unit", "Unit", "unit"))),
    StepKind("drift", "Remove a drift", "Subtract a straight line.",
             (_CHANNEL, Parameter("slope", "Slope", "number", "SI/s"))),
    StepKind("bridge", "Bridge a dropout", "A straight line between two times.",
             (_CHANNEL, _START, _END)),
    StepKind("unhold", "Join held samples", "Straight lines between the fresh samples of a slow "
             "channel.", (_CHANNELS,)),
    StepKind("derive", "Derive a channel", "A new channel from a formula, e.g. atan2(w_body, "
             "u_body).", (Parameter("name", "Name", "text"),
                          Parameter("formula", "Formula", "text"),
                          Parameter("unit", "Unit", "unit"))),
    StepKind("rename", "Rename a channel", "Give a channel the name it has in other records.",
             (_CHANNEL, Parameter("name", "New name", "text"))),
    StepKind("swap", "Exchange two channels", "Two columns were mixed up.",
             (_CHANNEL, Parameter("other", "With", "channel"))),
    StepKind("drop", "Leave out channels", "Channels that are not needed.", (_CHANNELS,)),
    StepKind("remove trim", "Subtract the trim", "Work in deviations; models do this by "
             "themselves."),
)  # fmt: skip
_KIND_OF = {kind.kind: kind for kind in KINDS}


def kind_of(step: StepData) -> StepKind:
    """The kind of a step; one from a newer version is shown by its name."""
    name = str(step.get("kind"))
    return _KIND_OF.get(name) or StepKind(name, name, "A step of another version of HeliID.")


def sentence(step: StepData) -> str:
    """What a step does, as the list says it."""
    from heliid.data.conditioning import step_from_dict

    try:
        text = step_from_dict({k: v for k, v in step.items() if k != "off"}).sentence()
    except HeliIDError as error:
        return str(error)
    return text[:1].upper() + text[1:]


def default_step(kind: str, record: FlightRecord, span: tuple[float, float] | None) -> StepData:
    """A new step of this kind that does something sensible on the record.

    ``span``: the piece of time that is marked in the plots, s.
    """
    start, end = span or (float(record.time[0]), float(record.time[-1]))
    first = record.names[0]
    values: StepData = {
        "channel": first, "other": record.names[-1], "channels": [], "start": start, "end": end,
        "cutoff_hz": round(0.2 / record.dt, 3), "rate_hz": round(1.0 / record.dt, 3),
        "dt": record.dt, "seconds": 0.0, "max_gap": round(5 * record.dt, 4), "policy": "linear",
        "factor": -1.0, "offset": 0.0, "slope": 0.0, "threshold": 6.0, "width": 5,
        "unit": record.channel(first).unit, "formula": "", "name": "",
    }  # fmt: skip
    if kind == "trim" and span is None:
        values["start"], values["end"] = steadiest(record)
    if kind in ("shift", "unhold", "drop"):
        values["channels"] = [first]
    if kind == "swap":
        values["channel"], values["other"] = _alike(record)
    if kind == "derive":
        values |= {"name": "new", "formula": first}
    if kind == "rename":
        values["name"] = f"{first}_new"
    wanted = [p.name for p in _KIND_OF[kind].parameters]
    return {"kind": kind, **{name: values[name] for name in wanted}}


def _alike(record: FlightRecord) -> tuple[str, str]:
    """The first two channels of one quantity; the first two of all when there are none."""
    for one, other in combinations(record.channels, 2):
        if one.si == other.si:
            return one.name, other.name
    return record.names[0], record.names[-1]


def filled(step: StepData) -> StepData:
    """A step with the fields it does not name at their defaults."""
    from heliid.data.conditioning import STEPS

    made = STEPS.get(str(step.get("kind")))
    if made is None:
        return step
    defaults = {
        one.name: list(one.default) if isinstance(one.default, tuple) else one.default
        for one in fields(made)
        if one.default is not MISSING
    }
    return {"kind": step["kind"], **defaults, **step}


# ---- edits -----------------------------------------------------------------------------------


def with_steps(item: ProjectRecord, steps: Sequence[StepData]) -> ProjectRecord:
    """The record with this list of steps, checked by applying all that are on to the original.

    Raises
    ------
    RecordError
        A step does not fit; one sentence that names it.
    """
    try:
        changed = setups.with_steps(item, steps)
        record = setups.conditioned(changed)
    except HeliIDError:
        raise
    except (ValueError, TypeError, ArithmeticError, IndexError) as error:
        raise RecordError(f"A step cannot be applied: {error}.") from None
    if not np.all(np.isfinite(record.values)):
        raise RecordError("A step makes values that are not numbers: choose other parameters.")
    return changed


def added(item: ProjectRecord, step: StepData, at: int | None = None) -> ProjectRecord:
    """With one step more, at the end or before the one at ``at``."""
    steps = list(item.steps)
    steps.insert(len(steps) if at is None else at, step)
    return with_steps(item, steps)


def removed(item: ProjectRecord, index: int) -> ProjectRecord:
    """Without the step at ``index``."""
    return with_steps(item, [s for k, s in enumerate(item.steps) if k != index])


def changed(item: ProjectRecord, index: int, step: StepData) -> ProjectRecord:
    """With the step at ``index`` exchanged."""
    return with_steps(item, [step if k == index else s for k, s in enumerate(item.steps)])


def switched(item: ProjectRecord, index: int, on: bool) -> ProjectRecord:
    """With the step at ``index`` switched on or off; it keeps its place and parameters."""
    step = {k: v for k, v in item.steps[index].items() if k != "off"}
    return changed(item, index, step if on else {**step, "off": True})


def moved(item: ProjectRecord, index: int, to: int) -> ProjectRecord:
    """With the step at ``index`` moved to place ``to``."""
    steps = list(item.steps)
    steps.insert(to, steps.pop(index))
    return with_steps(item, steps)


# ---- activity and trim -----------------------------------------------------------------------

ACTIVE_SHARE = 0.08  # of a control's range; a movement below it is noise or small corrections
QUIET_S = 2.0  # controls that rest for so long end a manoeuvre
LEAD_S = 1.0  # kept before and after the movement, for trim and free response
SHORTEST_S = 3.0


def controls(record: FlightRecord, inputs: Sequence[str] = ()) -> tuple[str, ...]:
    """The control channels: the chosen inputs, else those whose names say so."""
    chosen = tuple(name for name in inputs if name in record.names)
    if chosen:
        return chosen
    return tuple(
        name
        for name in record.names
        if (kind := find_kind(name)) is not None and kind.usual_role is Role.INPUT
    )


def activity(record: FlightRecord, names: Sequence[str]) -> np.ndarray:
    """How far any of the channels moves within half a second, in shares of its range, (N,)."""
    width = max(3, round(0.5 / record.dt))
    total = np.zeros(record.n_samples)
    for name in names:
        column = record.column(name)
        span = float(np.ptp(column))
        if span > 0.0 and record.n_samples > width:
            windows = np.lib.stride_tricks.sliding_window_view(
                np.pad(column, (width // 2, width - 1 - width // 2), mode="edge"), width
            )
            total = np.maximum(total, np.ptp(windows, axis=1) / span)
    return total


def manoeuvres(record: FlightRecord, names: Sequence[str]) -> tuple[tuple[float, float], ...]:
    """(start, end) s of each stretch in which the controls are moved, leads included."""
    active = activity(record, names) > ACTIVE_SHARE
    if not active.any():
        return ()
    edges = np.flatnonzero(np.diff(np.concatenate([[False], active, [False]]).astype(int)))
    starts, ends = record.time[edges[::2]], record.time[np.minimum(edges[1::2], active.size - 1)]
    found: list[list[float]] = []
    for start, end in zip(starts, ends, strict=True):
        if found and start - found[-1][1] < QUIET_S:
            found[-1][1] = float(end)
        else:
            found.append([float(start), float(end)])
    first, last = float(record.time[0]), float(record.time[-1])
    spans = [(max(first, a - LEAD_S), min(last, b + LEAD_S)) for a, b in found]
    return tuple((a, b) for a, b in spans if b - a >= SHORTEST_S)


def split(setup: Setup, key: str) -> tuple[Setup, str]:
    """The record cut into its manoeuvres, and a sentence; rests between them are left out.

    The last manoeuvre validates and, from four on, the one before it tests.
    """
    item = setups.find(setup, key)
    if item is None:
        return setup, ""
    record = setups.conditioned(item)
    spans = manoeuvres(record, controls(record, setup.inputs))
    if len(spans) < 2:
        return setup, (
            "The controls are moved without a rest of 2 s in between, so there is nothing to cut "
            "at; mark regions by hand."
        )
    uses = [Use.TRAIN] * len(spans)
    uses[-1] = Use.VALIDATE
    if len(spans) >= 4:
        uses[-2] = Use.TEST
    parts: list[Piece] = []
    at = float(record.time[0])
    for (start, end), use in zip(spans, uses, strict=True):
        if start > at:
            parts.append((at, start, Use.EXCLUDE))
        parts.append((max(start, at), end, use))
        at = end
    if at < record.time[-1]:
        parts.append((at, float(record.time[-1]), Use.EXCLUDE))
    made = replace(item, use=Use.TRAIN, regions=tuple(parts))
    return setups.replaced(setup, made), f"{len(spans)} manoeuvres found; rests are left out."


def steadiest(record: FlightRecord, seconds: float = 2.0) -> tuple[float, float]:
    """(start, end) s of the calmest window: least spread of all channels, in their ranges."""
    width = min(max(5, round(seconds / record.dt)), max(5, record.n_samples // 3))
    spans = np.ptp(record.values, axis=0)
    moving = record.values[:, spans > 0.0] / spans[spans > 0.0]
    if not moving.size or record.n_samples <= width:
        return float(record.time[0]), float(record.time[-1])
    sums = np.cumsum(np.vstack([np.zeros(moving.shape[1]), moving]), axis=0)
    squares = np.cumsum(np.vstack([np.zeros(moving.shape[1]), moving**2]), axis=0)
    mean = (sums[width:] - sums[:-width]) / width
    spread = (squares[width:] - squares[:-width]) / width - mean**2
    best = int(np.argmin(spread.max(axis=1)))
    return float(record.time[best]), float(record.time[best + width - 1])
