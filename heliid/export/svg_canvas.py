"""The SVG that ``panel_svg`` writes, drawn on a ReportLab canvas.

Only the part of SVG that ``heliid.export.svg`` uses: rect, line, circle, text, g with a scale, and
paths of M, l and z. Anything else is refused: a picture is drawn whole or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

from reportlab.lib.colors import HexColor

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_PIECE = re.compile(r"([Mlz])([^Mlz]*)")
_SPACE = "{http://www.w3.org/2000/svg}"


def svg_size(svg: str) -> tuple[float, float]:
    """Width and height of the picture, pixels."""
    root = ElementTree.fromstring(svg)
    return float(root.get("width", "0")), float(root.get("height", "0"))


def draw_svg(canvas: Any, svg: str, fonts: tuple[str, str], writable: Callable[[str], str]) -> None:
    """Draw the picture on ``canvas``, whose y axis must already point down.

    ``fonts``: names of the plain and the bold font; ``writable``: makes a text printable in them.
    """
    _children(canvas, ElementTree.fromstring(svg), fonts, writable)


def _children(
    canvas: Any, parent: ElementTree.Element, fonts: tuple[str, str],
    writable: Callable[[str], str],
) -> None:  # fmt: skip
    for one in parent:
        name = one.tag.removeprefix(_SPACE)
        if name == "title":
            continue
        canvas.saveState()
        if name == "g":
            scale = float(_NUMBER.findall(one.get("transform", "scale(1)"))[0])
            canvas.scale(scale, scale)
            _children(canvas, one, fonts, writable)
        elif name == "text":
            _text(canvas, one, fonts, writable)
        else:
            _shape(canvas, one, name)
        canvas.restoreState()


def _shape(canvas: Any, one: ElementTree.Element, name: str) -> None:
    fill, stroke = _paint(canvas, one)
    at = {key: float(value) for key, value in one.attrib.items() if _is_number(value)}
    if name == "rect":
        canvas.rect(at.get("x", 0.0), at.get("y", 0.0), at["width"], at["height"], stroke, fill)
    elif name == "line":
        canvas.line(at["x1"], at["y1"], at["x2"], at["y2"])
    elif name == "circle":
        canvas.circle(at["cx"], at["cy"], at["r"], stroke, fill)
    elif name == "path":
        canvas.drawPath(_path(canvas, one.get("d", "")), stroke, fill)
    else:
        raise ValueError(f"the picture has a <{name}>, which cannot be printed")


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def _paint(canvas: Any, one: ElementTree.Element) -> tuple[int, int]:
    """Set colours, width and dashes; whether to fill and to stroke."""
    fill, stroke = one.get("fill", "none"), one.get("stroke", "none")
    if fill != "none":
        canvas.setFillColor(HexColor(fill), alpha=float(one.get("fill-opacity", "1")))
    if stroke != "none":
        canvas.setStrokeColor(HexColor(stroke))
        canvas.setLineWidth(float(one.get("stroke-width", "1")))
        canvas.setLineJoin(1)
        dashes = [float(part) for part in one.get("stroke-dasharray", "").split()]
        canvas.setDash(dashes or [])
    return int(fill != "none"), int(stroke != "none")


def _path(canvas: Any, data: str) -> Any:
    path = canvas.beginPath()
    x = y = 0.0
    for kind, numbers in _PIECE.findall(data):
        values = [float(number) for number in _NUMBER.findall(numbers)]
        pairs = list(zip(values[::2], values[1::2], strict=True))
        if kind == "M":
            (x, y), *_ = pairs
            path.moveTo(x, y)
        elif kind == "l":
            for dx, dy in pairs:
                x, y = x + dx, y + dy
                path.lineTo(x, y)
        else:
            path.close()
    return path


def _text(
    canvas: Any, one: ElementTree.Element, fonts: tuple[str, str], writable: Callable[[str], str]
) -> None:
    x, y = float(one.get("x", "0")), float(one.get("y", "0"))
    canvas.setFillColor(HexColor(one.get("fill", "#000000")))
    canvas.setFont(fonts[one.get("font-weight") == "600"], float(one.get("font-size", "11")))
    canvas.translate(x, y)
    if one.get("transform"):
        canvas.rotate(-90)
    canvas.scale(1, -1)
    draw = {"middle": canvas.drawCentredString, "end": canvas.drawRightString}
    draw.get(one.get("text-anchor", "start"), canvas.drawString)(0, 0, writable(one.text or ""))
