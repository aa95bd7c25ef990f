"""The two-tier NARX model as a value: structure, weights, scaling, channels; predict, simulate.

One step, all quantities scaled (Omkar et al., the modified NARX network)::

    phi(k)  = lagged outputs y*(k - lag), then lagged inputs u(k - lag)      tier 1
    z       = tanh(w_hid phi + b_hid)                                         tier 2
    yhat(k) = y*(k-1) + increment_std * (w_out z) + linear phi + bias

``y*`` is the measured output (one-step prediction) or the model's own (free run).
Deviates: increment form and a linear bypass, equal to the direct form in exact arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from heliid.data.record import Channel, frozen_array
from heliid.data.scaling import Scaling
from heliid.model.structure import Structure

if TYPE_CHECKING:
    from heliid.data.record import FlightRecord
    from heliid.model.simulate import Response

FORMAT_VERSION = 1
DIVERGED_AT = 50.0  # standard deviations; a free run beyond this has diverged


@dataclass(frozen=True, eq=False)
class Weights:
    """All free numbers of one model; shapes by ``Structure``; read-only float64."""

    w_hid: np.ndarray  # (n_hidden, n_phi)
    b_hid: np.ndarray  # (n_hidden,)
    w_out: np.ndarray  # (ny, n_hidden)
    linear: np.ndarray  # (ny, n_phi)
    bias: np.ndarray  # (ny,)

    def __post_init__(self) -> None:
        for name, ndim in (("w_hid", 2), ("b_hid", 1), ("w_out", 2), ("linear", 2), ("bias", 1)):
            object.__setattr__(self, name, frozen_array(getattr(self, name), ndim))

    def to_dict(self) -> dict[str, Any]:
        """Plain data; floats round-trip bit for bit through JSON."""
        return {name: getattr(self, name).tolist() for name in self.__dataclass_fields__}

    @classmethod
    def from_dict(cls, data: dict[str, Any], structure: Structure) -> Weights:
        """The inverse of ``to_dict``; shapes follow the structure (empty lists included)."""
        h, n, p = structure.n_hidden, structure.n_phi, structure.n_outputs
        shapes = {"w_hid": (h, n), "b_hid": (h,), "w_out": (p, h), "linear": (p, n), "bias": (p,)}
        return cls(**{k: np.array(data[k], dtype=float).reshape(s) for k, s in shapes.items()})


@dataclass(frozen=True, eq=False)
class NarxModel:
    """A trained model with all it needs to run elsewhere.

    ``trim_rule``: ``"none"`` (absolute values) or ``"lead:T"``: deviations from the mean of the
    first T seconds of each record. ``filter_hz``: the zero-phase low-pass of the outputs at the
    model rate, 0 for none. ``envelope``: per channel the smallest and largest training value, SI,
    (nu + ny, 2), inputs first.
    """

    structure: Structure
    weights: Weights
    scaling: Scaling
    dt: float
    inputs: tuple[Channel, ...]
    outputs: tuple[Channel, ...]
    trim_rule: str = "none"
    filter_hz: float = 0.0
    envelope: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))
    provenance: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "envelope", frozen_array(self.envelope, 2))
        object.__setattr__(self, "inputs", tuple(self.inputs))
        object.__setattr__(self, "outputs", tuple(self.outputs))

    def simulate(self, record: FlightRecord, window_s: float = 0.0) -> Response:
        """The free run on a record, absolute SI at model rate; see ``heliid.model.simulate``.

        The measured outputs only start it; with ``window_s`` it is restarted from them every so
        many seconds.
        """
        from heliid.model import simulate as runs  # that module knows models, not the other way

        return (
            runs.windowed_run(self, record, window_s) if window_s else runs.free_run(self, record)
        )

    def predict(self, record: FlightRecord) -> Response:
        """Each sample one step ahead from measured outputs; such numbers flatter every model."""
        from heliid.model import simulate as runs

        return runs.one_step(self, record)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a model file; ``from_dict`` gives the same bits back."""
        return {
            "format": "heliid-model",
            "format_version": FORMAT_VERSION,
            "structure": self.structure.to_dict(),
            "scaling": self.scaling.to_dict(),
            "weights": self.weights.to_dict(),
            "channels": {
                "inputs": [channel.to_dict() for channel in self.inputs],
                "outputs": [channel.to_dict() for channel in self.outputs],
                "envelope": self.envelope.tolist(),
            },
            "dt": self.dt,
            "trim_rule": self.trim_rule,
            "filter_hz": self.filter_hz,
            "provenance": self.provenance,
            "scores": self.scores,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> NarxModel:
        """The inverse of ``to_dict``; trusts its input, files are checked by the reader."""
        structure = Structure.from_dict(data["structure"])
        channels = data["channels"]
        return cls(
            structure=structure,
            weights=Weights.from_dict(data["weights"], structure),
            scaling=Scaling.from_dict(data["scaling"]),
            dt=float(data["dt"]),
            inputs=tuple(Channel.from_dict(c) for c in channels["inputs"]),
            outputs=tuple(Channel.from_dict(c) for c in channels["outputs"]),
            trim_rule=str(data["trim_rule"]),
            filter_hz=float(data["filter_hz"]),
            envelope=np.array(channels["envelope"], dtype=float).reshape(-1, 2),
            provenance=dict(data["provenance"]),
            scores=dict(data["scores"]),
        )
