"""Stability and control derivatives from the reduced longitudinal model, in the usual names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from heliid.channels import find_kind
from heliid.data.record import Channel
from heliid.physics.reduction import Reduced

LONGITUDINAL = ("u_body", "w_body", "q", "theta")
_FORCES = (("X", "m/s^2"), ("Z", "m/s^2"), ("M", "rad/s^2"))
_STATES = (("u", "m/s"), ("w", "m/s"), ("q", "rad/s"))
_UNITS = {
    ("m/s^2", "m/s"): "1/s",
    ("m/s^2", "rad/s"): "m/s/rad",
    ("rad/s^2", "m/s"): "rad/s/m",
    ("rad/s^2", "rad/s"): "1/s",
}
_NOTES = {
    "Xq": "contains the trim speed: Xq - We",
    "Zq": "contains the trim speed: Zq + Ue",
}


@dataclass(frozen=True, slots=True)
class Derivative:
    """One derivative per unit mass or inertia, SI; ``interval`` 95 % from the ensemble or None."""

    name: str
    value: float
    unit: str
    interval: tuple[float, float] | None = None
    note: str = ""


def symbol(channel: Channel) -> str:
    """The catalogue symbol of a channel whose unit fits, else its own name."""
    kind = find_kind(channel.name)
    return kind.symbol if kind is not None and kind.si == channel.si else channel.name


def longitudinal_order(outputs: Sequence[Channel]) -> list[int] | None:
    """Positions of u, w, q and theta among the outputs; None unless all four are there."""
    symbols = [symbol(channel) for channel in outputs]
    if not all(wanted in symbols for wanted in LONGITUDINAL):
        return None
    return [symbols.index(wanted) for wanted in LONGITUDINAL]


def control_name(channel: Channel) -> str:
    """How an input is written in a derivative: ``d_lon`` for ``delta_lon``, else its own name."""
    kind = find_kind(channel.name)
    name = kind.symbol if kind is not None else channel.name
    return name.replace("delta_", "d_")


def derivatives_of(reduced: Reduced, inputs: Sequence[Channel]) -> tuple[Derivative, ...]:
    """Xu, Xw, ..., Mq and the control derivatives of every input, e.g. ``Md_lon``."""
    found = []
    for r, (force, force_unit) in enumerate(_FORCES):
        for c, (state, state_unit) in enumerate(_STATES):
            name = force + state
            unit = _UNITS[force_unit, state_unit]
            found.append(Derivative(name, float(reduced.A[r, c]), unit, note=_NOTES.get(name, "")))
    for r, (force, force_unit) in enumerate(_FORCES):
        for i, channel in enumerate(inputs):
            name = force + control_name(channel)
            found.append(Derivative(name, float(reduced.B[r, i]), f"{force_unit}/{channel.si}"))
    return tuple(found)


def trim_attitude(reduced: Reduced) -> float:
    """The trim pitch attitude that gravity's terms imply, rad."""
    return float(np.arctan2(-reduced.A[1, 3], -reduced.A[0, 3]))
