"""Linear aircraft from the shipped derivative tables, flown on textbook inputs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.linalg import expm

from heliid.data.record import Channel, FlightRecord, Source
from heliid.model.network import NarxModel
from heliid.training import TrainingSettings
from heliid.truth import multistep, sweep, together
from tests.judgement.plants import fit_model, order

TABLE = Path(__file__).parents[2] / "data" / "reference" / "derivatives.json"
DT = 0.02
AMPLITUDE = np.deg2rad(0.5)
CHANNELS = (
    Channel.of("delta_lon", "rad"),
    Channel.of("delta_col", "rad"),
    Channel.of("u", "m/s"),
    Channel.of("w", "m/s"),
    Channel.of("q", "rad/s"),
    Channel.of("theta", "rad"),
)
INPUTS, OUTPUTS = ("delta_lon", "delta_col"), ("u", "w", "q", "theta")
Command = Callable[[float], float]


@lru_cache
def entry(name: str, speed_kt: float) -> dict:
    rows = json.loads(TABLE.read_text("utf-8"))["aircraft"]
    return next(r for r in rows if r["name"] == name and r["speed_kt"] == speed_kt)


def simulate(
    a: np.ndarray, b: np.ndarray, commands: Sequence[Command], pilot: tuple[float, float],
    seconds: float = 30.0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Exact steps of x' = A x + B u with a weak pilot on theta and q; row k ends step k."""
    n, n_x, n_u = round(seconds / DT) + 1, len(a), b.shape[1]
    big = np.zeros((n_x + n_u, n_x + n_u))
    big[:n_x, :n_x], big[:n_x, n_x:] = a, b
    step = expm(big * DT)
    t, x, u = DT * np.arange(n), np.zeros((n, n_x)), np.zeros((n, n_u))
    for k in range(1, n):
        u[k] = [AMPLITUDE * command(t[k]) for command in commands]
        u[k, 0] -= pilot[0] * x[k - 1, 3] + pilot[1] * x[k - 1, 2]
        x[k] = step[:n_x, :n_x] @ x[k - 1] + step[:n_x, n_x:] @ u[k]
    return t, u, x


def fly(name: str, speed_kt: float, seed: int, noise: float = 0.03) -> list[FlightRecord]:
    """Four records of 30 s: 3-2-1-1s and doublets on both controls, two sweeps; 3 % noise."""
    row = entry(name, speed_kt)
    a, b = np.array(row["A"]), np.array(row["B"])
    sign = 1.0 if b[2, 0] > 0 else -1.0
    pilot = (0.03 * sign, 0.03 * sign) if name == "Westland Lynx" else (0.1 * sign, 0.1 * sign)
    lon = [
        multistep(1.5, 0.8, 1, (3, 2, 1, 1)),
        sweep(1.5, 29.5, 0.08, 2.2, 1),
        multistep(6, 0.5, 1, (1, 1)),
        together(multistep(1.5, 0.8, -1, (3, 2, 1, 1)), multistep(18, 0.5, 1, (1, 1))),
    ]
    col = [
        multistep(12, 1.15, 1, (1, 1)),
        multistep(10, 0.7, 1, (1, 1)),
        multistep(1.5, 0.8, 1, (3, 2, 1, 1)),
        sweep(10, 29, 0.1, 1.5, 1),
    ]
    rng = np.random.default_rng(seed)
    records = []
    for i, commands in enumerate(zip(lon, col, strict=True)):
        t, u, x = simulate(a, b, commands, pilot)
        y = x + noise * x.std(axis=0) * rng.normal(size=x.shape)
        source = Source(f"{name} {speed_kt} {i}")
        records.append(FlightRecord(f"r{i}", t, np.hstack([u, y]), CHANNELS, source))
    return records


SETTINGS = TrainingSettings(kinematics=((3, 2),))


@lru_cache
def identified(name: str, speed_kt: float, seed: int = 1, na: int = 1, nb: int = 2) -> NarxModel:
    """A linear model identified from those records at 10 Hz."""
    records = fly(name, speed_kt, seed)
    return fit_model(records, INPUTS, OUTPUTS, order(2, 4, na, nb), settings=SETTINGS)
