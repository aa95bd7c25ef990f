"""Test inputs to fly next: shape, duration and spectrum from the mode to be excited.

Rules (R. V. Jategaonkar, Flight Vehicle System Identification, eqs 2.9 and 2.11): the unit step
of a 3-2-1-1 lasts 1.6 / omega_n, half a doublet 2.3 / omega_n. A sweep starts with two full
periods of its lowest frequency and lasts four to five of them (Tischler and Remple, chapter 5).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from heliid.data.record import frozen_array
from heliid.errors import SettingsError

DOUBLET_RULE = 2.3
RULE_3211 = 1.6
SHAPES = ("3-2-1-1", "doublet", "sweep", "multisine")
_LEAD_S = 2.0  # steady flight before the input, for the trim
_TAIL_S = 5.0  # free response after it


@dataclass(frozen=True, eq=False)
class Excitation:
    """An input signal: time (N,) s, values (N,) in ``unit``, and how it was made."""

    shape: str
    time: np.ndarray
    values: np.ndarray
    unit: str
    note: str  # one sentence for the flight-test card

    def __post_init__(self) -> None:
        object.__setattr__(self, "time", frozen_array(self.time, 1))
        object.__setattr__(self, "values", frozen_array(self.values, 1))

    def write_csv(self, path: Path | str, channel: str = "delta_lon") -> None:
        """Two columns, ``time [s]`` and the channel with its unit."""
        with Path(path).open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(["time [s]", f"{channel} [{self.unit}]"])
            rows = zip(self.time.tolist(), self.values.tolist(), strict=True)
            writer.writerows([f"{t:.6f}", f"{x:.6f}"] for t, x in rows)


def design(
    shape: str,
    *,
    natural_frequency: float,
    rate_hz: float,
    amplitude: float,
    unit: str = "%",
    duration: float = 0.0,
) -> Excitation:
    """The test input of one shape for a mode of ``natural_frequency`` (rad/s).

    ``amplitude`` is the largest deflection, never exceeded. ``duration`` (s) is for sweep and
    multisine, 0 takes the rule's. Steady flight stands before the input and after it.

    Raises
    ------
    SettingsError
        A setting out of range, or a rate too low for the shape.
    """
    if shape not in SHAPES:
        raise SettingsError(
            f"There is no input shape '{shape}': choose one of {', '.join(SHAPES)}."
        )
    for name, value, low, high in (
        ("natural frequency", natural_frequency, 0.05, 100.0),
        ("rate", rate_hz, 1.0, 10_000.0),
        ("amplitude", amplitude, 1e-9, 1e9),
    ):
        if not low <= value <= high:
            raise SettingsError(f"The {name} {value:g} is outside {low:g} to {high:g}: change it.")
    if shape in ("3-2-1-1", "doublet"):
        return _steps(shape, natural_frequency, rate_hz, amplitude, unit)
    low, high = _band(natural_frequency)
    if high > rate_hz / 5.0:
        raise SettingsError(
            f"A rate of {rate_hz:g} Hz is too low for frequencies up to {high:.2g} Hz: "
            f"use at least {5 * high:.0f} Hz."
        )
    length = duration or 4.5 / low
    if length < 2.5 / low:
        raise SettingsError(
            f"A duration of {length:g} s is too short for {low:.2g} Hz: "
            f"use at least {2.5 / low:.0f} s."
        )
    if shape == "sweep":
        return _sweep(low, high, length, rate_hz, amplitude, unit)
    return _multisine(low, high, length, rate_hz, amplitude, unit)


def _band(natural_frequency: float) -> tuple[float, float]:
    """Hz: from a fifth of the mode to four times it."""
    hertz = natural_frequency / (2.0 * np.pi)
    return 0.2 * hertz, 4.0 * hertz


def _framed(values: np.ndarray, rate_hz: float) -> tuple[np.ndarray, np.ndarray]:
    lead, tail = round(_LEAD_S * rate_hz), round(_TAIL_S * rate_hz)
    full = np.concatenate([np.zeros(lead), values, np.zeros(tail)])
    return np.arange(len(full)) / rate_hz, full


def _steps(
    shape: str, natural_frequency: float, rate_hz: float, amplitude: float, unit: str
) -> Excitation:
    rule = RULE_3211 if shape == "3-2-1-1" else DOUBLET_RULE
    counts = (3, -2, 1, -1) if shape == "3-2-1-1" else (1, -1)
    n_unit = round(rule / natural_frequency * rate_hz)
    if n_unit < 3:
        raise SettingsError(
            f"A rate of {rate_hz:g} Hz gives {n_unit} samples per step: "
            f"use at least {3 * natural_frequency / rule:.0f} Hz."
        )
    pieces = [np.full(abs(count) * n_unit, np.sign(count) * amplitude) for count in counts]
    time, values = _framed(np.concatenate(pieces), rate_hz)
    note = (
        f"{shape}: steps of {n_unit / rate_hz:.2f} s, {amplitude:g} {unit}, "
        f"{sum(map(abs, counts)) * n_unit / rate_hz:.1f} s in all, controls fixed for "
        f"{_TAIL_S:g} s after it."
    )
    return Excitation(shape, time, values, unit, note)


def _sweep(
    low: float, high: float, length: float, rate_hz: float, amplitude: float, unit: str
) -> Excitation:
    """Two periods at the lowest frequency, then exponentially up (Tischler and Remple 5.15)."""
    time = np.arange(round(length * rate_hz)) / rate_hz
    start = min(2.0 / low, 0.5 * length)
    later = np.clip((time - start) / (length - start), 0.0, 1.0)
    share = 0.0187 * (np.exp(4.0 * later) - 1.0)  # Tischler and Remple's C1 = 4, C2 = 0.0187
    frequency = low + share * (high - low)
    phase = 2.0 * np.pi * np.cumsum(frequency) / rate_hz
    fade = np.minimum(1.0, np.minimum(time, length - time) / min(0.1 * length, 1.0 / low))
    framed_time, values = _framed(amplitude * fade * np.sin(phase), rate_hz)
    note = (
        f"Sweep from {low:.2g} to {high:.2g} Hz in {length:.0f} s, {amplitude:g} {unit} at most: "
        f"two slow periods first, keep near the trim by small corrections."
    )
    return Excitation("sweep", framed_time, values, unit, note)


def _multisine(
    low: float, high: float, length: float, rate_hz: float, amplitude: float, unit: str
) -> Excitation:
    """Harmonics of the length with Schroeder phases, best of 200 draws for a low peak."""
    n_samples = round(length * rate_hz)
    harmonics = np.arange(int(np.ceil(low * length)), int(np.floor(high * length)) + 1)
    index = np.arange(len(harmonics))
    schroeder = -np.pi * index * (index + 1) / len(harmonics)
    rng = np.random.default_rng(1)
    best, best_peak = np.zeros(0), np.inf
    for k in range(200):
        phases = schroeder if k == 0 else rng.uniform(0.0, 2.0 * np.pi, len(harmonics))
        spectrum = np.zeros(n_samples // 2 + 1, dtype=complex)
        spectrum[harmonics] = np.exp(1j * phases)
        trial = np.fft.irfft(spectrum, n_samples)
        peak = np.abs(trial).max() / trial.std()
        if peak < best_peak:
            best, best_peak = trial, peak
    # start where it crosses zero upwards, so that the pilot's trim is not left by a jump
    crossing = np.flatnonzero((best[:-1] <= 0.0) & (best[1:] > 0.0))
    if len(crossing):
        best = np.roll(best, -int(crossing[0]))
    framed_time, values = _framed(best * amplitude / np.abs(best).max(), rate_hz)
    note = (
        f"Multisine of {len(harmonics)} lines from {low:.2g} to {high:.2g} Hz, {length:.0f} s, "
        f"peak factor {best_peak:.2f}, {amplitude:g} {unit} at most."
    )
    return Excitation("multisine", framed_time, values, unit, note)
