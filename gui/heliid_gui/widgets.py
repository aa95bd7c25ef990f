"""Cards, banners, sections and scrolled pages, made of ``parts``; panels import all from here."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QToolButton,
    QWidget,
)

from heliid_gui import icons
from heliid_gui.parts import (
    Icon,
    Part,
    boxed,
    button,
    column,
    label,
    row,
    set_kind,
    tool_button,
)
from heliid_gui.rooms import follow
from heliid_gui.theme import SPACE

__all__ = [
    "Banner",
    "Card",
    "ElidedLabel",
    "EmptyState",
    "Icon",
    "Section",
    "boxed",
    "button",
    "column",
    "label",
    "panes",
    "row",
    "scrolled",
    "set_kind",
    "tool_button",
]


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


class _ScrollPage(QScrollArea):
    """Gives its page the height that its wrapped texts need at the width there is.

    Left to itself Qt asks for the least height of each label alone, and cuts the lines below.
    """

    def resizeEvent(self, event) -> None:
        """Another width, another height."""
        super().resizeEvent(event)
        self._fit()

    def eventFilter(self, watched, event) -> bool:
        """Other texts, another height."""
        if event.type() is QEvent.Type.LayoutRequest and watched is self.widget():
            self._fit()
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        page = self.widget()
        if page is not None and page.hasHeightForWidth():
            height = page.heightForWidth(self.viewport().width())
            if height != page.minimumHeight():
                page.setMinimumHeight(height)


def scrolled(inner: QWidget, *, sideways: bool = False) -> QScrollArea:
    """The widget in a frameless scroll area that scrolls up and down, ``sideways`` if need be."""
    area = QScrollArea() if sideways else _ScrollPage()
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
