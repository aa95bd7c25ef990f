"""Row 4, below Python: the n-th call of the C library fails while files are saved and opened.

``failing_calls.c`` stands between the program (SQLite included) and its C library; it is compiled
when it is needed. Tried are a save over an older project, opening one, the recovery journal, a
search's checkpoint and the export of a model, for every n until nothing fails any more.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.torture.files import ROOT, make_project

SOURCE = Path(__file__).with_name("failing_calls.c")
ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS)
CODE = "from benchmarks.torture.calls import inside; inside()"
MOST = 500


def every_call(errors: tuple[int, ...] = ERRORS) -> str:
    """What came of it, in words; raises when one failed call lost or broke something."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    assert compiler, "a C compiler is needed for this trial: install gcc"
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "failing.so"
        subprocess.run(
            [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"],
            check=True,
        )
        done = subprocess.run(
            [sys.executable, "-c", CODE],
            cwd=ROOT, capture_output=True, text=True, check=False, timeout=1800,
            env={**os.environ, "LD_PRELOAD": str(library), "HELIID_FAIL": json.dumps(errors)},
        )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout[-300:]} {done.stderr[-1500:]}"
    found = json.loads(done.stdout.strip().splitlines()[-1])
    parts = [f"{name} {n}" for name, n in found.items()]
    return f"{sum(found.values())} failed calls of the C library ({', '.join(parts)})"


def inside() -> None:
    """Try everything, in the process that the library was loaded into."""
    library = ctypes.CDLL(None)
    library.fail_calls.argtypes = (ctypes.c_char_p, ctypes.c_long, ctypes.c_int)
    library.calls_seen.restype = ctypes.c_long
    trials: dict[str, Callable[[Path], Callable[[], None]]] = {
        "save": _save, "open": _open, "journal": _journal, "checkpoint": _checkpoint,
        "export": _export,
    }  # fmt: skip
    counts = dict.fromkeys(trials, 0)
    for number in json.loads(os.environ["HELIID_FAIL"]):
        for name, make in trials.items():
            counts[name] += _each_call(library, make, number)
    sys.stdout.write(json.dumps(counts) + "\n")


def _each_call(library: ctypes.CDLL, make: Callable[[Path], Callable[[], None]], error: int) -> int:
    for n in range(1, MOST):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place).resolve()
            library.fail_calls(str(folder).encode(), 0, 0)  # so that it knows files opened now
            work = make(folder)
            library.fail_calls(str(folder).encode(), n, error)
            try:
                work()
            finally:
                seen = library.calls_seen()
                library.fail_calls(b"", 0, 0)
            check = CHECKS.pop()
            check()
            if seen < n:
                return n - 1
    raise AssertionError("it never passed")


CHECKS: list[Callable[[], None]] = []


def _said(work: Callable[[], object]) -> None:
    """Done, or refused in one sentence of ours."""
    from heliid.errors import HeliIDError

    try:
        work()
    except HeliIDError as error:
        assert "\n" not in str(error)


def _save(folder: Path) -> Callable[[], None]:
    from heliid.project import load_project, save_project
    from heliid.project.document import project_entries

    path = folder / "a.heliid"
    save_project(make_project(0), path)
    wanted = [project_entries(make_project(k)) for k in (0, 1)]
    CHECKS.append(lambda: _one_of(project_entries(load_project(path)), wanted))
    return lambda: _said(lambda: save_project(make_project(1), path))


def _one_of(found: object, wanted: list) -> None:
    assert found in wanted, "neither the old nor the new"


def _open(folder: Path) -> Callable[[], None]:
    from heliid.project import load_project, save_project
    from heliid.project.document import project_entries

    path = folder / "a.heliid"
    save_project(make_project(0), path)
    wanted = project_entries(make_project(0))
    CHECKS.append(lambda: None)
    return lambda: _said(lambda: _one_of(project_entries(load_project(path)), [wanted]))


def _journal(folder: Path) -> Callable[[], None]:
    import logging

    from heliid.project import session
    from heliid.project.document import project_entries

    logging.getLogger("heliid").addHandler(logging.NullHandler())
    said: list[str] = []
    one = session.Session.new(folder=folder / "state", on_trouble=said.append, autosave_s=0.0)
    one.change(make_project(0))
    one.flush()
    wanted = [project_entries(make_project(k)) for k in (0, 1)]

    def work() -> None:
        one.change(make_project(1))
        one.flush()

    def check() -> None:
        one.close(keep_edits=True)
        assert len(said) <= 1, said
        (left,) = session.leftovers(folder / "state")
        project, _ = session.journals.recover(left)
        assert project is not None
        _one_of(project_entries(project), wanted)

    CHECKS.append(check)
    return work


def _checkpoint(folder: Path) -> Callable[[], None]:
    from heliid.search import lines

    path = folder / "search.checkpoint"
    lines.begin(path, {"format": "x"}, [{"n": 0}])

    def work() -> None:
        file = lines.Appender(path)
        for n in range(1, 6):
            file.put({"n": n})
        file.close()

    def check() -> None:
        header, rows = lines.read(path)
        assert header == {"format": "x"}
        assert rows == [{"n": n} for n in range(len(rows))], rows
        assert rows

    CHECKS.append(check)
    return work


def _export(folder: Path) -> Callable[[], None]:
    from benchmarks.torture.files import _small_model
    from heliid.export.model_files import load_model, save_model

    path, model = folder / "model.json", _small_model()
    save_model(model, path)
    CHECKS.append(lambda: _one_of(load_model(path).to_dict(), [model.to_dict()]))
    return lambda: _refused_or_done(lambda: save_model(model, path))


def _refused_or_done(work: Callable[[], object]) -> None:
    """The caller words what the disk says; here it may be the disk's own error too."""
    try:
        _said(work)
    except OSError as error:
        assert error.errno in ERRORS, error
