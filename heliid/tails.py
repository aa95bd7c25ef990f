"""The bad end of a model's errors: value at risk and CVaR over windows and manoeuvres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from heliid.data.record import FlightRecord
from heliid.errors import RecordError
from heliid.model.network import NarxModel
from heliid.model.simulate import prepare_for
from heliid.training.dataset import Dataset, make_dataset
from heliid.training.risk import cvar, value_at_risk, window_errors

LEVELS = (0.5, 0.8, 0.9, 0.95)
WINDOWS_S = (2.0, 5.0, 0.0)  # restarted every so many seconds; 0 is the whole manoeuvre


@dataclass(frozen=True, eq=False)
class Tail:
    """Errors of one window length over all records, ascending, and their risk by level.

    An error is the NRMSE of one window, averaged over outputs, relative to its record's standard
    deviation; a window whose run diverges has 2 to 3. ``owners``: the record of each error.
    """

    window_s: float
    errors: np.ndarray  # (n,)
    owners: tuple[str, ...]
    levels: tuple[float, ...]
    value_at_risk: tuple[float, ...]
    cvar: tuple[float, ...]

    @property
    def name(self) -> str:
        """The window in words."""
        return f"windows of {self.window_s:g} s" if self.window_s > 0.0 else "whole manoeuvres"

    @property
    def is_thin(self) -> bool:
        """Whether the worst tenth is less than one window: CVaR is then one error alone."""
        return self.errors.size < 10

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "window_s": self.window_s,
            "n": int(self.errors.size),
            "mean": float(self.errors.mean()),
            "worst": float(self.errors[-1]),
            "worst_record": self.owners[-1],
            "levels": list(self.levels),
            "value_at_risk": list(self.value_at_risk),
            "cvar": list(self.cvar),
        }


def tails(
    model: NarxModel,
    records: Sequence[FlightRecord],
    *,
    windows_s: Sequence[float] = WINDOWS_S,
    levels: Sequence[float] = LEVELS,
) -> tuple[Tail, ...]:
    """One ``Tail`` per window length that is shorter than the longest record.

    Raises
    ------
    RecordError
        There is no record.
    """
    if not records:
        raise RecordError("There is no record to take errors from: add at least one.")
    prepared = [prepare_for(model, record) for record in records]
    data = make_dataset(prepared, model.scaling, model.structure.memory)
    longest = max(len(one) for one in data.y) * data.dt
    found = []
    for window_s in windows_s:
        if window_s >= longest:
            continue
        errors, chances = window_errors(model.structure, model.weights, data, window_s)
        names = _owners(model, data, window_s, [one.name for one in prepared])
        order = np.argsort(errors, kind="stable")
        found.append(
            Tail(
                window_s,
                errors[order],
                tuple(names[i] for i in order),
                tuple(levels),
                tuple(value_at_risk(errors, level, chances) for level in levels),
                tuple(cvar(errors, level, chances) for level in levels),
            )
        )
    return tuple(found)


def _owners(model: NarxModel, data: Dataset, window_s: float, names: list[str]) -> list[str]:
    horizon = max(1, round(window_s / data.dt)) if window_s > 0.0 else 0
    segments = data.segments(model.structure.n_start, horizon)
    which = np.searchsorted(data.edges, segments[:, 0], side="right") - 1
    return [names[i] for i in which]


def tail_lines(found: Sequence[Tail], level: float = 0.9) -> list[str]:
    """Sentences for a report: the mean, the value at risk and the CVaR of each window length."""
    lines = []
    for one in found:
        at = min(range(len(one.levels)), key=lambda i: abs(one.levels[i] - level))
        share = 100.0 * (1.0 - one.levels[at])
        text = (
            f"{one.name}: mean {one.errors.mean():.3f}, {one.levels[at]:.0%} stay below "
            f"{one.value_at_risk[at]:.3f}, the worst {share:.0f} % are {one.cvar[at]:.3f} on "
            f"average, the worst is {one.errors[-1]:.3f} in '{one.owners[-1]}'"
        )
        if one.is_thin:
            text += f" (only {one.errors.size}: the tail is one of them)"
        lines.append(text[:1].upper() + text[1:] + ".")
    return lines


def exceedance(tail: Tail) -> tuple[np.ndarray, np.ndarray]:
    """Errors ascending and the share of windows whose error is at least as large, for a plot."""
    n = tail.errors.size
    return tail.errors, 1.0 - np.arange(n) / n if n else np.zeros(0)
