"""Repeat a run of a project and compare what comes out, bit for bit."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from heliid.errors import ProjectFileError
from heliid.events import Report, ShouldStop, ignore, never
from heliid.model.network import NarxModel
from heliid.project.document import Project, Run
from heliid.project.runs import candidate_to_dict, find_run
from heliid.study import StudyConfig, StudyResult, fit, identify
from heliid.study.conclude import versions

_NOT_NUMBERS = ("provenance", "scores")  # dates, versions and later judgements: not the model
_CANDIDATE_BITS = ("searcher", "genome", "cost", "nrmse", "diverged", "is_best")
_MAX_SAID = 5  # differences said one by one


@dataclass(frozen=True, eq=False)
class Rerun:
    """What came of it; ``differences`` is empty when every bit is the same.

    ``versions`` lists what is another version now: the first place to look at for a difference.
    """

    run: Run
    result: StudyResult
    differences: tuple[str, ...]
    versions: tuple[str, ...]
    n_candidates: int

    @property
    def is_equal(self) -> bool:
        """True when all candidates and models have the same bits."""
        return not self.differences

    @property
    def sentence(self) -> str:
        """The outcome in one sentence."""
        if self.is_equal:
            return (
                f"{self.run.name} gave the same bits again: {self.n_candidates} candidates, the "
                f"model, the linear model and {len(self.run.members)} members."
            )
        cause = f" Other versions: {', '.join(self.versions)}." if self.versions else ""
        return f"{self.run.name} came out differently: {self.differences[0]}{cause}"


def rerun(
    project: Project,
    wanted: str,
    *,
    workers: int = 0,
    report: Report = ignore,
    should_stop: ShouldStop = never,
) -> Rerun:
    """Do the run of that key or name once more, on the records it was made from.

    ``workers`` goes before the run's own number, which changes no bit; 0 keeps it.

    Raises
    ------
    ProjectFileError
        There is no such run, or it does not hold what is needed to repeat it.
    HeliIDError
        The study itself cannot be done.
    """
    run = find_run(project.runs, wanted)
    if run is None:
        known = ", ".join(f"{one.key} ({one.name})" for one in project.runs) or "none"
        raise ProjectFileError(f"The project has no run '{wanted}': its runs are {known}.")
    if run.used is None or run.model is None:
        raise ProjectFileError(
            f"The run {run.name} does not hold its records or its model, so it cannot be repeated: "
            f"start it anew from the window."
        )
    if run.reason == "stopped":
        raise ProjectFileError(
            f"The run {run.name} was stopped by hand, at a moment that no one can repeat: repeat "
            f"one that came to its end."
        )
    config = StudyConfig.from_dict(run.config)
    config = replace(config, workers=workers) if workers else config
    order = str(run.campaign.get("order", ""))
    if order:
        result = fit(run.used, config, order, report=report, should_stop=should_stop)
    else:
        result = identify(run.used, config, report=report, should_stop=should_stop)
    said = ("It was stopped before its end.",) if result.reason == "stopped" else ()
    return Rerun(
        run=run,
        result=result,
        differences=said or tuple(_differences(run, result)),
        versions=tuple(_other_versions(run)),
        n_candidates=len(result.candidates),
    )


def _differences(run: Run, result: StudyResult) -> Iterator[str]:
    yield from _candidates(run, result)
    yield from _model("the model", run.model, result.model)
    yield from _model("the best linear model", run.linear, result.linear)
    if len(run.members) != len(result.members):
        yield f"it has {len(result.members)} members instead of {len(run.members)}."
    for k, (old, new) in enumerate(zip(run.members, result.members, strict=False), start=1):
        yield from _model(f"member {k}", old, new)


def _candidates(run: Run, result: StudyResult) -> Iterator[str]:
    old = run.candidates
    new = [candidate_to_dict(one) for one in result.candidates]
    if len(old) != len(new):
        yield f"it has {len(new)} candidates instead of {len(old)}."
    other = [
        k for k, (a, b) in enumerate(zip(old, new, strict=False)) if _candidate(a) != _candidate(b)
    ]
    for k in other[:_MAX_SAID]:
        yield (
            f"candidate {k} ({new[k]['structure_text']}) costs {new[k]['cost']!r} instead of "
            f"{old[k]['cost']!r}."
        )
    if len(other) > _MAX_SAID:
        yield f"{len(other)} candidates differ in all."


def _candidate(row: dict[str, Any]) -> tuple:
    return tuple(_bits(row[name]) for name in _CANDIDATE_BITS)


def _model(words: str, old: NarxModel | None, new: NarxModel | None) -> Iterator[str]:
    if old is None or new is None:
        if old is not new:
            yield f"{words} is there only once."
        return
    mine, theirs = old.to_dict(), new.to_dict()
    for name in sorted(mine.keys() | theirs.keys()):
        if name not in _NOT_NUMBERS and _bits(mine.get(name)) != _bits(theirs.get(name)):
            yield f"{words} differs in its {name}."
            return


def _bits(value: Any) -> Any:
    """The value with its numbers as bits: -0.0 is not 0.0, and a NaN equals itself."""
    if isinstance(value, float):
        return struct.pack("<d", value)
    if isinstance(value, dict):
        return {key: _bits(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_bits(one) for one in value]
    return value


def _other_versions(run: Run) -> Iterator[str]:
    then = run.model.provenance.get("versions", {}) if run.model is not None else {}
    for name, version in versions().items():
        before = then.get(name)
        if before != version:
            yield f"{name} {version} instead of {before}"
