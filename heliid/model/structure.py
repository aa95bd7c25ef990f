"""Which past samples the model sees and how many hidden units it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from heliid.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Structure:
    """The order of a two-tier NARX model, as general lag lists at model rate.

    ``output_lags[j]``: lags >= 1 of output j. ``input_lags[i]``: lags >= 0 of input i;
    an input lag 0 is the input held over the step that *ends* in the predicted sample.
    ``memory``: leaky copies of inputs, (input index, a), v(k) = a x(k) + (1-a) v(k-1);
    copy n is input ``n_inputs + n`` of the extended input and has its own lag list at the
    end of ``input_lags``.
    """

    output_lags: tuple[tuple[int, ...], ...]
    input_lags: tuple[tuple[int, ...], ...]
    n_hidden: int = 0
    memory: tuple[tuple[int, float], ...] = ()

    def __post_init__(self) -> None:
        if any(lag < 1 for lags in self.output_lags for lag in lags):
            raise SettingsError("An output lag is below 1: the present output is not yet known.")
        if any(lag < 0 for lags in self.input_lags for lag in lags):
            raise SettingsError("An input lag is below 0: a future input is not yet known.")
        if self.n_hidden < 0:
            raise SettingsError("The number of hidden units is below 0.")

    @property
    def n_outputs(self) -> int:
        """Number of outputs ny."""
        return len(self.output_lags)

    @property
    def n_inputs(self) -> int:
        """Number of measured inputs nu, without leaky copies."""
        return len(self.input_lags) - len(self.memory)

    @property
    def n_phi(self) -> int:
        """Length of the regressor."""
        return sum(map(len, self.output_lags)) + sum(map(len, self.input_lags))

    @property
    def n_start(self) -> int:
        """Samples that must be known before the first prediction, at least 1."""
        lags = [
            lag for group in (self.output_lags, self.input_lags) for one in group for lag in one
        ]
        return max([1, *lags])

    @property
    def n_parameters(self) -> int:
        """Free weights: hidden tier, output weights, linear part, bias."""
        linear = self.n_outputs * (self.n_phi + 1)
        return linear + self.n_hidden * (self.n_phi + 1 + self.n_outputs)

    def taps(self) -> tuple[np.ndarray, np.ndarray]:
        """Output taps (n, 2) and input taps (n, 2), int64: channel, lag; in regressor order.

        The regressor phi is all output taps, channel by channel, then all (extended) input taps.
        """
        out = [(j, lag) for j, lags in enumerate(self.output_lags) for lag in lags]
        inp = [(i, lag) for i, lags in enumerate(self.input_lags) for lag in lags]
        return (
            np.array(out, dtype=np.int64).reshape(-1, 2),
            np.array(inp, dtype=np.int64).reshape(-1, 2),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "output_lags": [list(lags) for lags in self.output_lags],
            "input_lags": [list(lags) for lags in self.input_lags],
            "n_hidden": self.n_hidden,
            "memory": [[index, leak] for index, leak in self.memory],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Structure:
        """The inverse of ``to_dict``."""
        return cls(
            tuple(tuple(int(lag) for lag in lags) for lags in data["output_lags"]),
            tuple(tuple(int(lag) for lag in lags) for lags in data["input_lags"]),
            int(data["n_hidden"]),
            tuple((int(index), float(leak)) for index, leak in data["memory"]),
        )


def extend_inputs(u: np.ndarray, memory: tuple[tuple[int, float], ...]) -> np.ndarray:
    """Scaled inputs (N, nu) with their leaky copies at the right, (N, nu + len(memory)).

    v(k) = a x(k) + (1-a) v(k-1), starting at rest: v(0) = x(0). It depends on no output and no
    weight, so it is computed once for a whole record, before any restart.
    """
    if not memory:
        return np.ascontiguousarray(u)
    copies = np.empty((u.shape[0], len(memory)))
    for n, (channel, leak) in enumerate(memory):
        value = u[0, channel]
        for k in range(u.shape[0]):
            value = leak * u[k, channel] + (1.0 - leak) * value
            copies[k, n] = value
    return np.ascontiguousarray(np.hstack([u, copies]))
