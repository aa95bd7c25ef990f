"""Where searches run: here, or on a cluster that answers; no Qt, the worker is handed in.

The place belongs to the computer, not to the project: it changes no bit of a result, and a project
that is mailed around must not connect to somebody's machines.
"""

from __future__ import annotations

from typing import Protocol

from heliid_gui.presenters.notify import Notifier
from heliid_gui.presenters.studies import JobRunner

LOOK = "heliid_gui.cluster_tasks:look"
Place = tuple[str, str]  # address and folder of certificates, "" where it is the usual one


class Memory(Protocol):
    """What is needed of ``settings.Settings``."""

    def text(self, key: str, default: str = "") -> str:
        """A remembered text."""
        ...

    def put(self, key: str, value: str | bool | bytes) -> None:
        """Remember a text."""
        ...


class Cluster:
    """The address that searches are sent to, and what came of the last try to connect."""

    def __init__(self, jobs: JobRunner, memory: Memory) -> None:
        self._jobs, self._memory = jobs, memory
        self.address = memory.text("cluster/address")
        self.folder = memory.text("cluster/certificates")
        self.answer = ""
        self.state = "idle"  # idle, busy, good, bad
        self.changed = Notifier()
        self.task = LOOK

    @property
    def place(self) -> Place | None:
        """Where studies run; None: here."""
        return (self.address, self.folder) if self.address else None

    def set_place(self, address: str, folder: str) -> None:
        """Send studies there from now on; an empty address: run them here."""
        place = address.strip(), folder.strip()
        if place == (self.address, self.folder):
            return
        self.address, self.folder = place
        self._memory.put("cluster/address", self.address)
        self._memory.put("cluster/certificates", self.folder)
        self._put("idle", "")

    def try_connection(self, window: int) -> None:
        """Ask who works there; ``changed`` tells when the answer is known."""
        if self.place is None:
            self._put("idle", "Searches run on this computer: give an address to use a cluster.")
            return
        asked = self.place
        self._put("busy", "Connecting…")
        self._jobs.submit(
            self.task,
            (asked, window),
            slot="cluster",
            on_result=lambda sentence: self._answer(asked, "good", sentence),
            on_error=lambda sentence, _details="": self._answer(asked, "bad", sentence),
            on_lost=lambda sentence: self._answer(asked, "bad", sentence or "Stopped."),
        )

    def _answer(self, asked: Place, state: str, sentence: str) -> None:
        if asked == self.place:
            self._put(state, sentence)

    def _put(self, state: str, answer: str) -> None:
        self.state, self.answer = state, answer
        self.changed.emit()
