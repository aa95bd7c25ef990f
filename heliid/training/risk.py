"""Conditional value at risk: how bad the worst share of windows or manoeuvres is on average.

CVaR_alpha(L) = min over t of t + E[max(L - t, 0)] / (1 - alpha), Rockafellar & Uryasev 2000, eq. 4.

The minimum is at the value at risk, the alpha-quantile; for a sample CVaR is a weighted mean of the
largest values, the one at the quantile counted by the share of it that belongs to the tail.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from heliid.errors import SettingsError
from heliid.kernels.gradients import add_normal
from heliid.model.network import Weights
from heliid.model.structure import Structure
from heliid.training.dataset import Dataset
from heliid.training.levenberg import Problem
from heliid.training.scoring import DIVERGED_COST, STD_FLOOR, scored_runs

if TYPE_CHECKING:
    from heliid.training.fit import TrainingSettings

SMOOTH = 0.2  # width of the smooth step at the quantile, in parts of the mean loss
FROM_S = 1.0  # segments at least so long, s, have a tail worth counting


def tail_shares(values: np.ndarray, alpha: float, chances: np.ndarray | None = None) -> np.ndarray:
    """Weights (n,), adding up to 1, with which ``values`` (n,) enter CVaR_alpha.

    ``chances`` (n,): probabilities of the values, equal when None. Equal values are taken in the
    order in which they stand, from the last.
    """
    if not 0.0 <= alpha < 1.0:
        raise SettingsError(f"The level of risk is {alpha:g}: choose from 0 up to below 1.")
    n = values.size
    p = np.full(n, 1.0 / n) if chances is None else chances / float(chances.sum())
    shares, left = np.zeros(n), 1.0 - alpha
    for i in np.argsort(values, kind="stable")[::-1]:
        shares[i] = min(float(p[i]), left)
        left -= shares[i]
        if left <= 1e-15:
            break
    return shares / float(shares.sum())


def value_at_risk(values: np.ndarray, alpha: float, chances: np.ndarray | None = None) -> float:
    """The smallest value that a share ``alpha`` of the sample does not exceed."""
    order = np.argsort(values, kind="stable")
    p = np.full(values.size, 1.0 / values.size) if chances is None else chances / chances.sum()
    reached = np.cumsum(p[order])
    at = int(np.searchsorted(reached, alpha - 1e-12))
    return float(values[order[min(at, values.size - 1)]])


def cvar(values: np.ndarray, alpha: float, chances: np.ndarray | None = None) -> float:
    """CVaR_alpha of a sample; inf when a value in its tail is not finite."""
    values = np.asarray(values, dtype=float).ravel()
    shares = tail_shares(values, alpha, chances)
    tail = shares > 0.0
    worst = values[tail]
    return float((shares[tail] * worst).sum()) if np.all(np.isfinite(worst)) else math.inf


@dataclass(frozen=True, eq=False)
class SmoothTail:
    """A smooth CVaR and its slopes (n,) by the losses, for training.

    max(L - t, 0) becomes s ln(1 + exp((L - t) / s)) with s a share of the mean loss: where the tail
    changes hands at every step, a method of second order gets nowhere. As the share goes to 0 it is
    CVaR itself; it is never less than that.
    """

    value: float
    slopes: np.ndarray


def smooth_tail(
    losses: np.ndarray, alpha: float, chances: np.ndarray, share: float = SMOOTH
) -> SmoothTail:
    """The smooth CVaR_alpha of losses >= 0; ``chances`` (n,) add up to 1."""
    mean = float((chances * losses).sum())
    width = share * mean
    if not width > 0.0:
        return SmoothTail(0.0, chances.copy())
    low = float(losses.min()) - 50.0 * width
    high = float(losses.max()) + 50.0 * width
    for _ in range(80):  # t: the share beyond it, counted smoothly, is 1 - alpha
        t = 0.5 * (low + high)
        beyond = float((chances * _logistic((losses - t) / width)).sum())
        low, high = (t, high) if beyond > 1.0 - alpha else (low, t)
    x = (losses - t) / width
    grown = np.logaddexp(0.0, x)
    inside = chances * _logistic(x) / (1.0 - alpha)
    value = t + width * float((chances * grown).sum()) / (1.0 - alpha)
    by_width = float((chances * (grown - x * _logistic(x))).sum()) / (1.0 - alpha)
    return SmoothTail(value, inside + share * by_width * chances)


def _logistic(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1.0 + np.tanh(0.5 * x))


class RiskProblem(Problem):
    """mean + weight * CVaR_alpha of the segments' squared errors per sample, plus the prior.

    A segment's chance is its share of the samples, and CVaR is smoothed (``smooth_tail``). With the
    slopes held, the cost is a weighted sum of squares: its Gauss-Newton matrix and gradient serve
    Levenberg-Marquardt, which judges each step by the cost itself. Stages of segments below 1 s
    are trained by their mean: their tail is noise.
    """

    def __init__(self, *args: Any, risk_weight: float, risk_alpha: float, **others: Any) -> None:
        super().__init__(*args, **others)
        self.risk_weight, self.risk_alpha = risk_weight, risk_alpha
        self.how |= {"risk_weight": risk_weight, "risk_alpha": risk_alpha}

    def losses(self, segments: np.ndarray) -> np.ndarray:
        """Weighted squared error per sample of each segment (n,), of the runs in ``y_sim``."""
        return segment_losses(self.dataset.y_all, self.y_sim, segments, self.output_weights)

    def cost(self, theta: np.ndarray, segments: np.ndarray) -> float:
        """See the class; inf when a segment diverges."""
        if not math.isfinite(float(np.abs(theta).sum())) or self.run(theta, segments)[0] > 0:
            return math.inf
        losses = self.losses(segments)
        chances = segments[:, 1] / float(segments[:, 1].sum())
        value = float((chances * losses).sum()) + self.prior.cost(theta)
        if self._counts(segments):
            value += self.risk_weight * smooth_tail(losses, self.risk_alpha, chances).value
        return value if math.isfinite(value) else math.inf

    def normal(
        self, theta: np.ndarray, segments: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """As ``Problem.normal``, of the weighted sum with the tail as it is at ``theta``."""
        data, size = self.dataset, self.layout.size
        linear, _, w_out, w_hid, b_hid = self.layout.plain(theta, data.increment_std)
        factors = self._factors(self.losses(segments), segments) / segments[:, 1]
        gram, gradient = self.prior.matrix.copy(), self.prior.half_gradient(theta)
        for segment, factor in zip(segments, factors, strict=True):
            part, slope = np.zeros((size, size)), np.zeros(size)
            is_finite = add_normal(
                data.u_all, data.y_all, segment[None], self.out_taps, self.in_taps,
                w_hid, b_hid, w_out, linear, data.increment_std, True, self.y_sim,
                self.root_weights, 1, self.history, part, slope,
            )  # fmt: skip
            if not is_finite:
                return None
            gram += factor * part
            gradient += factor * slope
        return gram, gradient

    def _factors(self, losses: np.ndarray, segments: np.ndarray) -> np.ndarray:
        """What each segment's loss counts, (n,)."""
        chances = segments[:, 1] / float(segments[:, 1].sum())
        if not self._counts(segments):
            return np.asarray(chances)
        return chances + self.risk_weight * smooth_tail(losses, self.risk_alpha, chances).slopes

    def _counts(self, segments: np.ndarray) -> bool:
        return float(np.median(segments[:, 1])) * self.dataset.dt >= FROM_S


def risk_problem(settings: TrainingSettings) -> Callable[..., RiskProblem]:
    """What makes the problem of these settings.

    Raises
    ------
    SettingsError
        A trainer other than Levenberg-Marquardt is asked for.
    """
    if settings.trainer != "lm":
        raise SettingsError(
            f"Risk can be trained with the trainer lm only, found '{settings.trainer}': choose lm, "
            f"or a risk weight of 0."
        )
    tail_shares(np.zeros(1), settings.risk_alpha)  # refuses a level out of range
    return partial(RiskProblem, risk_weight=settings.risk_weight, risk_alpha=settings.risk_alpha)


def segment_losses(
    y: np.ndarray, y_sim: np.ndarray, segments: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Weighted squared error per sample of each segment, (n,)."""
    return np.array(
        [
            float((((y[a : a + n] - y_sim[a : a + n]) ** 2) * weights).sum()) / n
            for a, n in segments.tolist()
        ]
    )


def window_errors(
    structure: Structure, weights: Weights, dataset: Dataset, window_s: float, n_start: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Error and chance (n,) of every restarted window (0: of every manoeuvre).

    The error is the NRMSE of the window, averaged over outputs, relative to its record's standard
    deviation (floored as in the cost); one that diverges has 2 + (1 - share survived). Chances are
    shares of samples.
    """
    start = max(structure.n_start, n_start)
    segments, y_sim, alive = scored_runs(structure, weights, dataset, window_s, start)
    owner = np.searchsorted(dataset.edges, segments[:, 0], side="right") - 1
    errors = np.empty(len(segments))
    for i, (a, n) in enumerate(segments.tolist()):
        if alive[i] < n:
            errors[i] = DIVERGED_COST + 1.0 - alive[i] / n
            continue
        record = dataset.y_all[dataset.edges[owner[i]] + start : dataset.edges[owner[i] + 1]]
        std = np.maximum(record.std(axis=0), STD_FLOOR)
        difference = dataset.y_all[a : a + n] - y_sim[a : a + n]
        nrmse = np.sqrt((difference * difference).mean(axis=0)) / std
        errors[i] = min(float(nrmse.mean()), DIVERGED_COST)
    return errors, segments[:, 1] / float(segments[:, 1].sum())


def tail_cost(
    structure: Structure,
    weights: Weights,
    dataset: Dataset,
    windows_s: tuple[float, ...],
    n_start: int,
    alpha: float,
) -> float:
    """CVaR_alpha of the errors of windows and manoeuvres, mean over the window lengths."""
    values = []
    for window_s in windows_s:
        errors, chances = window_errors(structure, weights, dataset, window_s, n_start)
        values.append(cvar(errors, alpha, chances))
    return float(np.mean(values))
