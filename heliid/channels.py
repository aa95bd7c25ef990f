"""The catalogue of flight channels: symbol, quantity, units, sign convention.

Anything that is not listed is a free channel under its own name and unit.
Signs follow ISO 1151 body axes (x forward, y right, z down); controls are
positive in the direction that the pilot's stick moves, see ``docs/conventions.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a channel is for in a model."""

    INPUT = "input"
    OUTPUT = "output"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class ChannelKind:
    """One line of the catalogue; ``si`` and ``display`` are unit symbols."""

    symbol: str
    quantity: str
    si: str
    display: str
    sign: str
    usual_role: Role


_LINES: tuple[tuple[str, str, str, str, str, Role], ...] = (
    ("delta_lon", "Longitudinal cyclic", "%", "%", "positive aft", Role.INPUT),
    ("delta_lat", "Lateral cyclic", "%", "%", "positive right", Role.INPUT),
    ("delta_col", "Collective", "%", "%", "positive up", Role.INPUT),
    ("delta_ped", "Pedals", "%", "%", "positive right pedal forward", Role.INPUT),
    ("p", "Roll rate", "rad/s", "deg/s", "positive right wing down", Role.OUTPUT),
    ("q", "Pitch rate", "rad/s", "deg/s", "positive nose up", Role.OUTPUT),
    ("r", "Yaw rate", "rad/s", "deg/s", "positive nose right", Role.OUTPUT),
    ("phi", "Roll attitude", "rad", "deg", "positive right side down", Role.OUTPUT),
    ("theta", "Pitch attitude", "rad", "deg", "positive nose up", Role.OUTPUT),
    ("psi", "Heading", "rad", "deg", "positive clockwise from above", Role.IGNORED),
    ("u_body", "Forward speed", "m/s", "m/s", "positive forward", Role.OUTPUT),
    ("v_body", "Side speed", "m/s", "m/s", "positive right", Role.OUTPUT),
    ("w_body", "Down speed", "m/s", "m/s", "positive down", Role.OUTPUT),
    ("ax", "Longitudinal acceleration", "m/s^2", "m/s^2", "positive forward", Role.OUTPUT),
    ("ay", "Side acceleration", "m/s^2", "m/s^2", "positive right", Role.OUTPUT),
    ("az", "Normal acceleration", "m/s^2", "m/s^2", "positive down", Role.OUTPUT),
    ("airspeed", "Airspeed", "m/s", "kt", "positive forward", Role.IGNORED),
    ("altitude", "Altitude", "m", "ft", "positive up", Role.IGNORED),
    ("alpha", "Angle of attack", "rad", "deg", "positive nose above flight path", Role.IGNORED),
    ("beta", "Sideslip angle", "rad", "deg", "positive wind from right", Role.IGNORED),
)

CATALOGUE: dict[str, ChannelKind] = {line[0]: ChannelKind(*line) for line in _LINES}

_ALIASES: dict[str, str] = {
    "stick_lon": "delta_lon",
    "dlon": "delta_lon",
    "d_lon": "delta_lon",
    "cyclic_lon": "delta_lon",
    "pilot_lon": "delta_lon",
    "cmd_lon": "delta_lon",
    "lon_cyclic": "delta_lon",
    "theta1s": "delta_lon",
    "stick_lat": "delta_lat",
    "dlat": "delta_lat",
    "d_lat": "delta_lat",
    "theta1c": "delta_lat",
    "stick_col": "delta_col",
    "dcol": "delta_col",
    "d_col": "delta_col",
    "collective": "delta_col",
    "theta0": "delta_col",
    "stick_ped": "delta_ped",
    "dped": "delta_ped",
    "d_ped": "delta_ped",
    "pedal": "delta_ped",
    "theta0t": "delta_ped",
    "u": "u_body",
    "v": "v_body",
    "w": "w_body",
    "du": "u_body",
    "dv": "v_body",
    "dw": "w_body",
    "pitch_rate": "q",
    "roll_rate": "p",
    "yaw_rate": "r",
    "pitch": "theta",
    "roll": "phi",
    "dtheta": "theta",
    "dphi": "phi",
    "heading": "psi",
    "acc_x": "ax",
    "acc_y": "ay",
    "acc_z": "az",
    "tas": "airspeed",
    "ias": "airspeed",
    "alt": "altitude",
    "aoa": "alpha",
}


def find_kind(name: str) -> ChannelKind | None:
    """The catalogue line that a column called ``name`` most likely is, or None.

    A suggestion to show, never a silent conversion: the name alone does not
    settle sign or unit.
    """
    lowered = name.strip().lower()
    return CATALOGUE.get(_ALIASES.get(lowered, lowered))
