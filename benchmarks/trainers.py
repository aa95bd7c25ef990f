"""The trainers compared: ``python -m benchmarks.trainers [PART ...] [--quick] [--write]``.

Loss and free-run fit against CPU time on three data sets, robustness as the mini-batch grows,
networks up to some thousands of weights, and the work of one rank of two. ``--write`` puts the
tables into ``docs/trainers.md``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import ceil
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from heliid.data.bundled import load_example
from heliid.errors import HeliIDError
from heliid.model.structure import Structure
from heliid.search.encoding import structure_from_text
from heliid.study import StudyConfig
from heliid.study.ground import Ground, make_ground
from heliid.training import TrainingSettings, train
from heliid.training.dataset import Dataset
from heliid.training.fit import first_stage, make_problem, run_stage
from heliid.training.levenberg import descend
from heliid.training.ranks import Line as Edge
from heliid.training.ranks import LocalRanks, OneRank, Ranks, make_lines
from heliid.training.scoring import free_run_errors
from heliid.training.sharded import cut_leaves, train_sharded
from heliid.training.trainers import TRAINERS
from heliid.training.trainers.bicgstab import Trace
from heliid.training.trainers.bicgstab import descend as exact
from heliid.training.trainers.sgd import descend_adam

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/trainers.md"
SETS = {
    "truth": ("helicopter with known truth, 4 outputs", "na=2,nb=3,nk=0,spacing=2,h=4"),
    "trex550": ("T-REX 550 pitch test, real flight", "na=2,nb=4,nk=1,spacing=2,h=2"),
    "quarter_drone": ("quarter drone pitch rig, real bench", "na=2,nb=4,nk=0,spacing=1,h=4"),
}
WIDE = (4, 16)  # hidden units on the truth set
WIDEST = (48, 112)
RANK_RATES = {"truth": 50.0, "trex550": 100.0, "quarter_drone": 0.0}  # Hz; 0: as proposed


@dataclass(frozen=True)
class Line:
    """One trainer on one data set: medians over weight tables."""

    trainer: str
    effort: float
    cost: float
    fit: float  # %, whole-record free run on validation records
    cpu_s: float
    n_weights: int
    diverged: int


def ground_of(key: str) -> Ground:
    """The data set as a study sees it, at the rate the app proposes (at most 20 Hz)."""
    return make_ground(load_example(key), StudyConfig())


def measure(
    ground: Ground, structure: Structure, trainer: str, effort: float, tables: tuple[int, ...]
) -> Line:
    """Train with the full curriculum; score the free run."""
    ways = replace(ground.settings.training, trainer=trainer)
    ways = replace(ways, iterations=tuple(int(np.ceil(effort * n)) for n in ways.iterations))
    rows = [_one(ground, structure, ways, table) for table in tables]
    costs, fits, seconds = np.array(rows).T
    lost = int(np.sum(~np.isfinite(costs) | (fits <= -100.0)))
    return Line(
        trainer, effort, float(np.median(costs)), float(np.median(fits)),
        float(np.median(seconds)), structure.n_parameters, lost,
    )  # fmt: skip


def _one(
    ground: Ground, structure: Structure, ways: TrainingSettings, table: int
) -> tuple[float, float, float]:
    began = time.process_time()
    try:
        fit = train(structure, ground.train, ways, table)
    except HeliIDError:
        return np.inf, -100.0, time.process_time() - began
    spent = time.process_time() - began
    errors, share = free_run_errors(
        structure, fit.weights, ground.validate, 0.0, ground.settings.n_start
    )
    return fit.cost, 100.0 * (1.0 - errors.mean()) if share == 1.0 else -100.0, spent


def compared(quick: bool, say: Callable[[str], None]) -> None:
    """Every trainer at one and three times the default effort."""
    tables = (0,) if quick else (0, 1)
    for key, (title, order) in SETS.items():
        ground = ground_of(key)
        structure = structure_from_text(order, len(ground.inputs), len(ground.outputs))
        train_one = partial(measure, ground, structure, tables=tables)
        train_one("lm", 0.2)  # kernels compiled before the clock runs
        say(f"\n### {title}: `{order}`, {structure.n_parameters} weights, "
            f"{ground.train.n_samples} samples\n")  # fmt: skip
        say("| trainer | effort | training loss | free-run fit, validation | CPU, s | lost |")
        say("|---|---|---|---|---|---|")
        for name in TRAINERS:
            for effort in (1.0,) if quick else (1.0, 3.0):
                line = train_one(name, effort)
                say(f"| {name} | {line.effort:g} | {line.cost:.5f} | {line.fit:.1f} % | "
                    f"{line.cpu_s:.2f} | {line.diverged} of {len(tables)} |")  # fmt: skip


def batches(quick: bool, say: Callable[[str], None]) -> None:
    """What becomes of the loss after the same passes over the data as the batch grows."""
    for key in SETS:
        _batches_of(key, quick, say)


def _batches_of(key: str, quick: bool, say: Callable[[str], None]) -> None:
    ground = ground_of(key)
    title, order = SETS[key]
    structure = structure_from_text(order, len(ground.inputs), len(ground.outputs))
    ways = ground.settings.training
    problem = make_problem(structure, ground.train, ways)
    stage = run_stage(problem, ways, first_stage(problem, ways, 0), ways.horizons_s[0], 6)
    window_s = ways.horizons_s[1]
    segments = ground.train.segments(structure.n_start, round(window_s / ground.dt))
    start = problem.cost(stage.theta, segments)
    lm = descend(problem, stage.theta, segments, iterations=12).cost
    say(f"\n### {title}\n")
    say(f"{len(segments)} windows of {window_s:g} s, loss {start:.5f} at the start (after one "
        f"short stage of lm); lm on all of them: {lm:.5f} after 12 steps.\n")  # fmt: skip
    say("| windows per batch | Adam, loss after 80 passes | Bi-CGSTAB, loss after 12 steps | "
        "its Hessian products | negative curvature met, followed |")  # fmt: skip
    say("|---|---|---|---|---|")
    sizes = sorted({n for n in (1, 4, 16, 64) if n < len(segments)} | {len(segments)})
    for size in sizes[::2] if quick else sizes:
        adam = descend_adam(problem, stage.theta, segments, iterations=10, batch=size)
        trace = Trace()
        newton = exact(
            problem, stage.theta, segments, iterations=12, trace=trace,
            batch=size if size < len(segments) else 0,
        )  # fmt: skip
        say(f"| {size} | {adam.cost:.5f} | {newton.cost:.5f} | {trace.products} | "
            f"{trace.met}, {trace.followed} |")  # fmt: skip


def ranks(quick: bool, say: Callable[[str], None]) -> None:
    """One order over 1 and 2 local ranks: same bits, and the work of the busier one."""
    say("\nHalf the effort, at the records' own rate where the model rate leaves a single leaf.\n")
    say("| data | leaves | trainer | training loss | bits over 2 ranks | CPU, s, 1 rank | "
        "busier of 2 | share |")  # fmt: skip
    say("|---|---|---|---|---|---|---|---|")
    for key, rate_hz in RANK_RATES.items():
        ground = make_ground(load_example(key), StudyConfig(rate_hz=rate_hz))
        order = SETS[key][1]
        structure = structure_from_text(order, len(ground.inputs), len(ground.outputs))
        leaves = len(cut_leaves(ground.train.segments(structure.n_start, 0)))
        leaves = max(leaves, len(cut_leaves(ground.train.segments(structure.n_start, 20))))
        for name in ("lm", "hf") if quick else TRAINERS:
            ways = replace(ground.settings.training, trainer=name)
            effort = 0.2 if quick else 0.5
            ways = replace(ways, iterations=tuple(ceil(effort * n) for n in ways.iterations))
            job = (structure, ground.train, ways)
            train_ranked(OneRank(), structure, ground.train, replace(ways, iterations=(1, 1, 1, 1)))
            alone, cost, one_s = train_ranked(OneRank(), *job)
            shared, _, two_s = on_two_ranks(*job)
            same = "equal" if alone == shared else "DIFFERENT"
            say(f"| {key} | {leaves} | {name} | {cost:.5f} | {same} | {one_s:.2f} | {two_s:.2f} | "
                f"{two_s / one_s:.2f} |")  # fmt: skip


def train_ranked(
    ranks: Ranks, structure: Structure, data: Dataset, ways: TrainingSettings
) -> tuple[bytes, float, float]:
    """Bits of the weights, loss, and this rank's CPU seconds."""
    began = time.process_time()
    fit = train_sharded(structure, data, ways, ranks)
    spent = time.process_time() - began
    found = (getattr(fit.weights, n).tobytes() for n in fit.weights.__dataclass_fields__)
    return b"".join(found), fit.cost, spent


def _rank_1(
    line: Edge, answer: Connection, structure: Structure, data: Dataset, ways: TrainingSettings
) -> None:
    ranks, short = (
        LocalRanks(1, 2, {0: line}),
        replace(ways, iterations=(1,) * len(ways.iterations)),
    )
    train_ranked(ranks, structure, data, short)  # kernels loaded
    answer.send(train_ranked(ranks, structure, data, ways))


def on_two_ranks(
    structure: Structure, data: Dataset, ways: TrainingSettings
) -> tuple[bytes, float, float]:
    """The same over two local ranks; the CPU seconds are those of the busier one."""
    context = get_context("spawn")
    ends, (here, there) = make_lines(context, 2), context.Pipe()
    process = context.Process(target=_rank_1, args=(ends[1][0], there, structure, data, ways))
    process.start()
    there.close()
    ends[1][0].close()
    pair = LocalRanks(0, 2, ends[0])
    short = replace(ways, iterations=(1,) * len(ways.iterations))
    train_ranked(pair, structure, data, short)
    bits, cost, mine = train_ranked(pair, structure, data, ways)
    others, _, theirs = here.recv()
    process.join()
    return (bits if bits == others else b""), cost, max(mine, theirs)


def wide(quick: bool, say: Callable[[str], None]) -> None:
    """Networks too wide for their data: only the cost of a step is of interest."""
    _wide(say, WIDE[:1] if quick else WIDE, 0.5)


def widest(quick: bool, say: Callable[[str], None]) -> None:
    """Some thousands of weights, a fifth of the effort."""
    _wide(say, WIDEST[:1] if quick else WIDEST, 0.2)


def _wide(say: Callable[[str], None], widths: tuple[int, ...], effort: float) -> None:
    ground = ground_of("truth")
    say(
        "\n| hidden units | weights | trainer | training loss | free-run fit, validation | CPU, s |"
    )
    say("|---|---|---|---|---|---|")
    for h in widths:
        structure = structure_from_text(f"na=4,nb=6,nk=0,spacing=1,h={h}", 2, 4)
        for name in ("lm", "hf", "bicgstab", "adam"):
            line = measure(ground, structure, name, effort, (0,))
            say(f"| {h} | {line.n_weights} | {name} | {line.cost:.5f} | {line.fit:.1f} % | "
                f"{line.cpu_s:.1f} |")  # fmt: skip


HEAD = """\
# Trainers

**In short**: keep `lm`. At the sizes of one helicopter it reaches a low loss in a tenth of the time
of anything else. `hf` comes to the same or lower losses when given three times the iterations, for
20 to 30 times the CPU. `bicgstab` meets negative curvature in most early iterations and gains by
following it, but stays behind. Adam and plain gradients do not reach the others' losses in this
time.

Tables made by `python -m benchmarks.trainers [compared|batches|wide|widest|ranks] --write`; do not
edit them by hand.

Choose with `--trainer NAME` or `StudyConfig(trainer=NAME)`. Levenberg-Marquardt (`lm`) is the
default. The others are there for questions and sizes beyond it.

"""

TAIL = """
## How they work

- **lm**: exact forward sensitivities, the Gauss-Newton matrix, Cholesky.
- **hf**: the same step by preconditioned conjugate gradients; no matrix is formed (Martens 2010).
  The preconditioner is the exact block of the linear tier and, per hidden unit, that block scaled
  by the unit's output weights.
- **bicgstab**: products with the exact Hessian (forwards over the adjoint run, Pearlmutter 1994),
  taken on mini-batches of windows in turn; the inner solver is Bi-CGSTAB (van der Vorst 1992).
  Negative curvature that it meets is followed downhill (He, Mudigere, Smelyanskiy and Takáč 2016)
  and raises the damping; where nothing goes downhill a short Lanczos run looks for it.
- **adam**, **sgd**: synchronous mini-batches of windows in seeded order, cosine-falling rate
  (Kingma & Ba 2015); the best place after a pass is kept.

All see the same prior, curriculum of horizons and start. Effort multiplies the iterations of every
stage; for adam and sgd one iteration is eight passes over the data. Losses and fits are medians
over weight tables; what lasts longer may fit its training records better and unseen ones worse. CPU
times are from a shared machine: compare them inside one table only. A fit of -100 % stands for a
run that diverged.
"""


PARTS: dict[str, tuple[str, Callable[[bool, Callable[[str], None]], None]]] = {
    "compared": ("Loss and fit against CPU time", compared),
    "batches": ("As the mini-batch grows", batches),
    "wide": ("Wide networks (truth set, half the effort)", wide),
    "widest": ("The widest (truth set, a fifth of the effort)", widest),
    "ranks": ("Over ranks", ranks),
}


def main() -> None:
    """Print the tables; keep each in the page as it comes, if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=list(PARTS), metavar="PART")
    parser.add_argument("--quick", action="store_true", help="one weight table, small networks")
    parser.add_argument("--write", action="store_true", help="into docs/trainers.md")
    options = parser.parse_args()
    for name in options.parts:
        title, run = PARTS[name]
        lines = [f"## {title}"]

        def say(text: str, lines: list[str] = lines) -> None:
            print(text, flush=True)
            lines.append(text)

        print(lines[0], flush=True)
        run(options.quick, say)
        if options.write:
            put(name, "\n".join(lines))


def put(name: str, text: str) -> None:
    """Replace the tables of one part in the page."""
    empty = "".join(f"<!-- {one} -->\n<!-- end {one} -->\n" for one in PARTS)
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else HEAD + empty + TAIL
    begin, end = f"<!-- {name} -->\n", f"<!-- end {name} -->\n"
    head, _, rest = page.partition(begin)
    page = head + begin + text + "\n\n" + end + rest.partition(end)[2]
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
