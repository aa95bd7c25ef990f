"""Runs side by side: which are ticked, their numbers, their free runs; no Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from heliid.data.record import Channel
from heliid_gui.presenters import formatting as fmt
from heliid_gui.presenters.evolve import convergence
from heliid_gui.presenters.workbench import Run

MAX_SHOWN = 5  # more curves than this in one plot cannot be told apart


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
            (fmt.SHORT_SEARCH.get(run.config.search, run.config.search), 0.0),
            (fmt.figure(run.cost, 4), run.cost),
            (fmt.figure(run.linear_cost, 4), run.linear_cost),
            (fmt.whole(size), size),
            (fmt.whole(hidden), hidden),
            (str(len(run.candidates)), len(run.candidates)),
            (fmt.duration(run.seconds), run.seconds),
            (str(run.config.seed), run.config.seed),
        ),
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


__all__ = [
    "COLUMNS", "MAX_SHOWN", "RunLine", "convergence", "convergences", "differences", "response",
    "run_lines", "shared_outputs", "shared_records",
]  # fmt: skip
