"""The project as a value, and its way into and out of a container."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload
from weakref import WeakKeyDictionary

import numpy as np

from heliid import atomic, strict_json
from heliid.data.campaign import Campaign, Use
from heliid.data.record import Channel, FlightRecord, Source, StepDone
from heliid.errors import HeliIDError, ProjectFileError
from heliid.export.model_checks import Fault, check_document
from heliid.model.network import NarxModel
from heliid.project.arrays import ArrayError, content_name, from_npy, to_npy
from heliid.project.container import Container, read_container, write_container


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


@dataclass(frozen=True, eq=False)
class Project:
    """Everything the engineer did.

    ``unknown`` holds keys of the file that this version does not know; they are written back.
    """

    records: tuple[ProjectRecord, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    config: dict[str, Any] = field(default_factory=dict)
    runs: tuple[Run, ...] = ()
    thresholds: dict[str, Any] = field(default_factory=dict)
    layout: dict[str, Any] = field(default_factory=dict)
    notes: str = ""
    unknown: dict[str, Any] = field(default_factory=dict)


_KNOWN = ("records", "inputs", "outputs", "config", "runs", "thresholds", "layout", "notes")

# a record to the entries of its time and columns, kept as long as the record itself
ArrayNames = WeakKeyDictionary[FlightRecord, tuple[str, ...]]

# schema n -> n + 1, pure functions on the plain data of project.json
MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}


def save_project(
    project: Project,
    path: Path | str,
    *,
    compact: bool = False,
    ops: atomic.FileOps = atomic.FILE_OPS,
) -> None:
    """Write the project atomically; one generation is kept beside it as ``NAME.bak``.

    Raises
    ------
    ProjectFileError
        The disk is full, or the folder cannot be written; the old file is untouched.
    """
    path = Path(path)
    atomic.remove_leftovers(path)
    try:
        write_container(path, project_entries(project), compact=compact, ops=ops)
    except ValueError as error:  # strict JSON: a NaN must not get into a file
        raise ProjectFileError(
            f"The project {path.name} could not be saved: it holds a value that no file can keep "
            f"({error}); the file as it was before is untouched."
        ) from None
    except OSError as error:
        raise ProjectFileError(
            f"The project {path.name} could not be saved ({error.strerror or error}); the file "
            f"as it was before is untouched: free some space or save it in another folder."
        ) from None


@overload
def project_entries(project: Project) -> dict[str, bytes]: ...
@overload
def project_entries(project: Project, known: ArrayNames) -> dict[str, bytes | None]: ...
def project_entries(project: Project, known: ArrayNames | None = None) -> Any:
    """Entry name to bytes, without the manifest; equal projects give equal bytes.

    The samples of records in ``known`` are not written out again: their entries are None. Records
    that are not in it yet are added.
    """
    entries: dict[str, bytes | None] = {}

    def put_array(array: np.ndarray) -> str:
        data = to_npy(array)
        name = content_name(data, "arrays", ".npy")
        entries[name] = data
        return name

    def put_samples(record: FlightRecord) -> tuple[str, ...]:
        names = None if known is None else known.get(record)
        if names is not None:
            for name in names:
                entries.setdefault(name, None)
            return names
        columns = (record.time, *(np.ascontiguousarray(one) for one in record.values.T))
        names = tuple(put_array(column) for column in columns)
        if known is not None:
            known[record] = names
        return names

    def put_model(model: NarxModel | None) -> str | None:
        if model is None:
            return None
        data = _json_bytes(model.to_dict())
        name = content_name(data, "models", ".json")
        entries[name] = data
        return name

    body: dict[str, Any] = dict(project.unknown)
    body["records"] = [_record_to_dict(one, put_samples) for one in project.records]
    body["runs"] = []
    for run in project.runs:
        lines = "".join(json.dumps(row, allow_nan=False) + "\n" for row in run.candidates)
        entries[f"runs/{run.key}/candidates.jsonl"] = lines.encode()
        body["runs"].append(_run_to_dict(run, put_model, put_samples))
    for name in ("inputs", "outputs", "config", "thresholds", "layout", "notes"):
        value = getattr(project, name)
        body[name] = list(value) if isinstance(value, tuple) else value
    entries["project.json"] = _json_bytes(body)
    return entries


def load_project(source: Path | str | bytes, name: str = "project") -> Project:
    """The project in a file or in bytes, every hash checked.

    Raises
    ------
    ProjectFileError
        Damaged, hostile or too new; one sentence.
    """
    container = read_container(source, name)
    container.verify()
    body = _json_entry(container, "project.json")
    for schema in range(int(container.manifest["schema"]), 1 + max(MIGRATIONS, default=0)):
        body = MIGRATIONS[schema](body)
    try:
        return _from_body(container, body)
    except ProjectFileError:
        raise
    except (
        HeliIDError,
        ArrayError,
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        IndexError,
        OverflowError,
    ) as error:
        raise ProjectFileError(
            f"The project {container.path.name} cannot be opened: its content does not fit its "
            f"schema ({type(error).__name__}: {str(error)[:120]}); open the last good copy "
            f"({container.path.name}.bak) instead."
        ) from None


def _from_body(container: Container, body: dict[str, Any]) -> Project:
    if not isinstance(body, dict):
        raise TypeError("project.json is not an object")

    def get_model(name: str | None) -> NarxModel | None:
        if name is None:
            return None
        data = _json_entry(container, name)
        try:
            check_document(data)
        except Fault as fault:
            raise ProjectFileError(
                f"The project {container.path.name} cannot be opened: in a model of it {fault}; "
                f"open the last good copy ({container.path.name}.bak) instead."
            ) from None
        return NarxModel.from_dict(data)

    def get_array(name: str) -> np.ndarray:
        return from_npy(container.read(name))

    runs = []
    for row in body["runs"]:
        text = container.read(f"runs/{row['key']}/candidates.jsonl")
        candidates = tuple(strict_json.loads(line) for line in text.splitlines() if line.strip())
        runs.append(_run_from_dict(row, candidates, get_model, get_array))
    return Project(
        records=tuple(_record_from_dict(row, get_array) for row in body["records"]),
        inputs=tuple(str(name) for name in body["inputs"]),
        outputs=tuple(str(name) for name in body["outputs"]),
        config=dict(body["config"]),
        runs=tuple(runs),
        thresholds=dict(body["thresholds"]),
        layout=dict(body["layout"]),
        notes=str(body["notes"]),
        unknown={key: value for key, value in body.items() if key not in _KNOWN},
    )


def _json_entry(container: Container, name: str) -> Any:
    try:
        return strict_json.loads(container.read(name))
    except strict_json.StrictJsonError as error:
        raise ProjectFileError(
            f"The project {container.path.name} cannot be opened: in '{name}' {error}."
        ) from None


def _json_bytes(data: Any) -> bytes:
    return json.dumps(data, allow_nan=False, sort_keys=True, indent=1).encode()


PutSamples = Callable[[FlightRecord], tuple[str, ...]]
GetArray = Callable[[str], np.ndarray]


def _record_to_dict(item: ProjectRecord, put: PutSamples) -> dict[str, Any]:
    row: dict[str, Any] = {
        "key": item.key,
        "use": item.use.value,
        "steps": list(item.steps),
        "regions": [[start, end, use.value] for start, end, use in item.regions],
        "linked": item.linked,
    }
    return row | _flight_to_dict(item.record, None if item.linked else put)


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
        channels=tuple(Channel.from_dict(one) for one in row["channels"]),
        source=Source.from_dict(row["source"]),
        history=tuple(StepDone.from_dict(step) for step in row["history"]),
        trim=None if row["trim"] is None else np.array(row["trim"], dtype=float),
    )


def _record_from_dict(row: dict[str, Any], get: GetArray) -> ProjectRecord:
    if row["linked"]:
        channels = tuple(Channel.from_dict(one) for one in row["channels"])
        record = _read_linked(str(row["name"]), Source.from_dict(row["source"]), channels)
    else:
        record = _flight_from_dict(row, get)
    return ProjectRecord(
        key=str(row["key"]),
        record=record,
        use=Use(row["use"]),
        steps=tuple(dict(step) for step in row["steps"]),
        regions=tuple((float(a), float(b), Use(use)) for a, b, use in row["regions"]),
        linked=bool(row["linked"]),
    )


def _read_linked(name: str, source: Source, channels: tuple[Channel, ...]) -> FlightRecord:
    """The record behind a link; a moved or changed file is said, never silently taken."""
    from heliid.data.csvfile import read_csv  # only where a project links its sources

    path = Path(source.path)
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


def _run_to_dict(
    run: Run, put: Callable[[NarxModel | None], str | None], put_samples: PutSamples
) -> dict[str, Any]:
    return {
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


def _run_from_dict(
    row: dict[str, Any],
    candidates: tuple[dict[str, Any], ...],
    get: Callable[[str | None], NarxModel | None],
    get_array: GetArray,
) -> Run:
    members = tuple(get(name) for name in row["members"])
    return Run(
        key=str(row["key"]),
        name=str(row["name"]),
        created=str(row["created"]),
        config=dict(row["config"]),
        campaign=dict(row["campaign"]),
        candidates=candidates,
        model=get(row["model"]),
        linear=get(row["linear"]),
        members=tuple(member for member in members if member is not None),
        reason=str(row["reason"]),
        notices=tuple(str(text) for text in row["notices"]),
        judgement=dict(row["judgement"]),
        starred=bool(row["starred"]),
        test_used=bool(row["test_used"]),
        used=_campaign_from_dict(row["used"], get_array),
    )
