"""Settings are checked at the door and come back from plain data as they were."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliid.errors import SettingsError
from heliid.study import SEARCHES, OrderBox, StudyConfig


def test_defaults_survive_a_round_trip_through_json():
    config = StudyConfig()
    assert StudyConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@given(
    rate=st.floats(0, 10_000),
    search=st.sampled_from([*SEARCHES, "all"]),
    budget=st.integers(1, 1_000_000),
    seed=st.integers(0, 2**32 - 1),
    hidden=st.integers(0, 64),
    rule=st.sampled_from(["auto", "none", "lead:1", "lead:0.25"]),
)
def test_any_allowed_setting_survives_a_round_trip(rate, search, budget, seed, hidden, rule):
    config = StudyConfig(
        rate_hz=rate, search=search, budget=budget, seed=seed, trim_rule=rule,
        box=OrderBox(hidden_max=hidden),
    )  # fmt: skip
    assert StudyConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("budget", 0, "budget is 0: choose from 1 to 1000000"),
        ("budget", 2.5, "a whole number"),
        ("budget", True, "a whole number"),
        ("budget", "many", "a whole number"),
        ("rate_hz", -1.0, "choose from 0 to 10000"),
        ("rate_hz", math.nan, "a number from"),
        ("rate_hz", math.inf, "a number from"),
        ("seed", -1, "choose from 0 to 4294967295"),
        ("workers", 0, "choose from 1"),
        ("search", "genetic", "'genetic' is not known: choose one of ais, abc"),
        ("trim_rule", "lead:", "e.g. lead:1"),
        ("trim_rule", "lead:-1", "e.g. lead:1"),
        ("trim_rule", 3, "e.g. lead:1"),
        ("kinematics", 1, "true or false"),
        ("wall_limit_s", -3, "choose from 0"),
    ],
)
def test_setting_out_of_range_is_named_with_its_range(name, value, words):
    with pytest.raises(SettingsError, match=words):
        StudyConfig(**{name: value})


@pytest.mark.parametrize("name", ["na_max", "nb_max", "nk_max", "spacing_max", "hidden_max"])
def test_box_out_of_range_is_named(name):
    with pytest.raises(SettingsError, match=f"box.{name} is 1000: choose from"):
        OrderBox(**{name: 1000})


def test_unknown_setting_is_refused_not_ignored():
    with pytest.raises(SettingsError, match="'bugdet', which is not a setting"):
        StudyConfig.from_dict({"bugdet": 3})
    with pytest.raises(SettingsError, match="'depth', which is not a setting"):
        StudyConfig.from_dict({"box": {"depth": 3}})


def test_all_means_the_three_swarms():
    assert StudyConfig(search="all").searches() == ("abc", "ais", "pso")
    assert StudyConfig(search="hill").searches() == ("hill",)
