"""The model near one operating point: fixed point, Jacobian, state space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from heliid.data.record import Channel, frozen_array
from heliid.model.network import NarxModel

NEWTON_STEPS = 40
FAR = 3.0  # standard deviations; a fixed point beyond this was never flown


@dataclass(frozen=True, eq=False)
class Trim:
    """An operating point: inputs (nu,) and outputs (ny,) as deviations from the record's trim, SI.

    ``is_fixed_point``: the model stays there by itself. When it has no such point near the
    training data, the point is the middle of the data and ``drift`` (ny,) is how fast the model
    leaves it, SI per second.
    """

    u: np.ndarray
    y: np.ndarray
    is_fixed_point: bool
    drift: np.ndarray

    def __post_init__(self) -> None:
        for name in ("u", "y", "drift"):
            object.__setattr__(self, name, frozen_array(getattr(self, name), 1))


@dataclass(frozen=True, eq=False)
class StateSpace:
    """Matrices A (n, n), B (n, nu), C (ny, n), D (ny, nu), SI; ``dt`` None: continuous time."""

    A: np.ndarray
    B: np.ndarray
    C: np.ndarray
    D: np.ndarray
    dt: float | None
    states: tuple[str, ...]
    state_units: tuple[str, ...]

    def __post_init__(self) -> None:
        for name in ("A", "B", "C", "D"):
            object.__setattr__(self, name, frozen_array(getattr(self, name), 2))

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            **{name: getattr(self, name).tolist() for name in "ABCD"},
            "dt": self.dt,
            "states": list(self.states),
            "state_units": list(self.state_units),
        }


@dataclass(frozen=True, eq=False)
class LinearModel:
    """A NARX model near its trim, all quantities deviations from the trim in SI.

    ``discrete``: x[k+1] = A x[k] + B u[k], y[k] = C x[k], D = 0, where u[k] is the input over the
    step from sample k to k+1. The states are past outputs and past inputs.
    """

    discrete: StateSpace
    trim: Trim
    inputs: tuple[Channel, ...]
    outputs: tuple[Channel, ...]
    output_std: np.ndarray  # (ny,) of the training data, SI
    input_std: np.ndarray  # (nu,)

    @property
    def dt(self) -> float:
        """Sample time, s."""
        return float(self.discrete.dt or 0.0)

    def simulate(self, u: np.ndarray) -> np.ndarray:
        """Outputs (N, ny) for inputs (N, nu), deviations, SI, from rest; row k follows input k."""
        space = self.discrete
        x, y = np.zeros(space.A.shape[0]), np.empty((len(u), space.C.shape[0]))
        for k in range(len(u)):
            x = space.A @ x + space.B @ u[k]
            y[k] = space.C @ x
        return y

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "discrete": self.discrete.to_dict(),
            "inputs": [channel.to_dict() for channel in self.inputs],
            "outputs": [channel.to_dict() for channel in self.outputs],
            "trim_u": self.trim.u.tolist(),
            "trim_y": self.trim.y.tolist(),
            "is_fixed_point": self.trim.is_fixed_point,
        }


def _tap_matrices(model: NarxModel) -> tuple[np.ndarray, np.ndarray]:
    """Matrices (n_phi, ny) and (n_phi, nu) from constant outputs and inputs to the regressor."""
    out_taps, in_taps = model.structure.taps()
    n_u = model.structure.n_inputs
    source = [*range(n_u), *(index for index, _ in model.structure.memory)]
    of_y = np.zeros((len(out_taps) + len(in_taps), model.structure.n_outputs))
    of_u = np.zeros((len(of_y), n_u))
    of_y[np.arange(len(out_taps)), out_taps[:, 0]] = 1.0
    for row, (channel, _) in enumerate(in_taps):
        of_u[len(out_taps) + row, source[channel]] = 1.0
    return of_y, of_u


def _step(model: NarxModel, phi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The increment (ny,) at regressor phi, scaled, and its Jacobian (ny, n_phi)."""
    w, step = model.weights, model.scaling.increment_std
    z = np.tanh(w.w_hid @ phi + w.b_hid)
    increment = step * (w.w_out @ z) + w.linear @ phi + w.bias
    jacobian = step[:, None] * (w.w_out @ ((1.0 - z * z)[:, None] * w.w_hid)) + w.linear
    return increment, jacobian


def find_trim(model: NarxModel, u: np.ndarray | None = None) -> Trim:
    """The point where the model rests under constant inputs ``u`` (nu,), deviations, SI.

    By default the inputs are at trim (zero deviation), or at their training mean for a model that
    works with absolute values. Newton's method with least-squares steps: a model with a free
    integration has a line of fixed points and gives the one nearest to the data.
    """
    scaling = model.scaling
    is_absolute = model.trim_rule == "none"
    if u is None:
        u = scaling.input_mean if is_absolute else np.zeros(len(scaling.input_mean))
    u = np.asarray(u, dtype=np.float64)
    of_y, of_u = _tap_matrices(model)
    fixed = of_u @ scaling.scale_inputs(u)
    middle = np.zeros(len(scaling.output_mean))
    start = middle if is_absolute else scaling.scale_outputs(middle)
    y = start.copy()
    for _ in range(NEWTON_STEPS):
        increment, jacobian = _step(model, of_y @ y + fixed)
        if np.max(np.abs(increment)) < 1e-12:
            break
        move = np.linalg.lstsq(jacobian @ of_y, -increment, rcond=1e-8)[0]
        y = y + move * min(1.0, 1.0 / max(np.max(np.abs(move)), 1e-300))
    increment, _ = _step(model, of_y @ y + fixed)
    found = bool(np.max(np.abs(increment)) < 1e-9 and np.max(np.abs(y - start)) <= FAR)
    if not found:
        y = start
        increment, _ = _step(model, of_y @ y + fixed)
    drift = increment * scaling.output_std / model.dt
    return Trim(u, scaling.unscale_outputs(y), found, drift if not found else np.zeros_like(drift))


def step_jacobian(model: NarxModel, phi: np.ndarray) -> np.ndarray:
    """Slopes (ny, n_phi) of one step's increments at the regressor phi (n_phi,), all scaled."""
    return _step(model, phi)[1]


def linearise(
    model: NarxModel, trim: Trim | None = None, jacobian: np.ndarray | None = None
) -> LinearModel:
    """The model's first-order behaviour at its trim, as a discrete state space in SI.

    The states are, in this order: every output at k, k-1, ..., as far back as its lags reach,
    then every input (and leaky copy) as far back as needed. Exports and modes start from here.
    ``jacobian`` (ny, n_phi), scaled, takes the place of the slopes at the trim.
    """
    trim = trim or find_trim(model)
    scaling, structure = model.scaling, model.structure
    if jacobian is None:
        of_y, of_u = _tap_matrices(model)
        phi = of_y @ scaling.scale_outputs(trim.y) + of_u @ scaling.scale_inputs(trim.u)
        jacobian = step_jacobian(model, phi)
    n_u, n_y = structure.n_inputs, structure.n_outputs
    source = [*range(n_u), *(index for index, _ in structure.memory)]
    in_std = scaling.input_std[source]
    out_taps, in_taps = structure.taps()
    phi_std = np.concatenate([scaling.output_std[out_taps[:, 0]], in_std[in_taps[:, 0]]])
    gains = scaling.output_std[:, None] * jacobian / phi_std

    places, names, units = _states(model, out_taps, in_taps)
    n = len(names)
    a, b, c = np.zeros((n, n)), np.zeros((n, n_u)), np.zeros((n_y, n))
    now = [places["y", j, 0] for j in range(n_y)]
    c[np.arange(n_y), now] = 1.0
    a[now, now] = 1.0
    for t, (j, lag) in enumerate(out_taps.tolist()):
        a[now, places["y", j, lag - 1]] += gains[:, t]
    for t, (i, lag) in enumerate(in_taps.tolist(), start=len(out_taps)):
        if lag > 0:
            a[now, places["u", i, lag - 1]] += gains[:, t]
        elif i < n_u:
            b[now, i] += gains[:, t]
        else:  # a leaky copy now: a times the input plus (1 - a) times itself before
            leak = structure.memory[i - n_u][1]
            b[now, source[i]] += leak * gains[:, t]
            a[now, places["u", i, 0]] += (1.0 - leak) * gains[:, t]
    for (kind, channel, back), row in places.items():
        if back > 0:
            a[row, places[kind, channel, back - 1]] = 1.0
        elif kind == "u" and channel < n_u:
            b[row, channel] = 1.0
        elif kind == "u":
            leak = structure.memory[channel - n_u][1]
            b[row, source[channel]] = leak
            a[row, row] = 1.0 - leak
    space = StateSpace(a, b, c, np.zeros((n_y, n_u)), model.dt, names, units)
    return LinearModel(
        space, trim, model.inputs, model.outputs, scaling.output_std, scaling.input_std
    )


Places = dict[tuple[str, int, int], int]


def _states(
    model: NarxModel, out_taps: np.ndarray, in_taps: np.ndarray
) -> tuple[Places, tuple[str, ...], tuple[str, ...]]:
    """Row of each state (kind, channel, steps back), with names and SI units.

    An output needs as many past values as its largest lag, an input one state for each sample
    before the present that a tap reaches; a leaky copy always keeps its last value.
    """
    structure = model.structure
    n_u = structure.n_inputs
    inputs = [*model.inputs, *(model.inputs[index] for index, _ in structure.memory)]
    places: Places = {}
    names: list[str] = []
    units: list[str] = []
    for j, channel in enumerate(model.outputs):
        depth = max([1, *(int(lag) for c, lag in out_taps if c == j)])
        _add(places, names, units, ("y", j), depth, channel.name, channel.si)
    for i, channel in enumerate(inputs):
        depth = max([0, *(int(lag) for c, lag in in_taps if c == i)])
        is_copy = i >= n_u
        name = f"leaky {channel.name}" if is_copy else channel.name
        _add(places, names, units, ("u", i), max(depth, int(is_copy)), name, channel.si)
    return places, tuple(names), tuple(units)


def _add(
    places: Places, names: list[str], units: list[str], key: tuple[str, int], depth: int,
    name: str, unit: str,
) -> None:  # fmt: skip
    for back in range(depth):
        places[(*key, back)] = len(names)
        names.append(name if back == 0 else f"{name}[-{back}]")
        units.append(unit)
