"""Gravity and turning told from the forces, in records without accelerometers.

    u' + q w = -a g sin(theta) + X(u, w, controls)
    w'       =  a u q          + Z(u, w, controls)

The air's forces X and Z are smooth in speeds and controls: a short polynomial stands for them, and
the factor a, which is 1 in a sound record, comes out of a regression over the lines of a Fourier
transform, where noise and trends stay outside (Morelli and Klein 2016, chapter 7). Too coarse to
accuse anybody (its own error is up to 10 %), it tells which of the suspects it is: a wrong clock
bends both, a wrong attitude only the first, a wrong rate only the second.
"""

from __future__ import annotations

import numpy as np

from heliid.data.doctor.links import Link
from heliid.data.doctor.motion import GRAVITY, TIME, Motion, Relation, mean_of, rate_of

_BAND = (0.1, 1.0)  # Hz; below it the trend, above it what is not smooth: flapping, inflow
_FEWEST = 4  # equations for each unknown
_MOST_ERROR = 0.15
_LEAST_FIT = 0.9  # share of the left side's power that the regression explains
_SPEED, _HEAVE = 50.0, 5.0  # m/s; only so that the columns are of one size

_ALONG = Relation(
    "along", 1, (("u_body", 1), ("theta", -1), (TIME, 1)), (), 0.08
)  # fmt: skip
_DOWN = Relation(
    "down", 1, (("w_body", 1), ("q", -1), ("u_body", -1), (TIME, 1)), (), 0.1
)  # fmt: skip


def force_links(motion: Motion) -> list[tuple[Relation, Link]]:
    """The two relations above, where there is no accelerometer and the regression is good.

    Empty for records of deviations, in which the speed that multiplies q is unknown.
    """
    needs = ("u_body", "w_body", "q", "theta")
    if motion.is_deviation or not all(symbol in motion for symbol in needs):
        return []
    u, w, q, theta = (motion.data[symbol] for symbol in needs)
    controls = [mean_of(column) for column in motion.controls]
    smooth = [
        mean_of(u), mean_of(w), mean_of(u * u) / _SPEED, mean_of(u * w) / _SPEED,
        mean_of(w * np.abs(w)) / _HEAVE, *controls,
    ]  # fmt: skip
    out = []
    if "ax" not in motion:
        left = rate_of(u, motion.dt) + mean_of(q * w)
        link = _factor(motion, left, [-GRAVITY * mean_of(np.sin(theta)), *smooth])
        out += [(_ALONG, link)] if link is not None else []
    if "az" not in motion:
        link = _factor(motion, rate_of(w, motion.dt), [mean_of(u * q), *smooth])
        out += [(_DOWN, link)] if link is not None else []
    return out


def _factor(motion: Motion, left: np.ndarray, columns: list[np.ndarray]) -> Link | None:
    """The coefficient of the first column, None when it is not to be had."""
    a = motion.stretches
    first, end = max(a, key=lambda part: part[1] - part[0])
    inner = slice(max(first - 1, 0), end - 2)
    f, y = _lines(left[inner], motion.dt)
    use = (f >= _BAND[0]) & (f <= _BAND[1])
    moving = [column for column in columns if np.ptp(column[inner]) > 0]
    if len(moving) < 2 or moving[0] is not columns[0]:
        return None
    table = np.stack([_lines(column[inner], motion.dt)[1][use] for column in moving], axis=1)
    a_matrix = np.vstack([table.real, table.imag])
    b = np.concatenate([y[use].real, y[use].imag])
    size = np.linalg.norm(a_matrix, axis=0)
    if len(b) < _FEWEST * len(moving) or not size.all() or not b.any():
        return None
    a_matrix = a_matrix / size
    found = np.linalg.lstsq(a_matrix, b, rcond=1e-10)[0]
    rest = b - a_matrix @ found
    fit = 1.0 - float(rest @ rest) / float(b @ b)
    # neighbouring lines of a tapered record tell nearly the same
    variance = float(rest @ rest) / max(len(b) / 1.5 - len(moving), 1.0)
    spread = np.linalg.pinv(a_matrix.T @ a_matrix, rcond=1e-10)[0, 0]
    gain, error = float(found[0] / size[0]), float(np.sqrt(variance * spread) / size[0])
    if fit < _LEAST_FIT or gain <= 0.0 or error > _MOST_ERROR * gain:
        return None
    return Link(gain, 0.0, error / gain, np.inf, 1.0, fit, *_BAND)


def _lines(signal: np.ndarray, dt: float) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies and lines of a signal without its trend, tapered."""
    n = len(signal)
    t = np.linspace(-1.0, 1.0, n)
    centred = signal - signal.mean()
    taper = np.hanning(n + 2)[1:-1]
    return np.fft.rfftfreq(n, dt), np.fft.rfft((centred - t * (t @ centred) / (t @ t)) * taper)
