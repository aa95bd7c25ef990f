"""Findings from the laws of motion: unit, sign, scale, time base, delay, mixed columns, drift."""

from __future__ import annotations

import numpy as np

from heliid.data.conditioning import RemoveDrift, Scale, SetTimeBase, SetUnit, ShiftTime, Step, Swap
from heliid.data.doctor.diagnosis import ROUND_RATES, Diagnosis, diagnose, undo
from heliid.data.doctor.finding import Finding, Severity
from heliid.data.doctor.links import Link, Stretches
from heliid.data.doctor.motion import (
    ATTITUDES,
    RATES,
    USED,
    Motion,
    Relation,
    balances,
    links,
    motion_of,
)
from heliid.data.record import FlightRecord
from heliid.units import find_unit, same_quantity

_LEAST_SAMPLES = 100
_SNAP = 0.06  # how near a factor must be to that of a unit
_TYPICAL = 0.05  # rad or rad/s: what attitudes and rates move by, when no other axis tells
_DRIFT_NOISE = 10.0  # times the wiggles of the integral
_DRIFT_SHARE = 0.8  # of the attitude's standard deviation
_DRIFT_LEAST = 0.01  # rad
_AXIS_PAIRS = (("pitch", "theta", "q"), ("roll", "phi", "p"), ("yaw", "psi", "r"))
_ANGULAR = (*ATTITUDES, *RATES)
_AXES = {"pitch": "pitch", "roll": "roll", "yaw": "yaw", "along": "speed", "down": "heave"}


def check_motion(record: FlightRecord, stretches: Stretches) -> list[Finding]:
    """Findings from attitudes, rates, speeds and accelerations, on the good stretches."""
    if sum(end - first for first, end in stretches) < _LEAST_SAMPLES:
        return []
    motion = motion_of(record, stretches)
    early, level = _without_drift(record, motion)
    verdicts, evidence = diagnose(level)
    found = [_finding(record, motion, verdict, evidence) for verdict in verdicts]
    if all(verdict.kind in ("skew", "time base") for verdict in verdicts):
        found += early
    else:  # what looked like a drift may have been a wrong scale or sign
        corrected = motion
        for verdict in verdicts:
            corrected = undo(corrected, verdict)
        drifts = _drifts(record, corrected, evidence)
        found += [drift for drift in early if any(d.channels == drift.channels for d in drifts)]
    if not verdicts:
        found += _inconsistent(record, motion, evidence)
    return [*found, *_unchecked(record, motion, evidence)]


def _without_drift(record: FlightRecord, motion: Motion) -> tuple[list[Finding], Motion]:
    """Drifts, and the motion without their straight part: it would bend the cross terms."""
    found = _drifts(record, motion, links(motion, balances(motion)))
    t = motion.dt * np.arange(record.n_samples)
    for drift in found:
        symbol = next(s for s, name in motion.names.items() if name == drift.channels[0])
        motion = motion.changed(**{symbol: motion.data[symbol] - drift.number("slope") * t})
    return found, motion


def _finding(
    record: FlightRecord,
    motion: Motion,
    verdict: Diagnosis,
    evidence: list[tuple[Relation, Link]],
) -> Finding:
    makers = {
        "time base": _time_base,
        "skew": _skew,
        "sign": _sign,
        "swapped": _swapped,
        "scale": _scale_or_unit,
    }
    return makers[verdict.kind](record, motion, verdict, evidence)


def _make(
    record: FlightRecord,
    verdict: Diagnosis,
    kind: str,
    sentence: str,
    names: tuple[str, ...],
    evidence: tuple[tuple[str, float], ...],
    remedy: Step | None,
) -> Finding:
    return Finding(
        kind,
        Severity.ERROR,
        sentence,
        names,
        float(record.time[0]),
        float(record.time[-1]),
        evidence,
        float(min(verdict.confidence, 0.99)),
        remedy,
    )


def _time_base(
    record: FlightRecord,
    motion: Motion,
    verdict: Diagnosis,
    evidence: list[tuple[Relation, Link]],
) -> Finding:
    stated = motion.dt
    true = stated * verdict.value
    spread = true * max(verdict.error, 0.005)
    neat = _round_step(true)
    axes = sorted({_AXES[relation.equation] for relation, _ in evidence})
    rate = f"{1 / neat:.4g} Hz"
    sentence = (
        f"The sample time is wrong: the file says {1000 * stated:.4g} ms, but attitudes change "
        f"as fast as the rates say only with {1000 * true:.2f} ms (within {1000 * spread:.2f} ms, "
        f"from {', '.join(axes)}); set the time step to {1000 * neat:.4g} ms ({rate}), otherwise "
        f"every frequency and delay of the model is off by the factor {1 / verdict.value:.2f}."
    )
    numbers = (("dt_stated", stated), ("dt_estimate", true), ("dt_error", spread), ("dt", neat))
    return _make(record, verdict, "time base", sentence, (), numbers, SetTimeBase(neat))


def _round_step(dt: float) -> float:
    """The usual step within 2.5 %, whole milliseconds first, else three digits."""
    near = [1.0 / rate for rate in ROUND_RATES if abs(rate * dt - 1.0) < 0.025]
    if not near:
        return float(f"{dt:.3g}")
    whole = [step for step in near if abs(1000 * step - round(1000 * step)) < 1e-6]
    return min(whole or near, key=lambda step: abs(step - dt))


def _skew(
    record: FlightRecord,
    motion: Motion,
    verdict: Diagnosis,
    evidence: list[tuple[Relation, Link]],
) -> Finding:
    names = tuple(motion.names[symbol] for symbol in verdict.symbols)
    partner = _partners(verdict.symbols[0], motion, evidence)
    delay = verdict.value
    sentence = (
        f"{names[0]} is {1000 * delay:.0f} ms ({delay / motion.dt:.1f} samples) late against "
        f"{partner}, within {1000 * max(verdict.error, 0.001):.0f} ms: move it earlier by that "
        f"much, otherwise the model learns the recorder's delay."
    )
    numbers = (("delay", delay), ("delay_error", verdict.error), ("samples", delay / motion.dt))
    remedy = ShiftTime((names[0],), float(f"{delay:.4g}"))
    return _make(record, verdict, "skew", sentence, names, numbers, remedy)


def _partners(symbol: str, motion: Motion, evidence: list[tuple[Relation, Link]]) -> str:
    """The channels that this one is compared with, in words."""
    others: list[str] = []
    for relation, _ in evidence:
        members = [name for name, _ in relation.big if name in motion]
        if symbol in members:
            others += [motion.names[m] for m in members if m != symbol]
    return " and ".join(dict.fromkeys(others)) or "the rest"


def _sign(
    record: FlightRecord,
    motion: Motion,
    verdict: Diagnosis,
    evidence: list[tuple[Relation, Link]],
) -> Finding:
    names = tuple(motion.names[symbol] for symbol in verdict.symbols)
    partner = _partners(verdict.symbols[0], motion, evidence)
    either = f"{names[0]} or {names[1]} has" if len(names) > 1 else f"{names[0]} has"
    sentence = (
        f"{either} the wrong sign: {names[0]} moves against what {partner} say; check the sign "
        f"convention (nose up, right side down and nose right are positive) and turn it."
    )
    return _make(record, verdict, "sign", sentence, names, (), Scale(names[0], -1.0))


def _swapped(
    record: FlightRecord,
    motion: Motion,
    verdict: Diagnosis,
    evidence: list[tuple[Relation, Link]],  # noqa: ARG001 - all makers are called alike
) -> Finding:
    first, second = (motion.names[symbol] for symbol in verdict.symbols)
    sentence = (
        f"The columns {first} and {second} are mixed up: attitudes and rates fit each other only "
        f"when the two are exchanged."
    )
    remedy = Swap(first, second)
    return _make(record, verdict, "swapped", sentence, (first, second), (), remedy)


def _scale_or_unit(
    record: FlightRecord,
    motion: Motion,
    verdict: Diagnosis,
    evidence: list[tuple[Relation, Link]],
) -> Finding:
    for symbol, value in _by_plausibility(motion, verdict):
        name = motion.names[symbol]
        unit = _other_unit(record, name, value)
        if unit:
            stated = record.channel(name).unit
            sentence = (
                f"{name} is in {unit}, not in {stated}: it is {value:.4g} times what the channels "
                f"beside it say; read its numbers as {unit}."
            )
            numbers = (("factor", value), ("factor_error", verdict.error))
            told = SetUnit(name, unit)
            return _make(record, verdict, "unit", sentence, (name,), numbers, told)
    names = tuple(motion.names[symbol] for symbol in verdict.symbols)
    partner = _partners(verdict.symbols[0], motion, evidence)
    way = "large" if verdict.value > 1 else "small"
    doubt = f", or {names[1]} is off the other way" if len(names) > 1 else ""
    sentence = (
        f"{names[0]} is {_percent(verdict.value)} too {way} for {partner} (within "
        f"{100 * max(verdict.error, 0.01):.0f} %){doubt}{_or_the_clock(motion, verdict)}: check "
        f"the calibration, or scale it."
    )
    sizes = (("factor", verdict.value), ("factor_error", verdict.error))
    clock = (("dt_if_clock", motion.dt * verdict.clock),) if verdict.clock else ()
    remedy = Scale(names[0], float(f"{1 / verdict.value:.4g}"))
    return _make(record, verdict, "scale", sentence, names, (*sizes, *clock), remedy)


def _or_the_clock(motion: Motion, verdict: Diagnosis) -> str:
    """The other explanation, where no second axis moves enough to rule it out."""
    if not verdict.clock:
        return ""
    true = 1000 * motion.dt * verdict.clock
    return f", or the sample time is {true:.4g} ms and not {1000 * motion.dt:.4g} ms"


def _percent(factor: float) -> str:
    return f"{100 * abs(factor - 1):.0f} %" if 0.5 < factor < 2 else f"{factor:.3g} times"


def _by_plausibility(motion: Motion, verdict: Diagnosis) -> list[tuple[str, float]]:
    """(symbol, measured over true) of the suspects, that with the likelier size first."""
    first = verdict.symbols[0]
    trials = [(first, verdict.value)]
    for other in verdict.symbols[1:]:
        # partners in one link are off the opposite way, but for a product of two
        same_way = {first, other} == {"q", "u_body"}
        trials.append((other, verdict.value if same_way else 1.0 / verdict.value))

    # an axis of this record that is sound tells how lively the flight was
    sound = [
        float(np.std(column))
        for symbol, column in motion.data.items()
        if symbol in _ANGULAR and symbol not in _axis_of(verdict.symbols)
    ]
    usual = float(np.exp(np.mean(np.log(sound)))) if sound and min(sound) > 0 else _TYPICAL

    def surprise(trial: tuple[str, float]) -> float:
        symbol, value = trial
        if symbol not in _ANGULAR:
            return 1.0
        moved = float(np.std(motion.data[symbol])) / value
        return abs(float(np.log(max(moved, 1e-12) / usual)))

    return sorted(trials, key=surprise)


def _axis_of(symbols: tuple[str, ...]) -> set[str]:
    """Attitude and rate of the axes that these symbols belong to."""
    return {name for _, *pair in _AXIS_PAIRS if set(pair) & set(symbols) for name in pair}


def _other_unit(record: FlightRecord, name: str, value: float) -> str:
    """The unit in which the channel's numbers would be right, "" when none is near."""
    stated = find_unit(record.channel(name).unit)
    if stated is None:
        return ""
    for symbol in same_quantity(stated.si):
        unit = find_unit(symbol)
        if (
            unit is None
            or symbol == stated.symbol
            or abs(np.log(unit.factor / stated.factor)) < 0.3
        ):
            continue
        if abs(np.log(value * unit.factor / stated.factor)) < _SNAP:
            return symbol
    return ""


def _drifts(
    record: FlightRecord, motion: Motion, evidence: list[tuple[Relation, Link]]
) -> list[Finding]:
    """Attitudes that wander off from the integral of their rates."""
    linked = {relation.equation for relation, _ in evidence}
    found = []
    for name, balance in balances(motion).items():
        pair = next((p for p in _AXIS_PAIRS if p[0] == name), None)
        if pair is None or name not in linked or len(motion.stretches) > 1:
            continue
        known = sum(balance.xs[: balance.n_known], np.zeros(len(balance.y)))
        wander = np.cumsum(balance.y - known) * motion.dt
        t = np.linspace(0.0, 1.0, len(wander))
        curve = np.polyfit(t, wander, 2)
        fitted = np.polyval(curve, t)
        size = float(np.ptp(fitted))
        noise = float(np.std(wander - fitted))
        attitude = motion.data[pair[1]]
        moved = float(np.std(attitude[1:-1] - np.polyval(np.polyfit(t, attitude[1:-1], 1), t)))
        if size < max(_DRIFT_NOISE * noise, _DRIFT_SHARE * moved, _DRIFT_LEAST):
            continue
        slope = float(np.polyfit(t, wander, 1)[0]) / (motion.dt * len(wander))
        names = (motion.names[pair[1]], motion.names[pair[2]])
        bend = abs(curve[0]) > abs(curve[0] + curve[1])
        found.append(_drift(record, names, size, slope, is_bent=bend))
    return found


def _drift(
    record: FlightRecord, names: tuple[str, str], size: float, slope: float, *, is_bent: bool
) -> Finding:
    attitude, rate = names
    what = (
        f"{rate} has a bias that changes" if is_bent else f"{attitude} drifts or {rate} is biased"
    )
    return Finding(
        "drift",
        Severity.WARNING,
        f"{attitude} and the integral of {rate} part by {np.degrees(size):.1f} deg in "
        f"{record.duration:.0f} s ({np.degrees(slope):.3g} deg/s on average): {what}; take the "
        f"drift out, or keep the model from learning it by short windows.",
        names,
        float(record.time[0]),
        float(record.time[-1]),
        (("size_rad", size), ("slope", slope)),
        0.9,
        None if is_bent else RemoveDrift(attitude, float(f"{slope:.4g}")),
    )


def _inconsistent(
    record: FlightRecord, motion: Motion, evidence: list[tuple[Relation, Link]]
) -> list[Finding]:
    """Axes where both sides clearly move, but not together."""
    linked = {relation.equation for relation, _ in evidence}
    found = []
    for name, balance in balances(motion).items():
        pair = next((p for p in _AXIS_PAIRS if p[0] == name), None)
        if pair is None or name in linked:
            continue
        left, total = balance.residual_power(0.1, 1.5)
        x_power = float(np.real(balance.spectra.sxx[_slow(balance.spectra.frequency), 0, 0]).sum())
        quiet = _quiet_power(balance.spectra.frequency, balance.spectra.syy)
        quiet_x = _quiet_power(balance.spectra.frequency, np.real(balance.spectra.sxx[:, 0, 0]))
        if total > 20 * quiet and x_power > 20 * quiet_x and left > 0.7 * max(total, x_power):
            names = (motion.names[pair[1]], motion.names[pair[2]])
            found.append(
                Finding(
                    "inconsistent",
                    Severity.WARNING,
                    f"{names[0]} and {names[1]} both move but not together: one of them is "
                    f"another quantity, another sensor or another time; check the column names.",
                    names,
                    float(record.time[0]),
                    float(record.time[-1]),
                    (("residual_share", left / total),),
                    0.7,
                )
            )
    return found


def _slow(frequency: np.ndarray) -> np.ndarray:
    return (frequency >= 0.1) & (frequency <= 1.5)


def _quiet_power(frequency: np.ndarray, power: np.ndarray) -> float:
    """What the slow band would hold if there were only the noise of the fast one."""
    fast = frequency > 0.6 * frequency[-1]
    return float(power[fast].mean() * _slow(frequency).sum()) if fast.any() else 0.0


def _unchecked(
    record: FlightRecord, motion: Motion, evidence: list[tuple[Relation, Link]]
) -> list[Finding]:
    """Say honestly what nothing in the record can confirm."""
    confirmed = {motion.names[s] for r, _ in evidence for s, _ in r.big if s in motion.names}
    rest = [name for name in record.names if name not in confirmed]
    if not rest:
        return []
    shown = ", ".join(rest[:8]) + (" and more" if len(rest) > 8 else "")
    reason = (
        "no attitude moves enough beside its rate"
        if any(symbol in motion for symbol in USED)
        else "there is no attitude with its rate, and no speed with its acceleration"
    )
    what = "sign, scale, unit and timing"
    why = reason if not confirmed else "nothing else in the record measures the same"
    return [
        Finding(
            "unchecked",
            Severity.NOTE,
            f"{what.capitalize()} of {shown} rest on the file's word alone: {why}.",
            tuple(rest),
            float(record.time[0]),
            float(record.time[-1]),
            (("n_confirmed", float(len(confirmed))),),
        )
    ]
