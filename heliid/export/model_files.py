"""Model files: one readable JSON document that comes back bit for bit, or is refused.

Nothing in a model file is executed, and no path in it is opened. The layout is published as a
JSON schema in ``schema/model-1.json``; ``schema/read_heliid_model.py`` reads and runs a file with
nothing but numpy.
"""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path
from typing import Any

import numpy as np

from heliid import atomic, strict_json
from heliid.errors import HeliIDError, ModelFileError
from heliid.export.json_text import canonical, plain, readable
from heliid.export.model_checks import Fault, check_document
from heliid.export.self_check import (
    N_SAMPLES,
    TOLERANCE,
    SelfCheck,
    make_self_check,
    worst_difference,
)
from heliid.model.network import FORMAT_VERSION, NarxModel

EXTENSION = ".json"
MAX_BYTES = strict_json.MAX_BYTES
SCHEMA_FILE = Path(__file__).parent / "schema" / "model-1.json"
READER_FILE = Path(__file__).parent / "schema" / "read_heliid_model.py"
NOTICE = (
    "A dynamic model identified by HeliID. Values are SI; one step predicts the outputs at the "
    "end of dt from inputs held or averaged over that dt. See docs/export.md."
)


def save_model(model: NarxModel, path: str | Path) -> Path:
    """The path written; the file is whole or, on any error, what it was before.

    Raises
    ------
    ModelFileError
        The model holds a number that is not finite, its parts do not fit, or the file cannot be
        written.
    """
    target = Path(path)
    text = model_to_text(model)
    try:
        atomic.write_text(target, text)
    except OSError as problem:
        raise ModelFileError(
            f"The model could not be written to {short(str(target))} "
            f"({problem.strerror or problem}): choose another folder or free some space."
        ) from problem
    return target


def load_model(path: str | Path) -> NarxModel:
    """The model in a file, checked from the first byte to a re-run of its self-check.

    Raises
    ------
    ModelFileError
        One sentence: not a model file, damaged, changed by hand, too new, or not sound.
    """
    source = Path(path)
    return model_from_bytes(_read(source), short(source.name))


def model_to_text(model: NarxModel) -> str:
    """The text of a model file, with checksum and self-check; see ``save_model``."""
    try:
        document = model_document(model)
        check_document(document)
        self_check = make_self_check(model)
    except Fault as fault:
        raise ModelFileError(f"The model cannot be saved: {fault}.") from fault
    if not np.all(np.isfinite(self_check.y)):
        raise ModelFileError("The model cannot be saved: its first step is not a finite number.")
    document["self_check"] = self_check.to_dict()
    document["sha256"] = checksum(document)
    return readable(document) + "\n"


def model_from_bytes(raw: bytes, name: str = "The model file") -> NarxModel:
    """The model in the bytes of a model file; ``name`` starts the sentence of an error."""
    try:
        document = strict_json.loads(raw.removeprefix(b"\xef\xbb\xbf"), max_bytes=MAX_BYTES)
    except strict_json.StrictJsonError as problem:
        raise ModelFileError(
            f"{name} cannot be read as a model file: {problem}; take another copy of the file."
        ) from problem
    check_identity(document, name)
    return _from_document(document, name)


def model_document(model: NarxModel) -> dict[str, Any]:
    """The model as plain data in the order of the file, without checksum and self-check."""
    data = plain(_finite_first(model.to_dict()))
    head = {key: data.pop(key) for key in ("format", "format_version")}
    return {**head, "notice": NOTICE, **data}


def checksum(document: dict[str, Any]) -> str:
    """SHA-256 over the canonical spelling of everything but the checksum itself."""
    content = {key: value for key, value in document.items() if key != "sha256"}
    return hashlib.sha256(canonical(content)).hexdigest()


def model_hash(model: NarxModel) -> str:
    """SHA-256 of the model's content, to tell models apart; independent of time and place."""
    return hashlib.sha256(canonical(model_document(model))).hexdigest()


def check_identity(document: Any, name: str) -> None:
    """Refuse what is no model, is too new, or has been changed since it was written."""
    if not isinstance(document, dict) or document.get("format") != "heliid-model":
        raise ModelFileError(
            f"{name} is not a HeliID model file: its 'format' is not 'heliid-model'."
        )
    version = document.get("format_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ModelFileError(f"{name} does not say which format version it has: it is damaged.")
    if version > FORMAT_VERSION:
        raise ModelFileError(
            f"{name} was written by a newer HeliID (format {version}, this one reads up to "
            f"{FORMAT_VERSION}): open it with that version or update this one."
        )
    if document.get("sha256") != checksum(document):
        raise ModelFileError(
            f"{name} does not match its checksum: it was damaged or edited after HeliID wrote it; "
            f"take another copy or export the model again."
        )


def short(text: str, limit: int = 100) -> str:
    """``text`` on one line and not longer than ``limit``, for a message."""
    printable = "".join(letter if letter.isprintable() else "?" for letter in text)
    return printable if len(printable) <= limit else printable[: limit - 3] + "..."


def _from_document(document: dict[str, Any], name: str) -> NarxModel:
    try:
        check_document(document)
        model = NarxModel.from_dict(document)
        _check_nothing_lost(document, model)
        check = document.get("self_check")
        if check is None:
            raise Fault("it has no self-check")
        difference = worst_difference(model, _self_check(check, model))
    except Fault as fault:
        raise ModelFileError(f"{name} is not a sound model: {fault}.") from fault
    except (HeliIDError, TypeError, ValueError, KeyError, OverflowError) as problem:
        raise ModelFileError(f"{name} is not a sound model: {short(str(problem))}.") from problem
    if not difference <= TOLERANCE:
        raise ModelFileError(
            f"{name} fails its own self-check: re-running it differs by {difference:.1e} standard "
            f"deviations where {TOLERANCE:.0e} is allowed; do not use it on this machine."
        )
    return model


def _check_nothing_lost(document: dict[str, Any], model: NarxModel) -> None:
    """What this version does not know may matter: refuse rather than drop it silently."""
    understood = {*model_document(model), "self_check", "sha256"}
    unknown = sorted(set(document) - understood)
    if unknown:
        raise Fault(f"it has a part '{short(unknown[0], 40)}' that this version does not know")
    again = model_document(model)
    for key in ("structure", "scaling", "weights", "channels", "dt", "trim_rule", "filter_hz"):
        if again[key] != document[key]:
            raise Fault(f"its part '{key}' has entries that this version does not know")


def _self_check(data: Any, model: NarxModel) -> SelfCheck:
    shapes = {"inputs": len(model.inputs), "outputs": len(model.outputs)}
    if not isinstance(data, dict) or set(data) != set(shapes):
        raise Fault("its self-check is damaged")
    arrays = {}
    for key, width in shapes.items():
        try:
            array = np.array(data[key], dtype=float)
        except (TypeError, ValueError):
            raise Fault("its self-check is damaged") from None
        if array.ndim != 2 or array.shape[1] != width:
            raise Fault("its self-check does not fit its channels")
        arrays[key] = array
    n = len(arrays["inputs"])
    longest = model.structure.n_start + 10 * N_SAMPLES
    if n != len(arrays["outputs"]) or not model.structure.n_start < n <= longest:
        raise Fault("its self-check has the wrong length")
    return SelfCheck(arrays["inputs"], arrays["outputs"])


def _finite_first(data: dict[str, Any]) -> dict[str, Any]:
    """Provenance and scores may honestly hold nan or inf (null in the file); the rest may not."""
    for key, value in data.items():
        if key not in ("provenance", "scores") and not _all_finite(value):
            raise Fault(f"'{key}' holds a number that is not finite")
    return data


def _all_finite(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_all_finite(child) for child in value.values())
    if isinstance(value, (list, tuple)):
        return all(_all_finite(child) for child in value)
    return not isinstance(value, float) or bool(np.isfinite(value))


def _read(path: Path) -> bytes:
    name = short(path.name)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ModelFileError(f"{name} is not an ordinary file: choose a model file (.json).")
        if status.st_size > MAX_BYTES:
            raise ModelFileError(
                f"{name} has {status.st_size / 2**20:.0f} MiB; a model file has at most "
                f"{MAX_BYTES // 2**20} MiB: choose another file."
            )
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or "its name cannot be used"
        raise ModelFileError(f"{name} cannot be opened: {reason.lower()}.") from problem
