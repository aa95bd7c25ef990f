"""One question of the verdict: a light, a sentence made from the numbers, a link to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Light(StrEnum):
    """How an answer is to be read."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"
    GREY = "grey"  # cannot be told from what there is


@dataclass(frozen=True, slots=True)
class Question:
    """One line of the verdict. ``evidence`` names the part of the report that shows it.

    It is ``section`` or ``section:record`` or ``section:record:output``, with the sections scores,
    bands, residuals, frequency, modes, envelope, linear, campaign.
    """

    key: str
    text: str
    light: Light
    sentence: str
    evidence: str

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {name: str(getattr(self, name)) for name in self.__dataclass_fields__}


TEXTS: dict[str, str] = {
    "dynamics": "Does it capture the dynamics?",
    "gain": "Does it move as far as the aircraft, and the same way?",
    "bias": "Is it free of bias?",
    "delay": "Is it on time?",
    "stable": "Does its free run stay with the flight?",
    "tolerance": "Is it inside the simulator tolerances?",
    "envelope": "Are these records inside what it was trained on?",
    "linear": "Is it better than the best linear model?",
    "residuals": "Have its residuals nothing left to tell?",
    "dissimilar": "Was it verified on manoeuvres it had not seen?",
    "test": "Are the test data untouched?",
}


def question(key: str, light: Light, sentence: str, evidence: str) -> Question:
    """The question called ``key`` with its standing text."""
    return Question(key, TEXTS[key], light, sentence, evidence)


def worst(lights: Sequence[Light]) -> Light:
    """The worst of several lights; grey only when there is nothing else."""
    for light in (Light.RED, Light.AMBER, Light.GREEN):
        if light in lights:
            return light
    return Light.GREY


def number(value: float, digits: int = 2) -> str:
    """A number with so many significant digits, without an exponent where it can be helped."""
    text = f"{value:.{digits}g}"
    return f"{value:.0f}" if "e" in text and abs(value) < 1e7 else text


def percent(share: float) -> str:
    """A share as a whole percentage; small ones never become 0."""
    return "under 1 %" if 0.0 < share < 0.01 else f"{100.0 * share:.0f} %"


def listed(words: Sequence[str], most: int = 3) -> str:
    """The words ``a, b and c``, with the rest as a count."""
    if len(words) > most:
        return f"{', '.join(words[:most])} and {len(words) - most} more"
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
