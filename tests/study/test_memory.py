"""Leaky inputs, a memory that fades, from the order in text to the finished model."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from heliid.data.campaign import make_campaign
from heliid.data.record import Channel, FlightRecord
from heliid.model.network import NarxModel
from heliid.model.simulate import free_run
from heliid.study import OrderBox, fit, identify

pytestmark = pytest.mark.slow
PLAIN = "na=1,nb=1,nk=0,h=0"


def slow(name: str, seed: int) -> FlightRecord:
    """A first-order motion driven by a control through a lag of 0.8 s that nobody measures."""
    rng = np.random.default_rng(seed)
    n, dt = 400, 0.1
    stick = np.repeat(rng.uniform(-5.0, 5.0, n // 10), 10)
    stick[:10] = 0.0
    hidden, q = np.zeros(n), np.zeros(n)
    leak = 1.0 - math.exp(-1.0 / 8)
    for k in range(1, n):
        hidden[k] = leak * stick[k] + (1.0 - leak) * hidden[k - 1]
        q[k] = 0.9 * q[k - 1] + 0.02 * hidden[k]
    channels = (Channel.of("stick", "%"), Channel.of("q", "deg/s"))
    return FlightRecord(name, dt * np.arange(n), np.column_stack([stick, q]), channels)


@pytest.fixture(scope="module")
def lagged():
    return make_campaign(["stick"], ["q"], train=[slow("a", 1), slow("b", 2)],
                         validate=[slow("c", 3)])  # fmt: skip


def test_an_unmeasured_lag_is_found_by_a_leaky_input(lagged, config):
    without, with_leak = (fit(lagged, config, PLAIN + more) for more in ("", ",leak=8"))
    assert with_leak.model.structure.memory == ((0, 1.0 - math.exp(-1.0 / 8)),)
    assert with_leak.cost < 0.05 * without.cost


def test_the_search_finds_the_time_constant(lagged, config):
    box = OrderBox(na_max=1, nb_max=1, nk_max=0, spacing_max=1, hidden_max=0, leak_max=4)
    result = identify(lagged, replace(config, budget=5, box=box))
    assert {"leak=4", "leak=8", "leak=16", "leak=32"} <= {
        part for one in result.candidates for part in one.structure_text.split(",")
    }
    found = min(result.candidates, key=lambda one: one.cost)
    assert "leak=8" in found.structure_text


def test_a_model_with_memory_runs_alike_after_a_file(lagged, config):
    model = fit(lagged, config, "na=1,nb=2,nk=0,leak=8,h=1").model
    again = NarxModel.from_dict(model.to_dict())
    record = slow("d", 4)
    assert np.array_equal(free_run(again, record).simulated, free_run(model, record).simulated)
