"""How long a 200 MB CSV takes to open, how much memory, and what hostile files cost.

    python benchmarks/open_csv.py [--megabytes 200] [--folder DIR]

Each file is opened in a fresh process, as a user would; times include the imports.
Accepted: 200 MB in 2 s; each hostile file answered in one sentence within 2 s and 500 MB.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

CHILD = """
import json, resource, sys, time
start = time.perf_counter()
from heliid.data.csvfile import read_csv
from heliid.errors import RecordError
imported = time.perf_counter()
try:
    record = read_csv(sys.argv[1])
    answer = f"{record.n_samples} samples x {len(record.channels)} channels"
    size = record.values.nbytes + record.time.nbytes
except RecordError as reason:
    answer, size = str(reason), 0
end = time.perf_counter()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"answer": answer, "s": end - start, "cpu_s": time.process_time(),
                  "import_s": imported - start, "peak_mb": peak, "data_mb": size / 1e6}))
"""


def open_file(path: Path) -> dict:
    """What a fresh process reports about opening ``path``."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", CHILD, str(path)],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parent.parent,
    )  # fmt: skip
    if done.returncode:
        return {"answer": "CRASH: " + done.stderr[-400:], "s": 99.0, "peak_mb": 0.0, "data_mb": 0.0}
    return json.loads(done.stdout)


def write_big(path: Path, megabytes: float) -> None:
    """A plausible record of 20 channels at 100 Hz, about the size asked for."""
    rng = np.random.default_rng(1)
    names = ",".join(["time [s]", *(f"ch{i:02d} [deg/s]" for i in range(20))])
    rows, written, k = 20_000, 0, 0
    with path.open("w", encoding="ascii") as stream:
        stream.write(names + "\n")
        block = rng.normal(size=(rows, 20)).cumsum(axis=0)
        cells = [",".join(f"{x:.5f}" for x in row) for row in block]
        while written < megabytes * 1e6:
            text = "\n".join(f"{0.01 * (k + i):.2f},{row}" for i, row in enumerate(cells)) + "\n"
            written += len(text)
            stream.write(text)
            k += rows


def _repeat(path: Path, unit: bytes, times: int) -> None:
    with path.open("wb") as stream:
        for _ in range(times):
            stream.write(unit)


def _good(n: int) -> bytes:
    lines = [f"{0.01 * k:.2f},{np.sin(k):.5f},{np.cos(k):.5f}" for k in range(n)]
    return ("time [s],a,q [deg/s]\n" + "\n".join(lines) + "\n").encode()


def _wide(path: Path) -> None:
    names = ",".join(["time", *(f"c{i}" for i in range(99_999))])
    row = ",".join(["0.0"] * 100_000)
    path.write_text(names + "\n" + (row + "\n") * 20)


def _medium(path: Path) -> None:
    """Columns over the limit although each line is under 1 MiB."""
    names = ",".join(["time", *(f"c{i}" for i in range(9_999))])
    path.write_text(
        names + "\n" + "".join(f"{k}," + ",".join("1" * 9_999) + "\n" for k in range(30))
    )


HOSTILE: dict[str, Callable[[Path], object]] = {
    "binary renamed .csv": lambda p: p.write_bytes(
        np.random.default_rng(0).bytes(20_000_000)
    ),
    "1 GB single line": lambda p: _repeat(p, b"1.0," * 250_000, 1000),
    "1 GB line after a good head": lambda p: (
        p.write_bytes(_good(20_000)),
        _append(p, b"1.0," * 250_000, 1000),
    ),
    "1 GB of one text line, no separator": lambda p: _repeat(p, b"x" * 1_000_000, 1000),
    "100 000 columns": _wide,
    "10 000 columns": _medium,
    "NUL bytes at the end of 60 MB": lambda p: (
        _repeat(p, _good(20_000), 1), _append_rows(p), _append(p, b"1,\0,3\n", 3)
    ),
    "all NUL, 100 MB": lambda p: _repeat(p, b"\0" * 1_000_000, 100),
    "unbalanced quote early, 60 MB": lambda p: (
        p.write_bytes(_good(50) + b'"0.50,1,2\n'), _append_rows(p, start=51)
    ),
    "formula cells": lambda p: p.write_bytes(_good(100).replace(b"0.50,", b"0.50,=A1+")),
    "mixed types at the end of 60 MB": lambda p: (
        p.write_bytes(_good(20_000)), _append_rows(p), _append(p, b"9999999,abc,3\n", 1)
    ),
    "duplicate names": lambda p: p.write_bytes(_good(100).replace(b",a,", b",q,", 1)),
    "empty names": lambda p: p.write_bytes(_good(100).replace(b",a,", b",,", 1)),
    "2.5 GB sparse file": lambda p: _sparse(p, 2_500_000_000),
    "600 million cells declared": lambda p: _repeat(
        p, b"time,a\n" + b"1,2\n" * 10_000_000, 1
    ),
    "gzip": lambda p: p.write_bytes(b"\x1f\x8b" + bytes(1000)),
    "only newlines, 100 MB": lambda p: _repeat(p, b"\n" * 1_000_000, 100),
    "only commas, 100 MB": lambda p: _repeat(p, (b"," * 999 + b"\n") * 1000, 100),
    "UTF-16 of 40 MB cut in half a character": lambda p: p.write_bytes(
        b"\xff\xfe" + _good(600_000).decode().encode("utf-16-le")[:-1]
    ),
    "deep brackets": lambda p: p.write_bytes(b"[" * 900_000 + b"\n" + b"]" * 900_000),
    "a folder": lambda p: p.mkdir(),
}  # fmt: skip


def _append(path: Path, unit: bytes, times: int) -> None:
    with path.open("ab") as stream:
        for _ in range(times):
            stream.write(unit)


def _append_rows(path: Path, start: int = 20_000) -> None:
    """60 MB of good rows after ``start``."""
    with path.open("ab") as stream:
        for first in range(start, start + 2_400_000, 100_000):
            stream.write(
                b"".join(
                    b"%.2f,1.00000,2.00000\n" % (0.01 * k) for k in range(first, first + 100_000)
                )
            )


def _sparse(path: Path, size: int) -> None:
    with path.open("wb") as stream:
        stream.truncate(size)


def main() -> int:
    """Print the table; the exit status is 1 when a limit was broken."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=float, default=200.0)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--only-big", action="store_true")
    chosen = parser.parse_args()
    is_bad = False
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        path = Path(folder) / "big.csv"
        write_big(path, chosen.megabytes)
        open_file(path)  # the second time the file is in the page cache, as in a trial of others
        found = min((open_file(path) for _ in range(3)), key=lambda one: one["s"])
        print(
            f"{chosen.megabytes:.0f} MB: {found['answer']}: {found['s']:.2f} s in all "
            f"({found['cpu_s']:.2f} s of CPU, {found['import_s']:.2f} s imports), "
            f"peak {found['peak_mb']:.0f} MB = {found['peak_mb'] / found['data_mb']:.1f} x the data"
        )
        is_bad |= found["s"] > 2.0
        path.unlink()
        for name, make in {} if chosen.only_big else HOSTILE.items():
            target = Path(folder) / "hostile.csv"
            make(target)
            found = open_file(target)
            answer = found["answer"]
            fine = found["s"] <= 2.0 and found["peak_mb"] <= 500 and _is_sentence(answer)
            is_bad |= not fine
            print(
                f"{'ok ' if fine else 'BAD'} {name}: {found['s']:.2f} s, "
                f"{found['peak_mb']:.0f} MB: {answer[:230]}"
            )
            target.rmdir() if target.is_dir() else target.unlink()
    return int(is_bad)


def _is_sentence(answer: str) -> bool:
    is_loaded = "samples x" in answer
    return is_loaded or ("\n" not in answer and answer.endswith(".") and "CRASH" not in answer)


if __name__ == "__main__":
    raise SystemExit(main())
