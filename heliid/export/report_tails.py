"""The bad end of the free runs in a report: value at risk, CVaR, and how often errors exceed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from heliid.export.page import Block, Figure, Table, Text
from heliid.export.svg import Curve, Panel, panel_svg
from heliid.training.risk import cvar, value_at_risk
from heliid.validation import RecordJudgement, ValidationReport

PIECE_S = 5.0
LEVELS = (0.5, 0.8, 0.9)
FEWEST = 5  # pieces below which a tail says nothing
STD_SHARE = 0.2  # of the largest std of the output over the records: the least it is divided by


def tail_blocks(report: ValidationReport) -> list[Block]:
    """Errors of the free runs in pieces of 5 s: table and exceedance curve; none when too few."""
    own = piece_errors(report.records)
    if own.size < FEWEST:
        return []
    header = ("", "pieces", "mean", *(f"VaR {level:.0%}" for level in LEVELS),
              *(f"CVaR {level:.0%}" for level in LEVELS), "worst")  # fmt: skip
    rows = [_row("model", own)]
    curves = [_curve(own, "model")]
    if report.linear is not None:
        beside = piece_errors(report.linear.records)
        rows.append(_row("linear", beside))
        curves.append(_curve(beside, "linear"))
    panel = Panel(
        title="share of pieces whose error is at least this large",
        x_label="NRMSE of a piece of 5 s, mean of the outputs",
        y_label="share",
        curves=tuple(curves),
        height=150,
    )
    return [
        Text(
            "The bad end of the whole-record free runs, cut into pieces of 5 s. Value at risk "
            "(VaR) is the error that a share of the pieces stays below, CVaR the mean of those "
            "beyond it (Rockafellar and Uryasev 2000)."
        ),
        Table(header, tuple(rows), "Errors of pieces of 5 s (NRMSE)", ("",)),
        Figure(panel_svg(panel)),
    ]


def piece_errors(records: Sequence[RecordJudgement]) -> np.ndarray:
    """NRMSE (n,) of every piece of 5 s of the free runs, mean of the outputs, ascending.

    Relative to the standard deviation of each output in its own record, at least a fifth of the
    largest among the records.
    """
    if not records:
        return np.zeros(0)
    spread = np.array([r.measured[r.scored_from :].std(axis=0) for r in records])
    floor = np.maximum(STD_SHARE * spread.max(axis=0), np.finfo(float).tiny)
    found: list[float] = []
    for r, std in zip(records, spread, strict=True):
        error = (r.measured - r.simulated)[r.scored_from :] / np.maximum(std, floor)
        length = max(1, round(PIECE_S / (r.time[1] - r.time[0])))
        n = max(1, round(len(error) / length))
        pieces = np.array_split(error, n)
        found += [float(np.sqrt((piece * piece).mean(axis=0)).mean()) for piece in pieces]
    return np.sort(np.array(found))


def _row(name: str, errors: np.ndarray) -> tuple[str, ...]:
    at_risk = [f"{value_at_risk(errors, level):.3f}" for level in LEVELS]
    beyond = [f"{cvar(errors, level):.3f}" for level in LEVELS]
    mean, worst = f"{errors.mean():.3f}", f"{errors[-1]:.3f}"
    return (name, str(errors.size), mean, *at_risk, *beyond, worst)


def _curve(errors: np.ndarray, kind: str) -> Curve:
    return Curve(errors, 1.0 - np.arange(errors.size) / errors.size, kind, kind)
