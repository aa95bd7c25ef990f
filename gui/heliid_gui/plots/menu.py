"""Right click on a plot: fit, copy and save, at original samples."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QFileDialog, QMenu

from heliid_gui.theme import colours

if TYPE_CHECKING:
    from heliid_gui.plots.panel import PlotPanel


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
    """Write the plots as PNG or SVG, by the file's ending."""
    if path.suffix.lower() == ".svg":
        view = panel.canvas
        generator = QSvgGenerator()
        generator.setFileName(str(path))
        generator.setSize(QSize(view.width(), view.height()))
        generator.setViewBox(view.rect())
        painter = QPainter(generator)
        view.render(painter, QRectF(view.rect()), view.rect())
        painter.end()
    else:
        picture(panel).save(str(path))


def _ask_picture(panel: PlotPanel) -> None:
    dialog = QFileDialog(panel, panel.tr("Save picture"), "plot.png")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilters([panel.tr("PNG picture (*.png)"), panel.tr("SVG drawing (*.svg)")])
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
