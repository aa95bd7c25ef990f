"""The linearisation as a function of how large the motion is, and what it becomes for small ones.

The best linear approximation of a nonlinear map under Gaussian motion is its mean Jacobian over
that motion (Bussgang's theorem; Enqvist & Ljung, Automatica 41 (2005), 459-473). A network of a
few tanh units is smooth: where the aircraft has a force such as w|w|, the slope at one point is the
network's own rounding of the corner, not the data's. On the synthetic helicopter the mean Jacobians
over motions half as large to as large as flown agree with the truth's to 0.1-5 %, the slope at the
trim point itself is 15 to 19 % off in the heave root, with or without noise.

The small-motion behaviour is therefore continued from where there are data: with amplitude a (1: as
flown) the Jacobian goes as J(a) = J0 + C a^p, where p is found from a = 0.5, 0.75 and 1. A smooth
map has p near 2, forces that grow with v|v| have p near 1; p is kept in 1 to 2. For a linear model
nothing changes.
"""

from __future__ import annotations

import numpy as np

from heliid.model.network import NarxModel
from heliid.physics.linear_model import LinearModel, Trim, find_trim, linearise

N_POINTS, REACH = 321, 8.0  # of the quadrature: standard deviations to both sides
AMPLITUDES = (0.5, 0.75, 1.0)  # of the training standard deviations
SHOWN = (0.0, 0.25, 0.5, 0.75, 1.0)


def mean_jacobian(model: NarxModel, trim: Trim, amplitude: float) -> np.ndarray:
    """The step's Jacobian (ny, n_phi), scaled, averaged over motions about ``trim``.

    Every channel moves with ``amplitude`` training standard deviations, Gaussian and independent
    of the others; all lags of one channel move together, as in motions slower than the lags. The
    pre-activation of each hidden unit is then Gaussian too, so its mean slope is one integral.
    """
    weights, regressor = model.weights, regressor_at(model, trim)
    channel = channels_of_taps(model)
    gains = np.zeros((len(weights.b_hid), int(channel.max(initial=0)) + 1))
    np.add.at(gains.T, channel, weights.w_hid.T)
    spread = amplitude * np.sqrt(np.sum(np.square(gains), axis=1))
    middle = weights.w_hid @ regressor + weights.b_hid
    slopes = mean_slope(middle, spread)
    hidden = weights.w_out @ (slopes[:, None] * weights.w_hid)
    return np.asarray(model.scaling.increment_std[:, None] * hidden + weights.linear)


def mean_slope(middle: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """E[1 - tanh(x)^2] for x ~ N(middle, spread^2), element by element, by quadrature."""
    points = np.linspace(-REACH, REACH, N_POINTS)
    density = np.exp(-0.5 * points * points)
    density /= density.sum()
    x = middle[..., None] + spread[..., None] * points
    return np.asarray((1.0 - np.square(np.tanh(x))) @ density)


def regressor_at(model: NarxModel, trim: Trim) -> np.ndarray:
    """The scaled regressor (n_phi,) of a flight that rests at ``trim``."""
    out_taps, in_taps = model.structure.taps()
    y, u = model.scaling.scale_outputs(trim.y), model.scaling.scale_inputs(trim.u)
    return np.concatenate([y[out_taps[:, 0]], u[_sources(model)[in_taps[:, 0]]]])


def channels_of_taps(model: NarxModel) -> np.ndarray:
    """The channel (n_phi,) that each entry of the regressor belongs to: outputs, then inputs."""
    out_taps, in_taps = model.structure.taps()
    inputs = model.structure.n_outputs + _sources(model)[in_taps[:, 0]]
    return np.concatenate([out_taps[:, 0], inputs]).astype(np.int64)


def _sources(model: NarxModel) -> np.ndarray:
    """The input behind every input and leaky memory."""
    structure = model.structure
    return np.array([*range(structure.n_inputs), *(i for i, _ in structure.memory)], dtype=np.int64)


def at_amplitude(model: NarxModel, amplitude: float, trim: Trim | None = None) -> LinearModel:
    """The best linear approximation over motions of that amplitude; 0: the slope at the trim."""
    trim = trim or find_trim(model)
    return linearise(model, trim, mean_jacobian(model, trim, amplitude))


def small_motion(model: NarxModel, trim: Trim | None = None) -> tuple[LinearModel, float]:
    """The linearisation continued to small motions, and the power p of the amplitude used.

    p is nan where the Jacobian does not depend on the amplitude (a linear model).
    """
    trim = trim or find_trim(model)
    low, middle, high = (mean_jacobian(model, trim, a) for a in AMPLITUDES)
    size = model.scaling.increment_std[:, None]
    before, after = (float(np.linalg.norm(d / size)) for d in (middle - low, high - middle))
    if before + after < 1e-12:
        return linearise(model, trim, low), float("nan")
    power = power_of_growth(before, after)
    share = AMPLITUDES[0] ** power
    start = low - (high - low) * share / (1.0 - share)
    return linearise(model, trim, start), power


def power_of_growth(before: float, after: float) -> float:
    """The power p, 1 to 2: a^p grows by ``before`` from 0.5 to 0.75 and by ``after`` to 1."""
    low, high = 1.0, 2.0

    def ratio(power: float) -> float:
        at = [a**power for a in AMPLITUDES]
        return (at[2] - at[1]) / (at[1] - at[0])

    if after <= before * ratio(low):
        return low
    if after >= before * ratio(high):
        return high
    for _ in range(60):
        middle = 0.5 * (low + high)
        if after > before * ratio(middle):
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)
