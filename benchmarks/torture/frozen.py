"""Row 19: the frozen project and model of every schema open, and nothing is lost on the way."""

from __future__ import annotations

import re
import subprocess
import sys

from benchmarks.torture.files import ROOT


def old_files(release: bool) -> str:
    """Row 19: the tests over ``tests/frozen``."""
    del release
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/frozen"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-800:]
    found = re.search(r"(\d+) passed", done.stdout)
    files = len(list((ROOT / "tests" / "frozen").glob("*-*.*")))
    return f"{files} frozen files, {found[1] if found else 0} checks"


ROWS = {19: ("Old files", old_files)}
