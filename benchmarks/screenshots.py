"""Pictures of every view, in light and dark, at 1280x720 and 1920x1080, after a real search.

    python benchmarks/screenshots.py [--out build/screenshots] [--example truth] [--budget 40]
                                     [--themes light,dark] [--sizes 1280x720,1920x1080]
                                     [--search all] [--only evolve,model]
    python benchmarks/screenshots.py --guide gui/heliid_gui/help/pictures

Names are ``SIZE-THEME-VIEW.png``. Offscreen unless QT_QPA_PLATFORM says otherwise; settings and
projects of the user are not touched.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
_ROOT = Path(__file__).resolve().parents[1]
for _folder in (_ROOT, _ROOT / "gui"):
    sys.path.insert(0, str(_folder))

if TYPE_CHECKING:
    from heliid_gui.main_window import MainWindow

PATIENCE_S = 600.0
TABS = {"evolve": ("candidates", "orders", "notes"),
        "validate": ("response", "numbers", "records", "residuals", "frequency", "physics",
                     "limits")}  # fmt: skip
EMPTY = ("home", "data", "prepare", "model", "evolve", "validate", "compare", "export")


def pump(seconds: float, until: Callable[[], bool] = lambda: False) -> None:
    """Run the event loop for so long, or until then."""
    from PySide6.QtWidgets import QApplication

    end = time.monotonic() + seconds
    while time.monotonic() < end and not until():
        QApplication.processEvents()
        time.sleep(0.005)


def make_window(folder: Path) -> MainWindow:
    """A window that knows nothing of the user."""
    from PySide6.QtCore import QStandardPaths

    from heliid_gui import jobs
    from heliid_gui.main_window import MainWindow
    from heliid_gui.settings import Settings

    jobs.NICENESS = 0  # nobody works beside it
    QStandardPaths.setTestModeEnabled(True)
    window = MainWindow(Settings(path=folder / "settings.ini"))
    window.show()
    return window


def search(
    window: MainWindow, example: str, budget: int, name: str, save: Callable[[str], None]
) -> None:
    """Open an example, search, judge; pictures in the middle of the search."""
    from heliid_gui.presenters import model

    bench = window.bench
    window.open_example(example)
    pump(PATIENCE_S, lambda: bool(bench.setup.records))
    pump(PATIENCE_S, lambda: all(window.doctor.is_done(item) for item in bench.setup.records))
    bench.edit("", model.changed_config(bench.setup, budget=budget, search=name))
    window.start()
    many = budget * len(bench.setup.config.searches()) * 3 // 5
    evolution = bench.evolution
    pump(PATIENCE_S, lambda: len(evolution.candidates) > many or not evolution.is_active)
    save("evolve-live")
    window.evolve.watch.setCurrentWidget(window.evolve.race)
    pump(0.6)
    save("evolve-live-searches")
    window.evolve.watch.setCurrentWidget(window.evolve.free_run)
    pump(PATIENCE_S, lambda: not bench.evolution.is_active)
    if bench.find_run() is None:
        raise SystemExit(f"no run: {bench.evolution.status()} {bench.evolution.error}")
    window.show_step("validate")
    pump(PATIENCE_S, lambda: window.judges.find(bench.current_run) is not None)
    window.show_step("export")
    pump(60.0, lambda: len(window.export.preview.toPlainText()) > 100)


def take_empty(window: MainWindow, save: Callable[[str], None]) -> None:
    """What each view says when there is nothing to show."""
    for key in EMPTY:
        window.show_step(key)
        pump(0.2)
        save(f"{key}-empty")


def take_all(window: MainWindow, keys: list[str], save: Callable[[str], None]) -> None:
    """A picture of every view and of every tab worth one, of the guide and of the palette."""
    for key in keys:
        window.show_step(key)
        tabs = TABS.get(key, ())
        for number, name in enumerate(tabs):
            getattr(window, key).tabs.setCurrentIndex(number)
            pump(0.4)
            save(f"{key}-{name}")
        if tabs:
            getattr(window, key).tabs.setCurrentIndex(0)
        else:
            pump(0.4)
            save(key)
        if key == "evolve":
            window.evolve.watch.setCurrentWidget(window.evolve.race)
            pump(0.4)
            save("evolve-searches")
            window.evolve.watch.setCurrentWidget(window.evolve.free_run)
    if "model" in keys:
        window.show_help("model")
        pump(0.4)
        save("guide")
        window.show_help("model")


GUIDE_SIZE = (1120, 660)  # of the window; the pictures are 560 px wide
GUIDE_WIDTH = 560
# a part of the view, or all of it
GUIDE = {"home": "", "data": "", "prepare": "", "model": "diagram", "evolve": "free_run",
         "validate": "", "compare": "", "export": ""}  # fmt: skip


def take_guide(window: MainWindow, folder: Path) -> int:
    """A small picture for each page of the guide, light and dark; how many there are."""
    from PySide6.QtCore import Qt
    from PySide6.QtGui import QImage

    from heliid_gui.theme import colours, theme

    folder.mkdir(parents=True, exist_ok=True)
    window.resize(*GUIDE_SIZE)
    for name in ("light", "dark"):
        theme().apply(name)
        for key, part in GUIDE.items():
            window.show_step(key)
            pump(0.5)
            shown = getattr(window.views[key], part) if part else window.views[key]
            picture = QImage(shown.size(), QImage.Format.Format_RGB32)
            picture.fill(colours().surface if part else colours().window)
            shown.render(picture)
            smooth = Qt.TransformationMode.SmoothTransformation
            small = picture.scaledToWidth(min(GUIDE_WIDTH, picture.width()), smooth)
            small.save(str(folder / f"{key}-{name}.png"))
    return 2 * len(GUIDE)


def main() -> int:
    """Make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=_ROOT / "build" / "screenshots")
    parser.add_argument("--guide", type=Path, default=None, help="only the guide's pictures")
    parser.add_argument("--example", default="truth")
    parser.add_argument("--budget", type=int, default=20, help="orders for each search")
    parser.add_argument("--search", default="all")
    parser.add_argument("--only", default="", help="views, with commas between; default all")
    parser.add_argument("--themes", default="light,dark")
    parser.add_argument("--sizes", default="1280x720,1920x1080")
    options = parser.parse_args()
    if not options.guide:
        options.out.mkdir(parents=True, exist_ok=True)
    from PySide6.QtWidgets import QApplication

    from heliid_gui.theme import base_font, theme

    app = QApplication([])
    app.setFont(base_font(9.5))
    themes, sizes = options.themes.split(","), options.sizes.split(",")
    theme().apply(themes[0])
    label = [""]
    count = [0]

    def save(name: str) -> None:
        if options.guide:
            return
        window.grab().save(str(options.out / f"{label[0]}-{name}.png"))
        count[0] += 1

    with tempfile.TemporaryDirectory() as folder:
        window = make_window(Path(folder))
        window.studies._folder = lambda: None  # no scores of an earlier time
        width, height = map(int, sizes[0].split("x"))
        window.resize(width, height)
        label[0] = f"{sizes[0]}-{themes[0]}"
        keys = options.only.split(",") if options.only else list(window.views)
        if not options.only and not options.guide:
            take_empty(window, save)
        search(window, options.example, options.budget, options.search, save)
        if options.guide:
            count[0] = take_guide(window, options.guide)
            sizes = []
        for size in sizes:
            width, height = map(int, size.split("x"))
            window.resize(width, height)
            for name in themes:
                theme().apply(name)
                label[0] = f"{size}-{name}"
                pump(0.3)
                take_all(window, keys, save)
        window.bench.is_modified = False
        window.close()
    sys.stdout.write(f"{count[0]} pictures in {options.guide or options.out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
