"""Optional libraries: imported when asked for, one sentence with the pip line when missing."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

from heliid.errors import RecordError


def need(module: str, extra: str, path: Path, what: str) -> ModuleType:
    """The module ``module``, which the extra ``heliid[extra]`` brings.

    Raises
    ------
    RecordError
        It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        raise RecordError(
            f"{path.name}: reading {what} needs an optional library: run  pip install "
            f'"heliid[{extra}]"  and open the file again.'
        ) from None


def starts_with(path: Path, *magics: bytes) -> bool:
    """True when the file begins with one of these bytes."""
    try:
        with path.open("rb") as stream:
            head = stream.read(max(len(magic) for magic in magics))
    except OSError:
        return False
    return any(head.startswith(magic) for magic in magics)


def damaged(path: Path, what: str, reason: Exception) -> RecordError:
    """The error for a file that the library of its format cannot read."""
    detail = str(reason).strip().splitlines()[0][:120] if str(reason).strip() else "no details"
    return RecordError(
        f"{path.name}: this {what} cannot be read ({detail.rstrip('.')}): "
        f"copy or export the file again."
    )
