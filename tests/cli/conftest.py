"""A small helicopter-like system as files, and the program as a user starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

REPOSITORY = Path(__file__).parents[2]
HEADER = "time [s],stick [%],q [deg/s],theta [deg]"


@dataclass(frozen=True)
class Done:
    """How a run of the program ended."""

    status: int
    out: str
    err: str


def heliid(*words: str, cwd: Path | None = None, timeout: float = 240.0) -> Done:
    """Run the command line in a process of its own."""
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    env.pop("HELIID_DEBUG", None)
    done = subprocess.run(
        [sys.executable, "-m", "heliid", *map(str, words)],
        cwd=cwd, env=env, capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr)


def manoeuvre(seed: int, n: int = 600, dt: float = 0.05) -> np.ndarray:
    """Time, stick, q, theta, (n, 4): a damped pitch motion with a saturating control, noisy."""
    rng = np.random.default_rng(seed)
    stick = np.zeros(n)
    k = 40
    while k < n:
        hold = int(rng.integers(10, 40))
        stick[k : k + hold] = rng.choice([-8.0, 0.0, 8.0]) * rng.uniform(0.5, 1.0)
        k += hold
    q, theta = np.zeros(n), np.zeros(n)
    for k in range(1, n):
        moment = 4.0 * np.tanh(stick[k - 1] / 6.0) - 1.5 * q[k - 1] - 0.6 * theta[k - 1]
        q[k] = q[k - 1] + dt * moment
        theta[k] = theta[k - 1] + dt * q[k - 1]
    q += 0.02 * q.std() * rng.standard_normal(n)
    theta += 0.02 * theta.std() * rng.standard_normal(n)
    return np.column_stack([dt * np.arange(n), stick, q, theta])


def write_record(path: Path, values: np.ndarray, header: str = HEADER) -> Path:
    np.savetxt(path, values, delimiter=",", header=header, comments="", fmt="%.6f")
    return path


@pytest.fixture(scope="session")
def records(tmp_path_factory) -> Path:
    """A folder with train1, train2, validate and test records."""
    folder = tmp_path_factory.mktemp("records")
    for seed, name in enumerate(("train1", "train2", "validate", "test")):
        write_record(folder / f"{name}.csv", manoeuvre(seed))
    return folder


CHANNELS = ("--inputs", "stick", "--outputs", "q,theta")
SMALL = (
    "--max-hidden", "1", "--max-na", "2", "--max-nb", "2", "--max-nk", "1", "--max-spacing", "2",
    "--tables", "1", "--rate", "10", "--workers", "1",
)  # fmt: skip


@pytest.fixture(scope="session")
def identified(records, tmp_path_factory) -> tuple[Path, Done]:
    """The folder of one small ``heliid identify`` with all roles, and how it ended."""
    out = tmp_path_factory.mktemp("identified") / "result"
    done = heliid(
        "identify", "--train", records / "train1.csv", records / "train2.csv",
        "--validate", records / "validate.csv", "--test", records / "test.csv",
        *CHANNELS, *SMALL, "--budget", "6", "--ensemble", "2", "--out", out, "--json",
    )  # fmt: skip
    return out, done
