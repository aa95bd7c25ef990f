"""Every wrong campaign is answered in one sentence with file, channel and what to do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from heliid.data.campaign import (
    Use,
    check_campaign,
    make_campaign,
    split_for_validation,
    split_single,
)
from heliid.data.record import Channel, Source
from heliid.errors import CampaignError

from .makers import make_record


def with_column(record, name, values):
    changed = record.values.copy()
    changed[:, record.index(name)] = values
    return replace(record, values=changed)


def test_make_campaign_keeps_roles_and_drops_units_from_names():
    a, b, c = (make_record(name, seed=i) for i, name in enumerate("abc"))
    campaign = make_campaign(["stick [%]"], ["q [rad/s]"], train=[a], validate=[b], test=[c])
    assert campaign.inputs == ("stick",)
    assert campaign.outputs == ("q",)
    assert campaign.uses == (Use.TRAIN, Use.VALIDATE, Use.TEST)
    assert campaign.with_use(Use.TEST) == (c,)


def test_make_campaign_numbers_equal_names():
    a, b = make_record("log", seed=1), make_record("log", seed=2)
    campaign = make_campaign(["stick"], ["q"], train=[a, b])
    assert [record.name for record in campaign.records] == ["log", "log (2)"]


def wrong_campaigns():
    a, b = make_record("a", seed=1), make_record("b", seed=2)
    resting = with_column(a, "stick", 3.0)
    dead = with_column(a, "q", 0.25)
    holes = a.values.copy()
    holes[7, 1] = np.nan
    backwards = np.array(a.time)
    backwards[5] = backwards[3]
    degrees = replace(b, channels=(Channel.of("stick", "%"), Channel.of("q", "rad")))
    piece = replace(a, source=Source("a.csv", "ab" * 32))
    return {
        "no training": (("stick",), ("q",), {"train": []}, "No training record"),
        "no input": ((), ("q",), {"train": [a]}, "No input is chosen"),
        "no output": (("stick",), (), {"train": [a]}, "No output is chosen"),
        "missing": (("stick",), ("qq",), {"train": [a]}, r"'qq' is not in record 'a' \(a.csv\)"),
        "missing later": (
            ("stick",),
            ("q",),
            {"train": [a], "test": [make_record("c", names=("stick", "p"))]},
            "'q' is not in record 'c'",
        ),
        "both": (("q",), ("q",), {"train": [a]}, "'q' is chosen both as input and as output"),
        "twice": (("stick", "stick [%]"), ("q",), {"train": [a]}, "'stick' is chosen twice"),
        "constant input": (("stick",), ("q",), {"train": [resting]}, "Input 'stick' is constant"),
        "constant output": (("stick",), ("q",), {"train": [b, dead]}, "Output 'q' is constant in"),
        "units": (("stick",), ("q",), {"train": [a], "test": [degrees]}, "another quantity"),
        "short": (("stick",), ("q",), {"train": [a.slice(0, 30)]}, "has 30 samples, at least 50"),
        "short test": (("stick",), ("q",), {"train": [a], "test": [b.slice(0, 9)]}, "at least 20"),
        "not finite": (
            ("stick",),
            ("q",),
            {"train": [replace(a, values=holes)]},
            r"'q' of record 'a' \(a.csv\) has 1 missing .* t = 0.140 s",
        ),
        "time": (("stick",), ("q",), {"train": [replace(a, time=backwards)]}, "does not rise"),
        "same record": (("stick",), ("q",), {"train": [a], "test": [a]}, "chosen twice"),
        "overlap": (
            ("stick",),
            ("q",),
            {"train": [piece.slice(0, 250)], "test": [piece.slice(200, 400)]},
            "share the time from 4.00 s",
        ),
    }


@pytest.mark.parametrize("case", wrong_campaigns())
def test_make_campaign_refuses(case):
    inputs, outputs, records, words = wrong_campaigns()[case]
    with pytest.raises(CampaignError, match=words) as caught:
        make_campaign(inputs, outputs, **records)
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith(".")


def test_an_input_may_rest_in_one_training_record():
    a, b = make_record("a", seed=1), make_record("b", seed=2)
    campaign = make_campaign(["stick"], ["q"], train=[with_column(a, "stick", 3.0), b])
    assert len(campaign.with_use(Use.TRAIN)) == 2


def test_split_for_validation_takes_the_end_of_each_training_record():
    a, b = make_record("a", seed=1), make_record("b", seed=2)
    campaign, notice = split_for_validation(make_campaign(["stick"], ["q"], train=[a, b]))
    train, validate = campaign.with_use(Use.TRAIN), campaign.with_use(Use.VALIDATE)
    assert [record.n_samples for record in train] == [312, 312]
    assert [record.n_samples for record in validate] == [88, 88]
    assert validate[0].time[0] > train[0].time[-1]
    assert "last 22 %" in notice


def test_split_for_validation_leaves_a_campaign_with_validation_alone():
    a, b = make_record("a", seed=1), make_record("b", seed=2)
    campaign = make_campaign(["stick"], ["q"], train=[a], validate=[b])
    same, notice = split_for_validation(campaign)
    assert same is campaign
    assert notice == ""


def test_split_for_validation_refuses_what_is_too_short():
    campaign = make_campaign(["stick"], ["q"], train=[make_record("a", n=60)])
    with pytest.raises(CampaignError, match="too short"):
        split_for_validation(campaign)


def test_split_single_gives_three_pieces_that_do_not_overlap():
    record = replace(make_record("a", n=1000), source=Source("a.csv", "cd" * 32))
    campaign, notice = split_single(record, ["stick"], ["q"])
    assert sum(piece.n_samples for piece in campaign.records) == 1000
    assert "the only record" in notice
    assert check_campaign(campaign).uses == campaign.uses
