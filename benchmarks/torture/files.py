"""Rows 2, 3, 4, 9 and 10: saves that are cut, calls that fail, files that lie."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from heliid import atomic, strict_json
from heliid.data.campaign import Use
from heliid.data.record import Channel, FlightRecord, Source
from heliid.errors import HeliIDError, ProjectFileError
from heliid.project import Project, ProjectRecord, Run, load_project, save_project
from heliid.project.arrays import ArrayError, from_npy, to_npy
from heliid.project.container import container_bytes
from heliid.project.document import project_entries

ROOT = Path(__file__).resolve().parents[2]
SEED = 20261122


def make_project(seed: int, n_samples: int = 40) -> Project:
    """A small project whose content depends on ``seed``."""
    rng = np.random.default_rng(seed)
    record = FlightRecord(
        name=f"record {seed}",
        time=np.arange(n_samples) * 0.02,
        values=rng.normal(size=(n_samples, 2)),
        channels=(Channel.of("delta_lon", "%"), Channel.of("q", "deg/s")),
        source=Source("a.csv", "0" * 64),
    )
    run = Run("run-1", "first", "2026-01-01T00:00:00Z", {"seed": seed}, {}, ({"cost": 0.5},))
    return Project((ProjectRecord("r1", record, Use.TRAIN),), ("delta_lon",), ("q",), runs=(run,))


SAVER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from benchmarks.torture.files import make_project
from heliid.project import save_project
projects = [make_project(i, 30000) for i in (0, 1)]
print("ready", flush=True)
i = 0
while True:
    save_project(projects[i % 2], sys.argv[1]); i += 1
"""


def killed_saves(release: bool) -> str:
    """Row 2: SIGKILL at a random moment while a project is saved again and again."""
    count, rng = (5000 if release else 200), random.Random(SEED)
    wanted = [project_entries(make_project(i, 30000)) for i in (0, 1)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.heliid"
        save_project(make_project(0, 30000), path)
        leftovers = 0
        for _ in range(count):
            child = subprocess.Popen(
                [sys.executable, "-c", SAVER, str(path), str(ROOT)], stdout=subprocess.PIPE
            )
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(rng.uniform(0.005, 0.1))
            child.send_signal(signal.SIGKILL)
            child.wait()
            child.stdout.close()
            assert project_entries(load_project(path)) in wanted, "a broken project"
            leftovers += len(list(Path(folder).glob("*.part")))
            atomic.remove_leftovers(path)
            assert not list(Path(folder).glob(".*.part")), "a temporary file stayed"
    return f"{count} kills, 0 broken (seed {SEED})"


class RecordingOps(atomic.FileOps):
    """Writes down the operations of a save, and fails one of them when asked to."""

    def __init__(self, fail_at: int = 0, number: int = 0) -> None:
        self.calls: list[str] = []
        self.fail_at, self.number = fail_at, number

    def _note(self, name: str) -> None:
        self.calls.append(name)
        if len(self.calls) == self.fail_at:
            raise OSError(self.number, os.strerror(self.number))

    def make_temporary(self, folder, prefix):  # noqa: D102
        self._note("create")
        return super().make_temporary(folder, prefix)

    def sync(self, file):  # noqa: D102
        self._note("sync")
        super().sync(file)

    def copy(self, source, target):  # noqa: D102
        self._note("copy")
        super().copy(source, target)

    def rename(self, source, target):  # noqa: D102
        self._note("rename")
        super().rename(source, target)

    def sync_folder(self, folder):  # noqa: D102
        self._note("sync_folder")
        super().sync_folder(folder)


def power_loss(release: bool) -> str:
    """Row 3: what the disk may hold after power is lost behind each operation of a save.

    Data that was not synced may be there, partly there or not at all; a rename that was not
    followed by a sync of the folder may or may not have happened.
    """
    del release
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.heliid"
        save_project(make_project(0), path)
        ops = RecordingOps()
        save_project(make_project(1), path, ops=ops)
    old = container_bytes(project_entries(make_project(0)))
    new = container_bytes(project_entries(make_project(1)))
    states = 0
    for cut in range(len(ops.calls) + 1):
        done = ops.calls[:cut]
        temporary = [new] if "sync" in done else [b"", new[: len(new) // 2], new]
        if "sync_folder" in done:
            targets = temporary
        elif "rename" in done:
            targets = [old, *temporary]
        else:
            targets = [old]
        for content in targets:
            load_project(content)
            states += 1
    return f"{len(ops.calls)} operations, {states} states of the disk, all open"


def failing_calls(release: bool) -> str:
    """Row 4: the n-th call of a save fails, for every n, with each of four errors.

    Each operation of the save, and below Python each call of the C library.
    """
    from benchmarks.torture.calls import every_call

    del release
    tried = 0
    wanted = [project_entries(make_project(i)) for i in (0, 1)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.heliid"
        for number in (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS):
            for n in range(1, 100):
                save_project(make_project(0), path)
                ops = RecordingOps(n, number)
                try:
                    save_project(make_project(1), path, ops=ops)
                except ProjectFileError:
                    tried += 1
                    assert project_entries(load_project(path)) in wanted
                    assert not list(Path(folder).glob(".*.part"))
                else:
                    break
            else:
                raise AssertionError("the save never passed")
    return f"{tried} failed operations and {every_call()}, each old or new and said in one sentence"


def mutate(rng: random.Random, data: bytes) -> bytes:
    """``data`` with one to four small wounds: flips, cuts, repeats, big numbers."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        if not out:
            return bytes(out)
        at = rng.randrange(len(out))
        kind = rng.randrange(6)
        if kind == 0:
            out[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del out[at : at + rng.randint(1, 40)]
        elif kind == 2:
            out[at:at] = out[at : at + rng.randint(1, 40)]
        elif kind == 3:
            out[at : at + 4] = rng.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f"])
        elif kind == 4:
            out[at:at] = rng.choice(
                [b"NaN", b"1e999", b"[[[[", b'"', b"-", b"{}", b"null", b"9" * 30]
            )
        else:
            del out[rng.randrange(len(out)) :]
    return bytes(out)


def fuzz(release: bool) -> str:
    """Row 9: mutated containers, manifests, models, arrays; only our own error may escape.

    Each target in a process of its own, whose whole resident memory counts, and which is ended
    when one input takes too long.
    """
    counts = {name: 10_000_000 if release else 200_000 for name, _, _ in _targets()}
    counts[SLOW] = 1_000_000 if release else 20_000
    names = [name for name, _, _ in _targets()]
    programs = {name: _fuzzer(name, counts[name]) for name in names[:N_AT_ONCE]}
    waiting, parts = names[N_AT_ONCE:], []
    for name in names:
        out, _ = programs[name].communicate()
        assert programs[name].returncode == 0, f"{name}: {out.strip()[-800:]}"
        parts.append(out.strip().splitlines()[-1])
        if waiting:
            programs[waiting[0]] = _fuzzer(waiting[0], counts[waiting[0]])
            del waiting[0]
    return "; ".join(parts) + f"; 0 escapes (seed {SEED})"


SLOW = "content behind right hashes"  # each a whole project: beside the four that are promised
N_AT_ONCE = 2
MAX_MIB = 256
MAX_S = 1.0  # of CPU for one input


def _fuzzer(name: str, count: int) -> subprocess.Popen[str]:
    code = "import sys; from benchmarks.torture.files import fuzz_one; fuzz_one(*sys.argv[1:])"
    return subprocess.Popen(
        [sys.executable, "-c", code, name, str(count)], cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def fuzz_one(name: str, count: str) -> None:
    """One target: every input is taken in, or refused by an error of ours; prints one line."""
    seed_inputs, target = next(rest for one, *rest in _targets() if one == name)
    rng = random.Random(f"{SEED} {name}")
    signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
    refused = 0
    slowest = 0.0
    for i in range(int(count)):
        data = mutate(rng, seed_inputs[i % len(seed_inputs)])
        signal.setitimer(signal.ITIMER_VIRTUAL, 5 * MAX_S)  # an endless loop ends the process
        start = time.process_time()
        try:
            target(data)
        except (HeliIDError, ArrayError, strict_json.StrictJsonError):
            refused += 1
        slowest = max(slowest, time.process_time() - start)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
    peak = _peak_mib()
    assert peak <= MAX_MIB, f"{peak:.0f} MiB"
    assert slowest < MAX_S, f"{slowest:.2f} s for one input"
    sys.stdout.write(
        f"{name} {count} ({100 * refused / int(count):.0f} % refused, {peak:.0f} MiB, slowest "
        f"{1000 * slowest:.0f} ms)\n"
    )


def _peak_mib() -> float:
    """The most memory this process ever held.

    From /proc: what ``getrusage`` says may be that of the program which started this one.
    """
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _targets() -> Iterable[tuple[str, list[bytes], Callable[[bytes], object]]]:
    entries = project_entries(make_project(0, 4))
    yield (
        "container",
        [container_bytes(entries), container_bytes(entries, compact=True)],
        load_project,
    )
    yield "manifest", [entries["project.json"]], strict_json.loads
    yield (
        SLOW,
        [entries["project.json"]],
        lambda data: load_project(container_bytes({**entries, "project.json": data})),
    )
    from heliid.export.model_files import model_from_bytes

    yield "model", [model_text()], model_from_bytes
    yield "array", [to_npy(np.arange(6.0).reshape(2, 3)), to_npy(np.zeros(3))], from_npy


def model_text() -> bytes:
    """The file of a small model."""
    from heliid.export.model_files import model_to_text

    return model_to_text(_small_model()).encode()


def _small_model():
    from heliid.data.scaling import Scaling
    from heliid.model.network import NarxModel, Weights
    from heliid.model.structure import Structure

    structure = Structure(((1, 2),), ((0, 1),), 2)
    rng = np.random.default_rng(0)
    weights = Weights(
        rng.normal(size=(2, 4)),
        np.zeros(2),
        0.1 * rng.normal(size=(1, 2)),
        np.zeros((1, 4)),
        np.zeros(1),
    )
    one = np.ones(1)
    return NarxModel(
        structure,
        weights,
        Scaling(0 * one, one, 0 * one, one, 0.1 * one),
        0.1,
        (Channel.of("delta_lon", "%"),),
        (Channel.of("q", "deg/s"),),
        envelope=np.tile([-2.0, 2.0], (2, 1)),
    )


def bit_flips(release: bool) -> str:
    """Row 10: one flipped bit, or a cut, in a project and a model: noticed or harmless."""
    flips, cuts = (20_000, 5_000) if release else (400, 100)
    rng = random.Random(SEED)
    noticed = 0
    from heliid.export.model_files import model_from_bytes

    cases: list[tuple[bytes, Callable[[bytes], str]]] = [
        (container_bytes(project_entries(make_project(0))), _project_text),
        (model_text(), lambda data: json.dumps(model_from_bytes(data).to_dict(), sort_keys=True)),
    ]
    for good, read in cases:
        wanted = read(good)
        for i in range(flips + cuts):
            bad = bytearray(good)
            if i < flips:
                bit = rng.randrange(8 * len(good))
                bad[bit // 8] ^= 1 << (bit % 8)
            else:
                del bad[rng.randrange(len(good)) :]
            try:
                assert read(bytes(bad)) == wanted, "silently wrong"
            except HeliIDError:
                noticed += 1
    return f"2 x ({flips} flips + {cuts} cuts), {noticed} noticed, 0 silently wrong (seed {SEED})"


def _project_text(data: bytes) -> str:
    entries = project_entries(load_project(data))
    return repr(sorted(entries.items()))


ROWS = {
    2: ("Saves killed by SIGKILL", killed_saves),
    3: ("Power lost behind each operation", power_loss),
    4: ("The n-th system call fails", failing_calls),
    9: ("Mutated files", fuzz),
    10: ("Flipped bits and cuts", bit_flips),
}
