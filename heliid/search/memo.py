"""What is known about genomes already scored, in memory and in a journal that survives a crash.

Every searcher is deterministic, so the scores alone bring a search back: it is run again from the
beginning, takes from the journal what is there, and goes on bit for bit where it ended. One
journal therefore serves all searches over the same data and settings, in any order.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BufferedWriter
from pathlib import Path
from typing import Any

from heliid.atomic import write_text
from heliid.engine.protocol import Result
from heliid.search.searcher import WORST, Genome, clean_cost, cost_from_plain, cost_to_plain
from heliid.strict_json import StrictJsonError, loads

_FORMAT = "heliid-search-journal"
_VERSION = 1
_SYNC_S = 1.0  # a power cut loses at most the results of this time; a killed program loses none


@dataclass(frozen=True, slots=True)
class Scored:
    """What one genome was found to be worth; ``status`` as in ``Result``."""

    genome: Genome
    cost: float  # +inf when it failed
    nrmse: float
    diverged: bool
    status: str = "ok"
    reason: str = ""
    cpu_s: float = 0.0

    @classmethod
    def from_result(cls, genome: Genome, result: Result) -> Scored:
        """From an engine's result: a number, or a mapping with cost, nrmse, diverged, reason."""
        if result.status != "ok":
            reason = result.reason or result.status
            return cls(genome, WORST, WORST, True, result.status, reason)
        value = result.value if isinstance(result.value, dict) else {"cost": result.value}
        try:
            cost = clean_cost(value["cost"])
        except (KeyError, TypeError, ValueError):
            return cls(genome, WORST, WORST, True, "error", "its evaluation gives no cost")
        return cls(
            genome,
            cost,
            _mean(value.get("nrmse", cost)),
            bool(value.get("diverged", False)),
            "ok",
            str(value.get("reason", "")),
            float(value.get("cpu_s", result.cpu_s)),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data that JSON can hold."""
        return {
            "genome": self.genome,
            "cost": cost_to_plain(self.cost),
            "nrmse": cost_to_plain(self.nrmse),
            "diverged": self.diverged,
            "status": self.status,
            "reason": self.reason,
            "cpu_s": self.cpu_s,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Scored:
        """The inverse of ``to_dict``."""
        return cls(
            tuple(int(gene) for gene in data["genome"]),
            cost_from_plain(data["cost"]),
            cost_from_plain(data["nrmse"]),
            bool(data["diverged"]),
            str(data["status"]),
            str(data["reason"]),
            float(data["cpu_s"]),
        )


def _mean(nrmse: Any) -> float:
    return nrmse if isinstance(nrmse, float) else float(sum(nrmse) / len(nrmse))


@dataclass(eq=False)
class Memo:
    """Scores by canonical genome; ``fingerprint`` names the data and the training settings.

    ``values`` holds the full results of this session (weights and all), ``reported`` the genomes
    whose score was already told to the user.
    """

    fingerprint: str = ""
    scores: dict[Genome, Scored] = field(default_factory=dict)
    values: dict[Genome, Any] = field(default_factory=dict)
    reported: set[Genome] = field(default_factory=set)
    _file: BufferedWriter | None = None
    _synced_at: float = 0.0

    def put(self, scored: Scored, value: Any = None) -> None:
        """Remember a score, in the journal too."""
        self.scores[scored.genome] = scored
        if value is not None:
            self.values[scored.genome] = value
        if self._file is None:
            return
        line = json.dumps(scored.to_dict(), allow_nan=False, separators=(",", ":")) + "\n"
        self._file.write(line.encode())
        self._file.flush()
        now = time.monotonic()
        if now - self._synced_at > _SYNC_S:
            os.fsync(self._file.fileno())
            self._synced_at = now

    def close(self) -> None:
        """Bring the journal to the disk and let go of it."""
        if self._file is not None:
            file, self._file = self._file, None
            with file:
                file.flush()
                os.fsync(file.fileno())


@contextmanager
def journalled(memo: Memo, path: Path | None) -> Iterator[int]:
    """While open, ``memo`` is kept in the journal at ``path``; gives how many it takes from there.

    A journal of other data or settings is kept as ``NAME.bak`` and a new one begun. None for no
    journal.
    """
    if path is None:
        yield 0
        return
    kept = _read(path, memo.fingerprint)
    if kept is None:
        if path.exists():
            os.replace(path, path.with_name(path.name + ".bak"))
        kept = []
        _write_new(path, memo)
    n_before = len(memo.scores)
    for scored in kept:
        memo.scores.setdefault(scored.genome, scored)
    memo._file = open(path, "ab")  # noqa: SIM115 - closed by memo.close
    try:
        yield len(memo.scores) - n_before
    finally:
        memo.close()


def _write_new(path: Path, memo: Memo) -> None:
    header = {"format": _FORMAT, "format_version": _VERSION, "fingerprint": memo.fingerprint}
    lines = [header, *(scored.to_dict() for scored in memo.scores.values())]
    write_text(path, "".join(json.dumps(line, allow_nan=False) + "\n" for line in lines))


def _read(path: Path, fingerprint: str) -> list[Scored] | None:
    """The scores in a journal; None when it is not there or belongs to other data.

    Reading ends at the first line that is not whole: a write that a crash cut short. The file is
    cut there, so that what is written next is not glued to it.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    lines = data.split(b"\n")
    with suppress(StrictJsonError, TypeError, KeyError):
        header = loads(lines[0])
        if header["format"] == _FORMAT and header["fingerprint"] == fingerprint:
            return _read_scores(path, lines)
    return None


def _read_scores(path: Path, lines: list[bytes]) -> list[Scored]:
    found = []
    whole = len(lines[0]) + 1
    for line in lines[1:-1]:  # the last piece is empty, or was cut short
        try:
            found.append(Scored.from_dict(loads(line)))
        except (StrictJsonError, TypeError, KeyError, ValueError):
            break
        whole += len(line) + 1
    if whole < path.stat().st_size:
        os.truncate(path, whole)
    return found
