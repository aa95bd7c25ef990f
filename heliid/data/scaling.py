"""The scaling that a model carries: deviations from trim over training statistics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

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
