"""How far a flight lies from the data a model was trained on, sample by sample.

Two measures. *Beyond*: how far a channel leaves its smallest or largest training value, in
training ranges. *Distance*: how far the whole sample (all inputs and outputs, in training standard
deviations) lies from the nearest training sample, in units of how far training records lie from
each other; it sees a combination that was never flown although each channel is inside its range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from heliid.data.prepare import Prepared
from heliid.data.record import FlightRecord
from heliid.data.scaling import Scaling
from heliid.model.network import NarxModel
from heliid.model.simulate import prepare_for

N_POINTS = 128
MAX_SAMPLES = 20_000  # of one record that are looked at for the support
CHUNK = 4096  # samples per block of distances, to bound the memory
QUANTILE = 0.95


@dataclass(frozen=True, slots=True)
class ChannelRange:
    """One channel against its training range, SI; ``beyond`` in training ranges."""

    name: str
    unit: str  # of the file
    low: float
    high: float
    share_outside: float
    beyond: float  # the largest excess, 0 when none
    at: float  # s, on the record's axis, when that happens


@dataclass(frozen=True, eq=False)
class EnvelopeCheck:
    """One record against the training data of a model; arrays at model rate.

    ``distance`` is empty when the model carries no training support.
    """

    record: str
    time: np.ndarray  # (N,) s
    outside: np.ndarray  # (N,) bool: some channel is outside its range
    beyond: np.ndarray  # (N,) largest excess of any channel, in training ranges
    distance: np.ndarray  # (N,) or (0,); above 1 is further than training records from each other
    channels: tuple[ChannelRange, ...]
    share_outside: float
    share_far: float  # share of samples with a distance above 1; nan without support
    sentence: str


def training_support(
    prepared: Sequence[Prepared], scaling: Scaling, n_points: int = N_POINTS
) -> dict[str, Any]:
    """Typical training samples as plain data, for ``NarxModel.provenance["support"]``.

    ``points`` (n, nu + ny): a spread-out choice of samples, scaled, inputs first: each next one is
    the sample furthest from those chosen. ``scale``: the 95 % quantile of the distance from one
    training record to the points of the others (halves of it, when there is only one).
    """
    pieces = [_thinned(_scaled(one, scaling)) for one in prepared]
    whole = np.concatenate(pieces)
    points = whole[_spread_out(whole, n_points)]
    if len(pieces) == 1:
        half = len(whole) // 2
        pieces = [whole[:half], whole[half:]]
    between = []
    for i, piece in enumerate(pieces):
        others = np.concatenate([one for j, one in enumerate(pieces) if j != i])
        between.append(_nearest(piece, others[_spread_out(others, n_points)]))
    scale = float(np.quantile(np.concatenate(between), QUANTILE))
    return {"points": np.round(points, 6).tolist(), "scale": max(scale, 1e-6)}


def check_envelope(model: NarxModel, record: FlightRecord) -> EnvelopeCheck:
    """How far each sample of ``record`` lies from the training data of ``model``.

    Raises
    ------
    RecordError
        A channel of the model is missing, or the record cannot be brought to the model's rate.
    """
    return check_prepared(model, prepare_for(model, record))


def check_prepared(model: NarxModel, prepared: Prepared) -> EnvelopeCheck:
    """The same for a record that is already at model rate."""
    values = np.hstack([prepared.u + prepared.u_trim, prepared.y + prepared.y_trim])
    known = model.envelope.shape[0] == values.shape[1]
    low, high = model.envelope.T if known else (values.min(axis=0), values.max(axis=0))
    span = np.where(high > low, high - low, 1.0)
    excess = np.maximum(np.maximum(low - values, values - high), 0.0) / span
    both = (*model.inputs, *model.outputs)
    channels = tuple(
        ChannelRange(
            channel.name, channel.unit, float(low[i]), float(high[i]),
            float(np.mean(excess[:, i] > 0.0)), float(excess[:, i].max()),
            float(prepared.time[np.argmax(excess[:, i])]),
        )
        for i, channel in enumerate(both)
    )  # fmt: skip
    distance = _distance(model, prepared)
    far = float(np.mean(distance > 1.0)) if distance.size else float("nan")
    outside = np.any(excess > 0.0, axis=1)
    share = float(np.mean(outside))
    return EnvelopeCheck(
        prepared.name, prepared.time, outside, excess.max(axis=1), distance, channels, share, far,
        _sentence(prepared.name, channels, share, far) if known else (
            "The model does not say what it was trained on: nothing can be said about its envelope."
        ),
    )  # fmt: skip


def _scaled(prepared: Prepared, scaling: Scaling) -> np.ndarray:
    """Inputs and outputs (N, nu + ny) in training standard deviations."""
    return np.hstack([scaling.scale_inputs(prepared.u), scaling.scale_outputs(prepared.y)])


def _thinned(points: np.ndarray) -> np.ndarray:
    """Every so-many-th sample of a long record: neighbours in time are neighbours here too."""
    return points[:: -(-len(points) // MAX_SAMPLES)]


def _spread_out(points: np.ndarray, n: int) -> np.ndarray:
    """Indices of at most ``n`` points, each the furthest from those before it (Gonzalez 1985)."""
    first = int(np.argmin(np.sum(np.square(points - points.mean(axis=0)), axis=1)))
    chosen = [first]
    left = np.sum(np.square(points - points[first]), axis=1)
    while len(chosen) < min(n, len(points)) and left.max() > 0.0:
        chosen.append(int(np.argmax(left)))
        left = np.minimum(left, np.sum(np.square(points - points[chosen[-1]]), axis=1))
    return np.array(chosen)


def _nearest(samples: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Distance (N,) of each sample to its nearest point."""
    found = np.empty(len(samples))
    size = np.sum(np.square(points), axis=1)
    for first in range(0, len(samples), CHUNK):
        part = samples[first : first + CHUNK]
        squared = np.sum(np.square(part), axis=1)[:, None] + size - 2.0 * part @ points.T
        found[first : first + CHUNK] = np.sqrt(np.maximum(squared.min(axis=1), 0.0))
    return found


def _distance(model: NarxModel, prepared: Prepared) -> np.ndarray:
    support = model.provenance.get("support")
    if not isinstance(support, dict) or not support.get("points"):
        return np.zeros(0)
    points = np.array(support["points"], dtype=np.float64)
    samples = _scaled(prepared, model.scaling)
    if points.ndim != 2 or points.shape[1] != samples.shape[1]:
        return np.zeros(0)
    return _nearest(samples, points) / float(support["scale"])


def _sentence(name: str, channels: Sequence[ChannelRange], share: float, far: float) -> str:
    """One or two sentences for the verdict."""
    if share == 0.0:
        text = f"All of {name} lies inside the training envelope"
    else:
        worst = sorted((c for c in channels if c.beyond > 0.0), key=lambda c: -c.beyond)[:3]
        what = ", ".join(f"{c.name} by {_percent(c.beyond)} of its range" for c in worst)
        text = f"{_percent(share)} of {name} lies outside the training envelope ({what})"
    if np.isfinite(far) and far > 0.0:
        verb = "but" if share == 0.0 else "and"
        text += f", {verb} {_percent(far)} lies further from the training data than usual there"
    return text + "."


def _percent(share: float) -> str:
    """A share in %, never rounded to 0 or to 100 when it is neither."""
    if 0.0 < share < 0.01:
        return "under 1 %"
    if 0.99 < share < 1.0:
        return "over 99 %"
    return f"{100.0 * share:.0f} %"
