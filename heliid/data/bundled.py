"""The records that ship with HeliID, and the examples made of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from heliid import strict_json
from heliid.data.campaign import Campaign, Use, make_campaign
from heliid.data.record import FlightRecord
from heliid.errors import SettingsError


@dataclass(frozen=True, slots=True)
class ExampleRecord:
    """A file of an example, its use, and which part of it (fractions of its samples)."""

    file: str  # relative to the data folder
    use: Use
    start: float = 0.0
    end: float = 1.0


@dataclass(frozen=True, slots=True)
class Example:
    """One bundled example: a key, what to show, and its campaign in short."""

    key: str
    title: str
    text: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    records: tuple[ExampleRecord, ...]


def data_folder() -> Path:
    """Where the shipped records are: ``data/`` beside the source, else inside the package.

    Raises
    ------
    SettingsError
        Neither is there: the installation is incomplete.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package.parent / "data", package / "_data"):
        if (folder / "examples.json").is_file():
            return folder
    raise SettingsError(
        f"The example records are missing from {package / '_data'}: install HeliID again."
    )


def examples() -> tuple[Example, ...]:
    """All bundled examples, the real flight first."""
    listed = strict_json.loads((data_folder() / "examples.json").read_bytes())["examples"]
    return tuple(
        Example(
            key=one["key"],
            title=one["title"],
            text=one["text"],
            inputs=tuple(one["inputs"]),
            outputs=tuple(one["outputs"]),
            records=tuple(
                ExampleRecord(r["file"], Use(r["use"]), r.get("from", 0.0), r.get("to", 1.0))
                for r in one["records"]
            ),
        )
        for one in listed
    )


def load_example(key: str) -> Campaign:
    """The campaign of the example called ``key``, read from its files.

    Raises
    ------
    SettingsError
        There is no such example; the message lists those there are.
    """
    known = {example.key: example for example in examples()}
    if key not in known:
        raise SettingsError(f"There is no example '{key}': choose one of {', '.join(known)}.")
    example = known[key]
    read: dict[str, FlightRecord] = {}
    parts: dict[Use, list[FlightRecord]] = {use: [] for use in Use}
    for wanted in example.records:
        if wanted.file not in read:
            read[wanted.file] = _read(wanted.file)
        parts[wanted.use].append(_part(read[wanted.file], wanted))
    return make_campaign(
        example.inputs,
        example.outputs,
        train=parts[Use.TRAIN],
        validate=parts[Use.VALIDATE],
        test=parts[Use.TEST],
    )


def _read(file: str) -> FlightRecord:
    from heliid.data.csvfile import read_csv  # pandas is slow to import

    return read_csv(data_folder() / file)


def _part(record: FlightRecord, wanted: ExampleRecord) -> FlightRecord:
    if (wanted.start, wanted.end) == (0.0, 1.0):
        return record
    first, last = round(wanted.start * record.n_samples), round(wanted.end * record.n_samples)
    name = f"{record.name} {100 * wanted.start:.0f}-{100 * wanted.end:.0f} %"
    return record.slice(first, last, name)
