"""The one routine that writes files: whole or not at all, on every kind of file system."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from heliid import atomic


def parts(folder):
    return [path.name for path in folder.iterdir() if path.name.endswith(".part")]


def test_text_and_json_are_written_whole(tmp_path):
    atomic.write_text(tmp_path / "new" / "a.txt", "höhe\r\n")
    assert (tmp_path / "new" / "a.txt").read_bytes() == "höhe\r\n".encode()
    atomic.write_json(tmp_path / "a.json", {"x": 0.1})
    assert (tmp_path / "a.json").read_text() == '{\n "x": 0.1\n}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        atomic.write_json(tmp_path / "a.json", float("nan"))
    assert (tmp_path / "a.json").read_text() == '{\n "x": 0.1\n}\n'


def test_a_new_file_has_the_users_mode_and_an_old_one_keeps_its_own(tmp_path):
    before = os.umask(0o027)
    try:
        atomic.write_text(tmp_path / "a", "1")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640
    (tmp_path / "a").chmod(0o604)
    atomic.write_text(tmp_path / "a", "2")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o604


def test_a_link_is_followed(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "a").write_text("old")
    (tmp_path / "a").symlink_to(tmp_path / "there" / "a")
    atomic.write_text(tmp_path / "a", "new", backup=True)
    assert (tmp_path / "a").is_symlink()
    assert (tmp_path / "there" / "a").read_text() == "new"
    assert (tmp_path / "there" / "a.bak").read_text() == "old"


def test_the_generation_before_takes_no_space(tmp_path):
    atomic.write_text(tmp_path / "a", "one", backup=True)
    assert not (tmp_path / "a.bak").exists()
    inode = (tmp_path / "a").stat().st_ino
    atomic.write_text(tmp_path / "a", "two", backup=True)
    assert (tmp_path / "a.bak").stat().st_ino == inode
    assert (tmp_path / "a.bak").read_text() == "one"


def test_a_save_that_failed_behind_the_backup_is_followed_by_a_good_one(tmp_path):
    """The backup is then another name of the very file that is backed up again."""

    class NoRename(atomic.FileOps):
        def rename(self, source, target):
            raise OSError(errno.EIO, "Input/output error")

    atomic.write_text(tmp_path / "a", "one")
    with pytest.raises(OSError, match="Input/output"):
        atomic.write_file(
            tmp_path / "a", lambda file: atomic.write_all(file, b"two"), backup=True,
            ops=NoRename(),
        )  # fmt: skip
    assert ((tmp_path / "a").read_text(), (tmp_path / "a.bak").read_text()) == ("one", "one")
    atomic.write_text(tmp_path / "a", "three", backup=True)
    assert ((tmp_path / "a").read_text(), (tmp_path / "a.bak").read_text()) == ("three", "one")
    assert parts(tmp_path) == []


def test_without_links_the_backup_is_a_copy(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    atomic.write_text(tmp_path / "a", "one")
    atomic.write_text(tmp_path / "a", "two", backup=True)
    assert (tmp_path / "a.bak").read_text() == "one"
    assert (tmp_path / "a.bak").stat().st_ino != (tmp_path / "a").stat().st_ino
    assert parts(tmp_path) == []


def test_an_error_of_the_writer_leaves_nothing_behind(tmp_path):
    atomic.write_text(tmp_path / "a", "old")

    def write(file):
        file.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        atomic.write_file(tmp_path / "a", write)
    assert (tmp_path / "a").read_text() == "old"
    assert parts(tmp_path) == []


def test_a_temporary_file_that_cannot_be_removed_does_not_hide_the_error(tmp_path):
    class Stuck(atomic.FileOps):
        def sync(self, file):
            raise OSError(errno.ENOSPC, "No space left on device")

        def remove(self, path):
            raise OSError(errno.EIO, "Input/output error")

    with pytest.raises(OSError, match="No space left"):
        atomic.write_file(tmp_path / "a", lambda file: None, ops=Stuck())


def test_what_a_killed_save_left_is_removed_and_nothing_else(tmp_path):
    for name in (".a.x1.part", ".a.bak.77.part", ".b.x1.part", "a.part"):
        (tmp_path / name).write_text("")
    (tmp_path / ".a.folder.part").mkdir()  # cannot be unlinked: left, not an error
    atomic.remove_leftovers(tmp_path / "a")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".a.folder.part", ".b.x1.part", "a.part",
    ]  # fmt: skip


def test_where_folders_cannot_be_opened_there_is_nothing_to_sync(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(os, "open", lambda *a: opened.append(a))
    monkeypatch.setattr(atomic.os, "name", "nt")
    atomic.FileOps().sync_folder(tmp_path)
    monkeypatch.undo()
    assert opened == []


def test_content_and_folder_are_on_the_disk_before_a_save_returns(tmp_path, monkeypatch):
    asked: list[str] = []

    def note(handle: int) -> None:
        found = os.fstat(handle)
        asked.append("folder" if stat.S_ISDIR(found.st_mode) else f"{found.st_size} bytes")

    monkeypatch.setattr(os, "fsync", note)
    n_open = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else 0
    atomic.write_text(tmp_path / "a.txt", "x" * 1000)
    assert asked == ["1000 bytes", "folder"]
    if n_open:
        assert len(os.listdir("/proc/self/fd")) == n_open


def test_the_users_mask_is_as_it_was(tmp_path):
    before = os.umask(0o027)
    try:
        atomic.write_text(tmp_path / "new.txt", "x")
        assert stat.S_IMODE((tmp_path / "new.txt").stat().st_mode) == 0o640
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)


def test_the_rest_of_a_backup_that_was_cut_short_is_in_nobodys_way(tmp_path):
    path = tmp_path / "a.txt"
    atomic.write_text(path, "old")
    (tmp_path / f".a.txt.bak.{os.getpid()}.part").write_text("half of")
    old = path.stat().st_ino
    atomic.write_text(path, "new", backup=True)
    assert (tmp_path / "a.txt.bak").stat().st_ino == old  # the very file, not a copy of it
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.txt", "a.txt.bak"]
