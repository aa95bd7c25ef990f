"""What the data doctor says: kind, place, numbers, a sentence, and a remedy to apply."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from heliid.data.conditioning import Step, to_dict


class Severity(StrEnum):
    """How bad a finding is for identification."""

    ERROR = "error"  # the data contradict themselves or cannot be used as they are
    WARNING = "warning"  # usable, but the result will suffer or be doubtful
    NOTE = "note"  # worth knowing


# kind: what it means in a few words, for the window's list and the documentation
KINDS: dict[str, str] = {
    "time order": "the time stands still or goes back",
    "gap": "samples are missing from the time axis",
    "jitter": "the time steps vary",
    "low rate": "a channel holds each value for several samples",
    "constant": "a channel never moves",
    "stuck": "a channel stops moving for a while",
    "dropout": "a channel falls to a meaningless value for a while",
    "spikes": "single samples stand out",
    "clipping": "a channel runs into a limit",
    "missing": "cells without a value",
    "unit": "a channel is in another unit than stated",
    "sign": "a channel has the other sign",
    "scale": "a channel is too large or too small by a factor",
    "time base": "the sample time is not the one stated",
    "skew": "a channel is late against the others",
    "swapped": "two columns are mixed up",
    "inconsistent": "channels that belong together do not agree",
    "drift": "a channel wanders off slowly",
    "trim": "the record does not begin in steady flight",
    "correlation": "two inputs move together",
    "excitation": "there is too little movement to identify from",
    "bandwidth": "the frequencies that can be identified, and the model rate they ask for",
    "unchecked": "channels that nothing in the record can confirm",
    "envelope": "validation or test leaves the range of the training records",
    "mismatch": "records of one campaign do not fit together",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the doctor found.

    ``channels`` is empty for the time axis; with two names the fault lies in one of them and the
    record cannot say in which. ``start`` and ``end`` are s on the record's axis. ``confidence`` is
    between 0 and 1. ``remedy`` is a conditioning step for one click, or None.
    """

    kind: str
    severity: Severity
    sentence: str
    channels: tuple[str, ...] = ()
    start: float = 0.0
    end: float = 0.0
    evidence: tuple[tuple[str, float], ...] = ()
    confidence: float = 1.0
    remedy: Step | None = None
    record: str = ""

    def number(self, name: str) -> float:
        """One number of the evidence."""
        return dict(self.evidence)[name]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for ``--json`` and the project file."""
        return {
            "kind": self.kind,
            "severity": str(self.severity),
            "sentence": self.sentence,
            "record": self.record,
            "channels": list(self.channels),
            "start": self.start,
            "end": self.end,
            "evidence": dict(self.evidence),
            "confidence": round(self.confidence, 3),
            "remedy": None if self.remedy is None else to_dict(self.remedy),
            "remedy_sentence": None if self.remedy is None else self.remedy.sentence(),
        }


def ordered(findings: list[Finding]) -> tuple[Finding, ...]:
    """Errors first, then warnings, then notes; surest first."""
    rank = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
    return tuple(sorted(findings, key=lambda f: (rank[f.severity], -f.confidence, f.start)))
