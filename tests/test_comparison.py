import json

import numpy as np
import pytest
from scipy.stats import friedmanchisquare, wilcoxon

from heliid.comparison import Run, compare, effect_word
from heliid.errors import SettingsError


def runs_from(finals):
    """Three-step traces that end in the given costs."""
    return [
        Run(name, seed, (3.0 + cost, 1.0 + cost, cost))
        for name, costs in finals.items()
        for seed, cost in enumerate(costs)
    ]


@pytest.fixture
def finals():
    rng = np.random.default_rng(1)
    return {
        "ais": rng.uniform(1.0, 1.2, 20),
        "abc": rng.uniform(1.0, 1.2, 20),
        "random": rng.uniform(1.3, 1.6, 20),
    }


def test_summaries_have_medians_quartiles_and_ranks(finals):
    found = compare(runs_from(finals))
    by_name = {one.searcher: one for one in found.summaries}
    for name, costs in finals.items():
        assert by_name[name].median == pytest.approx(np.median(costs))
        assert by_name[name].lower_quartile == pytest.approx(np.quantile(costs, 0.25))
        assert by_name[name].worst == pytest.approx(costs.max())
    assert by_name["random"].mean_rank == 3.0
    assert sum(one.mean_rank for one in found.summaries) == pytest.approx(6.0)
    assert [one.median for one in found.summaries] == sorted(one.median for one in found.summaries)


def test_tests_agree_with_scipy(finals):
    found = compare(runs_from(finals))
    for pair in found.pairs:
        expected = wilcoxon(finals[pair.first], finals[pair.second]).pvalue
        assert pair.p == pytest.approx(expected)
        assert pair.p_holm >= pair.p
    assert found.friedman_p == pytest.approx(friedmanchisquare(*finals.values()).pvalue)


def test_effect_is_positive_for_the_first_with_lower_costs(finals):
    pair = next(p for p in compare(runs_from(finals)).pairs if p.second == "random")
    assert pair.effect == 1.0
    assert (pair.wins, pair.ties, pair.losses) == (20, 0, 0)
    assert pair.median_difference < 0


def test_rank_biserial_by_hand():
    # differences -1, +2, -3: favourable ranks 1 + 3, unfavourable 2, total 6
    found = compare(runs_from({"a": [1.0, 4.0, 1.0], "b": [2.0, 2.0, 4.0]}))
    assert found.pairs[0].effect == pytest.approx((4 - 2) / 6)


def test_success_rates_against_a_known_optimum():
    found = compare(runs_from({"a": [1.0, 1.04, 1.2, 1.0], "b": [1.5] * 4}), optimum=1.0)
    rates = {r.level: r for r in found.summaries[0].success}
    assert rates[0.01].rate == 0.5
    assert rates[0.05].rate == 0.75
    assert rates[0.05].low < 0.75 < rates[0.05].high
    assert rates[0.05].median_evaluations == 3.0
    assert found.summaries[1].success[0].median_evaluations is None


def test_short_traces_count_on_with_their_last_value():
    found = compare([Run("a", 1, (2.0, 1.0)), Run("b", 1, (3.0, 3.0, 3.0, 0.5))])
    assert found.budget == 4
    curve = next(curve for curve in found.curves if curve.searcher == "a")
    assert curve.values[2] == (2.0, 1.0, 1.0, 1.0)
    assert found.summaries[0].searcher == "b"


def test_lost_candidates_do_not_spoil_the_numbers():
    nan, inf = float("nan"), float("inf")
    found = compare(
        [Run("a", s, (nan, 1.0)) for s in range(5)]
        + [Run("b", s, (inf, nan)) for s in range(4)]
        + [Run("b", 4, (2.0, 2.0))]
    )
    assert found.summaries[0].median == 1.0
    assert found.summaries[1].median == inf
    assert found.pairs[0].effect == 1.0
    assert not np.isnan(found.pairs[0].p)


def test_equal_searchers_cannot_be_told_apart():
    found = compare(runs_from({"a": [1.0] * 12, "b": [1.0] * 12, "c": [1.0] * 12}))
    assert all(pair.p == 1.0 and pair.effect == 0.0 for pair in found.pairs)
    assert found.friedman_p == 1.0
    assert "cannot be told apart" in found.paragraph
    assert "No difference to" in found.paragraph


def test_the_paragraph_says_who_did_not_beat_chance(finals):
    text = compare(runs_from(finals)).paragraph
    assert "Every searcher was better than random search." in text
    assert "No difference to" in text
    finals["pso"] = finals["random"] + 0.01
    text = compare(runs_from(finals)).paragraph
    assert "Not shown to be better than random search: PSO." in text
    assert "20 seeds" in text
    assert "a manoeuvre never seen" in text


def test_few_seeds_are_called_few():
    assert (
        "With 3 seeds only large" in compare(runs_from({"a": [1, 2, 3], "b": [2, 3, 4]})).paragraph
    )


def test_plain_data_out(finals):
    json.dumps(compare(runs_from(finals)).to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    ("runs", "words"),
    [
        ([], "one run of every searcher"),
        ([Run("a", 1, (1.0,)), Run("a", 1, (1.0,))], "one run of every searcher"),
        ([Run("a", 1, (1.0,)), Run("b", 2, (1.0,))], "4|2 searchers and 2 seeds"),
        ([Run("a", 1, ())], "without any evaluation"),
        ([Run("a", 1, (float("nan"),))], "nothing to compare"),
    ],
)
def test_runs_that_cannot_be_compared_are_refused(runs, words):
    with pytest.raises(SettingsError, match=words):
        compare(runs)


def test_effect_words():
    assert [effect_word(x) for x in (0.05, -0.2, 0.4, -0.9)] == [
        "negligible",
        "small",
        "medium",
        "large",
    ]


def test_equal_medians_are_shared_not_won():
    runs = [Run(name, seed, (2.0, 1.0)) for name in ("ais", "abc") for seed in range(12)]
    runs += [Run("random", seed, (2.0, 1.5 + 0.01 * seed)) for seed in range(12)]
    text = compare(runs).paragraph
    assert "AIS and ABC shared the lowest median cost, 1 " in text
    assert "AIS was better than random search" in text
    assert "No difference to ABC" in text
