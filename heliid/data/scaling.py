"""The scaling that a model carries: deviations from trim over training statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from heliid.data.prepare import Prepared
from heliid.data.record import frozen_array


@dataclass(frozen=True, eq=False)
class Scaling:
    """Means and standard deviations of the training records, SI, after trim removal.

    ``increment_std`` (ny,) is the standard deviation of the *scaled* outputs' one-step
    increments at model rate: the unit in which the hidden tier speaks.
    """

    input_mean: np.ndarray  # (nu,)
    input_std: np.ndarray  # (nu,), > 0
    output_mean: np.ndarray  # (ny,)
    output_std: np.ndarray  # (ny,), > 0
    increment_std: np.ndarray  # (ny,), > 0

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            object.__setattr__(self, name, frozen_array(getattr(self, name), 1))

    def scale_inputs(self, u: np.ndarray) -> np.ndarray:
        """(N, nu) SI deviations from trim to scaled; a copy."""
        return (u - self.input_mean) / self.input_std

    def scale_outputs(self, y: np.ndarray) -> np.ndarray:
        """(N, ny) SI deviations from trim to scaled; a copy."""
        return (y - self.output_mean) / self.output_std

    def unscale_outputs(self, y: np.ndarray) -> np.ndarray:
        """(N, ny) scaled to SI deviations from trim; a copy."""
        return y * self.output_std + self.output_mean

    def to_dict(self) -> dict[str, Any]:
        """Plain data; floats round-trip bit for bit through JSON."""
        return {name: getattr(self, name).tolist() for name in self.__dataclass_fields__}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Scaling:
        """The inverse of ``to_dict``."""
        return cls(**{name: np.array(data[name], dtype=float) for name in cls.__dataclass_fields__})


def scaling_from(prepared: Sequence[Prepared]) -> Scaling:
    """The scaling of these (training) records; a channel that never moves gets a deviation of 1.

    ``increment_std`` is taken within records, never across the joint between two.
    """
    u = np.concatenate([one.u for one in prepared])
    y = np.concatenate([one.y for one in prepared])
    output_std = _above_zero(y.std(axis=0), y)
    steps = np.concatenate([np.diff(one.y, axis=0) for one in prepared]) / output_std
    return Scaling(
        input_mean=u.mean(axis=0),
        input_std=_above_zero(u.std(axis=0), u),
        output_mean=y.mean(axis=0),
        output_std=output_std,
        increment_std=_above_zero(steps.std(axis=0), steps),
    )


def make_envelope(prepared: Sequence[Prepared]) -> np.ndarray:
    """Smallest and largest value per channel, absolute SI, (nu + ny, 2), inputs first."""
    values = np.concatenate(
        [np.hstack([one.u + one.u_trim, one.y + one.y_trim]) for one in prepared]
    )
    return np.column_stack([values.min(axis=0), values.max(axis=0)])


def _above_zero(std: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The deviations, with 1 in place of those that are only rounding of a constant."""
    tiny = 1e-12 * np.maximum(np.abs(values).max(axis=0), 1e-300)
    return np.where(std > tiny, std, 1.0)
