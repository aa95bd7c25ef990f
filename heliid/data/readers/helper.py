"""The process that reads a file for another one: what it does, and how the answer travels.

Started by ``heliid.data.readers.apart``. Requests and answers are pickles with their length before
them, through standard input and output; what libraries print goes to standard error. Samples are
put into memory that both processes map (Linux), so that they are never copied.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import mmap
import os
import pickle
import signal
import struct
import sys
import traceback
from collections.abc import Callable
from typing import IO, Any

import numpy as np

from heliid.data import memory
from heliid.errors import HeliIDError

_LENGTH = struct.Struct("<q")
_PR_SET_PDEATHSIG = 1  # prctl(2)
is_helper = False  # True in the process that main() serves

Place = bytes | tuple[int, int, int]  # bytes of an array; or file descriptor, offset and length


def send(stream: IO[bytes], message: Any) -> None:
    """Write one message."""
    data = pickle.dumps(message, protocol=5)
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """The next message; None at the end of the stream."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    length = _LENGTH.unpack(head)[0]
    data = stream.read(length)
    return pickle.loads(data) if len(data) == length else None


def resolve(task: str) -> Callable[..., Any]:
    """The function that ``"package.module:function"`` names."""
    module, _, name = task.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found


class SharedMemory:
    """Pieces of memory without a name that another process can map while this one holds them."""

    def __init__(self) -> None:
        self._pieces: list[tuple[int, int, int]] = []  # address, length, file descriptor

    def allocate(self, n_bytes: int) -> memoryview:
        """So many bytes, writable."""
        handle = os.memfd_create("heliid")
        os.ftruncate(handle, n_bytes)
        piece = memoryview(mmap.mmap(handle, n_bytes))
        address = np.frombuffer(piece, dtype=np.uint8).__array_interface__["data"][0]
        self._pieces.append((address, n_bytes, handle))
        return piece

    def place(self, buffer: pickle.PickleBuffer) -> Place:
        """Where an array is, for the other process; its bytes when it is not shared."""
        raw = buffer.raw()
        if raw.nbytes:
            address = np.frombuffer(raw, dtype=np.uint8).__array_interface__["data"][0]
            for start, length, handle in self._pieces:
                if start <= address and address + raw.nbytes <= start + length:
                    return handle, address - start, raw.nbytes
        return bytes(raw)

    def free(self) -> None:
        """Let go of all of it; what the other process has mapped stays with it."""
        for _, _, handle in self._pieces:
            os.close(handle)
        self._pieces = []


def _limit(cpu_s: float, n_bytes: int) -> None:
    """End this process after so many seconds of computing; refuse it more memory than that.

    Zero stands for no limit. Where the system cannot do it (Windows) only the clock of the other
    process watches.
    """
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    so_far = used.ru_utime + used.ru_stime
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(so_far + cpu_s) + 1 if cpu_s else hard
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    soft = _data_bytes() + n_bytes if n_bytes else hard
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _data_bytes() -> int:
    """Private memory of this process, as the limit counts it; 0 where it cannot be told."""
    with contextlib.suppress(OSError, ValueError), open("/proc/self/status", encoding="ascii") as f:
        for line in f:
            if line.startswith("VmData:"):
                return int(line.split()[1]) * 1024
    return 0


def _answer(task: str, args: tuple) -> tuple[Any, ...]:
    """What came of the request: ("value", v), ("refused", sentence), ("memory",), ("failed", t)."""
    try:
        return "value", resolve(task)(*args)
    except HeliIDError as error:
        return "refused", str(error)
    except MemoryError:
        return ("memory",)
    except Exception as error:  # whatever it is, the other process must hear of it
        return "failed", f"{type(error).__name__}: {error}", traceback.format_exc()


def _end_with_the_other() -> None:
    """Let the kernel end this process with the one that started it (Linux)."""
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> None:
    """Serve requests ``(task, args, cpu_s, bytes)`` until the other process closes the pipe."""
    global is_helper
    is_helper = True
    _end_with_the_other()
    outbox = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    inbox = os.fdopen(os.dup(0), "rb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    shared = SharedMemory()
    if hasattr(os, "memfd_create"):
        memory.use(shared.allocate)
    while (request := receive(inbox)) is not None:
        task, args, cpu_s, n_bytes = request
        _limit(cpu_s, n_bytes)
        buffers: list[pickle.PickleBuffer] = []
        answer = _answer(task, args)
        _limit(0.0, 0)
        data = pickle.dumps(answer, protocol=5, buffer_callback=buffers.append)
        send(outbox, (data, [shared.place(one) for one in buffers]))
        receive(inbox)  # it has what it wanted
        del answer, data, buffers
        shared.free()
