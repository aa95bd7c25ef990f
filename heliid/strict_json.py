"""Reading JSON that a stranger may have written: no NaN, no duplicate keys, bounded size and depth.

Python's ``json`` accepts ``NaN``, turns ``1e999`` into infinity, lets the last of two equal keys
win and recurses as deep as the text does; a file that is to be trusted must have none of these.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

MAX_BYTES = 64 * 2**20
MAX_DEPTH = 64
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]', re.DOTALL)


class StrictJsonError(ValueError):
    """The text is not the strict JSON wanted; the message is half a sentence: what was found."""


def loads(data: bytes | str, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Any:
    """The value in ``data``; raises ``StrictJsonError`` and nothing else."""
    if len(data) > max_bytes:
        raise StrictJsonError(f"it has {len(data)} bytes where at most {max_bytes} are allowed")
    if isinstance(data, bytes):
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise StrictJsonError(f"byte {error.start} is not UTF-8 text") from None
    else:
        text = data
    _check_depth(text, max_depth)
    try:
        return json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_finite_float,
            parse_int=_bounded_int,
            object_pairs_hook=_unique_keys,
        )
    except StrictJsonError:
        raise
    except json.JSONDecodeError as error:
        raise StrictJsonError(
            f"line {error.lineno}, column {error.colno} is not JSON ({error.msg.lower()})"
        ) from None
    except (ValueError, RecursionError) as error:
        raise StrictJsonError(f"it is not JSON ({type(error).__name__})") from None


def _check_depth(text: str, max_depth: int) -> None:
    """Refuse deep nesting before the parser recurses; brackets inside strings do not count."""
    depth = 0
    for token in _TOKENS.finditer(text):
        first = text[token.start()]
        if first in "[{":
            depth += 1
            if depth > max_depth:
                raise StrictJsonError(f"it is nested deeper than {max_depth} levels")
        elif first in "]}":
            depth -= 1


def _refuse_constant(name: str) -> Any:
    raise StrictJsonError(f"it holds {name}, which is not a number")


def _finite_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise StrictJsonError(f"the number {text[:30]} is too large")
    return value


def _bounded_int(text: str) -> int:
    if len(text) > 20:
        raise StrictJsonError(f"the whole number {text[:20]}... is too long")
    return int(text)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise StrictJsonError(f"the key '{twice[:40]}' stands twice")
    return result
