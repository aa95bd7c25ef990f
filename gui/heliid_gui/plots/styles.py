"""How each kind of curve looks: colour, lightness and line style together."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen

from heliid_gui.theme import colours


class Kind(StrEnum):
    """What a curve is; decides its colour and its line."""

    MEASURED = "measured"
    MODEL = "model"
    LINEAR = "linear"
    RESIDUAL = "residual"
    BEFORE = "before"
    EXTRA0 = "extra0"
    EXTRA1 = "extra1"
    EXTRA2 = "extra2"
    EXTRA3 = "extra3"
    EXTRA4 = "extra4"


_DASHES: dict[Kind, list[float]] = {
    Kind.MODEL: [7.0, 2.5],
    Kind.LINEAR: [2.0, 3.0],
    Kind.BEFORE: [2.0, 3.0],
    Kind.EXTRA1: [8.0, 3.0],
    Kind.EXTRA2: [2.0, 2.0],
    Kind.EXTRA3: [8.0, 2.0, 2.0, 2.0],
}
DASH_BELOW = 6000  # visible points; dashes on longer curves cost frames


def colour(kind: Kind) -> QColor:
    """The colour of this kind of curve in the present theme."""
    c = colours()
    if kind.value.startswith("extra"):
        return QColor(c.extra[int(kind.value[-1])])
    if kind is Kind.BEFORE:
        return QColor(c.disabled)
    return QColor(getattr(c, kind.value))


def pen(kind: Kind, *, width: float = 1.0, dashed: bool = True) -> QPen:
    """The pen of this kind of curve; cosmetic, width in px."""
    result = QPen(colour(kind))
    result.setCosmetic(True)
    result.setWidthF(width)
    result.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    if dashed and kind in _DASHES:
        result.setDashPattern([d / max(width, 1.0) for d in _DASHES[kind]])
    return result
