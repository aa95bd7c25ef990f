"""The folder that results go to."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from heliid.errors import ExportError


def prepare_folder(folder: Path) -> Path:
    """The folder, made if need be and tried: better before an hour of search than after it.

    Raises
    ------
    ExportError
        It cannot be made, or nothing can be written in it.
    """
    probe = folder / f".heliid-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
    except OSError as problem:
        raise ExportError(
            f"Nothing can be written to {folder} ({problem.strerror or problem}): choose another "
            f"folder."
        ) from problem
    finally:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)
    return folder
