"""What the trials run in worker processes and programs of their own; their small campaign."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np

from heliid.data.campaign import Campaign, make_campaign
from heliid.data.record import Channel, FlightRecord
from heliid.search.fitness import evaluate_task
from heliid.study import OrderBox, StudyConfig, StudyResult, identify

POISONS = ("SIGKILL", "SIGSEGV", "_exit", "MemoryError", "endless loop")


def record(seed: int, n: int = 240) -> FlightRecord:
    """A nonlinear system of one input and one output, 10 Hz."""
    rng = np.random.default_rng(seed)
    u = np.repeat(rng.normal(size=n // 8 + 1), 8)[:n]
    y = np.zeros(n)
    for k in range(2, n):
        y[k] = 1.5 * y[k - 1] - 0.6 * y[k - 2] + 0.15 * np.tanh(2 * u[k]) + 0.005 * rng.normal()
    channels = (Channel.of("delta_lon", "%"), Channel.of("q", "deg/s"))
    return FlightRecord(f"run {seed}", 0.1 * np.arange(n), np.column_stack([u, y]), channels)


def campaign() -> Campaign:
    """Two training records and a validation record."""
    return make_campaign(
        ["delta_lon"], ["q"], train=[record(1), record(2)], validate=[record(3)]
    )  # fmt: skip


def config(seed: int, **changes: Any) -> StudyConfig:
    """A search of some seconds."""
    settings: dict[str, Any] = {
        "rate_hz": 10.0, "budget": 16, "seed": seed, "workers": 1, "window": 6, "n_tables": 1,
        "n_ensemble": 2, "search": ("ais", "abc", "pso")[seed % 3],
        "box": OrderBox(na_max=3, nb_max=4, nk_max=2, spacing_max=2, hidden_max=2),
    }  # fmt: skip
    return StudyConfig(**{**settings, **changes})


def digest(result: StudyResult) -> str:
    """A hash over every candidate and every model, bit for bit."""
    rows: list[Any] = [
        [one.index, one.searcher, one.genome, one.cost.hex(), one.nrmse.hex(), one.diverged]
        for one in result.candidates
    ]
    for model in (result.model, result.linear, *result.members):
        plain = model.to_dict()
        rows.append({key: plain[key] for key in sorted(plain) if key != "provenance"})
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()


def is_poisoned(structure: dict[str, Any], share: int) -> bool:
    """One order in ``share`` is poisoned, always the same ones."""
    text = json.dumps(structure, sort_keys=True)
    return hashlib.sha256(text.encode()).digest()[0] % share == 0


def poisoned_task(structure: dict[str, Any], poison: str, share: int) -> Any:
    """``evaluate_task``, but some orders end, block or exhaust the process they run in."""
    if is_poisoned(structure, share):
        act(poison)
    return evaluate_task(structure)


def act(poison: str) -> None:
    """Do what the poison says; "" raises, as in the undisturbed reference."""
    if poison == "SIGKILL":
        os.kill(os.getpid(), signal.SIGKILL)
    elif poison == "SIGSEGV":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif poison == "_exit":
        os._exit(7)
    elif poison == "MemoryError":
        raise MemoryError
    elif poison == "endless loop":
        while True:
            pass
    raise ValueError("poisoned")


def study_in_a_program(seed: str, checkpoint: str, workers: str, out: str) -> None:
    """One search with a checkpoint; its digest goes into ``out``."""
    result = identify(
        campaign(), config(int(seed), workers=int(workers)), checkpoint=Path(checkpoint)
    )
    Path(out).write_text(digest(result))


if __name__ == "__main__":
    study_in_a_program(*sys.argv[1:])
