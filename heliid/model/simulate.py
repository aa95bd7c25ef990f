"""Run a model on a record: free run, one step ahead, or restarted every few seconds.

The record is prepared exactly as the training records were (model rate, filter, trim), so scores
compare like with like. Absolute values in SI come out.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from heliid.data.prepare import Prepared, prepare
from heliid.data.record import Channel, FlightRecord
from heliid.errors import RecordError, SettingsError
from heliid.model.network import DIVERGED_AT, NarxModel
from heliid.model.structure import extend_inputs


@dataclass(frozen=True, eq=False)
class Response:
    """Measured and simulated outputs of one record at model rate, absolute SI; read-only.

    The first ``n_start`` rows of ``simulated`` are copies of the measurement: scores skip them.
    A run that leaves 50 standard deviations has diverged: ``diverged_at`` is its time since the
    start of the record, s (the first such, when there are restarts), and up to the end of the
    record or the next restart ``simulated`` holds its last value inside that limit, so that it
    is always finite.
    """

    name: str
    time: np.ndarray  # (N,) s, on the record's own axis
    measured: np.ndarray  # (N, ny)
    simulated: np.ndarray  # (N, ny)
    n_start: int
    diverged_at: float | None
    outside: np.ndarray  # (N,) bool: an input or a measured output is outside the training envelope
    channels: tuple[Channel, ...]  # of the outputs
    u: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))  # (N, nu), model rate, SI

    def __post_init__(self) -> None:
        for name in ("time", "measured", "simulated", "outside", "u"):
            array = np.array(getattr(self, name), order="C", copy=True)
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        object.__setattr__(self, "channels", tuple(self.channels))

    @property
    def residual(self) -> np.ndarray:
        """Measured minus simulated, (N, ny), SI."""
        return self.measured - self.simulated

    @property
    def dt(self) -> float:
        """Model step, s."""
        return float(self.time[1] - self.time[0])


def prepare_for(model: NarxModel, record: FlightRecord) -> Prepared:
    """The record as this model sees it; checks channels and units.

    Raises
    ------
    RecordError
        A channel is missing or in another quantity, or the record cannot be brought to the
        model's rate.
    """
    for wanted in (*model.inputs, *model.outputs):
        found = record.channel(wanted.name)
        if found.si != wanted.si:
            raise RecordError(
                f"Channel '{wanted.name}' of record '{record.name}' is in {found.unit}, the model "
                f"wants {wanted.unit}: correct the unit of the channel."
            )
    return prepare(
        record,
        [channel.name for channel in model.inputs],
        [channel.name for channel in model.outputs],
        dt=model.dt,
        trim_rule=model.trim_rule,
        filter_hz=model.filter_hz,
    )


def free_run(model: NarxModel, record: FlightRecord) -> Response:
    """The simulated outputs; the measured outputs only start it (first ``n_start`` samples)."""
    return run_prepared(model, prepare_for(model, record))


def one_step(model: NarxModel, record: FlightRecord) -> Response:
    """Each sample predicted from measured past outputs; for residual tests, never a headline."""
    return run_prepared(model, prepare_for(model, record), window=1)


def windowed_run(model: NarxModel, record: FlightRecord, window_s: float) -> Response:
    """A free run restarted from the measured outputs every ``window_s`` seconds."""
    if not window_s > 0.0:
        raise SettingsError(f"The window is {window_s:g} s: choose a length above 0 s.")
    window = max(1, round(window_s / model.dt))
    return run_prepared(model, prepare_for(model, record), window=window)


def run_prepared(model: NarxModel, prepared: Prepared, window: int = 0) -> Response:
    """The response on a prepared record, restarted every ``window`` samples (0: never).

    Raises
    ------
    RecordError
        The record is not longer than the model's past.
    """
    n_start = model.structure.n_start
    n = prepared.n_samples
    if n <= n_start:
        raise RecordError(
            f"Record '{prepared.name}' has {n} samples at model rate, the model needs {n_start} "
            f"before its first prediction: choose a longer record."
        )
    y = model.scaling.scale_outputs(prepared.y)
    u = extend_inputs(model.scaling.scale_inputs(prepared.u), model.structure.memory)
    starts = np.arange(n_start, n, window) if window else np.array([n_start])
    y_sim, bad = _run(model, u, y, starts)
    measured = prepared.y + prepared.y_trim
    simulated = model.scaling.unscale_outputs(y_sim) + prepared.y_trim
    simulated[:n_start] = measured[:n_start]
    u_absolute = prepared.u + prepared.u_trim
    return Response(
        name=prepared.name,
        time=prepared.time,
        measured=measured,
        simulated=simulated,
        n_start=n_start,
        diverged_at=None if bad < 0 else float(prepared.time[bad] - prepared.time[0]),
        outside=outside_envelope(model, u_absolute, measured),
        channels=model.outputs,
        u=u_absolute,
    )


def outside_envelope(model: NarxModel, u: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(N,) bool: some input (N, nu) or output (N, ny), absolute SI, is outside the envelope."""
    values = np.hstack([u, y])
    if model.envelope.shape[0] != values.shape[1]:
        return np.zeros(values.shape[0], dtype=bool)
    low, high = model.envelope.T
    return np.any((values < low) | (values > high), axis=1)


def _run(
    model: NarxModel, u: np.ndarray, y: np.ndarray, starts: np.ndarray
) -> tuple[np.ndarray, int]:
    """Scaled outputs (N, ny), run from each start to the next; first diverged sample or -1."""
    from heliid.kernels.narx import run_segments  # numba is slow to import

    lengths = np.diff(starts, append=y.shape[0])
    segments = np.column_stack([starts, lengths]).astype(np.int64)
    alive = np.empty(len(segments), dtype=np.int64)
    y_sim = y.copy()
    u.setflags(write=False)  # as in training and scoring, so that numba compiles but once
    y.setflags(write=False)
    weights = model.weights
    n_diverged = run_segments(
        u,
        y,
        segments,
        *model.structure.taps(),
        weights.w_hid,
        weights.b_hid,
        weights.w_out,
        weights.linear,
        weights.bias,
        model.scaling.increment_std,
        DIVERGED_AT,
        y_sim,
        alive,
    )
    if not n_diverged:
        return y_sim, -1
    first = int(np.argmax(alive < lengths))
    return y_sim, int(starts[first] + alive[first])
