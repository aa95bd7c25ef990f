"""One private folder of compiled kernels per build: never stale, never shared, never fatal.

numba looks only at the file that holds a function, so a kernel that calls an edited kernel of
another file keeps running the old code; a damaged cache file raises at the first call; a cache
folder that others may write is code execution, as its files are pickles. Hence: a folder named by
a hash over *all* kernel sources and versions, mode 0700, every file with its own checksum, wiped
and rebuilt once when damaged, temporary when the user's cache folder cannot be written, and no
cache at all when nothing can.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import importlib.metadata
import logging
import os
import pickle
import platform
import shutil
import stat
import sys
import tempfile
import time
from pathlib import Path

_LOG = logging.getLogger("heliid.kernels")
_PREFIX = "kernels-"
_PROBE_BYTES = 65536  # about one compiled kernel: a nearly full disk is noticed here
_OLD_DAYS = 60  # folders of other builds that nobody used for so long are removed


def use_private_cache(package: Path | None = None) -> Path | None:
    """The folder that numba will cache in from now on, or None when nothing can be written.

    Called by ``heliid.kernels`` before numba is first imported there; safe to call again.
    ``package`` is the folder whose kernels make up the key, this package by default.
    """
    return _choose(package or Path(__file__).parent)


@functools.cache
def _choose(package: Path) -> Path | None:
    # SVML gave wrong numbers on one of two machines (numba issue 9582) and is there or not
    # depending on which other package happens to be installed.
    os.environ["NUMBA_DISABLE_INTEL_SVML"] = "1"
    key = _PREFIX + cache_key(package)
    folder = _writable(_base_folder() / key) or _temporary(key)
    if folder is None:
        _LOG.warning("No folder for compiled kernels can be written: they are compiled each time.")
        os.environ.pop("NUMBA_CACHE_DIR", None)
    else:
        os.environ["NUMBA_CACHE_DIR"] = str(folder)
        _remove_old(folder)
    _teach_numba(folder)
    return folder


def cache_key(package: Path) -> str:
    """16 hex digits that change with any kernel source, version or processor."""
    digest = hashlib.sha256()
    for path in _kernel_sources(package):
        digest.update(str(path.relative_to(package)).encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    for part in (*_versions(), platform.python_version(), sys.implementation.name, _cpu_name()):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()[:16]


def _kernel_sources(package: Path) -> list[Path]:
    """Every module in ``kernels`` and every other one that compiles something."""
    return [
        path
        for path in sorted(package.rglob("*.py"))
        if "kernels" in path.relative_to(package).parts[:-1] or b"njit" in path.read_bytes()
    ]


def _versions() -> list[str]:
    found = []
    for name in ("numba", "llvmlite", "numpy"):
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"{name} ?")
    return found


def _cpu_name() -> str:
    wanted = os.environ.get("NUMBA_CPU_NAME", "")
    if wanted:
        return wanted + os.environ.get("NUMBA_CPU_FEATURES", "")
    try:
        from llvmlite import binding

        features = binding.get_host_cpu_features().flatten()
        return f"{binding.get_host_cpu_name()} {features}"
    except (ImportError, RuntimeError):
        return platform.processor() or platform.machine()


def _base_folder() -> Path:
    """The user's own ``NUMBA_CACHE_DIR`` when set, else the user's cache folder."""
    given = os.environ.get("NUMBA_CACHE_DIR", "")
    if given:
        path = Path(given)
        # a worker inherits what its parent chose: do not nest
        return path.parent if path.name.startswith(_PREFIX) else path
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("HeliID", appauthor=False))


def _writable(folder: Path) -> Path | None:
    """The folder, made private and probed, or None."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_private(folder):
            return None
        probe = folder / f"probe-{os.getpid()}"
        try:
            probe.write_bytes(bytes(_PROBE_BYTES))
        finally:
            probe.unlink(missing_ok=True)
        os.utime(folder)
    except OSError:
        return None
    return folder


def _is_private(folder: Path) -> bool:
    """True when only the user can write there; made so, emptied first, when others could."""
    if os.name != "posix":
        return True  # a profile folder is private by its access list
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        return False
    if stat.S_IMODE(found.st_mode) & 0o022:  # others could have put files there: they are code
        for path in folder.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    if stat.S_IMODE(found.st_mode) != 0o700:
        folder.chmod(0o700)
    return True


def _temporary(key: str) -> Path | None:
    try:
        outer = Path(tempfile.mkdtemp(prefix="heliid-"))
    except OSError:
        return None
    atexit.register(_remove_own, outer, os.getpid())
    folder = _writable(outer / key)
    if folder is not None:
        _LOG.info("Compiled kernels are kept in %s until this program ends.", folder)
    return folder


def _remove_own(folder: Path, owner: int) -> None:
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_old(folder: Path) -> None:
    limit = time.time() - _OLD_DAYS * 86400
    try:
        for other in folder.parent.glob(_PREFIX + "*"):
            if other != folder and other.lstat().st_mtime < limit:
                shutil.rmtree(other, ignore_errors=True)
    except OSError:
        return


def _teach_numba(folder: Path | None) -> None:
    """Point numba at ``folder`` and make a damaged or full cache harmless."""
    import numba
    from numba.core import caching, dispatcher

    vars(numba.config)["DISABLE_INTEL_SVML"] = 1
    if folder is None:
        # numba raises at import time when a function asks for a cache and no place is found
        dispatcher.Dispatcher.enable_caching = lambda _: None  # type: ignore
        return
    vars(numba.config)["CACHE_DIR"] = str(folder)  # numba may have been imported before us
    if not getattr(caching.IndexDataCacheFile, "is_checked", False):
        # Private names of numba: a version that lost them keeps its own, unchecked class.
        vars(caching)["IndexDataCacheFile"] = _checked_file(caching.IndexDataCacheFile)


def _checked_file(plain):
    """Numba's keeper of one function's compiled code, with checksums and without raising."""

    class CheckedFile(plain):  # type: ignore[misc, valid-type]
        is_checked = True

        def load(self, key):
            try:
                return super().load(key)
            except Exception as error:  # unpickling rubbish can raise anything
                _wipe_once(Path(self._cache_path).parent, error)
                return None

        def save(self, key, data) -> None:
            try:
                super().save(key, data)
            except OSError as error:
                _say_once(f"Compiled kernels cannot be kept: {error.strerror}.")
            except Exception as error:
                _wipe_once(Path(self._cache_path).parent, error)

        def _dump(self, obj):
            body = super()._dump(obj)
            return hashlib.sha256(body).digest() + body

        def _load_index(self):
            try:
                version, stamp, overloads = _unpacked(Path(self._index_path))
            except FileNotFoundError:
                return {}
            is_fresh = version == self._version and stamp == self._source_stamp
            return overloads if is_fresh else {}

        def _save_index(self, overloads) -> None:
            data = self._dump((self._version, self._source_stamp, overloads))
            with self._open_for_write(self._index_path) as file:
                file.write(data)

        def _load_data(self, name):
            return _unpacked(Path(self._data_path(name)))

    return CheckedFile


def _unpacked(path: Path):
    """The object in a checked file; any flipped or missing byte is a ValueError."""
    raw = path.read_bytes()
    if hashlib.sha256(raw[32:]).digest() != raw[:32]:
        raise ValueError(f"{path.name} is damaged")
    return pickle.loads(raw[32:])


_wiped: set[Path] = set()


def _wipe_once(folder: Path, error: Exception) -> None:
    """Empty the damaged folder; what is compiled from now on is kept again."""
    if folder in _wiped:
        return
    _wiped.add(folder)
    _LOG.warning("The compiled kernels in %s are damaged (%s): compiling again.", folder, error)
    for path in folder.rglob("*.nb[ci]"):
        path.unlink(missing_ok=True)


@functools.cache
def _say_once(text: str) -> None:
    _LOG.warning("%s", text)
