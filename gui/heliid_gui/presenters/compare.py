"""Runs side by side: which are ticked, their numbers, their free runs; no Qt."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from heliid import metrics
from heliid.data.campaign import Use
from heliid.data.record import Channel
from heliid_gui.presenters import formatting as fmt
from heliid_gui.presenters.evolve import convergence
from heliid_gui.presenters.workbench import Run

FIRST_SHOWN = 5  # runs ticked by themselves; any number by hand


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run in the list."""

    key: str
    name: str
    starred: bool
    cells: tuple[tuple[str, float], ...]


COLUMNS = (
    ("Run", "Double click renames it; the star marks it"),
    ("Method", "How the order was searched"),
    ("Error", "Free-run error on the validation records, as the search counts it"),
    ("Linear", "The same of the best linear model"),
    ("Size", "Numbers fitted"),
    ("Hidden", "Tanh units"),
    ("Tried", "Unique orders trained"),
    ("Time", "From Start to the end"),
    ("Seed", "The same seed gives the same model"),
    ("Verdict", "Of the last judgement; empty until somebody looked in Validate"),
)


def run_lines(runs: tuple[Run, ...]) -> tuple[RunLine, ...]:
    """All runs, the newest first."""
    return tuple(_line(run) for run in reversed(runs))


def _line(run: Run) -> RunLine:
    structure = run.model.structure if run.model is not None else None
    size = structure.n_parameters if structure else math.nan
    hidden = structure.n_hidden if structure else math.nan
    return RunLine(
        run.key,
        run.name,
        run.starred,
        (
            (_method(run), 0.0),
            (fmt.figure(run.cost, 4), run.cost),
            (fmt.figure(run.linear_cost, 4), run.linear_cost),
            (fmt.whole(size), size),
            (fmt.whole(hidden), hidden),
            *(_FROM_FILE if run.is_guest else _effort(run)),
            (str(run.judgement.get("headline", fmt.DASH)), 0.0),
        ),
    )


_FROM_FILE = ((fmt.DASH, 0.0),) * 3


def _method(run: Run) -> str:
    if run.is_guest:
        return "file"
    return fmt.SHORT_SEARCH.get(run.config.search, run.config.search)


def _effort(run: Run) -> tuple[tuple[str, float], ...]:
    """Candidates tried, time, seed."""
    return (
        (str(len(run.candidates)), len(run.candidates)),
        (fmt.duration(run.seconds), run.seconds),
        (str(run.config.seed), run.config.seed),
    )


def shared_records(runs: list[Run]) -> tuple[str, ...]:
    """Records on which every one of these runs has a free run."""
    if not runs:
        return ()
    return tuple(n for n in runs[0].responses if all(n in run.responses for run in runs))


def shared_outputs(runs: list[Run]) -> tuple[Channel, ...]:
    """Outputs of all these runs, as the first has them."""
    models = [run.model for run in runs if run.model is not None]
    if not models:
        return ()
    names = [{c.name for c in model.outputs} for model in models]
    return tuple(c for c in models[0].outputs if all(c.name in one for one in names))


def response(run: Run, record: str, output: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Time (N,), measured (N,) and free run (N,) of one output, SI."""
    if run.model is None:
        raise KeyError(run.key)
    index = [c.name for c in run.model.outputs].index(output)
    time, measured, free = run.responses[record]
    return time, measured[:, index], free[:, index]


def convergences(runs: list[Run]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Best cost so far over trained candidates, per run (all its searchers together)."""
    found = {}
    for run in runs:
        costs = [c.cost for c in run.candidates]
        if costs:
            found[run.name] = (
                np.arange(1.0, len(costs) + 1),
                np.fmin.accumulate(np.array(costs, dtype=float)),
            )
    return found


def differences(runs: list[Run]) -> list[tuple[str, ...]]:
    """Settings that are not the same in all runs: (setting, value per run)."""
    tables = [_flat(run) for run in runs]
    keys = dict.fromkeys(key for table in tables for key in table)
    rows = []
    for key in keys:
        values = tuple(table.get(key, fmt.DASH) for table in tables)
        if len(set(values)) > 1:
            rows.append((key, *values))
    return rows


def _flat(run: Run) -> dict[str, str]:
    table = {
        "inputs": ", ".join(run.campaign.inputs),
        "outputs": ", ".join(run.campaign.outputs),
        "records": ", ".join(
            f"{r.name} ({u})" for r, u in zip(run.campaign.records, run.campaign.uses, strict=True)
        ),
    }
    for name, value in run.config.to_dict().items():
        if isinstance(value, dict):
            table |= {f"{name} {inner}": str(v) for inner, v in value.items()}
        else:
            table[name] = str(value)
    return table


# ---- ranking ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Measure:
    """A number per output and record by which runs can be ranked."""

    name: str
    is_high_good: bool
    of: Callable[[np.ndarray, np.ndarray], np.ndarray]  # measured, model (N, 1) -> (1,)


MEASURES = (
    Measure("NRMSE", False, metrics.nrmse),
    Measure("Fit [%]", True, metrics.fit_percent),
    Measure("VAF [%]", True, metrics.vaf),
    Measure("Theil U", False, lambda z, y: np.asarray(metrics.theil(z - z[0], y - z[0]).u)),
    Measure("Largest error / spread", False,
            lambda z, y: np.asarray(metrics.max_error(z, y)) / np.maximum(z.std(axis=0), 1e-300)),
)  # fmt: skip
RANK_COLUMNS = (
    ("Place", ""),
    ("Run", ""),
    ("Mean", "Over all validation records and outputs that the ticked runs share"),
    ("Best", "Of any record and output"),
    ("Worst", "Of any record and output"),
    ("95 % band", "Of the mean, from the spread over records and outputs (Student's t)"),
    ("Pairs won", "Records and outputs on which this run is the best of the ticked ones"),
)
_T_95 = (12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)  # 1 to 10 degrees


def judged_records(runs: list[Run]) -> tuple[str, ...]:
    """The shared records that none of the runs trained on."""
    trained = {r.name for run in runs for r in run.campaign.with_use(Use.TRAIN)}
    return tuple(name for name in shared_records(runs) if name not in trained)


def ranking(runs: list[Run], measure: Measure) -> list[tuple[tuple[str, float], ...]]:
    """Cells of the ranking by this measure, the best first; empty without shared records."""
    names, channels = judged_records(runs), shared_outputs(runs)
    if not names or not channels:
        return []
    values = np.array(
        [[_measured(run, name, c.name, measure) for name in names for c in channels]
         for run in runs]
    )  # fmt: skip
    sign = -1.0 if measure.is_high_good else 1.0
    filled = np.where(np.isfinite(values), sign * values, np.inf)
    won = np.bincount(np.argmin(filled, axis=0), minlength=len(runs))
    order = np.argsort(np.where(np.isfinite(filled), filled, 1e9).mean(axis=1), kind="stable")
    return [
        _rank_row(place, runs[k], values[k], int(won[k]), sign)
        for place, k in enumerate(order, start=1)
    ]


def _measured(run: Run, record: str, output: str, measure: Measure) -> float:
    _, z, y = response(run, record, output)
    good = np.isfinite(z) & np.isfinite(y)
    if good.sum() < 3:
        return math.nan
    return float(np.ravel(measure.of(z[good][:, None], y[good][:, None]))[0])


def _rank_row(
    place: int, run: Run, values: np.ndarray, won: int, sign: float
) -> tuple[tuple[str, float], ...]:
    known = np.sort(sign * values[np.isfinite(values)]) * sign
    n = len(known)
    mean = float(known.mean()) if n else math.nan
    best, worst = (float(known[0]), float(known[-1])) if n else (math.nan, math.nan)
    band = (fmt.DASH, math.nan)
    if n > 1:
        t = _T_95[n - 2] if n - 2 < len(_T_95) else 2.0
        half = t * float(known.std(ddof=1)) / math.sqrt(n)
        band = (f"{fmt.figure(mean - half)} to {fmt.figure(mean + half)}", half)
    numbers = ((fmt.figure(v), v) for v in (mean, best, worst))
    return ((str(place), place), (run.name, place), *numbers, band, (f"{won} of {n}", won))


# ---- error against size -------------------------------------------------------------------------


def pareto(runs: list[Run]) -> dict[str, np.ndarray]:
    """Per run, weights and cost (n, 2) of every candidate that did not diverge."""
    return {
        run.name: np.array(
            [(c.n_parameters, c.cost) for c in run.candidates
             if math.isfinite(c.cost) and not c.diverged],
            dtype=float,
        ).reshape(-1, 2)
        for run in runs
    }  # fmt: skip


def front(points: np.ndarray) -> np.ndarray:
    """The points (n, 2) that no other beats in both columns, by the first."""
    kept: list[np.ndarray] = []
    for point in points[np.lexsort((points[:, 1], points[:, 0]))]:
        if not kept or point[1] < kept[-1][1]:
            kept.append(point)
    return np.array(kept).reshape(-1, 2)


__all__ = [
    "COLUMNS", "FIRST_SHOWN", "MEASURES", "RANK_COLUMNS", "RunLine", "convergence", "convergences",
    "differences", "front", "judged_records", "pareto", "ranking", "response", "run_lines",
    "shared_outputs", "shared_records",
]  # fmt: skip
