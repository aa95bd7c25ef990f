"""Published or user-given derivatives and roots to compare an identified model with."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from heliid.errors import RecordError
from heliid.physics.derivatives import Derivative
from heliid.physics.modes import Mode, match, name_modes

MAX_BYTES = 4_000_000


@dataclass(frozen=True, eq=False)
class Reference:
    """Reference values of one aircraft at one condition, with their source.

    ``derivatives`` name -> (value, unit); a unit of "" is taken to be the model's.
    """

    name: str
    source: str
    note: str
    derivatives: dict[str, tuple[float, str]]
    modes: tuple[Mode, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """One value of the model against its reference; ``ratio`` is model over reference."""

    name: str
    unit: str
    model: float
    reference: float
    difference: float
    ratio: float | None  # None when the reference is 0
    interval: tuple[float, float] | None
    is_inside: bool | None  # the reference lies in the model's interval; None without one
    remark: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data; ``value`` is the model's."""
        return {
            "name": self.name,
            "value": self.model,
            "reference": self.reference,
            "unit": self.unit,
            "ratio": self.ratio,
            "interval": list(self.interval) if self.interval else None,
            "is_inside": self.is_inside,
            "remark": self.remark,
        }


def shipped_references() -> tuple[Reference, ...]:
    """The published tables that come with HeliID."""
    for root in (Path(__file__).parents[2] / "data", Path(str(files("heliid") / "_data"))):
        path = root / "reference" / "derivatives.json"
        if path.is_file():
            return tuple(
                _from_table(row) for row in json.loads(path.read_text("utf-8"))["aircraft"]
            )
    return ()


def _from_table(row: dict[str, Any]) -> Reference:
    values = np.array([complex(re, im) for re, im in row["eigenvalues"]])
    of_input = dict(zip(row["inputs"], row["input_units"], strict=True))
    units = {"X": "m/s^2", "Z": "m/s^2", "M": "rad/s^2"}
    derivatives = {}
    for name, value in row["derivatives"].items():
        control = f"delta_{name[3:]}" if name[1:3] == "d_" else ""
        unit = f"{units[name[0]]}/{of_input[control]}" if control else ""
        derivatives[name] = (float(value), unit)
    title = f"{row['name']}, {row['speed_kt']:g} kt"
    modes = name_modes(values, is_longitudinal=True)
    return Reference(title, f"{row['source']} ({row['level']})", row["note"], derivatives, modes)


def load_reference(path: Path | str) -> Reference:
    """A user's table: CSV with the columns name, value and (optional) unit; # starts a comment.

    Names are those of the derivatives table (``Mq``, ``Md_lon``), or a mode with what is given of
    it: ``phugoid frequency`` in rad/s, ``short period damping``.

    Raises
    ------
    RecordError
        The file cannot be read, has no such columns, or a value is not a number.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise RecordError(f"{path.name} is larger than 4 MB: this is no table of derivatives.")
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{path.name} cannot be read as a text table: {error}.") from error
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    rows = csv.DictReader(io.StringIO("\n".join(lines)), skipinitialspace=True)
    if not rows.fieldnames or not {"name", "value"} <= set(rows.fieldnames):
        raise RecordError(
            f"{path.name} has no columns 'name' and 'value': give it a header line "
            f"'name,value,unit' and one derivative per line."
        )
    derivatives = {}
    for row in rows:
        try:
            value = float(row["value"])
        except (TypeError, ValueError):
            value = float("nan")
        if not np.isfinite(value):
            raise RecordError(
                f"The value of '{row['name']}' in {path.name} is '{row['value']}': give a number."
            )
        derivatives[row["name"].strip()] = (value, (row.get("unit") or "").strip())
    return Reference(path.stem, path.name, "", derivatives)


def compare_derivatives(
    derivatives: Sequence[Derivative], reference: Reference
) -> tuple[Comparison, ...]:
    """Every derivative that both have; a different unit is said, never converted silently."""
    rows = []
    for one in derivatives:
        if one.name not in reference.derivatives:
            continue
        value, unit = reference.derivatives[one.name]
        other_unit = bool(unit) and unit.replace(" ", "") != one.unit
        remark = f"the reference is in {unit}, the model in {one.unit}" if other_unit else ""
        rows.append(_compare(one.name, one.unit, one.value, value, one.interval, remark))
    return tuple(rows)


def compare_modes(
    modes: Sequence[Mode],
    intervals: Sequence[Any],
    reference: Reference,
) -> tuple[Comparison, ...]:
    """Frequency (rad/s) and damping ratio of every mode of the same name."""
    rows = []
    for mode, interval in zip(modes, intervals, strict=True):
        other = match(mode, reference.modes)
        for what, unit in (("frequency", "rad/s"), ("damping", "-")):
            name = f"{mode.name} {what}"
            wanted, given = reference.derivatives.get(name, (None, ""))
            if wanted is None and other is not None:
                wanted = float(getattr(other, what))
            if wanted is None:
                continue
            bounds = getattr(interval, what) if interval is not None else None
            is_other = given not in ("", unit)
            remark = f"the reference is in {given}, the model in {unit}" if is_other else ""
            rows.append(_compare(name, unit, float(getattr(mode, what)), wanted, bounds, remark))
    return tuple(rows)


def _compare(
    name: str, unit: str, model: float, reference: float,
    interval: tuple[float, float] | None, remark: str,
) -> Comparison:  # fmt: skip
    inside = None if interval is None or remark else interval[0] <= reference <= interval[1]
    ratio = model / reference if reference != 0.0 else None
    return Comparison(
        name, unit, model, reference, model - reference, ratio, interval, inside, remark
    )
