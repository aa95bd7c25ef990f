"""The look: the colours of light and of dark, and the palette made from either.

Fusion with our own colours: a desktop's own theme may hide icons or ignore dark mode. Spacing is
in steps of 8 px. One accent colour, which is also the colour of the model in every plot.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

SPACE = 8  # px; every margin and gap is a multiple or a half of it


@dataclass(frozen=True, slots=True)
class Colours:
    """Every colour the window uses, by what it is for."""

    name: str
    window: str
    surface: str
    sunken: str
    border: str
    text: str
    muted: str
    disabled: str
    accent: str
    accent_text: str
    accent_soft: str
    hover: str
    good: str
    warning: str
    bad: str
    # plots: told apart by lightness and line style too, safe for the common colour blindnesses
    grid: str
    measured: str
    model: str
    linear: str
    residual: str
    band: str
    extra: tuple[str, ...]
    use_train: str
    use_validate: str
    use_test: str
    use_exclude: str


LIGHT = Colours(
    name="light",
    window="#f4f5f7",
    surface="#ffffff",
    sunken="#eceef1",
    border="#d9dde3",
    text="#1c2128",
    muted="#58616d",
    disabled="#a3abb5",
    accent="#0b66c3",
    accent_text="#ffffff",
    accent_soft="#e3effb",
    hover="#e9ecf0",
    good="#1a7a48",
    warning="#a65a00",
    bad="#b3261e",
    grid="#e3e6ea",
    measured="#6b7480",
    model="#0b66c3",
    linear="#d0660a",
    residual="#7a4fbf",
    band="#0b66c3",
    extra=("#00806a", "#b0367f", "#8a7400", "#3f7fa8", "#7a4fbf"),
    use_train="#2f7fd0",
    use_validate="#2a9d6f",
    use_test="#c77700",
    use_exclude="#8b949e",
)
DARK = Colours(
    name="dark",
    window="#15181c",
    surface="#1d2126",
    sunken="#171a1f",
    border="#333a43",
    text="#e4e8ec",
    muted="#9ba5b1",
    disabled="#5d6670",
    accent="#5aa7f2",
    accent_text="#0c1116",
    accent_soft="#1b3149",
    hover="#272c33",
    good="#55c48a",
    warning="#e5a54b",
    bad="#f0776d",
    grid="#2b3138",
    measured="#aab3be",
    model="#5aa7f2",
    linear="#f2a154",
    residual="#b79cf0",
    band="#5aa7f2",
    extra=("#48c9b0", "#e884bd", "#d6c04b", "#86bfe0", "#b79cf0"),
    use_train="#4b97e3",
    use_validate="#45b688",
    use_test="#e09a35",
    use_exclude="#78828d",
)
USE_COLOUR = {
    "train": "use_train",
    "validate": "use_validate",
    "test": "use_test",
    "exclude": "use_exclude",
}


class Theme(QObject):
    """The colours of the moment; tells everyone who paints by hand when they change."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.colours = LIGHT
        self._is_fusion = False

    def apply(self, name: str) -> None:
        """Make the application ``"light"`` or ``"dark"``."""
        self.colours = DARK if name == "dark" else LIGHT
        app = QApplication.instance()
        if isinstance(app, QApplication):
            if not self._is_fusion:  # once: the binding and Qt both think that they own a style
                app.setStyle("Fusion")
                self._is_fusion = True
            app.setPalette(palette(self.colours))
        self.changed.emit()

    def toggle(self) -> None:
        """From light to dark and back."""
        self.apply("light" if self.colours.name == "dark" else "dark")


_theme: list[Theme] = []


def theme() -> Theme:
    """The one theme of the application."""
    if not _theme:
        _theme.append(Theme())
    return _theme[0]


def colours() -> Colours:
    """The colours of the moment."""
    return theme().colours


def use_colour(use: str) -> QColor:
    """The colour of train, validate, test or exclude."""
    return QColor(getattr(colours(), USE_COLOUR[use]))


def base_font(points: float) -> QFont:
    """The interface font: the first of these that is there, else the system's."""
    font = QFont()
    font.setFamilies(["Inter", "Segoe UI", "SF Pro Text", "Noto Sans", "Cantarell", "DejaVu Sans"])
    font.setPointSizeF(points)
    return font


def palette(c: Colours) -> QPalette:
    """Qt's palette in our colours."""
    p = QPalette()
    role = QPalette.ColorRole
    for where, colour in (
        (role.Window, c.window),
        (role.WindowText, c.text),
        (role.Base, c.surface),
        (role.AlternateBase, c.sunken),
        (role.ToolTipBase, c.surface),
        (role.ToolTipText, c.text),
        (role.Text, c.text),
        (role.Button, c.surface),
        (role.ButtonText, c.text),
        (role.BrightText, c.bad),
        (role.Link, c.accent),
        (role.Highlight, c.accent),
        (role.HighlightedText, c.accent_text),
        (role.PlaceholderText, c.muted),
        (role.Mid, c.border),
        (role.Dark, c.border),
        (role.Light, c.surface),
        (role.Midlight, c.hover),
        (role.Shadow, c.border),
        (role.Accent, c.accent),
    ):
        p.setColor(where, QColor(colour))
    for where in (role.WindowText, role.Text, role.ButtonText):
        p.setColor(QPalette.ColorGroup.Disabled, where, QColor(c.disabled))
    p.setColor(QPalette.ColorGroup.Disabled, role.Highlight, QColor(c.border))
    p.setColor(QPalette.ColorGroup.Inactive, role.Highlight, QColor(c.accent_soft))
    p.setColor(QPalette.ColorGroup.Inactive, role.HighlightedText, QColor(c.text))
    return p
