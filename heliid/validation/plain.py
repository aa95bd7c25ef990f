"""Results to plain data and back: dataclasses, arrays and tuples become dicts and lists.

A number that is not finite becomes None (JSON knows no nan), and None becomes nan again where a
float is wanted.
"""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """The value as dicts, lists, strings and finite numbers, ready for strict JSON."""
    if hasattr(value, "to_dict") and not isinstance(value, type):
        return value.to_dict()
    return fields_to_plain(value) if is_dataclass(value) else _leaf(value)


def fields_to_plain(value: Any) -> dict[str, Any]:
    """The fields of one dataclass instance as plain data, whether or not it has a ``to_dict``."""
    return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}


def _leaf(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return _leaf(value.tolist())
    if isinstance(value, np.generic):
        return _leaf(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): to_plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [to_plain(one) for one in value]
    return value


def from_plain(kind: type[T], data: Mapping[str, Any]) -> T:
    """The dataclass ``kind`` from its plain data; unknown keys are left aside."""
    hints = get_type_hints(kind)
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**{k: _build(hints[k], v) for k, v in data.items() if k in known})


def _build(hint: Any, value: Any) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        return _build(next(a for a in get_args(hint) if a is not types.NoneType), value)
    if hint is float:
        return math.nan if value is None else float(value)
    if hint is np.ndarray:
        return _array(value)
    if origin is tuple:
        inner = get_args(hint)
        if len(inner) == 2 and inner[1] is Ellipsis:
            return tuple(_build(inner[0], one) for one in value)
        return tuple(_build(kind, one) for kind, one in zip(inner, value, strict=True))
    if origin is dict:
        return {key: _build(get_args(hint)[1], one) for key, one in value.items()}
    if isinstance(hint, type) and hasattr(hint, "from_dict"):
        return hint.from_dict(value)
    if is_dataclass(hint):
        return from_plain(hint, value)  # type: ignore[arg-type]
    return value


def _array(value: Any) -> np.ndarray:
    """Nested lists as float64, None as nan; booleans stay booleans."""
    array = np.array(value, dtype=object)
    if array.size and all(isinstance(one, bool) for one in array.ravel()):
        return array.astype(bool)
    return np.array(value, dtype=np.float64)
