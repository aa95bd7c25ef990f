"""Test inputs without Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heliid.data.excitation import Excitation

SHAPES = {
    "3-2-1-1": "3-2-1-1",
    "doublet": "Doublet",
    "sweep": "Frequency sweep",
    "multisine": "Multisine",
}
WITH_DURATION = ("sweep", "multisine")


def design(
    shape: str,
    natural_frequency: float,
    rate_hz: float,
    amplitude: float,
    unit: str,
    duration: float,
) -> Excitation:
    """The signal; ``natural_frequency`` rad/s, ``duration`` s or 0 for the rule's.

    Raises
    ------
    SettingsError
        The settings do not go together; one sentence.
    """
    from heliid.data import excitation

    return excitation.design(
        shape,
        natural_frequency=natural_frequency,
        rate_hz=rate_hz,
        amplitude=amplitude,
        unit=unit,
        duration=duration if shape in WITH_DURATION else 0.0,
    )
