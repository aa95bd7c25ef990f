"""Before Qt is loaded: is there a screen, and are the system libraries there? In one sentence."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

NO_DISPLAY = 3  # exit status: the caller may go on in the terminal
NO_LIBRARY = 4
_APT = (
    "libglib2.0-0 libgl1 libegl1 libxkbcommon0 libfontconfig1 libdbus-1-3 libxkbcommon-x11-0 "
    "libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0"
)


def missing_display(environment: dict[str, str] | os._Environ[str]) -> str:
    """A sentence when there is no screen to open a window on; empty when there is."""
    if sys.platform in ("win32", "darwin"):
        return ""
    chosen = environment.get("QT_QPA_PLATFORM", "")
    if chosen and not chosen.startswith(("xcb", "wayland")):
        return ""
    if environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"):
        return ""
    return (
        "There is no screen to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is set); "
        "use 'heliid identify --help' for the same work in the terminal, or start a display first."
    )


def missing_libraries() -> str:
    """A sentence that names system libraries Qt needs and cannot find; empty when all are there."""
    if not sys.platform.startswith("linux"):
        return ""
    try:
        from PySide6 import QtWidgets  # noqa: F401
    except ImportError as error:
        return _library_sentence(str(error).split(":")[0])
    if os.environ.get("QT_QPA_PLATFORM", "").startswith(("offscreen", "minimal")):
        return ""
    missing = [name for name in _not_found(_xcb_plugin()) if name]
    return _library_sentence(", ".join(missing)) if missing else ""


def _library_sentence(names: str) -> str:
    return (
        f"The window needs system libraries that are not there ({names}); on Debian or Ubuntu "
        f"type: sudo apt install {_APT}"
    )


def _xcb_plugin() -> Path | None:
    spec = importlib.util.find_spec("PySide6")
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0]) / "Qt/plugins/platforms/libqxcb.so"
    return path if path.exists() else None


def _not_found(library: Path | None) -> list[str]:
    """Names that the loader cannot resolve; Qt's own message blames the wrong one."""
    if library is None:
        return []
    try:
        ctypes.CDLL(str(library))
    except OSError:
        pass
    else:
        return []  # 1 ms, against 30 ms for asking ldd
    try:
        lines = subprocess.run(
            ["ldd", str(library)], capture_output=True, text=True, timeout=10, check=False
        ).stdout.splitlines()
    except (OSError, subprocess.SubprocessError):
        return []
    return sorted({line.split()[0] for line in lines if "not found" in line})


def check(environment: dict[str, str] | os._Environ[str] | None = None) -> tuple[int, str]:
    """(0, "") when a window can open; else an exit status and a sentence."""
    environment = os.environ if environment is None else environment
    sentence = missing_display(environment)
    if sentence:
        return NO_DISPLAY, sentence
    sentence = missing_libraries()
    if sentence:
        return NO_LIBRARY, sentence
    return 0, ""
