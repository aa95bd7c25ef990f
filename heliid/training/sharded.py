"""Synchronous data-parallel training: the same algorithm, its sums spread over ranks.

The segments of a stage are cut into leaves of about one manoeuvre. A rank simulates its own leaves
and works out their share of the cost, the Gauss-Newton matrix and the gradient; the sums go over a
fixed binary tree (``heliid.training.tree``), so any number of ranks gives the bits of one. Every
rank then solves the same small system. No setting of training changes.

Every rank holds all records (a campaign of 2 000 manoeuvres is about 0.4 GB); only work is spread.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from heliid.atomic import write_text
from heliid.errors import SettingsError, TrainingError
from heliid.events import ShouldStop, never
from heliid.kernels.gradients import add_normal
from heliid.kernels.narx import run_segments, squared_errors
from heliid.model.network import DIVERGED_AT
from heliid.model.structure import Structure
from heliid.training.dataset import Dataset
from heliid.training.fit import (
    Fit,
    TrainingSettings,
    finish,
    first_stage,
    run_stage,
    stage_prior,
)
from heliid.training.levenberg import Descent, Problem, Progress, descend
from heliid.training.ranks import OneRank, Ranks, total
from heliid.training.trainers import find_trainer
from heliid.training.tree import Forest, shares

LEAF_SAMPLES = 1000  # about one manoeuvre


class ShardedProblem(Problem):
    """A ``Problem`` whose cost and normal equations are summed by all ranks together."""

    def __init__(self, *args: Any, ranks: Ranks, **others: Any) -> None:
        super().__init__(*args, **others)
        self.ranks = ranks
        self.how |= {"ranks": ranks}
        self._lower = np.tril_indices(self.layout.size)
        self._cut: tuple[np.ndarray, list[np.ndarray], list[range]] | None = None

    def cost(self, theta: np.ndarray, segments: np.ndarray) -> float:
        """As ``Problem.cost``; ``y_sim`` holds this rank's own runs only."""
        if not math.isfinite(float(np.abs(theta).sum())):
            return math.inf
        leaves, owned = self._shared_out(segments)
        data, forest = self.dataset, Forest(len(leaves))
        linear, bias, w_out, w_hid, b_hid = self.layout.plain(theta, data.increment_std)
        for leaf in owned[self.ranks.rank]:
            own = leaves[leaf]
            sums, alive = np.zeros(data.n_outputs), np.zeros(len(own), np.int64)
            n_diverged = run_segments(
                data.u_all, data.y_all, own, self.out_taps, self.in_taps, w_hid, b_hid, w_out,
                linear, bias, data.increment_std, DIVERGED_AT, self.y_sim, alive,
            )  # fmt: skip
            n = squared_errors(data.y_all, self.y_sim, own, sums)
            weighted = float((sums * self.output_weights).sum())
            forest.add((0, leaf), np.array([weighted, float(n), float(n_diverged)]))
        found = total(self.ranks, forest, owned, len(leaves), 3)
        if found[2] > 0.0:
            return math.inf
        value = float(found[0] / found[1]) + self.prior.cost(theta)
        return value if math.isfinite(value) else math.inf

    def normal(
        self, theta: np.ndarray, segments: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """As ``Problem.normal``."""
        leaves, owned = self._shared_out(segments)
        data, size, forest = self.dataset, self.layout.size, Forest(len(leaves))
        linear, _, w_out, w_hid, b_hid = self.layout.plain(theta, data.increment_std)
        for leaf in owned[self.ranks.rank]:
            gram, gradient = np.zeros((size, size)), np.zeros(size)
            ok = add_normal(
                data.u_all, data.y_all, leaves[leaf], self.out_taps, self.in_taps, w_hid, b_hid,
                w_out, linear, data.increment_std, True, self.y_sim, self.root_weights, 1,
                self.history, gram, gradient,
            )  # fmt: skip
            packed = np.concatenate([gram[self._lower], gradient, [0.0 if ok else 1.0]])
            forest.add((0, leaf), packed)
        width = len(self._lower[0]) + size + 1
        found = total(self.ranks, forest, owned, len(leaves), width)
        if found[-1] > 0.0:
            return None
        gram, n_samples = np.zeros((size, size)), int(segments[:, 1].sum())
        gram[self._lower] = found[: len(self._lower[0])] / n_samples
        gradient = found[len(self._lower[0]) : -1] / n_samples
        return gram + self.prior.matrix, gradient + self.prior.half_gradient(theta)

    def own(self, segments: np.ndarray) -> np.ndarray:
        """The segments of this rank's leaves."""
        leaves, owned = self._shared_out(segments)
        mine = [leaves[leaf] for leaf in owned[self.ranks.rank]]
        return np.concatenate(mine) if mine else segments[:0]

    def summed(self, segments: np.ndarray, part: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """As ``Problem.summed``, leaf by leaf over the tree; every rank gets the sum."""
        leaves, owned = self._shared_out(segments)
        forest = Forest(len(leaves))
        width = len(part(segments[:0]))
        for leaf in owned[self.ranks.rank]:
            forest.add((0, leaf), part(leaves[leaf]))
        return total(self.ranks, forest, owned, len(leaves), width)

    def _shared_out(self, segments: np.ndarray) -> tuple[list[np.ndarray], list[range]]:
        """The leaves of these segments, and which ones each rank owns."""
        if self._cut is not None and self._cut[0] is segments:
            return self._cut[1], self._cut[2]
        leaves = cut_leaves(segments)
        sizes = np.array([int(leaf[:, 1].sum()) for leaf in leaves])
        self._cut = segments, leaves, shares(sizes, self.ranks.size)
        return leaves, self._cut[2]


def cut_leaves(segments: np.ndarray, samples: int = LEAF_SAMPLES) -> list[np.ndarray]:
    """Consecutive segments in groups of at least ``samples``; the rest joins the last group."""
    leaves, first, held = [], 0, 0
    for k, n in enumerate(segments[:, 1].tolist()):
        held += n
        if held >= samples:
            leaves.append(segments[first : k + 1])
            first, held = k + 1, 0
    if first < len(segments):
        rest = segments[first:]
        if leaves and held < samples // 2:
            leaves[-1] = np.concatenate([leaves[-1], rest])
        else:
            leaves.append(rest)
    return leaves


@dataclass
class Ledger:
    """The finished descents of a training and where the present one stands; kept in a file.

    Replaying it gives the same bits: a finished descent is looked up, the present one goes on.
    """

    path: Path | None
    fingerprint: str
    finished: list[Descent] = field(default_factory=list)
    present: Progress | None = None
    at: int = 0  # descents asked for in this run
    trainer: str = "lm"

    def descend(
        self,
        problem: Problem,
        theta: np.ndarray,
        segments: np.ndarray,
        *,
        iterations: int,
        mu: float = 1e-2,
        should_stop: ShouldStop = never,
    ) -> Descent:
        """One stage; Levenberg-Marquardt keeps its place before each iteration, others after it."""
        index, self.at = self.at, self.at + 1
        if index < len(self.finished):
            return self.finished[index]
        if self.trainer != "lm":
            found = find_trainer(self.trainer)(
                problem, theta, segments, iterations=iterations, mu=mu, should_stop=should_stop
            )
            self.finished.append(found)
            self._write()
            return found
        found = descend(
            problem, theta, segments, iterations=iterations, mu=mu, should_stop=should_stop,
            begin=self.present, watch=self._keep,
        )  # fmt: skip
        self.present = None
        self.finished.append(found)
        return found

    def _keep(self, place: Progress) -> None:
        self.present = place
        self._write()

    def _write(self) -> None:
        if self.path is not None:
            write_text(self.path, json.dumps(self.to_dict()))

    def to_dict(self) -> dict[str, Any]:
        """Plain data; floats as text that gives the same bits back."""
        present = self.present
        return {
            "format": "heliid-training-checkpoint",
            "fingerprint": self.fingerprint,
            "finished": [
                [_hex(one.theta), _hex(one.cost), _hex(one.mu), one.iterations]
                for one in self.finished
            ],
            "present": None if present is None else [
                _hex(present.theta), _hex(present.cost), _hex(present.mu), present.done,
                present.slow,
            ],
        }  # fmt: skip

    def load(self) -> None:
        """Take in what the file holds, when there is one.

        Raises
        ------
        SettingsError
            It belongs to another training, or is damaged.
        """
        if self.path is None or not self.path.exists():
            return
        try:
            plain = json.loads(self.path.read_bytes())
            fingerprint = plain["fingerprint"]
            finished = [
                Descent(_floats(t), _floats(c)[0], _floats(m)[0], int(n))
                for t, c, m, n in plain["finished"]
            ]
            held = plain["present"]
            present = None if held is None else Progress(
                _floats(held[0]), _floats(held[1])[0], _floats(held[2])[0], int(held[3]),
                int(held[4]),
            )  # fmt: skip
        except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
            raise SettingsError(
                f"The training checkpoint {self.path} is damaged ({error}): remove it to begin "
                f"anew."
            ) from error
        if fingerprint != self.fingerprint:
            raise SettingsError(
                f"The training checkpoint {self.path} belongs to other records, settings or "
                f"another order: remove it, or choose another file."
            )
        self.finished, self.present = finished, present


def _hex(values: Any) -> str:
    return np.atleast_1d(np.asarray(values, dtype="<f8")).tobytes().hex()


def _floats(text: str) -> np.ndarray:
    return np.frombuffer(bytes.fromhex(text), dtype="<f8").copy()


def fingerprint_of(
    structure: Structure, dataset: Dataset, settings: TrainingSettings, table: int
) -> str:
    """SHA-256 of everything that the result depends on."""
    digest = hashlib.sha256()
    for array in (dataset.u_all, dataset.y_all, dataset.edges, dataset.increment_std):
        digest.update(array.tobytes())
    plain = {
        "structure": structure.to_dict(),
        "settings": {n: getattr(settings, n) for n in settings.__dataclass_fields__},
        "table": table,
        "dt": dataset.dt,
        "leaf": LEAF_SAMPLES,
    }
    digest.update(json.dumps(plain, sort_keys=True).encode())
    return digest.hexdigest()


def train_sharded(
    structure: Structure,
    dataset: Dataset,
    settings: TrainingSettings,
    ranks: Ranks | None = None,
    *,
    table: int = 0,
    checkpoint: Path | None = None,
    should_stop: ShouldStop = never,
    on_stage: Callable[[int, int], None] | None = None,
) -> Fit:
    """``train``, run by every rank at once with the same arguments; every rank gets the result.

    The bits are the same for any number of ranks. They differ in rounding from those of ``train``,
    which adds all samples in one row. ``max_samples`` is not applied: a campaign is taken whole.
    ``checkpoint``: rank 0 keeps its place there before each iteration (after each stage with
    another trainer than lm) and all ranks go on from it.

    Raises
    ------
    TrainingError
        As ``train``.
    SettingsError
        Risk is asked for, or the checkpoint belongs to another training.
    RankLostError
        Another rank has ended.
    """
    ranks = OneRank() if ranks is None else ranks
    if settings.risk_weight > 0.0:
        raise SettingsError(
            "Training over several ranks is without risk: choose a risk weight of 0, or one "
            "process."
        )
    settings = replace(settings, max_samples=0)
    keeper = checkpoint if ranks.rank == 0 else None
    mark = fingerprint_of(structure, dataset, settings, table)
    ledger = Ledger(checkpoint, mark, trainer=settings.trainer)
    ledger.load()
    ledger.path = keeper
    problem = make_sharded(structure, dataset, settings, ranks)
    problem.descender = ledger.descend
    stage = first_stage(problem, settings, table)
    plan: Sequence[tuple[float, int]] = list(
        zip(settings.horizons_s, settings.iterations, strict=True)
    )
    for done, (horizon_s, iterations) in enumerate(plan):
        if should_stop():
            break
        stage = run_stage(problem, settings, stage, horizon_s, iterations, should_stop)
        if on_stage is not None:
            on_stage(done + 1, len(plan))
    if not math.isfinite(stage.cost):
        raise TrainingError("No finite weights were found for this order: choose a smaller one.")
    return finish(problem, stage)


def make_sharded(
    structure: Structure, dataset: Dataset, settings: TrainingSettings, ranks: Ranks
) -> ShardedProblem:
    """The least-squares problem of one structure, summed over ranks."""
    weights = np.array(settings.output_weights) if settings.output_weights else None
    return ShardedProblem(
        structure, dataset, stage_prior(structure, dataset, settings, settings.ridge_first),
        single=settings.single, output_weights=weights, gram_every=1, ranks=ranks,
    )  # fmt: skip
