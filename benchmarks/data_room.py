"""The data room in the window: a 200 MB file, a million samples, and pictures of its dialogs.

    python -m benchmarks.data_room open [--megabytes 200]    open and plot; gaps of the event loop
    python -m benchmarks.data_room pan [--samples 1000000]   pan and zoom four channels
    python -m benchmarks.data_room pictures [--out build/data_room]

``open`` counts from the call that opens the file to the first paint with its curves, in a window
that is already there; a 10 ms timer measures the gaps between turns of the event loop. ``pan``
counts paints of the plots while the range moves at every turn. Offscreen unless QT_QPA_PLATFORM
says otherwise.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
_ROOT = Path(__file__).resolve().parents[1]
for _folder in (_ROOT, _ROOT / "gui", _ROOT / "tests" / "gui"):
    sys.path.insert(0, str(_folder))

from benchmarks.open_csv import write_big  # noqa: E402 - the folders come first
from benchmarks.screenshots import make_window  # noqa: E402
from benchmarks.window import Gaps, make_frames_class, pump, rss_mb  # noqa: E402

PATIENCE_S = 120.0
GERMAN = """Messung;Kippversuch 3
Hubschrauber;BO 105
Zeit;Steuer_lon;q;theta;u_body;Bemerkung
s;%;°/s;°;km/h;
"""


def german_file(folder: Path) -> Path:
    """A semicolon file with metadata, a row of units, decimal commas and one bad cell."""
    import numpy as np

    t = np.arange(400) * 0.02
    rows = []
    for k, x in enumerate(t):
        values = [x, 50 + 8 * np.sin(2 * x), 6 * np.cos(2 * x), 3 * np.sin(2 * x), 148 - 0.3 * x]
        cells = [f"{v:.3f}".replace(".", ",") for v in values]
        cells[2] = "n/v" if k == 11 else cells[2]
        rows.append(";".join([*cells, "Beginn" if k == 0 else ""]))
    path = folder / "Kippversuch_03.csv"
    path.write_bytes((GERMAN + "\n".join(rows) + "\n").encode("cp1252"))
    return path


def open_big(window, folder: Path, megabytes: float) -> None:
    """Seconds, gaps and memory of opening and plotting a large table."""
    from heliid.data.readers.apart import shared

    path = folder / "big.csv"
    write_big(path, megabytes)
    path.read_bytes()[:1]  # the page cache, as in every trial that others publish
    window.show_step("data")
    window._make_next_view()  # as the program does in idle time: the views, then the helper
    pump(PATIENCE_S, lambda: shared().is_running and not window.loader.pending)
    pump(3.0)
    window.doctor.is_on = False  # it examines in a process of its own
    before, gaps = rss_mb(), Gaps()
    begun, cpu = time.perf_counter(), time.process_time()
    window.open_paths([path])
    pump(PATIENCE_S, lambda: bool(window.bench.setup.records))
    read = time.perf_counter() - begun
    item = window.bench.setup.records[0]
    curves = len(window.data.plotted())
    pump(PATIENCE_S, lambda: window.data.is_drawn(item))
    window.data.plots.flush()
    pump(0.02)
    took, cpu = time.perf_counter() - begun, time.process_time() - cpu
    pump(0.5)
    record = item.record
    print(f"{megabytes:.0f} MB, {record.n_samples} samples x {len(record.channels)} channels,")
    print(f"  {curves} of them plotted:")
    print(f"  read {read:.2f} s, plotted {took:.2f} s (accepted <= 2), {cpu:.2f} s of CPU")
    print(f"  event loop: {gaps.summary()} (accepted gap <= 60 ms)")
    data = record.values.nbytes / 1e6
    print(
        f"  resident {rss_mb():.0f} MB, {rss_mb() - before:.0f} more than before, data {data:.0f}"
    )


def pan(window, samples: int) -> None:
    """Frames per second while four long channels are panned and zoomed."""
    import gui_fakes
    import numpy as np

    window.doctor.is_on = False
    window.resize(1920, 1080)
    window.bench.add_records([gui_fakes.make_record(seconds=samples / 100.0, rate=100.0)])
    window.show_step("data")
    pump(2.0)
    plots = window.data.plots
    first, last = plots.time_limits()
    frames = make_frames_class()(plots.canvas.viewport())
    for name, widths in (("pan, all of it", (0.5, 0.5)), ("zoom, all to 2 s", (1.0, 2 / last))):
        turn, count, begun = 0, frames.count, time.perf_counter()
        cpu = time.process_time()
        gaps = Gaps()
        while time.perf_counter() - begun < 5.0:
            phase = 0.5 - 0.5 * np.cos(turn / 25)
            width = (last - first) * widths[0] * (widths[1] / widths[0]) ** phase
            start = first + (last - first - width) * (phase if widths[0] == widths[1] else 0.4)
            plots.set_time_range(start, start + width)
            seen = frames.count
            pump(0.5, lambda s=seen: frames.count > s)
            turn += 1
        took = time.perf_counter() - begun
        n_frames = frames.count - count
        cpu = 1000 * (time.process_time() - cpu) / max(n_frames, 1)
        print(f"{name}: {n_frames / took:.1f} frames/s, {cpu:.0f} ms of CPU each, {gaps.summary()}")
    print(f"{samples} samples x {len(window.data.plotted())} channels (accepted >= 25 frames/s)")


def pictures(out: Path, folder: Path) -> None:
    """Import dialog, mis-timed flight with the Problems list, Prepare; two themes, two sizes."""
    from PySide6.QtWidgets import QApplication

    from heliid.data.csvfile import read_csv
    from heliid_gui.presenters import prepare as presenter
    from heliid_gui.presenters import setup as setups
    from heliid_gui.theme import theme

    out.mkdir(parents=True, exist_ok=True)
    flight = read_csv(_ROOT / "data" / "trex550" / "flightA_pitchtest_filtered.csv")
    late = replace(flight, name="flight A, labelled 10 ms", time=flight.time * 10 / 8)
    for size in ((1280, 720), (1920, 1080)):
        for name in ("light", "dark"):
            theme().apply(name)
            window = make_window(folder)
            window.resize(*size)
            label = f"{size[0]}x{size[1]}-{name}"

            def save(what: str, widget=window, label: str = label) -> None:
                widget.grab().save(str(out / f"{label}-{what}.png"))

            window.desk.import_files([(german_file(folder), "")])
            pump(1.0)
            save("import", window.desk.import_dialog)
            window.desk.import_dialog.reject()
            window.bench.add_records([late])
            window.show_step("data")
            doctor = window.doctor
            examined = partial(doctor.is_done, window.bench.setup.records[0])
            pump(PATIENCE_S, examined)
            window.findings.toggle()
            pump(1.0)
            save("doctor")
            window.findings.toggle()
            item = window.bench.setup.records[0]
            item = presenter.added(item, {"kind": "time base", "dt": 0.008})
            item = presenter.added(item, {"kind": "low-pass", "cutoff_hz": 1.5})
            window.bench.edit("", setups.replaced(window.bench.setup, item))
            window.show_step("prepare")
            examined = partial(doctor.is_done, window.bench.setup.records[0])
            pump(PATIENCE_S, examined)
            pump(0.5)
            save("prepare")
            window.prepare.tabs.setCurrentIndex(1)
            pump(PATIENCE_S, lambda known=window.insights: known.get() is not None)
            pump(0.5)
            save("spectra")
            window.desk.show_excitation()
            pump(0.5)
            save("excitation", QApplication.activeModalWidget() or window)
            window.bench.is_modified = False
            window.close()


def main() -> int:
    """One of the three."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=("open", "pan", "pictures"))
    parser.add_argument("--megabytes", type=float, default=200.0)
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path, default=_ROOT / "build" / "data_room")
    options = parser.parse_args()
    from PySide6.QtWidgets import QApplication

    from heliid_gui.theme import base_font, theme

    app = QApplication([])
    app.setFont(base_font(9.5))
    theme().apply("light")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.what == "pictures":
            pictures(options.out, folder)
            return 0
        window = make_window(folder)
        window.resize(1280, 720)
        pump(30, lambda: window.jobs.pid > 0)
        pump(2.0)
        if options.what == "open":
            open_big(window, folder, options.megabytes)
        else:
            pan(window, options.samples)
        window.bench.is_modified = False
        window.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
