"""A high proposed rate must earn its place on validation."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from heliid.study import StudyConfig, rate
from heliid.study.ground import make_ground

COSTS = {80.0: 0.50, 40.0: 0.52, 20.0: 0.54, 10.0: 0.90}


def at(hz):
    return SimpleNamespace(dt=1.0 / hz, cost=COSTS[hz])


@pytest.fixture
def known_costs(monkeypatch):
    monkeypatch.setattr(rate, "_linear_cost", lambda ground: ground.cost)


def test_the_lowest_rate_that_is_nearly_as_good_is_taken(known_costs):
    ground, why = rate.judged_rate(at, at(80.0))
    assert ground.dt == pytest.approx(1 / 20.0)
    assert "20 Hz: of 80, 40, 20, 10 Hz" in why


def test_small_losses_do_not_add_up(known_costs, monkeypatch):
    monkeypatch.setitem(COSTS, 40.0, 0.55)
    monkeypatch.setitem(COSTS, 20.0, 0.60)  # near 0.55, but not near 0.50
    assert rate.judged_rate(at, at(80.0))[0].dt == pytest.approx(1 / 40.0)


def test_a_low_proposal_is_taken_as_it_is(known_costs):
    first = at(10.0)
    assert rate.judged_rate(at, first) == (first, "")


def test_a_rate_that_was_asked_for_is_kept(linear_campaign, monkeypatch):
    monkeypatch.setattr("heliid.study.ground.judged_rate", None)  # would fail if it were asked
    ground = make_ground(linear_campaign, StudyConfig(rate_hz=5.0))
    assert ground.dt == pytest.approx(0.2)


@pytest.mark.parametrize(("wanted", "rate"), [(9.9999, 10.0), (3.3333, 10 / 3), (9.0, 9.0)])
def test_a_rate_with_few_digits_means_that_of_the_records(linear_campaign, wanted, rate):
    ground = make_ground(linear_campaign, StudyConfig(rate_hz=wanted))
    assert 1 / ground.dt == pytest.approx(rate, rel=1e-12)
