"""What a model document must be before anything is built from it: types, shapes, ranges.

Every check ends in one clause (``Fault``) that names the part; ``model_files`` makes a sentence.
"""

from __future__ import annotations

import math
import re
from typing import Any

from heliid.errors import ModelFileError

MAX_CHANNELS = 64
MAX_LAG = 20_000
MAX_TAPS = 20_000
MAX_HIDDEN = 4_096
MAX_NAME = 200
MAX_WEIGHT = 1e12
MAX_WEIGHTS = 200_000  # their number: a self-check of more would keep the reader waiting
_TRIM = re.compile(r"[a-z_]+(:[0-9.eE+-]+)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class Fault(ModelFileError):  # noqa: N818 - a clause that its catcher makes a sentence of
    """What is wrong, as a clause without a full stop."""


def check_document(document: dict[str, Any]) -> None:
    """Raise ``Fault`` unless the document can be made into a model that means something."""
    parts = ("structure", "scaling", "weights", "channels", "provenance", "scores")
    for key in parts:
        if not isinstance(document.get(key), dict):
            raise Fault(f"its part '{key}' is missing")
    n_in, n_out = _check_channels(document["channels"])
    n_phi, n_hidden = _check_structure(document["structure"], n_in, n_out)
    if (n_phi + n_out) * (n_hidden + n_out) > MAX_WEIGHTS:
        raise Fault(f"it has more than {MAX_WEIGHTS} weights")
    _check_scaling(document["scaling"], n_in, n_out)
    _check_weights(document["weights"], n_phi, n_hidden, n_out)
    _check_times(document)


def _check_channels(channels: dict[str, Any]) -> tuple[int, int]:
    names: list[str] = []
    counts = []
    for key in ("inputs", "outputs"):
        group = channels.get(key)
        if not isinstance(group, list) or not 1 <= len(group) <= MAX_CHANNELS:
            raise Fault(f"it must have 1 to {MAX_CHANNELS} {key}")
        names += [_check_channel(channel, key) for channel in group]
        counts.append(len(group))
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise Fault(f"the channel '{twice[0]}' is there twice")
    _check_envelope(channels.get("envelope"), sum(counts))
    return counts[0], counts[1]


def _check_channel(channel: Any, key: str) -> str:
    if not isinstance(channel, dict) or set(channel) != {"name", "unit", "si"}:
        raise Fault(f"a channel of its {key} is not a name with its units")
    for field, value in channel.items():
        if not isinstance(value, str) or not value.strip() or len(value) > MAX_NAME:
            raise Fault(f"the {field} of a channel of its {key} must be 1 to {MAX_NAME} letters")
        if _CONTROL.search(value):
            raise Fault(f"the {field} of a channel of its {key} has a letter that cannot be shown")
    return str(channel["name"])


def _check_envelope(envelope: Any, n_channels: int) -> None:
    if envelope == []:
        return
    _check_matrix(envelope, n_channels, 2, "channels.envelope", limit=1e300)
    if any(low > high for low, high in envelope):
        raise Fault("a channel's envelope has its lower end above its upper end")


def _check_structure(structure: dict[str, Any], n_in: int, n_out: int) -> tuple[int, int]:
    n_hidden: Any = structure.get("n_hidden")
    if not _is_whole(n_hidden, 0, MAX_HIDDEN):
        raise Fault(f"its number of hidden units is not a whole number from 0 to {MAX_HIDDEN}")
    memory = structure.get("memory")
    if not isinstance(memory, list) or len(memory) > MAX_CHANNELS:
        raise Fault("its leaky memory is not a list of at most 64 entries")
    for entry in memory:
        if not (isinstance(entry, list) and len(entry) == 2 and _is_whole(entry[0], 0, n_in - 1)):
            raise Fault("an entry of its leaky memory does not name an input")
        if not (_is_number(entry[1]) and 0.0 < entry[1] <= 1.0):
            raise Fault("a leak of its memory is not above 0 and at most 1")
    taps = _check_lags(structure.get("output_lags"), n_out, 1, "outputs")
    taps += _check_lags(structure.get("input_lags"), n_in + len(memory), 0, "inputs")
    if not 1 <= taps <= MAX_TAPS:
        raise Fault(f"it looks back at {taps} samples where 1 to {MAX_TAPS} are possible")
    return taps, n_hidden


def _check_lags(lags: Any, n: int, lowest: int, what: str) -> int:
    if not isinstance(lags, list) or len(lags) != n or not all(isinstance(x, list) for x in lags):
        raise Fault(f"its lags do not fit its {n} {what}")
    if not all(_is_whole(lag, lowest, MAX_LAG) for one in lags for lag in one):
        raise Fault(f"a lag of its {what} is not a whole number from {lowest} to {MAX_LAG}")
    return sum(map(len, lags))


def _check_scaling(scaling: dict[str, Any], n_in: int, n_out: int) -> None:
    wanted = {
        "input_mean": n_in,
        "input_std": n_in,
        "output_mean": n_out,
        "output_std": n_out,
        "increment_std": n_out,
    }
    for key, n in wanted.items():
        _check_vector(scaling.get(key), n, f"scaling.{key}", limit=1e300)
        if key.endswith("_std") and not all(value > 0.0 for value in scaling[key]):
            raise Fault(f"a number of '{key}' is not above 0")


def _check_weights(weights: dict[str, Any], n_phi: int, n_hidden: int, n_out: int) -> None:
    _check_matrix(weights.get("w_hid"), n_hidden, n_phi, "weights.w_hid")
    _check_vector(weights.get("b_hid"), n_hidden, "weights.b_hid")
    _check_matrix(weights.get("w_out"), n_out, n_hidden, "weights.w_out")
    _check_matrix(weights.get("linear"), n_out, n_phi, "weights.linear")
    _check_vector(weights.get("bias"), n_out, "weights.bias")


def _check_times(document: dict[str, Any]) -> None:
    dt: Any = document.get("dt")
    if not (_is_number(dt) and 1e-6 <= dt <= 1e4):
        raise Fault("its sample time is not between 1e-6 s and 1e4 s")
    filter_hz: Any = document.get("filter_hz")
    if not (_is_number(filter_hz) and 0.0 <= filter_hz <= 1e6):
        raise Fault("its filter frequency is not between 0 and 1e6 Hz")
    rule = document.get("trim_rule")
    if not (isinstance(rule, str) and len(rule) <= 40 and _TRIM.fullmatch(rule)):
        raise Fault("its trim rule is not of the form 'none' or 'lead:2.0'")


def _check_vector(values: Any, n: int, what: str, limit: float = MAX_WEIGHT) -> None:
    if not isinstance(values, list) or len(values) != n:
        raise Fault(f"'{what}' must hold {n} numbers")
    if not all(_is_number(value) and abs(value) <= limit for value in values):
        raise Fault(f"'{what}' holds something that is not a number within {limit:.0e}")


def _check_matrix(
    rows: Any, n_rows: int, n_columns: int, what: str, limit: float = MAX_WEIGHT
) -> None:
    if not isinstance(rows, list) or len(rows) != n_rows:
        raise Fault(f"'{what}' must have {n_rows} rows")
    for row in rows:
        if not isinstance(row, list) or len(row) != n_columns:
            raise Fault(f"'{what}' must have {n_columns} columns in each row")
        _check_vector(row, n_columns, what, limit)


def _is_number(value: Any) -> bool:
    is_plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_plain and math.isfinite(value)


def _is_whole(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
