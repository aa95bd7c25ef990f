"""Open, edit, save, crash, recover: one project and everything around it."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from heliid.data.campaign import Use
from heliid.data.record import Channel, FlightRecord
from heliid.errors import ProjectFileError
from heliid.project import Project, ProjectRecord, Run, load_project, save_project
from heliid.project import session as sessions
from heliid.project.document import project_entries
from heliid.project.journal import Journal, find_leftovers, recover
from heliid.project.lock import ProjectLock
from heliid.project.processes import identity, is_running
from heliid.project.session import Session, compare, discard, leftovers

ROOT = str(Path(__file__).resolve().parents[2])


def project(note: str = "", seed: int = 0) -> Project:
    rng = np.random.default_rng(seed)
    record = FlightRecord(
        f"flight {seed}",
        0.02 * np.arange(30),
        rng.normal(size=(30, 2)),
        (Channel.of("delta_lon", "%"), Channel.of("q", "deg/s")),
    )
    return Project((ProjectRecord("r1", record, Use.TRAIN),), ("delta_lon",), ("q",), notes=note)


def same(a: Project, b: Project) -> bool:
    return project_entries(a) == project_entries(b)


def crash(code: str, *arguments: object) -> None:
    """Run ``code`` in a process that SIGKILLs itself at the end."""
    head = (
        "import os, sys, time\n"
        f"sys.path.insert(0, {ROOT!r})\n"
        "from pathlib import Path\n"
        "from heliid.project.session import Session\n"
        "from tests.project.test_session import project\n"
    )
    subprocess.run(
        [sys.executable, "-c", f"{head}{code}\nos.kill(os.getpid(), 9)\n", *map(str, arguments)],
        cwd=ROOT,
        check=False,
    )


def test_edit_save_and_open_again(tmp_path):
    session = Session.new(folder=tmp_path / "state")
    session.change(project("first"))
    assert session.is_modified
    session.save(tmp_path / "a.heliid")
    assert not session.is_modified
    session.close()

    again = Session.open(tmp_path / "a.heliid", folder=tmp_path / "state")
    assert same(again.project, project("first"))
    assert again.found is None
    again.close()
    assert list((tmp_path / "state").iterdir()) == []
    assert not list(tmp_path.glob(".*.lock"))


def test_an_edit_is_in_the_journal_within_five_seconds_and_survives_a_kill(tmp_path):
    crash(
        "s = Session.new(folder=Path(sys.argv[1]), autosave_s=0.1)\n"
        "s.change(project('typed just now'))\ntime.sleep(1.0)",
        tmp_path / "state",
    )
    (left,) = leftovers(tmp_path / "state")
    session = Session.recover(left, folder=tmp_path / "state")
    assert session.project.notes == "typed just now"
    assert session.is_modified
    assert session.path is None
    session.close()
    assert leftovers(tmp_path / "state") == ()


def test_candidates_of_a_running_search_are_recovered(tmp_path):
    crash(
        "s = Session.new(folder=Path(sys.argv[1]))\n"
        "for i in range(3): s.keep_candidate('run1', i, {'cost': i / 4})\ns.flush()",
        tmp_path / "state",
    )
    (left,) = leftovers(tmp_path / "state")
    session = Session.recover(left, folder=tmp_path / "state")
    assert [row["cost"] for row in session.recovered_candidates["run1"]] == [0.0, 0.25, 0.5]
    session.close()


def test_opening_the_file_after_a_crash_keeps_the_leftover_until_the_user_decides(tmp_path):
    path, state = tmp_path / "a.heliid", tmp_path / "state"
    session = Session.new(folder=state)
    session.change(project("saved"))
    session.save(path)
    session.close()
    crash(
        "s = Session.open(sys.argv[2], folder=Path(sys.argv[1]))\n"
        "s.change(project('lost?')); s.flush()",
        state, path,
    )  # fmt: skip

    session = Session.open(path, folder=state)
    assert session.project.notes == "saved"
    assert session.found is not None
    session.change(project("another edit"))
    session.flush()
    assert compare(session.found) == ("The notes have changed.",)
    session.close()

    (left,) = leftovers(state)
    recovered = Session.recover(left, folder=state)
    assert recovered.project.notes == "lost?"
    assert recovered.path == path
    assert load_project(path).notes == "saved"
    recovered.save()
    recovered.close()
    assert load_project(path).notes == "lost?"
    assert leftovers(state) == ()


def test_a_leftover_can_be_discarded(tmp_path):
    crash(
        "s = Session.new(folder=Path(sys.argv[1]))\ns.change(project('x')); s.flush()",
        tmp_path / "state",
    )
    (left,) = leftovers(tmp_path / "state")
    assert compare(left) == (
        "New record: flight 0.",
        "The inputs have changed.",
        "The outputs have changed.",
        "The notes have changed.",
    )
    discard(left)
    assert list((tmp_path / "state").iterdir()) == []


def test_a_second_window_is_read_only_and_may_save_elsewhere(tmp_path):
    path, state = tmp_path / "a.heliid", tmp_path / "state"
    first = Session.new(folder=state)
    first.change(project("mine"))
    first.save(path)
    second = Session.open(path, folder=state)
    assert second.is_read_only
    assert "process" in second.holder
    assert second.why_read_only.startswith("open in another window (process")
    assert first.why_read_only == ""
    second.change(project("theirs"))
    with pytest.raises(ProjectFileError, match="open in another window"):
        second.save()
    with pytest.raises(ProjectFileError, match="open in another window"):
        second.save(path)
    second.save(tmp_path / "b.heliid")
    assert not second.is_read_only
    first.save()
    assert load_project(path).notes == "mine"
    assert load_project(tmp_path / "b.heliid").notes == "theirs"
    first.close()
    second.close()


def test_a_save_that_fails_keeps_the_edits(tmp_path):
    session = Session.new(folder=tmp_path / "state")
    session.change(project("x"))
    session.flush()
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ProjectFileError, match="could not be saved"):
        session.save(tmp_path / "file" / "a.heliid")
    assert session.is_modified
    assert session.path is None
    session.close(keep_edits=True)
    # of our own process, so it is offered again at once
    (left,) = leftovers(tmp_path / "state")
    assert recover(left)[0].notes == "x"  # type: ignore[union-attr]


def test_saving_without_a_name_says_so(tmp_path):
    session = Session.new(folder=tmp_path / "state")
    with pytest.raises(ProjectFileError, match="choose a name"):
        session.save()
    session.close()


def test_a_journal_that_cannot_be_written_is_said_once(tmp_path):
    (tmp_path / "state").write_text("a file where the folder should be")
    said: list[str] = []
    session = Session.new(folder=tmp_path / "state", on_trouble=said.append)
    session.change(project("x"))
    session.flush()
    session.save(tmp_path / "a.heliid")
    session.close()
    assert len(said) == 1
    assert "save often" in said[0]


def test_the_autosave_writes_samples_once(tmp_path):
    journal = Journal(tmp_path, None, owner="w")
    big = project("a")
    journal.record_edit(big)
    before = (tmp_path / f"{journal.path.name}-wal").stat().st_size
    for i in range(20):
        journal.record_edit(replace(big, notes=str(i)))
    assert (tmp_path / f"{journal.path.name}-wal").stat().st_size - before < 20 * 40_000
    journal.close()
    (left,) = find_leftovers(tmp_path)
    recovered = recover(left)[0]
    assert recovered is not None
    assert same(recovered, replace(big, notes="19"))


def test_a_later_process_of_the_same_number_is_another_one():
    import os

    mine = identity()
    assert is_running(os.getpid(), mine)
    assert is_running(os.getpid())
    if mine:
        assert not is_running(os.getpid(), "another boot 12345")


def test_changes_from_a_fast_typist_become_one_write_that_no_edit_waits_for(tmp_path, monkeypatch):
    written = []
    plain = Journal.record_edit
    monkeypatch.setattr(
        Journal, "record_edit", lambda self, new: written.append(new.notes) or plain(self, new)
    )
    session = Session.new(folder=tmp_path / "state", autosave_s=600.0)
    for i in range(500):
        session.change(project(str(i)))
    assert written == []
    session.flush()
    assert written == ["499"]
    session.close(keep_edits=True)
    (left,) = leftovers(tmp_path / "state")
    assert recover(left)[0].notes == "499"  # type: ignore[union-attr]


def leave_a_crash(path: Path, recovery: Path, note: str = "edited") -> None:
    """A journal with an edit of that project, as a window that died leaves it."""
    session = Session.open(path, folder=recovery)
    session.change(replace(session.project, notes=note))
    session.flush()
    session.close(keep_edits=True)


def test_a_clean_close_that_keeps_edits_leaves_them_for_the_next_start(tmp_path):
    save_project(project("saved"), tmp_path / "a.heliid")
    leave_a_crash(tmp_path / "a.heliid", tmp_path / "state")
    (found,) = sessions.leftovers(tmp_path / "state")
    assert sessions.compare(found) == ("The notes have changed.",)


def test_recovering_a_file_that_is_opened_again_takes_its_journal_over(tmp_path):
    save_project(project("saved"), tmp_path / "a.heliid")
    leave_a_crash(tmp_path / "a.heliid", tmp_path / "state")
    (found,) = sessions.leftovers(tmp_path / "state")
    again = Session.recover(found, folder=tmp_path / "state")
    assert again.project.notes == "edited"
    assert again.is_modified
    assert again.found is None
    (kept,) = sessions.leftovers(tmp_path / "state")  # for a second crash, right away
    assert sessions.compare(kept) == ("The notes have changed.",)
    again.close()
    assert sessions.leftovers(tmp_path / "state") == ()


def test_candidates_of_a_project_that_was_never_saved_are_recovered(tmp_path):
    session = Session.new(folder=tmp_path / "state")
    session.keep_candidate("run-1", 0, {"cost": 1.0})
    session.flush()
    assert session._journal is not None
    session._journal.close()
    session._journal = None
    (found,) = sessions.leftovers(tmp_path / "state")
    assert sessions.compare(found) == ("1 scored candidates of run-1, which was still searching.",)
    again = Session.recover(found, folder=tmp_path / "state")
    assert again.recovered_candidates == {"run-1": [{"cost": 1.0}]}
    again.close()
    session.close()


def test_recovering_without_a_place_for_a_journal_keeps_the_old_one(tmp_path):
    save_project(project("saved"), tmp_path / "a.heliid")
    leave_a_crash(tmp_path / "a.heliid", tmp_path / "state")
    (found,) = sessions.leftovers(tmp_path / "state")
    (tmp_path / "file").write_text("")
    said: list[str] = []
    again = Session.recover(found, folder=tmp_path / "file" / "x", on_trouble=said.append)
    assert again.project.notes == "edited"
    assert found.path.exists()
    assert len(said) == 1
    again.change(replace(again.project, notes="more"))
    again.keep_candidate("run-1", 0, {})
    again.flush()
    again.save()
    again.close()
    assert load_project(tmp_path / "a.heliid").notes == "more"


def test_two_unequal_projects_are_compared_and_equal_ones_too(tmp_path):
    save_project(project("edited"), tmp_path / "a.heliid")
    leave_a_crash(tmp_path / "a.heliid", tmp_path / "state", "edited")
    (found,) = sessions.leftovers(tmp_path / "state")
    assert sessions.compare(found) == ("There is no difference.",)


def test_a_file_that_another_window_has_is_not_saved_over(tmp_path):
    save_project(project("a"), tmp_path / "a.heliid")
    save_project(project("b"), tmp_path / "b.heliid")
    other = ProjectLock(tmp_path / "b.heliid")
    other.path.write_text('{"pid": 1, "host": "elsewhere"}')
    session = Session.open(tmp_path / "a.heliid", folder=tmp_path / "state")
    with pytest.raises(ProjectFileError, match=r"b\.heliid is open in another window"):
        session.save(tmp_path / "b.heliid")
    assert load_project(tmp_path / "b.heliid").notes == "b"
    session.close()


def test_a_save_as_that_fails_gives_the_lock_back(tmp_path, monkeypatch):
    session = Session.new(folder=tmp_path / "state")
    session.change(project("a"))

    def full(*_args, **_options):
        raise ProjectFileError("The project could not be saved (No space left on device).")

    monkeypatch.setattr(sessions, "save_project", full)
    with pytest.raises(ProjectFileError, match="No space left"):
        session.save(tmp_path / "a.heliid")
    assert not list(tmp_path.glob(".*.lock"))
    assert session.path is None
    assert session.is_modified
    session.close()


def test_the_users_own_folder_is_used_and_nothing_there_is_no_error(monkeypatch, tmp_path):
    import platformdirs

    monkeypatch.setattr(platformdirs, "user_state_dir", lambda *_a, **_k: str(tmp_path))
    assert sessions.state_folder() == tmp_path / "recovery"
    assert sessions.leftovers() == ()
    session = Session.new()
    session.close()
    assert list((tmp_path / "recovery").iterdir()) == []

    def broken(*_args):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(sessions, "find_leftovers", broken)
    assert sessions.leftovers() == ()


def test_what_was_recovered_is_not_given_up_while_it_cannot_be_kept_anew(tmp_path, monkeypatch):
    save_project(project("saved"), tmp_path / "a.heliid")
    leave_a_crash(tmp_path / "a.heliid", tmp_path / "state")
    (found,) = sessions.leftovers(tmp_path / "state")

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Journal, "record_edit", full)
    again = Session.recover(found, folder=tmp_path / "state")
    monkeypatch.undo()
    assert again.project.notes == "edited"
    assert again.found is not None
    (kept,) = sessions.leftovers(tmp_path / "state")
    assert sessions.compare(kept) == ("The notes have changed.",)
    again.close()


def test_save_as_moves_the_lock_along(tmp_path):
    save_project(project("a"), tmp_path / "a.heliid")
    session = Session.open(tmp_path / "a.heliid", folder=tmp_path / "state")
    session.save(tmp_path / "b.heliid")
    assert [path.name for path in tmp_path.glob(".*.lock")] == [".b.heliid.lock"]
    session.close()
    assert not list(tmp_path.glob(".*.lock"))


def test_the_comparison_names_runs_that_are_new_changed_or_gone(tmp_path):
    run = Run("run-1", "first", "2026", {}, {})
    old = replace(project("a"), runs=(run, replace(run, key="run-2", name="second")))
    new = replace(old, runs=(replace(run, starred=True), replace(run, key="run-3", name="third")))
    assert list(sessions.differences(old, new)) == [
        "New run: third.", "Missing run: second.", "Changed run: first.",
    ]  # fmt: skip


def test_an_edit_gets_into_the_journal_by_itself(tmp_path):
    session = Session.new(folder=tmp_path / "state", autosave_s=0.01)
    session.change(project("soon"))
    assert session._journal is not None
    until = time.monotonic() + 20.0
    found = None
    while found is None and time.monotonic() < until:
        time.sleep(0.02)
        found = sessions.journals._inspect(session._journal.path)
    assert found is not None
    session.close()


def test_what_waits_when_the_journal_goes_is_dropped(tmp_path):
    session = Session.new(folder=tmp_path / "state", autosave_s=60.0)
    session.keep_candidate("run-1", 0, {"cost": 1.0})
    journal, session._journal = session._journal, None
    session.flush()
    session._journal = journal
    session.close()
    assert sessions.leftovers(tmp_path / "state") == ()


def test_a_save_that_fails_leaves_lock_edits_and_journal(tmp_path, monkeypatch):
    save_project(project("a"), tmp_path / "a.heliid")
    session = Session.open(tmp_path / "a.heliid", folder=tmp_path / "state")
    session.change(project("b"))

    def full(*_args, **_options):
        raise ProjectFileError("The project could not be saved (No space left on device).")

    monkeypatch.setattr(sessions, "save_project", full)
    with pytest.raises(ProjectFileError, match="No space left"):
        session.save()
    assert session.is_modified
    assert [path.name for path in tmp_path.glob(".*.lock")] == [".a.heliid.lock"]
    session.close()
