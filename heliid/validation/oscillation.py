"""Period and damping of a free oscillation, read off a time history."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FIT_WANTED = 0.9  # share of the variance the oscillation must explain to be called one
CYCLES_NEEDED = 1.0  # fewer tell neither period nor damping


@dataclass(frozen=True, slots=True)
class Oscillation:
    """exp(growth t) cos(omega t + phase): growth 1/s (positive: diverging), omega rad/s."""

    growth: float
    omega: float

    @property
    def period(self) -> float:
        """Seconds per cycle."""
        return 2.0 * np.pi / self.omega

    @property
    def damping(self) -> float:
        """Damping ratio; negative when the oscillation grows."""
        return -self.growth / float(np.hypot(self.growth, self.omega))

    @property
    def time_to_half(self) -> float:
        """Seconds to half (or, growing, to double) amplitude; inf when it does neither."""
        return float(np.log(2.0) / abs(self.growth)) if self.growth != 0.0 else float("inf")


def _basis(growth: float, omega: float, t: np.ndarray) -> np.ndarray:
    """Columns (n, 3): both phases of the oscillation and a constant."""
    size = np.exp(growth * (t - (t[-1] if growth > 0.0 else 0.0)))
    return np.column_stack([size * np.cos(omega * t), size * np.sin(omega * t), np.ones_like(t)])


def _left(parameters: np.ndarray, t: np.ndarray, y: np.ndarray) -> np.ndarray:
    basis = _basis(float(parameters[0]), float(parameters[1]), t)
    return y - basis @ np.linalg.lstsq(basis, y, rcond=None)[0]


def fit_oscillation(time: np.ndarray, signal: np.ndarray) -> Oscillation | None:
    """The damped or growing oscillation that fits ``signal`` (n,) best; None when it is not one.

    Variable projection: amplitude, phase and offset are linear, growth and frequency are searched
    from a grid of starts.
    """
    from scipy.optimize import least_squares  # slow to import

    t, y = time - time[0], signal - signal.mean()
    length, power = float(t[-1]), float(np.mean(np.square(y)))
    if power == 0.0 or len(t) < 8:
        return None
    starts = [
        (growth / length, 2.0 * np.pi * cycles / length)
        for growth in (-2.0, 0.0, 2.0)
        for cycles in (1.0, 1.5, 2.5, 4.0, 6.0)
    ]
    starts.sort(key=lambda start: float(np.sum(np.square(_left(np.array(start), t, y)))))
    tried = [least_squares(_left, s, args=(t, y), x_scale=1.0 / length) for s in starts[:3]]
    best = min(tried, key=lambda found: float(found.cost))
    growth, omega = float(best.x[0]), abs(float(best.x[1]))
    explained = 1.0 - 2.0 * float(best.cost) / len(t) / power
    if explained < FIT_WANTED or omega * length < 2.0 * np.pi * CYCLES_NEEDED:
        return None
    return Oscillation(growth, omega)
