"""The other end of the local pool: one process that runs one task at a time.

Started as ``python -c "...main(handle)"`` rather than through ``multiprocessing``: that way it
neither runs the caller's main script again nor cares whether the caller is itself a daemonic
process. Standard library only, so that a replacement is ready in about 0.1 s.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import signal
import sys
import threading
from multiprocessing.connection import Connection
from typing import Any

from heliid.engine.calls import Outcome, call, one_line

FROZEN_OPTION = "--heliid-engine-worker"
_NICENESS = 10
_OOM_SCORE = "500"  # when memory runs out the kernel ends a worker, not the window


def main(handle: int) -> None:
    """Serve the pipe until it closes, which is when the parent closes it or dies."""
    _make_humble()
    _join_log()
    connection = _open(handle)
    inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(connection, inbox), daemon=True).start()
    _send(connection, ("ready",))
    while True:
        kind, key, cpu_limit_s, payload = pickle.loads(inbox.get())
        _arm(cpu_limit_s)
        outcome = _run(payload)
        _arm(0.0)
        _reply(connection, kind, key, outcome)


def take_over(argv: list[str]) -> bool:
    """Become a worker when a frozen program was started as one; to be called first in its main."""
    if len(argv) == 3 and argv[1] == FROZEN_OPTION:
        main(int(argv[2]))
    return False


def _join_log() -> None:
    """Log where the program does, if it does; imported only then, so that a start stays quick."""
    if os.environ.get("HELIID_LOG_FOLDER"):
        from heliid.logs import join_log

        join_log()


def _open(handle: int) -> Connection:
    if sys.platform == "win32":
        from multiprocessing.connection import PipeConnection

        return PipeConnection(handle)  # type: ignore[return-value]
    return Connection(handle)


def _make_humble() -> None:
    """Leave Ctrl-C to the parent, and processor and memory to the window."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(AttributeError, OSError):
        now = os.getpriority(os.PRIO_PROCESS, 0)
        os.setpriority(os.PRIO_PROCESS, 0, max(now, _NICENESS))
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write(_OOM_SCORE)


def _listen(connection: Connection, inbox: queue.SimpleQueue[bytes]) -> None:
    """Pass on messages; leave at once when the pipe closes, whatever the main thread is doing."""
    while True:
        try:
            inbox.put(connection.recv_bytes())
        except (EOFError, OSError):
            os._exit(0)


def _run(payload: bytes) -> Outcome:
    """The outcome of a pickled ``(fn, args)``."""
    try:
        fn, args = pickle.loads(payload)
    except BaseException as error:
        return Outcome("error", None, f"The task cannot be read: {one_line(error)}", 0.0)
    return call(fn, args)


def _arm(cpu_limit_s: float) -> None:
    """Let the kernel end this process after so much more CPU time; 0: no limit.

    A timer of the process's own CPU time, so a loaded machine does not shorten a task; not
    available on Windows, where only the parent's long wall limit holds.
    """
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, cpu_limit_s)


def _reply(connection: Connection, kind: str, key: int, outcome: Outcome) -> None:
    try:
        data = pickle.dumps((kind, key, *outcome), protocol=pickle.HIGHEST_PROTOCOL)
    except BaseException as error:
        reason = f"The result cannot be sent: {one_line(error)}"
        data = pickle.dumps((kind, key, "error", None, reason, outcome.cpu_s))
    _send_bytes(connection, data)


def _send(connection: Connection, message: tuple[Any, ...]) -> None:
    _send_bytes(connection, pickle.dumps(message))


def _send_bytes(connection: Connection, data: bytes) -> None:
    try:
        connection.send_bytes(data)
    except OSError:
        os._exit(0)  # nobody listens any more
