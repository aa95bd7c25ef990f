"""The numerical core in figures: kernels against their limits, candidates, accuracy on the truth.

``python -m benchmarks.engine [--quick]``. The kernels' part is that of ``benchmarks.roofline``.
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from heliid.data.prepare import prepare
from heliid.data.record import FlightRecord
from heliid.data.scaling import Scaling
from heliid.linear import best_linear
from heliid.model.network import Weights
from heliid.model.structure import Structure
from heliid.search import fitness
from heliid.training import Dataset, TrainingSettings, make_dataset, train
from heliid.training.fit import make_problem
from heliid.training.scoring import FitnessSettings
from heliid.truth import INPUTS, OUTPUTS, make_truth_set, role_of

TRIM = "lead:1.5"


def truth_sets(hz: float, outputs: tuple[str, ...] = OUTPUTS) -> dict[str, Dataset]:
    """``train``, ``validate``, ``test`` and their noise-free twins at ``hz``, one scaling."""
    dt = 1.0 / hz
    filter_hz = 0.4 * hz if hz < 50 else 0.0
    noisy: dict[str, list] = {}
    clean: dict[str, list] = {}
    for name, (one, twin) in make_truth_set(1).items():
        role = role_of(name)

        def ready(record: FlightRecord, cut: float):
            return prepare(record, INPUTS, outputs, dt=dt, trim_rule=TRIM, filter_hz=cut)

        a, b = ready(one, filter_hz), ready(twin, 0.0)
        shifted = type(b)(
            b.name, b.time, b.u + b.u_trim - a.u_trim, b.y + b.y_trim - a.y_trim, a.u_trim, a.y_trim
        )
        noisy.setdefault(role, []).append(a)
        clean.setdefault(role, []).append(shifted)
    u = np.concatenate([one.u for one in noisy["train"]])
    y = np.concatenate([one.y for one in noisy["train"]])
    std = y.std(axis=0)
    increments = np.concatenate([np.diff(one.y / std, axis=0) for one in noisy["train"]])
    scaling = Scaling(u.mean(axis=0), u.std(axis=0), y.mean(axis=0), std, increments.std(axis=0))
    sets = {role: make_dataset(records, scaling) for role, records in noisy.items()}
    sets |= {f"{role}_clean": make_dataset(records, scaling) for role, records in clean.items()}
    return sets


def order(na: int, nb: int, nk: int, spacing: int, h: int, n_y: int = 4, n_u: int = 2) -> Structure:
    """A compact order, the same for all channels."""
    inputs = tuple(nk + i * spacing for i in range(nb))
    return Structure((tuple(range(1, na + 1)),) * n_y, (inputs,) * n_u, h)


def nrmse_to_truth(structure: Structure, weights: Weights, noisy: Dataset, clean: Dataset) -> float:
    """Free-run NRMSE against the noise-free truth, mean over records and outputs."""
    problem = make_problem(structure, noisy, TrainingSettings())
    theta = problem.layout.join(weights, noisy.increment_std)
    n_diverged, _ = problem.run(theta, noisy.segments(structure.n_start))
    if n_diverged:
        return float("inf")
    values = []
    for first, last in zip(noisy.edges[:-1] + structure.n_start, noisy.edges[1:], strict=True):
        truth = clean.y_all[first:last]
        error = truth - problem.y_sim[first:last]
        values.append(np.sqrt((error**2).mean(axis=0)) / truth.std(axis=0))
    return float(np.mean(values))


def candidates() -> None:
    """One candidate at 10 Hz, and accuracy against the noise-free truth."""
    sets = truth_sets(10)
    settings = FitnessSettings()
    began = time.process_time()
    structure, weights, _ = best_linear(sets["train"], sets["validate"], settings)
    spent = time.process_time() - began

    def to_truth(structure: Structure, weights: Weights, role: str) -> float:
        return nrmse_to_truth(structure, weights, sets[role], sets[f"{role}_clean"])

    linear = to_truth(structure, weights, "validate")
    print("truth set at 10 Hz, free-run NRMSE against the noise-free truth")
    print(
        f"  best linear {structure.output_lags[0]} {structure.input_lags[0]}: validate "
        f"{linear:.4f}, test {to_truth(structure, weights, 'test'):.4f}, {spent:.2f} s CPU"
    )
    for one in ((1, 4, 0, 1, 4), (1, 5, 0, 1, 6), (2, 2, 1, 1, 6), (1, 2, 1, 1, 4)):
        structure = order(*one)
        score = fitness.evaluate(structure, sets["train"], sets["validate"], settings)
        assert score.weights is not None
        found = to_truth(structure, score.weights, "validate")
        print(
            f"  order {one}: P = {structure.n_parameters}, candidate {score.cpu_s:.3f} s CPU (aim "
            f"0.08), validate {found:.4f}, test {to_truth(structure, score.weights, 'test'):.4f}, "
            f"linear/network {linear / found:.1f}"
        )


def divergence(n: int) -> None:
    """Random orders trained once: how many diverge on their own training records."""
    data = truth_sets(10)["train"]
    rng = np.random.default_rng(24)
    bad = 0
    for _ in range(n):
        na, nb, nk, spacing, h = (int(rng.integers(1, top + 1)) for top in (5, 7, 3, 3, 8))
        bad += train(order(na, nb, nk - 1, spacing, h), data).diverged
    print(f"diverging fits in {n} random orders: {bad}")


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repeats, no divergence count")
    quick = parser.parse_args().quick
    from benchmarks import roofline  # it stands on this module

    roofline.measure(10 if quick else 60)
    candidates()
    if not quick:
        divergence(24)


if __name__ == "__main__":
    main()
