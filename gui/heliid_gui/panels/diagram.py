"""The two tiers of the model, drawn from the set-up.

What goes in, what is remembered, what comes out, and how many numbers are fitted.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from heliid_gui.presenters.model import Diagram
from heliid_gui.theme import colours, theme

GAP = 14.0
BOX_W = 128.0
TIER_H = 190.0
FULL_WIDTH = 540  # px, below which the drawing becomes smaller as a whole
MIN_WIDTH = 400  # px
BOX_H = 30.0


class BlockDiagram(QWidget):
    """Paints a ``Diagram``."""

    def __init__(self) -> None:
        super().__init__()
        self._diagram: Diagram | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(MIN_WIDTH, 260))
        theme().changed.connect(self.update)

    def show_diagram(self, diagram: Diagram) -> None:
        """Draw this."""
        self._diagram = diagram
        self.setAccessibleName(self.tr("Block diagram of the model"))
        self.setAccessibleDescription(diagram.sentence)
        self.setMinimumHeight(
            int(max(260, (max(len(diagram.inputs) + len(diagram.outputs), 4)) * (BOX_H + 8) + 96))
        )
        self.update()

    def paintEvent(self, _event) -> None:
        """Three columns and two tiers between them."""
        if self._diagram is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        scale = min(1.0, self.width() / FULL_WIDTH)
        painter.scale(scale, scale)
        area = QRectF(0.0, 0.0, self.width() / scale, self.height() / scale)
        _Drawing(painter, area, self._diagram).draw()
        painter.end()


class _Drawing:
    """One drawing: places computed once, then painted."""

    def __init__(self, painter: QPainter, area: QRectF, diagram: Diagram) -> None:
        self.p, self.d, self.c = painter, diagram, colours()
        self.box_w = min(BOX_W, area.width() * 0.19)
        tall = max(len(diagram.inputs), len(diagram.outputs)) * (BOX_H + 12) + 24
        height = min(max(TIER_H, tall), area.height() - 92)
        inner = QRectF(
            area.left() + 2, area.center().y() - height / 2 - 4, area.width() - 4, height
        )
        self.left = QRectF(inner.left(), inner.top(), self.box_w, inner.height())
        self.right = QRectF(inner.right() - self.box_w, inner.top(), self.box_w, inner.height())
        middle = QRectF(self.left.right() + 2 * GAP, inner.top(), 0, inner.height())
        middle.setRight(self.right.left() - 2 * GAP)
        half = (middle.width() - 2.5 * GAP) / 2
        self.tier1 = QRectF(middle.left(), middle.top(), half, middle.height())
        self.tier2 = QRectF(middle.right() - half, middle.top(), half, middle.height())

    def draw(self) -> None:
        """Everything, back to front."""
        self._feedback()
        self._tier(self.tier1, "Tier 1: memory", self.d.tier1)
        self._tier(self.tier2, "Tier 2: network", self.d.tier2)
        self._arrow(
            QPointF(self.tier1.right(), self.tier1.center().y()),
            QPointF(self.tier2.left(), self.tier2.center().y()),
            self.c.accent,
        )
        self._caption(self.left, "Inputs")
        self._caption(self.right, "Outputs")
        for box, name in zip(
            self._stack(self.left, len(self.d.inputs)), self.d.inputs, strict=True
        ):
            self._box(box, name)
            self._arrow(
                QPointF(box.right(), box.center().y()),
                QPointF(self.tier1.left(), box.center().y()),
                self.c.muted,
            )
        for box, name in zip(
            self._stack(self.right, len(self.d.outputs)), self.d.outputs, strict=True
        ):
            self._box(box, name)
            self._arrow(
                QPointF(self.tier2.right(), box.center().y()),
                QPointF(box.left(), box.center().y()),
                self.c.muted,
            )

    def _stack(self, area: QRectF, count: int) -> list[QRectF]:
        pitch = min(BOX_H + 12, area.height() / max(count, 1))
        height = min(BOX_H, pitch - 4)
        top = area.center().y() - count * pitch / 2
        return [
            QRectF(area.left(), top + k * pitch + (pitch - height) / 2, area.width(), height)
            for k in range(count)
        ]

    def _caption(self, area: QRectF, text: str) -> None:
        self.p.setPen(QColor(self.c.muted))
        self.p.drawText(
            QRectF(area.left(), area.top() - 28, area.width(), 20),
            Qt.AlignmentFlag.AlignCenter,
            text,
        )

    def _box(self, box: QRectF, text: str) -> None:
        self.p.setPen(QPen(QColor(self.c.border), 1))
        self.p.setBrush(QColor(self.c.sunken))
        self.p.drawRoundedRect(box, 6, 6)
        self.p.setPen(QColor(self.c.text))
        shown = self.p.fontMetrics().elidedText(
            text, Qt.TextElideMode.ElideRight, int(box.width() - 10)
        )
        self.p.drawText(box, Qt.AlignmentFlag.AlignCenter, shown)

    def _tier(self, area: QRectF, title: str, lines: tuple[tuple[str, str], ...]) -> None:
        self.p.setPen(QPen(QColor(self.c.accent), 1.2))
        self.p.setBrush(QColor(self.c.accent_soft))
        self.p.drawRoundedRect(area, 8, 8)
        font = self.p.font()
        font.setBold(True)
        self.p.setFont(font)
        self.p.setPen(QColor(self.c.text))
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        line = QRectF(area.left() + 12, area.top() + 12, area.width() - 24, 20)
        number, _, name = title.partition(": ")
        self.p.drawText(line, left, name)
        font.setBold(False)
        self.p.setFont(font)
        self.p.setPen(QColor(self.c.muted))
        line.translate(0, 20)
        self.p.drawText(line, left, number)
        line.translate(0, 12)
        for what, value in lines:
            line.translate(0, 22)
            self.p.setPen(QColor(self.c.muted))
            self.p.drawText(line, left, what)
            self.p.setPen(QColor(self.c.text))
            self.p.drawText(line, right, value)

    def _arrow(self, start: QPointF, end: QPointF, colour: str) -> None:
        self.p.setPen(QPen(QColor(colour), 1.4))
        self.p.drawLine(start, end)
        self._head(end, colour)

    def _head(self, at: QPointF, colour: str, *, up: bool = False) -> None:
        tip = QPainterPath(at)
        if up:
            tip.lineTo(at.x() - 4, at.y() + 7)
            tip.lineTo(at.x() + 4, at.y() + 7)
        else:
            tip.lineTo(at.x() - 7, at.y() - 4)
            tip.lineTo(at.x() - 7, at.y() + 4)
        tip.closeSubpath()
        self.p.fillPath(tip, QColor(colour))

    def _feedback(self) -> None:
        """The model's own past outputs go back into the memory: the free run."""
        bottom = self.tier1.bottom() + 22
        path = QPainterPath(QPointF(self.right.center().x(), self.right.center().y()))
        path.lineTo(self.right.center().x(), bottom)
        path.lineTo(self.tier1.center().x(), bottom)
        path.lineTo(self.tier1.center().x(), self.tier1.bottom() + 2)
        pen = QPen(QColor(self.c.muted), 1.2)
        pen.setDashPattern([5, 3])
        self.p.setPen(pen)
        self.p.setBrush(Qt.BrushStyle.NoBrush)
        self.p.drawPath(path)
        self._head(QPointF(self.tier1.center().x(), self.tier1.bottom() + 1), self.c.muted, up=True)
        self.p.setPen(QColor(self.c.muted))
        where = QRectF(
            self.tier1.center().x() + 8,
            bottom + 1,
            self.right.center().x() - self.tier1.center().x(),
            18,
        )
        self.p.drawText(where, Qt.AlignmentFlag.AlignCenter, self.d.feedback)
