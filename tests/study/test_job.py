"""Studies from the first event to the result."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from heliid.data.campaign import make_campaign
from heliid.engine.serial import SerialEngine
from heliid.errors import CampaignError, HeliIDError, SettingsError
from heliid.events import (
    BestImproved,
    CandidateScored,
    JobFinished,
    LinearReady,
    Notice,
    Progress,
    StageStarted,
)
from heliid.export.model_files import model_to_text
from heliid.study import OrderBox, fit, identify
from heliid.study.explore import linear_guesses
from heliid.study.ground import make_ground
from heliid.study.judgement import judge_study

from .conftest import record

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def told(campaign):
    """A study and everything it said."""
    from heliid.study import StudyConfig

    box = OrderBox(na_max=2, nb_max=2, nk_max=1, spacing_max=1, hidden_max=2)
    config = StudyConfig(
        rate_hz=10.0, budget=8, workers=1, n_tables=1, n_ensemble=2, window=4, box=box
    )
    events = []
    result = identify(campaign, config, report=events.append)
    return result, events


def kinds(events, kind):
    return [event for event in events if isinstance(event, kind)]


def test_events_come_in_the_order_of_the_work(told):
    _, events = told
    assert [e.stage for e in kinds(events, StageStarted)] == [
        "Preparing", "Best linear model", "Searching", "Refitting",
        "Comparing with the linear model",
    ]  # fmt: skip
    names = [type(event).__name__ for event in events]
    assert names.index("LinearReady") < names.index("CandidateScored")
    assert isinstance(events[-1], JobFinished)
    assert names.count("JobFinished") == 1


def test_each_candidate_is_told_once_in_order(told):
    result, events = told
    scored = kinds(events, CandidateScored)
    assert [e.index for e in scored] == list(range(8))
    assert result.candidates == tuple(scored)
    assert len({e.genome for e in scored}) == 8


def test_better_models_come_with_their_free_runs(told, campaign):
    _, events = told
    better = kinds(events, BestImproved)
    assert better
    assert np.all(np.diff([e.cost for e in better]) < 0)
    for event in (*better, kinds(events, LinearReady)[0]):
        assert list(event.responses) == ["c", "a", "b"]  # validation first
        time, measured, simulated = event.responses["c"]
        assert time.shape == (400,)
        assert measured.shape == simulated.shape == (400, 2)
        assert np.isfinite(simulated).all()


def test_test_records_are_not_looked_at(told):
    """Not in any event, not in the model."""
    result, events = told
    for event in (*kinds(events, BestImproved), *kinds(events, LinearReady)):
        assert "d" not in event.responses
    names = [one["name"] for one in result.model.provenance["records"]]
    assert names == ["a", "b", "c"]
    assert "test" not in result.model.scores


def test_changing_the_test_record_changes_no_bit(told, campaign):
    result, _ = told
    other = make_campaign(
        ["stick"], ["q", "theta"], train=campaign.records[:2], validate=campaign.records[2:3],
        test=[record("e", 9, nonlinear=False)],
    )  # fmt: skip
    again = identify(other, result.config)
    assert model_to_text(again.model) == model_to_text(result.model)


def test_progress_reaches_its_total(told):
    _, events = told
    searching = [e for e in kinds(events, Progress) if e.stage == "Searching"]
    assert searching[-1].done == searching[-1].total == 8


def test_winner_is_the_best_member_and_never_worse_than_linear(told):
    result, _ = told
    assert result.members[0] is result.model
    assert result.cost == result.member_costs[0] == min(result.member_costs)
    assert result.cost <= result.linear_cost
    assert result.linear.structure.n_hidden == 0


def test_network_beats_linear_on_a_saturating_control(told):
    result, _ = told
    assert result.cost < 0.7 * result.linear_cost


def test_linear_plant_gives_the_linear_model_and_says_so(linear_campaign, config):
    result = identify(linear_campaign, dataclasses.replace(config, budget=4))
    assert result.model.structure.n_hidden == 0
    assert result.is_linear
    if result.model is result.linear:
        assert any("linear model is better here" in text for text in result.notices)


@pytest.mark.parametrize("workers", [1, 2])
def test_same_seed_same_bits_for_any_number_of_workers(told, campaign, workers):
    result, _ = told
    again = identify(campaign, dataclasses.replace(result.config, workers=workers))
    assert [model_to_text(m) for m in again.members] == [model_to_text(m) for m in result.members]
    assert model_to_text(again.linear) == model_to_text(result.linear)
    costs = [[one.cost for one in r.candidates] for r in (result, again)]
    assert costs[0] == costs[1]


def test_stop_in_the_search_gives_the_best_so_far_at_once(campaign, config):
    events = []

    def should_stop() -> bool:
        return len(kinds(events, CandidateScored)) >= 3

    result = identify(
        campaign, dataclasses.replace(config, budget=500), report=events.append,
        should_stop=should_stop,
    )  # fmt: skip
    assert result.reason == "stopped"
    assert events[-1].reason == "stopped"
    assert 3 <= len(result.candidates) <= 8
    assert not [e for e in kinds(events, StageStarted) if e.stage == "Refitting"]
    best = min(one.cost for one in result.candidates)
    assert result.cost == min(best, result.linear_cost)


def test_stop_before_anything_gives_the_linear_model(campaign, config):
    result = identify(campaign, config, should_stop=lambda: True)
    assert result.reason == "stopped"
    assert result.model is result.linear


def test_checkpoint_goes_on_bit_for_bit(told, campaign, tmp_path):
    result, _ = told
    path = tmp_path / "journal"
    events = []
    identify(
        campaign, result.config, report=events.append, checkpoint=path,
        should_stop=lambda: len(kinds(events, CandidateScored)) >= 4,
    )  # fmt: skip
    resumed = identify(campaign, result.config, checkpoint=path)
    assert model_to_text(resumed.model) == model_to_text(result.model)
    assert [c.genome for c in resumed.candidates] == [c.genome for c in result.candidates]


class KilledAfter(SerialEngine):
    """An engine whose program ends after so many refits, as a SIGKILL would end it."""

    def __init__(self, n: int) -> None:
        self.left, self.refits = n, []

    def run(self, tasks, *, on_result, should_stop):
        def counted(result):
            on_result(result)
            if self.is_refit:
                self.refits.append(result.key)
                self.left -= 1
                if self.left == 0:
                    raise KeyboardInterrupt

        tasks = list(tasks) if isinstance(tasks, list) else tasks
        self.is_refit = isinstance(tasks, list) and "refits" in tasks[0].fn
        super().run(tasks, on_result=counted, should_stop=should_stop)


@pytest.mark.parametrize("n_done", [1, 3])
def test_a_kill_among_the_refits_loses_none_that_had_finished(told, campaign, tmp_path, n_done):
    result, _ = told
    path = tmp_path / "journal"
    whole = KilledAfter(10**9)
    identify(campaign, result.config, engine=whole)
    with pytest.raises(KeyboardInterrupt):
        identify(campaign, result.config, checkpoint=path, engine=KilledAfter(n_done))
    rest = KilledAfter(10**9)
    resumed = identify(campaign, result.config, checkpoint=path, engine=rest)
    assert len(rest.refits) == len(whole.refits) - n_done
    for found, wanted in zip(resumed.members, result.members, strict=True):
        assert model_to_text(found) == model_to_text(wanted)


def test_refits_of_other_data_are_not_taken(told, campaign, tmp_path):
    result, _ = told
    path = tmp_path / "journal"
    identify(campaign, result.config, checkpoint=path)
    other = make_campaign(["stick"], ["q"], train=[record("x", 7)], validate=[record("y", 8)])
    engine = KilledAfter(10**9)
    found = identify(other, result.config, checkpoint=path, engine=engine)
    assert engine.refits
    assert model_to_text(found.model) == model_to_text(identify(other, result.config).model)


def test_all_searches_share_scores_and_keep_one_count(campaign, config):
    result = identify(campaign, dataclasses.replace(config, search="all", budget=5))
    assert {one.searcher for one in result.candidates} <= {"abc", "ais", "pso"}
    assert [one.index for one in result.candidates] == list(range(len(result.candidates)))
    assert len({one.genome for one in result.candidates}) == len(result.candidates)


def test_winner_on_a_bound_is_said(campaign, config):
    tight = OrderBox(na_max=1, nb_max=1, nk_max=0, spacing_max=1, hidden_max=1)
    events = []
    identify(campaign, dataclasses.replace(config, box=tight), report=events.append)
    warnings = [e.text for e in kinds(events, Notice) if e.level == "warning"]
    assert any("bound" in text for text in warnings)


def test_small_space_ends_when_it_is_exhausted(campaign, config):
    tight = OrderBox(na_max=1, nb_max=1, nk_max=0, spacing_max=1, hidden_max=1)
    result = identify(campaign, dataclasses.replace(config, box=tight, budget=100))
    assert result.reason == "space exhausted"


def test_missing_validation_is_made_and_said(config):
    plain = make_campaign(["stick"], ["q", "theta"], train=[record("a", 1)])
    result = fit(plain, config, "na=1,nb=1,h=0")
    assert any("No record was chosen for validation" in text for text in result.notices)
    uses = [str(use) for use in result.campaign.uses]
    assert uses == ["train", "validate"]
    # the piece for validation is counted from the trim of the whole record
    assert result.campaign.records[1].trim is not None


def test_asked_order_stays_the_model_even_where_linear_is_better(linear_campaign, config):
    result = fit(linear_campaign, config, "na=2,nb=6,nk=0,h=5")
    assert result.model.structure.n_hidden == 5
    assert result.linear.structure.n_hidden == 0
    assert any("the order asked for" in text for text in result.notices)


def test_linear_order_better_than_the_best_linear_model_takes_its_place(campaign, config):
    """linear.json is always the best linear model that anyone found."""
    result = identify(campaign, dataclasses.replace(config, budget=12))
    linear = [one for one in result.candidates if one.n_hidden == 0]
    assert result.linear_cost <= min((one.cost for one in linear), default=1e9) + 1e-12


def test_fit_takes_an_order_outside_the_box(campaign, config):
    result = fit(campaign, config, "na=3,nb=4,nk=1,h=1")
    assert result.candidates == ()
    assert result.reason == "done"


def test_failure_ends_with_job_finished(campaign, config):
    events = []
    with pytest.raises(HeliIDError, match="above that of record"):
        identify(campaign, dataclasses.replace(config, rate_hz=99.0), report=events.append)
    assert isinstance(events[-1], JobFinished)
    assert events[-1].reason == "failed"
    assert "above that of record" in events[-1].text


def test_unreadable_order_is_refused_before_any_work(campaign, config):
    with pytest.raises(SettingsError, match="is not understood"):
        fit(campaign, config, "na=1,zz=2")


def test_attitude_is_tied_to_its_rate_only_when_asked(campaign, config):
    from heliid.study.ground import make_ground

    tied = make_ground(campaign, config)
    free = make_ground(campaign, dataclasses.replace(config, kinematics=False))
    assert tied.settings.training.kinematics == ((1, 0),)
    assert free.settings.training.kinematics == ()


def unstable(name: str, seed: int):
    """An oscillation that doubles in 6 s, held by a pilot whose stick is recorded; 60 s."""
    rng = np.random.default_rng(seed)
    one = record(name, seed, n=600)
    stick, q, theta = np.zeros(600), np.zeros(600), np.zeros(600)
    wanted = 0.0
    for k in range(1, 600):
        if k % 25 == 0:
            wanted = rng.uniform(-0.2, 0.2)
        stick[k] = 20.0 * (wanted - theta[k - 1]) - 20.0 * q[k - 1] + rng.normal()
        push = 0.05 * 6.0 * np.tanh(stick[k] / 6.0)
        q[k] = q[k - 1] + 0.1 * (push + 0.24 * q[k - 1] - 0.17 * theta[k - 1])
        theta[k] = theta[k - 1] + 0.1 * q[k - 1]
    values = np.column_stack([stick, q, theta])
    values[:, 1:] += 0.02 * values[:, 1:].std(axis=0) * rng.standard_normal((600, 2))
    return dataclasses.replace(one, values=values)


def test_unstable_motion_is_scored_by_windows(config):
    """No model can follow a whole record of it, every good one can follow a window."""
    campaign = make_campaign(
        ["stick"], ["q", "theta"], train=[unstable("a", 1)], validate=[unstable("b", 2)]
    )
    result = fit(campaign, config, "na=2,nb=1,h=1")
    assert any("scored by windows of 2, 5 and 10 s" in text for text in result.notices)
    assert result.cost < 0.5


def test_test_records_are_scored_once_and_said(told):
    result, _ = told
    judged, reports = judge_study(result, with_test=True)
    assert [str(use) for use in reports] == ["validate", "test", "train"]
    assert judged.model.scores["test"]["rows"][0]["record"] == "d"
    assert judged.model.provenance["records"][-1]["use"] == "test"
    assert any("not untouched" in text for text in judged.notices)
    assert np.array_equal(judged.model.weights.linear, result.model.weights.linear)


def test_test_scores_without_test_records_are_refused(linear_campaign, config):
    result = fit(linear_campaign, config, "na=1,nb=1,h=0")
    with pytest.raises(CampaignError, match="role test"):
        judge_study(result, with_test=True)


def test_the_lags_of_the_best_linear_model_are_tried_with_hidden_units(told, campaign):
    result, events = told
    linear = kinds(events, LinearReady)[0].model.structure
    ground = make_ground(campaign, result.config)
    tried = {ground.encoding.structure(one.genome) for one in result.candidates}
    for guess in linear_guesses(linear):
        assert ground.encoding.structure(ground.encoding.clip(guess)) in tried
