"""Projects in the window: saved, reopened, recovered, opened twice, asked about on close."""

from __future__ import annotations

import os

import gui_fakes
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent

from heliid.data.campaign import Use
from heliid.project.session import Session
from heliid_gui.presenters import documents
from heliid_gui.presenters import setup as setups

pytestmark = pytest.mark.gui


def wait_loader(qtbot, window) -> None:
    qtbot.waitUntil(lambda: window.loader.pending == 0, timeout=20_000)


def run_study(qtbot, window) -> None:
    from dataclasses import replace

    setup = window.bench.setup
    window.bench.edit("few", replace(setup, config=replace(setup.config, budget=5)))
    window.start()
    qtbot.waitUntil(lambda: window.bench.evolution.state == "finished", timeout=20_000)


def save(qtbot, window, path) -> None:
    window.desk.project.save(path)
    wait_loader(qtbot, window)


def test_save_and_reopen_gives_the_same_state(qtbot, loaded, tmp_path):
    window, path = loaded, tmp_path / "flight.heliid"
    item = window.bench.setup.records[0]
    window.data.set_use(item.key, "train")
    window.prepare.add_step("low-pass")
    window.bench.edit(
        "paint",
        setups.replaced(
            window.bench.setup,
            setups.paint(window.bench.setup.records[0], 12.0, 20.0, Use.VALIDATE),
        ),
    )
    run_study(qtbot, window)
    window.bench.change_run("run1", starred=True)
    before, run = window.bench.setup, window.bench.runs[0]
    assert "*" in window.windowTitle()
    save(qtbot, window, path)
    assert window.windowTitle() == "flight.heliid - HeliID"
    assert str(path) in window.settings.recent()
    window.desk.new()
    assert window.bench.setup.records == ()
    assert window.bench.runs == ()
    window.open_paths([path])
    wait_loader(qtbot, window)
    after = window.bench.setup
    assert (after.inputs, after.outputs, after.config) == (
        before.inputs,
        before.outputs,
        before.config,
    )
    assert after.records[0].steps == before.records[0].steps
    assert after.records[0].regions == before.records[0].regions
    assert (after.records[0].record.values == before.records[0].record.values).all()
    again = window.bench.runs[0]
    assert again.name == run.name
    assert again.starred
    assert again.candidates == run.candidates
    assert again.model.to_dict() == run.model.to_dict()
    assert (again.cost, again.linear_cost, again.seconds) == (
        run.cost,
        run.linear_cost,
        run.seconds,
    )
    assert again.setup.records[0].steps == run.setup.records[0].steps
    assert window.bench.evolution.state == "finished"
    assert window.windowTitle() == "flight.heliid - HeliID"
    assert not window.undo_stack.canUndo()


def test_what_is_saved_is_what_was_opened(qtbot, loaded, tmp_path):
    window = loaded
    run_study(qtbot, window)
    save(qtbot, window, tmp_path / "a.heliid")
    first = (tmp_path / "a.heliid").read_bytes()
    window.desk.open(tmp_path / "a.heliid")
    wait_loader(qtbot, window)
    save(qtbot, window, tmp_path / "b.heliid")
    from heliid.project import load_project
    from heliid.project.compare import differences

    assert list(differences(load_project(first), load_project(tmp_path / "b.heliid"))) == []


def test_notes_and_what_a_later_version_wrote_survive_an_edit_in_the_window(
    qtbot, loaded, tmp_path
):
    from dataclasses import replace

    from heliid.project import load_project, save_project

    path = tmp_path / "a.heliid"
    save(qtbot, loaded, path)
    written = replace(load_project(path), notes="trim looked fine", unknown={"later": [1]})
    save_project(written, path)
    loaded.desk.new()
    loaded.open_paths([path])
    wait_loader(qtbot, loaded)
    loaded.data.set_use(loaded.bench.setup.records[0].key, "validate")
    loaded.desk.save()
    wait_loader(qtbot, loaded)
    found = load_project(path)
    assert found.records[0].use is Use.VALIDATE
    assert (found.notes, found.unknown) == ("trim looked fine", {"later": [1]})


def test_dropped_project_opens_and_a_second_window_is_read_only(qtbot, loaded, tmp_path):
    window, path = loaded, tmp_path / "one.heliid"
    save(qtbot, window, path)
    window.desk.new()
    other = Session.open(path, folder=tmp_path / "other")
    try:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path))])
        window.dropEvent(
            QDropEvent(
                QPointF(200, 200),
                Qt.DropAction.CopyAction,
                data,
                Qt.MouseButton.LeftButton,
                Qt.KeyboardModifier.NoModifier,
            )
        )
        wait_loader(qtbot, window)
        assert len(window.bench.setup.records) == 1
        assert "(read-only)" in window.windowTitle()
        window.desk.project.save()
        wait_loader(qtbot, window)
        assert "another window" in window.problems.dialog.sentences[0]
    finally:
        other.close()
    save(qtbot, window, tmp_path / "copy.heliid")
    assert "(read-only)" not in window.windowTitle()


def test_broken_project_is_one_sentence(qtbot, window, tmp_path):
    (tmp_path / "bad.heliid").write_bytes(b"not a project")
    window.open_paths([tmp_path / "bad.heliid"])
    wait_loader(qtbot, window)
    assert "bad.heliid" in window.problems.dialog.sentences[0]


def test_close_asks_and_cancel_keeps_everything(qtbot, loaded):
    window = loaded
    window.close()
    assert window.isVisible()
    assert window.desk.unsaved is not None
    window.desk.unsaved.cancel.click()
    assert window.isVisible()
    assert len(window.bench.setup.records) == 1


def test_close_saves_first(qtbot, loaded, tmp_path):
    window, path = loaded, tmp_path / "x.heliid"
    save(qtbot, window, path)
    window.data.set_use(window.bench.current_record, "exclude")
    window.close()
    window.desk.unsaved.save.click()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=20_000)
    from heliid.project import load_project

    assert load_project(path).records[0].use is Use.EXCLUDE


def leave_a_crash(window, tmp_path, *, path=None):
    """A journal of a process that is gone, as a killed window leaves it."""
    import sqlite3

    folder = tmp_path / "recovery"
    session = Session.new(folder=folder) if path is None else Session.open(path, folder=folder)
    session.change(documents.to_project(window.bench))
    session.flush()
    journal = session._journal.path
    session._autosave.end()
    session._journal.close()
    if session._lock is not None:
        session._lock.release()
    with sqlite3.connect(journal) as db:
        db.execute("update about set value='999999' where key='pid'")
    db.close()
    return folder


def test_crash_is_offered_compared_and_recovered(qtbot, loaded, tmp_path):
    window = loaded
    leave_a_crash(window, tmp_path)
    window.bench.is_modified = False
    window.desk.new()
    assert window.bench.setup.records == ()
    window.desk.look_for_leftovers()
    qtbot.waitUntil(lambda: window.desk.recovery is not None, timeout=30_000)
    dialog = window.desk.recovery
    dialog.compare_buttons[0].click()
    (one,) = dialog._notes
    assert "New record: flight" in dialog.differences(one)
    dialog.recover_buttons[0].click()
    qtbot.waitUntil(lambda: bool(window.bench.setup.records), timeout=20_000)
    assert window.bench.is_modified
    assert window.bench.setup.records[0].record.name == "flight"


def test_crash_can_be_discarded(qtbot, loaded, tmp_path):
    from heliid.project.session import leftovers

    folder = leave_a_crash(loaded, tmp_path)
    loaded.desk.look_for_leftovers()
    qtbot.waitUntil(lambda: loaded.desk.recovery is not None, timeout=30_000)
    loaded.desk.recovery.discard_buttons[0].click()
    assert leftovers(folder) == ()
    assert os.listdir(folder) == [] or all("journal" in n for n in os.listdir(folder))


def test_every_edit_reaches_the_journal(qtbot, loaded):
    project = loaded.desk.project
    assert project.session.project.records[0].record.name == "flight"
    loaded.data.set_use(loaded.bench.current_record, "test")
    assert project.session.project.records[0].use is Use.TEST
    loaded.undo_stack.undo()
    assert project.session.project.records[0].use is not Use.TEST


def test_run_whose_records_are_gone_keeps_what_it_used(qtbot, loaded, tmp_path):
    run_study(qtbot, loaded)
    loaded.data.remove_record(loaded.bench.current_record)
    loaded.bench.add_records([gui_fakes.make_record("new", seed=5)])
    save(qtbot, loaded, tmp_path / "gone.heliid")
    loaded.desk.open(tmp_path / "gone.heliid")
    wait_loader(qtbot, loaded)
    (run,) = loaded.bench.runs
    uses = [item.use for item in run.setup.records]
    assert Use.TRAIN in uses
    assert Use.VALIDATE in uses


def spoilt(path, change) -> None:
    """The project at ``path`` with its plain data changed and its hashes right."""
    import json

    from heliid.project.container import container_bytes, read_container

    with read_container(path) as found:
        entries = {name: found.read(name) for name in found.names}
    body = json.loads(entries["project.json"])
    change(body)
    path.write_bytes(container_bytes({**entries, "project.json": json.dumps(body).encode()}))


def test_content_that_no_view_could_show_is_refused_whole(qtbot, loaded, tmp_path):
    window, path = loaded, tmp_path / "a.heliid"
    save(qtbot, window, path)
    before = window.bench.setup
    for change in (
        lambda body: body["records"][0].update(steps=[{"kind": "despike", "channels": [["x"]]}]),
        lambda body: body["config"].update(seed="é" * 3000),
        lambda body: body.update(thresholds={"limits": 3}),
    ):
        spoilt(path, change)
        window.open_paths([path])
        wait_loader(qtbot, window)
        sentence = window.problems.dialog.sentences[-1]
        assert "\n" not in sentence
        assert len(sentence) < 500
        window.problems.dialog.close()
        assert window.bench.setup is before
        save(qtbot, window, path)


def test_steps_that_cannot_be_applied_are_switched_off_and_said(qtbot, loaded, tmp_path):
    window, path = loaded, tmp_path / "a.heliid"
    save(qtbot, window, path)
    steps = [{"kind": "from the future", "strength": 3}]
    spoilt(path, lambda body: body["records"][0].update(steps=steps))
    window.desk.new()
    window.open_paths([path])
    wait_loader(qtbot, window)
    (step,) = window.bench.setup.records[0].steps
    assert step == {**steps[0], "off": True}
    assert "switched off" in window.problems.dialog.sentences[-1]
    window.problems.dialog.close()
    window.show_step("prepare")
