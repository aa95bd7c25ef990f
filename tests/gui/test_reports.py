"""What goes wrong is in the log and before the user, with details that are worth sending."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from PySide6.QtCore import qInstallMessageHandler, qWarning
from PySide6.QtGui import QGuiApplication

from heliid import logs
from heliid_gui import reports

pytestmark = pytest.mark.gui
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def log(tmp_path):
    """A log of its own, Qt's messages in it."""
    logs.uninstall_logging()
    logs.install_logging(tmp_path / "log")
    before = qInstallMessageHandler(reports._from_qt)
    yield tmp_path / "log"
    qInstallMessageHandler(before)
    logs.uninstall_logging()


@pytest.fixture
def reporter(window, log):
    made = reports.Reporter(window)
    made.install()
    yield made
    made.give_back()


def test_what_qt_says_is_in_the_log(qapp, log):
    qWarning("the paint has run")
    assert "WARNING" in (log / logs.PROGRAM).read_text()
    assert "the paint has run" in (log / logs.PROGRAM).read_text()


def test_an_error_nobody_caught_is_logged_and_shown_and_can_be_copied(
    qtbot, window, reporter, log, capsys
):
    try:
        raise RuntimeError("the pump has stopped")
    except RuntimeError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    qtbot.waitUntil(lambda: window.problems.dialog is not None, timeout=3000)
    dialog = window.problems.dialog
    assert "the pump has stopped" in dialog.sentences[0]
    assert "Your work is still there" in dialog.sentences[0]
    dialog.copy()
    text = QGuiApplication.clipboard().text()
    for part in ("HeliID error report", "test_reports.py", "numpy ", "Last lines of the log"):
        assert part in text
    if len(str(Path.home())) > 3:
        assert str(Path.home()) not in text
    assert "uncaught: Traceback" in (log / logs.PROGRAM).read_text()
    assert "the pump has stopped" in capsys.readouterr().err
    dialog.close()


def test_an_error_in_a_thread_is_shown_in_the_window(qtbot, window, reporter, capsys):
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: window.problems.dialog is not None, timeout=3000)
    assert "ZeroDivisionError" in window.problems.dialog.sentences[0]
    window.problems.dialog.close()
    capsys.readouterr()


def test_too_little_memory_is_said_in_plain_words(qtbot, window, reporter, capsys):
    sys.excepthook(MemoryError, MemoryError(), None)
    qtbot.waitUntil(lambda: window.problems.dialog is not None, timeout=3000)
    assert "not enough memory" in window.problems.dialog.sentences[0]
    window.problems.dialog.close()
    capsys.readouterr()


def test_the_worker_of_the_window_logs_too(qtbot, log):
    from heliid_gui.jobs import Jobs

    jobs = Jobs(warm_up="")
    said = []
    jobs.submit("tests.gui.test_reports:fail", slot="x", on_error=lambda *one: said.append(one))
    qtbot.waitUntil(lambda: bool(said), timeout=30_000)
    jobs.close()
    assert "KeyError" in said[0][0]
    text = (log / logs.WORKERS).read_text()
    assert "test_reports:fail failed" in text
    assert "Traceback" in text


def fail(**_: object) -> None:
    raise KeyError("a worker's own fault")


OWNER = """
import sys, time
sys.path[:0] = [{root!r}, {root!r} + "/gui"]
from heliid_gui.jobs import Link
link = Link("tests.gui.test_reports:hold_everything")
print(link.process.pid, flush=True)
time.sleep(600)
"""


def hold_everything() -> None:
    """Busy in one call that never lets other threads run."""
    sum(range(10**12))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's promise on Linux")
def test_a_worker_that_hears_nothing_still_leaves_with_its_window():
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER.format(root=str(ROOT))],
        stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert owner.stdout is not None
    worker = int(owner.stdout.readline())
    time.sleep(1.0)  # it may be importing or busy by now: both must end
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    until = time.monotonic() + 5.0
    while _lives(worker) and time.monotonic() < until:
        time.sleep(0.02)
    is_there = _lives(worker)
    if is_there:
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
    assert not is_there


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
