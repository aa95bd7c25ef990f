"""The front door: a campaign and a configuration in, a judged model out."""

from __future__ import annotations

from heliid.study.config import ALL_SEARCHES, SEARCHES, OrderBox, StudyConfig
from heliid.study.job import StudyResult, fit, identify

__all__ = [
    "ALL_SEARCHES",
    "SEARCHES",
    "OrderBox",
    "StudyConfig",
    "StudyResult",
    "fit",
    "identify",
]
