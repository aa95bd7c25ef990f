"""The error of a free run on a data set, graded when it diverges."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from heliid.kernels.narx import run_segments
from heliid.model.network import DIVERGED_AT, Weights
from heliid.model.structure import Structure
from heliid.training.dataset import Dataset
from heliid.training.fit import TrainingSettings

DIVERGED_COST = 2.0  # cost of a run that diverges at its end; one that never starts costs 3
FLIGHT_BAND = (0.2, 5.0)  # Hz; bandwidths inside it are served by horizons in plain seconds
STD_FLOOR = 0.2  # of the training std: an output that hardly moves must not rule the cost


@dataclass(frozen=True, slots=True)
class Risk:
    """How the worst windows and manoeuvres count beside the mean; see ``heliid.training.risk``."""

    weight: float
    alpha: float


@dataclass(frozen=True, slots=True)
class FitnessSettings:
    """How a structure is scored.

    Attributes
    ----------
    windows_s : restart the free run from data every so many seconds; 0 is the whole record.
    penalty : price of complexity, cost units per (P ln Neff / Neff).
    n_start : score after this many samples in every record, so that all orders are scored on the
        same samples; 0 takes each order's own.
    n_tables : weight tables raced through the first ``n_race`` horizons; the best is finished.
    race_on_validation : the best is the one of least cost on the validation records, not on the
        training records: with that, two replicates agree better (docs/decisions.md).
    n_averaged : so many of the best of that race are finished and their costs averaged.
    risk_weight, risk_alpha : the cost is mean + risk_weight * CVaR at level risk_alpha of the
        errors of windows and manoeuvres; 0 is the mean alone.
    n_folds : cross-validation over so many parts of training and validation records together,
        ``n_tables`` weight tables each, their costs averaged; 0 scores on the validation records
        alone. See ``training.folds``.
    ridges : strengths of the ridge that cross-validation tries for each network; the best is that
        order's own. Empty for the one of ``training``.
    """

    training: TrainingSettings = field(default_factory=TrainingSettings)
    windows_s: tuple[float, ...] = (2.0, 5.0, 10.0, 0.0)
    penalty: float = 0.01
    bandwidth_hz: float = 2.5
    n_start: int = 0
    n_tables: int = 2
    n_race: int = 3
    race_on_validation: bool = True
    risk_weight: float = 0.0
    risk_alpha: float = 0.9
    n_folds: int = 0
    ridges: tuple[float, ...] = ()
    n_averaged: int = 1

    @property
    def risk(self) -> Risk | None:
        """What ``validation_cost`` is to count beside the mean, if anything."""
        return Risk(self.risk_weight, self.risk_alpha) if self.risk_weight > 0.0 else None

    def on_time_scale(self, scale: float) -> FitnessSettings:
        """The same with all horizons and windows ``scale`` times as long."""
        ways = self.training
        return replace(
            self,
            windows_s=tuple(scale * one for one in self.windows_s),
            training=replace(
                ways,
                horizons_s=tuple(scale * one for one in ways.horizons_s),
                window_s=scale * ways.window_s,
            ),
        )


def time_scale(bandwidth_hz: float) -> float:
    """How much longer than for a helicopter the horizons of a process must be.

    1 for bandwidths in FLIGHT_BAND; a tank that answers up to 0.01 Hz gets 20 times as long
    ones, a circuit that answers up to 100 Hz 20 times as short ones.
    """
    if bandwidth_hz <= 0.0:
        return 1.0
    low, high = FLIGHT_BAND
    scale = max(low / bandwidth_hz, 1.0) * min(high / bandwidth_hz, 1.0)
    return float(f"{scale:.1g}")


def free_run_errors(
    structure: Structure, weights: Weights, dataset: Dataset, window_s: float, n_start: int = 0
) -> tuple[np.ndarray, float]:
    """NRMSE (n_records, ny) of the run restarted every ``window_s`` (0: never), share survived.

    Relative to each record's own standard deviation, floored at STD_FLOOR.
    """
    start = max(structure.n_start, n_start)
    segments, y_sim, alive = scored_runs(structure, weights, dataset, window_s, start)
    rows = []
    for first, last in zip(dataset.edges[:-1] + start, dataset.edges[1:], strict=True):
        if last - first < 2:
            continue
        measured = dataset.y_all[first:last]
        error = measured - y_sim[first:last]
        std = np.maximum(measured.std(axis=0), STD_FLOOR)
        rows.append(np.sqrt((error * error).mean(axis=0)) / std)
    return np.array(rows), float(alive.sum()) / float(segments[:, 1].sum())


def scored_runs(
    structure: Structure, weights: Weights, dataset: Dataset, window_s: float, start: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Segments (n, 2) restarted every ``window_s`` (0: never), runs (N, ny), samples survived."""
    horizon = max(1, round(window_s / dataset.dt)) if window_s > 0 else 0
    segments = dataset.segments(start, horizon)
    out_taps, in_taps = structure.taps()
    y_sim = dataset.y_all.copy()
    alive = np.zeros(len(segments), np.int64)
    # writable copies, as training has them: numba compiles read-only arrays again
    w_hid, b_hid, w_out = np.array(weights.w_hid), np.array(weights.b_hid), np.array(weights.w_out)
    linear, bias = np.array(weights.linear), np.array(weights.bias)
    run_segments(
        dataset.u_all, dataset.y_all, segments, out_taps, in_taps, w_hid, b_hid, w_out,
        linear, bias, dataset.increment_std, DIVERGED_AT, y_sim, alive,
    )  # fmt: skip
    return segments, y_sim, alive


def validation_cost(
    structure: Structure,
    weights: Weights,
    dataset: Dataset,
    windows_s: tuple[float, ...],
    n_start: int = 0,
    risk: Risk | None = None,
) -> tuple[float, np.ndarray, bool]:
    """Mean over windows, records and outputs; NRMSE (ny,) of the last window; any divergence.

    A window in which runs diverge costs 2 + (1 - share of samples survived). With ``risk``, what
    the worst restarted windows and manoeuvres cost is added (``risk.tail_cost``).
    """
    costs = []
    nrmse = np.zeros(dataset.n_outputs)
    diverged = False
    for window_s in windows_s:
        errors, share = free_run_errors(structure, weights, dataset, window_s, n_start)
        nrmse = errors.mean(axis=0)
        if share < 1.0:
            diverged = True
            costs.append(DIVERGED_COST + (1.0 - share))
        else:
            costs.append(min(float(errors.mean()), DIVERGED_COST))
    cost = float(np.mean(costs))
    if risk is not None:
        from heliid.training.risk import tail_cost  # only for those who ask for it

        cost += risk.weight * tail_cost(structure, weights, dataset, windows_s, n_start, risk.alpha)
    return cost, nrmse, diverged


def complexity_price(
    structure: Structure, train: Dataset, penalty: float, bandwidth_hz: float
) -> float:
    """The price of complexity, penalty * P ln(Neff) / Neff.

    Neff counts samples that are independent at the bandwidth of interest.
    """
    seconds = train.n_samples * train.dt
    n_eff = max(min(2.0 * bandwidth_hz * seconds, train.n_samples), 10.0)
    n_eff *= train.n_outputs
    return penalty * structure.n_parameters * math.log(n_eff) / n_eff
