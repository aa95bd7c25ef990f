"""Time histories and other curves as small SVG pictures, with numpy alone.

A picture stands by itself (colours are attributes, no style sheet is needed) and keeps to the
part of SVG that Qt draws too, so the same text serves the HTML report, the PDF and the clipboard.
A page may recolour it: every element carries a class.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

import numpy as np

from heliid.export.axes import (
    N_BINS,
    Axis,
    decimate,
    finite_values,
    opened,
    runs_of,
    spans_of,
    tick_text,
)

__all__ = ["LOOKS", "Band", "Curve", "Look", "Panel", "decimate", "panel_svg", "spans_of"]

FONT = "Helvetica, Arial, sans-serif"
_UNITS = 10  # curve coordinates are whole tenths of a pixel


@dataclass(frozen=True, slots=True)
class Look:
    """How one kind of curve is drawn; told apart by dashes and width as well as by colour."""

    colour: str
    width: float = 1.4
    dashes: str = ""
    marker: bool = False


LOOKS: dict[str, Look] = {
    "measured": Look("#1f2937", 1.2),
    "model": Look("#0b6bcb", 1.8),
    "linear": Look("#c2410c", 1.3, "6 3"),
    "residual": Look("#7c3aed", 1.0),
    "bound": Look("#6b7280", 0.9, "2 3"),
    "best": Look("#0b6bcb", 2.0),
    "other": Look("#0f766e", 1.4, "8 3 2 3"),
    "third": Look("#a16207", 1.4, "3 2"),
    "candidate": Look("#9ca3af", 2.0, marker=True),
    "inside": Look("#15803d", 1.0),
    "outside": Look("#b91c1c", 1.0, "4 2"),
    "pole": Look("#0b6bcb", 3.2, marker=True),
}


@dataclass(frozen=True, eq=False, slots=True)
class Curve:
    """One line (or cloud of points) over x (N,); NaN in y (N,) breaks the line."""

    x: np.ndarray
    y: np.ndarray
    kind: str = "model"  # a name in LOOKS
    label: str = ""
    is_step: bool = False  # hold each value until the next


@dataclass(frozen=True, eq=False, slots=True)
class Band:
    """The area between two lines over x (N,)."""

    x: np.ndarray
    low: np.ndarray
    high: np.ndarray
    kind: str = "model"  # whose colour it takes


@dataclass(frozen=True, eq=False, slots=True)
class Panel:
    """One set of axes. ``spans`` are shaded stretches of x; ``levels`` horizontal marks."""

    title: str
    x_label: str
    y_label: str
    curves: tuple[Curve, ...]
    bands: tuple[Band, ...] = ()
    spans: tuple[tuple[float, float], ...] = ()
    span_label: str = ""
    levels: tuple[tuple[float, str], ...] = ()
    log_x: bool = False
    log_y: bool = False
    height: int = 190
    limit_to: str = ""  # y limits follow the curves of this kind (others up to 1.5 times beyond)
    x_range: tuple[float, float] | None = None


@dataclass(slots=True)
class _Canvas:
    """The text of one picture under construction."""

    parts: list[str] = field(default_factory=list)

    def line(self, x0: float, y0: float, x1: float, y1: float, css: str, colour: str) -> None:
        self.parts.append(
            f'<line class="{css}" x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" '
            f'stroke="{colour}" stroke-width="1"/>'
        )

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        anchor: str = "start",
        size: int = 11,
        is_bold: bool = False,
        turn: bool = False,
    ) -> None:
        weight = ' font-weight="600"' if is_bold else ""
        rotate = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turn else ""
        self.parts.append(
            f'<text class="ink" x="{x:.1f}" y="{y:.1f}" font-family="{FONT}" font-size="{size}"'
            f' text-anchor="{anchor}" fill="#374151"{weight}{rotate}>{escape(text)}</text>'
        )

    def add(self, markup: str) -> None:
        self.parts.append(markup)


def panel_svg(panel: Panel, width: int = 860, n_bins: int = N_BINS) -> str:
    """The picture as one ``<svg>`` element, ``width`` by ``panel.height`` pixels."""
    left, right, top, bottom = 64, 14, 26, 34 if panel.x_label else 20
    x_axis = Axis(*_x_limits(panel), left, width - right, panel.log_x)
    y_axis = Axis(*_y_limits(panel), panel.height - bottom, top, panel.log_y)
    canvas = _Canvas()
    canvas.add(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {panel.height}" '
        f'width="{width}" height="{panel.height}" role="img">'
        f"<title>{escape(panel.title)}</title>"
    )
    canvas.add(f'<rect class="paper" width="{width}" height="{panel.height}" fill="#ffffff"/>')
    _draw_spans(canvas, panel, x_axis, y_axis)
    _draw_grid(canvas, panel, x_axis, y_axis)
    for band in panel.bands:
        _draw_band(canvas, band, x_axis, y_axis, n_bins)
    _draw_levels(canvas, panel, x_axis, y_axis)
    for curve in panel.curves:
        _draw_curve(canvas, curve, x_axis, y_axis, n_bins)
    _draw_frame(canvas, panel, x_axis, y_axis)
    _draw_legend(canvas, panel, x_axis)
    canvas.add("</svg>")
    return "".join(canvas.parts)


def _x_limits(panel: Panel) -> tuple[float, float]:
    if panel.x_range is not None:
        return panel.x_range
    parts = [curve.x for curve in panel.curves] + [band.x for band in panel.bands]
    is_cloud = any(LOOKS[curve.kind].marker for curve in panel.curves)
    margin = 0.03 if is_cloud else 0.0
    return opened(finite_values(parts, above_zero=panel.log_x), margin, is_log=panel.log_x)


def _y_limits(panel: Panel) -> tuple[float, float]:
    parts = [curve.y for curve in panel.curves]
    parts += [edge for band in panel.bands for edge in (band.low, band.high)]
    levels = np.array([value for value, _ in panel.levels])
    everything = finite_values([*parts, levels], above_zero=panel.log_y)
    guide = finite_values(
        [curve.y for curve in panel.curves if curve.kind == panel.limit_to],
        above_zero=panel.log_y,
    )
    if guide.size and everything.size:
        middle, reach = 0.5 * (guide.max() + guide.min()), 0.75 * max(np.ptp(guide), 1e-12)
        everything = np.clip(everything, middle - 1.5 * reach, middle + 1.5 * reach)
        everything = np.concatenate([everything, guide])
    return opened(everything, 0.05, is_log=panel.log_y)


def _draw_spans(canvas: _Canvas, panel: Panel, x_axis: Axis, y_axis: Axis) -> None:
    for start, end in panel.spans:
        a, b = x_axis.pixels(np.array([start, end]))
        canvas.add(
            f'<rect class="span" x="{a:.1f}" y="{y_axis.end:.1f}" width="{max(b - a, 1.0):.1f}" '
            f'height="{y_axis.start - y_axis.end:.1f}" fill="#fde68a" fill-opacity="0.55"/>'
        )


def _draw_grid(canvas: _Canvas, panel: Panel, x_axis: Axis, y_axis: Axis) -> None:
    ticks = x_axis.ticks(9)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 0.0
    for value, px in zip(ticks, x_axis.pixels(np.array(ticks)), strict=True):
        canvas.line(px, y_axis.start, px, y_axis.end, "grid", "#e5e7eb")
        label = f"{value:g}" if panel.log_x else tick_text(value, step)
        canvas.text(px, y_axis.start + 14, label, anchor="middle", size=10)
    ticks = y_axis.ticks(max(3, round((y_axis.start - y_axis.end) / 28)))
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 0.0
    for value, px in zip(ticks, y_axis.pixels(np.array(ticks)), strict=True):
        canvas.line(x_axis.start, px, x_axis.end, px, "grid", "#e5e7eb")
        label = f"{value:g}" if panel.log_y else tick_text(value, step)
        canvas.text(x_axis.start - 5, px + 3.5, label, anchor="end", size=10)


def _draw_levels(canvas: _Canvas, panel: Panel, x_axis: Axis, y_axis: Axis) -> None:
    for value, label in panel.levels:
        px = float(y_axis.pixels(np.array(value)))
        canvas.add(
            f'<line class="level" x1="{x_axis.start}" y1="{px:.1f}" x2="{x_axis.end}" '
            f'y2="{px:.1f}" stroke="#6b7280" stroke-width="1" stroke-dasharray="2 3"/>'
        )
        if label:
            canvas.text(x_axis.end - 3, px - 3, label, anchor="end", size=10)


def _draw_band(canvas: _Canvas, band: Band, x_axis: Axis, y_axis: Axis, n_bins: int) -> None:
    top = decimate(band.x, band.high, n_bins)
    under = decimate(band.x, band.low, n_bins)[::-1]
    x = np.concatenate([band.x[top], band.x[under]])
    y = np.concatenate([band.high[top], band.low[under]])
    good = np.isfinite(x) & np.isfinite(y)
    path = _path(x_axis.pixels(x[good]), y_axis.pixels(y[good]))
    canvas.add(
        f'<g transform="scale({1 / _UNITS})"><path class="band" d="{path}z" '
        f'fill="{LOOKS[band.kind].colour}" '
        f'fill-opacity="0.16" stroke="none"/></g>'
    )


def _draw_curve(canvas: _Canvas, curve: Curve, x_axis: Axis, y_axis: Axis, n_bins: int) -> None:
    look = LOOKS[curve.kind]
    x, y = np.asarray(curve.x, dtype=float), np.asarray(curve.y, dtype=float)
    if curve.is_step:
        x, y = np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]
    if look.marker:
        good = np.isfinite(x) & np.isfinite(y)
        _draw_points(canvas, curve.kind, look, x_axis.pixels(x[good]), y_axis.pixels(y[good]))
        return
    keep = decimate(x, y, n_bins)
    px, py = x_axis.pixels(x[keep]), y_axis.pixels(y[keep])
    path = "".join(_path(px[part], py[part]) for part in runs_of(np.isfinite(px) & np.isfinite(py)))
    dashes = f' stroke-dasharray="{_scaled(look.dashes)}"' if look.dashes else ""
    canvas.add(
        f'<g transform="scale({1 / _UNITS})"><path class="curve {curve.kind}" d="{path}" '
        f'fill="none" stroke="{look.colour}" stroke-width="{look.width * _UNITS:g}" '
        f'stroke-linejoin="round"{dashes}/></g>'
    )


def _draw_points(canvas: _Canvas, kind: str, look: Look, px: np.ndarray, py: np.ndarray) -> None:
    for x, y in zip(px, py, strict=True):
        canvas.add(
            f'<circle class="dot {kind}" cx="{x:.1f}" cy="{y:.1f}" r="{look.width:g}" '
            f'fill="{look.colour}"/>'
        )


def _path(px: np.ndarray, py: np.ndarray) -> str:
    """A path through the points, in whole tenths of a pixel, relative after the first."""
    if not px.size:
        return ""
    x, y = np.rint(px * _UNITS).astype(int), np.rint(py * _UNITS).astype(int)
    if x.size == 1:
        return f"M{x[0]} {y[0]}l1 0"
    steps = [f"{dx} {dy}" for dx, dy in zip(np.diff(x), np.diff(y), strict=True)]
    return f"M{x[0]} {y[0]}l" + " ".join(steps).replace(" -", "-")


def _scaled(dashes: str) -> str:
    return " ".join(f"{float(part) * _UNITS:g}" for part in dashes.split())


def _draw_frame(canvas: _Canvas, panel: Panel, x_axis: Axis, y_axis: Axis) -> None:
    canvas.add(
        f'<rect class="frame" x="{x_axis.start}" y="{y_axis.end}" '
        f'width="{x_axis.end - x_axis.start}" height="{y_axis.start - y_axis.end}" fill="none" '
        f'stroke="#9ca3af"/>'
    )
    canvas.text(x_axis.start, 16, panel.title, size=12, is_bold=True)
    if panel.x_label:
        middle = 0.5 * (x_axis.start + x_axis.end)
        canvas.text(middle, panel.height - 5, panel.x_label, anchor="middle")
    canvas.text(13, 0.5 * (y_axis.start + y_axis.end), panel.y_label, anchor="middle", turn=True)


def _draw_legend(canvas: _Canvas, panel: Panel, x_axis: Axis) -> None:
    entries = [(curve.label, curve.kind) for curve in panel.curves if curve.label]
    x = x_axis.end
    if panel.span_label and panel.spans:
        x -= 6.2 * len(panel.span_label)
        canvas.text(x, 16, panel.span_label, size=10)
        x -= 18
        canvas.add(f'<rect class="span" x="{x:.1f}" y="8" width="14" height="9" fill="#fde68a"/>')
        x -= 12
    for label, kind in reversed(entries):
        look = LOOKS[kind]
        x -= 6.0 * len(label)
        canvas.text(x, 16, label, size=10)
        if look.marker:
            x -= 10
            canvas.add(
                f'<circle class="dot {kind}" cx="{x:.1f}" cy="12" r="{look.width:g}" '
                f'fill="{look.colour}"/>'
            )
            x -= 14
            continue
        x -= 28
        dashes = f' stroke-dasharray="{look.dashes}"' if look.dashes else ""
        canvas.add(
            f'<line class="key {kind}" x1="{x:.1f}" y1="12" x2="{x + 23:.1f}" y2="12" '
            f'stroke="{look.colour}" stroke-width="{look.width}"{dashes}/>'
        )
        x -= 12
