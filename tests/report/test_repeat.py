"""The command in the report is one that the command line takes, and means the same study."""

from __future__ import annotations

import dataclasses
import shlex

import pytest

from heliid.cli.arguments import make_parser
from heliid.cli.identify import make_config
from heliid.data.record import Source
from heliid.export.repeat import command_for, setting_words
from heliid.study import OrderBox, StudyConfig


def with_paths(result):
    """The same result as if its records came from files."""
    records = tuple(
        dataclasses.replace(r, source=Source(f"{r.name}.csv", "0" * 64, f"/data/{r.name}.csv"))
        for r in result.campaign.records
    )
    return dataclasses.replace(
        result, campaign=dataclasses.replace(result.campaign, records=records)
    )


def test_command_names_all_records_and_channels(finished):
    result = with_paths(finished[0])
    options = make_parser().parse_args(shlex.split(command_for(result))[1:])
    assert options.command == "identify"
    assert options.train == ["/data/sweep <1>.csv", "/data/b.csv"]
    assert (options.validate, options.test) == (["/data/c.csv"], ["/data/d.csv"])
    assert (options.inputs, options.outputs) == (["stick"], ["q", "theta"])


@pytest.mark.parametrize(
    "config",
    [
        StudyConfig(),
        StudyConfig(rate_hz=12.5, search="all", budget=33, seed=9, window=16, trim_rule="lead:2"),
        StudyConfig(kinematics=False, finer_rate=True, n_tables=2, n_ensemble=7, stagnation=50),
        StudyConfig(wall_limit_s=90.0, box=OrderBox(3, 4, 5, 6, 7)),
        StudyConfig(train_on="all", risk_weight=0.5, risk_alpha=0.8),
        StudyConfig(trainer="hf", box=OrderBox(leak_max=5)),
    ],
)
def test_options_of_a_command_give_the_settings_back(config):
    words = ["identify", "--train", "a", "--inputs", "u", "--outputs", "y", "--out", "o"]
    options = make_parser().parse_args([*words, "--workers", "2", *setting_words(config)])
    assert make_config(options) == config


def test_conditioned_records_have_no_command(finished):
    result = with_paths(finished[0])
    first, *others = result.campaign.records
    cut = dataclasses.replace(result.campaign, records=(first.slice(0, 300), *others))
    assert command_for(dataclasses.replace(result, campaign=cut)) == ""
