"""What a flying body must obey: attitudes and rates, speeds and accelerations.

    theta' = q cos(phi) - r sin(phi)                      pitch
    phi'   = p + tan(theta) (q sin(phi) + r cos(phi))     roll
    psi'   = (q sin(phi) + r cos(phi)) / cos(theta)       yaw
    u' + q w - r v = ax - g sin(theta)                    along
    w' + p v = az + g cos(theta) cos(phi) + q u           down

Both sides are compared as means over two steps (difference quotient on the left, Simpson's rule
on the right), which is exact for cubics, so that neither noise nor step size favours one side. A
record of deviations from a trim (accelerations around zero) has the linear forms, with the speed
and the attitude of the trim unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from heliid.channels import Role, find_kind
from heliid.data.doctor.links import (
    Link,
    Spectra,
    Stretches,
    estimate,
    sharpen,
    spectra,
)
from heliid.data.record import FlightRecord

GRAVITY = 9.80665
ATTITUDES, RATES = ("phi", "theta", "psi"), ("p", "q", "r")
SPEEDS, ACCELERATIONS = ("u_body", "v_body", "w_body"), ("ax", "ay", "az")
USED = (*ATTITUDES, *RATES, *SPEEDS, *ACCELERATIONS)
TIME = "time"


@dataclass(frozen=True, eq=False)
class Motion:
    """The channels of a rigid body on a uniform axis, by catalogue symbol, SI."""

    dt: float
    data: dict[str, np.ndarray]
    names: dict[str, str]  # symbol to the record's channel name
    stretches: Stretches
    is_deviation: bool
    controls: tuple[np.ndarray, ...] = ()  # what the pilot or a computer moves, in any unit

    def __contains__(self, symbol: str) -> bool:
        return symbol in self.data

    def get(self, symbol: str) -> np.ndarray | float:
        """The channel (N,), 0 when the record does not have it."""
        return self.data.get(symbol, 0.0)

    def changed(self, **data: np.ndarray) -> Motion:
        """The same with some channels replaced."""
        return replace(self, data={**self.data, **data})

    def floor_of(self, relation: Relation) -> float:
        """Relative gain error of a relation; deviations from a trim hide its cross terms."""
        is_bent = self.is_deviation and relation.equation == "yaw"
        return 0.05 if is_bent else relation.floor

    def with_dt(self, dt: float) -> Motion:
        """The same samples at another step, s."""
        return replace(self, dt=dt)


@dataclass(frozen=True, slots=True)
class Relation:
    """One term of one equation, and whose fault a link that is not 1 would be.

    ``big``: symbols whose scale shows as +1 or -1 in the logarithm of the gain; ``late``: whose
    delay shows in the delay.
    """

    equation: str
    term: int
    big: tuple[tuple[str, int], ...]
    late: tuple[tuple[str, int], ...]
    floor: float  # relative gain error of the equation itself: bent axes, wind, mounting


def motion_of(record: FlightRecord, stretches: Stretches) -> Motion:
    """The body motion in a record; an uneven time axis is made even within each stretch."""
    time, values = record.time, record.values
    dt = (
        record.duration / (record.n_samples - 1)
        if len(stretches) == 1 and record.n_samples > 1
        else record.dt
    )
    steps = np.diff(time)
    is_even = np.abs(steps - np.median(steps)).max(initial=0.0) < 0.1 * np.median(steps)
    if not is_even and len(stretches) == 1:
        even = np.linspace(time[0], time[-1], len(time))
        values = np.column_stack([np.interp(even, time, column) for column in values.T])
    data: dict[str, np.ndarray] = {}
    names: dict[str, str] = {}
    controls: list[np.ndarray] = []
    for j, channel in enumerate(record.channels):
        kind = find_kind(channel.name)
        if kind is not None and kind.symbol in USED and kind.si == channel.si:
            data.setdefault(kind.symbol, values[:, j])
            names.setdefault(kind.symbol, channel.name)
        if kind is not None and kind.usual_role is Role.INPUT:
            controls.append(values[:, j])
    if "psi" in data:
        data["psi"] = np.unwrap(data["psi"])
    is_deviation = "az" in data and abs(float(np.median(data["az"]))) < 0.5 * GRAVITY
    return Motion(dt, data, names, stretches, is_deviation, tuple(controls))


def rate_of(values: np.ndarray, dt: float) -> np.ndarray:
    """The mean rate of change over two steps, (N - 2,)."""
    return (values[2:] - values[:-2]) / (2.0 * dt)


def mean_of(values: np.ndarray) -> np.ndarray:
    """The mean over two steps by Simpson's rule, (N - 2,)."""
    return (values[:-2] + 4.0 * values[1:-1] + values[2:]) / 6.0


def _pitch(m: Motion) -> tuple[np.ndarray, list[np.ndarray]]:
    terms = [mean_of(m.data["q"] * np.cos(m.get("phi")))]
    if "phi" in m and "r" in m and not m.is_deviation:
        terms.append(mean_of(-m.data["r"] * np.sin(m.data["phi"])))
    return rate_of(m.data["theta"], m.dt), terms


def _roll(m: Motion) -> tuple[np.ndarray, list[np.ndarray]]:
    left, terms = rate_of(m.data["phi"], m.dt), [mean_of(m.data["p"])]
    if m.is_deviation:  # r times the tangent of the trim's attitude is there, but not how much
        return left, [*terms, mean_of(m.data["r"])] if "r" in m else terms
    if "theta" in m and ("q" in m or "r" in m):
        phi = m.data["phi"]
        turn = m.get("q") * np.sin(phi) + m.get("r") * np.cos(phi)
        terms.append(mean_of(np.tan(m.data["theta"]) * turn))
    return left, terms


def _yaw(m: Motion) -> tuple[np.ndarray, list[np.ndarray]]:
    phi, theta = m.get("phi"), m.get("theta")
    terms = [mean_of(m.data["r"] * np.cos(phi) / np.cos(theta))]
    if "q" in m and "phi" in m and not m.is_deviation:
        terms.append(mean_of(m.data["q"] * np.sin(phi) / np.cos(theta)))
    return rate_of(m.data["psi"], m.dt), terms


def _along(m: Motion) -> tuple[np.ndarray, list[np.ndarray]]:
    left = rate_of(m.data["u_body"], m.dt)
    if m.is_deviation:
        terms = [mean_of(m.data["ax"]), mean_of(-GRAVITY * m.data["theta"])]
        return left, [*terms, mean_of(m.data["q"])] if "q" in m else terms
    turning = m.get("q") * m.get("w_body") - m.get("r") * m.get("v_body")
    left = left + mean_of(np.broadcast_to(turning, m.data["u_body"].shape))
    return left, [mean_of(m.data["ax"]), mean_of(-GRAVITY * np.sin(m.data["theta"]))]


def _down(m: Motion) -> tuple[np.ndarray, list[np.ndarray]]:
    left = rate_of(m.data["w_body"], m.dt)
    if m.is_deviation:
        return left, [mean_of(m.data[name]) for name in ("az", "q", "theta") if name in m]
    turning = np.broadcast_to(m.get("p") * m.get("v_body"), m.data["w_body"].shape)
    weight = GRAVITY * np.cos(m.get("theta")) * np.cos(m.get("phi"))
    return left + mean_of(turning), [
        mean_of(m.data["az"] + weight),
        mean_of(m.data["q"] * m.data["u_body"]),
    ]


_EQUATIONS: dict[str, tuple[tuple[str, ...], Callable[[Motion], tuple]]] = {
    "pitch": (("theta", "q"), _pitch),
    "roll": (("phi", "p"), _roll),
    "yaw": (("psi", "r"), _yaw),
    "along": (("u_body", "ax", "theta"), _along),
    "down": (("w_body", "az", "q"), _down),
}

_RELATIONS: tuple[Relation, ...] = (
    Relation("pitch", 0, (("theta", 1), ("q", -1), (TIME, 1)), (("theta", 1), ("q", -1)), 0.015),
    Relation("roll", 0, (("phi", 1), ("p", -1), (TIME, 1)), (("phi", 1), ("p", -1)), 0.02),
    Relation("yaw", 0, (("psi", 1), ("r", -1), (TIME, 1)), (("psi", 1), ("r", -1)), 0.025),
    Relation("along", 0, (("u_body", 1), ("ax", -1), (TIME, 1)), (("u_body", 1), ("ax", -1)), 0.1),
    Relation(
        "along", 1, (("u_body", 1), ("theta", -1), (TIME, 1)), (("u_body", 1), ("theta", -1)), 0.05
    ),
    Relation("down", 0, (("w_body", 1), ("az", -1), (TIME, 1)), (("w_body", 1), ("az", -1)), 0.08),
    Relation(
        "down",
        1,
        (("w_body", 1), ("q", -1), ("u_body", -1), (TIME, 1)),
        (("w_body", 1), ("q", -1)),
        0.03,
    ),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Balance:
    """Both sides of one equation and their spectra: y should be the sum of the first xs.

    Terms beyond the first ``n_known`` have a factor that the record does not tell.
    """

    y: np.ndarray
    xs: list[np.ndarray]
    stretches: Stretches
    spectra: Spectra
    n_known: int

    def residual_power(self, low_hz: float, high_hz: float) -> tuple[float, float]:
        """Power of the known terms' misfit, and of y, between two Hz."""
        return self.spectra.residual_power(self.n_known, low_hz, high_hz)


def balances(motion: Motion) -> dict[str, Balance]:
    """Every equation that the record's channels allow, by its name."""
    out = {}
    inner = tuple((max(a - 1, 0), b - 2) for a, b in motion.stretches if b - a > 16)
    for name, (needs, sides) in _EQUATIONS.items():
        wanted = (*needs, "u_body") if name == "down" and not motion.is_deviation else needs
        if inner and all(symbol in motion for symbol in wanted):
            y, xs = sides(motion)
            n_known = len(xs)
            if motion.is_deviation:
                n_known = 2 if name == "along" else 1
            out[name] = Balance(y, xs, inner, spectra(xs, y, motion.dt, inner), n_known)
    return out


def links(motion: Motion, found: dict[str, Balance]) -> list[tuple[Relation, Link]]:
    """The usable links of all equations."""
    out = []
    for relation in _RELATIONS:
        if relation.equation not in found:
            continue
        if motion.is_deviation and relation.equation == "down":
            continue  # the speed that multiplies q is not in a record of deviations
        balance = found[relation.equation]
        is_angle = relation.equation in ("pitch", "roll", "yaw")
        link = (
            _angle_link(motion, balance) if is_angle else estimate(balance.spectra, relation.term)
        )
        is_sure = is_angle or (link.coherence > 0.85 and link.gain_error < 0.1)
        if link.is_usable and is_sure:
            out.append((relation, link))
    return out


def _angle_link(motion: Motion, balance: Balance) -> Link:
    """Attitude against rate, the small cross terms on whichever side agrees better.

    On the right they are scaled with a wrong attitude, on the left with a wrong rate; the sound
    side shows the fault undisturbed.
    """
    if balance.n_known < len(balance.xs):  # factors unknown: condition on them
        return estimate(balance.spectra, 0)
    cross = sum(balance.xs[1:], np.zeros(len(balance.y)))
    sides = [(balance.xs[0] + cross, balance.y)]
    if len(balance.xs) > 1:
        sides.append((balance.xs[0], balance.y - cross))
    trials = []
    for x, y in sides:
        found = spectra([x], y, motion.dt, balance.stretches)
        link = estimate(found)
        trials.append(sharpen(x, y, motion.dt, balance.stretches, found, link))
    return min(trials, key=lambda link: link.gain_error)


def plain_link(motion: Motion, attitude: str, rate: str) -> Link:
    """One attitude against one rate, without the terms that need the angles to be right."""
    inner = tuple((max(a - 1, 0), b - 2) for a, b in motion.stretches if b - a > 16)
    x, y = mean_of(motion.data[rate]), rate_of(motion.data[attitude], motion.dt)
    return estimate(spectra([x], y, motion.dt, inner))
