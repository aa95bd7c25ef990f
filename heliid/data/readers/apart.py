"""Reading in a process apart: bounded, and without a moment of the window's time.

A library for somebody's binary format may loop for minutes, take all memory or crash on a damaged
file. It runs in a helper process with a limit of time and of memory, and what happens to it
becomes one sentence. The window reads its tables there too, because the interpreter's lock is
free then.
"""

from __future__ import annotations

import atexit
import contextlib
import mmap
import os
import pickle
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from heliid.data.readers import helper
from heliid.data.readers.helper import Place, receive, send
from heliid.errors import RecordError

_CODE = "from heliid.data.readers.helper import main; main()"
_SECONDS, _SECONDS_PER_MB = 30.0, 3.0  # the slowest library at hand reads a megabyte in a second
_PATIENCE = 20.0  # of the clock, per second of computing: a loaded machine, a slow disk
_LEAST_BYTES, _BYTES_PER_BYTE = 1 << 30, 40  # a packed file grows when it is read
_PAGE = 4096


@dataclass(frozen=True, slots=True)
class Limits:
    """What a request may cost: seconds of computing, bytes of memory; 0 stands for no limit."""

    cpu_s: float = 0.0
    n_bytes: int = 0

    @property
    def clock_s(self) -> float:
        """Seconds of the clock after which nobody waits any longer."""
        return self.cpu_s * _PATIENCE


def limits_for(path: Path) -> Limits:
    """What reading this file may cost, by its size."""
    size = path.stat().st_size
    return Limits(_SECONDS + _SECONDS_PER_MB * size / 1e6, _LEAST_BYTES + _BYTES_PER_BYTE * size)


class HelperLostError(RecordError):
    """The helper was ended or died: ``reason`` is the rest of a sentence about the file."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The process that reads files {reason}.")
        self.reason = reason


class Helper:
    """One helper process; started by its first request, started again after it was lost."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    @property
    def is_running(self) -> bool:
        """True while there is a process to answer."""
        return self._process is not None and self._process.poll() is None

    def call(self, task: str, args: tuple = (), limits: Limits | None = None) -> Any:
        """What ``task`` ("package.module:function") returns over there.

        Large arrays of the answer are read-only views of memory that the helper filled.

        Raises
        ------
        HelperLostError
            It took longer or more than ``limits``, or crashed.
        RecordError
            The function refused, in one sentence.
        """
        with self._lock:
            answer = self._exchange(task, args, limits or Limits())
        if answer[0] == "value":
            return answer[1]
        if answer[0] == "refused":
            raise RecordError(answer[1])
        if answer[0] == "memory":
            raise HelperLostError("wanted more memory than it may have")
        raise RuntimeError(f"{answer[1]}\n{answer[2]}")

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            _end(process)

    def _exchange(self, task: str, args: tuple, limits: Limits) -> tuple:
        process = self._start()
        stdin, stdout = process.stdin, process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("the helper has no pipes")
        is_late = threading.Event()

        def give_up() -> None:
            is_late.set()
            process.kill()

        clock = threading.Timer(limits.clock_s or threading.TIMEOUT_MAX, give_up)
        clock.daemon = True
        clock.start()
        try:
            send(stdin, (task, args, limits.cpu_s, limits.n_bytes))
            message = receive(stdout)
            if message is not None:
                buffers = [_bytes_at(process.pid, place) for place in message[1]]
                send(stdin, ())
                found: tuple = pickle.loads(message[0], buffers=buffers)
                return found
        except OSError:  # the pipe broke: it is gone
            pass
        finally:
            clock.cancel()
        self._process = None
        _end(process)
        raise HelperLostError(_what_happened(process.returncode, limits, is_late.is_set()))

    def _start(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            paths = [one or os.getcwd() for one in sys.path]
            self._process = subprocess.Popen(
                [sys.executable, "-c", _CODE],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
            )  # fmt: skip
        return self._process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    with contextlib.suppress(OSError):
        process.communicate()


def _bytes_at(pid: int, place: Place) -> Any:
    """The bytes of an array: as they came, or mapped from the helper's memory, read-only."""
    if isinstance(place, bytes):
        return place
    handle, offset, length = place
    with open(f"/proc/{pid}/fd/{handle}", "rb") as stream:
        whole = memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
    # every page is mapped now, with the interpreter's lock free, and not while a curve is drawn
    np.frombuffer(whole, dtype=np.uint8)[::_PAGE].max()
    return whole[offset : offset + length]


def _what_happened(status: int | None, limits: Limits, is_late: bool) -> str:
    """Why the helper is gone, as the rest of a sentence."""
    if is_late or status == -getattr(signal, "SIGXCPU", 0):
        return f"gave no answer within {limits.cpu_s:.0f} s of computing and was stopped"
    try:
        name = signal.Signals(-(status or 0)).name
    except ValueError:
        return f"ended by itself (status {status})"
    return f"crashed ({name})"


_shared = Helper()
atexit.register(_shared.close)


def shared() -> Helper:
    """The helper of this program."""
    return _shared


def read_apart(path: Path, reader: type, name: str | None) -> Any:
    """The record that ``reader`` finds in the file, read by the helper within limits.

    Raises
    ------
    RecordError
        As the reader's own; or the helper was lost, and the file is to blame.
    """
    args = (reader.__module__, reader.__qualname__, path, name)
    try:
        return _shared.call("heliid.data.readers:read_with", args, limits_for(path))
    except HelperLostError as lost:
        raise blame(path, lost) from None


def blame(path: Path, lost: HelperLostError) -> RecordError:
    """The sentence about a file that the helper did not survive."""
    return RecordError(
        f"{path.name}: the library that reads this format {lost.reason}: the file is probably "
        f"damaged, copy or export it again."
    )


def can_be_read_apart(reader: object) -> bool:
    """True when the helper can make the same reader, and this process is not the helper itself."""
    is_importable = "<locals>" not in type(reader).__qualname__
    return is_importable and not helper.is_helper and not getattr(sys, "frozen", False)
