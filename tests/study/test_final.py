"""One short recording: judged by cross-validation, trained on all of it, and honest about both."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from heliid.data.campaign import Use, make_campaign
from heliid.data.record import split_in_time
from heliid.engine.serial import SerialEngine
from heliid.errors import SettingsError
from heliid.export.model_files import model_to_text
from heliid.model.network import NarxModel
from heliid.study import OrderBox, StudyConfig, fit, identify
from heliid.study.final import NOT_TRAINED_ON_ALL, TRAINED_ON_ALL
from heliid.study.judgement import judge_study
from heliid.validation import was_selected_on, was_trained_on
from heliid.validation.evidence import as_validated, is_after_all

from .conftest import record

pytestmark = pytest.mark.slow
ORDER = "na=1,nb=2,nk=0,spacing=1,h=1"
BOX = OrderBox(na_max=2, nb_max=2, nk_max=1, spacing_max=1, hidden_max=2)
CONFIG = StudyConfig(
    rate_hz=10.0, budget=4, workers=1, n_ensemble=3, window=4, box=BOX, train_on="all"
)


@pytest.fixture(scope="module")
def pieces():
    train, validate, test = split_in_time(record("a", 1, n=500), (0.6, 0.2, 0.2))
    return make_campaign(["stick"], ["q", "theta"], train=[train], validate=[validate], test=[test])


@pytest.fixture(scope="module")
def result(pieces):
    return identify(pieces, CONFIG)


def test_the_model_learns_from_all_and_says_so(result, pieces):
    assert is_after_all(result.model)
    assert TRAINED_ON_ALL in result.notices
    validate = pieces.with_use(Use.VALIDATE)[0]
    assert was_trained_on(result.model, validate)
    assert all(is_after_all(member) for member in result.members)
    assert is_after_all(result.linear)


def test_what_it_was_before_is_what_training_records_alone_give(result, pieces):
    alone = identify(pieces, replace(CONFIG, train_on="train"))
    assert TRAINED_ON_ALL not in alone.notices
    before = {model_to_text(as_validated(one)).split('"config"')[0] for one in result.members}
    assert model_to_text(alone.model).split('"config"')[0] in before
    assert alone.cost == result.cost


def test_validation_figures_are_those_of_a_model_that_never_saw_the_records(result, pieces):
    validate = pieces.with_use(Use.VALIDATE)[0]
    before = as_validated(result.model)
    assert was_selected_on(before, validate)
    assert not was_trained_on(before, validate)
    _, reports = judge_study(result)
    _, unseen = judge_study(replace(result, model=before, linear=as_validated(result.linear)))
    mine, theirs = reports[Use.VALIDATE], unseen[Use.VALIDATE]
    assert mine.scores == theirs.scores
    assert mine.linear.scores == theirs.linear.scores
    assert reports[Use.TRAIN].scores != unseen[Use.TRAIN].scores


def test_a_later_test_stays_in_the_model_either_way(result):
    tested, _ = judge_study(result, with_test=True)
    for model in (tested.model, as_validated(tested.model)):
        assert "test" in [one["use"] for one in model.provenance["records"]]


def test_it_survives_a_model_file(result):
    again = NarxModel.from_dict(json.loads(json.dumps(result.model.to_dict())))
    assert model_to_text(as_validated(again)) == model_to_text(as_validated(result.model))


def test_the_envelope_is_that_of_all_records(result):
    before = as_validated(result.model)
    assert np.all(result.model.envelope[:, 0] <= before.envelope[:, 0])
    assert np.all(result.model.envelope[:, 1] >= before.envelope[:, 1])


def test_records_of_their_own_are_kept_apart_unless_asked(campaign):
    usual = fit(campaign, replace(CONFIG, train_on=StudyConfig().train_on), ORDER)
    assert not is_after_all(usual.model)
    asked = fit(campaign, CONFIG, ORDER)
    assert is_after_all(asked.model)
    assert asked.cost == usual.cost


def test_two_workers_give_the_same_bits(result, pieces):
    again = identify(pieces, replace(CONFIG, workers=2))
    assert [model_to_text(one) for one in again.members] == [
        model_to_text(one) for one in result.members
    ]


def test_a_model_that_cannot_be_trained_on_all_stays_as_it_was(pieces, monkeypatch):
    from heliid.study import final

    monkeypatch.setattr(final, "refit_all", lambda *_, **__: [])
    result = fit(pieces, CONFIG, ORDER, engine=SerialEngine())
    assert not is_after_all(result.model)
    assert NOT_TRAINED_ON_ALL in result.notices


def test_what_to_train_on_is_one_of_two():
    with pytest.raises(SettingsError, match="train, all"):
        StudyConfig(train_on="some")
