"""Conditioning steps: plain values in a list, applied to the original record, never undone.

``apply(original, steps)`` is the whole machinery: taking a step out of the list or moving it and
applying again is undo and reorder. Every step is frozen, goes through ``to_dict`` and
``step_from_dict`` bit for bit, and leaves its line in the record's history. Times are seconds on
the record's own axis, values SI.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any

from heliid.data.conditioning.channel import (
    Bridge,
    Derive,
    Despike,
    Drop,
    RemoveDrift,
    Rename,
    Scale,
    SetUnit,
    Swap,
    Unhold,
)
from heliid.data.conditioning.step import Step
from heliid.data.conditioning.timing import (
    ChooseTrim,
    Crop,
    FillGaps,
    LowPass,
    RemoveTrim,
    Resample,
    SetTimeBase,
    ShiftTime,
)
from heliid.data.record import FlightRecord, StepDone
from heliid.errors import RecordError

__all__ = [
    "STEPS",
    "Bridge",
    "ChooseTrim",
    "Crop",
    "Derive",
    "Despike",
    "Drop",
    "FillGaps",
    "LowPass",
    "RemoveDrift",
    "RemoveTrim",
    "Rename",
    "Resample",
    "Scale",
    "SetTimeBase",
    "SetUnit",
    "ShiftTime",
    "Step",
    "Swap",
    "Unhold",
    "apply",
    "step_from_dict",
    "to_dict",
]

MIN_SAMPLES = 16
STEPS: dict[str, Any] = {
    made.kind: made
    for made in (
        Crop,
        Scale,
        SetUnit,
        Rename,
        Swap,
        ShiftTime,
        Despike,
        Bridge,
        Unhold,
        FillGaps,
        Resample,
        LowPass,
        SetTimeBase,
        ChooseTrim,
        RemoveTrim,
        RemoveDrift,
        Derive,
        Drop,
    )
}


def apply(record: FlightRecord, steps: Iterable[Step]) -> FlightRecord:
    """``record`` after all steps, in order; the original is not touched.

    Raises
    ------
    RecordError
        A step does not fit the record; the message names the step's number.
    """
    for number, step in enumerate(steps, 1):
        try:
            record = _with_history(step.apply(record), record, step)
        except RecordError as reason:
            raise RecordError(f"Step {number} ({step.sentence()}): {reason}") from None
    return record


def _with_history(after: FlightRecord, before: FlightRecord, step: Step) -> FlightRecord:
    if after.n_samples < MIN_SAMPLES:
        raise RecordError(
            f"only {after.n_samples} samples of '{before.name}' would be left, wanted at least "
            f"{MIN_SAMPLES}: choose a longer part."
        )
    parameters = {key: value for key, value in to_dict(step).items() if key != "kind"}
    done = StepDone(step.kind, tuple(parameters.items()))
    return replace(after, history=(*before.history, done))


def to_dict(step: Step) -> dict[str, Any]:
    """Plain data of one step, ``kind`` first."""
    out: dict[str, Any] = {"kind": step.kind}
    for item in fields(step):  # type: ignore[arg-type]
        value = getattr(step, item.name)
        out[item.name] = list(value) if isinstance(value, tuple) else value
    return out


def step_from_dict(data: dict[str, Any]) -> Step:
    """The inverse of ``to_dict``.

    Raises
    ------
    RecordError
        An unknown kind of step or unknown parameters, as from a newer version.
    """
    step_class = STEPS.get(str(data.get("kind")))
    if step_class is None:
        raise RecordError(
            f"There is no conditioning step '{data.get('kind')}': "
            f"the project is from a newer version, update HeliID."
        )
    values = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in data.items()
        if key != "kind"
    }
    try:
        return step_class(**values)
    except TypeError:
        raise RecordError(
            f"The conditioning step '{data['kind']}' has other parameters than this version "
            f"knows: update HeliID."
        ) from None
