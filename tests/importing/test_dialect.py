"""The detector on tables as they come, and the preview of the import dialog."""

from __future__ import annotations

import numpy as np
import pytest

from heliid.data.csvfile import read_csv
from heliid.data.dialect import Dialect, detect, preview
from heliid.errors import RecordError
from tests.importing import kinds, samples

DEG = np.pi / 180


def test_there_are_at_least_forty_dialects():
    assert len(samples.SAMPLES) >= 40


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_every_dialect_gives_the_same_record(tmp_path, name):
    sample = samples.SAMPLES[name]
    path = tmp_path / "flight.csv"
    path.write_bytes(sample.content)
    if sample.policy == "comment":  # the mark is only met below the head the detector sees
        path.write_bytes(b"# made by hand\n" + sample.content)

    found = detect(path)
    record = read_csv(path)

    assert (found.delimiter, found.decimal) == (sample.delimiter, sample.decimal)
    assert found.time_format == sample.time_format
    assert record.names == sample.names
    factor = 1000.0 if sample.policy == "scaled" else 1.0
    factor *= DEG if sample.unit == "deg/s" else 1.0
    assert record.channels[1].unit == sample.unit
    np.testing.assert_allclose(record.column("q"), np.array(samples.Q_DEG) * factor, rtol=1e-14)
    expected = sample.start + samples.DT * np.arange(samples.N)
    np.testing.assert_allclose(record.time, expected, atol=1e-6)


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_every_dialect_survives_plain_data(tmp_path, name):
    path = tmp_path / "flight.csv"
    path.write_bytes(samples.SAMPLES[name].content)
    found = detect(path)
    assert Dialect.from_dict(found.to_dict()) == found


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_the_preview_of_a_good_file_marks_nothing(tmp_path, name):
    path = tmp_path / "flight.csv"
    path.write_bytes(samples.SAMPLES[name].content)
    shown = preview(path)
    assert shown.bad == ()
    assert shown.problem == ""
    assert len(shown.rows) == samples.N


def test_the_preview_marks_bad_cells_with_their_place(tmp_path):
    path = tmp_path / "flight.csv"
    path.write_bytes(kinds.with_cell("#DIV/0!", row=7, column=2))
    shown = preview(path)
    (bad,) = shown.bad
    assert (bad.row, bad.column, bad.line) == (7, 2, 9)
    assert "not a number" in bad.reason
    assert "row 9, column 'q'" in shown.problem


def test_the_preview_stops_at_fifty_rows(tmp_path):
    path = tmp_path / "flight.csv"
    path.write_text(kinds.text(kinds.table(500)))
    assert len(preview(path).rows) == 50


@pytest.mark.parametrize("kind", kinds.REFUSED)
def test_the_preview_never_raises(tmp_path, kind):
    path = tmp_path / "flight.csv"
    path.write_bytes(kinds.REFUSED[kind])
    shown = preview(path)
    assert isinstance(shown.problem, str)


def test_the_preview_follows_a_changed_dialect(tmp_path):
    path = tmp_path / "flight.csv"
    path.write_bytes(samples.SAMPLES["semicolon"].content)
    wrong = preview(path, Dialect.from_dict({**detect(path).to_dict(), "delimiter": ","}))
    assert wrong.bad
    assert wrong.problem


@pytest.mark.parametrize("spelled", ["q", "q [deg/s]", "q (deg/s)", "q_degs"])
def test_a_channel_is_found_however_its_unit_is_written(tmp_path, spelled):
    path = tmp_path / "flight.csv"
    path.write_bytes(samples.SAMPLES["plain"].content)
    assert read_csv(path).index(spelled) == 1


def test_a_file_without_time_is_refused(tmp_path):
    path = tmp_path / "flight.csv"
    rows = [row[1:] for row in kinds.table()]
    path.write_text(kinds.text(rows))
    with pytest.raises(RecordError, match=r"name the time column 'time \[s\]'"):
        read_csv(path)


def test_a_file_without_time_loads_when_the_step_is_told(tmp_path):
    path = tmp_path / "flight.csv"
    path.write_text(kinds.text([row[1:] for row in kinds.table()]))
    told = Dialect(
        names=("delta_lon", "q", "theta"),
        units=("%", "deg/s", "deg"),
        time_columns=(),
        time_format="step",
        time_step=0.02,
    )
    record = read_csv(path, dialect=told)
    assert record.dt == pytest.approx(0.02)
    assert record.history[0].kind == "time base"


def test_large_time_steps_need_a_unit(tmp_path):
    path = tmp_path / "flight.csv"
    content = samples.rows(time=lambda k: f"{20 * k}", head="time,delta_lon,q")
    path.write_text(content)
    with pytest.raises(RecordError, match="steps of 20 and no unit"):
        read_csv(path)


def test_words_are_left_out_and_the_history_says_so(tmp_path):
    path = tmp_path / "flight.csv"
    path.write_bytes(samples.SAMPLES["a column of words"].content)
    (step,) = read_csv(path).history
    assert step.kind == "columns left out"
    assert dict(step.parameters)["names"] == ["mode"]


def with_gaps() -> str:
    rows = kinds.table()
    for k, mark in ((10, ""), (11, "NaN"), (12, "-")):
        rows[k][2] = mark
    return kinds.text(rows)


def test_missing_values_are_refused_but_their_marks_are_noted(tmp_path):
    path = tmp_path / "flight.csv"
    path.write_text(with_gaps())
    assert detect(path).missing == ("", "-", "NaN")
    with pytest.raises(RecordError, match="row 11, column 'q'"):
        read_csv(path)


@pytest.mark.parametrize(("policy", "n_samples"), [("interpolate", 60), ("hold", 60), ("drop", 57)])
def test_missing_values_are_bridged_only_as_the_user_says(tmp_path, policy, n_samples):
    path = tmp_path / "flight.csv"
    path.write_text(with_gaps())
    told = Dialect.from_dict({**detect(path).to_dict(), "missing_policy": policy})

    record = read_csv(path, dialect=told)

    assert record.n_samples == n_samples
    (step,) = record.history
    assert dict(step.parameters) == {"policy": policy, "n_cells": 3}
    q = record.column("q")
    if policy == "interpolate":
        np.testing.assert_allclose(np.diff(q[8:13], 2), 0.0, atol=1e-12)
    if policy == "hold":
        assert q[8] == q[9] == q[10] == q[11]


def test_a_number_can_be_declared_to_mean_no_value(tmp_path):
    path = tmp_path / "flight.csv"
    rows = kinds.table()
    rows[20][2] = "-9999"
    path.write_text(kinds.text(rows))
    base = {**detect(path).to_dict(), "missing": ["-9999"], "missing_policy": "interpolate"}
    assert abs(read_csv(path, dialect=Dialect.from_dict(base)).column("q")).max() < 1


def test_a_short_row_stays_refused_when_missing_values_are_bridged(tmp_path):
    path = tmp_path / "flight.csv"
    path.write_bytes(kinds.REFUSED["row too short"])
    told = Dialect.from_dict({**detect(path).to_dict(), "missing_policy": "hold"})
    with pytest.raises(RecordError, match="ends after 3 of 4 cells"):
        read_csv(path, dialect=told)
