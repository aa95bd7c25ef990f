"""What the worker process does with a cluster: look at it, run a study on it; no Qt."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from heliid.events import Notice, Report, ShouldStop

if TYPE_CHECKING:
    from heliid.engine.protocol import Engine

Place = tuple[str, str]  # address and folder of certificates, "" where it is the usual one


def look(place: Place, window: int, *, report: Report, should_stop: ShouldStop) -> str:
    """Who works there, in one sentence; ``window``: orders under way in the present study."""
    from heliid.engine.cluster_look import look_at

    del report, should_stop
    address, folder = place
    return look_at(address, Path(folder) if folder else None).sentence(window)


@contextlib.contextmanager
def engine_at(place: Place | None, report: Report) -> Iterator[Engine | None]:
    """The engine of a cluster, left again at the end; None for this machine's own."""
    if place is None:
        yield None
        return
    from heliid.engine.cluster_security import find_credentials
    from heliid.engine.dask_engine import DaskEngine

    address, folder = place
    engine = DaskEngine(
        address,
        find_credentials(Path(folder) if folder else None),
        say=lambda text: report(Notice(text, "warning")),
    )
    report(Notice(f"Orders are trained by {engine.n_workers} workers at {address}.", "info"))
    try:
        yield engine
    finally:
        engine.close()
