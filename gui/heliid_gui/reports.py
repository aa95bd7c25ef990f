"""What nobody caught, and what Qt says: into the log, and before the user with details to copy."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from types import TracebackType
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, QtMsgType, Signal, qInstallMessageHandler

from heliid import logs

if TYPE_CHECKING:
    from heliid_gui.main_window import MainWindow

LOG = logging.getLogger("heliid_gui")
LOG.addHandler(logging.NullHandler())
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


def start_log() -> None:
    """Log to the user's folder from now on, Qt's own messages included; never raises."""
    logs.install_logging()
    qInstallMessageHandler(_from_qt)


def _from_qt(kind: QtMsgType, context: Any, text: str) -> None:
    where = f" ({context.category})" if context is not None and context.category else ""
    logging.getLogger("heliid_gui.qt").log(_LEVELS.get(kind, logging.WARNING), "%s%s", text, where)
    if kind == QtMsgType.QtFatalMsg and sys.stderr is not None:
        sys.stderr.write(text + "\n")  # the program ends behind this line


class Reporter(QObject):
    """Hears of errors nobody caught, in any thread, and shows them in the window's own."""

    heard = Signal(str, str)  # sentence, details

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.heard.connect(self._show, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        """From now on Python brings its uncaught errors here."""
        sys.excepthook = self.take
        threading.excepthook = self._take_from_thread
        sys.unraisablehook = self._take_unraisable

    def give_back(self) -> None:
        """Python's own ways again."""
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__
        sys.unraisablehook = sys.__unraisablehook__

    def take(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """Log it, print it, say it; the work goes on."""
        details = "".join(traceback.format_exception(kind, error, trace))
        LOG.error("uncaught: %s", details)
        if sys.stderr is not None:
            sys.stderr.write(details)
        if not issubclass(kind, KeyboardInterrupt):
            self.heard.emit(_sentence(kind, error), details)

    def _take_from_thread(self, args: Any) -> None:
        if args.exc_type is not SystemExit:
            self.take(args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback)

    def _take_unraisable(self, args: Any) -> None:
        """An error while something was being thrown away: worth a line, not a dialog."""
        LOG.error(
            "%s: %r", args.err_msg or "ignored in a destructor", args.object,
            exc_info=(args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback),
        )  # fmt: skip

    def _show(self, sentence: str, details: str) -> None:
        window = self._window
        window.problems.show(window.tr("Something unexpected happened"), sentence, details)


def _sentence(kind: type[BaseException], error: BaseException) -> str:
    if issubclass(kind, MemoryError):
        return (
            "There was not enough memory for this. Your work is still there: save it, then close "
            "other programs or use shorter records."
        )
    return f"{kind.__name__}: {error}. Your work is still there; saving it now is a good idea."
