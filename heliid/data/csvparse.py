"""All numbers of a text table: block by block, fast where all is well, exact where it is not."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from heliid.data import csvscan, memory
from heliid.data.csvwalk import MAX_MAGNITUDE, block_lines, walk_block
from heliid.data.tabletext import Dialect
from heliid.data.timeaxis import TimeParser, parser_for
from heliid.errors import RecordError

_N_THREADS = 2  # blocks parsed at a time; the kernel works without the interpreter's lock
_SMALL_BLOCK = 64 * 1024  # bytes; a bad block is halved down to this before it is walked
_BLANK = b"\r\n \t\x1a"
_TAIL = 4096


def read_table(path: Path, dialect: Dialect) -> tuple[np.ndarray, np.ndarray, str]:
    """Raw times (N, n_time), channels (N, n_kept) in file units, and the file's hash.

    The numbers are parsed to where they stay: fresh memory costs as much as parsing, and a copy
    needs it twice.
    """
    encoding = csvscan.Encoding(dialect.encoding, dialect.bom)
    with ThreadPoolExecutor(1) as hasher:
        sha256 = hasher.submit(csvscan.file_hash, path)
        n_ends = csvscan.count_line_ends(path, encoding, dialect.newline)
        n_rows = max(n_ends + 2 - dialect.first_data_line, 0)
        if n_rows * dialect.n_columns > csvscan.MAX_CELLS:
            raise RecordError(
                f"{path.name}: the table has {n_rows * dialect.n_columns / 1e6:.0f} million "
                f"cells, the limit is {csvscan.MAX_CELLS / 1e6:.0f} million: "
                f"split the file into manoeuvres."
            )
        times = memory.empty((n_rows, len(dialect.time_columns)))
        values = memory.empty((n_rows, len(dialect.kept_columns)))
        n = 0
        for at, count in _parsed_blocks(path, dialect, encoding, times, values):
            if at != n:  # lines of comment before it: the block moves up
                for array in (times, values):
                    array[n : n + count] = array[at : at + count].copy()
            if dialect.time_format == "number":
                check_order(path, dialect, times[max(n - 1, 0) : n + count, 0], n)
            n += count
        return times[:n], values[:n], sha256.result()


def _parsed_blocks(
    path: Path, dialect: Dialect, encoding: csvscan.Encoding, times: np.ndarray, values: np.ndarray
) -> Iterator[tuple[int, int]]:
    """First row and number of rows filled by one block after another; two are parsed at a time.

    A block is written to where it belongs if no line before it was a comment. Text times share
    a parser that remembers the first day, so they go one by one.
    """
    parse_time = parser_for(dialect.time_format)
    n_workers = 1 if dialect.has_text_time else _N_THREADS
    waiting: deque[tuple[int, Future[int]]] = deque()
    at = 0
    with ThreadPoolExecutor(n_workers) as pool:
        try:
            for line, block in _data_blocks(path, dialect, encoding):
                end = at + block.count(b"\n")
                if end > len(times):
                    raise RecordError(
                        f"{path.name}: the file changed while it was read: open it again."
                    )
                target = times[at:end], values[at:end]
                task = pool.submit(_fill, path, dialect, line, block, parse_time, target)
                waiting.append((at, task))
                at = end
                if len(waiting) > n_workers:
                    first, done = waiting.popleft()
                    yield first, done.result()
            while waiting:
                first, done = waiting.popleft()
                yield first, done.result()
        finally:
            for _, task in waiting:
                task.cancel()


def _data_blocks(
    path: Path, dialect: Dialect, encoding: csvscan.Encoding
) -> Iterator[tuple[int, bytes]]:
    """First line number and bytes of blocks of data lines; blank lines at the end are gone."""
    line, to_skip = 1, dialect.first_data_line - 1
    blank = b""  # blank lines wait here until it is known whether the file ends with them
    for whole in csvscan.line_blocks(path, encoding, dialect.newline):
        n_lines = whole.count(b"\n")
        block = whole
        while to_skip and block:
            block = block[block.find(b"\n") + 1 :] if b"\n" in block else b""
            to_skip, n_lines, line = to_skip - 1, n_lines - 1, line + 1
        if not block[:_TAIL].strip(_BLANK) and not block.strip(_BLANK):
            blank += block
            continue
        # only the end can be blank: do not copy the whole block to find out
        tail = block[-_TAIL:] if block[-_TAIL:].strip(_BLANK) else block
        body = len(block) - len(tail) + len(tail.rstrip(_BLANK))
        end = block.find(b"\n", body) + 1 or len(block)
        piece = blank + block[:end]
        yield line - blank.count(b"\n"), piece if piece.endswith(b"\n") else piece + b"\n"
        line += n_lines
        blank = block[end:]


def _fill(
    path: Path, dialect: Dialect, line: int, block: bytes, parse_time: TimeParser,
    target: tuple[np.ndarray, np.ndarray],
) -> int:  # fmt: skip
    """Fill times and values (n, ...) from a block; how many rows (comments leave some over)."""
    if _parse_into(block, dialect, _places(dialect), *target):
        return len(target[0])
    part = _parse_block(path, dialect, line, block, parse_time)
    times, values = target
    times[: len(part)] = part[:, list(dialect.time_columns)]
    values[: len(part)] = part[:, list(dialect.kept_columns)]
    return len(part)


def _parse_block(
    path: Path, dialect: Dialect, line: int, block: bytes, parse_time: TimeParser
) -> np.ndarray:
    """The numbers of one block, (n, n_columns): fast if all is well, else the place of the fault.

    A block that the fast parsers refuse is halved until the fault is in a small one, so that
    the slow walk answers at once.
    """
    fast = _parse_plain(block, dialect)
    # a small block is walked sooner than the table library is imported
    if fast is None and len(block) > _SMALL_BLOCK and _is_plain(block, dialect):
        fast = _parse_fast(block, dialect, parse_time)
    if fast is not None:
        return fast
    if len(block) > _SMALL_BLOCK:
        cut = block.find(b"\n", len(block) // 2) + 1
        if 0 < cut < len(block):
            first = _parse_block(path, dialect, line, block[:cut], parse_time)
            later = line + block.count(b"\n", 0, cut)
            second = _parse_block(path, dialect, later, block[cut:], parse_time)
            return np.concatenate([first, second])
    return walk_block(path, dialect, line, block, parse_time)


def _parse_plain(block: bytes, dialect: Dialect) -> np.ndarray | None:
    """A block of nothing but numbers through the own kernel, or None when it is not that."""
    values = np.empty((block.count(b"\n"), dialect.n_columns))
    is_read = _parse_into(block, dialect, np.arange(dialect.n_columns), values[:, :0], values)
    return values if is_read else None


def _places(dialect: Dialect) -> np.ndarray:
    """Where each column (n_columns,) goes: j of the channels, or -1 - j of the times."""
    places = np.zeros(dialect.n_columns, dtype=np.int64)
    places[list(dialect.kept_columns)] = np.arange(len(dialect.kept_columns))
    places[list(dialect.time_columns)] = -1 - np.arange(len(dialect.time_columns))
    return places


def _parse_into(
    block: bytes, dialect: Dialect, places: np.ndarray, times: np.ndarray, values: np.ndarray
) -> bool:
    """Fill times and values (n, ...) from a block of nothing but numbers; False if it is not."""
    if dialect.text_columns or dialect.has_trailing_delimiter or dialect.has_blank_lines:
        return False
    if dialect.accepts_missing:
        return False  # a number such as -9999 may stand for no value
    from heliid.kernels.table import OK, parse_numbers

    text = np.frombuffer(block, dtype=np.uint8)
    delimiter, decimal = ord(dialect.delimiter), ord(dialect.decimal)
    padded = dialect.is_padded
    status = parse_numbers(text, delimiter, decimal, padded, MAX_MAGNITUDE, places, times, values)
    return bool(status == OK)


def _is_plain(block: bytes, dialect: Dialect) -> bool:
    """False when the block holds bytes that pandas would quietly accept or stumble over."""
    if b"\0" in block or (not dialect.is_quoted and b'"' in block):
        return False
    if dialect.is_padded or dialect.has_text_time or dialect.ignored:
        return True
    return b" " not in block and (dialect.delimiter == "\t" or b"\t" not in block)


def _parse_fast(block: bytes, dialect: Dialect, parse_time: TimeParser) -> np.ndarray | None:
    """The block through pandas' C parser, or None when anything at all is unusual."""
    import pandas as pd

    text_columns = [*dialect.text_columns]
    n_columns = dialect.n_columns + dialect.has_trailing_delimiter
    if dialect.has_trailing_delimiter:
        text_columns.append(n_columns - 1)
    n_rows = block.count(b"\n")
    if dialect.has_blank_lines:
        n_rows -= sum(not text.strip() for text in block.split(b"\n")[:-1])
    try:
        frame = pd.read_csv(io.BytesIO(block), **_pandas_options(dialect, n_columns, text_columns))
    except (ValueError, OverflowError):  # pandas' own errors are ValueErrors
        return None
    if frame.shape != (n_rows, n_columns):
        return None
    if dialect.accepts_missing and block.count(dialect.delimiter.encode()) != n_rows * (
        n_columns - 1
    ):
        return None  # a short row would be filled up as missing
    if dialect.has_trailing_delimiter and any(cell.strip() for cell in frame[n_columns - 1]):
        return None
    return _columns_of(frame, dialect, parse_time)


def _pandas_options(dialect: Dialect, n_columns: int, text_columns: list[int]) -> dict[str, Any]:
    import pandas as pd

    kinds: dict[int, Any] = dict.fromkeys(range(n_columns), "float64")
    kinds.update(dict.fromkeys(text_columns, object))
    options: dict[str, Any] = {
        "header": None,
        "dtype": kinds if text_columns else "float64",
        "engine": "c",
        "sep": r"\s+" if dialect.delimiter == " " else dialect.delimiter,
        "decimal": dialect.decimal,
        "quoting": 0 if dialect.is_quoted else 3,
        "na_filter": False,
        "keep_default_na": False,
        "skip_blank_lines": dialect.has_blank_lines,
        "skipinitialspace": dialect.is_padded,
        "encoding": "utf-8" if dialect.encoding.startswith("utf") else dialect.encoding,
        "encoding_errors": "replace",
        "low_memory": False,
    }
    if dialect.accepts_missing:
        numbers = set(range(n_columns)) - set(text_columns) - set(dialect.time_columns)
        marks = sorted(dialect.missing_marks)
        options |= {"na_filter": True, "na_values": dict.fromkeys(sorted(numbers), marks)}
    if tuple(int(part) for part in pd.__version__.split(".")[:2]) < (3, 1):
        options["float_precision"] = "round_trip"  # later versions are exact by default
    return options


def _columns_of(frame: Any, dialect: Dialect, parse_time: TimeParser) -> np.ndarray | None:
    """(n, n_columns) numbers of a parsed block, None when one is out of range or no time."""
    text_columns = dialect.text_columns
    if not text_columns and not dialect.has_trailing_delimiter:
        values = frame.to_numpy()
    else:
        values = np.zeros((len(frame), dialect.n_columns))
        numbers = [i for i in range(dialect.n_columns) if i not in text_columns]
        values[:, numbers] = frame[numbers].to_numpy(dtype=float)
    with np.errstate(invalid="ignore"):
        is_good = np.abs(values) <= MAX_MAGNITUDE
    if dialect.accepts_missing:
        is_good |= np.isnan(values)
    if not is_good.all():
        return None
    if dialect.has_text_time:
        cells = [frame[j] for j in dialect.time_columns]
        seconds = [parse_time(" ".join(c.strip() for c in row)) for row in zip(*cells, strict=True)]
        if None in seconds:
            return None
        values[:, dialect.time_columns[0]] = seconds
    return values


def check_order(path: Path, dialect: Dialect, raw: np.ndarray, first: int) -> None:
    """Refuse times that do not increase; ``raw`` starts one before sample ``first``, or at 0."""
    bad = np.flatnonzero(~(np.diff(raw) > 0.0))
    if not len(bad):
        return
    k = int(bad[0]) + 1
    line = _line_of_sample(path, dialect, k + max(first - 1, 0))
    what = "repeats" if raw[k] == raw[k - 1] else "goes back behind"
    raise RecordError(
        f"{path.name}, row {line}, column '{dialect.names[dialect.time_columns[0]]}': the time "
        f"{raw[k]:.10g} {what} the {raw[k - 1]:.10g} of the row before, wanted an increasing time: "
        f"delete that row or split the record there."
    )


def _line_of_sample(path: Path, dialect: Dialect, sample: int) -> int:
    """The line of the file that holds this sample; only asked for when something is wrong."""
    encoding = csvscan.Encoding(dialect.encoding, dialect.bom)
    seen = 0
    for line, block in _data_blocks(path, dialect, encoding):
        for number, _ in block_lines(path, dialect, line, block):
            if seen == sample:
                return number
            seen += 1
    return dialect.first_data_line + sample
