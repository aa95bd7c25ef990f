"""A project is saved whole or not at all, and damage is noticed."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from heliid import atomic
from heliid.data.campaign import Use
from heliid.data.record import Channel, FlightRecord, Source, StepDone
from heliid.errors import ProjectFileError
from heliid.project import (
    Project,
    ProjectRecord,
    Run,
    load_project,
    save_project,
)
from heliid.project.arrays import ArrayError, from_npy, to_npy
from heliid.project.document import project_entries
from heliid.project.journal import Journal, find_leftovers, recover
from heliid.project.lock import ProjectLock


def make_record(seed: int = 0, n: int = 40) -> FlightRecord:
    rng = np.random.default_rng(seed)
    return FlightRecord(
        name=f"run {seed}",
        time=np.arange(n) * 0.02,
        values=rng.normal(size=(n, 2)),
        channels=(Channel.of("delta_lon", "%"), Channel.of("q", "deg/s")),
        source=Source("a.csv", "0" * 64, "/somewhere/a.csv"),
        history=(StepDone("crop", (("first", 0), ("last", 40))),),
        trim=np.array([1.0, 2.0]),
    )


def make_project(seed: int = 0) -> Project:
    return Project(
        records=(
            ProjectRecord("r1", make_record(seed), Use.TRAIN, ({"kind": "despike"},)),
            ProjectRecord("r2", make_record(seed + 1), regions=((0.0, 0.4, Use.TEST),)),
        ),
        inputs=("delta_lon",),
        outputs=("q",),
        config={"seed": seed, "search": "ais"},
        runs=(
            Run(
                "run-1",
                "first",
                "2026-01-01T00:00:00Z",
                {"seed": seed},
                {"records": []},
                candidates=({"index": 0, "cost": 0.5}, {"index": 1, "cost": 0.25}),
            ),
        ),
        layout={"view": "evolve"},
        notes="trim looked fine",
        unknown={"from_the_future": [1, 2]},
    )


def content(project: Project) -> dict[str, bytes]:
    return project_entries(project)


def test_saving_and_opening_gives_the_same_project(tmp_path: Path) -> None:
    project = make_project()
    path = tmp_path / "a.heliid"
    save_project(project, path)
    again = load_project(path)
    assert content(again) == content(project)
    assert again.unknown == {"from_the_future": [1, 2]}
    assert np.array_equal(again.records[0].record.values, project.records[0].record.values)


def test_compact_holds_the_same_content(tmp_path: Path) -> None:
    save_project(make_project(), tmp_path / "a.heliid", compact=True)
    assert content(load_project(tmp_path / "a.heliid")) == content(make_project())


def test_saving_over_a_project_keeps_one_backup(tmp_path: Path) -> None:
    path = tmp_path / "a.heliid"
    save_project(make_project(0), path)
    save_project(make_project(7), path)
    assert content(load_project(path)) == content(make_project(7))
    assert content(load_project(tmp_path / "a.heliid.bak")) == content(make_project(0))


class FailingOps(atomic.FileOps):
    """Fails the n-th system call with one error number; remembers the order of all."""

    def __init__(self, n: int, number: int) -> None:
        self.left, self.number, self.calls = n, number, []

    def _count(self, name: str) -> None:
        self.calls.append(name)
        self.left -= 1
        if self.left == 0:
            raise OSError(self.number, os.strerror(self.number))

    def make_temporary(self, folder, prefix):
        self._count("make_temporary")
        return super().make_temporary(folder, prefix)

    def sync(self, file):
        self._count("sync")
        super().sync(file)

    def rename(self, source, target):
        self._count("rename")
        super().rename(source, target)

    def sync_folder(self, folder):
        self._count("sync_folder")
        super().sync_folder(folder)

    def copy(self, source, target):
        self._count("copy")
        super().copy(source, target)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS])
def test_every_failing_call_leaves_the_old_or_the_new_file(tmp_path: Path, number: int) -> None:
    path = tmp_path / "a.heliid"
    save_project(make_project(0), path)
    old, new = content(make_project(0)), content(make_project(3))
    for n in range(1, 20):
        ops = FailingOps(n, number)
        try:
            save_project(make_project(3), path, ops=ops)
        except ProjectFileError as error:
            assert f"could not be saved ({os.strerror(number)})" in str(error)
            assert content(load_project(path)) in (old, new)
            assert not list(tmp_path.glob("*.part")), "the temporary file stayed"
            save_project(make_project(0), path)
        else:
            assert ops.calls == ["make_temporary", "sync", "copy", "rename", "sync_folder"]
            return
    pytest.fail("the save never passed")


def test_the_rename_comes_after_the_sync(tmp_path: Path) -> None:
    ops = FailingOps(0, 0)
    save_project(make_project(), tmp_path / "a.heliid", ops=ops)
    assert ops.calls.index("sync") < ops.calls.index("rename") < ops.calls.index("sync_folder")


SAVER = """
import sys, time
sys.path.insert(0, sys.argv[2])
from tests.project.test_project_file import make_project
from heliid.project import save_project
print("ready", flush=True)
i = 0
while True:
    save_project(make_project(i % 2), sys.argv[1]); i += 1
"""


@pytest.mark.slow
def test_a_save_killed_at_any_moment_leaves_a_whole_project(tmp_path: Path) -> None:
    path, root = tmp_path / "a.heliid", str(Path(__file__).resolve().parents[2])
    save_project(make_project(0), path)
    wanted = (content(make_project(0)), content(make_project(1)))
    rng = random.Random(5)
    for _ in range(6):
        child = subprocess.Popen(
            [sys.executable, "-c", SAVER, str(path), root], stdout=subprocess.PIPE, cwd=root
        )
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(rng.uniform(0.0, 0.05))
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        assert content(load_project(path)) in wanted


def test_every_bit_flip_is_noticed_or_harmless(tmp_path: Path) -> None:
    path = tmp_path / "a.heliid"
    save_project(make_project(), path)
    good, wanted = path.read_bytes(), content(make_project())
    rng = random.Random(1)
    for _ in range(400):
        bit = rng.randrange(8 * len(good))
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << (bit % 8)
        try:
            project = load_project(bytes(bad))
        except ProjectFileError:
            continue
        assert content(project) == wanted, f"bit {bit} changed the project silently"


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.heliid"
    save_project(make_project(), path)
    good = path.read_bytes()
    for length in [0, 1, 10, *range(50, len(good), len(good) // 100)]:
        with pytest.raises(ProjectFileError, match="cannot be opened"):
            load_project(good[:length])


def rebuilt(change) -> bytes:
    """A project container whose ZIP entries went through ``change(list of (info, data))``."""
    from heliid.project.container import container_bytes

    with zipfile.ZipFile(io.BytesIO(container_bytes(content(make_project())))) as archive:
        items = [(info, archive.read(info)) for info in archive.infolist()]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for info, data in change(items):
            archive.writestr(info, data)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "name", ["../evil.npy", "/etc/passwd", "arrays/x.npy", "C:\\a", "a" * 9000]
)
def test_foreign_entry_names_are_refused(name: str) -> None:
    data = rebuilt(lambda items: [*items, (zipfile.ZipInfo(name), b"x")])
    with pytest.raises(ProjectFileError, match="not one of a project"):
        load_project(data)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_entry_that_stands_twice_is_refused() -> None:
    with pytest.raises(ProjectFileError, match="stands twice"):
        load_project(rebuilt(lambda items: [*items, items[-1]]))


def test_a_zip_bomb_is_refused_before_it_is_read() -> None:
    info = zipfile.ZipInfo("arrays/" + "0" * 64 + ".npy")
    info.compress_type = zipfile.ZIP_DEFLATED
    data = rebuilt(lambda items: [*items, (info, b"\0" * 20_000_000)])
    start = time.process_time()
    with pytest.raises(ProjectFileError, match="expands more than"):
        load_project(data)
    assert time.process_time() - start < 1.0


def test_an_unlisted_entry_is_refused() -> None:
    info = zipfile.ZipInfo("arrays/" + "0" * 64 + ".npy")
    with pytest.raises(ProjectFileError, match="does not list"):
        load_project(rebuilt(lambda items: [*items, (info, b"abc")]))


def test_a_newer_schema_is_said() -> None:
    def newer(items):
        def lift(data):
            for key in (b'"schema": ', b'"oldest_reader": '):
                data = data.replace(key + b"1", key + b"99")
            return data

        return [(i, lift(d) if i.filename == "manifest.json" else d) for i, d in items]

    with pytest.raises(ProjectFileError, match="newer HeliID"):
        load_project(rebuilt(newer))


def test_a_text_file_is_not_a_project(tmp_path: Path) -> None:
    path = tmp_path / "a.heliid"
    path.write_text("time [s],q\n0,1\n")
    with pytest.raises(ProjectFileError, match="not a HeliID project"):
        load_project(path)


def test_arrays_come_back_bit_for_bit() -> None:
    for array in (np.array([5e-324, 1.8e308, -0.0]), np.zeros((0, 3)), np.eye(3)):
        again = from_npy(to_npy(array))
        assert again.tobytes() == array.tobytes()
        assert again.shape == array.shape


def test_numpy_reads_our_arrays(tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(to_npy(np.arange(6.0).reshape(2, 3)))
    assert np.array_equal(np.load(tmp_path / "a.npy"), np.arange(6.0).reshape(2, 3))


def test_an_array_that_promises_too_much_is_refused_without_allocating() -> None:
    good = to_npy(np.zeros((2, 3)))
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999, 99999), }\n"
    lie = good[:8] + len(header).to_bytes(2, "little") + header + bytes(48)
    with pytest.raises(ArrayError, match="48 bytes where its shape"):
        from_npy(lie)
    with pytest.raises(ArrayError, match="header"):
        from_npy(good.replace(b"<f8", b"|O8"))


def test_the_journal_brings_back_the_last_edit(tmp_path: Path) -> None:
    saved = tmp_path / "a.heliid"
    save_project(make_project(0), saved)
    code = (
        "import sys, os\nsys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from tests.project.test_project_file import make_project\n"
        "from heliid.project.journal import Journal\n"
        "j = Journal(Path(sys.argv[2]), Path(sys.argv[3]))\n"
        "j.record_edit(make_project(4)); j.record_edit(make_project(5))\n"
        "j.record_candidate('run-2', 0, {'cost': 0.5})\n"
        "j.record_candidate('run-2', 1, {'cost': 1})\n"
        "os.kill(os.getpid(), 9)\n"
    )
    root = str(Path(__file__).resolve().parents[2])
    subprocess.run(
        [sys.executable, "-c", code, root, str(tmp_path / "state"), str(saved)],
        cwd=root,
        check=False,
    )
    (leftover,) = find_leftovers(tmp_path / "state")
    assert leftover.n_candidates == 2
    assert "a.heliid" in leftover.sentence
    project, candidates = recover(leftover)
    assert project is not None
    assert content(project) == content(make_project(5))
    assert candidates == {"run-2": [{"cost": 0.5}, {"cost": 1}]}


def test_a_clean_close_leaves_no_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path, None, owner="window 1")
    journal.record_edit(make_project())
    journal.close(discard=True)
    assert find_leftovers(tmp_path) == ()
    assert not list(tmp_path.iterdir())


def test_the_lock_keeps_a_second_window_out_and_outlives_no_one(tmp_path: Path) -> None:
    path = tmp_path / "a.heliid"
    code = (
        "import sys, time\nsys.path.insert(0, sys.argv[1])\nfrom pathlib import Path\n"
        "from heliid.project.lock import ProjectLock\n"
        "print(ProjectLock(Path(sys.argv[2])).acquire(), flush=True)\ntime.sleep(60)\n"
    )
    root = str(Path(__file__).resolve().parents[2])
    child = subprocess.Popen(
        [sys.executable, "-c", code, root, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline().strip() == "True"
    mine = ProjectLock(path)
    assert not mine.acquire()
    assert str(child.pid) in mine.holder
    child.kill()
    child.wait()
    child.stdout.close()
    assert mine.acquire()
    mine.release()


def test_equal_projects_give_equal_bytes(tmp_path: Path) -> None:
    save_project(make_project(), tmp_path / "a.heliid")
    save_project(make_project(), tmp_path / "b.heliid")
    digests = {
        hashlib.sha256((tmp_path / n).read_bytes()).hexdigest() for n in ("a.heliid", "b.heliid")
    }
    assert len(digests) == 1


def test_a_value_that_is_not_a_number_is_never_saved(tmp_path: Path) -> None:
    path = tmp_path / "a.heliid"
    save_project(make_project(0), path)
    with pytest.raises(ProjectFileError, match="no file can keep"):
        save_project(Project(config={"rate": float("nan")}), path)
    assert content(load_project(path)) == content(make_project(0))


def test_a_model_that_makes_no_sense_is_refused() -> None:
    import json
    from dataclasses import replace

    from heliid.project.container import container_bytes
    from tests.export.export_models import random_model

    project = make_project()
    run = replace(project.runs[0], model=random_model(1))
    entries = content(replace(project, runs=(run,)))
    name = next(name for name in entries if name.startswith("models/"))
    body = json.loads(entries[name])
    body["structure"]["output_lags"] = [[10**9]]
    with pytest.raises(ProjectFileError, match="in a model of it"):
        load_project(container_bytes({**entries, name: json.dumps(body).encode()}))
