"""Scaled records as the kernels want them: end to end, with their boundaries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np

from heliid.data.prepare import Prepared
from heliid.data.record import frozen_array
from heliid.data.scaling import Scaling
from heliid.errors import TrainingError


@dataclass(frozen=True, eq=False)
class Dataset:
    """Scaled records at model rate.

    Attributes
    ----------
    u, y : tuples of (N, nu) and (N, ny), one pair per record, scaled deviations from trim.
        ``u`` holds the leaky copies of a structure's memory at its end, when it has any.
    dt : sample time, s.
    increment_std, output_std, output_mean : (ny,), from the ``Scaling`` of the training records.
    """

    u: tuple[np.ndarray, ...]
    y: tuple[np.ndarray, ...]
    dt: float
    increment_std: np.ndarray
    output_std: np.ndarray
    output_mean: np.ndarray
    u_all: np.ndarray = field(init=False, repr=False)  # (sum N, nu)
    y_all: np.ndarray = field(init=False, repr=False)  # (sum N, ny)
    edges: np.ndarray = field(init=False, repr=False)  # (n_records + 1,), int64

    def __post_init__(self) -> None:
        if not self.u or len(self.u) != len(self.y):
            raise TypeError(f"{len(self.u)} input arrays for {len(self.y)} output arrays")
        put = object.__setattr__
        put(self, "u", tuple(frozen_array(one, 2) for one in self.u))
        put(self, "y", tuple(frozen_array(one, 2) for one in self.y))
        for name in ("increment_std", "output_std", "output_mean"):
            put(self, name, frozen_array(getattr(self, name), 1))
        put(self, "u_all", frozen_array(np.concatenate(self.u), 2))
        put(self, "y_all", frozen_array(np.concatenate(self.y), 2))
        if not (np.all(np.isfinite(self.u_all)) and np.all(np.isfinite(self.y_all))):
            raise TrainingError(
                "The records hold a missing or infinite value: fill or cut it in Prepare first."
            )
        edges = np.concatenate([[0], np.cumsum([len(one) for one in self.y])]).astype(np.int64)
        edges.setflags(write=False)
        put(self, "edges", edges)

    @property
    def n_records(self) -> int:
        """Number of records."""
        return len(self.y)

    @property
    def n_outputs(self) -> int:
        """Number of outputs ny."""
        return int(self.y_all.shape[1])

    @property
    def n_samples(self) -> int:
        """Samples of all records together."""
        return int(self.y_all.shape[0])

    def with_memory(self, memory: Sequence[tuple[int, float]]) -> Dataset:
        """The same records with the leaky copies of ``Structure.memory`` behind the inputs."""
        if not memory:
            return self
        return Dataset(
            tuple(np.hstack([one, leaky_copies(one, memory)]) for one in self.u),
            self.y,
            self.dt,
            self.increment_std,
            self.output_std,
            self.output_mean,
        )

    def doubled(self) -> Dataset:
        """Every record twice, all first copies before all second ones."""
        return replace(self, u=self.u + self.u, y=self.y + self.y)

    def segments(self, n_start: int, horizon: int = 0) -> np.ndarray:
        """Segments (n, 2) that tile every record from ``n_start``; horizon 0 is whole records.

        A rest shorter than half a horizon joins the segment before it.
        """
        rows = []
        for first, last in pairwise(self.edges.tolist()):
            at, end = first + n_start, last
            if end <= at:
                continue
            length = min(horizon, end - at) if horizon > 0 else end - at
            n = max(1, int((end - at) / length + 0.5))
            cuts = [*range(at, at + n * length, length), end]
            rows += [(a, b - a) for a, b in pairwise(cuts)]
        if not rows:
            raise TrainingError(
                f"Every record is shorter than the {n_start + 1} samples that this order needs "
                f"({(n_start + 1) * self.dt:.2f} s): take shorter lags or longer records."
            )
        return np.array(rows, dtype=np.int64)

    def to_dict(self) -> dict[str, Any]:
        """Plain data (arrays stay arrays), for a worker process."""
        names = ("u", "y", "dt", "increment_std", "output_std", "output_mean")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Dataset:
        """The inverse of ``to_dict``."""
        return cls(**data)


def leaky_copies(u: np.ndarray, memory: Sequence[tuple[int, float]]) -> np.ndarray:
    """Leaky copies v(k) = a x(k) + (1-a) v(k-1) of columns of ``u`` (N, nu), (N, len(memory)).

    Each starts in the steady state of its first sample.
    """
    copies = np.empty((len(u), len(memory)))
    for column, (index, leak) in enumerate(memory):
        value = u[0, index]
        for k in range(len(u)):
            value = leak * u[k, index] + (1.0 - leak) * value
            copies[k, column] = value
    return copies


def make_dataset(
    prepared: Sequence[Prepared], scaling: Scaling, memory: Sequence[tuple[int, float]] = ()
) -> Dataset:
    """The scaled ``Dataset`` of prepared records; ``memory`` as in ``Structure.memory``."""
    dt = float(np.median(np.diff(prepared[0].time)))
    plain = Dataset(
        tuple(scaling.scale_inputs(one.u) for one in prepared),
        tuple(scaling.scale_outputs(one.y) for one in prepared),
        dt,
        scaling.increment_std,
        scaling.output_std,
        scaling.output_mean,
    )
    return plain.with_memory(memory)
