"""Right click on a plot: fit, copy and save, at original samples."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMarginsF, QPoint, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPageSize, QPainter, QPdfWriter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QFileDialog, QMenu

from heliid_gui.theme import colours

if TYPE_CHECKING:
    from heliid_gui.plots.panel import PlotPanel

PDF_DPI = 600  # the grid that coordinates in a PDF are rounded to
SCREEN_DPI = 96.0
ALL_SAMPLES = 10**7  # pixels: so wide that no sample is left out


def show_menu(panel: PlotPanel, where: QPoint) -> None:
    """Pop the panel's menu up at the screen position ``where``."""
    menu = QMenu(panel)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.addAction(panel.tr("Fit all\tA"), panel.fit_all)
    menu.addAction(panel.tr("Previous zoom\tAlt+Left"), panel.zoom_back)
    menu.addAction(panel.tr("Next zoom\tAlt+Right"), panel.zoom_forward)
    menu.addSeparator()
    menu.addAction(panel.tr("Copy picture"), lambda: copy_picture(panel))
    menu.addAction(panel.tr("Copy visible data"), lambda: copy_data(panel))
    menu.addSeparator()
    menu.addAction(panel.tr("Save picture…"), lambda: _ask_picture(panel))
    menu.addAction(panel.tr("Save visible data…"), lambda: _ask_data(panel))
    menu.popup(where)


def picture(panel: PlotPanel, scale: float = 2.0) -> QImage:
    """The plots as an image, ``scale`` times the size on screen."""
    view = panel.canvas
    image = QImage(view.size() * scale, QImage.Format.Format_ARGB32)
    image.fill(colours().surface)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    view.render(painter, QRectF(image.rect()), view.rect())
    painter.end()
    return image


def copy_picture(panel: PlotPanel) -> None:
    """Put the plots on the clipboard as an image."""
    QGuiApplication.clipboard().setImage(picture(panel))


def data_text(panel: PlotPanel, delimiter: str) -> str:
    """The visible data at original samples; each curve brings its own time column."""
    titles, columns = panel.table()
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(titles)
    for index in range(max((c.size for c in columns), default=0)):
        writer.writerow([repr(float(c[index])) if index < c.size else "" for c in columns])
    return out.getvalue()


def copy_data(panel: PlotPanel) -> None:
    """Put the visible data on the clipboard, tab separated."""
    QGuiApplication.clipboard().setText(data_text(panel, "\t"))


def save_picture(panel: PlotPanel, path: Path) -> None:
    """Write the plots as PNG, SVG or PDF, by the file's ending; the last two as vectors."""
    view = panel.canvas
    if path.suffix.lower() == ".svg":
        generator = QSvgGenerator()
        generator.setFileName(str(path))
        generator.setSize(QSize(view.width(), view.height()))
        generator.setViewBox(view.rect())
        painter = QPainter(generator)
        _render_whole(panel, painter, QRectF(view.rect()))
    elif path.suffix.lower() == ".pdf":
        writer = QPdfWriter(str(path))
        writer.setCreator("HeliID")
        writer.setResolution(PDF_DPI)
        size = QSizeF(view.width(), view.height()) * (72.0 / SCREEN_DPI)
        writer.setPageSize(QPageSize(size, QPageSize.Unit.Point))
        writer.setPageMargins(QMarginsF(0, 0, 0, 0))
        painter = QPainter(writer)
        _render_whole(panel, painter, QRectF(0, 0, writer.width(), writer.height()))
    else:
        picture(panel).save(str(path))


def _render_whole(panel: PlotPanel, painter: QPainter, target: QRectF) -> None:
    """Paint the plots with every sample in view, then put the screen's selection back."""
    view = panel.canvas
    start, end = panel.time_range()
    for one in panel.row_plots:
        one.draw(start, end, ALL_SAMPLES, is_live=False)
    view.render(painter, target, view.rect())
    painter.end()
    for one in panel.row_plots:
        one.draw(start, end, max(view.width(), 50), is_live=panel.live)


def _ask_picture(panel: PlotPanel) -> None:
    dialog = QFileDialog(panel, panel.tr("Save picture"), "plot")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilters(
        [
            panel.tr("PNG picture (*.png)"),
            panel.tr("PDF document, vectors (*.pdf)"),
            panel.tr("SVG drawing (*.svg)"),
        ]
    )
    suffixes = ("png", "pdf", "svg")
    dialog.setDefaultSuffix(suffixes[0])
    dialog.filterSelected.connect(
        lambda name: dialog.setDefaultSuffix(next(s for s in suffixes if f"*.{s}" in name))
    )
    dialog.fileSelected.connect(lambda name: save_picture(panel, Path(name)))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()


def _ask_data(panel: PlotPanel) -> None:
    dialog = QFileDialog(panel, panel.tr("Save visible data"), "plot.csv")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilters([panel.tr("CSV table (*.csv)")])
    dialog.fileSelected.connect(
        lambda name: Path(name).write_text(data_text(panel, ","), encoding="utf-8")
    )
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
