"""Records and runs of a project as plain data and back; their samples are entries of the file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from heliid.data.campaign import Campaign, Use
from heliid.data.record import Channel, FlightRecord, Source, StepDone
from heliid.errors import ProjectFileError
from heliid.model.network import NarxModel
from heliid.project import kinds


@dataclass(frozen=True, eq=False)
class ProjectRecord:
    """One imported record as it came from the file, and what is to be done with it.

    ``steps`` are the conditioning steps as plain data (``heliid.data.conditioning``), applied from
    the original each time; ``regions`` are (start s, end s, use). ``linked`` keeps only path and
    hash in the file instead of the samples.
    """

    key: str
    record: FlightRecord
    use: Use = Use.TRAIN
    steps: tuple[dict[str, Any], ...] = ()
    regions: tuple[tuple[float, float, Use], ...] = ()
    linked: bool = False
    unknown: dict[str, Any] = field(default_factory=dict)  # of a later HeliID; written back


@dataclass(frozen=True, eq=False)
class Run:
    """One study that was run: its settings, every candidate, its models; never overwritten.

    ``campaign`` is what is said about the records and the way of working, as plain data
    (``heliid.project.runs``); ``judgement`` is the validation report as plain data. ``used`` is
    what makes the run repeatable whatever is done to the project's records later.
    """

    key: str
    name: str
    created: str  # ISO 8601, UTC
    config: dict[str, Any]
    campaign: dict[str, Any]
    candidates: tuple[dict[str, Any], ...] = ()
    model: NarxModel | None = None
    linear: NarxModel | None = None
    members: tuple[NarxModel, ...] = ()
    reason: str = ""
    notices: tuple[str, ...] = ()
    judgement: dict[str, Any] = field(default_factory=dict)
    starred: bool = False
    test_used: bool = False  # the test records were scored with this run's model
    used: Campaign | None = None  # the very records it ran on; samples equal to others cost nothing
    unknown: dict[str, Any] = field(default_factory=dict)  # of a later HeliID; written back


_RECORD_KEYS = frozenset({
    "key", "use", "steps", "regions", "linked", "name", "channels", "source", "history", "trim",
    "n_samples", "time", "values",
})  # fmt: skip
_RUN_KEYS = frozenset(one.name for one in fields(Run)) - {"candidates", "unknown"}

PutSamples = Callable[[FlightRecord], tuple[str, ...]]
GetArray = Callable[[str], np.ndarray]


def record_to_dict(item: ProjectRecord, put: PutSamples) -> dict[str, Any]:
    """A record as plain data; its samples go where ``put`` says, those of a linked one nowhere."""
    row: dict[str, Any] = {
        "key": item.key,
        "use": item.use.value,
        "steps": list(item.steps),
        "regions": [[start, end, use.value] for start, end, use in item.regions],
        "linked": item.linked,
    }
    return {**item.unknown, **row, **_flight_to_dict(item.record, None if item.linked else put)}


def _flight_to_dict(record: FlightRecord, put: PutSamples | None) -> dict[str, Any]:
    """What a record says of itself and, with ``put``, the entries of its samples."""
    row: dict[str, Any] = {
        "name": record.name,
        "channels": [channel.to_dict() for channel in record.channels],
        "source": record.source.to_dict(),
        "history": [step.to_dict() for step in record.history],
        "trim": None if record.trim is None else record.trim.tolist(),
        "n_samples": record.n_samples,
    }
    if put is not None:
        row["time"], *row["values"] = put(record)
    return row


def _flight_from_dict(row: dict[str, Any], get: GetArray) -> FlightRecord:
    columns = [get(name) for name in row["values"]]
    return FlightRecord(
        name=str(row["name"]),
        time=get(row["time"]),
        values=np.stack(columns, axis=1) if columns else np.zeros((row["n_samples"], 0)),
        channels=_channels(row),
        source=_source(row),
        history=tuple(StepDone.from_dict(step) for step in row["history"]),
        trim=None if row["trim"] is None else np.array(row["trim"], dtype=float),
    )


def _channels(row: dict[str, Any]) -> tuple[Channel, ...]:
    return tuple(Channel.from_dict(kinds.checked(one, kinds.TEXTS)) for one in row["channels"])


def _source(row: dict[str, Any]) -> Source:
    return Source.from_dict(kinds.checked(row["source"], kinds.SOURCE))


def record_from_dict(
    row: dict[str, Any], get: GetArray, folder: Path | None = None
) -> ProjectRecord:
    """The inverse; a linked file is also looked for in ``folder``, where the project lies."""
    if row["linked"]:
        record = _read_linked(str(row["name"]), _source(row), _channels(row), folder)
    else:
        record = _flight_from_dict(row, get)
    return ProjectRecord(
        key=str(row["key"]),
        record=record,
        use=Use(row["use"]),
        steps=tuple(dict(step) for step in row["steps"]),
        regions=tuple((float(a), float(b), Use(use)) for a, b, use in row["regions"]),
        linked=bool(row["linked"]),
        unknown={key: value for key, value in row.items() if key not in _RECORD_KEYS},
    )


def _read_linked(
    name: str, source: Source, channels: tuple[Channel, ...], folder: Path | None
) -> FlightRecord:
    """The record behind a link; a moved or changed file is said, never silently taken."""
    from heliid.data.csvfile import read_csv  # only where a project links its sources

    path = Path(source.path)
    if not path.is_file() and folder is not None:  # moved together with the project
        path = folder / path.name
    if not path.is_file():
        raise ProjectFileError(
            f"The record {name} is linked to {source.path}, which is not there any more: put the "
            f"file back, or open a copy of the project that stores its records."
        )
    record = read_csv(path, name=name)
    if record.source.sha256 != source.sha256:
        raise ProjectFileError(
            f"The record {name} is linked to {source.path}, which has changed since the project "
            f"was saved: restore the file, or import it anew."
        )
    if record.names != tuple(channel.name for channel in channels):
        raise ProjectFileError(
            f"The record {name} is linked to {source.path}, whose columns have "
            f"changed: import it anew."
        )
    return record


def _campaign_to_dict(campaign: Campaign | None, put: PutSamples) -> dict[str, Any] | None:
    if campaign is None:
        return None
    return {
        "records": [_flight_to_dict(record, put) for record in campaign.records],
        "uses": [use.value for use in campaign.uses],
        "inputs": list(campaign.inputs),
        "outputs": list(campaign.outputs),
    }


def _campaign_from_dict(row: dict[str, Any] | None, get: GetArray) -> Campaign | None:
    if row is None:
        return None
    return Campaign(
        tuple(_flight_from_dict(one, get) for one in row["records"]),
        tuple(Use(one) for one in row["uses"]),
        tuple(str(name) for name in row["inputs"]),
        tuple(str(name) for name in row["outputs"]),
    )


def run_to_dict(
    run: Run, put: Callable[[NarxModel | None], str | None], put_samples: PutSamples
) -> dict[str, Any]:
    """A run as plain data, its candidates left out; models and samples go where they are put."""
    return {
        **run.unknown,
        "key": run.key,
        "name": run.name,
        "created": run.created,
        "config": run.config,
        "campaign": run.campaign,
        "model": put(run.model),
        "linear": put(run.linear),
        "members": [put(member) for member in run.members],
        "reason": run.reason,
        "notices": list(run.notices),
        "judgement": run.judgement,
        "starred": run.starred,
        "test_used": run.test_used,
        "used": _campaign_to_dict(run.used, put_samples),
    }


def run_from_dict(
    row: dict[str, Any],
    candidates: tuple[dict[str, Any], ...],
    get: Callable[[str | None], NarxModel | None],
    get_array: GetArray,
) -> Run:
    """The inverse."""
    members = tuple(get(name) for name in row["members"])
    return Run(
        key=str(row["key"]),
        name=str(row["name"]),
        created=str(row["created"]),
        config=dict(row["config"]),
        campaign=dict(row["campaign"]),
        candidates=tuple(kinds.checked(one, kinds.CANDIDATE) for one in candidates),
        model=get(row["model"]),
        linear=get(row["linear"]),
        members=tuple(member for member in members if member is not None),
        reason=str(row["reason"]),
        notices=tuple(str(text) for text in row["notices"]),
        judgement=dict(row["judgement"]),
        starred=bool(row["starred"]),
        test_used=bool(row["test_used"]),
        used=_campaign_from_dict(row["used"], get_array),
        unknown={key: value for key, value in row.items() if key not in _RUN_KEYS},
    )
