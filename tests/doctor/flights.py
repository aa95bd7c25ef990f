"""A made-up flight that obeys the laws of motion exactly, and faults to put into it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from heliid.data.record import Channel, FlightRecord

DT = 0.02
N = 3000
G = 9.80665
DEG = np.pi / 180


def _wander(rng: np.random.Generator, size: float, low: float, high: float) -> np.ndarray:
    """A sum of sines between two Hz, with the given standard deviation."""
    t = DT * np.arange(N)
    f = np.linspace(low, high, 12)
    lines = [
        np.sin(2 * np.pi * k * t + p) / k for k, p in zip(f, rng.uniform(0, 6.28, 12), strict=True)
    ]
    total = np.sum(lines, axis=0)
    return size * total / total.std()


def flight(seed: int = 0, noise: float = 1.0, *, has_accelerations: bool = True) -> FlightRecord:
    """60 s at 50 Hz: attitudes of a few degrees, rates, speeds and accelerations that fit."""
    rng = np.random.default_rng(seed)
    t = DT * np.arange(N)
    phi, theta, psi = (_wander(rng, s, 0.08, 0.9) for s in (4 * DEG, 5 * DEG, 3 * DEG))
    dphi, dtheta, dpsi = (np.gradient(a, DT, edge_order=2) for a in (phi, theta, psi))
    p = dphi - dpsi * np.sin(theta)
    q = dtheta * np.cos(phi) + dpsi * np.cos(theta) * np.sin(phi)
    r = -dtheta * np.sin(phi) + dpsi * np.cos(theta) * np.cos(phi)
    u, w = 40 + _wander(rng, 2.0, 0.05, 0.4), _wander(rng, 1.0, 0.05, 0.8)
    du, dw = np.gradient(u, DT, edge_order=2), np.gradient(w, DT, edge_order=2)
    ax = du + q * w + G * np.sin(theta)
    az = dw - q * u - G * np.cos(theta) * np.cos(phi)
    stick = 6 * dtheta / dtheta.std() + _wander(rng, 1.0, 0.1, 2.0)
    columns = {
        ("delta_lon", "%"): (stick, 0.05),
        ("q", "deg/s"): (q, 0.1 * DEG),
        ("theta", "deg"): (theta, 0.05 * DEG),
        ("p", "deg/s"): (p, 0.1 * DEG),
        ("phi", "deg"): (phi, 0.05 * DEG),
        ("r", "deg/s"): (r, 0.1 * DEG),
        ("psi", "deg"): (psi, 0.05 * DEG),
    }
    if has_accelerations:
        columns |= {
            ("u", "m/s"): (u, 0.05),
            ("w", "m/s"): (w, 0.05),
            ("ax", "m/s^2"): (ax, 0.02),
            ("az", "m/s^2"): (az, 0.02),
        }
    values = np.column_stack([x + noise * s * rng.normal(size=N) for x, s in columns.values()])
    channels = tuple(Channel.of(name, unit) for name, unit in columns)
    return FlightRecord(f"flight {seed}", t, values, channels)


def with_column(record: FlightRecord, name: str, column: np.ndarray) -> FlightRecord:
    values = record.values.copy()
    values[:, record.index(name)] = column
    return replace(record, values=values)


def scaled(record: FlightRecord, name: str, factor: float) -> FlightRecord:
    return with_column(record, name, factor * record.column(name))


def late(record: FlightRecord, name: str, seconds: float) -> FlightRecord:
    column = np.interp(record.time - seconds, record.time, record.column(name))
    return with_column(record, name, column)


def slow_clock(record: FlightRecord, factor: float) -> FlightRecord:
    return replace(record, time=record.time * factor)


def in_unit(record: FlightRecord, name: str, unit: str) -> FlightRecord:
    """The header of a channel in degrees claims ``unit``; the numbers in the file stay."""
    j = record.index(name)
    channels = list(record.channels)
    channels[j] = Channel.of(name, unit)
    numbers = record.values[:, j] / DEG
    factor = 1.0 if unit.startswith("rad") else DEG
    return replace(with_column(record, name, numbers * factor), channels=tuple(channels))


def exchanged(record: FlightRecord, first: str, second: str) -> FlightRecord:
    out = with_column(record, first, record.column(second))
    return with_column(out, second, record.column(first))


def patched(record: FlightRecord, name: str, first: int, values: np.ndarray) -> FlightRecord:
    column = record.column(name).copy()
    column[first : first + len(values)] = values
    return with_column(record, name, column)
