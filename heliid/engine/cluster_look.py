"""Who works at a cluster's address: asked before a search is sent there."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from heliid import __version__
from heliid.engine.cluster_security import find_credentials
from heliid.engine.dask_engine import AHEAD, DaskEngine
from heliid.engine.protocol import EngineError


@dataclass(frozen=True, slots=True)
class ClusterLook:
    """A cluster that answered: worker threads, and the version that all of them have."""

    address: str
    n_workers: int
    version: str

    @property
    def window(self) -> int:
        """Orders that must be under way at once so that no worker waits."""
        return AHEAD * self.n_workers

    def sentence(self, window: int = 0) -> str:
        """What was found; with the study's ``window``, whether it keeps every worker busy."""
        number = "1 worker" if self.n_workers == 1 else f"{self.n_workers} workers"
        text = f"{number} at {self.address}, all with HeliID {self.version}."
        if 0 < window < self.window:
            text += (
                f" A window of {window} orders leaves some of them idle: {self.window} or more "
                f"would not, but is another study with other numbers."
            )
        return text

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def version() -> str:
    """The version of HeliID where this runs; what every worker is asked."""
    return __version__


def look_at(address: str, folder: Path | None = None) -> ClusterLook:
    """Ask every worker at ``address`` for its version; ``folder`` holds the certificates.

    Raises
    ------
    EngineError
        Dask is missing, nobody answers, there is no worker, or one has another HeliID.
    """
    engine = DaskEngine(address, find_credentials(folder))
    try:
        told, n = engine.ask_all(version), engine.n_workers
    finally:
        engine.close()
    others = sorted({str(one) or type(one).__name__ for one in told} - {__version__})
    if others:
        raise EngineError(
            f"Some workers have another HeliID than this one ({__version__}): "
            f"{', '.join(others)[:200]}. Install the same version everywhere, or the bits may "
            f"differ."
        )
    return ClusterLook(address, n, __version__)
