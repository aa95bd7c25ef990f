"""``heliid compare``: the optimisers on one problem, with equal budgets and seeds."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heliid.cli import console
from heliid.cli.identify import command_text, interruptible, make_config, today
from heliid.cli.records import read_campaign

if TYPE_CHECKING:
    from heliid.comparison import Comparison


def run(options: argparse.Namespace) -> int:
    """Run, compare, print, write."""
    from heliid.export.folders import prepare_folder

    config = make_config(options)
    campaign, said = read_campaign(options)
    folder = prepare_folder(Path(options.out)) if options.out else None
    from heliid.export.comparison_files import write_comparison  # heavy, as in identify
    from heliid.study.compare import compare_searches

    progress = console.ProgressLine(is_quiet=options.json)
    with interruptible() as should_stop:
        result = compare_searches(
            campaign, config, options.searches, options.seeds,
            report=progress, should_stop=should_stop,
        )  # fmt: skip
    progress.clear()
    notices = [*said, *result.notices]
    if result.reason == "stopped":
        notices.append("Stopped: only the seeds that every searcher finished are compared.")
    files: list[str] = []
    if folder is not None:
        files = write_comparison(
            result, folder, command=command_text(), created=today(), notices=notices
        )
    if options.json:
        document = {
            "out": str(folder) if folder else None,
            "files": files,
            "reason": result.reason,
            "seconds": result.seconds,
            "n_trained": result.n_trained,
            "notices": notices,
            **result.comparison.to_dict(),
        }
        console.write_json(document)
        return 0
    console.write(comparison_text(result.comparison))
    for notice in notices:
        console.write(notice)
    if folder is not None:
        console.write(f"Written to {folder}: {', '.join(files)}")
    return 0


def comparison_text(found: Comparison) -> str:
    """The tables and the paragraph."""
    header: list[str] = ["search", "median", "quartiles", "best", "worst", "mean rank"]
    levels = [rate.level for rate in found.summaries[0].success]
    header += [f"within {level:.0%}" for level in levels]
    rows: list[list[Any]] = []
    for one in found.summaries:
        quartiles = f"{one.lower_quartile:.4f}-{one.upper_quartile:.4f}"
        rows.append(
            [one.searcher, f"{one.median:.4f}", quartiles, f"{one.best:.4f}", f"{one.worst:.4f}",
             f"{one.mean_rank:.2f}", *(f"{rate.rate:.0%}" for rate in one.success)]
        )  # fmt: skip
    text = console.table(header, rows)
    pairs = [
        (pair.first, pair.second, f"{pair.wins}/{pair.ties}/{pair.losses}", f"{pair.p_holm:.2g}",
         f"{pair.effect:+.2f}")
        for pair in found.pairs
    ]  # fmt: skip
    text += "\n" + console.table(("first", "second", "won/tied/lost", "p (Holm)", "effect"), pairs)
    return f"{text}\n{found.paragraph}\n"
