"""The one routine by which HeliID writes a file: it is the old file or the new one, never neither.

Order of operations (asserted by test): write a temporary file in the same folder, flush,
fsync it, rename it over the target, fsync the folder. On any error the temporary file is
removed and the old file is untouched. After "All File Systems Are Not Created Equal"
(Pillai et al., OSDI 2014): nothing here relies on an ordering that file systems do not promise.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO


class FileOps:
    """The system calls of a save, through one thin layer so that a test can fail each of them."""

    def make_temporary(self, folder: Path, prefix: str) -> tuple[BinaryIO, Path]:
        """An open binary file with a name of its own in ``folder``."""
        handle, name = tempfile.mkstemp(prefix=prefix, suffix=".part", dir=folder)
        return os.fdopen(handle, "w+b"), Path(name)

    def sync(self, file: BinaryIO) -> None:
        """Everything written so far is on the disk."""
        file.flush()
        os.fsync(file.fileno())

    def rename(self, source: Path, target: Path) -> None:
        """The target is the old file or the new one at every moment."""
        os.replace(source, target)

    def sync_folder(self, folder: Path) -> None:
        """The rename itself is on the disk; a no-op where folders cannot be opened (Windows)."""
        if os.name == "nt":
            return
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def copy(self, source: Path, target: Path) -> None:
        """``target`` is what ``source`` is, whole at every moment and, with links, without space.

        A second name of the same file will do: the source is replaced, never written into.
        """
        part = target.with_name(f".{target.name[:40]}.{os.getpid()}.part")
        self.remove(part)
        try:
            try:
                os.link(source, part)
            except OSError:  # a file system that knows no links
                shutil.copy2(source, part)
            os.replace(part, target)
        finally:
            self.remove(part)  # still there when both were the same file already

    def remove(self, path: Path) -> None:
        """The file is gone, if it was there."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


FILE_OPS = FileOps()


def write_file(
    path: Path | str,
    write: Callable[[BinaryIO], None],
    *,
    backup: bool = False,
    ops: FileOps = FILE_OPS,
) -> None:
    """Replace ``path`` by what ``write`` puts into the binary file it is handed.

    Follows a symbolic link to its target and keeps the target's mode bits; ``backup`` keeps one
    generation as ``NAME.bak``. Raises ``OSError`` with the old file untouched.
    """
    target = Path(path).resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    existed = target.exists()
    mode = target.stat().st_mode & 0o777 if existed else _default_mode()
    file, part = ops.make_temporary(target.parent, f".{target.name[:40]}.")
    try:
        with file:
            write(file)
            ops.sync(file)
        os.chmod(part, mode)
        if backup and existed:
            ops.copy(target, target.with_name(target.name + ".bak"))
        ops.rename(part, target)
    except BaseException:
        with contextlib.suppress(OSError):
            ops.remove(part)
        raise
    ops.sync_folder(target.parent)


def write_text(path: Path | str, text: str, *, backup: bool = False) -> None:
    """Replace ``path`` by ``text`` in UTF-8, line ends as they are."""
    write_file(path, lambda file: write_all(file, text.encode("utf-8")), backup=backup)


def write_json(path: Path | str, data: Any, *, indent: int | None = 1) -> None:
    """Replace ``path`` by strict JSON (no NaN); floats read back exactly."""
    write_text(path, json.dumps(data, indent=indent, allow_nan=False, ensure_ascii=False) + "\n")


def write_all(file: BinaryIO, data: bytes) -> None:
    """Put ``data`` into an open file."""
    file.write(data)


def _default_mode() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def remove_leftovers(path: Path | str) -> None:
    """Remove temporary files that a killed save of ``path`` left in its folder."""
    target = Path(path).resolve()
    for part in target.parent.glob(f".{target.name[:40]}.*.part"):
        with contextlib.suppress(OSError):
            part.unlink()
