"""Does a flat minimum generalise better here? ``python -m benchmarks.sharpness [--write]``.

Fits of one order from many starts and batch sizes: their sharpness and top eigenvalue on the
training records against the error on validation and test records. ``--write`` makes
``docs/flatness.md``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from heliid.data.bundled import load_example
from heliid.data.campaign import Use
from heliid.data.prepare import prepare
from heliid.model.network import Weights
from heliid.model.structure import Structure
from heliid.search.encoding import structure_from_text
from heliid.sharpness import STATED_EPSILON as EPSILON
from heliid.sharpness import flatness_of
from heliid.study import StudyConfig
from heliid.study.ground import Ground, make_ground
from heliid.training import Dataset, make_dataset, train
from heliid.training.curvature import SegmentObjective
from heliid.training.fit import first_stage, make_problem, run_stage
from heliid.training.levenberg import Problem
from heliid.training.parameters import Prior
from heliid.training.scoring import free_run_errors
from heliid.training.trainers.sgd import descend_adam

PAGE = Path(__file__).resolve().parents[1] / "docs/flatness.md"
SETS = {
    "truth": "na=2,nb=3,nk=0,spacing=2,h=3",
    "trex550": "na=2,nb=3,nk=1,spacing=2,h=2",
    "quarter_drone": "na=2,nb=4,nk=0,spacing=1,h=3",
}
BATCHES = (2, 8, 32, 1000)


@dataclass(frozen=True)
class Point:
    """One fit."""

    loss: float
    sharpness: float  # nan where a run diverges in the box
    top: float
    unseen: float  # NRMSE of validation and test records, 2 s windows


def unseen_of(ground: Ground) -> tuple[Dataset, Dataset]:
    """Validation and test records as the study would see them."""
    campaign = ground.campaign
    test = [
        prepare(r, campaign.inputs, campaign.outputs, dt=ground.dt, trim_rule=ground.trim_rule,
                filter_hz=ground.filter_hz)
        for r in campaign.with_use(Use.TEST)
    ]  # fmt: skip
    return ground.validate, make_dataset(test, ground.scaling)


def point_of(ground: Ground, structure: Structure, weights: Weights, window_s: float) -> Point:
    """Flatness on the training records against the error on the others."""
    data = ground.train
    size = structure.n_parameters
    plain = Prior(np.zeros((size, size)), np.zeros(size), 0.0)
    problem = Problem(structure, data, plain, single=False)
    segments = data.segments(structure.n_start, max(1, round(window_s / data.dt)))
    theta = problem.layout.join(weights, data.increment_std)
    found = flatness_of(SegmentObjective(problem, segments), theta, epsilon=EPSILON)
    errors = [
        free_run_errors(structure, weights, other, window_s)[0].mean()
        for other in unseen_of(ground)
    ]
    sharp = np.nan if found.diverges else found.sharpness
    return Point(found.loss, sharp, found.largest[0], float(np.mean(errors)))


def correlation(points: list[Point]) -> str:
    """Spearman's rank correlation of sharpness and of the top eigenvalue with the unseen error."""
    unseen = [p.unseen for p in points]
    parts = []
    for name in ("sharpness", "top"):
        values = np.array([getattr(p, name) for p in points])
        usable = np.isfinite(values)
        rho, chance = spearmanr(values[usable], np.array(unseen)[usable])
        parts.append(f"{rho:+.2f} (p {chance:.2f}, n {usable.sum()})")
    return " | ".join(parts)


def starts(n: int, say: Callable[[str], None]) -> None:
    """Fits of one order by Levenberg-Marquardt from ``n`` weight tables."""
    say("\n| data | loss on training | sharpness | largest eigenvalue | error on unseen records | "
        "rho of sharpness | rho of the eigenvalue |")  # fmt: skip
    say("|---|---|---|---|---|---|---|")
    for key, order in SETS.items():
        ground = make_ground(load_example(key), StudyConfig())
        structure = structure_from_text(order, len(ground.inputs), len(ground.outputs))
        points = [
            point_of(ground, structure, train(structure, ground.train, ground.settings.training,
                                              table).weights, 2.0)
            for table in range(n)
        ]  # fmt: skip
        say(f"| {key} | {_span(points, 'loss')} | {_span(points, 'sharpness')} | "
            f"{_span(points, 'top')} | {_span(points, 'unseen')} | "
            f"{correlation(points)} |")  # fmt: skip


def _span(points: list[Point], name: str) -> str:
    values = [getattr(p, name) for p in points]
    return f"{np.nanmin(values):.3g} to {np.nanmax(values):.3g}"


def batch_sizes(n: int, say: Callable[[str], None]) -> None:
    """Adam with small and with large batches from the same starts (Keskar's experiment)."""
    say("\n| data | windows per batch | loss on training | sharpness | largest eigenvalue | "
        "error on unseen records |")  # fmt: skip
    say("|---|---|---|---|---|---|")
    for key, order in SETS.items():
        ground = make_ground(load_example(key), StudyConfig())
        structure = structure_from_text(order, len(ground.inputs), len(ground.outputs))
        ways = replace(ground.settings.training, window_s=0.0)
        for batch in BATCHES:
            points = []
            for table in range(n):
                problem = make_problem(structure, ground.train, ways)
                stage = run_stage(problem, ways, first_stage(problem, ways, table), 0.5, 3)
                segments = ground.train.segments(structure.n_start, round(2.0 / ground.dt))
                found = descend_adam(
                    problem, stage.theta, segments, iterations=15, batch=min(batch, len(segments))
                )
                weights = problem.layout.weights(found.theta, ground.train.increment_std)
                points.append(point_of(ground, structure, weights, 2.0))
            middle = [np.nanmedian([getattr(p, name) for p in points])
                      for name in ("loss", "sharpness", "top", "unseen")]  # fmt: skip
            size = f"{batch}" if batch < len(segments) else f"all {len(segments)}"
            say(f"| {key} | {size} | " + " | ".join(f"{value:.3g}" for value in middle) + " |")
            if batch >= len(segments):
                break


HEAD = """\
# Flat and sharp minima

Made by `python -m benchmarks.sharpness --write`; do not edit by hand. `heliid score --sharpness`
and the button *Measure flatness* on the page Robustness of Validate give the numbers for one model,
with the box and the windows of the tables below.

**Sharpness** is 100 (worst - loss) / (1 + loss), worst the largest loss in the box
|dx_i| <= epsilon (|x_i| + 1) around the weights (Keskar, Mudigere, Nocedal, Smelyanskiy and Tang
2017, metric 2.1). **Eigenvalues** are those of the loss's exact Hessian by Lanczos. Both depend on
the parametrisation (a scaling of the hidden units that leaves the model as it is moves them), so
compare them between fits of one order on the same records only.

The loss here is the mean squared error of free runs restarted every 2 s, in standard deviations,
summed over outputs; "unseen" is the mean NRMSE over validation and test records. Test records are
scored here for this question only; nothing in HeliID was chosen by them.

"""


def main() -> None:
    """Print the tables, write the page if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fits", type=int, default=20)
    parser.add_argument("--starts", type=int, default=3, help="per batch size")
    parser.add_argument("--write", action="store_true", help="write docs/flatness.md")
    options = parser.parse_args()
    lines: list[str] = []

    def say(text: str) -> None:
        print(text, flush=True)
        lines.append(text)

    say(f"## {options.fits} fits of one order from different starts, epsilon {EPSILON:g}")
    starts(options.fits, say)
    say(f"\n## Small and large batches, medians of {options.starts} starts, 120 passes of Adam")
    batch_sizes(options.starts, say)
    if options.write:
        PAGE.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
