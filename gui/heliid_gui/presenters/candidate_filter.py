"""What is typed over the candidates table: words and comparisons; no Qt."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable

from heliid.events import CandidateScored
from heliid_gui.presenters.formatting import SHORT_SEARCH

Test = Callable[[CandidateScored], bool]
HELP = (
    "Words and comparisons, all of which must hold: ais, diverged, starred, nb=4, h>=2, size<100, "
    "cost<0.1, nrmse<=0.2, #<=50"
)
_COMPARE = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}
_NUMBERS: dict[str, Callable[[CandidateScored], float]] = {
    "#": lambda one: one.index + 1,
    "cost": lambda one: one.cost,
    "nrmse": lambda one: one.nrmse,
    "size": lambda one: one.n_parameters,
    "h": lambda one: one.n_hidden,
}
_TERM = re.compile(r"(#|[a-z]+)(<=|>=|<|>|=)(.+)")


def parse(text: str, starred: frozenset[tuple[int, ...]] = frozenset()) -> tuple[Test, str]:
    """The test a candidate must pass, and why a term means nothing ("" when all do)."""
    tests: list[Test] = []
    for term in text.lower().split():
        test, why = _term(term, starred)
        if why:
            return lambda _one: True, why
        tests.append(test)
    return lambda one: all(test(one) for test in tests), ""


def _term(term: str, starred: frozenset[tuple[int, ...]]) -> tuple[Test, str]:
    if term == "starred":
        return lambda one: one.genome in starred, ""
    if term == "diverged":
        return lambda one: one.diverged, ""
    found = _TERM.fullmatch(term)
    if found is None:
        return lambda one: term in _words(one), ""
    name, sign, value = found.groups()
    if name not in _NUMBERS:  # na=2 or nb=4/3: a part of the order, as it is written
        if sign == "=":
            return lambda one: term in one.structure_text.lower().replace(" ", ",").split(","), ""
        return _any, f"{name!r} cannot be compared; {HELP[0].lower()}{HELP[1:]}"
    try:
        number = float(value.replace(",", "."))
    except ValueError:
        return _any, f"{value!r} is not a number."
    pick, compare = _NUMBERS[name], _COMPARE[sign]
    return lambda one: bool(compare(pick(one), number)), ""


def _any(_one: CandidateScored) -> bool:
    return True


def _words(one: CandidateScored) -> str:
    by = f"{one.searcher} {SHORT_SEARCH.get(one.searcher, '')}"
    return f"{one.structure_text} {by} {one.reason}".lower()
