"""The numerical core in figures: kernels against BLAS, one candidate, accuracy on the truth set.

``python -m benchmarks.engine [--quick]``. Times are the best of many runs of one thread; the ratios
beside them are from the same run and survive a loaded machine better than the milliseconds.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from heliid.data.prepare import prepare
from heliid.data.record import FlightRecord
from heliid.data.scaling import Scaling
from heliid.kernels.narx import tanh_array
from heliid.kernels.normal import solve_damped
from heliid.kernels.simd import add_gram_padded, padded
from heliid.linear import best_linear
from heliid.model.network import Weights
from heliid.model.structure import Structure
from heliid.search import fitness
from heliid.training import Dataset, TrainingSettings, make_dataset, train
from heliid.training.fit import first_stage, make_problem
from heliid.training.levenberg import descend
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


def best_ms(calls: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Best time of each call in ms, taken in turns so that load hits all alike."""
    best = dict.fromkeys(calls, np.inf)
    for call in calls.values():
        call()
    for _ in range(repeats):
        for name, call in calls.items():
            began = time.perf_counter()
            call()
            best[name] = min(best[name], 1e3 * (time.perf_counter() - began))
    return best


def kernels(repeats: int) -> None:
    """LM iteration, J'J against syrk, simulation and tanh."""
    from scipy.linalg.blas import dsyrk, ssyrk

    data = truth_sets(50)["train"]
    structure = order(1, 4, 0, 4, 4)
    settings = TrainingSettings()
    problem = make_problem(structure, data, settings)
    start = first_stage(problem, settings, 0)
    theta = descend(problem, start.theta, data.segments(structure.n_start, 25), iterations=4).theta
    segments = data.segments(structure.n_start)
    problem.cost(theta, segments)
    gram, gradient = problem.normal(theta, segments)
    size, rows = structure.n_parameters, 4 * int(segments[:, 1].sum())
    rng = np.random.default_rng(0)
    block = {
        kind: rng.standard_normal((64, padded(size))).astype(kind)
        for kind in (np.float32, np.float64)
    }
    sums = {kind: np.zeros((padded(size),) * 2, kind) for kind in block}
    tall = rng.standard_normal((size, rows))
    single, double = np.asfortranarray(tall, np.float32), np.asfortranarray(tall)
    step, x, out = np.empty(size), rng.standard_normal(100_000), np.empty(100_000)

    def own(kind):
        for _ in range(rows // 64):
            add_gram_padded(
                block[kind].reshape(-1), 0, 64, padded(size), size, sums[kind].reshape(-1)
            )

    def iteration():
        problem.cost(theta, segments)
        gram, gradient = problem.normal(theta, segments)
        solve_damped(gram, gradient, 1e-2, problem.lower, step)
        problem.cost(theta, segments)

    ms = best_ms(
        {
            "iteration": iteration,
            "normal": lambda: problem.normal(theta, segments),
            "simulate": lambda: problem.run(theta, segments),
            "solve": lambda: solve_damped(gram, gradient, 1e-2, problem.lower, step),
            "own float32": lambda: own(np.float32),
            "own float64": lambda: own(np.float64),
            "ssyrk": lambda: ssyrk(1.0, single),
            "dsyrk": lambda: dsyrk(1.0, double),
            "tanh": lambda: tanh_array(x, out),
            "numpy tanh": lambda: np.tanh(x, out=out),
        },
        repeats,
    )
    work = rows * size * (size + 1) / 1e6
    print(f"N = {rows // 4}, ny = 4, P = {size}, one thread")
    print(f"  LM iteration                {ms['iteration']:7.2f} ms   (aim 8)")
    ratio = ms["normal"] / ms["ssyrk"]
    print(f"    normal equations          {ms['normal']:7.2f} ms   {ratio:.2f} x ssyrk alone")
    print(f"    Cholesky solution         {ms['solve']:7.2f} ms")
    per_step = ms["simulate"] * 4e6 / rows
    print(f"    simulation                {ms['simulate']:7.2f} ms   {per_step:.0f} ns/step")
    for kind, rival in (("float32", "ssyrk"), ("float64", "dsyrk")):
        mine, theirs = ms[f"own {kind}"], ms[rival]
        print(
            f"  J'J own {kind}             {mine:7.2f} ms   {work / mine:.0f} GFLOP/s;  {rival} "
            f"{theirs:.2f} ms, ratio {mine / theirs:.2f}"
        )
    print(f"  tanh {10 * ms['tanh']:.2f} ns, numpy's {10 * ms['numpy tanh']:.2f} ns")


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
    kernels(10 if quick else 60)
    candidates()
    if not quick:
        divergence(24)


if __name__ == "__main__":
    main()
