"""Derived channels: the arithmetic is right, and nothing but arithmetic gets in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliid.data.expressions import evaluate, parse
from heliid.data.record import Channel, FlightRecord
from heliid.errors import RecordError

TIME = np.arange(200) * 0.02
COLUMNS = {
    "q": 0.3 * np.cos(TIME),
    "theta": 0.3 * np.sin(TIME),
    "phi": 0.1 * np.sin(2 * TIME),
    "r": 0.05 * np.ones_like(TIME),
    "u_body": 40 + TIME,
    "w_body": np.sin(TIME),
    "IMU.AccX": TIME**2,
    "lon, aft": TIME * 3,
}
RECORD = FlightRecord(
    "r", TIME, np.column_stack(list(COLUMNS.values())), tuple(Channel(n) for n in COLUMNS)
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("2 ** 3 ** 2", 512.0),
        ("-2 ** 2", -4.0),
        ("2 ** -1", 0.5),
        ("10 - 4 - 3", 3.0),
        ("8 / 4 / 2", 1.0),
        ("--1", 1.0),
        ("1e3 + .5", 1000.5),
        ("max(1, min(5, 3))", 3.0),
        ("atan2(1, 1) * 4 - pi", 0.0),
        ("2*-3", -6.0),
    ],
)
def test_numbers_follow_the_usual_rules(text, expected):
    np.testing.assert_allclose(evaluate(text, RECORD), expected, atol=1e-15)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("atan2(w_body, u_body)", np.arctan2(COLUMNS["w_body"], COLUMNS["u_body"])),
        (
            "q*cos(phi) - r*sin(phi)",
            COLUMNS["q"] * np.cos(COLUMNS["phi"]) - 0.05 * np.sin(COLUMNS["phi"]),
        ),
        ("IMU.AccX / 2", TIME**2 / 2),
        ("`lon, aft` + time", 4 * TIME),
        ("sqrt(abs(q)) * exp(0) + log(1)", np.sqrt(np.abs(COLUMNS["q"]))),
    ],
)
def test_channels_are_values(text, expected):
    np.testing.assert_allclose(evaluate(text, RECORD), expected, rtol=1e-14)


def test_deriv_and_integ_are_calculus():
    np.testing.assert_allclose(
        evaluate("deriv(theta)", RECORD)[1:-1], COLUMNS["q"][1:-1], atol=1e-4
    )
    np.testing.assert_allclose(evaluate("integ(q)", RECORD), COLUMNS["theta"], atol=1e-4)
    np.testing.assert_allclose(evaluate("integ(2)", RECORD), 2 * TIME, atol=1e-12)
    np.testing.assert_allclose(evaluate("deriv(5)", RECORD), 0.0, atol=1e-12)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the formula ends"),
        ("q +", "the formula ends"),
        ("q theta", "'theta' does not belong"),
        ("(q", r"wanted '\)'"),
        ("q)", r"'\)' does not belong"),
        ("q ^ 2", r"powers as \*\*"),
        ("sin q", "is a function"),
        ("sin(q, r)", "takes 1 values, not 2"),
        ("atan2(q)", "takes 2 values, not 1"),
        ("eval(q)", "'eval' is no function"),
        ("__import__('os')", "does not belong"),
        ("q.__class__", "does not have"),
        ("altitude", "does not have"),
        ("q; r", "does not belong"),
        ("1 / 0", "no finite value"),
        ("log(0 - 1)", "no finite value"),
        ("(" * 200 + "1" + ")" * 200, "too deep"),
        ("2**" * 100 + "2", "too deep"),
        ("1+" * 600 + "1", "limit is 1000"),
        ("[1]", "does not belong"),
        ("q if r else 1", "does not belong"),
        ("lambda: 1", "does not belong"),
    ],
)
def test_anything_else_is_one_sentence(text, words):
    with pytest.raises(RecordError, match=words) as caught:
        evaluate(text, RECORD)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=40))
@settings(max_examples=400, deadline=None)
def test_any_text_gives_numbers_or_one_sentence(text):
    try:
        out = evaluate(text, RECORD)
    except RecordError:
        return
    assert out.shape == TIME.shape


def test_a_long_flat_sum_is_fine():
    assert evaluate("+".join(["q"] * 300), RECORD)[0] == pytest.approx(300 * 0.3)


def test_names_lists_the_channels_once():
    assert parse("q + q * theta").names == ("q", "theta")
