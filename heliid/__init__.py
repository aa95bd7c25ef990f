"""HeliID: helicopter system identification from flight-test records.

>>> import heliid
>>> campaign = heliid.make_campaign(
...     ["delta_lon"], ["q", "theta"],
...     train=[heliid.read_csv("sweep.csv")], validate=[heliid.read_csv("doublet.csv")],
... )                                                            # doctest: +SKIP
>>> result = heliid.identify(campaign, heliid.StudyConfig())     # doctest: +SKIP

Importing ``heliid`` imports nothing else; each name below is fetched when it is first used.
See ``docs/api.md``.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

# What each name is, for type checkers: __init__.pyi (an import here would tie every room to all).
_HOMES = {
    "heliid.api": ("predict", "save_study", "score", "simulate"),
    "heliid.data.campaign": ("Campaign", "Use", "make_campaign"),
    "heliid.data.csvfile": ("read_csv",),
    "heliid.data.record": ("Channel", "FlightRecord", "split_in_time"),
    "heliid.ensemble": ("Ensemble", "make_ensemble"),
    "heliid.errors": ("HeliIDError",),
    "heliid.export.model_files": ("load_model", "save_model"),
    "heliid.model.network": ("NarxModel",),
    "heliid.model.simulate": ("Response",),
    "heliid.physics": ("linearise", "modes"),
    "heliid.study": ("OrderBox", "StudyConfig", "StudyResult", "fit", "identify"),
    "heliid.study.compare": ("compare_searches",),
    "heliid.study.judgement": ("judge_study",),
    "heliid.validation.judge": ("judge",),
}
_HOME_OF = {name: (home, name) for home, names in _HOMES.items() for name in names}
_HOME_OF["export_model"] = ("heliid.export.targets", "export")  # heliid.export is the package

__all__ = [  # noqa: RUF022 - in the order of use
    "__version__",
    "read_csv", "FlightRecord", "Channel", "split_in_time",
    "make_campaign", "Campaign", "Use",
    "StudyConfig", "OrderBox", "identify", "fit", "StudyResult", "judge_study", "save_study",
    "compare_searches",
    "NarxModel", "load_model", "save_model", "simulate", "predict", "score", "judge", "Response",
    "linearise", "modes", "Ensemble", "make_ensemble", "export_model",
    "HeliIDError",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'heliid' has no attribute '{name}'")
    home, its_name = _HOME_OF[name]
    value = getattr(importlib.import_module(home), its_name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})
