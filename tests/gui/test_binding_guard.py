"""The Qt binding keeps its references: one that loses them ends the program in live plots."""

from __future__ import annotations

import sys

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtGui import QPainter, QPixmap

pytestmark = pytest.mark.gui

REPAINTS = 500
SLACK = 50  # references to None come and go with caches; a leak loses hundreds per repaint


def none_change(work) -> int:
    """How the reference count of None changes over the repaints; immortal (3.12) gives 0."""
    work(0)  # what is made once
    before = sys.getrefcount(None)
    for k in range(1, REPAINTS):
        work(k)
    return sys.getrefcount(None) - before


def test_painting_loses_no_reference_to_none(qapp):
    pixmap = QPixmap(64, 64)

    def paint(k: int) -> None:
        painter = QPainter(pixmap)
        painter.drawLine(0, 0, k % 64, 63)
        painter.drawText(2, 20, "x")
        painter.end()

    assert none_change(paint) > -SLACK


def test_live_plots_lose_no_reference_to_none(qtbot):
    plot = pg.PlotWidget()
    qtbot.addWidget(plot)
    plot.resize(300, 200)
    plot.show()
    qtbot.waitExposed(plot)
    curve = plot.plot()
    x = np.linspace(0.0, 10.0, 200)

    def repaint(k: int) -> None:
        curve.setData(x, np.sin(x + 0.1 * k))
        plot.setXRange(0.01 * k, 10.0, padding=0)
        plot.grab()

    assert none_change(repaint) > -SLACK
