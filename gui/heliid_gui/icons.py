"""Our own icons: outlines on a 24 x 24 grid, tinted with the theme."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from heliid_gui.theme import colours

# Each value: path data drawn with a round 1.8 px stroke; a leading "!" fills instead.
_PATHS: dict[str, tuple[str, ...]] = {
    "home": ("M4 11 L12 4 L20 11", "M6 10 V20 H18 V10", "M10 20 V14 H14 V20"),
    "data": ("M3 16 C6 16 6 7 9 7 S12 16 15 16 S18 10 21 10", "M3 21 H21", "M3 21 V3"),
    "prepare": (
        "M4 7 H14",
        "M18 7 H20",
        "M16 5 V9",
        "M4 12 H7",
        "M11 12 H20",
        "M9 10 V14",
        "M4 17 H12",
        "M16 17 H20",
        "M14 15 V19",
    ),
    "model": ("M3 8 H8", "M3 16 H8", "M8 5 H16 V19 H8 Z", "M16 12 H21", "M11 12 H13"),
    "evolve": (
        "M4 19 C7 19 8 12 11 12 S15 6 20 5",
        "M16 5 H20 V9",
        "M4 5 V5.01",
        "M8 8 V8.01",
        "M15 16 V16.01",
        "M19 13 V13.01",
    ),
    "validate": (
        "M12 3 L20 6 V12 C20 17 16 20 12 21 C8 20 4 17 4 12 V6 Z",
        "M8.5 12 L11 14.5 L15.5 9.5",
    ),
    "compare": ("M5 20 V11", "M10 20 V6", "M15 20 V14", "M20 20 V4", "M3 20 H22"),
    "export": ("M12 15 V4", "M8 8 L12 4 L16 8", "M5 13 V20 H19 V13"),
    "open": ("M3 19 V6 H9 L11 8 H19 V11", "M3 19 L6 11 H22 L19 19 Z"),
    "save": ("M5 4 H16 L20 8 V20 H4 V4 Z", "M8 4 V9 H15 V4", "M8 20 V14 H16 V20"),
    "start": ("!M7 4.5 L19.5 12 L7 19.5 Z",),
    "pause": ("!M6.5 5 H10 V19 H6.5 Z", "!M14 5 H17.5 V19 H14 Z"),
    "stop": ("!M6 6 H18 V18 H6 Z",),
    "search": ("M10.5 4 A6.5 6.5 0 1 0 10.5 17 A6.5 6.5 0 1 0 10.5 4", "M15.5 15.5 L20 20"),
    "theme": ("M12 3 A9 9 0 1 0 12 21 A9 9 0 1 0 12 3", "!M12 3 A9 9 0 0 1 12 21 Z"),
    "help": (
        "M12 3 A9 9 0 1 0 12 21 A9 9 0 1 0 12 3",
        "M9.5 9.5 C9.5 6.5 14.5 6.5 14.5 9.5 C14.5 12 12 12 12 14",
        "M12 17.2 V17.3",
    ),
    "warning": ("M12 4 L21 20 H3 Z", "M12 10 V14.5", "M12 17.2 V17.3"),
    "info": ("M12 3 A9 9 0 1 0 12 21 A9 9 0 1 0 12 3", "M12 11 V16.5", "M12 7.6 V7.7"),
    "error": ("M12 3 A9 9 0 1 0 12 21 A9 9 0 1 0 12 3", "M9 9 L15 15", "M15 9 L9 15"),
    "ok": ("M12 3 A9 9 0 1 0 12 21 A9 9 0 1 0 12 3", "M8 12.2 L11 15 L16 9.5"),
    "fit": ("M4 9 V4 H9", "M15 4 H20 V9", "M20 15 V20 H15", "M9 20 H4 V15"),
    "camera": (
        "M4 8 H8 L10 5 H14 L16 8 H20 V19 H4 Z",
        "M12 10 A3.5 3.5 0 1 0 12 17 A3.5 3.5 0 1 0 12 10",
    ),
    "star": (
        "M12 3.5 L14.6 9 L20.5 9.7 L16.2 13.8 L17.3 19.8 L12 16.9 "
        "L6.7 19.8 L7.8 13.8 L3.5 9.7 L9.4 9 Z",
    ),
    "close": ("M6 6 L18 18", "M18 6 L6 18"),
    "down": ("M6 9 L12 15 L18 9",),
    "up": ("M6 15 L12 9 L18 15",),
    "right": ("M9 6 L15 12 L9 18",),
    "copy": ("M9 9 H20 V20 H9 Z", "M5 15 V4 H16"),
    "helicopter": (
        "M3 5 H21",
        "M12 5 V8",
        "M6 13 C6 9.5 9 8 12 8 H13 C17 8 19 11 19 14 C19 16 17.5 17 15 17 "
        "H10 C8 17 6.5 16 6 14 L2 12 V10",
        "M13 8 V13 H19",
        "M7 20.5 H18",
        "M10 17 V20.5",
        "M15 17 V20.5",
    ),
    "known": (
        "M12 3 A9 9 0 1 0 12 21 A9 9 0 1 0 12 3",
        "M12 8 A4 4 0 1 0 12 16 A4 4 0 1 0 12 8",
        "M12 1 V5",
        "M12 19 V23",
        "M1 12 H5",
        "M19 12 H23",
    ),
    "undo": ("M8 5 L4 9 L8 13", "M4 9 H14 C18 9 20 11.5 20 14.5 S18 20 14 20 H9"),
    "redo": ("M16 5 L20 9 L16 13", "M20 9 H10 C6 9 4 11.5 4 14.5 S6 20 10 20 H15"),
}


def names() -> tuple[str, ...]:
    """Every icon there is."""
    return tuple(_PATHS)


def svg(name: str, colour: str) -> str:
    """The icon as SVG text."""
    parts = []
    for path in _PATHS[name]:
        if path.startswith("!"):
            parts.append(f'<path d="{path[1:]}" fill="{colour}" stroke="none"/>')
        else:
            parts.append(
                f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.8" '
                f'stroke-linecap="round" stroke-linejoin="round"/>'
            )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">' + "".join(parts) + "</svg>"
    )


@lru_cache(maxsize=512)
def pixmap(name: str, colour: str, size: int, ratio: float = 2.0) -> QPixmap:
    """The icon as a picture of ``size`` logical px."""
    picture = QPixmap(int(size * ratio), int(size * ratio))
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    QSvgRenderer(QByteArray(svg(name, colour).encode())).render(
        painter, QRectF(0, 0, size * ratio, size * ratio)
    )
    painter.end()
    picture.setDevicePixelRatio(ratio)
    return picture


def icon(name: str, colour: str = "", size: int = 24) -> QIcon:
    """The icon in the theme's text colour (or another), greyed when disabled."""
    c = colours()
    result = QIcon()
    result.addPixmap(pixmap(name, colour or c.text, size))
    result.addPixmap(pixmap(name, c.disabled, size), QIcon.Mode.Disabled)
    return result


def app_icon() -> QIcon:
    """The application's own icon: the same in light and dark."""
    result = QIcon()
    for size in (16, 24, 32, 48, 64, 128):
        result.addPixmap(pixmap("helicopter", "#0b66c3", size, 1.0))
    return result
