"""One short recording that both trains and validates is judged by cross-validation."""

from __future__ import annotations

from heliid.data.campaign import make_campaign
from heliid.data.record import split_in_time
from heliid.study.ground import FOLDS_USED, N_FOLDS, make_ground

from .conftest import record


def test_pieces_of_one_file_are_cross_validated(config):
    train, validate = split_in_time(record("a", 1), (0.8, 0.2))
    pieces = make_campaign(["stick"], ["q", "theta"], train=[train], validate=[validate])
    ground = make_ground(pieces, config)
    assert ground.settings.n_folds == N_FOLDS
    assert FOLDS_USED in ground.notices


def test_a_validation_record_of_its_own_is_believed(campaign, config):
    ground = make_ground(campaign, config)
    assert ground.settings.n_folds == 0
    assert FOLDS_USED not in ground.notices
