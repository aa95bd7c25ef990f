"""Widgets that listen to presenters: a widget that is gone hears nothing more."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from heliid_gui.presenters.notify import Notifier


def listen(owner: QObject, notifier: Notifier, listener: Callable[..., None]) -> None:
    """Call ``listener`` whenever the notifier speaks, for as long as ``owner`` is there.

    A presenter outlives dialogs, docks and windows; a call into a widget that Qt has taken down
    raises in the middle of somebody else's work.
    """
    notifier.connect(listener)
    owner.destroyed.connect(lambda: notifier.disconnect(listener))
