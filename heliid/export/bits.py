"""What few-bit forms share: ternary terms, the cases that judge them, a line of the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from heliid.data.prepare import Prepared
from heliid.data.record import FlightRecord
from heliid.export.portable import Portable
from heliid.export.verify import make_cases
from heliid.metrics import fit_percent
from heliid.model.network import NarxModel
from heliid.model.simulate import prepare_for, run_prepared

TRIT_BITS = 1.6  # five ternary digits in a byte
SCALE_BITS = 16
ROW_BITS = 32  # factor and shift of a fixed-point row
BIAS_BITS = 32


@dataclass(frozen=True, slots=True)
class BitsRow:
    """One line of the table: how the weights are stored, what it costs, what it gives."""

    name: str
    bits: int  # of all weights, scales and biases
    bits_per_weight: float
    fit: float  # %, mean over outputs and records, free run against the measurement
    worst_fit: float
    loss: float  # points of mean fit below double precision
    rms_difference: float  # to the double-precision run, standard deviations
    multiplications: int = 0  # per step


@dataclass(frozen=True, eq=False)
class FlownCase:
    """A prepared record with the double-precision run, SI."""

    prepared: Prepared
    measured: np.ndarray  # (N, ny), what a fit is against
    double: np.ndarray
    n_start: int


def ternary_term(values: np.ndarray) -> np.ndarray:
    """The best ``scale * t``, t in {-1, 0, 1}, to ``values`` (n,) in least squares.

    With the k largest magnitudes kept, the scale is their mean; the k that explains most wins.
    """
    size = np.abs(values)
    order = np.argsort(-size, kind="stable")
    sums = np.cumsum(size[order])
    counts = np.arange(1, values.size + 1)
    if values.size == 0 or sums[-1] == 0.0:
        return np.zeros_like(values)
    k = int(np.argmax(sums**2 / counts)) + 1
    term = np.zeros_like(values)
    term[order[:k]] = np.sign(values[order[:k]]) * (sums[k - 1] / k)
    return term


def flown_cases(portable: Portable, records: Sequence[FlightRecord]) -> list[FlownCase]:
    """The records, or the model's test vector, with the double-precision runs."""
    model = portable.model
    prepared = [prepare_for(model, record) for record in records]
    if not records:
        given = make_cases(portable)[0]
        time = np.arange(len(given.u)) * model.dt
        is_absolute = model.trim_rule == "none"
        u_trim = np.zeros_like(given.u_trim) if is_absolute else given.u_trim
        y_trim = np.zeros_like(given.y_trim) if is_absolute else given.y_trim
        prepared = [Prepared("test vector", time, given.u - u_trim, given.y - y_trim, u_trim,
                             y_trim)]  # fmt: skip
    cases = []
    for one in prepared:
        run = run_prepared(model, one)
        measured = run.measured if records else run.simulated
        cases.append(FlownCase(one, measured, run.simulated, run.n_start))
    return cases


def run_error(model: NarxModel, cases: Sequence[FlownCase]) -> float:
    """Mean squared difference to the double-precision runs; divergence is graded."""
    total = 0.0
    for case in cases:
        run = run_prepared(model, case.prepared)
        rows = slice(case.n_start, None)
        difference = (run.simulated - case.double)[rows] / model.scaling.output_std
        total += float(np.mean(np.minimum(difference**2, 100.0)))
        if run.diverged_at is not None:
            span = case.prepared.time[-1] - case.prepared.time[0]
            total += 100.0 * (2.0 - run.diverged_at / span)
    return total / len(cases)


def scored_row(
    name: str,
    bits: int,
    model: NarxModel,
    cases: Sequence[FlownCase],
    runs: Sequence[np.ndarray],
    double_fit: float,
) -> BitsRow:
    """A line of the table from the runs (N, ny) of one form on the cases."""
    fits, differences = [], []
    for case, run in zip(cases, runs, strict=True):
        rows = slice(case.n_start, None)
        fits.append(np.atleast_1d(fit_percent(case.measured[rows], run[rows])))
        differences.append((run - case.double)[rows] / model.scaling.output_std)
    fit = float(np.mean(np.concatenate(fits)))
    return BitsRow(
        name=name,
        bits=bits,
        bits_per_weight=bits / max(n_weights(model), 1),
        fit=fit,
        worst_fit=float(np.min(np.concatenate(fits))),
        loss=(double_fit - fit) if name != "float64" else 0.0,
        rms_difference=float(np.sqrt(np.mean(np.concatenate(differences) ** 2))),
    )


def n_biases(model: NarxModel) -> int:
    """How many biases the model has."""
    return model.structure.n_outputs + model.structure.n_hidden


def n_weights(model: NarxModel) -> int:
    """How many weights besides."""
    weights = model.weights
    return int(weights.w_hid.size + weights.w_out.size + weights.linear.size)
