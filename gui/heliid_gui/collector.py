"""Python's cycle collector, run by the window's clock and in the window's thread only.

Python collects in whatever thread happens to allocate. Plot items of Qt live in reference cycles,
so a reader or a journal thread could delete them while the window paints: a crash, not an error.
"""

from __future__ import annotations

import gc

_owners = 0


def take_over() -> None:
    """No collection by itself from now on; what start-up made is left out of all later ones."""
    global _owners
    _owners += 1
    gc.disable()
    gc.freeze()


def give_back() -> None:
    """Python collects by itself again once the last window has closed."""
    global _owners
    _owners = max(0, _owners - 1)
    if _owners == 0:
        gc.unfreeze()
        gc.enable()


def collect() -> None:
    """Collect the generations that are due, as Python would have done."""
    counts, limits = gc.get_count(), gc.get_threshold()
    for generation in (2, 1, 0):
        if counts[generation] > limits[generation]:
            gc.collect(generation)
            return
