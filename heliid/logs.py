"""The log of the user's own machine: what went on, kept for a report that only the user sends.

One rotating file for the program, one for its worker processes, and one for hard crashes
(``faulthandler``), in the user's log folder. Nothing ever leaves the machine by itself.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import platform
import sys
import traceback
from dataclasses import dataclass
from importlib import metadata
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

ENVIRONMENT = "HELIID_LOG_FOLDER"  # tells worker processes where their program logs
PROGRAM, WORKERS, FAULTS = "heliid.log", "workers.log", "faults.log"
MAX_BYTES, KEPT = 1_000_000, 3
LAST_LINES = 60
_FORM = "%(asctime)s %(levelname)s [%(process)d] %(name)s: %(message)s"
_LIBRARIES = ("numpy", "scipy", "numba", "llvmlite", "pandas", "PySide6-Essentials", "pyqtgraph")
_PARTS = ("heliid", "heliid_gui", "py.warnings")


@dataclass(eq=False)
class Logging:
    """Where the program logs; ``folder`` is None where nothing can be written.

    ``earlier_crash``: what ``faulthandler`` wrote when the program last died, "" if it did not.
    """

    folder: Path | None
    earlier_crash: str = ""
    faults: TextIO | None = None


class _Patient(logging.Handler):
    """A log that cannot be written, on a full disk say, is no reason to disturb the work."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            super().close()


class _LogFile(_Patient, RotatingFileHandler):
    pass


class _LogStream(_Patient, logging.StreamHandler):
    pass


_installed: list[Logging] = []


def install_logging(folder: Path | None = None, *, level: int = logging.INFO) -> Logging:
    """Begin to log; safe to call again, never raises. Without ``folder`` the user's log folder."""
    if _installed:
        return _installed[0]
    place = log_folder() if folder is None else folder
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        handler = _LogFile(place / PROGRAM, maxBytes=MAX_BYTES, backupCount=KEPT, encoding="utf-8")
        _shorten(place / WORKERS)
        earlier, faults = _fault_file(place / FAULTS)
    except OSError:
        if not faulthandler.is_enabled() and sys.stderr is not None:
            with contextlib.suppress(OSError, ValueError):
                faulthandler.enable()
        logging.getLogger("heliid").addHandler(logging.NullHandler())
        _installed.append(Logging(None))
        return _installed[0]
    _attach(handler, level)
    os.environ[ENVIRONMENT] = str(place)
    faulthandler.enable(faults)
    _installed.append(Logging(place, earlier, faults))
    log = logging.getLogger("heliid")
    log.info("HeliID begins: %s", "; ".join(facts()))
    if earlier:
        log.warning("The last session ended in a crash:\n%s", earlier)
    return _installed[0]


def join_log() -> None:
    """Let this worker process log where its program does; nothing when that does not log."""
    given = os.environ.get(ENVIRONMENT, "")
    if not given or _installed:
        return
    try:
        # appended line by line: many processes may write at once, none of them may rotate
        stream = open(Path(given) / WORKERS, "a", encoding="utf-8", buffering=1)  # noqa: SIM115
    except OSError:
        return
    _attach(_LogStream(stream), logging.INFO)
    with contextlib.suppress(OSError, ValueError):
        faulthandler.enable(stream)
    _installed.append(Logging(Path(given), faults=stream))


def uninstall_logging() -> None:
    """Stop logging and let go of the files; for tests and embedding programs."""
    for one in _installed:
        if one.faults is not None:
            faulthandler.disable()
            with contextlib.suppress(OSError):
                one.faults.close()
    _installed.clear()
    logging.captureWarnings(False)
    os.environ.pop(ENVIRONMENT, None)
    for name in _PARTS:
        for handler in list(logging.getLogger(name).handlers):
            if getattr(handler, "is_of_heliid", False):
                logging.getLogger(name).removeHandler(handler)
                handler.close()


def log_folder() -> Path:
    """The user's log folder for HeliID."""
    import platformdirs

    return Path(platformdirs.user_log_dir("HeliID", appauthor=False))


def last_lines(n: int = LAST_LINES, folder: Path | None = None) -> list[str]:
    """The newest lines of the program's and the workers' log, the workers' last."""
    place = folder or (_installed[0].folder if _installed else None)
    lines: list[str] = []
    for name in (PROGRAM, WORKERS):
        with contextlib.suppress(OSError, AttributeError, TypeError):
            text = _tail(place / name)  # type: ignore[operator]
            lines += text.splitlines()[-n:]
    return lines


def crash_report(error: BaseException | None = None, details: str = "") -> str:
    """What "copy details" copies: the error, versions, the last lines of the log.

    The user's home folder is written as ``~``. Nothing is sent anywhere.
    """
    parts = ["HeliID error report", *facts(), ""]
    if error is not None:
        parts += ["".join(traceback.format_exception(error)).rstrip(), ""]
    if details:
        parts += [details.rstrip(), ""]
    if _installed and _installed[0].earlier_crash:
        parts += ["The session before ended in a crash:", _installed[0].earlier_crash, ""]
    parts += ["Last lines of the log:", *(last_lines() or ["(there is no log)"])]
    return _without_home("\n".join(parts)) + "\n"


def facts() -> list[str]:
    """Versions of everything that matters, one line each."""
    from heliid import __version__

    lines = [
        f"HeliID {__version__}",
        f"Python {platform.python_version()} on {platform.platform()}, {platform.machine()}, "
        f"{os.cpu_count()} cores",
    ]
    found = []
    for name in _LIBRARIES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found.append(f"{name} {metadata.version(name)}")
    return [*lines, ", ".join(found)]


def _attach(handler: logging.Handler, level: int) -> None:
    handler.setFormatter(logging.Formatter(_FORM))
    handler.is_of_heliid = True  # type: ignore[attr-defined]
    logging.captureWarnings(True)
    for name in _PARTS:
        log = logging.getLogger(name)
        log.addHandler(handler)
        log.setLevel(min(level, log.level or level))


def _fault_file(path: Path) -> tuple[str, TextIO]:
    """What an earlier crash wrote, and the file for the next one, empty."""
    earlier = ""
    with contextlib.suppress(OSError):
        earlier = _tail(path).strip()
    path.write_text("")
    return earlier, open(path, "a", encoding="utf-8")


def _shorten(path: Path) -> None:
    """Begin a new file when this one has grown; the last generation is kept."""
    if path.exists() and path.stat().st_size > MAX_BYTES:
        os.replace(path, path.with_name(path.name + ".1"))


def _tail(path: Path, n_bytes: int = 40_000) -> str:
    with open(path, "rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - n_bytes))
        return file.read().decode("utf-8", errors="replace")


def _without_home(text: str) -> str:
    home = str(Path.home())
    return text.replace(home, "~") if len(home) > 3 else text
