"""Columns and the catalogue: words of several languages, units, and what the numbers show."""

from __future__ import annotations

import numpy as np
import pytest

from heliid.data.suggest import suggest, words_of

DT = 0.02
T = DT * np.arange(500)


def one(name: str, unit: str) -> str:
    found = suggest([name], [unit], np.zeros((500, 1)), DT)
    return found[0].symbol if found else ""


@pytest.mark.parametrize(
    ("name", "unit", "symbol"),
    [
        ("Steuer_lon", "%", "delta_lon"),
        ("Längssteuerung", "%", "delta_lon"),
        ("PilotCyclicLat", "%", "delta_lat"),
        ("CollectiveStick", "-", "delta_col"),
        ("Pedale", "%", "delta_ped"),
        ("NickRate", "deg/s", "q"),
        ("gyro_x", "rad/s", "p"),
        ("Rollwinkel", "deg", "phi"),
        ("PitchAngle", "deg", "theta"),
        ("IMU.AccZ", "m/s^2", "az"),
        ("vel_x", "m/s", "u_body"),
        ("RotorSpeed", "rpm", ""),
        ("PitchRate", "deg", ""),  # name and unit contradict each other
        ("temperature", "K", ""),
    ],
)
def test_words_and_unit_say_which_channel_it_is(name, unit, symbol):
    assert one(name, unit) == symbol


def test_words_of_a_name():
    assert words_of("NickRate_3") == ("nick", "rate")
    assert "steuer" in words_of("Längssteuerung")


def test_a_symbol_is_suggested_once_and_never_when_it_is_there():
    names, units = ["q", "PitchRate", "pitch_gyro"], ["deg/s"] * 3
    assert suggest(names, units, np.zeros((500, 3)), DT) == {}
    found = suggest(names[1:], units[1:], np.zeros((500, 2)), DT)
    assert [(k, s.symbol) for k, s in found.items()] == [(0, "q")]


def test_the_derivative_of_a_known_angle_is_its_rate():
    theta, rate = np.sin(T), np.cos(T)
    other = np.cos(7 * T)
    values = np.column_stack([theta, rate, other])
    found = suggest(["theta", "A12", "A13"], ["deg", "deg/s", "deg/s"], values, DT)
    assert {k: s.symbol for k, s in found.items()} == {1: "q"}
    assert "derivative of theta" in found[1].why


def test_the_weight_shows_the_normal_accelerometer_and_its_sign():
    values = np.column_stack([np.full(500, 9.7), 0.1 * np.sin(T)])
    found = suggest(["b1", "b2"], ["m/s^2", "m/s^2"], values, DT)
    assert {k: s.symbol for k, s in found.items()} == {0: "az"}
    assert "sign turned" in found[0].why


def test_cells_that_are_no_numbers_are_no_obstacle():
    values = np.full((500, 2), np.nan)
    assert suggest(["A", "B"], ["deg", "deg/s"], values, DT) == {}
