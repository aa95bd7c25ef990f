"""Natural modes: which eigenvalues of an identified model are motions, and what they are called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from heliid.physics.linear_model import LinearModel
from heliid.physics.reduction import excitation

PHUGOID, SHORT_PERIOD = "phugoid", "short period"
PITCH, HEAVE = "pitch subsidence", "heave subsidence"
SLOWEST_FAST = 0.5  # |z| of the fastest mode that still counts: e-folding within 1.4 samples
NYQUIST_SHARE = 0.8  # of the Nyquist frequency; faster oscillations are the sampling's
SHARE = 0.03  # of an output's response; a mode that never adds more is not shown
REAL = 1e-6  # 1/s, |imag| below this share of |s| is a real root


@dataclass(frozen=True, slots=True)
class Mode:
    """One eigenvalue s = real + j imag in 1/s (imag >= 0 stands for the pair)."""

    name: str
    real: float
    imag: float

    @property
    def is_oscillation(self) -> bool:
        """True for a complex pair."""
        return self.imag != 0.0

    @property
    def frequency(self) -> float:
        """Undamped natural frequency |s|, rad/s."""
        return float(np.hypot(self.real, self.imag))

    @property
    def damping(self) -> float:
        """Damping ratio; -1 or 1 for a real root, negative when it diverges."""
        return -self.real / self.frequency if self.frequency > 0.0 else 0.0

    @property
    def time_to_half(self) -> float | None:
        """Seconds to half amplitude; None when it grows."""
        return float(np.log(2.0) / -self.real) if self.real < 0.0 else None

    @property
    def time_to_double(self) -> float | None:
        """Seconds to double amplitude; None when it decays."""
        return float(np.log(2.0) / self.real) if self.real > 0.0 else None

    def to_dict(self) -> dict[str, Any]:
        """Plain data, 1/s, rad/s and s."""
        return {
            "name": self.name,
            "real": self.real,
            "imag": self.imag,
            "frequency": self.frequency,
            "damping": self.damping,
            "time_to_half": self.time_to_half,
            "time_to_double": self.time_to_double,
        }


def upper_half(values: np.ndarray) -> np.ndarray:
    """One of each complex pair (imag > 0) and the real roots, slowest first."""
    real = np.abs(values.imag) <= REAL * np.maximum(np.abs(values), 1e-300)
    kept = np.where(real, values.real + 0j, values)[real | (values.imag > 0.0)]
    return kept[np.argsort(np.abs(kept))]


def dominant_eigenvalues(linear: LinearModel) -> np.ndarray:
    """Continuous eigenvalues (n,) complex, 1/s, of the modes that shape the response.

    s = ln(z) / dt. Left out: states of past inputs (z = 0), modes that decay within a sample or
    two or swing near the Nyquist frequency, and modes whose part in every output stays below 3 %
    of that output's response to a 3-2-1-1: identified roots that cancel a zero.
    """
    space = linear.discrete
    z, right = np.linalg.eig(space.A)
    left = np.linalg.pinv(right)
    slow = (np.abs(z) > SLOWEST_FAST) & (np.abs(np.angle(z)) < NYQUIST_SHARE * np.pi)
    signal = excitation(linear.dt)
    part = np.zeros((len(z), space.C.shape[0]))
    total = np.zeros(space.C.shape[0])
    for i in range(space.B.shape[1]):
        drive = left @ space.B[:, i] * linear.input_std[i]
        states = np.zeros((len(signal), len(z)), dtype=complex)
        x = np.zeros(len(z), dtype=complex)
        for k, u in enumerate(signal):
            x = z * x + drive * u
            states[k] = x
        size = np.sqrt(np.mean(np.square(np.abs(states)), axis=0))
        part = np.maximum(part, (np.abs(space.C @ right) * size).T)
        response = np.real(states @ (space.C @ right).T)
        total = np.maximum(total, np.sqrt(np.mean(np.square(response), axis=0)))
    share = np.max(part / np.maximum(total, 1e-300), axis=1)
    values = np.log(z[slow & (share > SHARE)].astype(complex)) / linear.dt
    return values[np.argsort(np.abs(values))]


def name_modes(values: np.ndarray, *, is_longitudinal: bool) -> tuple[Mode, ...]:
    """Modes with names, slowest first, from eigenvalues (n,) complex.

    Longitudinal motion has a phugoid (the slower pair) and either a short period (the faster pair)
    or pitch and heave subsidence (two real roots, the faster one is pitch). Anything else is an
    oscillation or a real root.
    """
    kept = upper_half(values)
    names = _longitudinal_names(kept) if is_longitudinal else {}
    found, oscillations, roots = [], 0, 0
    for k, value in enumerate(kept):
        if k in names:
            name = names[k]
        elif value.imag > 0.0:
            oscillations += 1
            name = f"oscillation {oscillations}"
        else:
            roots += 1
            name = f"real root {roots}"
        found.append(Mode(name, float(value.real), float(value.imag)))
    return tuple(found)


def _longitudinal_names(values: np.ndarray) -> dict[int, str]:
    """Names by position in ``values`` (slowest first, imag >= 0)."""
    pairs = [k for k, v in enumerate(values) if v.imag > 0.0]
    roots = [k for k, v in enumerate(values) if v.imag == 0.0]
    names: dict[int, str] = {}
    if len(pairs) >= 2:
        names[pairs[0]], names[pairs[1]] = PHUGOID, SHORT_PERIOD
    elif len(pairs) == 1 and len(roots) >= 2:
        # a pair faster than both roots is the short period; then the phugoid has split up
        is_short = abs(values[pairs[0]]) > abs(values[roots[-1]])
        names[pairs[0]] = SHORT_PERIOD if is_short else PHUGOID
        if not is_short:
            names[roots[-1]], names[roots[-2]] = PITCH, HEAVE
    elif len(pairs) == 1:
        names[pairs[0]] = PHUGOID if abs(values[pairs[0]]) < 1.0 else SHORT_PERIOD
        if roots and names[pairs[0]] == PHUGOID:
            names[roots[-1]] = PITCH
    return names


def match(mode: Mode, others: Sequence[Mode]) -> Mode | None:
    """The mode of the same name among ``others``; None when there is none."""
    return next((one for one in others if one.name == mode.name), None)
