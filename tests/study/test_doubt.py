"""A network is preferred to the linear model only when it is better by more than chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from heliid.engine.serial import SerialEngine
from heliid.search.encoding import structure_from_text
from heliid.study.conclude import Trained, conclude
from heliid.study.doubt import Doubt, doubt_network, parts_of
from heliid.study.ground import make_ground
from heliid.study.refits import Refit, refit_all

LINEAR = structure_from_text("na=2,nb=2,nk=0,h=0", 1, 2)
NETWORK = structure_from_text("na=1,nb=2,nk=0,h=2", 1, 2)


def asked(ground, network=NETWORK, **ways):
    ways = {"should_stop": lambda: False, "progress": lambda *_: None, **ways}
    refit = Refit(network, None, 0.0, np.zeros(2), False, "table 0")
    return doubt_network(refit, LINEAR, ground, SerialEngine(), **ways)


def test_every_record_is_left_out_once(campaign, config):
    ground = make_ground(campaign, config)
    parts = parts_of(ground.train, ground.validate, ground.settings)
    assert [(trains.n_records, judges.n_records) for trains, judges in parts] == [(2, 1)] * 3
    lengths = ground.train.n_samples + ground.validate.n_samples
    assert sum(judges.n_samples for _, judges in parts) == lengths


def test_two_records_are_cut_in_time(campaign, config):
    ground = make_ground(campaign, config)
    one = replace(ground.train, u=ground.train.u[:1], y=ground.train.y[:1])
    assert len(parts_of(one, ground.validate, ground.settings)) == 5


def test_a_gain_within_its_error_is_no_gain():
    assert Doubt((0.1, 0.12, 0.09)).is_sure
    assert not Doubt((0.3, -0.1, -0.1)).is_sure
    assert not Doubt((-0.1, -0.1, -0.12)).is_sure
    assert "lower by 0.033 with a standard error of 0.133" in Doubt((0.3, -0.1, -0.1)).sentence


def test_a_saturating_plant_is_worth_a_network_and_a_linear_one_is_not(
    campaign, linear_campaign, config
):
    assert asked(make_ground(campaign, config)).is_sure
    assert not asked(make_ground(linear_campaign, config)).is_sure


def test_nothing_is_said_of_a_job_that_was_stopped(campaign, config):
    assert asked(make_ground(campaign, config), should_stop=lambda: True) is None


@pytest.mark.parametrize(("gains", "wins"), [((0.2, 0.2, 0.21), True), ((0.5, -0.2, -0.2), False)])
def test_the_doubt_decides_after_a_search_and_is_said(campaign, config, gains, wins):
    ground = make_ground(campaign, config)
    linear, network = (
        refit_all(
            [order], (0,), ground.train, ground.validate, ground.settings, SerialEngine(),
            should_stop=lambda: False, progress=lambda *_: None,
        )[0]
        for order in (LINEAR, NETWORK)
    )  # fmt: skip
    linear = replace(linear, cost=network.cost + 0.1)  # the network won on validation
    doubt = Doubt(gains)
    found = conclude(ground, config, linear, Trained(ground, [network]), "search", doubt)
    assert (found.model.structure == NETWORK) is wins
    assert (doubt.sentence in found.notices) is not wins
    asked_for = conclude(ground, config, linear, Trained(ground, [network]), "fit", doubt)
    assert asked_for.model.structure == NETWORK


def test_the_ensemble_takes_one_of_every_order_before_second_ones(campaign, config):
    ground = make_ground(campaign, config)
    weights = {
        order: refit_all(
            [order], (0,), ground.train, ground.validate, ground.settings, SerialEngine(),
            should_stop=lambda: False, progress=lambda *_: None,
        )[0].weights
        for order in (LINEAR, NETWORK)
    }  # fmt: skip
    refits = [
        Refit(order, weights[order], cost, np.zeros(2), False, f"table {table}")
        for order, cost, table in ((NETWORK, 0.10, 0), (NETWORK, 0.11, 1), (LINEAR, 0.12, 0))
    ]
    wide = replace(config, n_ensemble=3)
    found = conclude(ground, wide, replace(refits[2], cost=0.5), Trained(ground, refits), "fit")
    assert [one.structure for one in found.members] == [NETWORK, LINEAR, NETWORK]
    assert found.member_costs == (0.10, 0.12, 0.11)
