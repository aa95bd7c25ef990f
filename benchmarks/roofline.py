"""What this machine can do, and how the cost of a fit grows: kernels against their limits.

``python -m benchmarks.roofline [--quick | --first]``. Limits are measured in the same run, in turns
with the kernels: dgemm, sgemm and ssyrk of the BLAS that numpy brings, numpy's own tanh, and the
speed at which memory is read. Times are the best of many short calls on the thread's own clock; on
a busy machine trust the ratios. ``--quick``: fewer repeats, no workers. ``--first``: only what a
new user waits for, a candidate in a new process with an empty and then with a filled folder of
compiled kernels, and ``heliid --help``.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from benchmarks.engine import order, truth_sets
from heliid.engine.local import LocalEngine
from heliid.engine.protocol import Result, Task
from heliid.events import never
from heliid.kernels.hyperbolic import tanh_array
from heliid.kernels.narx import run_segments
from heliid.kernels.normal import solve_damped
from heliid.kernels.simd import add_gram_padded, padded
from heliid.model.structure import Structure
from heliid.search.fitness import evaluate, evaluate_task, install, make_payload
from heliid.training import Dataset, TrainingSettings
from heliid.training.fit import first_stage, make_problem
from heliid.training.levenberg import Problem, descend
from heliid.training.scoring import FitnessSettings
from heliid.truth import OUTPUTS

GRAM_ROWS = 64  # rows of sensitivities that enter the sums at once: 16 samples of 4 outputs


def best_ms(calls: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Best CPU time of each call in ms, taken in turns so that load hits all alike."""
    best = dict.fromkeys(calls, np.inf)
    for call in calls.values():
        call()
    for _ in range(repeats):
        for name, call in calls.items():
            began = time.thread_time()
            call()
            best[name] = min(best[name], 1e3 * (time.thread_time() - began))
    return best


def started_problem(structure: Structure, data: Dataset) -> tuple[Problem, np.ndarray, np.ndarray]:
    """A problem after a few steps at a short horizon, its weights, and whole records."""
    settings = TrainingSettings()
    problem = make_problem(structure, data, settings)
    start = first_stage(problem, settings, 0)
    short = data.segments(structure.n_start, max(2, round(0.5 / data.dt)))
    theta = descend(problem, start.theta, short, iterations=4).theta
    segments = data.segments(structure.n_start)
    problem.cost(theta, segments)
    return problem, theta, segments


def iteration_of(problem: Problem, theta: np.ndarray, segments: np.ndarray) -> Callable[[], object]:
    """One Levenberg-Marquardt iteration: normal equations, solution, and the trial's cost."""
    step = np.empty(problem.layout.size)

    def iteration() -> None:
        system = problem.normal(theta, segments)
        assert system is not None
        solve_damped(*system, 1e-2, problem.lower, step)
        problem.cost(theta, segments)

    return iteration


def limits(repeats: int) -> None:
    """The machine's limits, and the Levenberg-Marquardt iteration measured against them."""
    from scipy.linalg.blas import ssyrk

    problem, theta, segments = started_problem(order(1, 4, 0, 4, 4), truth_sets(50)["train"])
    gram, gradient = problem.normal(theta, segments) or (np.zeros((0, 0)), np.zeros(0))
    size, rows = problem.layout.size, 4 * int(segments[:, 1].sum())
    rng = np.random.default_rng(0)
    square = rng.standard_normal((768, 768))
    single = square.astype(np.float32)
    tall = np.asfortranarray(rng.standard_normal((size, rows)), np.float32)
    width = padded(size)
    block = rng.standard_normal(GRAM_ROWS * width).astype(np.float32)
    sums, step = np.zeros(width * width, np.float32), np.empty(size)
    x, out, long = rng.standard_normal(100_000), np.empty(100_000), np.ones(16_000_000)

    def own_gram() -> None:
        for _ in range(rows // GRAM_ROWS):
            add_gram_padded(block, 0, GRAM_ROWS, width, size + 1, sums)

    ms = best_ms(
        {
            "dgemm": lambda: square @ square,
            "sgemm": lambda: single @ single,
            "ssyrk": lambda: ssyrk(1.0, tall),
            "gram": own_gram,
            "read": long.sum,
            "tanh": lambda: tanh_array(x, out),
            "numpy tanh": lambda: np.tanh(x, out=out),
            "normal": lambda: problem.normal(theta, segments),
            "solve": lambda: solve_damped(gram, gradient, 1e-2, problem.lower, step),
            "cost": lambda: problem.cost(theta, segments),
            "iteration": iteration_of(problem, theta, segments),
        },
        repeats,
    )
    flops = 2 * 768**3 / 1e6
    work = rows * size * (size + 1) / 1e6
    peak = flops / ms["sgemm"]
    print("this machine, one thread")
    print(f"  dgemm {flops / ms['dgemm']:.0f}, sgemm {peak:.0f} GFLOP/s; ", end="")
    print(f"ssyrk of these sizes {work / ms['ssyrk']:.0f}; memory read {128 / ms['read']:.1f} GB/s")
    print(f"  tanh per number: own {10 * ms['tanh']:.2f} ns, numpy {10 * ms['numpy tanh']:.2f} ns")
    print(f"Levenberg-Marquardt, N = {rows // 4}, 4 outputs, P = {size}")
    print(f"  iteration      {ms['iteration']:6.2f} ms (aim 8)")
    print(
        f"  normal eq.     {ms['normal']:6.2f} ms, {ms['normal'] / ms['ssyrk']:.2f} x ssyrk alone"
    )
    print(f"    J'J of it    {ms['gram']:6.2f} ms, {work / ms['gram']:.0f} GFLOP/s, ", end="")
    print(f"{work / ms['gram'] / peak:.2f} x the sgemm peak")
    print(f"  solution       {ms['solve']:6.2f} ms, cost of a trial {ms['cost']:.2f} ms")


def free_runs(repeats: int) -> None:
    """Simulation of 24 regressors, 8 hidden units, 4 outputs: alone and side by side."""
    rng = np.random.default_rng(0)
    structure = Structure(((1, 2, 3),) * 4, ((0, 1, 2, 3, 4, 5),) * 2, 8)
    n = 6000
    u, y = rng.standard_normal((n + 8, 2)), 0.1 * rng.standard_normal((n + 8, 4))
    linear = 0.02 * rng.standard_normal((4, 24))
    linear[np.arange(4), 3 * np.arange(4)] -= 0.4
    weights = (
        0.2 * rng.standard_normal((8, 24)), 0.1 * rng.standard_normal(8),
        0.1 * rng.standard_normal((4, 8)), linear, np.zeros(4), np.full(4, 0.3),
    )  # fmt: skip
    y_sim = y.copy()

    def run_in(n_segments: int) -> Callable[[], object]:
        starts = np.arange(n_segments) * (n // n_segments) + 8
        segments = np.column_stack([starts, np.full(n_segments, n // n_segments)])
        alive = np.zeros(n_segments, np.int64)
        return lambda: run_segments(u, y, segments, *structure.taps(), *weights, 50.0, y_sim, alive)

    counts = (1, 4, 8, 120, 1200)
    ms = best_ms({str(k): run_in(k) for k in counts}, repeats)
    print("free run, 24 regressors, 8 hidden, 4 outputs, ns per step of one segment")
    print("  segments " + ", ".join(f"{k}: {1e6 * ms[str(k)] / n:.1f}" for k in counts), end="")
    print("   (aim 60 alone, 25 side by side)")


def growth(repeats: int) -> None:
    """How an iteration grows with samples, weights, outputs and records."""
    sets = {hz: truth_sets(hz)["train"] for hz in (10, 25, 50)}
    print("cost of one iteration on whole records, ms, and ns per (residual, weight pair)")

    def line(label: str, structure: Structure, data: Dataset) -> None:
        problem, theta, segments = started_problem(structure, data)
        ms = best_ms({"one": iteration_of(problem, theta, segments)}, repeats)["one"]
        residuals, size = int(segments[:, 1].sum()) * data.n_outputs, problem.layout.size
        share = 1e6 * ms / (residuals * size * (size + 1) / 2)
        print(f"  {label:24s} residuals {residuals:6d}  P {size:4d}  {ms:8.2f} ms  {share:.3f} ns")

    for hz, data in sets.items():
        line(f"N: {hz} Hz", order(1, 4, 0, 1, 4), data)
    for h in (0, 2, 4, 8, 16):
        line(f"P: {h} hidden", order(1, 4, 0, 1, h), sets[10])
    for names in (("q",), ("q", "theta"), OUTPUTS):
        data = truth_sets(10, names)["train"]
        line(f"p: {len(names)} outputs", order(1, 4, 0, 1, 4, len(names)), data)
    whole = sets[10]
    for k in (1, 2, 4):
        part = Dataset(
            whole.u[:k], whole.y[:k], whole.dt, whole.increment_std, whole.output_std,
            whole.output_mean,
        )  # fmt: skip
        line(f"records: {k}", order(1, 4, 0, 1, 4), part)


def candidates(repeats: int) -> None:
    """CPU time of whole candidates at 10 Hz."""
    sets, settings = truth_sets(10), FitnessSettings()
    n = sets["train"].n_samples
    print(f"one candidate at 10 Hz, all stages, {settings.n_tables} tables, N = {n}")
    for one in ((1, 2, 1, 1, 4), (1, 4, 0, 1, 4), (2, 2, 1, 1, 6), (3, 5, 0, 1, 8)):
        structure = order(*one)

        def score(structure: Structure = structure) -> None:
            evaluate(structure, sets["train"], sets["validate"], settings)

        ms = best_ms({"one": score}, max(3, repeats // 6))["one"]
        print(f"  P = {structure.n_parameters:3d}: {1e-3 * ms:.3f} s CPU (aim 0.08)")


def workers() -> None:
    """Candidates per second with one and two worker processes."""
    sets = truth_sets(10)
    payload = make_payload(sets["train"], sets["validate"], FitnessSettings(), (2, 8))
    orders = [order(1, nb, nk, 1, h) for nb in (2, 3, 4, 5) for nk in (0, 1) for h in (2, 3, 4)]
    rates = {}
    for n in (1, 2):
        engine = LocalEngine(n)
        engine.setup(_name(install), (payload,))
        tasks = [Task(k, _name(evaluate_task), (s.to_dict(),)) for k, s in enumerate(orders)]
        _run(engine, tasks[:n])
        began = time.perf_counter()
        _run(engine, tasks)
        rates[n] = len(tasks) / (time.perf_counter() - began)
        engine.close()
    print(f"workers: 1 {rates[1]:.1f}, 2 {rates[2]:.1f} candidates/s, ", end="")
    print(f"ratio {rates[2] / rates[1]:.2f}; 400 candidates on two in {400 / rates[2]:.0f} s")


FIRST_CANDIDATE = """
from benchmarks.engine import order, truth_sets
from heliid.search.fitness import evaluate
sets = truth_sets(10)
evaluate(order(1, 2, 1, 1, 4), sets["train"], sets["validate"])
"""
FIRST_RUN = """
import numpy as np
from heliid.kernels.narx import run_segments
ones, taps = np.ones((50, 1)), np.array([[0, 1]])
y_sim, alive = ones.copy(), np.zeros(1, np.int64)
ones.setflags(write=False)
run_segments(ones, ones, np.array([[2, 40]]), taps, taps, np.zeros((0, 2)), np.zeros(0),
             np.zeros((1, 0)), np.zeros((1, 2)), np.zeros(1), np.ones(1), 50.0, y_sim, alive)
"""


def first_calls() -> None:
    """CPU of new processes: every kernel of a fit compiled, then loaded; the help."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NUMBA_CACHE_DIR"] = folder
        empty = _cpu_of("-c", FIRST_CANDIDATE)
        print(f"first candidate, imports and data included: nothing compiled yet {empty:.1f} s CPU")
        filled = _cpu_of("-c", FIRST_CANDIDATE)
        print(f"  the same with the compiled kernels in the cache {filled:.2f} s")
        _cpu_of("-c", FIRST_RUN)
        print(f"  one free run, from the cache, imports included {_cpu_of('-c', FIRST_RUN):.2f} s")
    print(f"heliid --help {_cpu_of('-m', 'heliid', '--help'):.3f} s")


def _cpu_of(*arguments: str) -> float:
    """CPU seconds of a Python process of its own."""

    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    before = spent()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return spent() - before


def _run(engine: LocalEngine, tasks: list[Task]) -> None:
    results: list[Result] = []
    engine.run(iter(tasks), on_result=results.append, should_stop=never)
    bad = [one.reason for one in results if one.status != "ok"]
    if bad:
        raise SystemExit(f"A worker failed: {bad[0]}")


def _name(function: Callable[..., object]) -> str:
    return f"{function.__module__}:{function.__qualname__}"


def measure(repeats: int) -> None:
    """Print limits, kernels and growth."""
    limits(repeats)
    free_runs(3 * repeats)
    growth(max(5, repeats // 5))


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repeats, no workers")
    parser.add_argument("--first", action="store_true", help="only the first calls of a new user")
    options = parser.parse_args()
    if options.first:
        first_calls()
        return
    is_quick = options.quick
    repeats = 20 if is_quick else 100
    measure(repeats)
    candidates(repeats)
    if not is_quick:
        workers()


if __name__ == "__main__":
    main()
