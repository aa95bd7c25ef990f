"""The list of export targets, for the command line and the window, and the one way to run them.

``export(model, "c", "out/pitch.c")`` writes, runs what it wrote with an independent runner, and
says whether the numbers are the app's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from heliid import atomic
from heliid.data.record import FlightRecord
from heliid.errors import ExportError
from heliid.export.forms import FORMS
from heliid.export.portable import make_portable
from heliid.export.target import UNITS, Flown, Target
from heliid.export.verify import Verified
from heliid.model.network import NarxModel

DEFAULT_NAME = "heliid_model"


@dataclass(frozen=True, eq=False)
class Exported:
    """What was written, what is worth saying, and whether it was verified."""

    target: str
    files: tuple[Path, ...]
    notes: tuple[str, ...] = ()
    verified: Verified | None = field(default=None)  # None: verification was not asked for


def export(
    model: NarxModel,
    target: str,
    path: str | Path,
    *,
    records: Sequence[FlightRecord] = (),
    training: Sequence[FlightRecord] = (),
    check: bool = True,
    trim: tuple[Sequence[float], Sequence[float]] | None = None,
    **options: str,
) -> Exported:
    """Write ``model`` in the form ``target`` to ``path`` and verify what was written.

    ``path`` is a file with one of the target's suffixes, or a folder (made when missing) that gets
    files called ``heliid_model``. ``records`` judge or are predicted, ``training`` is for a refit
    of rounded weights. ``trim``: see ``make_portable``. Options left out or given as an
    empty text take their defaults; ``targets()`` lists them.

    Raises
    ------
    ExportError
        One sentence: an unknown target or option, a path that cannot be, a missing package, a
        model that this form cannot hold, or a disk that is full.
    """
    form = find_target(target)
    folder, name, suffix = _place(form, Path(path))
    if form.suffix_option and suffix:
        options = {form.suffix_option: suffix[1:]} | {k: v for k, v in options.items() if v}
    chosen = _choices(form, options)
    portable = make_portable(model, name=name, units=chosen["units"], trim=trim)
    written = form.write(portable, chosen, Flown(tuple(records), tuple(training)))
    files = []
    for file, content in written.files.items():
        files.append(folder / file)
        _write(folder / file, content)
    verified = written.check(folder) if check and written.check else None
    return Exported(form.key, tuple(files), written.notes, verified)


def preview(model: NarxModel, target: str, *, name: str = DEFAULT_NAME, **options: str) -> str:
    """The text of the first file that would be written, for showing; bytes are described."""
    form = find_target(target)
    chosen = _choices(form, options)
    if "refit" in chosen:
        chosen["refit"] = "no"  # it takes long, and records that a preview does not have
    written = form.write(make_portable(model, name=name, units=chosen["units"]), chosen, Flown())
    file, content = next(iter(written.files.items()))
    if isinstance(content, str):
        return content
    others = ", ".join(written.files)
    return f"{file}: {len(content)} bytes, not text. Files: {others}."


def targets() -> tuple[Target, ...]:
    """All targets, in the order to show them."""
    return FORMS


def find_target(key: str) -> Target:
    """The target called ``key``.

    Raises
    ------
    ExportError
        There is none; the message lists those there are.
    """
    for target in targets():
        if target.key == key:
            return target
    known = ", ".join(target.key for target in targets())
    raise ExportError(f"There is no export '{key[:40]}': choose one of {known}.")


def _choices(form: Target, options: dict[str, str]) -> dict[str, str]:
    chosen = {option.name: option.default for option in form.options} | {
        "units": UNITS.default if UNITS not in form.options else form.option("units").default
    }
    for name, value in options.items():
        if value in ("", None) or (name, value) == ("type", "float64"):
            continue  # float64 is what every form has
        option = form.option(name)
        if value not in option.choices:
            raise ExportError(
                f"The export '{form.key}' cannot have {name} '{str(value)[:40]}': choose "
                f"{' or '.join(option.choices)}."
            )
        chosen[name] = value
    for option in form.options:
        if chosen[option.name] != option.default and not option.applies(chosen):
            other, value = option.needs
            raise ExportError(
                f"The option {option.name} '{chosen[option.name]}' is for {other} {value} only: "
                f"choose that, or leave it out."
            )
    return chosen


def _place(form: Target, path: Path) -> tuple[Path, str, str]:
    """Folder, name of the files without suffix, and the suffix that was given, if any."""
    if path.is_dir() or not path.suffix:
        return path, DEFAULT_NAME, ""
    suffix = next((s for s in form.suffixes if path.name.lower().endswith(s)), None)
    if suffix is None:
        wanted = " or ".join(form.suffixes)
        raise ExportError(
            f"'{path.name[:80]}' cannot hold the export '{form.key}': give a file name that ends "
            f"in {wanted}, or a folder."
        )
    return path.parent, path.name[: -len(suffix)] or DEFAULT_NAME, suffix


def _write(path: Path, content: str | bytes) -> None:
    data = content.encode("utf-8") if isinstance(content, str) else content
    try:
        atomic.write_file(path, lambda file: _write_all(file, data))
    except OSError as problem:
        raise ExportError(
            f"{path.name[:80]} could not be written to {str(path.parent)[:120]} "
            f"({problem.strerror or problem}): choose another folder or free some space."
        ) from problem


def _write_all(file: Any, data: bytes) -> None:
    file.write(data)
