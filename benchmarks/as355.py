"""A second simulated helicopter, for comparisons with other packages; not used to build HeliID.

Longitudinal motion about 80 kt: u, w, q, theta, two actuator lags, the flap lag of the cyclic and
the inflow lag of the collective. Zw, Zq, Mw, Mq, Z_lon and M_lon are flight-test estimates for the
AS355-F2 at 80 kt and 5000 ft (Cruz & Goes 2010, Mathematical Problems in Engineering 231594, table
5); the other derivatives and all nonlinear terms are chosen here, of usual size. ``is_hard``: the
thrust rolls off and the damping falls much earlier, the drag is curved three times as much, and
the sticks reach their stops.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from heliid.data.campaign import Campaign, make_campaign
from heliid.data.record import Channel, FlightRecord, Source
from heliid.truth import Command, multistep, steps, sweep, together

U0, GRAVITY = 41.16, 9.80665  # m/s (80 kt), m/s^2
STEP, EVERY = 0.01, 2  # Runge-Kutta at 100 Hz, recorded at 50 Hz
ACTUATOR, FLAP, INFLOW = 0.04, 0.11, 0.28  # s
NOISE = (0.12, 0.05, 0.0025, 0.0015)  # m/s, m/s, rad/s, rad
CHANNELS = (
    Channel.of("delta_lon", "cm"),
    Channel.of("delta_col", "cm"),
    Channel.of("u", "m/s"),
    Channel.of("w", "m/s"),
    Channel.of("q", "rad/s"),
    Channel.of("theta", "rad"),
)
INPUTS, OUTPUTS = ("delta_lon", "delta_col"), ("u", "w", "q", "theta")


@dataclass(frozen=True)
class Airframe:
    """The nonlinear terms that differ between the usual and the hard record."""

    w_soft: float = 7.0  # m/s, thrust rolls off around it
    q_soft: float = 0.35  # rad/s, damping falls around it
    drag: float = 0.0009  # 1/m, of u |u|
    reach: tuple[float, float] = (9.0, 9.0)  # cm, stops of cyclic and collective


USUAL = Airframe()
HARD = Airframe(w_soft=3.0, q_soft=0.12, drag=0.0027, reach=(1.0, 0.9))


def rates_of_change(
    x: Sequence[float], lon: float, col: float, body: Airframe
) -> tuple[float, ...]:
    """dx/dt of x = (u, w, q, theta, actuators (2), flap a, inflow nu) for sticks in cm."""
    u, w, q, theta, act_lon, act_col, a, nu = x
    w_eff = w / math.sqrt(1.0 + (w / body.w_soft) ** 2)
    q_eff = q / math.sqrt(1.0 + (q / body.q_soft) ** 2)
    lon = min(max(lon, -body.reach[0]), body.reach[0])
    col = min(max(col, -body.reach[1]), body.reach[1])
    force_x = -0.05 * u - body.drag * u * abs(u) + 0.025 * w + 0.6 * q - 0.20 * a + 0.12 * nu
    force_z = -0.04 * u - 0.7135 * w_eff + 0.0967 * q - 1.8328 * a - 2.6 * nu
    moment = 0.006 * u - 0.0283 * w - 1.6821 * q_eff + 0.2549 * a + 0.055 * nu
    return (
        force_x - w * q - GRAVITY * math.sin(theta),
        force_z + (U0 + u) * q + GRAVITY * (math.cos(theta) - 1.0),
        moment,
        q,
        (lon - act_lon) / ACTUATOR,
        (col - act_col) / ACTUATOR,
        (act_lon - a) / FLAP,
        (act_col - nu) / INFLOW,
    )


def simulate(lon: Command, col: Command, duration: float, body: Airframe) -> np.ndarray:
    """Sticks and states (N, 6) at 50 Hz: delta_lon, delta_col, u, w, q, theta."""

    def moved(x: Sequence[float], by: float, k: Sequence[float]) -> list[float]:
        return [a + by * b for a, b in zip(x, k, strict=True)]

    x, rows = [0.0] * 8, []
    for k in range(round(duration / STEP) + 1):
        t = k * STEP
        if k % EVERY == 0:
            rows.append([lon(t), col(t), *x[:4]])
        middle, there = (lon(t + STEP / 2), col(t + STEP / 2)), (lon(t + STEP), col(t + STEP))
        k1 = rates_of_change(x, lon(t), col(t), body)
        k2 = rates_of_change(moved(x, STEP / 2, k1), *middle, body)
        k3 = rates_of_change(moved(x, STEP / 2, k2), *middle, body)
        k4 = rates_of_change(moved(x, STEP, k3), *there, body)
        slope = [a + 2 * b + 2 * c + d for a, b, c, d in zip(k1, k2, k3, k4, strict=True)]
        x = moved(x, STEP / 6, slope)
    return np.array(rows)


def training_sticks() -> tuple[Command, Command]:
    """120 s: sweeps, 3-2-1-1s and doublets on both sticks, after 4 s at rest."""
    lon = together(
        sweep(4.0, 30.0, 0.12, 2.0, 1.0),
        multistep(60.0, 1.0, 0.9, (3, 2, 1, 1)),
        multistep(72.0, 0.8, -1.0, (1, 1)),
        multistep(95.0, 1.0, -0.9, (3, 2, 1, 1)),
        multistep(108.0, 0.5, 1.1, (1, 1)),
    )
    col = together(
        sweep(31.0, 58.0, 0.1, 1.6, 0.9),
        multistep(78.0, 1.0, 0.8, (3, 2, 1, 1)),
        multistep(104.0, 0.8, -0.9, (1, 1)),
        multistep(112.0, 0.6, 0.9, (1, 1)),
    )
    return lon, col


def test_sticks() -> tuple[Command, Command]:
    """60 s of other shapes and amplitudes inside the training envelope, after 4 s at rest."""
    lon = together(
        multistep(4.0, 0.8, -0.8, (3, 2, 1, 1)),
        multistep(16.0, 0.6, 1.1, (1, 1)),
        steps((34.0, 0.3), (36.5, 0.0), (47.0, -0.5), (48.5, 0.5), (50.0, 0.0)),
    )
    col = together(
        multistep(10.0, 0.7, -0.8, (1, 1)),
        multistep(22.0, 0.8, 0.7, (3, 2, 1, 1)),
        steps((46.0, 0.6), (50.0, -0.5), (53.0, 0.0)),
    )
    return lon, col


SIZE = 1.4  # of both sticks: 24 and 18 % of the hard training record lie beyond the stops


def record(name: str, seed: int, *, is_hard: bool, noise: float = 1.0) -> FlightRecord:
    """The training or the test record; ``noise`` scales the standard one, 0 for the truth."""
    body = HARD if is_hard else USUAL
    is_test = name == "test"
    lon, col = test_sticks() if is_test else training_sticks()
    values = simulate(
        lambda t: SIZE * lon(t), lambda t: SIZE * col(t), 60.0 if is_test else 120.0, body
    )
    generator = np.random.default_rng([seed, is_test])
    values[:, 2:] += noise * np.array(NOISE) * generator.standard_normal((len(values), 4))
    time = EVERY * STEP * np.arange(len(values))
    return FlightRecord(name, time, values, CHANNELS, Source("simulated"))


def campaign(*, is_hard: bool = False, seed: int = 0) -> Campaign:
    """One training record (its tail validates), one test record."""
    return make_campaign(
        INPUTS, OUTPUTS,
        train=(record("train", seed, is_hard=is_hard),),
        test=(record("test", seed, is_hard=is_hard),),
    )  # fmt: skip
