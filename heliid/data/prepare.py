"""From a record at its own rate to what the model sees: model rate, trim removed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heliid.data.record import FlightRecord


@dataclass(frozen=True, eq=False)
class Prepared:
    """One record at model rate, SI, deviations from trim (not yet scaled); read-only arrays.

    ``u[k]`` is the input's mean over the step that ends at ``time[k]``; ``y[k]`` the (zero-phase
    filtered) output at ``time[k]``. Absolute value = deviation + trim.
    """

    name: str
    time: np.ndarray  # (N,) s, on the record's own axis, uniform
    u: np.ndarray  # (N, nu)
    y: np.ndarray  # (N, ny)
    u_trim: np.ndarray  # (nu,)
    y_trim: np.ndarray  # (ny,)


def prepare(
    record: FlightRecord,
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    *,
    dt: float,
    trim_rule: str = "none",
    filter_hz: float = 0.0,
) -> Prepared:
    """The record at sample time ``dt`` (s), trim removed by ``trim_rule`` (see NarxModel)."""
    raise NotImplementedError
