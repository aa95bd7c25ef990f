"""The front door: a campaign and a configuration in, a judged model out.

The jobs load the numerical core, which takes a second: they are only imported when used, so that
whoever needs just the settings (the window, before its first paint) does not wait for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heliid.study.config import ALL_SEARCHES, SEARCHES, OrderBox, StudyConfig

if TYPE_CHECKING:
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


def __getattr__(name: str) -> Any:
    if name in ("StudyResult", "fit", "identify"):
        from heliid.study import job

        return getattr(job, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
