"""Few-bit models judged by their free run: ``python -m benchmarks.lowbit [SET ...] [--write]``.

Grouped ternary weights, clustered scales, 8- and 4-bit activations, levels of residual edges and a
refit, against int16, int8, int4 and double precision: multiplications left per step, bits per
weight, fit on validation and test records. All by emulations that the compiled C repeats bit for
bit (``tests/export/test_grouped.py``). ``--write`` makes the tables of ``docs/lowbit.md``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.page_parts import put
from heliid.data.bundled import load_example
from heliid.data.campaign import Use
from heliid.data.record import FlightRecord
from heliid.export.bits import BIAS_BITS, ROW_BITS
from heliid.export.fixed_point import WEIGHT_BITS, quantise, run_fixed
from heliid.export.grouped import GroupedModel, Grouping, make_grouped, run_grouped
from heliid.export.grouped_refit import refit
from heliid.export.portable import Portable, make_portable
from heliid.export.runners import Case
from heliid.export.verify import make_cases
from heliid.metrics import fit_percent
from heliid.model.simulate import prepare_for
from heliid.search.encoding import structure_from_text
from heliid.study import StudyConfig
from heliid.study.ground import make_ground
from heliid.training import train
from heliid.units import unit_or_free

PAGE = Path(__file__).resolve().parents[1] / "docs/lowbit.md"
SETS = {
    "truth": ("helicopter with known truth", "na=2,nb=3,nk=0,spacing=2,h=3", 10.0),
    "trex550": ("T-REX 550 pitch test", "na=2,nb=4,nk=1,spacing=2,h=2", 0.0),
    "quarter_drone": ("quarter drone pitch rig", "na=2,nb=4,nk=0,spacing=1,h=3", 0.0),
}
WORST = -100.0  # a fit below it is shown as lost


class Judge:
    """Free-run fits on the validation and the test records of one set."""

    def __init__(self, portable: Portable, records: dict[str, tuple[FlightRecord, ...]]) -> None:
        self.portable = portable
        self.cases: dict[str, list[tuple[Case, np.ndarray]]] = {}
        for use, some in records.items():
            cases = make_cases(portable, some)[1:]
            self.cases[use] = [
                (case, measured(portable, record)) for case, record in zip(cases, some, strict=True)
            ]

    def fits(self, run: Callable[[Case], np.ndarray]) -> list[float]:
        """Mean fit, %, over records and outputs: validation, test."""
        found = []
        for cases in self.cases.values():
            values = []
            for case, truth in cases:
                rows = slice(self.portable.n_start, None)
                values.append(fit_percent(truth[rows], run(case)[rows]))
            found.append(float(np.mean(values)))
        return found


def measured(portable: Portable, record: FlightRecord) -> np.ndarray:
    """The measured outputs in the units of the export."""
    prepared = prepare_for(portable.model, record)
    y = prepared.y + prepared.y_trim
    return np.column_stack(
        [unit_or_free(c.unit).from_si(y[:, j]) for j, c in enumerate(portable.outputs)]
    )


def row(name: str, work: int, bits: float, fits: list[float]) -> str:
    """One line of the table."""
    shown = ["lost" if fit < WORST else f"{fit:.1f} %" for fit in fits]
    return f"| {name} | {work} | {bits:.1f} | {' | '.join(shown)} |"


def table(key: str) -> str:
    """Everything on one set."""
    title, order, rate = SETS[key]
    ground = make_ground(load_example(key), StudyConfig(rate_hz=rate))
    structure = structure_from_text(order, len(ground.inputs), len(ground.outputs))
    fits = [train(structure, ground.train, ground.settings.training, k) for k in range(3)]
    model = ground.model(structure, min(fits, key=lambda fit: fit.cost).weights)
    portable = make_portable(model)
    campaign = ground.campaign
    held = {use.name: campaign.with_use(use) for use in (Use.VALIDATE, Use.TEST)}
    judge = Judge(portable, held)
    weights = model.weights
    n = weights.w_hid.size + weights.w_out.size + weights.linear.size
    lines = [
        f"## {title}: `{order}`, {n} weights\n",
        "| weights and activations | multiplications per step | bits per weight | "
        "fit, validation | fit, test |",
        "|---|---|---|---|---|",
        row("double precision", n, 64, judge.fits(lambda case: case.y)),
    ]
    for kind in ("int16", "int8", "int4"):
        fixed = quantise(portable, kind)
        rows = structure.n_hidden + structure.n_outputs * (2 if fixed.out else 1)
        biases = structure.n_outputs + structure.n_hidden
        bits = (n * WEIGHT_BITS[kind] + ROW_BITS * rows + BIAS_BITS * biases) / n
        found = judge.fits(lambda case, fixed=fixed: run_fixed(fixed, case)[0])
        lines.append(row(f"{kind} per row, 16-bit activations", n + rows, bits, found))
    for group in (4, 8, 16, 64):
        lines += levels(judge, Grouping(group=group, levels=2), held["VALIDATE"], n)
    small = Grouping(group=4, levels=4, share=1.0)
    lines += levels(judge, small, held["VALIDATE"], n, only_top=True)
    lines += levels(
        judge, Grouping(group=4, clusters=3, levels=4, share=1.0), held["VALIDATE"], n,
        only_top=True,
    )  # fmt: skip
    for bits in (8, 4):
        some = Grouping(group=4, bits=bits, levels=4, share=1.0)
        lines += levels(judge, some, held["VALIDATE"], n, only_top=True)
    for one in (Grouping(group=8, levels=2), small):
        better = refit(make_grouped(portable, one, held["VALIDATE"]), campaign.with_use(Use.TRAIN))
        lines += shown(judge, better, n, "refitted, ", only_top=True)
    return "\n".join(lines)


def levels(
    judge: Judge,
    grouping: Grouping,
    records: tuple[FlightRecord, ...],
    n: int,
    *,
    only_top: bool = False,
) -> list[str]:
    """The levels of one grouping, chosen on validation records."""
    return shown(judge, make_grouped(judge.portable, grouping, records), n, "", only_top=only_top)


def shown(judge: Judge, grouped: GroupedModel, n: int, prefix: str, *, only_top: bool) -> list[str]:
    """Lines of the levels of a model."""
    how = grouped.grouping
    name = f"{prefix}ternary per {how.group}"
    name += f", {how.clusters} clusters of rows" if how.clusters else ""
    name += f", {how.bits}-bit activations" if how.bits < 16 else ""
    lines = []
    for level in [grouped.top] if only_top else range(grouped.top + 1):
        fits = judge.fits(lambda case, level=level: run_grouped(grouped, case, level)[0])
        work, bits = grouped.multiplications(level), grouped.bits(level) / n
        lines.append(row(f"{name}, level {level}", work, bits, fits))
    return lines


HEAD = """\
# Few bits

Tables made by `python -m benchmarks.lowbit --write`; do not edit them by hand. Code for one model:
`heliid export MODEL --to c --type int8` (or `int16`, `int4`, `ternary`) `--file VALIDATION.csv`;
with `ternary` also `--group 4 --clusters 3 --activations 8 --levels 4 --refit TRAIN.csv ...`. The
Export page has the same choices, and *Recommend numbers* measures the table for the model at hand
and chooses what it says.

**Ternary per N**: each weight is -1, 0 or 1 times the scale of its group of N neighbours; threshold
and scale minimise the group's Euclidean error. With clusters, rows of like size share their scales.
**Levels** are residual edges: further ternary terms fitted to what is left, in the half of the rows
(level 4: in all rows) whose error moves the free run on the validation records most. The exported C
switches them while it runs, `NAME_set_level(&state, level)`, up and down, without a restart.
**Refitted**: scales and biases fitted once more to the training records, signs held. "Lost" is a
fit below -100 %. A multiplication counts whatever its width; sums of signs need none.

**In short**: take int16, which loses nothing anywhere. int8 loses 1 to 31 points, int4 the model.
Ternary weights in groups of four keep the fit with all residual levels, but then need as many
products and more bits than int16; with two levels they need 40 % fewer products and fewer bits, and
are as good on two sets of three. A refit makes groups of eight usable (11 products instead of 27 on
the drone, nothing lost). Activations in 8 bits cost nothing measurable, in 4 bits everything. Level
0 alone never keeps the free run: going down is for degraded operation, not for use.
"""


def main() -> None:
    """Print the tables; keep each in the page as it comes, if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", default=list(SETS), metavar="SET")
    parser.add_argument("--write", action="store_true", help="into docs/lowbit.md")
    options = parser.parse_args()
    for key in options.sets:
        text = table(key)
        print(text, flush=True)
        if options.write:
            put(PAGE, HEAD, key, text)


if __name__ == "__main__":
    main()
