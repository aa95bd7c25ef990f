"""From two dropped files to an exported, verified model and a report, with the real core."""

from __future__ import annotations

import json

import gui_fakes
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent

from heliid_gui.presenters import model as model_presenter
from heliid_gui.presenters.studies import IDENTIFY

pytestmark = [pytest.mark.gui, pytest.mark.slow]
PATIENCE_MS = 180_000


def drop(window, *paths) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    event = QDropEvent(
        QPointF(300, 300),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(event)


def export(qtbot, window, key, path):
    window.export.choose(key)
    window.export.export_to(path)
    run = window.bench.current_run
    qtbot.waitUntil(
        lambda: window.exports.outcome(run, key).state not in ("idle", "busy"),
        timeout=PATIENCE_MS,
    )
    return window.exports.outcome(run, key)


def test_from_two_files_to_a_verified_model_and_a_report(qtbot, window, tmp_path):
    for name, seed in (("train_one", 1), ("validate_one", 2), ("test_one", 3)):
        gui_fakes.write_csv(tmp_path / f"{name}.csv", gui_fakes.make_record(name, seed=seed))
    drop(window, *sorted(tmp_path.glob("*.csv")))
    qtbot.waitUntil(lambda: len(window.bench.setup.records) == 3, timeout=30_000)
    bench = window.bench
    bench.edit(
        "small",
        model_presenter.changed_config(
            bench.setup,
            budget=3,
            box_na_max=2,
            box_nb_max=2,
            box_nk_max=0,
            box_spacing_max=1,
            box_hidden_max=1,
            n_tables=1,
            n_ensemble=1,
            workers=1,
            rate_hz=10.0,
            finer_rate=False,
        ),
    )
    window.studies.task = IDENTIFY
    window.run_bar.start.click()
    qtbot.waitUntil(lambda: not bench.evolution.is_active, timeout=PATIENCE_MS)
    assert bench.evolution.error == ""
    (run,) = bench.runs
    assert run.model is not None
    assert bench.evolution.scores()[0].fit > 50.0
    # what the view shows in the end is what was kept, of both models
    assert bench.evolution.linear.cost == run.linear_cost
    assert bench.evolution.linear.model.to_dict()["weights"] == run.linear.to_dict()["weights"]
    assert len(bench.evolution.curves["ais"]) == 3

    window.show_step("validate")
    qtbot.waitUntil(lambda: window.judges.find(run.key) is not None, timeout=PATIENCE_MS)
    assert len(window.validate.verdict.lights) >= 8
    assert window.validate.numbers.table.rowCount() == 2
    window.validate.score_test()
    qtbot.waitUntil(lambda: "test" in window.judges.find(run.key).reports, timeout=PATIENCE_MS)
    assert bench.runs[0].test_used
    for tab in range(window.validate.tabs.count()):
        window.validate.tabs.setCurrentIndex(tab)

    window.show_step("export")
    done = export(qtbot, window, "json", tmp_path / "model.json")
    assert done.state in ("verified", "written"), done.sentence
    assert json.loads((tmp_path / "model.json").read_text())["format"] == "heliid-model"
    done = export(qtbot, window, "python", tmp_path / "pitch.py")
    assert done.state == "verified", done.sentence
    done = export(qtbot, window, "csv", tmp_path / "predictions.csv")
    assert done.files[0].exists(), done.sentence
    done = export(qtbot, window, "report", tmp_path / "report.html")
    assert done.state == "written", done.sentence
    assert "<svg" in (tmp_path / "report.html").read_text()
    done = export(qtbot, window, "c", tmp_path / "model.json" / "pitch.c")
    assert done.state == "failed"
    assert "folder" in done.sentence
