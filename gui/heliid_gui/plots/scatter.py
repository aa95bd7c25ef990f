"""Points in a plane: pole maps, error against size; told apart by symbol as well as by colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg

from heliid_gui.rooms import follow
from heliid_gui.theme import colours

NEVER = ((-2.0, -1.0),)  # sizes at which the ticks are shown in thousands or thousandths


@dataclass(frozen=True, eq=False)
class Points:
    """One cloud, or one line through points (n, 2). ``role``: a colour of the theme."""

    xy: np.ndarray
    role: str
    symbol: str = "o"
    size: int = 6
    label: str = ""
    is_line: bool = False


class ScatterPlot(pg.PlotWidget):
    """Clouds of points with axis titles, an optional upright line, and a legend."""

    def __init__(self, x_label: str, y_label: str, *, upright: float | None = None) -> None:
        super().__init__(enableMenu=False)  # fifty widgets that nobody asked for
        self.hideButtons()
        self._labels = (("bottom", x_label), ("left", y_label))
        self._upright = upright
        self._clouds: tuple[Points, ...] = ()
        self._legend = self.addLegend(offset=(-8, 8))
        follow(self, self.draw)
        self.draw()

    def show_points(self, clouds: Sequence[Points]) -> None:
        """Show these, the last on top."""
        self._clouds = tuple(clouds)
        self.draw()
        self.enableAutoRange()

    def draw(self) -> None:
        """Paint everything in the colours of the moment."""
        c = colours()
        self.clear()
        self._legend.clear()
        self._legend.setLabelTextColor(c.text)
        self.setBackground(c.surface)
        for side, text in self._labels:
            axis = self.getAxis(side)
            axis.setLabel(text, siPrefixEnableRanges=NEVER, color=c.muted)
            axis.setPen(c.border)
            axis.setTextPen(c.muted)
        self.showGrid(x=True, y=True, alpha=0.2)
        if self._upright is not None:
            pen = pg.mkPen(c.bad, width=1)
            self.addItem(pg.InfiniteLine(self._upright, 90, pen=pen), ignoreBounds=True)
        for cloud in self._clouds:
            good = np.all(np.isfinite(cloud.xy), axis=1)
            x, y = cloud.xy[good].T
            if not x.size:
                continue
            colour = getattr(c, cloud.role) if hasattr(c, cloud.role) else cloud.role
            if cloud.is_line:
                pen = pg.mkPen(colour, width=1.5)
                self.addItem(pg.PlotDataItem(x, y, pen=pen, name=cloud.label or None))
                continue
            item = pg.ScatterPlotItem(
                x, y, symbol=cloud.symbol, size=cloud.size, brush=pg.mkBrush(colour),
                pen=pg.mkPen(None), name=cloud.label or None,
            )  # fmt: skip
            self.addItem(item)
