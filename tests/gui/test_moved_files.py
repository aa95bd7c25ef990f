"""A source file that was moved or changed behind a project is said when the project is opened."""

from __future__ import annotations

import gui_fakes
import numpy as np
import pytest
from test_project_story import save, wait_loader

from heliid.data.csvfile import read_csv

pytestmark = pytest.mark.gui


@pytest.fixture
def opened(qtbot, window, tmp_path):
    """A project of one imported table, saved; the table; a function that opens it again."""
    made = gui_fakes.make_record()
    table = tmp_path / "flight.csv"
    header = ",".join(["time [s]", *(f"{c.name} [{c.unit}]" for c in made.channels)])
    values = np.column_stack([made.time, made.values])
    np.savetxt(table, values, delimiter=",", header=header, comments="", fmt="%.6f")
    window.bench.add_records([read_csv(table)])
    save(qtbot, window, tmp_path / "a.heliid")

    def again() -> None:
        window.desk.new()
        window.open_paths([tmp_path / "a.heliid"])
        wait_loader(qtbot, window)
        wait_loader(qtbot, window)

    return table, again


def test_a_changed_source_is_said_with_its_name(qtbot, window, opened):
    table, again = opened
    table.write_text(table.read_text() + "\n")
    again()
    qtbot.waitUntil(lambda: window.problems.dialog is not None, timeout=5000)
    assert str(table) in window.problems.dialog.sentences[0]
    assert "import it anew" in window.problems.dialog.sentences[0]
    window.problems.dialog.close()


def test_a_moved_source_is_said_in_passing(qtbot, window, opened):
    table, again = opened
    table.unlink()
    again()
    qtbot.waitUntil(lambda: window.desk.project.n_missing_sources == 1, timeout=5000)
    assert "have moved: 1" in window.state_label.text()
    assert window.problems.dialog is None


def test_a_source_that_is_as_it_was_needs_no_word(qtbot, window, opened):
    _, again = opened
    again()
    qtbot.wait(200)
    assert window.desk.project.n_missing_sources == 0
    assert window.problems.dialog is None
