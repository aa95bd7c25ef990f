"""Row 1: malformed tables; each is answered by one sentence that names the place."""

from __future__ import annotations

import hashlib
import random
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.torture.files import SEED, make_project, mutate
from heliid.data.csvfile import read_csv
from heliid.errors import RecordError
from heliid.project import save_project
from tests.importing import kinds

DEG = np.pi / 180
NOT_TEXT = ("utf16", "binary", "gzip", "empty", "only newlines", "latin-1")
POSITIONS = ((0, 0), (0, 1), (1, 3), (7, 2), (kinds.BAD_ROW, 1), (kinds.BAD_ROW, 2),
             (kinds.N_ROWS - 1, 0), (kinds.N_ROWS - 1, 3))  # fmt: skip
NAMES = ("flight.csv", "Flight 7 (copy).csv", "flug_höhe.csv", "f.txt", "a.b.c.csv", "UPPER.CSV",
         "-dash.csv", "x" * 100 + ".csv")  # fmt: skip
REMEDY = re.compile(
    r"\b(fill|delete|write|add|remove|check|export|give|open|choose|correct|replace|save|name|put"
    r"|unpack|convert|put|use|rename|close|shorten|split|sort|keep|cut|make|repair|look|leave|set"
    r"|crop|bring|type|let|read|import)\b",
    re.IGNORECASE,
)


def malformed_tables(release: bool) -> str:
    """Row 1: 54 kinds in 8 positions or dialects; release adds 100 000 mutated tables."""
    tried = refused = named = 0
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "a.heliid"
        save_project(make_project(0), project)
        before = hashlib.sha256(project.read_bytes()).hexdigest()
        for kind, name, data, place in variants():
            path = Path(folder) / name
            path.write_bytes(data)
            tried += 1
            if kind in kinds.LOADS:
                _check_loaded(read_csv(path), kind)
            else:
                sentence = refusal(path)
                assert _is_one_sentence(sentence), sentence
                assert name in sentence, sentence
                assert REMEDY.search(sentence.partition(":")[2]), f"no remedy: {sentence}"
                refused += 1
                if place is not None:
                    row, column = place
                    header = ("time", "delta_lon", "q", "theta")[column]
                    assert f"row {row + 2}, column '{header}'" in sentence, sentence
                    named += 1
            path.unlink()
        after = hashlib.sha256(project.read_bytes()).hexdigest()
        assert before == after, "the project has changed"
        mutated = _mutated(Path(folder), 100_000 if release else 2_000)
    return (
        f"{tried} tables, {refused} refused in one sentence each, {named} of them with row and "
        f"column, {tried - refused} loaded right, {mutated} (seed {SEED})"
    )


def refusal(path: Path) -> str:
    """The sentence with which a table is refused."""
    try:
        read_csv(path)
    except RecordError as error:
        return str(error)
    raise AssertionError(f"{path.name} was read silently")


def variants() -> Iterator[tuple[str, str, bytes, tuple[int, int] | None]]:
    """(kind, file name, content, row and column of the fault): 8 of each of the 54 kinds."""
    for kind, data in kinds.LOADS.items():
        for name, made in _dialects(kind, data):
            yield kind, name, made, None
    for kind, data in kinds.REFUSED.items():
        if kind in kinds.CELLS and kind != "latin-1":
            for name, place in zip(NAMES, POSITIONS, strict=True):
                yield kind, name, kinds.with_cell(kinds.CELLS[kind], *place), place
        else:
            for name, made in _dialects(kind, data):
                yield kind, name, made, None


def _dialects(kind: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    changes: tuple[Callable[[bytes], bytes], ...] = (
        bytes, _crlf, _bom, _utf16, _semicolon, _tab, bytes, bytes
    )  # fmt: skip
    for name, change in zip(NAMES, changes, strict=True):
        is_text = kind not in NOT_TEXT and not data.startswith(b"\xef\xbb\xbf")
        yield name, change(data) if is_text else data


def _crlf(data: bytes) -> bytes:
    return data if b"\r" in data else data.replace(b"\n", b"\r\n")


def _bom(data: bytes) -> bytes:
    return b"\xef\xbb\xbf" + data


def _utf16(data: bytes) -> bytes:
    return data.decode().encode("utf-16")


def _semicolon(data: bytes) -> bytes:
    return data.replace(b",", b";") if _is_plain(data) else data


def _tab(data: bytes) -> bytes:
    return data.replace(b",", b"\t") if _is_plain(data) else data


def _is_plain(data: bytes) -> bool:
    return not any(mark in data for mark in (b";", b'"', b"\t"))


def _check_loaded(record, kind: str) -> None:
    assert record.names == ("delta_lon", "q", "theta"), kind
    wanted = np.array([float(row[2]) for row in kinds.table()[1:]]) * DEG
    assert np.array_equal(record.column("q"), wanted), kind


def _is_one_sentence(text: str) -> bool:
    return "\n" not in text and text.endswith(".") and ". " not in text


def _mutated(folder: Path, count: int) -> str:
    """Random wounds: a refusal in one sentence, or numbers that the text really holds."""
    rng = random.Random(f"{SEED} tables")
    sources = list(kinds.LOADS.values())
    path = folder / "flight.csv"
    n_refused = 0
    for _ in range(count):
        path.write_bytes(mutate(rng, rng.choice(sources)))
        try:
            record = read_csv(path)
        except RecordError as error:
            n_refused += 1
            assert "\n" not in str(error), str(error)
        else:
            assert np.isfinite(record.values).all(), "a number that is none"
            assert np.all(np.diff(record.time) > 0.0), "time that does not go on"
    return f"{count} mutated tables: {n_refused} refused, none with a number that is none"


ROWS = {1: ("Malformed tables", malformed_tables)}

if __name__ == "__main__":
    sys.stdout.write(malformed_tables(release=False) + "\n")
