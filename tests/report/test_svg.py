"""Pictures: nothing a reader would miss is lost, and Qt draws what a browser draws."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliid.export.axes import decimate, nice_ticks, spans_of
from heliid.export.svg import Band, Curve, Panel, panel_svg


@given(n=st.integers(1, 5000), bins=st.integers(2, 400), seed=st.integers(0, 2**31))
def test_decimation_keeps_ends_and_peaks(n, bins, seed):
    y = np.random.default_rng(seed).standard_normal(n)
    keep = decimate(np.arange(n, dtype=float), y, bins)
    assert keep[0] == 0
    assert keep[-1] == n - 1
    assert np.all(np.diff(keep) > 0)
    assert y[keep].max() == y.max()
    assert y[keep].min() == y.min()
    assert keep.size <= 2 * bins + 2


def test_decimation_keeps_a_spike_in_the_last_samples():
    y = np.zeros(20_011)
    y[-2] = 1.0
    assert 20_009 in decimate(np.arange(20_011.0), y)


def test_decimation_keeps_gaps():
    y = np.sin(np.arange(10_000) / 100.0)
    y[5000:5100] = np.nan
    assert np.isnan(y[decimate(np.arange(10_000.0), y)]).any()


@given(low=st.floats(-1e6, 1e6), span=st.floats(1e-6, 1e6), n=st.integers(2, 12))
def test_ticks_are_few_and_inside(low, span, n):
    ticks = nice_ticks(low, low + span, n)
    assert len(ticks) <= n + 1
    slack = 1e-6 * (span + abs(low))
    assert all(low - slack <= tick <= low + span + slack for tick in ticks)


def test_spans_cover_flagged_samples_only():
    time = np.arange(10) * 0.1
    flags = np.zeros(10, dtype=bool)
    flags[[0, 1, 5, 9]] = True
    spans = spans_of(time, flags)
    assert np.allclose(spans, [(-0.05, 0.15), (0.45, 0.55), (0.85, 0.95)])
    assert spans_of(time, ~flags & flags) == ()


def example(n: int = 4000) -> Panel:
    x = np.linspace(0.0, 40.0, n)
    return Panel(
        title="q <pitch> & more",
        x_label="time [s]",
        y_label="q [deg/s]",
        curves=(
            Curve(x, np.sin(x), "measured", "measured"),
            Curve(x, 0.9 * np.sin(x), "model", "model"),
            Curve(x, np.where(x > 30, np.nan, np.cos(x)), "linear", "linear"),
        ),
        bands=(Band(x, np.sin(x) - 0.1, np.sin(x) + 0.1),),
        spans=((5.0, 8.0),),
        span_label="outside envelope",
        levels=((0.5, "limit"),),
        limit_to="measured",
    )


def test_picture_is_well_formed_small_and_alone():
    text = panel_svg(example())
    root = ET.fromstring(text)
    assert root.tag.endswith("svg")
    assert len(text) < 40_000
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_a_diverged_curve_does_not_flatten_the_measured_one():
    x = np.linspace(0, 1, 100)
    curves = (Curve(x, np.sin(9 * x), "measured"), Curve(x, 1e9 * x, "model"))
    tall = Panel("t", "x", "y", curves, limit_to="measured")
    path = [e for e in ET.fromstring(panel_svg(tall)).iter() if "measured" in e.get("class", "")]
    steps = path[0].get("d")
    y = np.cumsum([float(p.split()[-1].replace("l", "")) for p in _pairs(steps)])
    assert np.ptp(y) > 300  # of about 1300 tenths of a pixel


def _pairs(d: str) -> list[str]:
    body = d[d.index("l") + 1 :].replace("-", " -").split()
    return [f"{a} {b}" for a, b in zip(body[::2], body[1::2], strict=True)]


@pytest.mark.parametrize("values", [[], [3.0], [3.0, 3.0], [np.nan, np.nan], [0.0, 0.0]])
def test_poor_data_still_make_a_picture(values):
    y = np.array(values, dtype=float)
    for log in (False, True):
        panel = Panel("poor", "x", "y", (Curve(np.arange(y.size) * 1.0, y),), log_x=log, log_y=log)
        ET.fromstring(panel_svg(panel))


def test_same_data_same_bytes():
    assert panel_svg(example()) == panel_svg(example())


@pytest.mark.gui
def test_qt_draws_the_picture(qapp):
    from PySide6.QtCore import QByteArray
    from PySide6.QtGui import QColor, QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    renderer = QSvgRenderer(QByteArray(panel_svg(example()).encode()))
    assert renderer.isValid()
    image = QImage(860, 190, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    blue = sum(
        image.pixelColor(x, y).blue() > image.pixelColor(x, y).red() + 60
        for x in range(66, 840, 7)
        for y in range(27, 155)
    )
    assert blue > 60  # the model's curve is there
