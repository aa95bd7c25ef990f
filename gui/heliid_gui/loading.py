"""Reading files off the window's thread: one small thread, results handed over on the timer."""

from __future__ import annotations

import importlib
import queue
import threading
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from heliid.errors import HeliIDError

TABLES = (".csv", ".tsv", ".tab", ".dat", ".asc", ".prn")
LOGS = (".mat", ".h5", ".hdf5", ".tdms", ".mf4", ".mdf", ".ulg", ".parquet")
ENDINGS = (*TABLES, ".txt", *LOGS, ".bin")


def find_files(paths: Iterable[Path]) -> list[Path]:
    """The files named, and of each folder the records in it, sorted by name."""
    found: list[Path] = []
    for path in paths:
        found += _in_folder(path) if path.is_dir() else [path]
    return list(dict.fromkeys(found))


def _in_folder(folder: Path) -> list[Path]:
    """Tables and logs; text files only where there is nothing else, or a README would be read."""
    files = sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))
    found = [p for p in files if p.suffix.lower() in (*TABLES, *LOGS)]
    return found or [p for p in files if p.suffix.lower() in ENDINGS]


class Loader:
    """Runs slow reads one after the other; ``drain`` hands their outcomes over."""

    def __init__(self) -> None:
        self._todo: queue.SimpleQueue = queue.SimpleQueue()
        self._done: queue.SimpleQueue = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self.pending = 0

    def run(
        self,
        work: Callable[[], Any],
        on_result: Callable[[Any], None],
        on_error: Callable[[str, str], None],
    ) -> None:
        """Call ``work`` in the thread; one of the two callbacks follows in the window's."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="loader", daemon=True)
            self._thread.start()
        self.pending += 1
        self._todo.put((work, on_result, on_error))

    def drain(self) -> None:
        """Hand over what is ready; called by the window's timer."""
        while True:
            try:
                call = self._done.get_nowait()
            except queue.Empty:
                return
            self.pending -= 1
            call()

    def _serve(self) -> None:
        while True:
            work, on_result, on_error = self._todo.get()
            try:
                value = work()
            except HeliIDError as error:
                sentence = str(error)
                self._done.put(lambda s=sentence, f=on_error: f(s, ""))
            except Exception as error:  # it must be shown, not lost in a thread
                text = f"{type(error).__name__}: {error}"
                details = traceback.format_exc()
                self._done.put(lambda s=text, d=details, f=on_error: f(s, d))
            else:
                self._done.put(lambda v=value, f=on_result: f(v))


def get_ready() -> None:
    """Start the helper that reads files, so that the first one opens as fast as the others.

    The window's own interpreter is then free while a large file is read, and never loads what
    parses tables.
    """
    from heliid.data.readers import apart

    apart.shared().call("heliid_gui.loading:warm_up")


def warm_up() -> None:
    """What the helper loads before the first file: parsers, and the compiled kernel."""
    for name in ("pandas", "heliid.data.readers", "heliid_gui.presenters.importing"):
        importlib.import_module(name)
    import numpy as np

    from heliid.kernels.table import parse_numbers

    text, places = np.frombuffer(b"1,2\n", dtype=np.uint8), np.array([-1, 0])
    parse_numbers(text, ord(","), ord("."), False, 1e30, places, np.empty((1, 1)), np.empty((1, 1)))


def elsewhere(task: str, *args: Any) -> Any:
    """What ``task`` ("package.module:function") returns: from the helper, or here without one."""
    from heliid.data.readers import apart, helper

    if apart.shared().is_running:
        return apart.shared().call(task, args)
    return helper.resolve(task)(*args)


def read_records(paths: list[Path]) -> tuple[list, list[tuple[str, str]]]:
    """Every record that can be read, and for each that cannot a sentence and its details."""
    from heliid.data.readers import read_file

    records, problems = [], []
    for path in paths:
        try:
            records.append(read_file(path))
        except HeliIDError as error:
            problems.append((str(error), ""))
        except Exception as error:  # one bad file must not keep the others out
            problems.append((f"{path.name}: {error}", traceback.format_exc()))
    return records, problems
