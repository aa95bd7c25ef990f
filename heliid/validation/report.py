"""The frozen result of a judgement: what was measured, per record, output and window."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from heliid.envelope import EnvelopeCheck
from heliid.validation.bands import Band, TestCase
from heliid.validation.explain import ErrorKind
from heliid.validation.frequency import FrequencyComparison
from heliid.validation.plain import fields_to_plain, from_plain
from heliid.validation.residuals import ResidualTest
from heliid.validation.thresholds import DEFAULT, Thresholds

ALL = "all"
ONE_STEP = "one step (not a free run)"


def _without_arrays(band: Band) -> Band:
    none = np.zeros(0)
    return replace(band, time=none, flight=none, model=none, low=none, high=none)


@dataclass(frozen=True, slots=True)
class TheilParts:
    """Theil's U of one output and its parts; the parts sum to 1 (nan for a perfect model)."""

    u: float
    bias: float
    variance: float
    covariance: float


@dataclass(frozen=True, slots=True)
class Score:
    """How far the model is from one output of one record in one kind of run.

    ``window``: seconds between restarts from data as text (``"1"``), ``"all"`` for one free run
    over the record, or ``ONE_STEP``. ``rmse`` and ``max_error`` are in ``unit``, the unit of the
    file's header; ``rmse_si`` and ``max_error_si`` in ``si``. A measure that is not defined (a
    constant signal) is nan. A diverged run is held at its last value inside the limit, so its
    numbers are lower bounds; ``diverged_at`` is the time since the record's start, s.
    """

    record: str
    output: str
    window: str
    unit: str
    si: str
    n_samples: int
    rmse: float
    rmse_si: float
    nrmse: float
    fit: float
    vaf: float
    max_error: float
    max_error_si: float
    theil: TheilParts
    diverged_at: float | None
    outside_envelope: float  # share of the scored samples, 0 to 1


@dataclass(frozen=True, eq=False)
class Growth:
    """How the error grows after a restart: rms error over many restarts, by time since restart."""

    horizon: np.ndarray  # (n,) s
    nrmse: np.ndarray  # (n, ny): over the standard deviation of the record's measured output
    n_restarts: int


@dataclass(frozen=True, eq=False)
class RecordJudgement:
    """Everything about one record that is not a score.

    ``measured``, ``simulated`` (N, ny) and ``u`` (N, nu) are absolute SI at model rate;
    ``scored_from`` is the first sample that counts. ``j_rms`` is nan when no output has a weight.
    """

    record: str
    outputs: tuple[str, ...]
    units: tuple[str, ...]
    duration: float  # s
    manoeuvre: str
    time: np.ndarray
    measured: np.ndarray
    simulated: np.ndarray
    u: np.ndarray
    envelope: EnvelopeCheck
    scored_from: int
    diverged_at: float | None
    j_rms: float
    growth: Growth
    error_kind: ErrorKind | None  # None for a diverged run
    cases: tuple[TestCase, ...]
    residual_tests: tuple[ResidualTest, ...]
    trained_on: bool  # the model's provenance lists this record among its training records


@dataclass(frozen=True, eq=False)
class ValidationReport:
    """A model judged on some records. ``linear`` is the same judgement of the best linear model.

    ``start_s`` is the time at each record's start that no score counts: the longest past that any
    of the compared models needs.
    """

    outputs: tuple[str, ...]
    inputs: tuple[str, ...]
    windows: tuple[str, ...]
    dt: float
    start_s: float
    n_parameters: int
    n_hidden: int
    scores: tuple[Score, ...]
    one_step: tuple[Score, ...]
    records: tuple[RecordJudgement, ...]
    frequency: FrequencyComparison
    thresholds: Thresholds = DEFAULT
    linear: ValidationReport | None = None

    def score(self, record: str, output: str, window: str = ALL) -> Score:
        """One line of the score table; KeyError when there is none."""
        for row in self.scores:
            if (row.record, row.output, row.window) == (record, output, window):
                return row
        raise KeyError((record, output, window))

    def mean_nrmse(self, window: str = ALL) -> float:
        """Mean NRMSE over outputs and records for one window; nan when there is none."""
        values = [s.nrmse for s in self.scores if s.window == window and np.isfinite(s.nrmse)]
        return float(np.mean(values)) if values else float("nan")

    @property
    def diverged(self) -> tuple[tuple[str, float], ...]:
        """(record, time in s) of every whole-record free run that diverged."""
        return tuple((r.record, r.diverged_at) for r in self.records if r.diverged_at is not None)

    def to_dict(self, *, with_histories: bool = True) -> dict[str, Any]:
        """Plain data for strict JSON; without the time histories it is under a megabyte.

        ``scores`` has one flat line per record, output and window, ``theil`` as a number with its
        parts beside it, in the units of the file's header (``unit``).
        """
        report = self if with_histories else self.without_histories()
        data = fields_to_plain(replace(report, linear=None))
        if report.linear is not None:
            data["linear"] = report.linear.to_dict(with_histories=with_histories)
        return data

    def score_table(self, *, one_step: bool = False) -> list[dict[str, Any]]:
        """The scores as flat plain lines: the contract of ``heliid score --json``."""
        rows = []
        for row in self.one_step if one_step else self.scores:
            line = fields_to_plain(row)
            parts = line.pop("theil")
            line["theil"] = parts["u"]
            line["theil_bias"] = parts["bias"]
            line["theil_variance"] = parts["variance"]
            line["theil_covariance"] = parts["covariance"]
            rows.append(line)
        return rows

    def without_histories(self) -> ValidationReport:
        """The same report without arrays that run over time."""
        none, flat = np.zeros(0), np.zeros((0, len(self.outputs)))
        records = tuple(
            replace(
                r, time=none, measured=flat, simulated=flat, u=np.zeros((0, len(self.inputs))),
                envelope=replace(r.envelope, time=none, outside=none, beyond=none, distance=none),
                cases=tuple(
                    replace(c, bands=tuple(_without_arrays(b) for b in c.bands)) for c in r.cases
                ),
            )
            for r in self.records
        )  # fmt: skip
        linear = self.linear.without_histories() if self.linear is not None else None
        return replace(self, records=records, linear=linear)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ValidationReport:
        """The inverse of ``to_dict``."""
        return from_plain(cls, data)
