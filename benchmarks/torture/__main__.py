"""Run the trials: ``python -m benchmarks.torture [--column ci|release] [ROW ...]``.

Each row prints its number, what was tried, how often, with which seed, and what came of it. The
status is 1 when any row failed.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import benchmarks.torture as package

Trial = Callable[[bool], str]


def trials() -> dict[int, tuple[str, Trial]]:
    """Row number to (title, function); each module of this package lists its own in ROWS."""
    found: dict[int, tuple[str, Trial]] = {}
    for info in pkgutil.iter_modules(package.__path__):
        if info.name not in ("__main__", "monkey"):  # the monkey needs Qt
            module = importlib.import_module(f"benchmarks.torture.{info.name}")
            found.update(getattr(module, "ROWS", {}))
    return dict(sorted(found.items()))


def main() -> int:
    """Run the rows asked for (all by default) and print the table."""
    parser = argparse.ArgumentParser(prog="benchmarks.torture", description=__doc__)
    parser.add_argument("rows", nargs="*", type=int, help="row numbers; all by default")
    parser.add_argument("--column", choices=("ci", "release"), default="ci")
    options = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    failed = n_rows = 0
    began = time.perf_counter()
    for number, (title, trial) in trials().items():
        if options.rows and number not in options.rows:
            continue
        n_rows += 1
        start = time.perf_counter()
        try:
            outcome, mark = trial(options.column == "release"), "ok  "
        except Exception:  # a trial that fails in any way is a row that failed
            outcome, mark = traceback.format_exc(limit=-2).strip(), "FAIL"
            failed += 1
        seconds = time.perf_counter() - start
        print(f"{mark} {number:2d}  {title}: {outcome}  [{seconds:.1f} s]", flush=True)
    minutes = (time.perf_counter() - began) / 60
    print(f"{failed} of {n_rows} rows failed, {minutes:.1f} min in all, column {options.column}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
