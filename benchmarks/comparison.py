"""The critical comparison of the searchers, as docs/comparison.md: ``make comparison``.

``python -m benchmarks.comparison live aw109`` runs what ``heliid compare`` runs (every order
trained once, shared by all searchers) and keeps the runs in ``benchmarks/tables``.
``python -m benchmarks.comparison`` replays all searchers on the enumerated lattices, where every
order's cost is known and so is the optimum, and writes the page with the live runs beside them.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

from benchmarks.lattice import BUDGET, SEARCHERS, SEEDS, TRIES, all_runs, landscapes, success
from benchmarks.lattice_tables import ROOT, TABLES, Landscape
from heliid.atomic import write_json, write_text
from heliid.comparison import Comparison, Run, compare, label
from heliid.export.comparison_files import comparison_panel
from heliid.export.svg import panel_svg

LIVE = ("ais", "abc", "pso", "random")
LIVE_BUDGET, LIVE_SEEDS = 30, 8
EFFORTS = (10, 25, 50, 100, 200, 400)
PICTURES = ROOT / "docs" / "pictures"
TITLES = {
    "truth": "the truth set (BO-105-like, simulated)",
    "trex": "the T-REX 550 pitch test, first 70 %",
    "aw109": "aw109_sim (simulated by others)",
    "drone": "the quarter drone's identification run",
}
HEAD = f"""# ABC, AIS, PSO and random search compared

Made by `make comparison`. The cost is the one every search of HeliID sees: free-run error on the
validation manoeuvres and a price per weight. Nothing here looks at a test record.

**On enumerated lattices** every order of a box (na up to 4 where nothing else is said, nb 0-8,
nk 0-3, spacing 1-3, h 0-8, the same for all channels) was trained and scored once, so the optimum
is known: {SEEDS} seeds, {BUDGET} different orders each, all variants. p is that of the
Wilcoxon signed-rank test over equal seeds, corrected after Holm over all pairs of one table; r is
the matched-pairs rank-biserial correlation (1: the first always had the lower cost).

The defaults of the searchers were settled earlier, on lattices of made-up and of bundled records;
what the T-REX and the truth lattice say is therefore no blind test of them. A textbook form that
comes back to known orders is stopped after {TRIES * BUDGET} questions.
"""
LIVE_HEAD = """
**Live** runs below are those of `heliid compare` on a study's own box, where each channel has genes
of its own and no optimum is known. Nothing was tuned on the AW109.
"""


def live(name: str, n_seeds: int, budget: int) -> None:
    """Run the searchers on a case and keep the runs."""
    from benchmarks.accuracy import CASES
    from benchmarks.lattice_tables import SETTINGS
    from heliid.study.compare import compare_searches
    from heliid.study.config import StudyConfig

    campaign = CASES[name].campaign(ROOT / "data")
    if campaign is None:
        raise SystemExit(f"The data of {name} are not in {ROOT / 'data'}.")
    config = StudyConfig(budget=budget, workers=1, **SETTINGS.get(name, {}))
    found = compare_searches(campaign, config, LIVE, n_seeds)
    runs = [[run.searcher, run.seed, list(run.trace)] for run in found.runs]
    TABLES.mkdir(exist_ok=True)
    document = {"case": name, "n_trained": found.n_trained, "runs": runs}
    write_json(TABLES / f"compare_{name}.json", document, indent=None)
    print(found.comparison.paragraph)


def kept_runs(path: Path) -> tuple[str, int, list[Run]]:
    """Case, number of trainings and runs of a live comparison."""
    document = json.loads(path.read_text())
    runs = [Run(searcher, seed, tuple(trace)) for searcher, seed, trace in document["runs"]]
    return document["case"], document["n_trained"], runs


def table(header: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def summaries(found: Comparison) -> str:
    """Medians, spread, ranks, success."""
    rows = []
    for one in found.summaries:
        rates = [f"{rate.rate:.0%} ({rate.low:.0%}-{rate.high:.0%})" for rate in one.success]
        rows.append(
            [label(one.searcher), f"{one.median:.4f}",
             f"{one.lower_quartile:.4f}-{one.upper_quartile:.4f}",
             f"{one.best:.4f}-{one.worst:.4f}", f"{one.mean_rank:.2f}", *rates]
        )  # fmt: skip
    levels = [f"within {rate.level:.0%} (95 %)" for rate in found.summaries[0].success]
    header = ["search", "median", "quartiles", "best-worst", "Friedman rank", *levels]
    return table(header, rows)


def pairs(found: Comparison) -> str:
    """Every searcher against random search, and the three among each other."""
    main = {"ais", "abc", "pso"}
    chosen = [
        one for one in found.pairs
        if "random" in (one.first, one.second) or {one.first, one.second} <= main
    ]  # fmt: skip
    rows = [
        [f"{label(one.first)} - {label(one.second)}", f"{one.wins}/{one.ties}/{one.losses}",
         f"{one.median_difference:+.2g}", f"{one.p:.1e}", f"{one.p_holm:.1e}", f"{one.effect:+.2f}"]
        for one in chosen
    ]  # fmt: skip
    return table(["pair", "won/tied/lost", "median difference", "p", "p (Holm)", "r"], rows)


def convergence(found: Comparison) -> str:
    """Median and quartiles of the best cost after so many orders."""
    efforts = [n for n in EFFORTS if n <= found.budget]
    rows = []
    for curve in found.curves:
        cells = []
        for n in efforts:
            at = max(k for k, x in enumerate(curve.evaluations) if x <= n)
            low, middle, high = (curve.values[curve.quantiles.index(q)][at]
                                 for q in (0.25, 0.5, 0.75))  # fmt: skip
            cells.append(f"{middle:.4f} ({low:.4f}-{high:.4f})")
        rows.append([label(curve.searcher), *cells])
    return table(["median (quartiles) after", *map(str, efforts)], rows)


def section(title: str, about: str, found: Comparison, picture: str) -> str:
    """One problem: paragraph, tables, picture."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    four = tuple(curve for curve in found.curves if curve.searcher in LIVE)
    write_text(PICTURES / picture, panel_svg(comparison_panel(replace(found, curves=four))))
    return "\n".join(
        [f"## {title}\n", about + "\n", found.paragraph + "\n", summaries(found),
         f"Friedman p = {found.friedman_p:.1e}.\n", pairs(found), convergence(found),
         f"![Convergence: median and quartile bands](pictures/{picture})\n"]
    )  # fmt: skip


def reached(landscape: Landscape, runs: list[Run]) -> str:
    """Success within 10 % against different orders."""
    efforts = [n for n in EFFORTS if n <= BUDGET]
    rows = []
    for name in SEARCHERS:
        own = [run for run in runs if run.searcher == name]
        rates = [success(own, landscape.optimum, 0.1, n) for n in efforts]
        rows.append([label(name), *(f"{rate:.0%}" for rate in rates)])
    return table(["within 10 % after", *map(str, efforts)], rows)


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for landscape in landscapes():
        runs = all_runs(landscape)
        found = compare(runs, optimum=landscape.optimum)
        na_max = int(landscape.encoding.bounds.high[0])
        about = (
            f"{len(landscape.costs)} orders (na 1-{na_max}), optimum {landscape.optimum:.4f}; "
            f"{landscape.share_within(0.1):.2%} of all orders are within 10 % of it. "
            f"{landscape.about}."
        )
        title = f"Lattice of {TITLES[landscape.name]}"
        parts.append(section(title, about, found, f"lattice_{landscape.name}.svg"))
        parts.append(reached(landscape, runs))
    kept = sorted(TABLES.glob("compare_*.json"))
    parts += [LIVE_HEAD] if kept else []
    for path in kept:
        name, n_trained, runs = kept_runs(path)
        found = compare(runs)
        about = f"{n_trained} orders trained for all runs together."
        parts.append(section(f"Live on {TITLES[name]}", about, found, f"compare_{name}.svg"))
    return "\n".join(parts)


def main() -> None:
    """Run live, or write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="?", choices=["write", "live"], default="write")
    parser.add_argument("cases", nargs="*", default=["aw109"])
    parser.add_argument("--seeds", type=int, default=LIVE_SEEDS)
    parser.add_argument("--budget", type=int, default=LIVE_BUDGET)
    options = parser.parse_args()
    if options.what == "live":
        for name in options.cases:
            live(name, options.seeds, options.budget)
        return
    write_text(ROOT / "docs" / "comparison.md", page())


if __name__ == "__main__":
    main()
