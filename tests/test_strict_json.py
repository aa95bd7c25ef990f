"""JSON that a stranger wrote: taken in exactly, or refused in half a sentence."""

from __future__ import annotations

import json

import pytest

from heliid.strict_json import StrictJsonError, loads


@pytest.mark.parametrize("value", [None, True, 0, -7, 1.5, "ä [{", [], {}, {"a": [1, {"b": "]"}]}])
def test_plain_values_come_back(value):
    assert loads(json.dumps(value)) == value
    assert loads(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("NaN", "NaN, which is not a number"),
        ("[Infinity]", "Infinity"),
        ("[-Infinity]", "-Infinity"),
        ("1e999", "too large"),
        ("[-1e400]", "too large"),
        ("9" * 21, "too long"),
        ('{"b": 1, "a": 2, "a": 3}', "'a' stands twice"),
        ("[" * 65 + "]" * 65, "deeper than 64"),
        ('{"a":' * 65 + "1" + "}" * 65, "deeper than 64"),
        ("[1,\n 2,]", "line 2, column 4"),
        ("", "line 1, column 1"),
        ('"\\ud800', "line 1"),
        (b"\xff\xfe", "byte 0 is not UTF-8"),
        (b'["\xc3"]', "byte 2 is not UTF-8"),
    ],
)
def test_what_json_lets_through_and_we_do_not(text, words):
    with pytest.raises(StrictJsonError, match=words):
        loads(text)


def test_the_limits_are_the_callers_to_set():
    assert loads("[[1]]", max_depth=2) == [[1]]
    with pytest.raises(StrictJsonError, match="deeper than 1"):
        loads("[[1]]", max_depth=1)
    assert loads("12345", max_bytes=5) == 12345
    with pytest.raises(StrictJsonError, match="6 bytes where at most 5"):
        loads("123456", max_bytes=5)


def test_brackets_in_strings_do_not_count_as_depth():
    assert loads('["' + "[" * 500 + '\\"["]', max_depth=1) == ["[" * 500 + '"[']


def test_exactly_so_many_levels_and_digits_are_allowed():
    assert loads("[" * 64 + "]" * 64)
    assert loads("9" * 20) == int("9" * 20)


def test_a_number_the_interpreter_refuses_is_refused_here(monkeypatch):
    """Whatever the parser raises of its own, one kind of error comes out."""

    def broken(*_args, **_options):
        raise RecursionError

    monkeypatch.setattr(json, "loads", broken)
    with pytest.raises(StrictJsonError, match="RecursionError"):
        loads("[]")
