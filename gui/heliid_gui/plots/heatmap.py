"""A map of whole numbers against whole numbers: cost, population, and the way of the best."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor

from heliid_gui.presenters.orders import OrderMap
from heliid_gui.rooms import follow
from heliid_gui.theme import colours


class HeatMap(pg.PlotWidget):
    """Best cost per cell: the darker (in light) or brighter (in dark), the better."""

    def __init__(self) -> None:
        super().__init__(enableMenu=False)
        self.setFrameShape(self.Shape.NoFrame)
        self.hideButtons()
        self.setMouseEnabled(x=False, y=False)
        for side in ("left", "bottom"):
            self.getAxis(side).enableAutoSIPrefix(False)
            self.getAxis(side).setStyle(maxTickLevel=0)
        self._image = pg.ImageItem(axisOrder="row-major")
        self.addItem(self._image)
        self._path = pg.PlotCurveItem(skipFiniteCheck=True)
        self._members = pg.ScatterPlotItem(size=9, brush=None, pxMode=True)
        self._best = pg.ScatterPlotItem(size=13, symbol="star", pxMode=True)
        for item in (self._path, self._members, self._best):
            self.addItem(item)
        self._map: OrderMap | None = None
        follow(self, self._restyle)
        self._restyle()

    def show_map(self, order_map: OrderMap) -> None:
        """Show this."""
        self._map = order_map
        ny, nx = order_map.cost.shape
        self._image.setImage(_picture(order_map), autoLevels=False)
        self._image.setRect(order_map.x_low - 0.5, order_map.y_low - 0.5, nx, ny)
        rng = np.random.default_rng(0)  # spread members of one cell a little, always the same way
        spread = rng.uniform(-0.22, 0.22, order_map.members.shape)
        self._members.setData(pos=order_map.members + spread)
        self._path.setData(order_map.path[:, 0], order_map.path[:, 1])
        self._best.setData(pos=order_map.path[-1:])
        self.setAccessibleName(_words(order_map))
        self.setLabel("bottom", order_map.x_name)
        self.setLabel("left", order_map.y_name)
        for side, low, count in (("bottom", order_map.x_low, nx), ("left", order_map.y_low, ny)):
            step = max(1, count // 6)
            ticks = [(v, str(v)) for v in range(low, low + count, step)]
            self.getAxis(side).setTicks([ticks])
        self.setXRange(order_map.x_low - 0.5, order_map.x_low + nx - 0.5, padding=0)
        self.setYRange(order_map.y_low - 0.5, order_map.y_low + ny - 0.5, padding=0)

    def _restyle(self) -> None:
        c = colours()
        self.setBackground(c.surface)
        for side in ("left", "bottom"):
            axis = self.getAxis(side)
            axis.setPen(pg.mkPen(c.border))
            axis.setTextPen(pg.mkPen(c.muted))
        self._members.setPen(pg.mkPen(c.text, width=1.2))
        self._path.setPen(pg.mkPen(c.linear, width=1))
        self._best.setPen(pg.mkPen(c.surface, width=1))
        self._best.setBrush(pg.mkBrush(c.linear))
        if self._map is not None:
            self.show_map(self._map)


def _picture(order_map: OrderMap) -> np.ndarray:
    """RGBA of the map; untried cells are faint, tried ones from pale to full accent."""
    c = colours()
    cost = order_map.cost
    tried = np.isfinite(cost)
    picture = np.zeros((*cost.shape, 4), dtype=np.uint8)
    base, full = QColor(c.sunken), QColor(c.accent)
    picture[...] = (base.red(), base.green(), base.blue(), 255)
    if tried.any():
        # ranks, not values: one diverged order must not wash out the rest
        levels = order_map.levels
        rank = np.searchsorted(levels, cost[tried]) / max(levels.size - 1, 1)
        rank = np.clip(rank, 0.0, 1.0)
        weight = 0.15 + 0.85 * (1.0 - rank)
        soft = np.array([base.red(), base.green(), base.blue()])
        strong = np.array([full.red(), full.green(), full.blue()])
        picture[tried, :3] = (soft + weight[:, None] * (strong - soft)).astype(np.uint8)
    return picture


def _words(order_map: OrderMap) -> str:
    """The map for those who cannot see it."""
    tried = int((order_map.tried > 0).sum())
    best = order_map.path[-1] if order_map.path.size else None
    where = f"; best at {best[0]:.0f}, {best[1]:.0f}" if best is not None else ""
    return (
        f"{order_map.title} {order_map.y_name} against {order_map.x_name}: "
        f"{tried} of {order_map.tried.size} cells tried{where}"
    ).strip()
