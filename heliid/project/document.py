"""The project as a value, and its way into and out of a container."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, overload
from weakref import WeakKeyDictionary

import numpy as np

from heliid import atomic, strict_json
from heliid.data.record import FlightRecord
from heliid.errors import HeliIDError, ProjectFileError
from heliid.export.model_checks import Fault, check_document
from heliid.model.network import NarxModel
from heliid.project.arrays import ArrayError, content_name, from_npy, to_npy
from heliid.project.container import Container, read_container, write_container
from heliid.project.rows import (
    ProjectRecord,
    Run,
    record_from_dict,
    record_to_dict,
    run_from_dict,
    run_to_dict,
)


@dataclass(frozen=True, eq=False)
class Project:
    """Everything the engineer did.

    ``unknown`` holds keys of the file that this version does not know; they are written back.
    ``newer`` is the version of HeliID that wrote a file which this one can show and not write.
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
    newer: str = ""


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
        The disk is full, the folder cannot be written, or the project is of a newer HeliID and
        part of it would be lost; the old file is untouched.
    """
    path = Path(path)
    if project.newer:
        raise ProjectFileError(too_new_to_save(path.name, project.newer))
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


def too_new_to_save(name: str, version: str) -> str:
    """Why a project of a newer HeliID is not written by this one."""
    return (
        f"The project {name} was not saved: a newer HeliID ({version}) wrote it, and this one may "
        f"lose what it does not know: update HeliID to change it."
    )


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
    body["records"] = [record_to_dict(one, put_samples) for one in project.records]
    body["runs"] = []
    for run in project.runs:
        lines = "".join(json.dumps(row, allow_nan=False) + "\n" for row in run.candidates)
        entries[f"runs/{run.key}/candidates.jsonl"] = lines.encode()
        body["runs"].append(run_to_dict(run, put_model, put_samples))
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
    with read_container(source, name) as container:
        container.verify()
        return _fitting(container, lambda: _from_body(container, _body(container)))


def load_record(source: Path | str | bytes, key: str, names: Sequence[str] = ()) -> FlightRecord:
    """One record of a project, with all channels or those named; no other samples are read.

    Raises
    ------
    ProjectFileError
        Damaged, hostile or too new, or there is no such record or channel; one sentence.
    """
    with read_container(source) as container:
        return _fitting(container, lambda: _one_record(container, key, names))


def _one_record(container: Container, key: str, names: Sequence[str]) -> FlightRecord:
    rows = {str(row["key"]): row for row in _body(container)["records"]}
    if key not in rows:
        raise ProjectFileError(
            f"The project {container.path.name} has no record '{key}': its records are "
            f"{', '.join(rows) or 'none'}."
        )
    row = dict(rows[key])
    there = [str(channel["name"]) for channel in row["channels"]]
    missing = [name for name in names if name not in there]
    if missing:
        raise ProjectFileError(
            f"The record {row['name']} has no channel '{missing[0]}': its channels are "
            f"{', '.join(there)}."
        )
    if names and not row["linked"]:
        places = [there.index(name) for name in names]
        row["channels"] = [row["channels"][place] for place in places]
        row["values"] = [row["values"][place] for place in places]
        row["trim"] = row["trim"] and [row["trim"][place] for place in places]
    found = record_from_dict(
        row, lambda name: from_npy(container.read(name)), container.path.parent
    )
    return found.record


def _body(container: Container) -> dict[str, Any]:
    """The plain data of the project in the schema of today."""
    body = _json_entry(container, "project.json")
    for schema in range(int(container.manifest["schema"]), 1 + max(MIGRATIONS, default=0)):
        body = MIGRATIONS[schema](body)
    return body


_Made = TypeVar("_Made")


def _fitting(container: Container, make: Callable[[], _Made]) -> _Made:
    """What ``make`` makes; content that does not fit its schema is said in one sentence."""
    try:
        return make()
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
        runs.append(run_from_dict(row, candidates, get_model, get_array))
    return Project(
        records=tuple(
            record_from_dict(row, get_array, container.path.parent) for row in body["records"]
        ),
        inputs=tuple(str(name) for name in body["inputs"]),
        outputs=tuple(str(name) for name in body["outputs"]),
        config=dict(body["config"]),
        runs=tuple(runs),
        thresholds=dict(body["thresholds"]),
        layout=dict(body["layout"]),
        notes=str(body["notes"]),
        unknown={key: value for key, value in body.items() if key not in _KNOWN},
        newer=container.newer,
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
