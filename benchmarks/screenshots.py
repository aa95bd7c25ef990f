"""Pictures of every view after a real run: ``python -m benchmarks.screenshots [--out DIR]``.

Opens the bundled T-REX flight, runs a short search, and saves each view in light and dark, at
1280x720 and 1920x1080. Runs on any Qt platform; offscreen unless QT_QPA_PLATFORM says otherwise.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

SIZES = ((1280, 720), (1920, 1080))
VIEWS = ("home", "data", "prepare", "model", "evolve", "validate", "compare", "export")


def main() -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(prog="benchmarks.screenshots", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out/screenshots"))
    parser.add_argument("--example", default="truth")
    parser.add_argument("--budget", type=int, default=24)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    from PySide6.QtCore import QStandardPaths
    from PySide6.QtWidgets import QApplication

    app = QApplication([])
    QStandardPaths.setTestModeEnabled(True)
    from heliid_gui.main_window import MainWindow
    from heliid_gui.settings import Settings
    from heliid_gui.theme import base_font, theme

    QApplication.setFont(base_font(9.5))
    theme().apply("light")
    window = MainWindow(Settings(path=Path(tempfile.mkdtemp()) / "settings.ini"))
    window.resize(*SIZES[0])
    window.show()

    def wait(is_done, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not is_done() and time.monotonic() < end:
            app.processEvents()
            time.sleep(0.01)

    window.open_example(options.example)
    wait(lambda: bool(window.bench.setup.records), 30)
    setup = window.bench.setup
    short = replace(setup, config=replace(setup.config, budget=options.budget))
    window.bench.edit("short search", short)
    window.start()
    wait(lambda: window.bench.evolution.state == "finished", 300)
    wait(lambda: False, 5)
    for scheme in ("light", "dark"):
        theme().apply(scheme)
        for width, height in SIZES:
            window.resize(width, height)
            for view in VIEWS:
                window.show_step(view)
                wait(lambda: False, 1.5)
                window.grab().save(str(options.out / f"{view}_{scheme}_{width}.png"))
    os._exit(0)  # the worker ends with its pipe


if __name__ == "__main__":
    main()
