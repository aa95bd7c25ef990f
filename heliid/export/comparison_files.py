"""A comparison of searchers as files: data, every run, and one page with plot and statistics."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from heliid.atomic import write_json, write_text
from heliid.comparison import Comparison, label
from heliid.errors import ExportError
from heliid.export.page import Block, Code, Figure, Heading, Remark, Table, Text, page_html
from heliid.export.svg import Band, Curve, Panel, panel_svg
from heliid.study.compare import ComparisonResult

FILES = ("comparison.json", "comparison.csv", "comparison.html")
KINDS = ("model", "linear", "other", "measured", "third", "residual", "bound", "best")


def write_comparison(
    result: ComparisonResult,
    folder: Path,
    *,
    command: str = "",
    created: str = "",
    notices: Sequence[str] = (),
) -> list[str]:
    """Write ``comparison.json``, ``.csv`` (one line per run) and ``.html``; their names."""
    document = {
        "created": created,
        "command": command,
        "reason": result.reason,
        "n_trained": result.n_trained,
        "notices": list(notices),
        **result.comparison.to_dict(),
    }
    page = page_html(
        "Comparison of the searches",
        created,
        comparison_blocks(result.comparison, command=command, notices=notices),
    )
    try:
        write_json(folder / FILES[0], document)
        write_text(folder / FILES[1], runs_csv(result))
        write_text(folder / FILES[2], page)
    except (OSError, ValueError) as problem:
        raise ExportError(
            f"The comparison could not be written to {folder} ({problem}): choose another folder."
        ) from problem
    return list(FILES)


def runs_csv(result: ComparisonResult) -> str:
    """One line per run: searcher, seed, then the best cost after each unique training."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    longest = max(len(run.trace) for run in result.runs)
    lines.writerow(["searcher", "seed", *range(1, longest + 1)])
    for run in result.runs:
        lines.writerow([run.searcher, run.seed, *(repr(cost) for cost in run.trace)])
    return text.getvalue()


def comparison_blocks(
    found: Comparison, *, command: str = "", notices: Sequence[str] = ()
) -> list[Block]:
    """Paragraph, convergence with quartile bands, table, pairs."""
    blocks: list[Block] = [
        Heading("What the numbers say"),
        Text(found.paragraph),
        Heading("Convergence"),
        Figure(panel_svg(comparison_panel(found)), "Median over the seeds, with the quartiles."),
        Heading("Results"),
        _summaries(found),
        _pairs(found),
    ]
    blocks += [Remark(text) for text in notices]
    if command:
        blocks += [Heading("How to repeat it"), Code(command)]
    return blocks


def comparison_panel(found: Comparison) -> Panel:
    """Best cost so far against unique trainings: median and quartile band of every searcher."""
    curves, bands = [], []
    for k, one in enumerate(found.curves):
        x = np.array(one.evaluations, dtype=float)
        values = {q: np.array(v) for q, v in zip(one.quantiles, one.values, strict=True)}
        kind = KINDS[k % len(KINDS)]
        curves.append(Curve(x, values[0.50], kind, label(one.searcher), is_step=True))
        bands.append(Band(x, values[0.25], values[0.75], kind=kind))
    return Panel(
        title="Best cost so far",
        x_label="unique trainings",
        y_label="cost on validation",
        curves=tuple(curves),
        bands=tuple(bands),
        log_y=True,
        height=300,
    )


def _summaries(found: Comparison) -> Table:
    levels = [rate.level for rate in found.summaries[0].success]
    header = ("search", "runs", "median", "lower quartile", "upper quartile", "best", "worst",
              "mean rank", *(f"within {level:.0%}" for level in levels))  # fmt: skip
    rows = tuple(
        (label(one.searcher), str(one.n_runs), f"{one.median:.4f}", f"{one.lower_quartile:.4f}",
         f"{one.upper_quartile:.4f}", f"{one.best:.4f}", f"{one.worst:.4f}",
         f"{one.mean_rank:.2f}", *(f"{rate.rate:.0%}" for rate in one.success))
        for one in found.summaries
    )  # fmt: skip
    what = "the known optimum" if found.is_optimum_known else "the best cost found by any run"
    return Table(header, rows, f"After {found.budget} unique trainings; 'within' counts runs near "
                 f"{what}.", ("search",))  # fmt: skip


def _pairs(found: Comparison) -> Table:
    rows = tuple(
        (label(p.first), label(p.second), f"{p.wins}/{p.ties}/{p.losses}",
         f"{p.median_difference:+.4f}", f"{p.p:.2g}", f"{p.p_holm:.2g}", f"{p.effect:+.2f}")
        for p in found.pairs
    )  # fmt: skip
    return Table(
        ("first", "second", "won/tied/lost", "median difference", "p", "p (Holm)", "effect"),
        rows,
        f"Wilcoxon signed-rank test on the same seeds; effect: matched-pairs rank-biserial "
        f"correlation, positive when the first is better. Friedman p = {found.friedman_p:.2g}.",
        ("first", "second"),
    )
