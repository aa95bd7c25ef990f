"""One command, other seeds and other numbers of workers: same quality, same bits.

``python -m benchmarks.same_bits [--budget 60]``: ``heliid identify`` on the truth set with seed 1
on one and on two workers and with seed 2; then each model and the best linear one against the
noise-free validation records, free run, mean NRMSE over records and outputs.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.accuracy import against_truth
from heliid import load_model
from heliid.data.bundled import data_folder
from heliid.data.csvfile import read_csv

VALIDATE = ("validate_1_stairs", "validate_2_sines")
RUNS = ((1, 1), (1, 2), (2, 1))  # seed, workers
TIMES = "cpu_s"  # the one column that may differ between equal runs


def identify(out: Path, budget: int, seed: int, workers: int) -> None:
    """Run the command as a user types it."""
    truth = data_folder() / "truth"
    train = sorted(p for p in truth.glob("train_*.csv") if not p.stem.endswith("_clean"))
    command = [
        *(sys.executable, "-m", "heliid", "identify"),
        *("--train", *map(str, train)),
        *("--validate", *(str(truth / f"{name}.csv") for name in VALIDATE)),
        *("--inputs", "delta_lon,delta_col", "--outputs", "u,w,q,theta"),
        *("--budget", str(budget), "--seed", str(seed), "--workers", str(workers)),
        *("--out", str(out)),
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def fingerprint(out: Path) -> str:
    """Hash of the model and of every candidate with its cost."""
    digest = hashlib.sha256((out / "model.json").read_bytes())
    with (out / "search.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            digest.update(repr([v for k, v in row.items() if k != TIMES]).encode())
    return digest.hexdigest()[:16]


def main() -> None:
    """Run, score, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--budget", type=int, default=60)
    budget = parser.parse_args().budget
    truth = data_folder() / "truth"
    pairs = [
        (read_csv(truth / f"{name}.csv"), read_csv(truth / f"{name}_clean.csv"))
        for name in VALIDATE
    ]
    print("seed workers   model  linear  ratio  fingerprint")
    for seed, workers in RUNS:
        with tempfile.TemporaryDirectory() as folder:
            identify(Path(folder), budget, seed, workers)
            model, linear = (
                float(np.mean(against_truth(load_model(Path(folder) / f"{name}.json"), pairs)))
                for name in ("model", "linear")
            )
            print(
                f"{seed:4d} {workers:7d} {model:7.4f} {linear:7.4f} {linear / model:6.1f}  "
                f"{fingerprint(Path(folder))}",
                flush=True,
            )


if __name__ == "__main__":
    main()
