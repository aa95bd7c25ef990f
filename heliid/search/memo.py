"""What is known about genomes already scored, in memory and in a journal that survives a crash.

Every searcher is deterministic, so the scores alone bring a search back: it is run again from the
beginning, takes from the journal what is there, and goes on bit for bit where it ended. One
journal therefore serves all searches over the same data and settings, in any order.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import heliid
from heliid.engine.protocol import Result
from heliid.kernel_cache import cache_key
from heliid.search.lines import Appender, begin, read
from heliid.search.searcher import (
    WORST,
    Genome,
    clean_cost,
    cost_from_plain,
    cost_to_plain,
    is_better,
)

_FORMAT = "heliid-search-journal"
_VERSION = 2


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
    whose score was already told to the user. The journal keeps the full result of each genome
    better than all before, so that a search that goes on need not train its best again.
    """

    fingerprint: str = ""
    scores: dict[Genome, Scored] = field(default_factory=dict)
    values: dict[Genome, Any] = field(default_factory=dict)
    reported: set[Genome] = field(default_factory=set)
    _file: Appender | None = None
    _kept_cost: float = WORST  # the lowest cost whose full result is in the journal

    @property
    def trouble(self) -> str:
        """Why scores are not kept any more, as a sentence; "" while they are."""
        return self._file.trouble if self._file is not None else ""

    def put(self, scored: Scored, value: Any = None) -> None:
        """Remember a score, in the journal too."""
        self.scores[scored.genome] = scored
        if value is not None:
            self.values[scored.genome] = value
        if self._file is None:
            return
        row = scored.to_dict()
        if value is not None and is_better(scored.cost, self._kept_cost):
            with suppress(TypeError, ValueError):  # a result that JSON cannot hold is made again
                self._file.put({**row, "value": value})
                self._kept_cost = scored.cost
                return
        self._file.put(row)

    def close(self) -> None:
        """Bring the journal to the disk and let go of it."""
        if self._file is not None:
            self._file.close()
            self._file = None


@contextmanager
def journalled(memo: Memo, path: Path | None) -> Iterator[int]:
    """While open, ``memo`` is kept in the journal at ``path``; gives how many it takes from there.

    A journal of other data or settings is kept as ``NAME.bak`` and a new one begun. None for no
    journal; one that cannot be written is said in ``memo.trouble``, and the work goes on.
    """
    if path is None:
        yield 0
        return
    kept = _read(path, memo.fingerprint)
    trouble: OSError | None = None
    if kept is None:
        kept = []
        try:
            begin(path, _header(memo), [scored.to_dict() for scored in memo.scores.values()])
        except OSError as error:
            trouble = error
    n_before = len(memo.scores)
    for scored, value in kept:
        memo.scores.setdefault(scored.genome, scored)
        if value is not None:
            memo.values.setdefault(scored.genome, value)
            memo._kept_cost = min(memo._kept_cost, scored.cost)
    memo._file = Appender(path)
    if trouble is not None:
        memo._file.give_up(trouble)
    try:
        yield len(memo.scores) - n_before
    finally:
        memo.close()


def _header(memo: Memo) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "format_version": _VERSION,
        "fingerprint": memo.fingerprint,
        "machine": machine(),
    }


@cache
def machine() -> str:
    """What the bits of a fit may hang on besides data and settings: kernels, versions, processor.

    Full results are taken from a journal only when this is the same; else the best is evaluated
    again and compared, so that a change is noticed.
    """
    return cache_key(Path(heliid.__file__).parent)


def _read(path: Path, fingerprint: str) -> list[tuple[Scored, Any]] | None:
    """Scores and full results in a journal; None when it is not there or of other data."""
    header, rows = read(path)
    if (
        header is None
        or header.get("format") != _FORMAT
        or header.get("format_version") != _VERSION
    ):
        return None
    if header.get("fingerprint") != fingerprint:
        return None
    is_same_machine = header.get("machine") == machine()
    found = []
    for row in rows:
        if "genome" not in row:  # a line of another kind, such as a refit
            continue
        with suppress(TypeError, KeyError, ValueError):
            found.append((Scored.from_dict(row), row.get("value") if is_same_machine else None))
    return found
