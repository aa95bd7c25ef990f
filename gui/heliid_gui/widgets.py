"""Small parts that every panel is made of, so that all of them look alike."""

from __future__ import annotations

import weakref
from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSplitter,
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
    made = QLabel(text)
    if kind:
        made.setObjectName(kind)
    made.setWordWrap(wrap)
    if wrap:
        made.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    if tip:
        made.setToolTip(tip)
    return made


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


class Card(QFrame):
    """A raised surface; clickable ones take the keyboard too."""

    clicked = Signal()

    def __init__(
        self,
        *parts: Part,
        grows: int | None = None,
        clickable: bool = False,
        margins: int = 2 * SPACE,
        spacing: int = SPACE,
    ) -> None:
        super().__init__()
        self.setObjectName("card")
        self._clickable = clickable
        self.setProperty("clickable", clickable)
        self.setLayout(column(*parts, margins=margins, spacing=spacing, grows=grows))
        if clickable:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def mouseReleaseEvent(self, event) -> None:
        """A click anywhere on the card."""
        if self._clickable and self.rect().contains(event.position().toPoint()):
            self.clicked.emit()
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event) -> None:
        """Return and Space click."""
        if self._clickable and event.key() in (
            Qt.Key.Key_Return,
            Qt.Key.Key_Enter,
            Qt.Key.Key_Space,
        ):
            self.clicked.emit()
            return
        super().keyPressEvent(event)


class EmptyState(QWidget):
    """What a view says when it has nothing to show yet: what it is for and what to do next."""

    def __init__(self, icon: str, title: str, text: str, *actions: QPushButton) -> None:
        super().__init__()
        picture = Icon(icon, 48, "disabled")
        picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.title = label(title, "heading")
        self.title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.text = label(text, "muted", wrap=True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.text.setFixedWidth(440)
        centred = row(1, self.text, 1)
        buttons = row(1, *actions, 1)
        self.setLayout(column(2, picture, self.title, centred, buttons, 3, spacing=12))


class Banner(QFrame):
    """One sentence with a coloured edge: a hint or a warning; hidden while it says nothing."""

    def __init__(self, text: str = "", level: str = "info") -> None:
        super().__init__()
        self.setObjectName("banner")
        self._said = ("?", "")
        self._icon = Icon("info", 18, "accent")
        self._text = label("", wrap=True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = row(self._icon, self._text, margins=SPACE, grows=1)
        layout.setAlignment(self._icon, Qt.AlignmentFlag.AlignTop)
        self.setLayout(layout)
        self.show_text(text, level)

    def show_text(self, text: str, level: str = "info") -> None:
        """Say this; nothing hides the banner."""
        if (text, level) == self._said:
            return
        self._said = (text, level)
        self._text.setText(text)
        self.setProperty("level", level)
        is_warning = level == "warning"
        self._icon.show_icon(
            "warning" if is_warning else "info", "warning" if is_warning else "accent"
        )
        self.style().unpolish(self)
        self.style().polish(self)
        self.setVisible(bool(text))

    @property
    def text(self) -> str:
        """What is said."""
        return self._text.text()


class Section(QWidget):
    """A heading that opens and closes what is below it."""

    def __init__(self, title: str, body: QWidget, *, is_open: bool = False) -> None:
        super().__init__()
        self._title = QToolButton()
        self._title.setObjectName("flat")
        self._title.setText(title)
        self._title.setCheckable(True)
        self._title.setChecked(is_open)
        self._title.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._title.setIconSize(QSize(14, 14))
        self._title.toggled.connect(self._toggle)
        follow(self, self._paint)
        self._body = body
        body.setVisible(is_open)
        self.setLayout(column(self._title, body, spacing=SPACE // 2))
        self._paint()

    def _toggle(self, on: bool) -> None:
        self._body.setVisible(on)
        self._paint()

    def _paint(self) -> None:
        self._title.setIcon(icons.icon("down" if self._title.isChecked() else "right"))


class ElidedLabel(QLabel):
    """One line that shortens itself at its end and says all in its tooltip.

    A new text asks for no new layout, so that it may change thirty times a second.
    """

    def __init__(self, text: str = "", kind: str = "") -> None:
        super().__init__()
        self._full = ""
        if kind:
            self.setObjectName(kind)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.set_full_text(text)

    def set_full_text(self, text: str) -> None:
        """Say this, as much of it as fits."""
        if text != self._full:
            self._full = text
            self.setToolTip(text)
            self.setAccessibleName(text)
            self.update()

    def full_text(self) -> str:
        """All of it."""
        return self._full

    def sizeHint(self) -> QSize:
        """One line high; as wide as it is let."""
        return QSize(80, self.fontMetrics().height() + 2)

    def minimumSizeHint(self) -> QSize:
        """The same, without a claim to width."""
        return QSize(0, self.fontMetrics().height() + 2)

    def paintEvent(self, _event) -> None:
        """The text, shortened to the width there is."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        area = self.contentsRect()
        text = self.fontMetrics().elidedText(self._full, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, int(self.alignment()), text)
        painter.end()


def scrolled(inner: QWidget, *, sideways: bool = False) -> QScrollArea:
    """The widget in a frameless scroll area that scrolls up and down, ``sideways`` if need be."""
    area = QScrollArea()
    inner.setObjectName("page")
    area.setWidget(inner)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    policy = Qt.ScrollBarPolicy
    bar = policy.ScrollBarAsNeeded if sideways else policy.ScrollBarAlwaysOff
    area.setHorizontalScrollBarPolicy(bar)
    return area


def panes(*parts: tuple[QWidget, int, int], upright: bool = False, grows: int = 1) -> QSplitter:
    """Parts side by side (or stacked) with handles: (part, least size, first size) in px."""
    split = QSplitter(Qt.Orientation.Vertical if upright else Qt.Orientation.Horizontal)
    for part, least, _ in parts:
        if upright:
            part.setMinimumHeight(least)
        else:
            part.setMinimumWidth(least)
        split.addWidget(part)
    for index in range(len(parts)):
        split.setStretchFactor(index, 4 if index == grows else 1)
    split.setSizes([size for _, _, size in parts])
    split.setProperty("first", [size for _, _, size in parts])  # for View > Reset layout
    split.setChildrenCollapsible(False)
    return split
