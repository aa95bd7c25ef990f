"""Import profiles: how files with the same header were read last time, remembered.

One JSON file in the user's configuration folder; the key is the header, so the next flight of
the same recorder opens without questions.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from heliid.data.tabletext import Dialect
from heliid.errors import RecordError

FORMAT_VERSION = 1
MAX_BYTES = 16 * 1024**2


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """What the user said about one column; ``role`` is a value of ``heliid.channels.Role``."""

    column: str  # name in the file, without unit
    channel: str = ""  # name in HeliID, "": the same
    unit: str = ""  # "": as in the header
    sign: int = 1
    role: str = "ignored"


@dataclass(frozen=True, slots=True)
class ImportProfile:
    """A dialect and the choices per column for one header."""

    dialect: Dialect
    columns: tuple[ColumnChoice, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"dialect": self.dialect.to_dict(), "columns": [asdict(c) for c in self.columns]}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ImportProfile:
        """The inverse of ``to_dict``."""
        return cls(
            Dialect.from_dict(data["dialect"]),
            tuple(ColumnChoice(**choice) for choice in data["columns"]),
        )


def header_signature(dialect: Dialect) -> str:
    """A short hash of the column names and units; files of one recorder share it."""
    text = json.dumps([list(dialect.names), list(dialect.units)], ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def profile_file(folder: Path | None = None) -> Path:
    """Where the profiles are kept."""
    if folder is None:
        import platformdirs

        folder = Path(platformdirs.user_config_dir("HeliID", appauthor=False))
    return folder / "import_profiles.json"


def find_profile(dialect: Dialect, folder: Path | None = None) -> ImportProfile | None:
    """The profile remembered for the header that ``dialect`` shows, or None.

    A profile that cannot be read is as good as none: the file is only a memory.
    """
    entry = _load(profile_file(folder)).get(header_signature(dialect))
    if entry is None:
        return None
    try:
        return ImportProfile.from_dict(entry)
    except (RecordError, KeyError, TypeError):
        return None


def save_profile(
    profile: ImportProfile, folder: Path | None = None, signature: str | None = None
) -> str:
    """Remember a profile under its header (or a ``signature``); returns the signature.

    The file is replaced in one step, so that a crash leaves the old or the new one.

    Raises
    ------
    RecordError
        The configuration folder cannot be written.
    """
    path = profile_file(folder)
    key = signature or header_signature(profile.dialect)
    entries = {**_load(path), key: profile.to_dict()}
    text = json.dumps(
        {"format_version": FORMAT_VERSION, "profiles": entries},
        indent=1,
        allow_nan=False,
        ensure_ascii=False,
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, text)
    except OSError as reason:
        raise RecordError(
            f"The import profile cannot be saved in {path.parent} ({reason.strerror or reason}): "
            f"check that the folder may be written."
        ) from None
    return key


def forget_profile(signature: str, folder: Path | None = None) -> None:
    """Remove one remembered profile; nothing happens when there is none."""
    path = profile_file(folder)
    entries = _load(path)
    if entries.pop(signature, None) is not None:
        _replace(
            path, json.dumps({"format_version": FORMAT_VERSION, "profiles": entries}, indent=1)
        )


def _load(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_BYTES:
            return {}
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(data, dict) or data.get("format_version") != FORMAT_VERSION:
        return {}
    entries = data.get("profiles")
    return dict(entries) if isinstance(entries, dict) else {}


def _replace(path: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
