"""Starting the window: ``main(argv)``; nothing heavy is imported before the first paint."""

from __future__ import annotations

import argparse
import faulthandler
import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from heliid_gui import startup

LOG = logging.getLogger("heliid_gui")


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
    window = open_window(options)
    sys.excepthook = _hook(window)
    window.show()
    return int(app.exec())


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
    _start_log()
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


def _start_log() -> None:
    """A small rotating log and the fault handler, where a folder for them can be written."""
    from PySide6.QtCore import QStandardPaths

    place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppLocalDataLocation)
    try:
        folder = Path(place)
        folder.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(
            folder / "window.log", maxBytes=500_000, backupCount=2, delay=True, encoding="utf-8"
        )
    except OSError:
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    if not any(isinstance(h, RotatingFileHandler) for h in LOG.handlers):
        LOG.addHandler(handler)
    if not faulthandler.is_enabled() and sys.stderr is not None:
        faulthandler.enable()


def _hook(window):
    """An error nobody caught: written to the log, said in the window, the work goes on."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        import traceback

        details = "".join(traceback.format_exception(kind, error, trace))
        LOG.error("uncaught: %s", details)
        sys.__excepthook__(kind, error, trace)
        if not issubclass(kind, KeyboardInterrupt):
            window.problems.show(
                window.tr("Something unexpected happened"),
                window.tr("%s: %s. Your work is still there; saving it now is a good idea.")
                % (kind.__name__, error),
                details,
            )

    return hook
