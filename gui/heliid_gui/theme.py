"""The look: one palette for light, one for dark, and the style sheet made from either.

Fusion with our own colours: a desktop's own theme may hide icons or ignore dark mode. Spacing is
in steps of 8 px. One accent colour, which is also the colour of the model in every plot.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

_ASSETS = Path(__file__).resolve().parent / "assets"  # arrows and ticks the style sheet needs
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
            # without a sheet in between Qt polishes each widget many times over: 0.6 s against 0.13
            app.setStyleSheet("")
            app.setPalette(palette(self.colours))
            app.setStyleSheet(style_sheet(self.colours))
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


def style_sheet(c: Colours) -> str:
    """Shapes and spacing on top of Fusion."""
    down, up, right, check = (
        f"url({(_ASSETS / f'{name}-{c.name}.svg').as_posix()})"
        for name in ("down", "up", "right", "check")
    )
    return f"""
    QToolTip {{ color: {c.text}; background: {c.surface}; border: 1px solid {c.border};
        padding: 6px; }}
    QMainWindow::separator {{ background: {c.border}; width: 1px; height: 1px; }}
    QSplitter::handle {{ background: transparent; }}
    QSplitter::handle:horizontal {{ width: 8px; }}
    QSplitter::handle:vertical {{ height: 8px; }}
    QMenuBar {{ background: {c.surface}; border-bottom: 1px solid {c.border}; }}
    QMenuBar::item {{ padding: 6px 10px; background: transparent; }}
    QMenuBar::item:selected {{ background: {c.hover}; border-radius: 4px; }}
    QMenu {{ background: {c.surface}; border: 1px solid {c.border}; padding: 4px; }}
    QMenu::item {{ padding: 6px 28px 6px 12px; border-radius: 4px; }}
    QMenu::icon {{ padding-left: 8px; }}
    QMenu::item:selected {{ background: {c.accent_soft}; color: {c.text}; }}
    QMenu::item:disabled {{ color: {c.disabled}; }}
    QMenu::separator {{ height: 1px; background: {c.border}; margin: 4px 8px; }}
    QStatusBar {{ background: {c.surface}; border-top: 1px solid {c.border}; color: {c.muted}; }}
    QStatusBar::item {{ border: none; }}
    QStatusBar QLabel {{ color: {c.muted}; padding: 0 8px; }}

    #runBar {{ background: {c.surface}; border-bottom: 1px solid {c.border}; }}
    #rail {{ background: {c.surface}; border-right: 1px solid {c.border}; }}
    #card {{ background: {c.surface}; border: 1px solid {c.border}; border-radius: 8px; }}
    #card[clickable="true"]:hover, #card[clickable="true"]:focus {{ border-color: {c.accent}; }}
    #lineChosen {{ border: 1px solid {c.accent}; border-radius: 6px;
        background: {c.accent_soft}; }}
    #line {{ border: 1px solid transparent; border-radius: 6px; }}
    #line:hover {{ background: {c.hover}; }}
    #line:focus {{ border-color: {c.accent}; }}
    #sunken {{ background: {c.sunken}; border-radius: 6px; }}
    #title {{ font-size: 20pt; font-weight: 600; }}
    #heading {{ font-size: 12pt; font-weight: 600; }}
    #section {{ font-weight: 600; }}
    #muted {{ color: {c.muted}; }}
    #figure {{ font-size: 17pt; font-weight: 600; }}
    #good {{ color: {c.good}; font-weight: 600; }}
    #warning {{ color: {c.warning}; font-weight: 600; }}
    #bad {{ color: {c.bad}; font-weight: 600; }}
    #banner {{ background: {c.accent_soft}; border-radius: 6px; }}
    #banner[level="warning"] {{ border-left: 3px solid {c.warning}; }}
    #banner[level="info"] {{ border-left: 3px solid {c.accent}; }}

    QPushButton, QToolButton#tool {{ background: {c.surface}; border: 1px solid {c.border};
        border-radius: 6px; padding: 5px 12px; min-height: 18px; }}
    QToolButton#tool {{ padding: 5px 8px; }}
    QPushButton:hover, QToolButton#tool:hover {{ background: {c.hover}; }}
    QPushButton:pressed {{ background: {c.accent_soft}; }}
    QPushButton:focus, QToolButton#tool:focus {{ border: 1px solid {c.accent}; }}
    QPushButton:disabled, QToolButton#tool:disabled {{ color: {c.disabled};
        background: {c.window}; }}
    QToolButton#tool:checked {{ background: {c.accent_soft}; border-color: {c.accent}; }}
    QPushButton#primary {{ background: {c.accent}; color: {c.accent_text};
        border: 1px solid {c.accent}; font-weight: 600; }}
    QPushButton#primary:disabled {{ background: {c.window}; color: {c.disabled};
        border-color: {c.border}; }}
    QPushButton#primary:hover:!disabled {{ border-color: {c.text}; }}
    QPushButton#link {{ background: transparent; border: none; color: {c.accent};
        padding: 2px 4px; text-align: left; }}
    QPushButton#link:hover, QPushButton#link:focus {{ text-decoration: underline; }}
    QToolButton#flat {{ background: transparent; border: 1px solid transparent;
        border-radius: 6px; padding: 4px; }}
    QToolButton#flat:hover {{ background: {c.hover}; }}
    QToolButton#flat:focus {{ border-color: {c.accent}; }}

    QToolButton#step {{ background: transparent; border: 1px solid transparent;
        border-radius: 8px; padding: 6px 2px; color: {c.muted}; }}
    QToolButton#step:hover {{ background: {c.hover}; color: {c.text}; }}
    QToolButton#step:focus {{ border-color: {c.accent}; }}
    QToolButton#step:checked {{ background: {c.accent_soft}; color: {c.text};
        font-weight: 600; }}

    QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QPlainTextEdit, QTextEdit, QTextBrowser {{
        background: {c.surface}; border: 1px solid {c.border}; border-radius: 6px;
        padding: 4px 6px; min-height: 18px; selection-background-color: {c.accent};
        selection-color: {c.accent_text}; }}
    QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus,
        QPlainTextEdit:focus, QTextEdit:focus {{ border-color: {c.accent}; }}
    QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled {{
        color: {c.disabled}; background: {c.window}; }}
    QComboBox {{ padding-right: 22px; }}
    QComboBox::drop-down {{ border: none; width: 22px; subcontrol-position: right center; }}
    QComboBox::down-arrow {{ image: {down}; width: 14px; height: 14px; }}
    QSpinBox, QDoubleSpinBox {{ padding-right: 22px; }}
    QSpinBox::up-button, QDoubleSpinBox::up-button {{ border: none; background: transparent;
        width: 22px; subcontrol-position: top right; subcontrol-origin: border; margin-top: 2px; }}
    QSpinBox::down-button, QDoubleSpinBox::down-button {{ border: none; background: transparent;
        width: 22px; subcontrol-position: bottom right; subcontrol-origin: border;
        margin-bottom: 2px; }}
    QSpinBox::up-arrow, QDoubleSpinBox::up-arrow {{ image: {up}; width: 12px; height: 12px; }}
    QSpinBox::down-arrow, QDoubleSpinBox::down-arrow {{ image: {down}; width: 12px;
        height: 12px; }}
    QCheckBox {{ spacing: 8px; }}
    QCheckBox::indicator, QTreeView::indicator, QTableView::indicator, QListView::indicator {{
        width: 14px; height: 14px; border: 1px solid {c.disabled}; border-radius: 4px;
        background: {c.surface}; }}
    QCheckBox::indicator:hover, QCheckBox::indicator:focus {{ border-color: {c.accent}; }}
    QCheckBox::indicator:checked, QTreeView::indicator:checked, QTableView::indicator:checked,
        QListView::indicator:checked {{ background: {c.accent}; border-color: {c.accent};
        image: {check}; }}
    QTreeView::branch:has-children:closed {{ image: {right}; }}
    QTreeView::branch:has-children:open {{ image: {down}; }}
    QTreeView::branch:selected {{ background: {c.accent_soft}; }}
    QComboBox QAbstractItemView {{ background: {c.surface}; border: 1px solid {c.border};
        selection-background-color: {c.accent_soft}; selection-color: {c.text}; }}

    QTreeView, QTableView, QListView {{ background: {c.surface}; border: none;
        alternate-background-color: {c.sunken}; outline: none;
        selection-background-color: {c.accent_soft}; selection-color: {c.text}; }}
    QTreeView::item, QListView::item {{ padding: 3px 2px; }}
    QTableView {{ gridline-color: {c.border}; }}
    QHeaderView {{ background: {c.surface}; }}
    QHeaderView::section {{ background: {c.surface}; color: {c.muted}; border: none;
        border-bottom: 1px solid {c.border}; padding: 6px 4px; font-weight: 600; }}
    QHeaderView::up-arrow {{ image: {up}; width: 10px; height: 10px; }}
    QHeaderView::down-arrow {{ image: {down}; width: 10px; height: 10px; }}
    QHeaderView::up-arrow, QHeaderView::down-arrow {{ subcontrol-position: top center; }}
    QTableCornerButton::section {{ background: {c.surface}; border: none; }}

    QTabWidget::pane {{ border: none; border-top: 1px solid {c.border}; }}
    QTabBar::tab {{ background: transparent; color: {c.muted}; padding: 7px 12px;
        border: none; border-bottom: 2px solid transparent; }}
    QTabBar::tab:hover {{ color: {c.text}; }}
    QTabBar::tab:focus {{ color: {c.accent}; }}
    QTabBar::tab:selected {{ color: {c.text}; border-bottom: 2px solid {c.accent};
        font-weight: 600; }}
    QDockWidget::title {{ background: {c.surface}; padding: 7px 10px;
        border-bottom: 1px solid {c.border}; }}
    QProgressBar {{ background: {c.sunken}; border: none; border-radius: 3px; max-height: 6px;
        min-height: 6px; text-align: center; }}
    QProgressBar::chunk {{ background: {c.accent}; border-radius: 3px; }}
    QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
    QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
    QScrollBar::handle {{ background: {c.border}; border-radius: 4px; min-height: 24px;
        min-width: 24px; margin: 1px; }}
    QScrollBar::handle:hover {{ background: {c.disabled}; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
    QScrollArea, QScrollArea > QWidget > QWidget#page {{ background: transparent; border: none; }}
    """
