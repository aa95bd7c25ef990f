"""What an identified model says about the aircraft: trim, linearisation, modes, derivatives."""

from heliid.physics.derivatives import Derivative, derivatives_of
from heliid.physics.linear_model import LinearModel, StateSpace, Trim, find_trim, linearise
from heliid.physics.modes import Mode, dominant_eigenvalues, name_modes
from heliid.physics.reduction import Reduced, reduce_longitudinal
from heliid.physics.reference import (
    Comparison,
    Reference,
    compare_derivatives,
    compare_modes,
    load_reference,
    shipped_references,
)
from heliid.physics.resample import leave_one_out
from heliid.physics.responses import TestResponse, make_input, respond, simulate_from_trim
from heliid.physics.summary import ModeInterval, Physics, modes, study_physics

__all__ = [
    "Comparison", "Derivative", "LinearModel", "Mode", "ModeInterval", "Physics", "Reduced",
    "Reference", "StateSpace", "TestResponse", "Trim", "compare_derivatives", "compare_modes",
    "derivatives_of", "dominant_eigenvalues", "find_trim", "leave_one_out", "linearise",
    "load_reference", "make_input", "modes", "name_modes", "reduce_longitudinal", "respond",
    "shipped_references", "simulate_from_trim", "study_physics",
]  # fmt: skip
