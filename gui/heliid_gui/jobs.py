"""The window's end of the worker process: submit, stop, pause, survive.

One warm process (spawn), started after the first paint, runs the searches; a second one of the
same kind is started when the first question is asked (judge, doctor, export), so that questions
are answered while a search runs. Its pipe is polled on one 33 ms timer;
commands go out through a thread so that a large record never blocks the window. A request in a
``slot`` replaces the one before it: results of the older one are dropped, never shown. Stop is a
flag; when the worker does not answer within ``STOP_PATIENCE_S`` it is ended and a fresh one
started. What the window has been told stays with it, whatever happens to the worker.
"""

from __future__ import annotations

import itertools
import multiprocessing
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from heliid_gui import worker

TICK_MS = 33
STOP_PATIENCE_S = 0.18  # with one tick and the end of the process: ready within 250 ms
DRAIN_S = 0.012  # time spent per tick on messages; the rest waits for the next tick
MOST_DEATHS = 3  # in a row, of workers that began nothing; then none is started unasked
NICENESS = 10  # the window must win every race for a core
WARM_UP = "heliid_gui.tasks:warm_up"
NO_WORKER = (
    f"The calculation process ended {MOST_DEATHS} times before it could begin anything, so it is "
    "not started again by itself: close what takes the memory, and try again."
)


def _drop(*_values: Any) -> None:
    """The default listener."""


@dataclass(eq=False)
class Request:
    """One call in the worker; the callbacks run in the window's thread."""

    id: int
    task: str
    args: tuple
    slot: str
    on_started: Callable[[], None] = _drop
    on_events: Callable[[list], None] = _drop
    on_result: Callable[[Any], None] = _drop
    on_error: Callable[[str, str], None] = _drop
    on_lost: Callable[[str], None] = _drop
    state: str = "queued"  # queued, running, paused, stopping, done
    stop_deadline: float = 0.0

    @property
    def is_live(self) -> bool:
        """True until a result, an error or a loss came."""
        return self.state != "done"


class Link:
    """One worker process and the two ends of its pipe."""

    def __init__(self, warm_up: str) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(
            target=worker.main, args=(theirs, warm_up, NICENESS), name="heliid-worker", daemon=False
        )
        self.process.start()
        theirs.close()
        self._outgoing: queue.Queue = queue.Queue()
        self._sender = threading.Thread(target=self._send_all, name="to-worker", daemon=True)
        self._sender.start()

    def send(self, *command: Any) -> None:
        """Queue a command; returns at once."""
        self._outgoing.put(command)

    def end(self, patience: float = 0.0) -> None:
        """End the process: ask, wait ``patience`` seconds, then make sure."""
        if patience > 0:
            self.send("quit")
            self.process.join(patience)
        self._outgoing.put(None)
        if self.process.is_alive():
            self.process.terminate()
            self.process.join(0.5)
        if self.process.is_alive():
            self.process.kill()
            self.process.join(1.0)
        self._sender.join(0.5)  # the other end is gone: it cannot be in the middle of a command
        self.pipe.close()

    def _send_all(self) -> None:
        while (command := self._outgoing.get()) is not None:
            try:
                worker.send_command(self.pipe, command)
            except (OSError, ValueError, TypeError):  # TypeError: closed in the middle of it
                return


class Jobs(QObject):
    """Requests to the worker and what came of them."""

    worker_ready = Signal(int)  # process id
    worker_lost = Signal(str)  # a sentence for the user
    busy_changed = Signal(bool)

    def __init__(
        self,
        parent: QObject | None = None,
        *,
        warm_up: str | None = None,
        clock: Jobs | None = None,
    ) -> None:
        """With ``clock`` the other's timer is used: there is one in the window."""
        super().__init__(parent)
        self._warm_up = WARM_UP if warm_up is None else warm_up
        self._link: Link | None = None
        self._requests: dict[int, Request] = {}
        self._slots: dict[str, int] = {}
        self._ids = itertools.count(1)
        self._was_busy = False
        self._deaths = 0
        self._is_closed = False
        self.pid = 0
        self._timer: QTimer = clock._timer if clock is not None else QTimer(self)
        if clock is None:
            self._timer.setTimerType(Qt.TimerType.PreciseTimer)
            self._timer.setInterval(TICK_MS)
        self._connected = False
        self.ticked = self._timer.timeout  # the only clock of the window

    def start(self) -> None:
        """Start the worker and the timer; again is harmless, after ``close`` nothing starts.

        A worker begun by a late question would keep the program from ending.
        """
        if self._is_closed:
            return
        if self._link is None:
            self._link = Link(self._warm_up)
        if not self._connected:
            self._timer.timeout.connect(self._tick)
            self._connected = True
        if not self._timer.isActive():
            self._timer.start()

    @property
    def is_busy(self) -> bool:
        """True while any request is queued or running."""
        return any(request.is_live for request in self._requests.values())

    def submit(self, task: str, args: tuple = (), *, slot: str, **callbacks: Any) -> Request:
        """Run ``task`` in the worker; an older request of the same slot becomes stale."""
        self.start()
        older = self._slots.get(slot)
        if older in self._requests:
            self._send("stop", older)
            self._forget(older)
        request = Request(next(self._ids), task, args, slot, **callbacks)
        if self._is_closed:
            request.state = "done"
            return request
        self._requests[request.id] = request
        self._slots[slot] = request.id
        self._send("run", request.id, task, args)
        self._note_busy()
        return request

    def stop(self, request: Request) -> None:
        """End the request: by flag, and by force when that is not heard in time."""
        if request.state in ("done", "stopping"):
            return  # a second Stop must never do anything else
        if request.state == "paused":
            self._send("pause", request.id, False)
        request.state = "stopping"
        request.stop_deadline = time.monotonic() + STOP_PATIENCE_S
        self._send("stop", request.id)

    def pause(self, request: Request, on: bool) -> None:
        """Hold the request or let it go on."""
        if request.state in ("running", "queued", "paused"):
            request.state = "paused" if on else "running"
            self._send("pause", request.id, on)

    def drop_all(self) -> None:
        """Stop every request and leave the worker to others; no callback comes after this."""
        for request in list(self._requests.values()):
            self._send("stop", request.id)
            self._forget(request.id)
        self._note_busy()

    def close(self) -> None:
        """End the worker; no callback comes after this."""
        self._is_closed = True
        if self._connected:
            self._timer.timeout.disconnect(self._tick)
            self._connected = False
        self._requests.clear()
        if self._link is not None:
            self._link.end(patience=0.3)
            self._link = None

    def _send(self, *command: Any) -> None:
        if self._link is not None:
            self._link.send(*command)

    def _forget(self, request_id: int) -> None:
        request = self._requests.pop(request_id, None)
        if request is not None:
            request.state = "done"

    def _note_busy(self) -> None:
        if self.is_busy != self._was_busy:
            self._was_busy = self.is_busy
            self.busy_changed.emit(self._was_busy)

    def _tick(self) -> None:
        link = self._link
        if link is None:
            return
        until = time.monotonic() + DRAIN_S
        try:
            while link.pipe.poll(0):
                self._receive(*link.pipe.recv())
                if self._link is not link:
                    return
                if time.monotonic() > until:
                    break
        except (EOFError, OSError):
            self._replace_worker(by_user=False)
        self._check_deadlines()
        self._note_busy()

    def _receive(self, request_id: int, kind: str, payload: Any) -> None:
        if kind == "ready":
            self.pid = payload
            self.worker_ready.emit(payload)
            return
        request = self._requests.get(request_id)
        if request is None or self._slots.get(request.slot) != request_id:
            return  # stale: asked by something the user has since replaced
        self._deaths = 0
        if kind == "started":
            if request.state == "queued":
                request.state = "running"
            request.on_started()
        elif kind == "events":
            request.on_events(payload)
        else:
            self._forget(request_id)
            if kind == "result":
                request.on_result(payload)
            else:
                request.on_error(*payload)

    def _check_deadlines(self) -> None:
        now = time.monotonic()
        late = [r for r in self._requests.values() if r.state == "stopping"]
        if any(now > request.stop_deadline for request in late):
            self._replace_worker(by_user=True)

    def _replace_worker(self, *, by_user: bool) -> None:
        """Start a fresh worker; tell every open request that the old one is gone."""
        old, self._link = self._link, None
        lost = list(self._requests.values())
        self._requests.clear()
        code = None
        if old is not None:
            old.end()
            code = old.process.exitcode
        self._deaths = 0 if by_user else self._deaths + 1
        gives_up = self._deaths >= MOST_DEATHS
        self._link = None if gives_up else Link(self._warm_up)
        sentence = NO_WORKER if gives_up else _death_sentence(code)
        for request in lost:
            if (
                request.state == "queued" and not gives_up
            ):  # it had not begun: the new worker takes it
                self._requests[request.id] = request
                self._send("run", request.id, request.task, request.args)
                continue
            stopped = request.state == "stopping"
            request.state = "done"
            request.on_lost("" if stopped else sentence)
        if gives_up:
            self._deaths = 0  # the next question tries again
        if not by_user:
            self.worker_lost.emit(sentence)


def _death_sentence(code: int | None) -> str:
    how = f"signal {-code}" if code is not None and code < 0 else f"exit status {code}"
    return (
        f"The calculation process ended unexpectedly ({how}); a new one was started, "
        f"and the best model so far is kept."
    )
