"""Small campaigns for whole studies in a second."""

from __future__ import annotations

import numpy as np
import pytest

from heliid.data.campaign import Campaign, make_campaign
from heliid.data.record import Channel, FlightRecord, Source
from heliid.study import OrderBox, StudyConfig

CHANNELS = (
    Channel.of("stick", "%"),
    Channel.of("q", "deg/s"),
    Channel.of("theta", "deg"),
)


def record(name: str, seed: int, *, nonlinear: bool = True, n: int = 400) -> FlightRecord:
    """A pitch manoeuvre at 10 Hz, SI: a damped second-order motion, the control may saturate."""
    rng = np.random.default_rng(seed)
    dt, stick, k = 0.1, np.zeros(n), 25
    while k < n:
        hold = int(rng.integers(5, 20))
        stick[k : k + hold] = rng.choice([-9.0, 0.0, 9.0]) * rng.uniform(0.4, 1.0)
        k += hold
    push = 0.07 * (np.tanh(stick / 5.0) if nonlinear else stick / 8.0)
    q, theta = np.zeros(n), np.zeros(n)
    for k in range(1, n):
        q[k] = q[k - 1] + dt * (push[k] - 1.5 * q[k - 1] - 0.6 * theta[k - 1])
        theta[k] = theta[k - 1] + dt * q[k - 1]
    values = np.column_stack([stick, q, theta])
    values[:, 1:] += 0.01 * values[:, 1:].std(axis=0) * rng.standard_normal((n, 2))
    source = Source(f"{name}.csv", f"{seed:064x}")
    return FlightRecord(name, dt * np.arange(n), values, CHANNELS, source)


@pytest.fixture(scope="session")
def campaign() -> Campaign:
    return make_campaign(
        ["stick"],
        ["q", "theta"],
        train=[record("a", 1), record("b", 2)],
        validate=[record("c", 3)],
        test=[record("d", 4)],
    )


@pytest.fixture(scope="session")
def linear_campaign() -> Campaign:
    """A linear plant: no network can be better than chance."""
    return make_campaign(
        ["stick"],
        ["q", "theta"],
        train=[record("a", 1, nonlinear=False), record("b", 2, nonlinear=False)],
        validate=[record("c", 3, nonlinear=False)],
    )


@pytest.fixture
def config() -> StudyConfig:
    box = OrderBox(na_max=2, nb_max=2, nk_max=1, spacing_max=1, hidden_max=2)
    return StudyConfig(
        rate_hz=10.0, budget=8, workers=1, n_tables=1, n_ensemble=2, window=4, box=box
    )
