"""The bad end of a model's errors on the bundled truth set."""

import numpy as np
import pytest

from heliid.data.bundled import load_example
from heliid.data.campaign import Use
from heliid.errors import RecordError
from heliid.model.simulate import free_run
from heliid.search.encoding import structure_from_text
from heliid.study import StudyConfig
from heliid.study.ground import make_ground
from heliid.tails import exceedance, tail_lines, tails
from heliid.training import train


@pytest.fixture(scope="module")
def judged():
    ground = make_ground(load_example("truth"), StudyConfig(rate_hz=10.0))
    order = structure_from_text("na=1,nb=3,nk=0,spacing=2,h=1", 2, 4)
    fit = train(order, ground.train, ground.settings.training)
    model = ground.model(order, fit.weights)
    return model, ground.campaign.with_use(Use.TRAIN)


def test_the_tail_of_whole_manoeuvres_is_that_of_their_free_runs(judged):
    model, records = judged
    whole = tails(model, records, windows_s=(0.0,))[0]
    expected = {}
    for record in records:
        run = free_run(model, record)
        rows = slice(run.n_start, None)
        std = run.measured[rows].std(axis=0)
        floor = 0.2 * model.scaling.output_std
        rms = np.sqrt((run.residual[rows] ** 2).mean(axis=0))
        expected[record.name] = (rms / np.maximum(std, floor)).mean()
    assert whole.errors == pytest.approx(sorted(expected.values()), rel=1e-9)
    assert whole.owners[-1] == max(expected, key=expected.get)
    assert whole.is_thin


def test_risk_grows_with_the_level_and_lies_above_its_quantile(judged):
    for tail in tails(*judged):
        assert list(tail.cvar) == sorted(tail.cvar)
        assert all(c >= v - 1e-12 for c, v in zip(tail.cvar, tail.value_at_risk, strict=True))
        assert tail.cvar[-1] <= tail.errors[-1] + 1e-12
        assert tail.to_dict()["worst_record"] == tail.owners[-1]


def test_the_sentences_name_the_worst_manoeuvre(judged):
    found = tails(*judged)
    lines = tail_lines(found)
    assert len(lines) == 3
    assert lines[0].startswith("Windows of 2 s: mean ")
    assert f"'{found[-1].owners[-1]}'" in lines[-1]
    assert "the tail is one of them" in lines[-1]


def test_the_exceedance_curve_falls_from_one(judged):
    errors, share = exceedance(tails(*judged)[0])
    assert share[0] == 1.0
    assert np.all(np.diff(share) < 0.0)
    assert np.all(np.diff(errors) >= 0.0)


def test_no_record_is_refused(judged):
    with pytest.raises(RecordError, match="no record"):
        tails(judged[0], ())
