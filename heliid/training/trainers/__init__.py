"""Other ways to the weights than Levenberg-Marquardt, behind one interface.

Every trainer is a function with the arguments of ``levenberg.descend`` that returns a ``Descent``.
They see the same problem, prior and curriculum of horizons. ``docs/trainers.md`` compares them.
"""

from __future__ import annotations

import importlib
from typing import Protocol

import numpy as np

from heliid.errors import SettingsError
from heliid.events import ShouldStop, never
from heliid.training.levenberg import Descent, Problem

TRAINERS: dict[str, str] = {
    "lm": "Levenberg-Marquardt with exact sensitivities (the default)",
    "hf": "Hessian-free Gauss-Newton, preconditioned conjugate gradients",
    "bicgstab": "Hessian-free with the exact Hessian of windows, Bi-CGSTAB, negative curvature",
    "adam": "mini-batch Adam on windows",
    "sgd": "mini-batch gradient descent with momentum on windows",
}
_ROOMS = {
    "lm": "heliid.training.levenberg:descend",
    "hf": "heliid.training.trainers.hessian_free:descend",
    "bicgstab": "heliid.training.trainers.bicgstab:descend",
    "adam": "heliid.training.trainers.sgd:descend_adam",
    "sgd": "heliid.training.trainers.sgd:descend_sgd",
}


class Trainer(Protocol):
    """One stage of training from ``theta`` on fixed segments."""

    def __call__(
        self,
        problem: Problem,
        theta: np.ndarray,
        segments: np.ndarray,
        *,
        iterations: int,
        mu: float = 1e-2,
        should_stop: ShouldStop = never,
    ) -> Descent:
        """The best weights found; the cost is infinite when the start diverges."""
        ...


def check_trainer(name: object) -> str:
    """The name, when there is such a trainer.

    Raises
    ------
    SettingsError
        There is none; the sentence lists them.
    """
    if name not in TRAINERS:
        raise SettingsError(
            f"The trainer {name!r} is not known: choose one of {', '.join(TRAINERS)}."
        )
    return str(name)


def find_trainer(name: str) -> Trainer:
    """The trainer of that name; its module is imported only now."""
    module, _, function = _ROOMS[check_trainer(name)].partition(":")
    return getattr(importlib.import_module(module), function)
