"""Distance from the training data, per channel and as a whole."""

from dataclasses import replace

import numpy as np
import pytest

from heliid.envelope import check_envelope, training_support
from heliid.model.simulate import prepare_for
from tests.judgement.plants import TEST, TRAIN, VALIDATE, truth_model, truth_record


@pytest.fixture(scope="module")
def model():
    bare = truth_model(2)
    prepared = [prepare_for(bare, truth_record(name)) for name in TRAIN]
    support = training_support(prepared, bare.scaling)
    return replace(bare, provenance={**bare.provenance, "support": support})


def test_training_records_are_inside_by_construction(model):
    for name in TRAIN:
        check = check_envelope(model, truth_record(name))
        assert check.share_outside == 0.0
        assert "inside the training envelope" in check.sentence


def test_test_records_leave_it_where_they_should(model):
    for name in TEST:
        check = check_envelope(model, truth_record(name))
        assert 0.05 < check.share_outside < 0.5
        assert check.share_far > 0.02
        worst = max(check.channels, key=lambda c: c.beyond)
        assert worst.name in check.sentence
        k = int(np.argmax(check.beyond))
        assert check.outside[k]
        assert check.time[k] == pytest.approx(worst.at)


def test_validation_is_nearer_than_test(model):
    near = [check_envelope(model, truth_record(n)).distance.max() for n in VALIDATE]
    far = [check_envelope(model, truth_record(n)).distance.max() for n in TEST]
    assert max(near) < min(far)


def test_a_new_combination_inside_every_range_is_far(model):
    """Every channel near its own limit at once was never flown."""
    record = truth_record(TRAIN[0])
    values = record.values.copy()
    low, high = model.envelope.T
    n = len(values) // 2
    values[n:] = low + 0.9 * (high - low)
    odd = replace(record, values=values, name="odd")
    check = check_envelope(model, odd)
    assert check.share_outside == 0.0
    assert np.mean(check.distance[-100:] > 1.0) > 0.5


def test_the_support_is_small_plain_and_spread_out(model):
    support = model.provenance["support"]
    points = np.array(support["points"])
    assert points.shape == (128, 6)
    assert support["scale"] > 0.0
    gaps = np.linalg.norm(points[:, None] - points[None], axis=2)
    assert gaps[np.triu_indices(128, 1)].min() > 0.1


def test_one_training_record_is_enough_for_a_scale():
    bare = truth_model(2)
    prepared = [prepare_for(bare, truth_record(TRAIN[0]))]
    support = training_support(prepared, bare.scaling, n_points=20)
    assert len(support["points"]) == 20
    assert support["scale"] > 0.0


def test_a_model_without_an_envelope_says_so():
    bare = replace(truth_model(2), envelope=np.zeros((0, 2)))
    check = check_envelope(bare, truth_record(VALIDATE[0]))
    assert check.share_outside == 0.0
    assert "does not say what it was trained on" in check.sentence
    assert check.distance.size == 0
    assert np.isnan(check.share_far)
