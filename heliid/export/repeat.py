"""The command that repeats a study, made from its records and settings."""

from __future__ import annotations

import shlex
from dataclasses import fields

from heliid.data.campaign import Use
from heliid.study import OrderBox, StudyConfig, StudyResult

_OPTIONS = {
    "rate_hz": "--rate", "search": "--search", "budget": "--budget", "seed": "--seed",
    "window": "--window", "trim_rule": "--trim", "n_tables": "--tables",
    "n_ensemble": "--ensemble", "stagnation": "--stagnation", "wall_limit_s": "--time-limit",
    "trainer": "--trainer", "risk_weight": "--risk", "risk_alpha": "--risk-level",
    "train_on": "--train-on",
}  # fmt: skip
_BOX_OPTIONS = {
    "na_max": "--max-na", "nb_max": "--max-nb", "nk_max": "--max-nk",
    "spacing_max": "--max-spacing", "hidden_max": "--max-hidden",
    "leak_max": "--max-leak",
}  # fmt: skip
_SEARCH_ONLY = ("search", "budget", "window", "n_ensemble", "stagnation", "wall_limit_s")


def command_for(result: StudyResult) -> str:
    """The ``heliid`` command of a study, empty when its records cannot be named on one.

    Records that were conditioned or cut in the app exist only there; a command on the original
    files would be another study.
    """
    campaign = result.campaign
    if campaign is None or any(r.history or not r.source.path for r in campaign.records):
        return ""
    how = str(result.model.provenance.get("how", "search"))
    words = ["heliid", "fit" if how == "fit" else "identify"]
    for use, option in ((Use.TRAIN, "--train"), (Use.VALIDATE, "--validate"), (Use.TEST, "--test")):
        files = [record.source.path for record in campaign.with_use(use)]
        words += [option, *files] if files else []
    words += ["--inputs", ",".join(campaign.inputs), "--outputs", ",".join(campaign.outputs)]
    if how == "fit":
        words += ["--order", str(result.model.provenance.get("order", ""))]
    words += setting_words(result.config, with_search=how != "fit")
    return shlex.join([*words, "--out", "result"])


def setting_words(config: StudyConfig, *, with_search: bool = True) -> list[str]:
    """The options of all settings that are not at their default."""
    words: list[str] = []
    plain = StudyConfig()
    for name, option in _OPTIONS.items():
        value = getattr(config, name)
        if value != getattr(plain, name) and (with_search or name not in _SEARCH_ONLY):
            words += [option, f"{value:g}" if isinstance(value, float) else str(value)]
    if with_search:
        for one in fields(OrderBox):
            value = getattr(config.box, one.name)
            if value != getattr(plain.box, one.name):
                words += [_BOX_OPTIONS[one.name], str(value)]
    if not config.kinematics:
        words.append("--no-kinematics")
    if config.finer_rate:
        words.append("--finer-rate")
    return words
