"""The window's figures: first paint, event-loop gaps while live, Stop, switching views, memory.

    python benchmarks/window.py [--seconds 20] [--points 20000] [--busy 2] [--json]

Live: 4 outputs of ``--points`` samples, a new best free run on every tick, while ``--busy``
processes of lower priority keep the cores busy. A 10 ms timer measures the gaps between turns of
the event loop; ``idle_...`` are those of the same window with nothing to do in the same load: what
the machine alone takes. CPU times do not depend on the load. Offscreen unless QT_QPA_PLATFORM says
otherwise. A run of ``--seconds 600`` is the trial of memory: ``rss_slope_mb_per_h``, that of the
last four fifths.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
_ROOT = Path(__file__).resolve().parents[1]
for _folder in (_ROOT, _ROOT / "gui", _ROOT / "tests" / "gui"):
    sys.path.insert(0, str(_folder))

GAP_MS = 10
MEMORY_S = 2.0  # between samples of the memory
N_OUTPUTS = 4
N_CANDIDATES = 300  # of a live run; each is kept for good, which is no leak (see kept_memory)
FIRST_PAINT = """
import sys, time
begun = time.perf_counter()
sys.path[:0] = {paths!r}
from PySide6.QtWidgets import QApplication
app = QApplication([])
from heliid_gui import app as start
window = start.open_window(start._parse(["--safe-mode"]))
window.show()
while not window._painted:
    app.processEvents()
print(time.perf_counter() - begun)
print(",".join(m for m in ("numba", "scipy", "pandas", "pyqtgraph") if m in sys.modules))
sys.stdout.flush()
import os
os._exit(0)
"""


def burn() -> None:
    """Keep a core busy at the worker's priority."""
    os.nice(10)
    x = 0.0
    while True:
        x += 1.0


class Gaps:
    """Times between turns of the event loop, ms."""

    def __init__(self) -> None:
        from PySide6.QtCore import Qt, QTimer

        self.values: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(GAP_MS)

    def _tick(self) -> None:
        now = time.perf_counter()
        self.values.append(1000 * (now - self._last))
        self._last = now

    def stop(self) -> None:
        """Count no more."""
        self._timer.stop()

    def summary(self) -> dict[str, float]:
        """Median, 99th percentile and largest gap, ms."""
        import numpy as np

        values = np.array(self.values[5:] or [0.0])
        return {
            "gap_median_ms": round(float(np.median(values)), 1),
            "gap_p99_ms": round(float(np.percentile(values, 99)), 1),
            "gap_max_ms": round(float(values.max()), 1),
        }


def make_frames_class():
    """The counter of paint events; made here because Qt is imported late."""
    from PySide6.QtCore import QEvent, QObject

    class Counter(QObject):
        def __init__(self, viewport) -> None:
            super().__init__(viewport)
            self.count = 0
            viewport.installEventFilter(self)

        def eventFilter(self, _watched, event) -> bool:  # noqa: N802
            self.count += event.type() is QEvent.Type.Paint
            return False

    return Counter


def first_paint() -> dict[str, object]:
    """Seconds from the interpreter's first line to the first paint, best of three."""
    code = FIRST_PAINT.format(paths=[str(_ROOT), str(_ROOT / "gui")])
    times, heavy = [], ""
    for _ in range(3):
        out = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split("\n")
        times.append(float(out[0]))
        heavy = out[1]
    return {"first_paint_s": round(min(times), 2), "heavy_imports": heavy}


def make_window(folder: Path):
    """The window with one record, its studies faked."""
    import gui_fakes
    from PySide6.QtWidgets import QApplication

    from heliid_gui.main_window import MainWindow
    from heliid_gui.settings import Settings
    from heliid_gui.theme import base_font, theme

    QApplication.setFont(base_font(9.5))
    theme().apply("light")
    window = MainWindow(Settings(path=folder / "settings.ini"))
    window.studies.task = "gui_fakes:identify"
    window.resize(1280, 720)
    window.show()
    window.bench.add_records([gui_fakes.make_record()])
    while window.views.make_next():
        pass
    return window


def pump(seconds: float, until=lambda: False) -> float:
    """Run the event loop until then; the time it took."""
    from PySide6.QtCore import QEventLoop
    from PySide6.QtWidgets import QApplication

    begun = time.perf_counter()
    while time.perf_counter() - begun < seconds and not until():
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 5)
        time.sleep(0.0005)
    return time.perf_counter() - begun


def live(window, seconds: float, points: int, busy: int) -> dict[str, float]:
    """Gaps and frames while four outputs change on every tick."""
    import gui_fakes
    import numpy as np

    from heliid.events import BestImproved, LinearReady, StageStarted

    rng = np.random.default_rng(1)
    model = gui_fakes.make_model(2, N_OUTPUTS)
    t = np.arange(points) * 0.02
    measured = np.cumsum(rng.normal(size=(points, N_OUTPUTS)), axis=0)
    noise = rng.normal(size=(points, N_OUTPUTS))
    evolution = window.bench.evolution
    window.show_step("evolve")
    evolution.begin(100)
    evolution.apply([StageStarted("Searching", 100)])
    evolution.apply([LinearReady(model, 0.5, {"flight": (t, measured, measured + 3 * noise)})])
    burners = [multiprocessing.get_context("spawn").Process(target=burn) for _ in range(busy)]
    for one in burners:
        one.start()
    idle = Gaps()
    pump(max(2.0, seconds / 4))
    idle.stop()
    frames = make_frames_class()(window.evolve.free_run.plots.canvas.viewport())
    memory: list[tuple[float, float]] = []
    ticks, begun = [0], time.perf_counter()

    def frame() -> None:
        ticks[0] += 1
        spent = time.perf_counter() - begun
        if not memory or spent - memory[-1][0] >= MEMORY_S:
            memory.append((spent, rss_mb()))
        free = measured + noise * (0.5 + 0.5 * np.sin(ticks[0] / 9))
        best = BestImproved(ticks[0], "ais", 0.3, model, {"flight": (t, measured, free)})
        new = [gui_fakes.scored(ticks[0], 0.3 + 1 / ticks[0])] if ticks[0] <= N_CANDIDATES else []
        evolution.apply([*new, best])

    window.jobs.ticked.connect(frame)
    gaps = Gaps()
    cpu, first = time.process_time(), frames.count
    took = pump(seconds)
    cpu = time.process_time() - cpu
    gaps.stop()
    window.jobs.ticked.disconnect(frame)
    for one in burners:
        one.kill()
        one.join()
    memory.append((time.perf_counter() - begun, rss_mb()))
    return {
        **{f"idle_{name}": value for name, value in idle.summary().items()},
        **gaps.summary(),
        "frames_per_s": round((frames.count - first) / took, 1),
        "updates_per_s": round(ticks[0] / took, 1),
        **growth(memory),
        "cpu_ms_per_update": round(1000 * cpu / max(ticks[0], 1), 1),
    }


def kept_memory(window, turns: int = 400) -> dict[str, float]:
    """After a live run: kB that stay of one more update, and of one more candidate."""
    import gc

    import gui_fakes
    from PySide6.QtWidgets import QApplication

    from heliid.events import BestImproved

    evolution = window.bench.evolution
    model, responses = evolution.best.model, evolution.best.responses
    found = {}
    number = N_CANDIDATES
    for name, with_candidate in (("update", False), ("candidate", True)):
        gc.collect()
        before = rss_mb()
        for _ in range(turns):
            number += 1
            changed = {key: (t, y, y + 0.1 * number) for key, (t, y, _) in responses.items()}
            best = BestImproved(number, "ais", 0.3, model, changed)
            new = [gui_fakes.scored(number, 0.3)] if with_candidate else []
            evolution.apply([*new, best])
            QApplication.processEvents()
        gc.collect()
        found[f"rss_kb_per_{name}"] = round(1000 * (rss_mb() - before) / turns, 1)
    return found


def growth(memory: list[tuple[float, float]]) -> dict[str, float]:
    """From samples (s, MB): growth in all, in the last four fifths, and the slope of these."""
    import numpy as np

    t, used = np.array(memory).T
    warm = t >= t[-1] / 5
    slope = float(np.polyfit(t[warm], used[warm], 1)[0]) if warm.sum() > 2 else 0.0
    return {
        "rss_growth_mb": round(float(used[-1] - used[0]), 1),
        "rss_growth_warm_mb": round(float(used[-1] - used[warm][0]), 1),
        "rss_slope_mb_per_h": round(3600 * slope, 1),
    }


def rss_mb() -> float:
    """Resident memory now, MB."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return pages * resource.getpagesize() / 1e6


def stop_time(window) -> dict[str, float]:
    """From Stop to ready with the best kept, ms: a worker that listens, and one that does not."""
    found = {}
    for name in ("identify", "deaf"):
        window.studies.task = f"gui_fakes:{name}"
        window.bench.setup = window.bench.setup
        runs = len(window.bench.runs)
        _budget(window, 100_000)
        window.start()
        pump(20, lambda: window.bench.evolution.best is not None)
        pump(0.3)
        window.studies.stop()
        took = pump(5, lambda: not window.bench.evolution.is_active)
        found[f"stop_{name}_ms"] = round(1000 * took)
        if len(window.bench.runs) != runs + 1 or window.bench.runs[-1].model is None:
            raise SystemExit("the best was not kept")
    return found


def _budget(window, count: int) -> None:
    from heliid_gui.presenters import model

    window.bench.put(model.changed_config(window.bench.setup, budget=count))


def theme_change(window) -> dict[str, float]:
    """From light to dark and back: CPU of one change with its repaint in the slowest view, ms.

    All views are made; ``theme_then_switch``: the slowest view shown after a change, which is when
    it takes on the colours.
    """
    from PySide6.QtWidgets import QApplication

    def cost(work) -> float:
        begun = time.process_time()
        work()
        QApplication.processEvents()
        return 1000 * (time.process_time() - begun)

    here, later = {}, {}
    for key in window.views:
        window.show_step(key)
        pump(0.2)
        here[key] = min(cost(window.toggle_theme) for _ in range(4))
    for key in window.views:
        spent = []
        for _ in range(4):
            window.show_step("home" if key != "home" else "data")
            pump(0.1)
            window.toggle_theme()
            pump(0.1)
            spent.append(cost(lambda k=key: window.show_step(k)))
        later[key] = min(spent)
    return {
        "theme_change_cpu_ms": round(max(here.values())),
        "theme_change_slowest": max(here, key=here.__getitem__),
        "theme_then_switch_cpu_ms": round(max(later.values())),
    }


def switching(window) -> dict[str, float]:
    """The slowest first and later switch to a view, ms, and its CPU time."""
    from PySide6.QtWidgets import QApplication

    found: dict[str, float] = {}
    for name, turns in (("switch_first", 1), ("switch", 3)):
        took: dict[str, list[tuple[float, float]]] = {key: [] for key in window.views}
        for key in list(window.views) * turns:
            begun, cpu = time.perf_counter(), time.process_time()
            window.show_step(key)
            QApplication.processEvents()
            spent = time.process_time() - cpu
            took[key].append((1000 * (time.perf_counter() - begun), 1000 * spent))
        found[f"{name}_ms"] = round(max(min(own)[0] for own in took.values()))
        found[f"{name}_cpu_ms"] = round(max(min(c for _, c in own) for own in took.values()))
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--points", type=int, default=20_000)
    parser.add_argument("--busy", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    from PySide6.QtWidgets import QApplication

    found: dict[str, object] = first_paint()
    app = QApplication([])
    with tempfile.TemporaryDirectory() as folder:
        window = make_window(Path(folder))
        pump(30, lambda: window.jobs.pid > 0)
        found |= switching(window)
        found |= theme_change(window)
        found |= stop_time(window)
        found |= live(window, options.seconds, options.points, options.busy)
        found |= kept_memory(window)
        window.bench.is_modified = False
        window.close()
    del app
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        for name, value in found.items():
            print(f"{name:20s} {value}")


if __name__ == "__main__":
    main()
