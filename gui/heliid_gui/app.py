"""Starting the window: ``main(argv)``; nothing heavy is imported before the first paint."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from heliid_gui import startup


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="heliid", description="The window of HeliID; files named here are opened."
    )
    parser.add_argument("files", nargs="*", type=Path, help="records to open")
    parser.add_argument("--safe-mode", action="store_true", help="ignore remembered settings")
    parser.add_argument("--example", default="", help="open a bundled example, e.g. trex550")
    parser.add_argument("--theme", choices=("light", "dark"), default=None)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Open the window; the exit status, 3 without a display, 4 without system libraries."""
    options = _parse(list(sys.argv[1:] if argv is None else argv))
    status, sentence = startup.check()
    if status:
        sys.stderr.write(sentence + "\n")
        return status
    from PySide6.QtWidgets import QApplication

    app = QApplication.instance() or QApplication(["heliid"])
    from heliid_gui.reports import Reporter, start_log

    start_log()
    window = open_window(options)
    reporter = Reporter(window)
    reporter.install()
    window.show()
    status = int(app.exec())
    reporter.give_back()
    return status


def open_window(options: argparse.Namespace):
    """The window, themed and with its files on the way in; not yet shown."""
    from PySide6.QtCore import QByteArray, QCoreApplication
    from PySide6.QtWidgets import QApplication

    from heliid_gui.main_window import MainWindow
    from heliid_gui.settings import Settings
    from heliid_gui.theme import base_font, theme

    QCoreApplication.setOrganizationName("HeliID")
    QCoreApplication.setApplicationName("HeliID")
    settings = Settings(safe_mode=options.safe_mode)
    QApplication.setFont(base_font(9.5))
    theme().apply(options.theme or settings.text("theme", "light"))
    window = MainWindow(settings)
    window.makes_views_ahead = True
    geometry = settings.blob("geometry")
    if geometry:
        window.restoreGeometry(QByteArray(geometry))
    if options.example:
        window.open_example(options.example)
    if options.files:
        window.open_paths(list(options.files))
    return window
