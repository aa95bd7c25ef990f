"""A finer rate is tried at the end, and taken only when it is better."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from heliid.data.campaign import make_campaign
from heliid.data.record import FlightRecord, Source
from heliid.events import StageStarted
from heliid.model.structure import Structure
from heliid.study import OrderBox, StudyConfig, identify
from heliid.study.finer import rate_factors, stretch
from heliid.study.ground import make_ground

from .conftest import CHANNELS

pytestmark = pytest.mark.slow


def fast_record(name: str, seed: int) -> FlightRecord:
    """40 s at 50 Hz with steps of the stick: pitch motion of 1 rad/s, no noise."""
    rng = np.random.default_rng(seed)
    n, dt = 2000, 0.02
    stick, k = np.zeros(n), 100
    while k < n:
        hold = int(rng.integers(20, 90))
        stick[k : k + hold] = rng.choice([-9.0, 0.0, 9.0])
        k += hold
    push = 0.3 * np.tanh(stick / 5.0)
    q, theta = np.zeros(n), np.zeros(n)
    for k in range(1, n):
        q[k] = q[k - 1] + dt * (push[k] - 6.0 * q[k - 1] - 4.0 * theta[k - 1])
        theta[k] = theta[k - 1] + dt * q[k - 1]
    values = np.column_stack([stick, q, theta])
    return FlightRecord(name, dt * np.arange(n), values, CHANNELS, Source(name, f"{seed:064x}"))


@pytest.fixture(scope="module")
def fast_campaign():
    return make_campaign(
        ["stick"], ["q", "theta"],
        train=[fast_record("a", 1), fast_record("b", 2)], validate=[fast_record("c", 3)],
    )  # fmt: skip


def config(**changes) -> StudyConfig:
    box = OrderBox(na_max=1, nb_max=2, nk_max=0, spacing_max=1, hidden_max=1)
    plain = StudyConfig(budget=4, workers=1, n_tables=1, n_ensemble=2, box=box)
    return dataclasses.replace(plain, **changes)


def test_stretched_order_spans_the_same_time():
    structure = Structure(((1, 2), (1,), ()), ((0, 1, 4),), 2)
    assert stretch(structure, 5) == Structure(((1, 10), (1,), ()), ((0, 5, 20),), 2)


def test_stretched_memory_forgets_as_fast():
    structure = Structure(((1,),), ((0,), (1,)), 0, memory=((0, 0.36),))
    index, leak = stretch(structure, 2).memory[0]
    assert (index, (1.0 - leak) ** 2) == (0, pytest.approx(0.64))


def test_factors_end_at_the_records_own_rate(fast_campaign):
    ground = make_ground(fast_campaign, config(), rate_hz=10.0)
    assert rate_factors(ground) == (2, 5)
    assert rate_factors(make_ground(fast_campaign, config(), rate_hz=50.0)) == ()


def test_chosen_rate_is_never_left(fast_campaign):
    stages = []

    def report(event):
        if isinstance(event, StageStarted):
            stages.append(event.stage)

    result = identify(fast_campaign, config(rate_hz=10.0, finer_rate=True), report=report)
    assert "Trying finer rates" not in stages
    assert result.model.dt == pytest.approx(0.1)


def test_finer_rate_can_be_asked_for(fast_campaign):
    on = identify(fast_campaign, config(finer_rate=True))
    off = identify(fast_campaign, config())
    assert on.cost <= off.cost
    assert off.model.dt >= on.model.dt
    if on.model.dt < off.model.dt:
        assert any("times the rate of the search" in text for text in on.notices)
    rates = {member.dt for member in on.members}
    assert rates == {on.model.dt}
