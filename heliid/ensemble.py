"""Several refits of one study as one model with an uncertainty: median, band, coverage.

The parameter covariance of a single fit says little about the free run off the training data (a
95 % band covered 2 to 32 % in a trial); how far refits from other starts disagree says more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from heliid.data.record import FlightRecord, frozen_array
from heliid.errors import SettingsError
from heliid.model.network import NarxModel
from heliid.model.simulate import Response, prepare_for, run_prepared

DROP_ABOVE = 1.5  # members whose cost exceeds this times the best are not believed
LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Members that answer the same question: same step, inputs, outputs, filter and trim rule.

    ``noise_std`` (ny,) SI is the residual noise that the band adds to the members' spread.
    """

    members: tuple[NarxModel, ...]
    noise_std: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        object.__setattr__(self, "members", tuple(self.members))
        if not self.members:
            raise SettingsError(
                "An ensemble needs at least one model: run a search or a fit first."
            )
        first = self.members[0]
        for other in self.members[1:]:
            if _question(other) != _question(first):
                raise SettingsError(
                    "The models of an ensemble differ in rate, channels, filter or trim rule: "
                    "refit them with the same settings."
                )
        noise = self.noise_std if len(self.noise_std) else np.zeros(len(first.outputs))
        object.__setattr__(self, "noise_std", frozen_array(noise, 1))

    @property
    def n_start(self) -> int:
        """Samples after which every member predicts."""
        return max(member.structure.n_start for member in self.members)

    def run(self, record: FlightRecord, window_s: float = 0.0, level: float = LEVEL) -> Band:
        """The members' free runs on a record (restarted every ``window_s`` s; 0: never)."""
        prepared = prepare_for(self.members[0], record)
        window = round(window_s / self.members[0].dt) if window_s > 0.0 else 0
        runs = [run_prepared(member, prepared, window) for member in self.members]
        return _band(runs, self.n_start, self.noise_std, level)

    def with_noise_from(self, records: Sequence[FlightRecord]) -> Ensemble:
        """The same members; the noise is the rms of the median free run's residuals there.

        Give the training records: off them the residual is mostly model error, which is what the
        members' spread stands for.
        """
        quiet = replace(self, noise_std=np.zeros(0))
        residuals = [
            band.response.residual[band.response.n_start :]
            for band in (quiet.run(record) for record in records)
        ]
        return replace(self, noise_std=np.sqrt(np.mean(np.concatenate(residuals) ** 2, axis=0)))


@dataclass(frozen=True, eq=False)
class Band:
    """An ensemble's answer on one record; ``low`` to ``high`` (N, ny), absolute SI."""

    response: Response  # of the median
    low: np.ndarray
    high: np.ndarray
    level: float
    n_used: int  # members that did not diverge on this record
    n_diverged: int

    def coverage(self, measured: np.ndarray | None = None) -> np.ndarray:
        """Share of the measured samples (N, ny) that lie inside, per output, (ny,).

        A well-made band has about ``level``.
        """
        values = self.response.measured if measured is None else measured
        inside = (values >= self.low) & (values <= self.high)
        return inside[self.response.n_start :].mean(axis=0)


def make_ensemble(members: Sequence[NarxModel], costs: Sequence[float]) -> Ensemble:
    """The ensemble of the members whose cost is at most 1.5 times the best, best first.

    Raises
    ------
    SettingsError
        No member has a finite cost.
    """
    order = np.argsort(np.asarray(costs, dtype=float), kind="stable")
    kept = [i for i in order if costs[i] <= DROP_ABOVE * costs[order[0]]]
    if not kept or not np.isfinite(costs[kept[0]]):
        raise SettingsError("No model of the ensemble has a finite cost: widen the search first.")
    return Ensemble(tuple(members[i] for i in kept))


def interval(values: np.ndarray, level: float = LEVEL) -> tuple[np.ndarray, np.ndarray]:
    """Low and high of what the members (first axis) say, e.g. of a mode's frequency.

    The median plus and minus the t-quantile of their standard deviation; NaN with fewer than two.
    """
    values = np.asarray(values, dtype=float)
    n = values.shape[0]
    centre = np.median(values, axis=0)
    if n < 2:
        nothing = np.full_like(centre, np.nan)
        return nothing, nothing
    half = _quantile(n, level) * values.std(axis=0, ddof=1)
    return centre - half, centre + half


def _question(model: NarxModel) -> tuple[object, ...]:
    return (model.dt, model.inputs, model.outputs, model.trim_rule, model.filter_hz)


def _quantile(n: int, level: float) -> float:
    """Of the t distribution with n - 1 degrees of freedom, two-sided."""
    from scipy.special import stdtrit  # slow to import

    return float(stdtrit(max(1, n - 1), 0.5 + 0.5 * level))


def _band(runs: list[Response], n_start: int, noise: np.ndarray, level: float) -> Band:
    """Median and band; members that diverged are left out while any other is left."""
    from scipy.special import ndtri

    alive = [run for run in runs if run.diverged_at is None]
    used = alive or runs
    stack = np.stack([run.simulated for run in used])
    centre = np.median(stack, axis=0)
    spread = np.zeros_like(centre)
    if len(used) > 1:
        # a new member's prediction interval: the centre itself is uncertain by 1/n
        spread = _quantile(len(used), level) * stack.std(axis=0, ddof=1)
        spread *= np.sqrt(1.0 + 1.0 / len(used))
    half = np.sqrt(spread**2 + (float(ndtri(0.5 + 0.5 * level)) * noise) ** 2)
    times = [run.diverged_at for run in runs if run.diverged_at is not None]
    response = replace(
        used[0],
        simulated=centre,
        n_start=n_start,
        diverged_at=None if alive else max(times),
    )
    return Band(
        response=response,
        low=frozen_array(centre - half, 2),
        high=frozen_array(centre + half, 2),
        level=level,
        n_used=len(used),
        n_diverged=len(runs) - len(alive),
    )
