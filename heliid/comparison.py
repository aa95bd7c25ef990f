"""The critical comparison of searchers: what runs with equal budgets say, and what they do not.

Plain data in and out: best-cost traces of several searchers over the same seeds become medians,
spreads, success rates, paired tests with effect sizes, ranks, convergence bands, and one honest
paragraph made from these numbers.

Sources: Wilcoxon (1945); Friedman (1937); Holm (1979) for many pairs; matched-pairs rank-biserial
correlation after Kerby (2014); Wilson (1927) intervals for rates. The use of these tests for
stochastic optimisers follows Derrac et al. (2011).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from heliid.errors import SettingsError

SIGNIFICANT = 0.05
_LEVELS = (0.01, 0.05, 0.10)
_QUANTILES = (0.10, 0.25, 0.50, 0.75, 0.90)
_Z95 = 1.959963984540054
_SMALL, _MEDIUM, _LARGE = 0.1, 0.3, 0.5  # |rank-biserial r|, Cohen's usual words
_FEW_SEEDS = 10
_LABELS = {"ais": "AIS", "abc": "ABC", "pso": "PSO", "random": "random search",
           "hill": "hill climbing", "abc-classic": "textbook ABC",
           "ais-classic": "textbook AIS", "pso-classic": "textbook PSO"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """One search: best cost after each unique evaluation, (n_evaluations,)."""

    searcher: str
    seed: int
    trace: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Rate:
    """How many runs came within ``level`` of the optimum, with its 95 % interval."""

    level: float
    rate: float
    low: float
    high: float
    median_evaluations: float | None  # None when fewer than half of the runs came there


@dataclass(frozen=True, slots=True)
class Summary:
    """One searcher: final best costs over the seeds."""

    searcher: str
    n_runs: int
    median: float
    lower_quartile: float
    upper_quartile: float
    best: float
    worst: float
    mean_rank: float  # Friedman, 1 is best
    success: tuple[Rate, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two searchers on the same seeds.

    ``effect`` is the matched-pairs rank-biserial correlation, -1 to 1, positive when ``first`` has
    the lower costs. ``p`` is of the Wilcoxon signed-rank test, ``p_holm`` corrected for the number
    of pairs.
    """

    first: str
    second: str
    wins: int
    ties: int
    losses: int
    median_difference: float  # first minus second
    p: float
    p_holm: float
    effect: float


@dataclass(frozen=True, slots=True)
class Curve:
    """Convergence of one searcher: quantiles of the best cost over the seeds."""

    searcher: str
    evaluations: tuple[int, ...]
    quantiles: tuple[float, ...]
    values: tuple[tuple[float, ...], ...]  # (n_quantiles, n_evaluations)


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that the Compare view, the report and ``heliid compare`` show."""

    budget: int
    seeds: tuple[int, ...]
    optimum: float
    is_optimum_known: bool  # else the best of all runs
    summaries: tuple[Summary, ...]  # best median first
    pairs: tuple[Pair, ...]
    friedman_p: float
    curves: tuple[Curve, ...]
    paragraph: str

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def compare(
    runs: Sequence[Run], *, optimum: float | None = None, levels: Sequence[float] = _LEVELS
) -> Comparison:
    """The comparison of runs of several searchers on one problem.

    Every searcher must have the same seeds. A trace that ends early (space exhausted, stagnation)
    counts on with its last value; all are compared at the longest trace. ``optimum``: the lowest
    cost there is, if known.

    Raises ``SettingsError`` when the runs cannot be paired.
    """
    names, seeds, costs = _table(runs)  # (n_searchers, n_seeds, budget)
    final = costs[:, :, -1]
    finite = final[np.isfinite(final)]
    if not finite.size:
        raise SettingsError("No run found an order that could be trained: nothing to compare.")
    target = float(finite.min()) if optimum is None else float(optimum)
    ranks = _ranks(final)
    summaries = [
        _summary(name, costs[k], float(ranks[k].mean()), target, levels)
        for k, name in enumerate(names)
    ]
    summaries.sort(key=lambda one: (one.median, one.mean_rank))
    pairs = _pairs(names, final)
    friedman = _friedman_p(final)
    return Comparison(
        budget=costs.shape[2],
        seeds=tuple(seeds),
        optimum=target,
        is_optimum_known=optimum is not None,
        summaries=tuple(summaries),
        pairs=pairs,
        friedman_p=friedman,
        curves=tuple(_curve(name, costs[k]) for k, name in enumerate(names)),
        paragraph=_paragraph(summaries, pairs, friedman, costs.shape[2], optimum is not None),
    )


def _table(runs: Sequence[Run]) -> tuple[list[str], list[int], np.ndarray]:
    """Names, seeds and costs (n_searchers, n_seeds, budget); lost costs are +inf."""
    names = list(dict.fromkeys(run.searcher for run in runs))
    seeds = sorted({run.seed for run in runs})
    by_key = {(run.searcher, run.seed): run.trace for run in runs}
    if not runs or len(by_key) != len(runs) or len(runs) != len(names) * len(seeds):
        raise SettingsError(
            f"A comparison needs one run of every searcher for every seed; there are {len(runs)} "
            f"runs for {len(names)} searchers and {len(seeds)} seeds."
        )
    budget = max(len(run.trace) for run in runs)
    if not all(len(run.trace) for run in runs):
        raise SettingsError("A run without any evaluation cannot be compared; run it again.")
    costs = np.empty((len(names), len(seeds), budget))
    for (k, name), (j, seed) in itertools.product(enumerate(names), enumerate(seeds)):
        trace = np.asarray(by_key[name, seed], dtype=float)
        trace = np.where(np.isfinite(trace), trace, np.inf)
        costs[k, j, : len(trace)] = np.minimum.accumulate(trace)
        costs[k, j, len(trace) :] = costs[k, j, len(trace) - 1]
    return names, seeds, costs


def _ranks(final: np.ndarray) -> np.ndarray:
    """Ranks of the searchers within each seed, 1 is best, ties share; (n_searchers, n_seeds)."""
    below = (final[:, None, :] > final[None, :, :]).sum(axis=1)
    equal = (final[:, None, :] == final[None, :, :]).sum(axis=1)
    return below + (equal + 1) / 2.0


def _summary(
    name: str, costs: np.ndarray, mean_rank: float, optimum: float, levels: Sequence[float]
) -> Summary:
    final = costs[:, -1]
    lower, median, upper = _quantiles(final, (0.25, 0.5, 0.75))
    return Summary(
        name, len(final), median, lower, upper, float(final.min()), float(final.max()),
        mean_rank, tuple(_rate(costs, optimum, level) for level in levels),
    )  # fmt: skip


def _quantiles(values: np.ndarray, at: Sequence[float]) -> list[float]:
    """Quantiles that an infinite value does not turn into nan (no interpolation with it)."""
    if np.isfinite(values).all():
        return [float(value) for value in np.quantile(values, at)]
    return [float(value) for value in np.quantile(values, at, method="inverted_cdf")]


def _rate(costs: np.ndarray, optimum: float, level: float) -> Rate:
    """Runs whose best cost is within ``level`` of the optimum; Wilson interval."""
    there = costs <= optimum + level * abs(optimum) + 1e-300
    n, reached = len(costs), there.any(axis=1)
    rate = float(reached.mean())
    z2 = _Z95**2
    centre = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z95 / (1 + z2 / n) * math.sqrt(rate * (1 - rate) / n + z2 / (4 * n * n))
    when = np.where(reached, there.argmax(axis=1) + 1.0, np.inf)
    median = float(np.quantile(when, 0.5, method="inverted_cdf"))
    return Rate(
        level, rate, max(0.0, centre - half), min(1.0, centre + half),
        median if math.isfinite(median) else None,
    )  # fmt: skip


def _pairs(names: Sequence[str], final: np.ndarray) -> tuple[Pair, ...]:
    """All pairs, p values corrected after Holm."""
    found = [
        (names[a], names[b], *_paired(final[a], final[b]))
        for a, b in itertools.combinations(range(len(names)), 2)
    ]
    corrected = _holm([one[6] for one in found])
    return tuple(
        Pair(first, second, wins, ties, losses, difference, p, p_holm, effect)
        for (first, second, wins, ties, losses, difference, p, effect), p_holm in zip(
            found, corrected, strict=True
        )
    )


def _paired(first: np.ndarray, second: np.ndarray) -> tuple[int, int, int, float, float, float]:
    """Wins, ties, losses of the first, median difference, p and effect."""
    difference = np.array(
        [0.0 if a == b else a - b for a, b in zip(first, second, strict=True)]  # inf - inf is a tie
    )
    wins, losses = int((difference < 0).sum()), int((difference > 0).sum())
    ties = len(difference) - wins - losses
    effect = _rank_biserial(difference)
    median = _quantiles(difference, (0.5,))[0]
    if wins + losses == 0:
        return wins, ties, losses, median, 1.0, effect
    from scipy.stats import wilcoxon  # half a second: only when asked for

    moved = difference[difference != 0.0]
    ranked = np.sign(moved) * (_average_ranks(np.abs(moved)))  # infinities become ranks
    return wins, ties, losses, median, float(wilcoxon(ranked).pvalue), effect


def _average_ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1, ties share."""
    below = (values[:, None] > values[None, :]).sum(axis=1)
    equal = (values[:, None] == values[None, :]).sum(axis=1)
    return below + (equal + 1) / 2.0


def _rank_biserial(difference: np.ndarray) -> float:
    """Kerby (2014): (favourable - unfavourable rank sum) / total; ties of zero are left out."""
    moved = difference[difference != 0.0]
    if not moved.size:
        return 0.0
    ranks = _average_ranks(np.abs(moved))
    return float((ranks[moved < 0].sum() - ranks[moved > 0].sum()) / ranks.sum())


def _holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    corrected, running = [1.0] * len(p_values), 0.0
    for step, index in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - step) * p_values[index]))
        corrected[index] = running
    return corrected


def _friedman_p(final: np.ndarray) -> float:
    """Whether the searchers differ at all; 1 when that cannot be told."""
    n_searchers, n_seeds = final.shape
    ranks = _ranks(final)
    if n_searchers < 3 or n_seeds < 2 or np.ptp(ranks) == 0.0:
        return 1.0
    from scipy.stats import friedmanchisquare

    p = float(friedmanchisquare(*ranks).pvalue)
    return p if math.isfinite(p) else 1.0


def _curve(name: str, costs: np.ndarray, n_points: int = 200) -> Curve:
    """Quantile bands, thinned to a plot's width."""
    budget = costs.shape[1]
    at = np.unique(np.linspace(0, budget - 1, min(budget, n_points)).round().astype(int))
    values = np.quantile(costs[:, at], _QUANTILES, axis=0, method="inverted_cdf")
    rows = tuple(tuple(float(value) for value in row) for row in values)
    return Curve(name, tuple(int(k) + 1 for k in at), _QUANTILES, rows)


# words


def label(searcher: str) -> str:
    """How a searcher is called in a sentence."""
    return _LABELS.get(searcher, searcher)


def effect_word(effect: float) -> str:
    """The usual word for the size of a rank-biserial correlation."""
    size = abs(effect)
    if size < _SMALL:
        return "negligible"
    return "small" if size < _MEDIUM else "medium" if size < _LARGE else "large"


def _paragraph(
    summaries: Sequence[Summary],
    pairs: Sequence[Pair],
    friedman_p: float,
    budget: int,
    is_optimum_known: bool,
) -> str:
    """What the numbers say, and what they do not."""
    best = summaries[0]
    level = [label(one.searcher) for one in summaries if one.median == best.median]
    who = f"{level[0]} had" if len(level) == 1 else f"{_listed(level)} shared"
    parts = [
        f"Over {best.n_runs} seeds with {budget} unique trainings each, {who} the lowest median "
        f"cost, {best.median:.4g} (quartiles{' of the first' if len(level) > 1 else ''} "
        f"{best.lower_quartile:.4g} to {best.upper_quartile:.4g})."
    ]
    parts += _against_the_best(best, pairs)
    parts += _against_random(summaries, pairs)
    parts += _about_success(summaries, is_optimum_known)
    parts += _about_doubt(summaries, friedman_p)
    return " ".join(parts)


def _pair_of(pairs: Sequence[Pair], one: str, other: str) -> tuple[Pair, float]:
    """The pair and its effect as seen from ``one``."""
    for pair in pairs:
        if (pair.first, pair.second) == (one, other):
            return pair, pair.effect
        if (pair.first, pair.second) == (other, one):
            return pair, -pair.effect
    raise KeyError((one, other))


def _against_the_best(best: Summary, pairs: Sequence[Pair]) -> list[str]:
    others = {pair.first for pair in pairs} | {pair.second for pair in pairs}
    clear, unclear = [], []
    for other in sorted(others - {best.searcher}, key=label):
        pair, effect = _pair_of(pairs, best.searcher, other)
        if pair.p_holm < SIGNIFICANT and effect > 0:
            clear.append(f"{label(other)} (p = {pair.p_holm:.2g}, {effect_word(effect)} effect, "
                         f"r = {effect:.2f})")  # fmt: skip
        else:
            unclear.append(f"{label(other)} (p = {pair.p_holm:.2g})")
    parts = []
    if clear:
        parts.append(f"On the same seeds {label(best.searcher)} was better than {_listed(clear)}.")
    if unclear:
        parts.append(f"No difference to {_listed(unclear)} could be shown.")
    return parts


def _against_random(summaries: Sequence[Summary], pairs: Sequence[Pair]) -> list[str]:
    """Who could not beat chance: the sentence that comparisons like to leave out."""
    names = [one.searcher for one in summaries]
    if "random" not in names or len(names) < 3:
        return []
    failed = []
    for name in names:
        if name == "random":
            continue
        pair, effect = _pair_of(pairs, name, "random")
        if not (pair.p_holm < SIGNIFICANT and effect > 0):
            failed.append(label(name))
    if not failed:
        return ["Every searcher was better than random search."]
    return [f"Not shown to be better than random search: {_listed(failed)}."]


def _about_success(summaries: Sequence[Summary], is_optimum_known: bool) -> list[str]:
    if not summaries[0].success:
        return []
    widest = max(summaries[0].success, key=lambda rate: rate.level).level
    rates = [
        f"{label(one.searcher)} {next(r.rate for r in one.success if r.level == widest):.0%}"
        for one in summaries
    ]
    what = "the optimum" if is_optimum_known else "the best cost found by any of them"
    return [f"Runs that came within {widest:.0%} of {what}: {_listed(rates)}."]


def _about_doubt(summaries: Sequence[Summary], friedman_p: float) -> list[str]:
    parts = []
    if len(summaries) >= 3:
        word = "differ" if friedman_p < SIGNIFICANT else "cannot be told apart"
        parts.append(f"Taken together the searchers {word} (Friedman p = {friedman_p:.2g}).")
    medians = [one.median for one in summaries]
    spread = max(one.upper_quartile - one.lower_quartile for one in summaries)
    if len(summaries) > 1 and math.isfinite(spread) and medians[-1] - medians[0] < spread:
        parts.append(
            "The medians differ by less than the spread between seeds of one searcher: the choice "
            "of the searcher matters less here than the seed."
        )
    if summaries[0].n_runs < _FEW_SEEDS:
        parts.append(f"With {summaries[0].n_runs} seeds only large differences can show.")
    parts.append(
        "The cost is that of the validation manoeuvres; a lower one need not mean a better free "
        "run on a manoeuvre never seen."
    )
    return parts


def _listed(items: Sequence[str]) -> str:
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"
