"""Derived channels: a small, safe arithmetic on channel names, with no ``eval``.

``atan2(w_body, u_body)``, ``q * cos(phi) - r * sin(phi)``, ``deriv(theta)``. Names with other
characters than letters, digits, ``_`` and ``.`` stand in backquotes. All values are in SI.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from heliid.data.record import FlightRecord
from heliid.errors import RecordError

MAX_LENGTH = 1000
MAX_DEPTH = 60

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_.]*)|`(?P<quoted>[^`]+)`|(?P<sign>\*\*|[-+*/(),]))"
)
_CONSTANTS = {"pi": np.pi, "g": 9.80665}

Array = np.ndarray
_PLAIN: dict[str, tuple[int, Callable[..., Array]]] = {
    "sin": (1, np.sin), "cos": (1, np.cos), "tan": (1, np.tan), "asin": (1, np.arcsin),
    "acos": (1, np.arccos), "atan": (1, np.arctan), "atan2": (2, np.arctan2),
    "sqrt": (1, np.sqrt), "abs": (1, np.abs), "exp": (1, np.exp), "log": (1, np.log),
    "min": (2, np.minimum), "max": (2, np.maximum),
}  # fmt: skip
_WITH_TIME: dict[str, Callable[[Array, Array], Array]] = {}
_OPERATORS: dict[str, Callable[[Array, Array], Array]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "**": np.power,
}  # fmt: skip


def _with_time(function: Callable[[Array, Array], Array]) -> Callable[[Array, Array], Array]:
    _WITH_TIME[function.__name__] = function
    return function


@_with_time
def deriv(values: Array, time: Array) -> Array:
    """(N,) time derivative, second-order accurate inside, also on uneven steps."""
    return np.gradient(np.broadcast_to(values, time.shape), time)


@_with_time
def integ(values: Array, time: Array) -> Array:
    """(N,) integral from the first sample on, by trapezoids; starts at 0."""
    full = np.broadcast_to(values, time.shape)
    return np.concatenate([[0.0], np.cumsum(0.5 * (full[1:] + full[:-1]) * np.diff(time))])


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed formula: text and its tree of plain tuples; ``names`` are the channels it needs."""

    text: str
    tree: tuple
    names: tuple[str, ...]


def parse(text: str) -> Expression:
    """The formula ``text``, checked for grammar but not yet for channels.

    Raises
    ------
    RecordError
        With the place of the first thing that does not belong.
    """
    parser = _Parser(text)
    tree = parser.whole()
    return Expression(text, tree, tuple(dict.fromkeys(parser.names)))


def evaluate(expression: Expression | str, record: FlightRecord) -> np.ndarray:
    """The formula on a record's channels, (N,), SI.

    Raises
    ------
    RecordError
        Bad grammar, a channel that is not there, or a result that is not finite, with its time.
    """
    formula = parse(expression) if isinstance(expression, str) else expression
    columns = {name: _column(formula, name, record) for name in formula.names}
    with np.errstate(all="ignore"):
        out = np.broadcast_to(_value(formula.tree, columns, record.time), record.time.shape)
    bad = np.flatnonzero(~np.isfinite(out))
    if len(bad):
        raise RecordError(
            f"The formula '{formula.text}' has no finite value at t = {record.time[bad[0]]:.3f} s "
            f"({len(bad)} samples in all): change it or crop the record."
        )
    return np.array(out, dtype=float)


def _column(formula: Expression, name: str, record: FlightRecord) -> np.ndarray:
    if name == "time":
        return record.time
    if name not in record.names:
        raise RecordError(
            f"The formula '{formula.text}' uses '{name}', which {record.source.name} does not "
            f"have: it has {', '.join(record.names)}."
        )
    return record.column(name)


def _value(tree: tuple, columns: Mapping[str, Array], time: Array) -> Any:
    kind, *rest = tree
    if kind == "number":
        return np.float64(rest[0])
    if kind == "name":
        return columns[rest[0]]
    if kind == "minus":
        return -_value(rest[0], columns, time)
    if kind == "call":
        values = [_value(part, columns, time) for part in rest[1]]
        if rest[0] in _WITH_TIME:
            return _WITH_TIME[rest[0]](values[0], time)
        return _PLAIN[rest[0]][1](*values)
    return _OPERATORS[kind](_value(rest[0], columns, time), _value(rest[1], columns, time))


class _Parser:
    """Recursive descent: sum, product, sign, power, atom; ``**`` binds to the right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.names: list[str] = []
        self.depth = 0
        if len(text) > MAX_LENGTH:
            raise RecordError(
                f"The formula has {len(text)} characters, the limit is {MAX_LENGTH}: "
                f"split it into several derived channels."
            )
        self.tokens = self._split()
        self.at = 0

    def _split(self) -> list[tuple[str, str, int]]:
        tokens, place = [], 0
        stripped = self.text.rstrip()
        while place < len(stripped):
            found = _TOKEN.match(stripped, place)
            if found is None:
                hint = ": write powers as **" if stripped[place:].lstrip()[:1] == "^" else ""
                raise self._wrong(place, f"'{stripped[place:].lstrip()[:1]}' does not belong{hint}")
            kind = str(found.lastgroup)
            tokens.append((kind, found[kind], found.start(kind)))
            place = found.end()
        return tokens

    def _wrong(self, place: int, what: str) -> RecordError:
        return RecordError(f"The formula '{self.text}', character {place + 1}: {what}.")

    def _peek(self) -> tuple[str, str, int]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "", len(self.text))

    def _take(self, *signs: str) -> str:
        """The next sign if it is one of these, else ""."""
        kind, token, _ = self._peek()
        if kind == "sign" and token in signs:
            self.at += 1
            return token
        return ""

    def _need(self, sign: str) -> None:
        if not self._take(sign):
            _, token, place = self._peek()
            raise self._wrong(place, f"wanted '{sign}'" + (f" before '{token}'" if token else ""))

    def whole(self) -> tuple:
        tree = self._sum()
        kind, token, place = self._peek()
        if kind != "end":
            raise self._wrong(place, f"'{token}' does not belong here")
        return tree

    def _sum(self) -> tuple:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self._wrong(self._peek()[2], "the brackets are too deep, split the formula")
        tree = self._product()
        while sign := self._take("+", "-"):
            tree = (sign, tree, self._product())
        self.depth -= 1
        return tree

    def _product(self) -> tuple:
        tree = self._signed()
        while sign := self._take("*", "/"):
            tree = (sign, tree, self._signed())
        return tree

    def _signed(self) -> tuple:
        n_minus = 0
        while sign := self._take("-", "+"):
            n_minus += sign == "-"
        tree = self._power()
        return ("minus", tree) if n_minus % 2 else tree

    def _power(self) -> tuple:
        tree = self._atom()
        if self._take("**"):
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise self._wrong(self._peek()[2], "the powers are too deep, split the formula")
            tree = ("**", tree, self._signed())
            self.depth -= 1
        return tree

    def _atom(self) -> tuple:
        kind, token, place = self._peek()
        self.at += 1
        if kind == "number":
            return ("number", float(token))
        if kind == "quoted":
            self.names.append(token)
            return ("name", token)
        if kind == "name":
            return self._name(token, place)
        if kind == "sign" and token == "(":
            tree = self._sum()
            self._need(")")
            return tree
        if token:
            raise self._wrong(place, f"wanted a number, a channel or '(', not '{token}'")
        raise self._wrong(place, "the formula ends where a number or channel was wanted")

    def _name(self, token: str, place: int) -> tuple:
        is_function = token in _PLAIN or token in _WITH_TIME
        if self._take("("):
            if not is_function:
                known = ", ".join([*_PLAIN, *_WITH_TIME])
                raise self._wrong(place, f"'{token}' is no function, there are {known}")
            parts = [self._sum()]
            while self._take(","):
                parts.append(self._sum())
            self._need(")")
            wanted = _PLAIN[token][0] if token in _PLAIN else 1
            if len(parts) != wanted:
                raise self._wrong(place, f"'{token}' takes {wanted} values, not {len(parts)}")
            return ("call", token, tuple(parts))
        if is_function:
            raise self._wrong(place, f"'{token}' is a function, wanted '(' after it")
        if token in _CONSTANTS:
            return ("number", float(_CONSTANTS[token]))
        self.names.append(token)
        return ("name", token)
