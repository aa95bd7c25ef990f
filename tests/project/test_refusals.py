"""Every way in which a project, a journal or a lock can be wrong is answered in one sentence."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import struct
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from heliid.errors import ProjectFileError
from heliid.project import Project, load_project, save_project
from heliid.project import container as containers
from heliid.project.arrays import ArrayError, from_npy, to_npy
from heliid.project.container import container_bytes, read_container
from heliid.project.document import MIGRATIONS, project_entries
from heliid.project.journal import (
    Journal,
    Leftover,
    discard_leftover,
    find_leftovers,
    recover,
    renamed,
)
from heliid.project.lock import ProjectLock
from heliid.project.processes import identity, is_running
from heliid.project.session import Session

from .test_project_file import content, make_project, rebuilt

ONE = "project.json"


def refusal(data: bytes) -> str:
    with pytest.raises(ProjectFileError) as caught:
        load_project(data)
    text = str(caught.value)
    assert "\n" not in text
    return text


def with_manifest(change) -> bytes:
    """A whole container whose manifest went through ``change(its plain data)``."""

    def edit(items):
        out = []
        for info, data in items:
            if info.filename == "manifest.json":
                data = json.dumps(change(json.loads(data))).encode()
            out.append((info, data))
        return out

    return rebuilt(edit)


def without(name: str) -> bytes:
    return rebuilt(lambda items: [(i, d) for i, d in items if i.filename != name])


# ---- the container -------------------------------------------------------------------------


def test_a_container_tells_its_entries_and_verifies_them():
    with read_container(container_bytes(content(make_project())), "mine") as found:
        assert set(found.names) == set(content(make_project()))
        found.verify()
        with pytest.raises(ProjectFileError, match="'runs/x' is missing"):
            found.read("runs/x")


def test_a_file_that_cannot_be_read_is_said(tmp_path):
    with pytest.raises(ProjectFileError, match=r"cannot be read \(No such file"):
        load_project(tmp_path / "none.heliid")
    (tmp_path / "folder.heliid").mkdir()
    with pytest.raises(ProjectFileError, match=r"cannot be read \(Is a directory"):
        load_project(tmp_path / "folder.heliid")


def test_a_file_that_is_too_large_is_refused_unread(tmp_path, monkeypatch):
    path = tmp_path / "a.heliid"
    save_project(make_project(), path)
    monkeypatch.setattr(containers, "MAX_TOTAL", path.stat().st_size)
    assert content(load_project(path)) == content(make_project())
    monkeypatch.setattr(containers, "MAX_TOTAL", path.stat().st_size - 1)
    with pytest.raises(ProjectFileError, match="at most 4 can be read"):
        load_project(path)


def test_a_project_without_a_manifest_is_refused():
    assert "its manifest is missing" in refusal(without("manifest.json"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m: [m], "not that of a HeliID project"),
        (lambda m: {**m, "format": "other"}, "not that of a HeliID project"),
        (lambda m: {**m, "schema": "1"}, "names no schema"),
        (lambda m: {**m, "schema": True}, "names no schema"),
        (lambda m: {**m, "schema": 0}, "names no schema"),
        (lambda m: {**m, "entries": []}, "lists no entries"),
        (lambda m: {**m, "entries": {ONE: 1}}, "does not fit the entry"),
        (lambda m: {**m, "entries": {ONE: {"sha256": 1, "size": 1}}}, "does not fit"),
        (lambda m: {**m, "entries": {ONE: {"sha256": "a", "size": "1"}}}, "does not fit"),
        (lambda m: {**m, "entries": {ONE: {"sha256": "a", "size": 1}}}, "does not fit"),
    ],
)  # fmt: skip
def test_a_manifest_that_makes_no_sense_is_refused(change, words):
    assert words in refusal(with_manifest(change))


@pytest.mark.parametrize("oldest", [None, "1", True, 0, containers.SCHEMA + 1])
def test_a_newer_file_that_does_not_say_it_can_be_read_is_refused(oldest):
    newer = {"schema": containers.SCHEMA + 1, "oldest_reader": oldest}
    assert "newer HeliID" in refusal(with_manifest(lambda m: {**m, **newer}))


def newer_project(**manifest) -> bytes:
    newer = {"schema": containers.SCHEMA + 1, "oldest_reader": containers.SCHEMA}
    return with_manifest(lambda m: {**m, **newer, "app_version": "9.1", **manifest})


def test_a_newer_file_that_can_be_read_is_read_and_never_written(tmp_path):
    project = load_project(newer_project())
    assert project.newer == "9.1"
    assert content(project) == content(make_project())
    with pytest.raises(ProjectFileError, match=r"newer HeliID \(9\.1\) wrote it, and this one may"):
        save_project(project, tmp_path / "a.heliid")
    assert not list(tmp_path.iterdir())
    assert load_project(newer_project(app_version=None)).newer == "of later"
    assert load_project(container_bytes(content(make_project()))).newer == ""


def test_a_file_of_today_need_not_say_who_can_read_it():
    def silent(manifest):
        del manifest["oldest_reader"]
        return manifest

    assert content(load_project(with_manifest(silent))) == content(make_project())


def test_a_window_shows_a_newer_project_and_says_why_it_is_read_only(tmp_path):
    path = tmp_path / "a.heliid"
    path.write_bytes(newer_project())
    before = path.read_bytes()
    session = Session.open(path, folder=tmp_path / "state")
    assert session.is_read_only
    assert session.why_read_only == "a newer HeliID (9.1) wrote it; update HeliID to change it"
    session.change(Project(notes="edited"))
    for place in (None, tmp_path / "b.heliid"):
        with pytest.raises(ProjectFileError, match="update HeliID to change it"):
            session.save(place)
    session.close()
    assert path.read_bytes() == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.heliid"]


def test_keys_of_a_later_version_stay_where_they_were(tmp_path):
    entries = content(make_project())
    body = json.loads(entries["project.json"])
    body["records"][0]["wind"] = [1.5]
    body["runs"][0]["approved_by"] = "nobody"
    first = load_project(container_bytes({**entries, "project.json": json.dumps(body).encode()}))
    save_project(first, tmp_path / "a.heliid")
    again = json.loads(content(load_project(tmp_path / "a.heliid"))["project.json"])
    assert again == body
    # an editor that knows nothing of them changes the same run
    session = Session.open(tmp_path / "a.heliid", folder=tmp_path / "state")
    run = replace(session.project.runs[0], starred=True, unknown={})
    session.change(replace(session.project, runs=(run,), unknown={}))
    session.save()
    session.close()
    body["runs"][0]["starred"] = True
    assert json.loads(content(load_project(tmp_path / "a.heliid"))["project.json"]) == body


def test_a_manifest_that_is_no_json_is_refused():
    def spoil(items):
        return [(i, b"{" if i.filename == "manifest.json" else d) for i, d in items]

    assert "in its manifest line 1" in refusal(rebuilt(spoil))


def test_an_entry_listed_but_not_there_is_refused():
    name = next(name for name in content(make_project()) if name.startswith("arrays/"))
    assert "does not fit the entry" in refusal(without(name))


def test_an_entry_with_another_hash_is_refused():
    def spoil(manifest):
        manifest["entries"]["project.json"]["sha256"] = "0" * 64
        return manifest

    assert "'project.json' has changed since it was written" in refusal(with_manifest(spoil))


def test_a_comment_is_refused():
    data = bytearray(container_bytes(content(make_project())))
    data[-2:] = struct.pack("<H", 3)
    assert "carries a comment" in refusal(bytes(data) + b"abc")


def test_no_entries_at_all_are_refused():
    assert "it lists 0 entries" in refusal(b"PK\x05\x06" + bytes(18))


def test_too_many_entries_are_refused(monkeypatch):
    n = len(content(make_project())) + 1
    monkeypatch.setattr(containers, "MAX_ENTRIES", n)
    load_project(container_bytes(content(make_project())))
    monkeypatch.setattr(containers, "MAX_ENTRIES", n - 1)
    assert f"it lists {n} entries" in refusal(container_bytes(content(make_project())))


def test_more_content_than_allowed_is_refused(monkeypatch):
    data = container_bytes(content(make_project()))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        total = sum(info.file_size for info in archive.infolist())
    monkeypatch.setattr(containers, "MAX_TOTAL", total)
    load_project(data)
    monkeypatch.setattr(containers, "MAX_TOTAL", total - 1)
    assert "declares more than 4 GiB" in refusal(data)


def directory_field(data: bytes, name: str, offset: int, form: str, value: int) -> bytes:
    """``data`` with one field of an entry's line in the ZIP directory changed."""
    out = bytearray(data)
    place = data.rindex(name.encode()) - 46
    assert data[place : place + 4] == b"PK\x01\x02"
    struct.pack_into(form, out, place + offset, value)
    return bytes(out)


@pytest.mark.parametrize(
    ("offset", "form", "value", "words"),
    [
        (8, "<H", 1, "is encrypted"),
        (10, "<H", 12, "unknown compression"),
        (38, "<I", 0o120777 << 16, "is a link"),
        (42, "<I", 0, "overlaps another"),
        (24, "<I", 5, "does not fit"),
    ],
)  # fmt: skip
def test_a_directory_that_lies_is_refused(offset, form, value, words):
    data = container_bytes(content(make_project()))
    assert words in refusal(directory_field(data, "project.json", offset, form, value))


def test_an_entry_shorter_than_it_declares_is_refused():
    data = container_bytes(content(make_project()), compact=True)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = archive.getinfo("manifest.json").file_size
    spoilt = directory_field(data, "manifest.json", 24, "<I", size + 1)
    assert "has not the size it declares" in refusal(spoilt)


def test_neighbours_may_touch_but_not_overlap():
    data = container_bytes(content(make_project()))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        start = next(i for i in archive.infolist() if i.filename == "project.json").header_offset
    assert "overlaps another" in refusal(
        directory_field(data, "project.json", 42, "<I", start - 1)
    )  # fmt: skip


def test_just_the_allowed_ratio_is_taken(monkeypatch):
    info = zipfile.ZipInfo("x")
    info.file_size, info.compress_size = containers.MAX_RATIO * 10, 10
    info.filename = "project.json"
    containers._check_entry(Path("a"), info)
    info.file_size += 1
    with pytest.raises(ProjectFileError, match="expands more than"):
        containers._check_entry(Path("a"), info)


def test_a_file_that_breaks_while_it_is_read_is_said(tmp_path, monkeypatch):
    path = tmp_path / "a.heliid"
    save_project(make_project(), path)

    def broken(*_args, **_options):
        raise OSError(5, "Input/output error")

    with read_container(path) as found:
        monkeypatch.setattr(zipfile.ZipFile, "open", broken)
        with pytest.raises(ProjectFileError, match="cannot be read"):
            found.read("project.json")


# ---- what is in it -------------------------------------------------------------------------


def body_refusal(change) -> str:
    entries = content(make_project())
    body = json.loads(entries["project.json"])
    entries["project.json"] = json.dumps(change(body)).encode()
    return refusal(container_bytes(entries))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda b: [b], "is not an object"),
        (lambda b: {k: v for k, v in b.items() if k != "runs"}, "KeyError"),
        (lambda b: {**b, "inputs": 3}, "TypeError"),
        (lambda b: {**b, "records": [{**b["records"][0], "use": "fly"}]}, "ValueError"),
        (lambda b: {**b, "records": [{**b["records"][0], "time": "arrays/none"}]}, "is missing"),
        (lambda b: {**b, "runs": [{**b["runs"][0], "config": None}]}, "TypeError"),
    ],
)
def test_content_that_does_not_fit_its_schema_is_refused(change, words):
    assert words in body_refusal(change)


def test_json_that_is_none_is_refused_with_its_entry():
    entries = content(make_project())
    entries["project.json"] = b"{"
    assert "in 'project.json' line 1" in refusal(container_bytes(entries))


def test_samples_that_are_no_array_are_refused():
    entries = content(make_project())
    name = next(name for name in entries if name.startswith("arrays/"))
    entries[name] = b"not an array"
    assert "does not begin like" in refusal(container_bytes(entries))


def test_a_record_without_channels_keeps_its_time():

    project = make_project()
    record = project.records[0].record
    bare = replace(record, values=np.zeros((record.n_samples, 0)), channels=(), trim=None)
    item = replace(project.records[0], record=bare)
    again = load_project(container_bytes(project_entries(replace(project, records=(item,)))))
    assert again.records[0].record.values.shape == (record.n_samples, 0)
    assert again.records[0].record.trim is None


def test_an_older_schema_goes_through_each_step_once(monkeypatch):
    """Migrations are pure functions n -> n + 1; this is how the next two will be applied."""
    calls = []

    def first(body):
        calls.append(1)
        return {**body, "notes": body["notes"] + " one"}

    def second(body):
        calls.append(2)
        return {**body, "notes": body["notes"] + " two"}

    data = container_bytes(content(make_project()))
    monkeypatch.setitem(MIGRATIONS, 1, first)
    monkeypatch.setitem(MIGRATIONS, 2, second)
    monkeypatch.setattr(containers, "SCHEMA", 3)
    assert load_project(data).notes == "trim looked fine one two"
    assert calls == [1, 2]
    calls.clear()
    load_project(container_bytes(content(make_project())))  # written by that schema 3
    assert calls == []


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda d: d[:9], "does not begin"),
        (lambda d: b"\x93NUMPX" + d[6:], "does not begin"),
        (lambda d: d[:6] + b"\x02\x00" + d[8:], "does not begin"),
        (lambda d: d[:10] + b"\xff" + d[11:], "not ASCII"),
        (lambda d: d[:40], "header"),
        (lambda d: d.replace(b"False", b"True "), "header"),
        (lambda d: d.replace(b"(2, 3)", b"(2 3, )"), "out of range"),
        (lambda d: d.replace(b"(2, 3), }    ", b"(1,1,1,6), } "), "out of range"),
        (lambda d: d[:-1], "47 bytes where"),
        (lambda d: d + b"\0", "49 bytes where"),
    ],
)
def test_an_array_that_is_none_is_refused(spoil, words):
    good = to_npy(np.arange(6.0).reshape(2, 3))
    with pytest.raises(ArrayError, match=words):
        from_npy(spoil(good))


def test_sizes_of_twelve_digits_are_counted_and_longer_ones_are_not():
    good = to_npy(np.arange(6.0))
    for digits, words in ((12, "48 bytes where its shape"), (13, "out of range")):
        shape = b"(" + b"9" * digits + b",), }"
        old = b"(6,), }" + b" " * (digits - 1)
        assert good.count(old) == 1
        with pytest.raises(ArrayError, match=words):
            from_npy(good.replace(old, shape))


def test_three_dimensions_and_ten_bytes_are_enough():
    cube = np.arange(8.0).reshape(2, 2, 2)
    assert from_npy(to_npy(cube)).tobytes() == cube.tobytes()
    with pytest.raises(ArrayError, match="header"):
        from_npy(b"\x93NUMPY\x01\x00\x00\x00")


# ---- the journal ---------------------------------------------------------------------------


def leftover(path: Path) -> Leftover:
    return Leftover(path, "", 0.0, 0, 0.0)


def test_a_journal_with_a_wrong_sample_is_refused(tmp_path):
    journal = Journal(tmp_path, None, owner="w")
    journal.record_edit(make_project())
    path = journal.path
    journal.close()
    with sqlite3.connect(path) as db:
        db.execute("update blob set data = x'00' where length(data) > 300")
    db.close()
    with pytest.raises(ProjectFileError, match="journal is damaged at"):
        recover(leftover(path))


def test_a_journal_that_is_rubbish_is_refused_and_not_offered(tmp_path):
    (tmp_path / "a.journal").write_bytes(b"rubbish" * 1000)
    assert find_leftovers(tmp_path) == ()
    found = leftover(tmp_path / "a.journal")
    with pytest.raises(ProjectFileError, match="journal of the unsaved project is damaged"):
        recover(found)
    with pytest.raises(ProjectFileError, match=r"journal of /flights/a\.heliid is damaged"):
        recover(replace(found, project_path="/flights/a.heliid"))


def test_a_journal_whose_candidate_is_no_json_is_refused(tmp_path):
    journal = Journal(tmp_path, None, owner="w")
    journal.record_candidate("run-1", 0, {"cost": 1})
    path = journal.path
    journal.close()
    with sqlite3.connect(path) as db:
        db.execute("update candidate set row = '{'")
    db.close()
    with pytest.raises(ProjectFileError, match="is damaged"):
        recover(leftover(path))


def test_an_edit_that_did_not_get_in_is_written_out_next_time(tmp_path):
    journal = Journal(tmp_path, None, owner="w")
    journal.record_edit(make_project(0))
    with pytest.raises(ValueError, match="not JSON compliant"):
        journal.record_edit(Project(make_project(1).records, notes="x", config={"a": float("inf")}))
    journal.record_edit(make_project(1))
    project, candidates = recover(leftover(journal.path))
    assert content(project) == content(make_project(1))
    assert candidates == {}
    journal.close(discard=True)


def test_a_journal_with_candidates_only_has_no_project(tmp_path):
    journal = Journal(tmp_path, None, owner="w")
    for number in range(2):
        journal.record_candidate("run-1", number, {"cost": number})
    project, candidates = recover(leftover(journal.path))
    assert project is None
    assert candidates == {"run-1": [{"cost": 0}, {"cost": 1}]}
    (found,) = find_leftovers(tmp_path)
    assert "and 2 scored candidates of an unsaved project" in found.sentence
    assert found.changed_at > 0.0
    assert find_leftovers(tmp_path, ignore=(journal.path,)) == ()
    journal.clear()
    assert find_leftovers(tmp_path) == ()
    journal.close(discard=True)


def test_the_sentence_says_how_much_newer_the_edits_are():
    one = Leftover(Path("x"), "/a/b.heliid", 1000.0 + 181.0, 0, 1000.0)
    assert "edits of b.heliid were kept, 3 min newer than the saved file" in one.sentence
    assert "newer" not in Leftover(Path("x"), "/a/b.heliid", 1059.0, 0, 1000.0).sentence
    assert "1 min newer" in Leftover(Path("x"), "/a/b.heliid", 1060.0, 0, 1000.0).sentence


def test_the_newest_comes_first(tmp_path):
    for owner in ("a", "b", "c"):
        journal = Journal(tmp_path, None, owner=owner)
        journal.record_edit(make_project())
        journal.close()
    at = [one.changed_at for one in find_leftovers(tmp_path)]
    assert at == sorted(at, reverse=True)
    assert len(at) == 3


def test_a_journal_of_a_living_process_is_left_alone(tmp_path):
    journal = Journal(tmp_path, None, owner="w")
    journal.record_edit(make_project())
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        with sqlite3.connect(journal.path) as db:
            db.execute("update about set value = ? where key = 'pid'", (str(child.pid),))
            db.execute("update about set value = ? where key = 'process'", (identity(child.pid),))
        db.close()
        assert find_leftovers(tmp_path) == ()
        child.kill()
    assert len(find_leftovers(tmp_path)) == 1
    journal.close(discard=True)


def test_a_journal_can_be_put_aside_many_times(tmp_path):
    found = []
    for _ in range(3):
        journal = Journal(tmp_path, None, owner="w")
        journal.record_edit(make_project())
        journal.close()
        (one,) = [x for x in find_leftovers(tmp_path) if x.path == journal.path]
        found.append(renamed(one).path)
    assert len(set(found)) == 3
    assert not journal.path.exists()
    for path in found:
        discard_leftover(path)
    assert find_leftovers(tmp_path) == ()


def test_too_many_journals_put_aside_are_said(tmp_path, monkeypatch):
    journal = Journal(tmp_path, None, owner="w")
    journal.record_edit(make_project())
    journal.close()
    (one,) = find_leftovers(tmp_path)
    monkeypatch.setattr(Path, "exists", lambda _: True)
    with pytest.raises(ProjectFileError, match="too many recovery journals"):
        renamed(one)


# ---- locks and processes -------------------------------------------------------------------


def test_a_lock_is_made_whole_and_given_back(tmp_path):
    lock = ProjectLock(tmp_path / "a.heliid")
    assert lock.acquire()
    assert json.loads(lock.path.read_text())["pid"] == os.getpid()
    assert [path.name for path in tmp_path.iterdir()] == [".a.heliid.lock"]
    lock.release()
    lock.release()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"pid": "x", "host": "y"}'])
def test_a_lock_that_makes_no_sense_is_taken_over(tmp_path, text):
    lock = ProjectLock(tmp_path / "a.heliid")
    lock.path.write_text(text)
    assert lock.acquire()
    lock.release()


def test_a_lock_of_a_process_that_died_here_is_taken_over(tmp_path):
    from heliid.project.processes import host

    lock = ProjectLock(tmp_path / "a.heliid")
    lock.path.write_text(json.dumps({"pid": 2**22 + 1, "host": host()}))
    assert lock.acquire()
    lock.release()
    lock.path.write_text(json.dumps({"pid": os.getpid(), "host": host(), "process": identity()}))
    assert not lock.acquire()


def test_a_lock_of_another_machine_is_respected(tmp_path):
    lock = ProjectLock(tmp_path / "a.heliid")
    lock.path.write_text(json.dumps({"pid": 1, "host": "elsewhere"}))
    assert not lock.acquire()
    assert lock.holder == "process 1 on elsewhere"
    lock.release()
    assert lock.path.exists()


def test_a_lock_that_comes_back_at_once_is_respected(tmp_path, monkeypatch):
    lock = ProjectLock(tmp_path / "a.heliid")
    lock.path.write_text("{")
    monkeypatch.setattr(Path, "unlink", lambda *_a, **_k: None)  # another took it over first
    assert not lock.acquire()


def test_a_folder_that_cannot_be_written_holds_no_lock(tmp_path):
    (tmp_path / "file").write_text("")
    lock = ProjectLock(tmp_path / "file" / "a.heliid")
    assert lock.acquire()
    assert not lock.is_held


def test_a_file_system_without_links_has_locks_too(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    lock, other = (ProjectLock(tmp_path / "a.heliid") for _ in range(2))
    assert lock.acquire()
    assert json.loads(lock.path.read_text())["pid"] == os.getpid()
    assert not other.acquire()
    lock.release()


def test_which_processes_live(monkeypatch):
    assert not is_running(0)
    assert not is_running(-5)
    assert is_running(os.getpid())
    assert is_running(os.getpid(), identity())
    assert not is_running(os.getpid(), "another boot 7")
    assert identity(2**22 + 1) == ""
    assert not is_running(2**22 + 1)

    def not_ours(*_):
        raise PermissionError

    monkeypatch.setattr(os, "kill", not_ours)
    assert is_running(1)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda b: b["records"][0]["channels"][1].update(name={"x": None}), "the 'name' of a row"),
        (lambda b: b["records"][0]["channels"].__setitem__(0, "q"), "names and values are wanted"),
        (lambda b: b["records"][1]["source"].update(sha256=7), "the 'sha256' of a row is '7'"),
    ],
)
def test_values_of_another_kind_are_refused_by_name(spoil, words):
    def change(body):
        spoil(body)
        return body

    assert words in body_refusal(change)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("[1]", "names and values are wanted"),
        ('{"genome": [1, "x"]}', "the 'genome' of a row"),
        ('{"genome": 3}', "the 'genome' of a row"),
        ('{"n_parameters": true}', "the 'n_parameters' of a row"),
        ('{"n_parameters": 1.5}', "the 'n_parameters' of a row"),
        ('{"cost": "0.5"}', "the 'cost' of a row"),
        ('{"diverged": 1}', "the 'diverged' of a row"),
        ('{"reason": null}', "the 'reason' of a row"),
    ],
)
def test_candidates_of_another_kind_are_refused_by_name(row, words):
    entries = content(make_project())
    name = next(name for name in entries if name.endswith(".jsonl"))
    assert words in refusal(container_bytes({**entries, name: f"{row}\n".encode()}))


def test_a_candidate_may_have_no_cost_and_keys_of_later():
    entries = content(make_project())
    name = next(name for name in entries if name.endswith(".jsonl"))
    row = {"index": 1, "cost": None, "nrmse": 2, "genome": [1, 2], "diverged": True, "later": {}}
    found = load_project(container_bytes({**entries, name: json.dumps(row).encode()}))
    assert found.runs[0].candidates == (row,)


# ---- what a journal and a save leave behind --------------------------------------------------


def test_a_journal_that_was_emptied_takes_the_same_samples_again(tmp_path):
    journal = Journal(tmp_path, None, owner="w")
    project = make_project(3)
    journal.record_edit(project)
    journal.clear()
    journal.record_edit(project)
    found, _ = recover(leftover(journal.path))
    assert found is not None
    assert content(found) == content(project)
    journal.close()


def test_samples_that_could_not_be_kept_are_written_out_next_time(tmp_path, monkeypatch):
    journal = Journal(tmp_path, None, owner="w")
    project = make_project(3)

    def full(*_):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(journal, "_keep", full)
    with pytest.raises(sqlite3.OperationalError):
        journal.record_edit(project)
    monkeypatch.undo()
    journal.record_edit(project)
    found, _ = recover(leftover(journal.path))
    assert found is not None
    assert content(found) == content(project)
    journal.close()


def test_a_journal_syncs_fully_says_whose_it_is_and_keeps_one_state(tmp_path):
    journal = Journal(tmp_path, None, owner="w")
    for seed in range(3):
        journal.record_edit(make_project(seed))
    assert journal._db.execute("pragma synchronous").fetchone() == (2,)
    assert journal._db.execute("select count(*) from snapshot").fetchone() == (1,)
    about = dict(journal._db.execute("select key, value from about"))
    assert (about["pid"], about["process"]) == (str(os.getpid()), identity())
    journal.close()


def test_a_save_removes_what_a_killed_one_left(tmp_path):
    path = tmp_path / "a.heliid"
    (tmp_path / ".a.heliid.x1y2.part").write_bytes(b"half")
    save_project(make_project(), path)
    assert [one.name for one in tmp_path.iterdir()] == ["a.heliid"]


def test_an_entry_that_nothing_names_is_verified_too():
    entries = content(make_project())
    name = f"arrays/{'0' * 64}.npy"
    entries[name] = to_npy(np.zeros(3))
    load_project(container_bytes(entries))
    data = bytearray(container_bytes(entries, compact=False))
    data[data.index(to_npy(np.zeros(3))) + len(to_npy(np.zeros(3))) - 1] ^= 1
    assert f"'{name}'" in refusal(bytes(data))


def test_samples_already_kept_are_named_and_not_written_out():
    from weakref import WeakKeyDictionary

    known = WeakKeyDictionary()
    project = make_project()
    first = project_entries(project, known)
    second = project_entries(project, known)
    assert second.keys() == first.keys() == content(project).keys()
    arrays = [name for name in second if name.startswith("arrays/")]
    assert arrays
    assert all(second[name] is None for name in arrays)
