"""The worker process: runs one task at a time, hears Stop and Pause while it does.

No Qt here. The window sends commands down a pipe, the worker sends messages up; every message
carries the id of the request that caused it. Commands: ``("run", id, task, args)``,
``("stop", id)``, ``("pause", id, on)``, ``("quit",)``. Messages: ``(0, "ready", pid)``,
``(id, "started", None)``, ``(id, "events", [event, ...])``, ``(id, "result", value)``,
``(id, "error", (sentence, details))``.

A task is ``"package.module:function"``, called as ``fn(*args, report=..., should_stop=...)``.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import logging
import multiprocessing
import os
import pickle
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from heliid.errors import HeliIDError
from heliid.events import BestImproved, Event, PopulationMoved, Progress
from heliid.logs import join_log

FLUSH_S = 0.03  # events are bundled; the window repaints no faster than this
PAUSE_POLL_S = 0.02
EXIT_PATIENCE_S = 1.0
PR_SET_PDEATHSIG = 1  # prctl(2)
LOG = logging.getLogger("heliid_gui.worker")
LOG.addHandler(logging.NullHandler())  # without a log the window still hears of it


def coalesce(events: list[Event]) -> list[Event]:
    """The events that still matter: of a burst of progress or best models only the last one."""
    kept: list[Event] = []
    seen: set[tuple[str, str]] = set()
    for event in reversed(events):
        if isinstance(event, Progress | BestImproved | PopulationMoved):
            # one best model for all searchers: it is the best of the study
            by = event.searcher if isinstance(event, PopulationMoved) else ""
            key = (type(event).__name__, by)
            if key in seen:
                continue
            seen.add(key)
        kept.append(event)
    kept.reverse()
    return kept


def send_command(pipe: Connection, command: tuple) -> None:
    """Send a command; large arrays go as they are, with the interpreter's lock free.

    Pickled in one piece, a record of 150 MB would hold the lock, and the window, for a tenth of
    a second.
    """
    buffers: list[pickle.PickleBuffer] = []
    data = pickle.dumps(command, protocol=5, buffer_callback=buffers.append)
    pipe.send((data, len(buffers)))
    for one in buffers:
        pipe.send_bytes(one.raw())


def receive_command(pipe: Connection) -> tuple:
    """The other end of ``send_command``; arrays are read-only."""
    data, n_buffers = pipe.recv()
    command: tuple = pickle.loads(data, buffers=[pipe.recv_bytes() for _ in range(n_buffers)])
    return command


class Outbox:
    """Sends messages from one thread of its own, events bundled; order is kept."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._lock = threading.Condition()
        self._waiting: list[tuple[int, str, Any]] = []
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def put(self, request: int, kind: str, payload: Any) -> None:
        """Queue one message; returns at once."""
        with self._lock:
            self._waiting.append((request, kind, payload))
            self._lock.notify()

    def close(self) -> None:
        """Send what is left, then end the thread."""
        with self._lock:
            self._closed = True
            self._lock.notify()
        self._thread.join(EXIT_PATIENCE_S)

    def _run(self) -> None:
        while True:
            with self._lock:
                while not self._waiting and not self._closed:
                    self._lock.wait()
                batch, self._waiting = self._waiting, []
                closed = self._closed
            try:
                for message in bundle(batch):
                    self._pipe.send(message)
            except (OSError, ValueError):  # the window is gone
                return
            if closed and not batch:
                return
            time.sleep(FLUSH_S)


def bundle(batch: list[tuple[int, str, Any]]) -> list[tuple[int, str, Any]]:
    """Neighbouring events of one request become one message, coalesced."""
    out: list[tuple[int, str, Any]] = []
    for request, kind, payload in batch:
        if kind == "event":
            if out and out[-1][0] == request and out[-1][1] == "events":
                out[-1][2].append(payload)
            else:
                out.append((request, "events", [payload]))
        else:
            out.append((request, kind, payload))
    return [(r, k, coalesce(p) if k == "events" else p) for r, k, p in out]


class Controls:
    """Stop and pause of the running request, set by the listener, read by the task."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stopped: set[int] = set()
        self._paused: set[int] = set()
        self.quit = threading.Event()

    def stop(self, request: int) -> None:
        """Ask the request to end; also one that has not begun."""
        with self._lock:
            self._stopped.add(request)

    def pause(self, request: int, on: bool) -> None:
        """Hold the request, or let it go on."""
        with self._lock:
            (self._paused.add if on else self._paused.discard)(request)

    def is_stopped(self, request: int) -> bool:
        """True once Stop was asked for, or the window is gone."""
        return self.quit.is_set() or request in self._stopped

    def should_stop(self, request: int) -> bool:
        """The task's ``should_stop``: while paused it does not return."""
        while request in self._paused and not self.is_stopped(request):
            time.sleep(PAUSE_POLL_S)
        return self.is_stopped(request)


def resolve(task: str) -> Callable[..., Any]:
    """The function named ``"package.module:function"``."""
    module, _, name = task.partition(":")
    return getattr(importlib.import_module(module), name)


def _listen(pipe: Connection, todo: queue.Queue, controls: Controls) -> None:
    """Read commands until the window closes the pipe."""
    while True:
        try:
            command = receive_command(pipe)
        except (EOFError, OSError):
            command = ("quit",)
        if command[0] == "run":
            todo.put(command[1:])
        elif command[0] == "stop":
            controls.stop(command[1])
        elif command[0] == "pause":
            controls.pause(command[1], command[2])
        elif command[0] == "quit":
            controls.quit.set()
            todo.put(None)
            # A task that does not hear Stop must not outlive the window.
            time.sleep(EXIT_PATIENCE_S)
            os._exit(0)


def _run_one(request: int, task: str, args: tuple, outbox: Outbox, controls: Controls) -> None:
    outbox.put(request, "started", None)
    try:
        value = resolve(task)(
            *args,
            report=lambda event: outbox.put(request, "event", event),
            should_stop=lambda: controls.should_stop(request),
        )
    except HeliIDError as error:
        outbox.put(request, "error", (str(error), ""))
    except Exception as error:  # whatever it is, the window must hear of it
        LOG.exception("%s failed", task)
        outbox.put(request, "error", (_sentence(error), traceback.format_exc()))
    else:
        outbox.put(request, "result", value)


def _sentence(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return (
            "There was not enough memory for this: use shorter records, fewer workers or a lower "
            "model rate, or close other programs."
        )
    return f"{type(error).__name__}: {error}"


def _leave_with_the_window() -> None:
    """Let the kernel end this process with the one that started it, however busy it is (Linux).

    The pipe alone needs this process to look at it: one that is busy in compiled code, or still
    importing on a loaded machine, looked too late.
    """
    if not sys.platform.startswith("linux"):
        return
    parent = multiprocessing.parent_process()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent is not None and os.getppid() != parent.pid:
        os._exit(0)  # it was gone before the kernel knew


def main(pipe: Connection, warm_up: str = "", niceness: int = 0) -> None:
    """Serve the window until the pipe closes."""
    _leave_with_the_window()
    join_log()
    if niceness and hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(niceness)
    todo: queue.Queue = queue.Queue()
    controls = Controls()
    outbox = Outbox(pipe)
    listener = threading.Thread(
        target=_listen, args=(pipe, todo, controls), name="listener", daemon=True
    )
    listener.start()
    if warm_up:
        with contextlib.suppress(Exception):  # a cold worker works too, only later
            resolve(warm_up)()
    outbox.put(0, "ready", os.getpid())
    while (item := todo.get()) is not None:
        request, task, args = item
        _run_one(request, task, args, outbox, controls)
    outbox.close()
