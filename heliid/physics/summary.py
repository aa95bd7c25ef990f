"""The physics of one model: trim, modes, derivatives, with intervals from its ensemble."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from heliid.ensemble import interval as interval_of
from heliid.model.network import NarxModel
from heliid.physics.amplitude import SHOWN, at_amplitude, small_motion
from heliid.physics.derivatives import (
    LONGITUDINAL,
    Derivative,
    derivatives_of,
    longitudinal_order,
    symbol,
)
from heliid.physics.linear_model import LinearModel, linearise
from heliid.physics.modes import Mode, dominant_eigenvalues, match, name_modes
from heliid.physics.reduction import Reduced, excitation, reduce_longitudinal, worst_theil
from heliid.physics.responses import simulate_from_trim

REFUSE_ABOVE = 0.1  # Theil's U between reduced and full model
CHECK_SIZE = (
    0.25  # training standard deviations of the input in that comparison: local, like a derivative
)
MEMBER_LIMIT = 0.3  # the same for a refit that only serves the spread: U as acceptable anywhere
LEAST_MEMBERS = 3  # fewer give no spread worth the name
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class ModeInterval:
    """95 % intervals of one mode over the ensemble, and how many members have the mode."""

    real: Interval
    imag: Interval
    frequency: Interval
    damping: Interval
    n_members: int


@dataclass(frozen=True, slots=True)
class AmplitudeModes:
    """The modes of motions of one size; ``amplitude`` 1 is as large as flown, 0 the bare slope."""

    amplitude: float  # of the training standard deviations
    modes: tuple[Mode, ...]


@dataclass(frozen=True, eq=False)
class Physics:
    """What the identified model says about the aircraft near its trim.

    ``modes`` and ``derivatives`` are those of small motions, continued from the amplitudes that
    were flown (``heliid.physics.amplitude``), and ensemble medians when there is an ensemble.
    ``by_amplitude`` has the model's modes for motions of several sizes, ``amplitude_power`` how
    they grow (1: like v|v|, 2: smoothly, nan: not at all). ``linear`` is the slope at the trim.
    ``refusal`` is empty, or one sentence why there are no derivatives. ``cloud``: eigenvalues
    (n, 2), real and imag, of every member, for the pole map.
    """

    linear: LinearModel
    modes: tuple[Mode, ...]
    intervals: tuple[ModeInterval | None, ...]
    derivatives: tuple[Derivative, ...]
    refusal: str
    reduced: Reduced | None
    reduction_theil: float  # nan when nothing was reduced
    cloud: np.ndarray
    source: str  # "reduced model" or "dominant modes of the full model"
    by_amplitude: tuple[AmplitudeModes, ...] = ()
    amplitude_power: float = float("nan")

    def to_dict(self) -> dict[str, Any]:
        """Plain data: the contract of ``heliid modes --json``; 1/s, rad/s, s, SI."""
        trim = self.linear.trim
        eigenvalues = []
        for mode, interval in zip(self.modes, self.intervals, strict=True):
            line = mode.to_dict() | {"interval": _interval_dict(interval)}
            eigenvalues.append(line)
            if mode.is_oscillation:
                eigenvalues.append(line | {"imag": -mode.imag})
        return {
            "eigenvalues": eigenvalues,
            "derivatives": {
                d.name: {
                    "value": d.value,
                    "unit": d.unit,
                    "interval": list(d.interval) if d.interval else None,
                    "note": d.note,
                }
                for d in self.derivatives
            },
            "refusal": self.refusal,
            "source": self.source,
            "reduction_theil": _finite(self.reduction_theil),
            "input_lag": self._input_lag(),
            "by_amplitude": [
                {"amplitude": one.amplitude, "modes": [mode.to_dict() for mode in one.modes]}
                for one in self.by_amplitude
            ],
            "amplitude_power": _finite(self.amplitude_power),
            "trim": {
                "is_fixed_point": trim.is_fixed_point,
                "inputs": {
                    c.name: {"deviation": float(v), "unit": c.si}
                    for c, v in zip(self.linear.inputs, trim.u, strict=True)
                },
                "outputs": {
                    c.name: {"deviation": float(v), "unit": c.si}
                    for c, v in zip(self.linear.outputs, trim.y, strict=True)
                },
            },
            "units": {"eigenvalues": "1/s", "frequency": "rad/s", "time_to_half": "s"},
        }

    def _input_lag(self) -> dict[str, Any] | None:
        """Effective delay or lag per input, s; None when nothing was reduced."""
        if self.reduced is None:
            return None
        names = [channel.name for channel in self.linear.inputs]
        seconds = (float(one) for one in self.reduced.seconds)
        return {"kind": self.reduced.kind, "seconds": dict(zip(names, seconds, strict=True))}


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _interval_dict(interval: ModeInterval | None) -> dict[str, Any] | None:
    if interval is None:
        return None
    names = ("real", "imag", "frequency", "damping")
    found: dict[str, Any] = {name: list(getattr(interval, name)) for name in names}
    return found | {"members": interval.n_members}


@dataclass(frozen=True, eq=False)
class _Single:
    """The physics of one member."""

    linear: LinearModel
    modes: tuple[Mode, ...]
    derivatives: tuple[Derivative, ...]
    reduced: Reduced | None
    reduction_theil: float
    reason: str
    power: float = float("nan")


def study_physics(
    model: NarxModel, members: Sequence[NarxModel] = (), *, refuse_above: float = REFUSE_ABOVE
) -> Physics:
    """Trim, modes and derivatives of ``model``, with intervals from the ensemble ``members``.

    Derivatives are refused when Theil's U between reduced and full model exceeds ``refuse_above``
    (the limit ``reduction_theil`` of the table of limits, when edited). With at least three
    members the intervals are their spread times Student's t (95 %), and the values their medians;
    members that each left out a record (``leave_one_out``) know less than the model, so there the
    values and the centres of the intervals are the model's own.
    """
    own = _study_one(model, refuse_above)
    slack = max(refuse_above, MEMBER_LIMIT)
    singles = [own] if not members else [_study_one(one, slack) for one in members]
    is_resampled = bool(members) and all("left_out" in one.provenance for one in members)
    centre = own if is_resampled else None
    enough = len(singles) >= LEAST_MEMBERS
    modes, intervals = own.modes, tuple[ModeInterval | None, ...](None for _ in own.modes)
    if enough:
        both = [_mode_over(mode, singles, centre) for mode in own.modes]
        modes, intervals = tuple(m for m, _ in both), tuple(i for _, i in both)
    derivatives = own.derivatives
    if enough and derivatives:
        derivatives = tuple(_derivative_over(one, singles, centre) for one in derivatives)
    cloud = [(m.real, sign * m.imag) for s in singles for m in s.modes for sign in (1, -1)]
    is_reduced = own.reduced is not None and own.reduction_theil <= refuse_above
    return Physics(
        own.linear, modes, intervals, derivatives, own.reason, own.reduced, own.reduction_theil,
        np.array(sorted(set(cloud))).reshape(-1, 2),
        "reduced model" if is_reduced else "dominant modes of the full model",
        _by_amplitude(model, own.linear, refuse_above), own.power,
    )  # fmt: skip


def _by_amplitude(
    model: NarxModel, linear: LinearModel, refuse_above: float
) -> tuple[AmplitudeModes, ...]:
    """The modes for motions from none to as large as flown, of four states where they suffice."""
    if model.structure.n_hidden == 0:
        return ()
    sizes = ((a, at_amplitude(model, a, linear.trim)) for a in SHOWN)
    return tuple(AmplitudeModes(a, _modes_of(one, refuse_above)) for a, one in sizes)


def _modes_of(linear: LinearModel, refuse_above: float) -> tuple[Mode, ...]:
    """The modes of the reduced model, or the dominant ones of the whole where it departs."""
    order = longitudinal_order(linear.outputs)
    if order is not None:
        with contextlib.suppress(np.linalg.LinAlgError, ValueError, FloatingPointError):
            reduced = reduce_longitudinal(linear, order)
            if reduced.theil <= refuse_above:
                return name_modes(np.linalg.eigvals(reduced.A), is_longitudinal=True)
    is_longitudinal = bool({symbol(channel) for channel in linear.outputs} & {"q", "theta"})
    return name_modes(dominant_eigenvalues(linear), is_longitudinal=is_longitudinal)


def _is_longitudinal(model: NarxModel) -> bool:
    return bool({symbol(channel) for channel in model.outputs} & {"q", "theta"})


def modes(model: NarxModel, members: Sequence[NarxModel] = ()) -> dict[str, Any]:
    """The plain data of ``heliid modes``: eigenvalues, derivatives, trim and intervals."""
    return study_physics(model, members).to_dict()


def _study_one(model: NarxModel, refuse_above: float) -> _Single:
    linear = linearise(model)
    small, power = small_motion(model, linear.trim)
    order = longitudinal_order(model.outputs)
    full = name_modes(dominant_eigenvalues(small), is_longitudinal=_is_longitudinal(model))
    if order is None:
        symbols = {symbol(channel) for channel in model.outputs}
        missing = ", ".join(one for one in LONGITUDINAL if one not in symbols)
        reason = f"Derivatives need u, w, q and theta as outputs; {missing} missing."
        return _Single(linear, full, (), None, float("nan"), reason, power)
    try:
        reduced = reduce_longitudinal(small, order)
    except (np.linalg.LinAlgError, ValueError, FloatingPointError):
        reason = "The model's response near trim cannot be fitted by four states."
        return _Single(linear, full, (), None, float("nan"), reason, power)
    inequality = max(reduced.theil, reduction_theil(model, linear, reduced, order))
    if not inequality <= refuse_above:
        reason = (
            f"The four-state model departs from the full one (Theil's U {inequality:.2f}, limit "
            f"{refuse_above:g}): its derivatives would describe another aircraft."
        )
        return _Single(linear, full, (), reduced, inequality, reason, power)
    found = name_modes(np.linalg.eigvals(reduced.A), is_longitudinal=True)
    derivatives = derivatives_of(reduced, model.inputs)
    return _Single(linear, found, derivatives, reduced, inequality, "", power)


def reduction_theil(
    model: NarxModel, linear: LinearModel, reduced: Reduced, order: list[int]
) -> float:
    """The worst Theil's U of any output between the reduced and the whole (nonlinear) model.

    A 3-2-1-1 of a quarter of a training standard deviation on each input in turn, from trim, 20 s.
    """
    signal = excitation(model.dt)
    worst = 0.0
    for i in range(len(model.inputs)):
        u = np.zeros((len(signal), len(model.inputs)))
        u[:, i] = CHECK_SIZE * model.scaling.input_std[i] * signal
        full, diverged_at = simulate_from_trim(model, linear.trim, u)
        still, _ = simulate_from_trim(model, linear.trim, np.zeros_like(u))
        if diverged_at is not None:
            return 1.0
        response = (full - still)[:, order]
        worst = max(worst, worst_theil(response, reduced.simulate(u, model.dt), model.dt))
    return worst


def spread_interval(values: Sequence[float], centre: float | None = None) -> Interval:
    """Median (or ``centre``) -+ Student's t times the standard deviation of the members, 95 %."""
    low, high = interval_of(np.asarray(values, dtype=np.float64))
    shift = 0.0 if centre is None else centre - 0.5 * (float(low) + float(high))
    return float(low) + shift, float(high) + shift


def _mode_over(
    mode: Mode, singles: Sequence[_Single], centre: _Single | None
) -> tuple[Mode, ModeInterval | None]:
    """The median mode of that name and its intervals; the model's own when too few have it."""
    found = [m for m in (match(mode, s.modes) for s in singles) if m is not None]
    if len(found) < LEAST_MEMBERS:
        return mode, None

    def interval(of: Callable[[Mode], float]) -> Interval:
        return spread_interval([of(one) for one in found], of(mode) if centre else None)

    middle = Mode(
        mode.name,
        float(np.median([one.real for one in found])),
        float(np.median([one.imag for one in found])),
    )
    return mode if centre else middle, ModeInterval(
        interval(lambda m: m.real),
        interval(lambda m: m.imag),
        interval(lambda m: m.frequency),
        interval(lambda m: m.damping),
        len(found),
    )


def _derivative_over(
    derivative: Derivative, singles: Sequence[_Single], centre: _Single | None
) -> Derivative:
    values = [d.value for s in singles for d in s.derivatives if d.name == derivative.name]
    if len(values) < LEAST_MEMBERS:
        return derivative
    value = derivative.value if centre else float(np.median(values))
    return replace(derivative, value=value, interval=spread_interval(values, value))
