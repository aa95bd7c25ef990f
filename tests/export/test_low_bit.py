"""The study of few bits: honest numbers, an honest sentence."""

from __future__ import annotations

import numpy as np
import pytest

from heliid.export.bits import ternary_term
from heliid.export.fixed_point import quantise, round_rows, scaled_down
from heliid.export.low_bit import study_bits
from heliid.export.portable import make_portable
from tests.export.export_models import random_model, trex_like, trex_records


def test_ternary_term_is_the_best_of_all():
    rng = np.random.default_rng(3)
    for _ in range(20):
        values = rng.normal(size=5)
        best = np.sum((values - ternary_term(values)) ** 2)
        for code in range(3**5):
            signs = np.array([(code // 3**k) % 3 - 1 for k in range(5)], dtype=float)
            if not signs.any():
                continue
            scale = (signs @ values) / (signs @ signs)
            assert best <= np.sum((values - scale * signs) ** 2) + 1e-12


def test_ternary_term_of_nothing_is_nothing():
    assert ternary_term(np.zeros(3)).tolist() == [0.0, 0.0, 0.0]
    assert ternary_term(np.zeros(0)).size == 0


@pytest.mark.parametrize("bits", [8, 16])
def test_rounding_keeps_the_sum_over_the_lags_of_a_channel(bits):
    rows = np.random.default_rng(1).normal(size=(4, 12))
    groups = np.repeat([0, 1, 2], 4)
    whole, scales = round_rows(rows, bits, groups)
    assert np.max(np.abs(whole)) <= 2 ** (bits - 1) - 1
    for group in range(3):
        exact = rows[:, groups == group].sum(axis=1)
        rounded = whole[:, groups == group].sum(axis=1) * scales
        assert np.all(np.abs(exact - rounded) <= 1.01 * scales)


def test_scaling_down_rounds_halves_away_from_zero():
    assert scaled_down([5, -5, 6, -6, 4], 2).tolist() == [1, -1, 2, -2, 1]


def test_whole_weights_stand_for_the_real_ones():
    portable = make_portable(random_model(9))
    for kind, error in (("int16", 2**-14), ("int8", 2**-6)):
        fixed = quantise(portable, kind)
        n_out = len(portable.output_taps)
        linear = portable.model.weights.linear
        wanted = np.hstack([linear[:, n_out:], linear[:, :n_out]])
        got = fixed.linear.real(fixed.fraction, 24)
        assert np.max(np.abs(got - wanted)) <= error * np.max(np.abs(linear))


def test_more_bits_fit_better_and_the_sentence_follows_the_table():
    study = study_bits(random_model(9))
    rows = {row.name: row for row in study.rows}
    assert rows["float64"].loss == 0.0
    assert rows["int16 per row"].loss < rows["int8 per row"].loss
    assert rows["int16 per row"].bits > rows["int8 per row"].bits
    ternary = [row for row in study.rows if row.name.startswith("ternary")]
    assert ternary[-1].fit > ternary[0].fit
    assert study.recommendation.startswith("int16 is simply better")
    assert study.recommendation in study.text()
    assert [row["name"] for row in study.to_dict()["rows"]] == [row.name for row in study.rows]


@pytest.mark.slow
def test_study_on_a_flight_measures_against_the_flight():
    study = study_bits(trex_like(), trex_records()[:1])
    rows = {row.name: row for row in study.rows}
    assert 60.0 < rows["float64"].fit < 90.0
    assert rows["int16 per row"].loss < 1.0
    assert study.records == (trex_records()[0].name,)
