"""Known faults turn the right lights red or amber, and no wrong one.

The aircraft is itself a model (a good one of the synthetic helicopter) with a little noise, so
that nothing but the planted fault can be wrong.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

import numpy as np

from heliid.data.campaign import Use, make_campaign
from heliid.data.record import FlightRecord, Source
from heliid.model.network import NarxModel, Weights
from heliid.model.simulate import free_run
from heliid.physics import study_physics
from heliid.validation import DEFAULT, judge, record_facts
from heliid.verdict import TEXTS, Light, campaign_facts, verdict
from tests.judgement.plants import INPUTS, OUTPUTS, TRAIN, VALIDATE, truth_model, truth_record

ALARM = (Light.RED, Light.AMBER)
NOISE = 0.01  # of each output's standard deviation


@lru_cache
def aircraft() -> NarxModel:
    """The model that plays the aircraft."""
    return truth_model(4, 1)


def fly(name: str, seed: int) -> FlightRecord:
    """The recorded inputs of a shipped record, the outputs of the aircraft, and noise."""
    record = truth_record(name)
    run = free_run(aircraft(), record)
    noise = (
        NOISE
        * run.simulated.std(axis=0)
        * np.random.default_rng(seed).normal(size=run.simulated.shape)
    )
    channels = tuple(record.channel(one) for one in (*INPUTS, *OUTPUTS))
    values = np.hstack([run.u, run.simulated + noise])
    return FlightRecord(name, run.time, values, channels, Source(name, f"hash of {name}"))


@lru_cache
def flights() -> tuple[tuple[FlightRecord, ...], tuple[FlightRecord, ...]]:
    train = tuple(fly(name, k) for k, name in enumerate(TRAIN))
    return train, tuple(fly(name, 10 + k) for k, name in enumerate(VALIDATE))


@lru_cache
def model() -> NarxModel:
    """The aircraft itself as the model, with a provenance."""
    train, _ = flights()
    return replace(
        aircraft(),
        filter_hz=0.0,
        provenance={"records": [record_facts(r, Use.TRAIN) for r in train]},
    )


@lru_cache
def poor_linear() -> NarxModel:
    return replace(truth_model(0), filter_hz=0.0)


def lights(judged: NarxModel, records=None, **kwargs) -> dict[str, Light]:
    train, validate = flights()
    campaign = make_campaign(INPUTS, OUTPUTS, train=train, validate=validate)
    report = judge(judged, records or validate, linear=poor_linear(), **kwargs)
    questions = verdict(report, facts=campaign_facts(judged, campaign))
    assert [q.key for q in questions] == list(TEXTS)
    for q in questions:
        assert q.sentence.endswith("."), q
        assert "nan" not in q.sentence.lower().split(), q
    return {q.key: q.light for q in questions}


def sentence(judged: NarxModel, key: str, records=None) -> str:
    report = judge(judged, records or flights()[1], linear=poor_linear())
    return next(q.sentence for q in verdict(report) if q.key == key)


def alarms(found: dict[str, Light]) -> set[str]:
    return {key for key, light in found.items() if light in ALARM}


def reds(found: dict[str, Light]) -> set[str]:
    return {key for key, light in found.items() if light is Light.RED}


# any error, whatever its kind, is outside some tolerance and in the residuals: amber there is true
SEEN_BY_ALL = {"tolerance", "residuals", "test"}


def changed(records, change) -> tuple[FlightRecord, ...]:
    """Flight records whose outputs differ from what the model says: the model is at fault."""
    found = []
    for record in records:
        values = record.values.copy()
        change(record, values)
        found.append(replace(record, values=values))
    return tuple(found)


def scale_outputs(gain: float):
    def change(record, values):
        first = values[:10, 2:].mean(axis=0)
        values[:, 2:] = first + (values[:, 2:] - first) / gain

    return change


# The faults are planted in the flight records (a model that is 20 % too large is a flight that is
# smaller), because a NARX restarted from data and its gain cannot be changed by one number.


def test_the_true_model_raises_no_alarm_but_the_missing_test():
    found = lights(model())
    assert alarms(found) == {"test"}  # no record is kept for a final test
    assert found["linear"] is Light.GREEN
    assert found["dissimilar"] is Light.GREEN


def test_a_gain_error_of_20_percent_is_a_gain_error():
    flown = changed(flights()[1], scale_outputs(1.2))
    found = lights(model(), flown)
    assert reds(found) == {"gain"}
    assert alarms(found) <= {"gain", *SEEN_BY_ALL}
    assert "too far by 2" in sentence(model(), "gain", flown)


def test_a_bias_of_one_degree_is_a_bias():
    def change(record, values):
        ramp = np.clip((record.time - record.time[0] - 1.0) / 0.3, 0.0, 1.0)
        values[:, 5] += np.deg2rad(1.0) * ramp

    flown = changed(flights()[1], change)
    found = lights(model(), flown)
    assert reds(found) == {"bias"}
    assert alarms(found) <= {"bias", *SEEN_BY_ALL}
    assert "theta by +0.9" in sentence(model(), "bias", flown)  # 1 deg after a second of rest


def test_a_delay_of_100_ms_is_a_delay():
    late = delayed(model(), 1)  # one sample at 10 Hz
    found = lights(late)
    assert reds(found) == {"delay"}
    assert found["dynamics"] is Light.GREEN
    assert alarms(found) <= {"delay", *SEEN_BY_ALL}
    said = re.search(r"(\d+) ms late", sentence(late, "delay"))
    assert said is not None
    assert 90 <= int(said[1]) <= 110


def delayed(one: NarxModel, steps: int) -> NarxModel:
    """The same model whose inputs act some samples later."""
    lags = tuple(tuple(lag + steps for lag in lags) for lags in one.structure.input_lags)
    return replace(one, structure=replace(one.structure, input_lags=lags))


def test_a_swapped_sign_is_seen():
    def change(record, values):
        values[:, 4] = 2 * values[:10, 4].mean() - values[:, 4]

    flown = changed(flights()[1], change)
    found = lights(model(), flown)
    assert reds(found) == {"gain", "dynamics", "tolerance"}  # it goes the other way in all of them
    assert alarms(found) <= {*reds(found), *SEEN_BY_ALL}
    assert "q the wrong way" in sentence(model(), "gain", flown)


def test_all_inputs_reversed_is_seen():
    def change(record, values):
        first = values[:10, :2].mean(axis=0)
        values[:, :2] = 2 * first - values[:, :2]

    found = lights(model(), changed(flights()[1], change))
    assert found["gain"] is Light.RED
    assert found["dynamics"] is Light.RED


def test_an_unstable_model_is_unstable_and_nothing_else_is_claimed():
    w = model().weights
    taps, _ = model().structure.taps()
    linear = w.linear.copy()
    for t, (channel, lag) in enumerate(taps):
        if lag == 1:
            linear[channel, t] += 0.25  # every output grows by a quarter per step
    wild = replace(model(), weights=Weights(w.w_hid, w.b_hid, w.w_out * 0.0, linear, w.bias))
    found = lights(wild)
    assert found["stable"] is Light.RED
    assert {found[key] for key in ("gain", "bias", "delay", "dynamics")} == {Light.GREY}
    assert found["linear"] is Light.RED
    assert "diverges on 2 of 2" in sentence(wild, "stable")


def test_a_model_judged_on_its_own_training_record_proves_nothing():
    found = lights(model(), flights()[0])
    assert reds(found) == {"dissimilar"}
    assert alarms(found) == {"dissimilar", "test"}


def test_a_training_manoeuvre_flown_again_is_only_amber():
    again = replace(fly(TRAIN[0], 77), name="again", source=Source("again", "another hash"))
    train, _ = flights()
    campaign = make_campaign(INPUTS, OUTPUTS, train=train, validate=(again,))
    report = judge(model(), [again])
    found = verdict(report, facts=campaign_facts(model(), campaign))
    q = next(q for q in found if q.key == "dissimilar")
    assert q.light is Light.AMBER
    assert "repeats a training manoeuvre" in q.sentence
    assert TRAIN[0] in q.sentence


def test_a_piece_of_a_training_file_is_only_amber():
    train, _ = flights()
    first, second = train[0].slice(0, 150, "first half"), train[0].slice(150, 299, "second half")
    trained = replace(model(), provenance={"records": [record_facts(first, Use.TRAIN)]})
    campaign = make_campaign(INPUTS, OUTPUTS, train=(first,), validate=(second,))
    found = verdict(judge(trained, [second]), facts=campaign_facts(trained, campaign))
    q = next(q for q in found if q.key == "dissimilar")
    assert q.light is Light.AMBER
    assert "cut from a file" in q.sentence


def test_outside_the_envelope_is_seen():
    narrow = replace(model(), envelope=model().envelope * 0.5 + 0.25 * model().envelope.sum(
        axis=1, keepdims=True))  # fmt: skip
    found = lights(narrow)
    assert found["envelope"] is Light.RED
    assert alarms(found) == {"envelope", "test"}
    assert "outside the training envelope" in sentence(narrow, "envelope")


def test_where_linear_wins_it_says_so():
    _, validate = flights()
    report = judge(poor_linear(), validate, linear=model())
    pretending = replace(report, n_hidden=4)
    q = next(q for q in verdict(pretending) if q.key == "linear")
    assert q.light is Light.RED
    assert "the linear model is better here" in q.sentence


def test_a_missed_nonlinearity_is_left_in_the_residuals():
    found = lights(poor_linear())
    assert found["residuals"] in ALARM
    assert found["linear"] is Light.GREY  # it is a linear model itself


def test_test_records_untouched_used_and_worn_out():
    train, validate = flights()
    campaign = make_campaign(INPUTS, OUTPUTS, train=train, validate=validate[:1], test=validate[1:])
    report = judge(model(), validate[:1])

    def light(one: NarxModel) -> Light:
        found = verdict(report, facts=campaign_facts(one, campaign))
        return next(q.light for q in found if q.key == "test")

    def scored(times: int) -> NarxModel:
        facts = [record_facts(validate[1], Use.TEST)] * times
        return replace(model(), provenance={"records": [*model().provenance["records"], *facts]})

    assert light(model()) is Light.GREEN
    assert light(scored(1)) is Light.GREEN
    assert light(scored(3)) is Light.AMBER
    trained = [record_facts(validate[1], Use.TRAIN)]
    assert light(replace(model(), provenance={"records": trained})) is Light.RED


def test_without_facts_independence_stays_grey():
    found = {q.key: q.light for q in verdict(judge(model(), flights()[1]))}
    assert found["dissimilar"] is Light.GREY
    assert found["test"] is Light.GREY
    assert found["linear"] is Light.GREY


def test_edited_limits_move_the_lights():
    strict = DEFAULT.edited({"outside_amber": 0.0, "theil_good": 0.0001, "theil_limit": 0.0002})
    found = lights(model(), thresholds=strict)
    assert found["dynamics"] is Light.RED


def test_growing_modes_are_named_in_the_sentence():
    physics = study_physics(model())
    q = next(q for q in verdict(judge(model(), flights()[1]), physics=physics) if q.key == "stable")
    assert q.light is Light.GREEN
    assert "modes are stable" in q.sentence or "doubles in" in q.sentence


def test_a_question_is_plain_data():
    q = verdict(judge(model(), flights()[1]))[0]
    assert q.to_dict()["light"] in ("green", "amber", "red", "grey")
