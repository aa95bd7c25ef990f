"""A signal without Qt: presenters tell whoever listens that they changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Notifier:
    """Calls its listeners in the order they came; listeners may come and go meanwhile."""

    def __init__(self) -> None:
        self._listeners: list[Callable[..., None]] = []

    def connect(self, listener: Callable[..., None]) -> None:
        """Call ``listener`` from now on."""
        self._listeners.append(listener)

    def disconnect(self, listener: Callable[..., None]) -> None:
        """Never call ``listener`` again; nothing happens when it was not connected."""
        self._listeners = [known for known in self._listeners if known != listener]

    def emit(self, *values: Any) -> None:
        """Tell every listener."""
        for listener in tuple(self._listeners):
            listener(*values)
