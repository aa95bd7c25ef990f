"""The compiled kernels are never stale, and no state of their folder stops the work."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from heliid.kernel_cache import cache_key

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[2]

CALLER = """
from numba import njit
from toy.kernels.callee import inner

@njit(cache=True)
def outer(x):
    return inner(x) + 1
"""
CALLEE = """
from numba import njit

@njit(cache=True)
def inner(x):
    return x * {factor}
"""
SCRIPT = """
import logging
logging.basicConfig(format="LOG %(message)s")
from pathlib import Path
from heliid.kernel_cache import use_private_cache
folder = use_private_cache(Path({package!r}))
from toy.kernels.caller import outer
print(outer(10), sum(outer.stats.cache_hits.values()), folder)
"""


class Toy:
    """A package with two kernels in two files, run in fresh processes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.kernels = root / "toy" / "kernels"
        self.kernels.mkdir(parents=True)
        for folder in (root / "toy", self.kernels):
            (folder / "__init__.py").write_text("")
        (self.kernels / "caller.py").write_text(CALLER)
        self.multiply_by(2)
        self.cache = root / "cache"

    def multiply_by(self, factor: int) -> None:
        (self.kernels / "callee.py").write_text(CALLEE.format(factor=factor))

    def run(self, **extra: str) -> tuple[int, int, str, str]:
        """The answer, the number of cache hits, the folder, what was logged."""
        env = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA")}
        env |= {
            "XDG_CACHE_HOME": str(self.cache),
            "PYTHONPATH": f"{self.root}{os.pathsep}{REPOSITORY}",
            "PYTHONDONTWRITEBYTECODE": "1",
        } | extra
        script = SCRIPT.format(package=str(self.root / "toy"))
        done = subprocess.run(
            [sys.executable, "-c", script],
            env=env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answer, hits, folder = done.stdout.split(maxsplit=2)
        return int(answer), int(hits), folder.strip(), done.stderr

    def files(self, pattern: str) -> list[Path]:
        found = sorted(self.cache.rglob(pattern))
        assert found
        return found


@pytest.fixture
def toy(tmp_path):
    return Toy(tmp_path)


def test_second_process_uses_the_first_ones_work(toy):
    first = toy.run()
    second = toy.run()
    assert first[:2] == (21, 0)
    assert second[:2] == (21, 1)
    assert first[2] == second[2]
    assert Path(first[2]).is_relative_to(toy.cache)
    assert Path(first[2]).stat().st_mode & 0o777 == 0o700


def test_edited_callee_is_never_stale(toy):
    assert toy.run()[0] == 21
    toy.multiply_by(300)
    assert toy.run()[:2] == (3001, 0)


@pytest.mark.slow
@pytest.mark.parametrize("pattern", ["*.nbi", "*.nbc"])
@pytest.mark.parametrize("damage", ["empty", "short", "half", "flipped", "rubbish"])
def test_damaged_file_is_rebuilt_with_one_line(toy, pattern, damage):
    toy.run()
    for path in toy.files(pattern):
        raw = bytearray(path.read_bytes())
        flipped = bytes([*raw[:-9], raw[-9] ^ 4, *raw[-8:]])
        path.write_bytes(
            {
                "empty": b"",
                "short": raw[:20],
                "half": raw[: len(raw) // 2],
                "flipped": flipped,
                "rubbish": b"\x80\x05K\x01.",
            }[damage]
        )
    answer, hits, _, log = toy.run()
    assert (answer, hits) == (21, 0)
    assert log.count("LOG") == 1
    assert "damaged" in log
    assert toy.run()[:2] == (21, 1)


def test_every_truncation_of_an_index_is_survived(toy):
    """In one process, by reading each truncated file: 100 processes would take minutes."""
    from heliid.kernel_cache import _unpacked

    toy.run()
    path = toy.files("*.nbi")[0]
    raw = path.read_bytes()
    for length in range(len(raw)):
        path.write_bytes(raw[:length])
        with pytest.raises(ValueError, match="damaged"):
            _unpacked(path)


def test_unwritable_user_folder_falls_back_to_a_temporary_one(toy):
    toy.cache.write_text("a file where the folder should be")
    answer, _, folder, _ = toy.run()
    assert answer == 21
    assert "heliid-" in folder
    assert not Path(folder).exists()  # removed when the program ended


def test_nothing_writable_still_computes(toy):
    toy.cache.write_text("a file where the folder should be")
    blocker = toy.root / "sitecustomize.py"
    blocker.write_text("import tempfile\ntempfile.tempdir = '/nowhere/at/all'\n")
    answer, _, folder, log = toy.run()
    assert answer == 21
    assert folder == "None"
    assert log.count("LOG") == 1


def test_full_disk_is_said_once_and_the_work_goes_on(toy):
    blocker = toy.root / "sitecustomize.py"
    blocker.write_text(
        "import errno, os\n"
        "real = os.replace\n"
        "def full(source, target):\n"
        "    if str(target).endswith(('.nbi', '.nbc')):\n"
        "        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))\n"
        "    real(source, target)\n"
        "os.replace = full\n"
    )
    answer, _, folder, log = toy.run()
    assert answer == 21
    assert log.count("No space left") == 1
    assert not list(Path(folder).rglob("*.tmp.*"))


def test_folder_that_others_could_write_is_emptied_first(toy):
    folder = Path(toy.run()[2])
    folder.chmod(0o777)
    answer, hits, again, _ = toy.run()
    assert (answer, hits) == (21, 0)
    assert Path(again).stat().st_mode & 0o777 == 0o700


def test_users_own_cache_folder_is_respected_and_never_nested(toy, tmp_path):
    own = tmp_path / "mine"
    folder = toy.run(NUMBA_CACHE_DIR=str(own))[2]
    assert Path(folder).parent == own
    assert toy.run(NUMBA_CACHE_DIR=folder)[2] == folder


def test_key_depends_on_every_kernel_source_and_the_processor(toy, monkeypatch):
    package = toy.root / "toy"
    keys = {cache_key(package)}
    toy.multiply_by(7)
    keys.add(cache_key(package))
    (package / "elsewhere.py").write_text("from numba import njit\n")
    keys.add(cache_key(package))
    (package / "plain.py").write_text("x = 1\n")
    assert cache_key(package) in keys
    monkeypatch.setenv("NUMBA_CPU_NAME", "generic")
    keys.add(cache_key(package))
    assert len(keys) == 4
