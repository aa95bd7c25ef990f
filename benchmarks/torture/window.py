"""Rows 8, 16 and 17: the window under a monkey, under SIGKILL, and for a long time.

Each trial runs the window, offscreen, in a program of its own:
``python -m benchmarks.torture.window monkey|soak|search SECONDS SEED [MOST]``. A monkey is replayed
by its seed; MOST is the number of its actions, or of searches, that are enough. The program prints
one JSON line when it ends.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.torture.files import ROOT, SEED
from benchmarks.torture.searches import children, gone

STALL_S = 0.25  # of CPU time in the window's thread, so that a busy machine is no fault
# what Qt says of its own accord on a screen that is none
HARMLESS = ("propagateSizeHints", "does not support raise", "does not support grabbing",
            "XDG_RUNTIME_DIR", "QFont::setPointSizeF")  # fmt: skip


def monkey(release: bool) -> str:
    """Row 16: random clicks, keys and wheels over every view; nothing may go wrong."""
    plan = [(30 * 60, SEED + k) for k in range(8)] if release else [(180, SEED)]
    actions = 0
    worst = 0.0
    for seconds, seed in plan:
        said = _run("monkey", seconds, seed)
        assert not said["exceptions"], f"seed {seed}: {said['exceptions'][0]}"
        assert not said["warnings"], f"seed {seed}: Qt: {said['warnings'][0]}"
        assert said["project"] == "opens", f"seed {seed}: {said['project']}"
        assert not said["stalls"], (
            f"seed {seed}: {said['actions']} actions, 0 exceptions, 0 Qt warnings, but "
            f"{len(said['stalls'])} stalls: {'; '.join(said['stalls'])}"
        )
        actions += said["actions"]
        worst = max(worst, said["worst_s"])
    return (
        f"{actions} actions in {sum(s for s, _ in plan)} s, 0 exceptions, 0 Qt warnings, longest "
        f"action {1000 * worst:.0f} ms of CPU (seeds {[seed for _, seed in plan]})"
    )


def soak(release: bool) -> str:
    """Row 17: searches with a live window, one after the other; memory must not grow."""
    seconds, limit = (3600, 10.0) if release else (300, 100.0)
    said = _run("soak", seconds, SEED)
    assert not said["exceptions"], said["exceptions"][0]
    assert said["none_change"] > -1000, f"references to None fell by {-said['none_change']}"
    slopes = said["slopes"]
    each = ", ".join(f"{name} {slope:+.1f} MB/h" for name, slope in slopes.items())
    steepest = max(slopes.values())
    found = f"{each}; {said['searches']} searches, MB by the minute {said['minutes']}"
    assert steepest < limit, found
    assert said["files"][1] <= said["files"][0] + 5, f"open files {said['files']}"
    assert said["threads"][1] <= said["threads"][0] + 2, f"threads {said['threads']}"
    assert said["objects"][1] <= 1.02 * said["objects"][0] + 50, f"objects {said['objects']}"
    return (
        f"{seconds} s, {said['searches']} searches, {each} after warm-up (limit {limit:.0f} in "
        f"this column), {max(said['minutes'])} MB at most, files {said['files']}, threads "
        f"{said['threads']}, objects of Qt {said['objects']}, None {said['none_change']:+d}"
    )


def no_orphans(release: bool) -> str:
    """Row 8: SIGKILL of the window in the middle of a search; all its processes leave."""
    return kill_windows(50 if release else 10)


def kill_windows(count: int) -> str:
    """So many windows, each killed within a second of its first finished order."""
    rng = random.Random(f"{SEED} orphans")
    seen = 0
    for number in range(count):
        program = _start("search", 600, SEED + number)
        assert program.stdout is not None
        line = program.stdout.readline()
        assert "running" in line, line
        time.sleep(rng.uniform(0.0, 1.0))
        workers = children(program.pid)
        program.send_signal(signal.SIGKILL)
        program.wait()
        program.stdout.close()
        assert workers, "no worker was running"
        assert gone(workers, 5.0), "a worker outlived the window by 5 s"
        seen += len(workers)
    return f"{count} windows killed, {seen} processes of theirs gone within 5 s (seed {SEED})"


def _start(mode: str, seconds: int, seed: int, most: int = 0) -> subprocess.Popen:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": f"{ROOT}:{ROOT}/gui"}
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.torture.window", mode, *map(str, (seconds, seed, most))],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def _run(mode: str, seconds: int, seed: int, most: int = 0) -> dict[str, Any]:
    program = _start(mode, seconds, seed, most)
    try:
        out, _ = program.communicate(timeout=seconds + 300)
    except subprocess.TimeoutExpired:
        program.kill()
        raise AssertionError(f"the window of seed {seed} hangs") from None
    assert program.returncode == 0, f"the window of seed {seed} ended with {program.returncode}"
    return json.loads(out.strip().splitlines()[-1])


# what runs in the program itself


class Watch:
    """Exceptions, Qt's messages, and how long the window's thread was busy at a stretch."""

    def __init__(self) -> None:
        from PySide6.QtCore import QtMsgType, qInstallMessageHandler

        self.exceptions: list[str] = []
        self.warnings: list[str] = []
        self.stalls: list[str] = []
        self.worst_s = 0.0
        self.doing = ""

        def note(kind: type, error: BaseException, trace: Any) -> None:
            import traceback

            text = "".join(traceback.format_exception(kind, error, trace))[-1500:]
            self.exceptions.append(f"during {self.doing}: {text}")

        def hear(kind: Any, _context: Any, text: str) -> None:
            loud = (QtMsgType.QtWarningMsg, QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg)
            if kind in loud and not any(word in text for word in HARMLESS):
                self.warnings.append(f"during {self.doing}: {text}")

        sys.excepthook = note
        threading.excepthook = lambda args: note(args.exc_type, args.exc_value, args.exc_traceback)  # type: ignore[arg-type]
        qInstallMessageHandler(hear)

    def time(self, doing: str, work: Callable[[], None]) -> None:
        """Do it and count what it cost."""
        self.doing = doing
        began = time.thread_time()
        try:
            work()
        except Exception as error:
            sys.excepthook(type(error), error, error.__traceback__)
        spent = time.thread_time() - began
        self.worst_s = max(self.worst_s, spent)
        if spent > STALL_S:
            self.stalls.append(f"{doing}: {1000 * spent:.0f} ms")


def open_window(folder: Path, budget: int, workers: int = 2) -> Any:
    """The window with a record and a quick search, its settings in ``folder``."""
    from dataclasses import replace

    from PySide6.QtCore import QStandardPaths, QUrl
    from PySide6.QtGui import QDesktopServices
    from PySide6.QtWidgets import QApplication

    sys.path.insert(0, str(ROOT / "tests" / "gui"))
    from gui_fakes import make_record

    from heliid.study import OrderBox
    from heliid_gui.main_window import MainWindow
    from heliid_gui.settings import Settings
    from heliid_gui.theme import base_font, theme

    app = QApplication.instance() or QApplication(["heliid"])
    QStandardPaths.setTestModeEnabled(True)
    os.chdir(folder)
    for scheme in ("http", "https", "file", "mailto"):
        QDesktopServices.setUrlHandler(scheme, _Nobody.instance(), "take")
    del QUrl
    QApplication.setFont(base_font(9.5))
    theme().apply("light")
    window = MainWindow(Settings(path=folder / "settings.ini"))
    window.makes_views_ahead = True  # as the program does
    window.show()
    window.bench.add_records([make_record(seconds=30.0)])
    setup = window.bench.setup
    box = OrderBox(na_max=3, nb_max=3, nk_max=2, spacing_max=2, hidden_max=2)
    config = replace(setup.config, budget=budget, workers=workers, box=box, n_tables=1)
    window.bench.edit("quick search", replace(setup, config=config))
    app.processEvents()
    return window


class _Nobody:
    """Takes addresses that a click would open in a browser."""

    _one: Any = None

    @classmethod
    def instance(cls) -> Any:
        """The one receiver."""
        from PySide6.QtCore import QObject, Slot

        class Receiver(QObject):
            @Slot("QUrl")
            def take(self, _url: Any) -> None:
                """Nothing is opened."""

        if cls._one is None:
            cls._one = Receiver()
        return cls._one


def run_monkey(seconds: int, seed: int, folder: Path, most: int = 0) -> dict[str, Any]:
    """Random actions for so many seconds; a replay with the same seed makes the same choices."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from benchmarks.torture.monkey import Monkey

    window = open_window(folder, 30)
    watch, app = Watch(), QApplication.instance()
    ape = Monkey(window, random.Random(seed), _toys(folder))
    until = time.monotonic() + seconds
    timer = QTimer()
    timer.setInterval(0)

    def act() -> None:
        if time.monotonic() > until or 0 < most <= ape.n_done:
            timer.stop()
            app.closeAllWindows()  # type: ignore[union-attr]
            app.exit(0)  # type: ignore[union-attr]
            return
        doing, work = ape.choose()
        watch.time(doing, work)

    timer.timeout.connect(act)
    timer.start()
    app.exec()  # type: ignore[union-attr]
    project = _saved_and_opened(window, folder / "after.heliid")
    window.bench.is_modified = False
    window.close()
    return {
        "project": project, "actions": ape.n_done, "exceptions": watch.exceptions,
        "warnings": watch.warnings, "stalls": watch.stalls, "worst_s": watch.worst_s,
    }  # fmt: skip


def _toys(folder: Path) -> list[Path]:
    """What is dropped on the window: a good table, one without numbers, an empty one, no table."""
    import gui_fakes

    good = folder / "good.csv"
    gui_fakes.write_csv(good, gui_fakes.make_record(seconds=8.0))
    others = {"words.csv": "a,b\nx,y\n" * 30, "empty.csv": "", "notes.txt": "no table", "x.png": ""}
    for name, text in others.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [good, *(folder / name for name in others)]


def _saved_and_opened(window: Any, path: Path) -> str:
    """``opens`` when what the monkey left behind is saved and read back whole; else what is not."""
    from PySide6.QtWidgets import QApplication, QDialog

    from heliid.project import load_project

    for one in QApplication.topLevelWidgets():
        if isinstance(one, QDialog) and one.isVisible():
            one.reject()
    window.studies.stop()
    _pump(10.0, lambda: not window.bench.evolution.is_active)
    for _ in range(9):  # a table that was dropped may arrive during a save: it counts as unsaved
        done: list[bool] = []
        window.desk.project.save(path, lambda done=done: done.append(True))
        _pump(60.0, lambda done=done: bool(done))
        if not done:
            return "the project could not be saved"
        if not window.bench.is_modified:
            break
    found = load_project(path)
    for kind, now in (("records", window.bench.setup.records), ("runs", window.bench.runs)):
        if len(getattr(found, kind)) != len(now):
            return f"{len(now)} {kind} were saved, {len(getattr(found, kind))} came back"
    return "opens"


def _pump(seconds: float, until: Callable[[], bool]) -> None:
    from PySide6.QtWidgets import QApplication

    end = time.monotonic() + seconds
    while time.monotonic() < end and not until():
        QApplication.processEvents()
        time.sleep(0.01)


def run_soak(seconds: int, _seed: int, folder: Path, most: int = 0) -> dict[str, Any]:
    """Search after search, the views shown in turn; what the processes use is sampled."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    window = open_window(folder, 40, workers=1)
    watch, app = Watch(), QApplication.instance()
    began, state = time.monotonic(), {"searches": 0, "tick": 0}
    samples: list[dict[str, Any]] = []
    steps = [key for key in window.views if key != "home"]

    def tick() -> None:
        spent = time.monotonic() - began
        if spent > seconds or 0 < most < state["searches"]:
            timer.stop()
            app.exit(0)  # type: ignore[union-attr]
            return
        state["tick"] += 1
        if not window.bench.evolution.is_active and window.studies.start():
            state["searches"] += 1
            window.bench.runs = window.bench.runs[-3:]  # kept runs are work, not a leak
        window.show_step("evolve" if state["tick"] % 4 else steps[state["tick"] // 4 % len(steps)])
        if state["tick"] % 5 == 1:
            samples.append(_usage(spent, window))

    timer = QTimer()
    timer.timeout.connect(tick)
    timer.start(1000)
    app.exec()  # type: ignore[union-attr]
    window.bench.is_modified = False
    window.close()
    warm = [row for row in samples if row["s"] > samples[-1]["s"] / 5]
    first, last = warm[0], warm[-1]
    return {
        "searches": state["searches"], "exceptions": watch.exceptions, "slopes": _slopes(warm),
        "minutes": [round(row["window"]) for row in samples[::12]],
        "none_change": last["none"] - first["none"],
        **{kind: [first[kind], last[kind]] for kind in ("files", "threads", "objects")},
    }  # fmt: skip


def _usage(spent: float, window: Any) -> dict[str, Any]:
    """Memory of the window and of each worker (MB), files, threads, objects, references to None."""
    from PySide6.QtCore import QObject
    from PySide6.QtWidgets import QApplication

    return {
        "s": spent, "window": _rss(os.getpid()),
        "workers": {pid: _rss(pid) for pid in children(os.getpid())},
        "files": len(os.listdir("/proc/self/fd")), "threads": threading.active_count(),
        "objects": len(window.findChildren(QObject)) + len(QApplication.allWidgets()),
        "none": sys.getrefcount(None),
    }  # fmt: skip


def _rss(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _slopes(warm: list[dict[str, Any]]) -> dict[str, float]:
    """MB an hour, least squares, of the window and of each worker that was there all the time."""
    import numpy as np

    hours = np.array([row["s"] for row in warm]) / 3600.0
    stayed = set.intersection(*(set(row["workers"]) for row in warm))
    series = {"window": [row["window"] for row in warm]} | {
        f"worker {number}": [row["workers"][pid] for row in warm]
        for number, pid in enumerate(sorted(stayed), 1)
    }
    return {name: float(np.polyfit(hours, rows, 1)[0]) for name, rows in series.items()}


def run_search(seconds: int, _seed: int, folder: Path, _most: int = 0) -> dict[str, Any]:
    """A long search; says so when it runs, and goes on until it is killed."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    window = open_window(folder, 100_000)
    app = QApplication.instance()
    window.studies.start()

    def look() -> None:
        if window.bench.evolution.candidates:
            sys.stdout.write("running\n")
            sys.stdout.flush()
            timer.stop()

    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(50)
    QTimer.singleShot(1000 * seconds, app.quit)  # type: ignore[union-attr]
    app.exec()  # type: ignore[union-attr]
    return {}


ROWS = {
    8: ("No orphans of a killed window", no_orphans),
    16: ("Monkey", monkey),
    17: ("Soak", soak),
}


def main() -> None:
    """Run one window."""
    mode, (seconds, seed, *most) = sys.argv[1], map(int, sys.argv[2:])
    runs = {"monkey": run_monkey, "soak": run_soak, "search": run_search}
    with tempfile.TemporaryDirectory() as folder:
        said = runs[mode](seconds, seed, Path(folder), *most)
        os.chdir(ROOT)
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
