"""How fast an exported model runs, per step, beside the app's own kernel.

    python -m benchmarks.exports [--steps 20000] [--repeats 30] [--json]

One thread, a stable random model with 24 regressors, 8 hidden units and 4 outputs (the case of the
simulation target), the best of the repeats. C is compiled by the machine's compiler with -O2 and
-O3 -march=native. Accepted: double-precision C within 1.5 times the app's kernel.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from heliid.data.record import Channel
from heliid.data.scaling import Scaling
from heliid.export.c_source import c_files
from heliid.export.fixed_point import quantise
from heliid.export.fixed_source import fixed_files, measure_loss
from heliid.export.fmu import find_compiler
from heliid.export.portable import Portable, make_portable
from heliid.kernels.narx import run_segments
from heliid.model.network import DIVERGED_AT, NarxModel, Weights
from heliid.model.structure import Structure

MAIN = r"""
#include "heliid_model.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
int main(int argc, char **argv) {
  static heliid_model_state s;
  const size_t n = (size_t)atol(argv[1]);
  const int repeats = atoi(argv[2]);
  heliid_model_real *u = calloc(n * HELIID_MODEL_N_INPUTS, sizeof(*u));
  heliid_model_real *y = calloc(n * HELIID_MODEL_N_OUTPUTS, sizeof(*y));
  heliid_model_real start[HELIID_MODEL_N_START * HELIID_MODEL_N_OUTPUTS] = {0};
  double best = 1e9;
  (void)argc;
  for (size_t k = 0; k < n * HELIID_MODEL_N_INPUTS; ++k) {
    u[k] = (heliid_model_real)(((k * 7919u) % 1000u) / 500.0 - 1.0);
  }
  for (int r = 0; r < repeats; ++r) {
    heliid_model_init(&s);
    const double begin = now();
    (void)heliid_model_free_run(&s, u, start, n, y);
    const double took = now() - begin;
    best = took < best ? took : best;
  }
  printf("%.17g %.17g\n", 1e9 * best / (double)n, (double)y[n - 1]);
  return 0;
}
"""


def make_model() -> NarxModel:
    """24 regressors (2 lags of 4 outputs, 8 of 2 inputs), 8 hidden units, scaling 1."""
    rng = np.random.default_rng(4)
    structure = Structure(((1, 2),) * 4, (tuple(range(8)),) * 2, 8)
    n, h, p = structure.n_phi, 8, 4
    linear = rng.normal(0.0, 0.05, (p, n))
    linear[:, : 2 * p : 2] -= 0.3 * np.eye(p)
    weights = Weights(
        rng.normal(0.0, 0.2, (h, n)),
        rng.normal(0.0, 0.2, h),
        rng.normal(0.0, 0.3, (p, h)),
        linear,
        np.zeros(p),
    )
    ones = Scaling(np.zeros(2), np.ones(2), np.zeros(p), np.ones(p), np.full(p, 0.1))
    inputs, outputs = [Channel(f"u{i}") for i in range(2)], [Channel(f"y{j}") for j in range(p)]
    return NarxModel(structure, weights, ones, 0.1, tuple(inputs), tuple(outputs))


def kernel_ns(model: NarxModel, steps: int, repeats: int) -> float:
    """The app's segment kernel, ns per step."""
    structure, weights = model.structure, model.weights
    n_start = structure.n_start
    u = (np.arange(steps * 2) * 7919 % 1000 / 500.0 - 1.0).reshape(steps, 2)
    y = np.zeros((steps, 4))
    segments = np.array([[n_start, steps - n_start]])
    y_sim, alive = y.copy(), np.empty(1, dtype=np.int64)
    arguments = (
        u, y, segments, *structure.taps(), weights.w_hid, weights.b_hid, weights.w_out,
        weights.linear, weights.bias, model.scaling.increment_std, DIVERGED_AT, y_sim, alive,
    )  # fmt: skip
    run_segments(*arguments)
    return 1e9 * _best(lambda: run_segments(*arguments), repeats) / steps


def c_ns(files: dict[str, str], flags: list[str], steps: int, repeats: int) -> float:
    """Generated C through its free_run, scaling included, ns per step."""
    compiler = find_compiler()
    if compiler is None:
        return float("nan")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in {**files, "main.c": MAIN}.items():
            (folder / file).write_text(text)
        command = [compiler, "-std=gnu99", *flags, "main.c", "heliid_model.c", "-lm", "-o", "run"]
        subprocess.run(command, cwd=folder, check=True)
        done = subprocess.run(
            [folder / "run", str(steps), str(repeats)], capture_output=True, text=True, check=True
        )
    return float(done.stdout.split()[0])


def measure(steps: int, repeats: int) -> dict[str, float]:
    """Nanoseconds per step of every form."""
    model = make_model()
    portable = make_portable(model)
    result = {"app kernel": kernel_ns(model, steps, repeats)}
    for label, files in _forms(portable).items():
        result[f"C {label}, -O2"] = c_ns(files, ["-O2"], steps, repeats)
        fast = ["-O3", "-march=native", "-ffp-contract=off"]
        result[f"C {label}, -O3 native"] = c_ns(files, fast, steps, repeats)
    return result


def _forms(portable: Portable) -> dict[str, dict[str, str]]:
    forms = {kind: c_files(portable, kind) for kind in ("float64", "float32")}
    for kind in ("int16", "int8"):
        fixed = quantise(portable, kind)
        forms[kind] = fixed_files(fixed, measure_loss(fixed, ()))
    return forms


def _best(call: Callable[[], object], repeats: int) -> float:
    best = float("inf")
    for _ in range(repeats):
        begin = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - begin)
    return best


def main() -> None:
    """Print the table; the C is portable and scalar, the app's kernel uses vectors."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=4_000)
    parser.add_argument("--repeats", type=int, default=400)  # the best counts
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = measure(options.steps, options.repeats)
    if options.json:
        print(json.dumps(result))
    else:
        for name, ns in result.items():
            print(f"{name:<24}{ns:>9.1f} ns/step {ns / result['app kernel']:>6.2f} x the app's")


if __name__ == "__main__":
    main()
