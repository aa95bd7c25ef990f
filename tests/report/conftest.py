"""One small finished study for all report tests."""

from __future__ import annotations

import pytest

from heliid.data.campaign import make_campaign
from heliid.study import OrderBox, StudyConfig, identify
from heliid.study.judgement import judge_study
from tests.study.conftest import record


@pytest.fixture(scope="session")
def finished():
    """A judged study with test records, and its reports by use."""
    campaign = make_campaign(
        ["stick"], ["q", "theta"],
        train=[record("sweep <1>", 1), record("b", 2)], validate=[record("c", 3)],
        test=[record("d", 4)],
    )  # fmt: skip
    box = OrderBox(na_max=2, nb_max=2, nk_max=1, spacing_max=1, hidden_max=2)
    config = StudyConfig(rate_hz=10.0, budget=5, workers=1, n_tables=1, n_ensemble=3, box=box)
    return judge_study(identify(campaign, config), with_test=True)
