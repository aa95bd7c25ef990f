"""How two projects differ, in sentences."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from heliid.project.document import Project, ProjectRecord, Run

_SETTINGS = (
    ("inputs", "The inputs"),
    ("outputs", "The outputs"),
    ("config", "The settings of the study"),
    ("thresholds", "The thresholds"),
    ("layout", "The layout of the window"),
    ("notes", "The notes"),
)


def differences(old: Project, new: Project) -> Iterator[str]:
    """What ``new`` has that ``old`` has not, and the other way round; nothing when equal."""
    yield from _listed("record", _records(old), _records(new))
    yield from _listed("run", _runs(old), _runs(new))
    for name, words in _SETTINGS:
        if _text(getattr(old, name)) != _text(getattr(new, name)):
            yield f"{words} have changed."


def _records(project: Project) -> dict[str, tuple[str, Any]]:
    return {one.key: (one.record.name, _record_content(one)) for one in project.records}


def _record_content(item: ProjectRecord) -> tuple:
    record = item.record
    return (
        record.name,
        [channel.to_dict() for channel in record.channels],
        item.use.value,
        _text(item.steps),
        _text(item.regions),
        np.asarray(record.time).tobytes(),
        np.asarray(record.values).tobytes(),
    )


def _runs(project: Project) -> dict[str, tuple[str, Any]]:
    return {run.key: (run.name, _run_content(run)) for run in project.runs}


def _run_content(run: Run) -> tuple:
    model = None if run.model is None else _text(run.model.to_dict())
    return (run.name, run.starred, run.test_used, len(run.candidates), model, _text(run.config))


def _listed(
    kind: str, old: dict[str, tuple[str, Any]], new: dict[str, tuple[str, Any]]
) -> Iterator[str]:
    yield from _named(f"New {kind}", (new[key][0] for key in new if key not in old))
    yield from _named(f"Missing {kind}", (old[key][0] for key in old if key not in new))
    changed = (new[key][0] for key in new if key in old and new[key][1] != old[key][1])
    yield from _named(f"Changed {kind}", changed)


def _named(words: str, names: Iterable[str]) -> Iterator[str]:
    found = list(names)
    if found:
        yield f"{words}{'s' if len(found) > 1 else ''}: {', '.join(found)}."


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
