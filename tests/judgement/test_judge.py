"""The whole judgement: what is scored, from where, and that it survives being saved."""

import json
from dataclasses import replace

import numpy as np
import pytest

from heliid import metrics
from heliid.data.record import Channel, FlightRecord
from heliid.errors import RecordError, SettingsError
from heliid.model.simulate import free_run, windowed_run
from heliid.validation import DEFAULT, ONE_STEP, Thresholds, ValidationReport, judge
from heliid.validation.report import ALL
from tests.judgement.plants import VALIDATE, fit_model, order, truth_model, truth_record


@pytest.fixture(scope="module")
def model():
    return truth_model(2)


@pytest.fixture(scope="module")
def records():
    return [truth_record(name) for name in VALIDATE]


@pytest.fixture(scope="module")
def report(model, records):
    return judge(model, records, linear=truth_model(0))


def test_every_record_output_and_window_has_a_score(report, records):
    keys = {(s.record, s.output, s.window) for s in report.scores}
    assert len(keys) == len(report.scores) == 2 * 4 * 5
    assert {s.window for s in report.scores} == {"1", "2", "5", "10", ALL}
    assert {s.window for s in report.one_step} == {ONE_STEP}


def test_scores_are_those_of_the_free_run_after_the_common_start(report, model, records):
    first = round(report.start_s / model.dt)
    run = free_run(model, records[0])
    for j, name in enumerate(("u", "w", "q", "theta")):
        score = report.score(records[0].name, name)
        z, y = run.measured[first:, j], run.simulated[first:, j]
        assert score.n_samples == len(z)
        assert score.rmse_si == pytest.approx(metrics.rmse(z, y), rel=1e-12)
        assert score.fit == pytest.approx(metrics.fit_percent(z, y), rel=1e-12)
    windowed = windowed_run(model, records[0], 2.0)
    z, y = windowed.measured[first:, 2], windowed.simulated[first:, 2]
    assert report.score(records[0].name, "q", "2").nrmse == pytest.approx(metrics.nrmse(z, y))


def test_file_units_are_shown_and_si_kept(report, records):
    score = report.score(records[0].name, "q")
    assert score.unit == "deg/s"
    assert score.rmse == pytest.approx(np.degrees(score.rmse_si))


def test_theil_parts_sum_to_one(report):
    for score in (*report.scores, *report.one_step):
        parts = score.theil
        assert parts.bias + parts.variance + parts.covariance == pytest.approx(1.0)


def test_all_models_skip_the_same_start(model, records):
    long = replace(model, structure=replace(
        model.structure, input_lags=tuple((*lags[:-1], 30) for lags in model.structure.input_lags)
    ))  # fmt: skip
    together = judge(model, records[:1], linear=long, windows=[ALL])
    assert together.start_s == pytest.approx(3.0)
    counts = {s.n_samples for s in (*together.scores, *together.linear.scores)}
    assert len(counts) == 1
    assert judge(model, records[:1], also=[long], windows=[ALL]).start_s == pytest.approx(3.0)


def test_theil_counts_deviations_from_trim(records):
    """A signal far from zero would flatter an absolute coefficient."""
    record = records[0]
    values = record.values.copy()
    values[:, record.index("u")] += 100.0
    lifted = replace(record, values=values)
    model = truth_model(2)
    a = judge(model, [record], windows=[ALL]).score(record.name, "u")
    b = judge(model, [lifted], windows=[ALL]).score(record.name, "u")
    assert b.theil.u == pytest.approx(a.theil.u, rel=1e-6)


def test_error_grows_with_the_horizon(report):
    growth = report.records[0].growth
    assert growth.horizon[0] == pytest.approx(0.1)
    assert growth.horizon[-1] == pytest.approx(10.0)
    assert growth.n_restarts == 40
    mean = growth.nrmse.mean(axis=1)
    assert mean[0] < mean[9] < mean[-1]


def test_the_better_model_is_better_everywhere(report):
    assert report.mean_nrmse() < 0.6 * report.linear.mean_nrmse()
    assert report.frequency.j_mean < report.linear.frequency.j_mean


def test_a_report_survives_json_bit_for_bit(report):
    data = report.to_dict()
    text = json.dumps(data, allow_nan=False)
    again = ValidationReport.from_dict(json.loads(text))
    assert json.dumps(again.to_dict(), allow_nan=False) == text
    assert again.score(VALIDATE[0], "q").fit == report.score(VALIDATE[0], "q").fit


def test_without_histories_it_is_small_and_keeps_the_numbers(report):
    slim = report.to_dict(with_histories=False)
    assert len(json.dumps(slim)) < 0.8 * len(json.dumps(report.to_dict()))
    again = ValidationReport.from_dict(slim)
    assert again.scores == report.scores
    assert again.records[0].cases[0].passed == report.records[0].cases[0].passed


def test_the_score_table_is_flat_and_plain(report):
    line = report.score_table()[0]
    assert {"record", "output", "window", "rmse", "nrmse", "fit", "theil", "diverged_at",
            "outside_envelope", "unit"} <= set(line)  # fmt: skip
    assert isinstance(line["theil"], float)
    json.dumps(report.score_table(one_step=True), allow_nan=False)


def test_bad_requests_are_refused_in_words(model, records):
    with pytest.raises(RecordError, match="no record to judge"):
        judge(model, [])
    with pytest.raises(SettingsError, match="'0' is not a time"):
        judge(model, records, windows=[0])
    with pytest.raises(SettingsError, match="'soon'"):
        judge(model, records, windows=["soon"])


def test_stopping_keeps_what_is_done(model, records):
    asked = iter([False, True])
    report = judge(model, records, windows=[ALL], should_stop=lambda: next(asked, True))
    assert len(report.records) == 1


def test_thresholds_keep_their_edits():
    edited = DEFAULT.edited({"theil_good": 0.2}).edited({"theil_good": 0.22})
    row = edited.row("theil_good")
    assert (row.value, row.original) == (0.22, 0.25)
    assert row.is_edited
    assert [r.key for r in edited.edits] == ["theil_good"]
    assert Thresholds.from_dict(edited.to_dict()) == edited
    assert DEFAULT.edits == ()
    with pytest.raises(SettingsError, match="no limit called 'nonsense'"):
        DEFAULT.edited({"nonsense": 1.0})
    with pytest.raises(SettingsError, match="'theil_good' is -1"):
        DEFAULT.edited({"theil_good": -1.0})


def test_every_threshold_has_a_source_and_a_status():
    for key in DEFAULT:
        row = DEFAULT.row(key)
        assert row.source
        assert row.status
        assert DEFAULT[key] == row.value
    assert len(set(DEFAULT)) == len(DEFAULT.table)


def test_absolute_models_of_one_input_and_output_are_judged_too():
    """A tank-like plant without trim, in a unit of its own."""
    rng = np.random.default_rng(1)
    u = np.repeat(rng.uniform(0, 5, 40), 10)
    y = np.zeros(400)
    for k in range(1, 400):
        y[k] = y[k - 1] + 0.1 * (u[k] - 0.5 * y[k - 1])
    record = FlightRecord(
        "tank",
        0.1 * np.arange(400),
        np.column_stack([u, y + 0.01 * rng.normal(size=400)]),
        (Channel.of("pump", "V"), Channel.of("level", "V")),
    )
    model = fit_model([record], ("pump",), ("level",), order(1, 1, 1, 2), trim_rule="none")
    report = judge(model, [record])
    assert report.score("tank", "level").fit > 95.0
    assert np.isnan(report.records[0].j_rms)
    assert report.records[0].trained_on
    assert report.records[0].cases == () or report.records[0].cases[0].passed is None
