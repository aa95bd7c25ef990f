"""JSON as HeliID writes it: for people to read, and in one canonical spelling to hash."""

from __future__ import annotations

import json
import math
from pathlib import PurePath
from typing import Any

import numpy as np


def canonical(value: Any) -> bytes:
    """One spelling for one content: sorted keys, no spaces, shortest exact floats, UTF-8."""
    text = json.dumps(
        value, allow_nan=False, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    return text.encode("utf-8", "surrogatepass")


def readable(value: Any, indent: str = "") -> str:
    """JSON for people: one key a line, a row of numbers on one line."""
    deeper = indent + "  "
    if isinstance(value, dict) and value:
        lines = [
            f"{deeper}{_scalar(str(key))}: {readable(child, deeper)}"
            for key, child in value.items()
        ]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(value, (list, tuple)) and any(isinstance(c, (dict, list, tuple)) for c in value):
        rows = [deeper + readable(child, deeper) for child in value]
        return "[\n" + ",\n".join(rows) + f"\n{indent}]"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_scalar(child) for child in value) + "]"
    return _scalar(value)


def plain(value: Any) -> Any:
    """``value`` as JSON has it: numpy to lists and numbers, paths to text, nan and inf to null."""
    if isinstance(value, dict):
        return {str(key): plain(child) for key, child in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(child) for child in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not plain data")


def _scalar(value: Any) -> str:
    if isinstance(value, dict):
        return "{}"
    text = json.dumps(value, allow_nan=False, ensure_ascii=False)
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        return json.dumps(value, allow_nan=False)  # half a UTF-16 pair, as in odd file names
    return text
