"""Labels, buttons, icons and rows: the smallest things that every panel is made of."""

from __future__ import annotations

import weakref
from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from heliid_gui import icons
from heliid_gui.rooms import follow
from heliid_gui.theme import SPACE, colours

Part = QWidget | QLayout | int


def label(text: str = "", kind: str = "", *, wrap: bool = False, tip: str = "") -> QLabel:
    """A label; ``kind`` is one of the style sheet's, as ``heading`` or ``muted``."""
    made = QLabel(breakable(text) if wrap else text)
    if kind:
        made.setObjectName(kind)
    made.setWordWrap(wrap)
    if wrap:
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)  # a new policy has forgotten it, and lines would be cut
        made.setSizePolicy(policy)
    if tip:
        made.setToolTip(tip)
    return made


def breakable(text: str) -> str:
    """The text with places where a long file name may be broken between two lines."""
    return text.replace("_", "_\u200b")


def set_kind(widget: QWidget, kind: str) -> None:
    """Change which rule of the style sheet applies."""
    if widget.objectName() != kind:
        widget.setObjectName(kind)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


class Icon(QLabel):
    """A picture that follows the theme."""

    def __init__(self, name: str, size: int = 20, role: str = "text") -> None:
        super().__init__()
        self._name, self._size, self._role = name, size, role
        follow(self, self._paint)
        self._paint()

    def show_icon(self, name: str, role: str) -> None:
        """Show another one."""
        self._name, self._role = name, role
        self._paint()

    def _paint(self) -> None:
        self.setPixmap(icons.pixmap(self._name, getattr(colours(), self._role), self._size))


def _follow_theme(made: QPushButton | QToolButton, name: str, role: str) -> None:
    known = weakref.ref(made)

    def paint() -> None:
        there = known()
        if there is not None:
            there.setIcon(icons.icon(name, getattr(colours(), role)))

    paint()
    follow(made, paint)


def button(
    text: str,
    on_click: Callable[[], object] | None = None,
    *,
    icon: str = "",
    kind: str = "",
    tip: str = "",
) -> QPushButton:
    """A push button; ``kind`` is "", "primary" or "link"."""
    made = QPushButton(text)
    if kind:
        made.setObjectName(kind)
    if icon:
        role = "accent_text" if kind == "primary" else "accent" if kind == "link" else "text"
        _follow_theme(made, icon, role)
        made.setIconSize(QSize(16, 16))
    if tip:
        made.setToolTip(tip)
    if on_click is not None:
        made.clicked.connect(lambda: on_click())
    return made


def tool_button(
    icon: str,
    text: str,
    on_click: Callable[[], object] | None = None,
    *,
    show_text: bool = False,
    tip: str = "",
    checkable: bool = False,
) -> QToolButton:
    """A small button with an icon; the text is always there for readers and tooltips."""
    made = QToolButton()
    made.setObjectName("tool" if show_text else "flat")
    made.setText(text)
    made.setAccessibleName(text)
    made.setToolTip(tip or text)
    made.setCheckable(checkable)
    made.setIconSize(QSize(16, 16))
    style = Qt.ToolButtonStyle
    made.setToolButtonStyle(
        style.ToolButtonTextBesideIcon if show_text else style.ToolButtonIconOnly
    )
    _follow_theme(made, icon, "text")
    if on_click is not None:
        made.clicked.connect(lambda: on_click())
    return made


def column(
    *parts: Part, margins: int = 0, spacing: int = SPACE, grows: int | None = None
) -> QVBoxLayout:
    """Parts stacked; a number is a stretch. ``grows``: the part that takes the free room."""
    layout = QVBoxLayout()
    _fill(layout, parts, margins, spacing, grows)
    return layout


def row(
    *parts: Part, margins: int = 0, spacing: int = SPACE, grows: int | None = None
) -> QHBoxLayout:
    """Parts side by side; a number is a stretch. ``grows``: the part that takes the free room."""
    layout = QHBoxLayout()
    _fill(layout, parts, margins, spacing, grows)
    return layout


def _fill(
    layout: QVBoxLayout | QHBoxLayout,
    parts: tuple[Part, ...],
    margins: int,
    spacing: int,
    grows: int | None,
) -> None:
    layout.setContentsMargins(margins, margins, margins, margins)
    layout.setSpacing(spacing)
    for part in parts:
        if isinstance(part, int):
            layout.addStretch(part)
        elif isinstance(part, QLayout):
            layout.addLayout(part)
        else:
            layout.addWidget(part)
    if grows is not None:
        layout.setStretch(grows, 1)


def boxed(layout: QLayout) -> QWidget:
    """A plain widget around a layout."""
    made = QWidget()
    made.setLayout(layout)
    return made
