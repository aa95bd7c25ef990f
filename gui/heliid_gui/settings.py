"""What the window remembers between starts: an INI file, window matters only."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSettings

MAX_RECENT = 10


class Settings:
    """Thin, typed access to QSettings; in safe mode nothing is read."""

    def __init__(self, *, safe_mode: bool = False, path: Path | None = None) -> None:
        self.safe_mode = safe_mode
        self._own_folder = path.parent if path is not None else None
        if path is not None:
            self._store = QSettings(str(path), QSettings.Format.IniFormat)
        else:
            self._store = QSettings(
                QSettings.Format.IniFormat, QSettings.Scope.UserScope, "HeliID", "HeliID"
            )

    def text(self, key: str, default: str = "") -> str:
        """A text; anything unreadable is the default."""
        if self.safe_mode:
            return default
        value = self._store.value(key, default)
        return value if isinstance(value, str) else default

    def flag(self, key: str, default: bool = False) -> bool:
        """A yes or no."""
        return self.text(key, "true" if default else "false") == "true"

    def blob(self, key: str) -> bytes:
        """Bytes, as of a window geometry; empty when there are none."""
        try:
            return bytes.fromhex(self.text(key))
        except ValueError:
            return b""

    def put(self, key: str, value: str | bool | bytes) -> None:
        """Remember a value."""
        if isinstance(value, bool):
            value = "true" if value else "false"
        elif isinstance(value, bytes):
            value = value.hex()
        self._store.setValue(key, value)

    def recent(self) -> list[str]:
        """Files opened last, the newest first; those that are gone are left out."""
        names = [name for name in self.text("recent").split("\n") if name]
        return [name for name in names if Path(name).exists()]

    def add_recent(self, path: Path) -> None:
        """Remember that this file was opened."""
        names = [str(path), *(n for n in self.recent() if n != str(path))]
        self.put("recent", "\n".join(names[:MAX_RECENT]))

    def folder(self, name: str) -> Path | None:
        """Where journals and profiles belong when the settings have a place of their own."""
        return None if self._own_folder is None else self._own_folder / name

    def save(self) -> None:
        """Write to disk now."""
        self._store.sync()
