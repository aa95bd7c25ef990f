"""The trials of docs/safety.md that run programs of their own, each with a count of seconds."""

from __future__ import annotations

import errno
import shutil
import subprocess

import pytest

from benchmarks.torture import calls, disk, files, machine, mutants, searches, window

pytestmark = pytest.mark.slow


def test_power_lost_behind_any_operation_leaves_a_project_that_opens():
    assert "all open" in files.power_loss(release=False)


@pytest.mark.skipif(not (shutil.which("gcc") or shutil.which("cc")), reason="no C compiler")
def test_every_call_of_the_c_library_may_fail_with_a_full_disk():
    assert "failed calls" in calls.every_call((errno.ENOSPC,))


def test_an_allocation_that_fails_is_answered():
    pytest.importorskip("_testcapi")
    assert machine.no_memory_for(10).count("10 failed allocations answered") == 3


def test_a_program_killed_in_a_search_goes_on_with_the_same_bits():
    assert "bitwise equal" in searches.kill_programs(1)


@pytest.mark.parametrize("name", ["container", "manifest", "model", "array", files.SLOW])
def test_mutated_files_are_refused_or_read_and_nothing_else(name):
    program = files._fuzzer(name, 300)
    said, _ = program.communicate(timeout=300)
    assert program.returncode == 0, said
    assert f"{name} 300" in said


@pytest.mark.gui
def test_no_process_outlives_a_killed_window():
    assert "gone within 5 s" in window.kill_windows(1)


@pytest.mark.gui
def test_a_short_monkey_raises_nothing_and_leaves_a_project_that_opens():
    said = window._run("monkey", 60, 1, 120)
    assert said["actions"] >= 1
    assert said["exceptions"] == []
    assert said["warnings"] == []
    assert said["project"] == "opens"


@pytest.mark.gui
def test_search_after_search_leaves_no_files_or_threads_behind():
    said = window._run("soak", 60, 1, 2)
    assert said["searches"] >= 1
    assert said["exceptions"] == []
    for kind, room in (("files", 8), ("threads", 3)):
        first, last = said[kind]
        assert last <= first + room, (kind, said)
    assert said["none_change"] > -1000


def test_a_fault_in_a_guard_is_noticed(tmp_path):
    root = mutants._copy(tmp_path)
    path = "heliid/strict_json.py"
    text = (root / path).read_text(encoding="utf-8")
    assert not mutants._is_noticed(root, path, text)
    words, fault = next(one for one in mutants.mutants(text) if "refusal" in one[0])
    assert mutants._is_noticed(root, path, fault), words


def can_mount() -> bool:
    """Whether this machine lets a user make a file system of its own."""
    try:
        with_mount = ["unshare", "-rm", "mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", "/mnt"]
        return subprocess.run(with_mount, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@pytest.mark.skipif(not can_mount(), reason="needs unshare and mount")
def test_a_full_disk_breaks_neither_project_nor_journal_nor_log():
    assert "nothing broken" in disk.fill_disks((8, 48), ("project", "journal", "log"))
