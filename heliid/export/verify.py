"""Run what was written, with a runner that shares no code with HeliID, and compare.

"Verified" is said only after that; where the runner is missing the sentence says so. Runners work
in a process of their own, so that a faulty artefact can harm nothing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from heliid.data.prepare import Prepared
from heliid.data.record import FlightRecord
from heliid.errors import ExportError
from heliid.export import runners
from heliid.export.portable import Portable, PortableChannel
from heliid.export.runners import Case
from heliid.units import unit_or_free

TOLERANCE = 1e-12  # of a signal's standard deviation, in double precision


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether the written artefact gives the app's numbers.

    ``max_error`` is the largest difference of any output sample, in that output's standard
    deviation; nan when nothing could be run. ``ok`` is True only when a runner ran and agreed.
    """

    ok: bool
    max_error: float
    runner: str  # "" when none was available
    sentence: str


def make_cases(portable: Portable, records: Sequence[FlightRecord] = ()) -> list[Case]:
    """The test vector, and the app's free run of each record."""
    cases = [Case("test vector", portable.test.u, portable.test.y, *_own_trims(portable))]
    if not records:
        return cases
    from heliid.model.simulate import prepare_for  # numba is slow to import

    prepared = [prepare_for(portable.model, record) for record in records]
    return cases + [prepared_case(portable, one) for one in prepared]


def verify(
    portable: Portable, cases: Sequence[Case], run: runners.Run, *, tolerance: float = TOLERANCE
) -> Verified:
    """Run ``run`` on every case and compare, in standard deviations of the training data."""
    try:
        with tempfile.TemporaryDirectory(prefix="heliid-verify-") as folder:
            results = run.outputs(cases, Path(folder))
    except runners.NoRunner as missing:
        return Verified(False, float("nan"), "", f"Not verified: {missing}.")
    except (OSError, ExportError, runners.RunFailed) as problem:
        return Verified(
            False, float("nan"), run.name, f"Not verified: {run.name} failed: {problem}."
        )
    return compare(portable, cases, results, run.name, tolerance)


def compare(
    portable: Portable,
    cases: Sequence[Case],
    results: Sequence[np.ndarray],
    runner: str,
    tolerance: float = TOLERANCE,
) -> Verified:
    """The verdict on these results (one (N, ny) array per case)."""
    std = np.array([c.std for c in portable.outputs])
    worst, samples = 0.0, 0
    for case, result in zip(cases, results, strict=True):
        if result.shape != case.y.shape or not np.all(np.isfinite(result)):
            return Verified(
                False,
                float("inf"),
                runner,
                f"Not verified: {runner} gave "
                f"{result.shape} numbers for {case.y.shape}, or not all finite.",
            )
        worst = max(worst, float(np.max(np.abs(result - case.y) / std)))
        samples += len(case.y)
    told = (
        f"{runner} ran the written file over {samples} samples; the largest difference is "
        f"{worst:.1e} standard deviations (allowed {tolerance:.0e})"
    )
    if worst <= tolerance:
        return Verified(True, worst, runner, f"Verified: {told}.")
    return Verified(False, worst, runner, f"Not verified: {told}.")


def prepared_case(portable: Portable, prepared: Prepared) -> Case:
    """The app's own free run on a prepared record, in the units of the export."""
    from heliid.model.simulate import run_prepared  # numba is slow to import

    model = portable.model
    response = run_prepared(model, prepared)

    def shown(values: np.ndarray, channels: Sequence[PortableChannel]) -> np.ndarray:
        units = [unit_or_free(c.unit) for c in channels]
        columns = [unit.from_si(v) for unit, v in zip(units, values.T, strict=True)]
        return np.stack(columns, axis=-1)

    u = shown(prepared.u + prepared.u_trim, portable.inputs)
    y = shown(response.simulated, portable.outputs)
    if model.trim_rule == "none":  # the training mean takes the place of the trim
        return Case(prepared.name, u, y, *_own_trims(portable))
    u_trim, y_trim = prepared.u_trim, prepared.y_trim
    return Case(
        prepared.name, u, y, shown(u_trim, portable.inputs), shown(y_trim, portable.outputs)
    )


def _own_trims(portable: Portable) -> tuple[np.ndarray, np.ndarray]:
    return np.array([c.trim for c in portable.inputs]), np.array([c.trim for c in portable.outputs])
