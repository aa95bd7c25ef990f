"""Which single fault makes all the kinematic equations agree: the trial of hypotheses.

Every link that is not 1 (or is late) is evidence; every fault (a channel's sign, scale, unit or
delay, the time base, two columns mixed up) predicts which links it bends and which it leaves alone.
The fault that explains all links best is taken, undone, and the trial is repeated on the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from heliid.data.doctor.forces import force_links
from heliid.data.doctor.links import Link
from heliid.data.doctor.motion import (
    ACCELERATIONS,
    ATTITUDES,
    GRAVITY,
    RATES,
    SPEEDS,
    TIME,
    Balance,
    Motion,
    Relation,
    balances,
    links,
    plain_link,
)

MAX_ROUNDS = 3
_CLEAR = 9.0  # fall of chi-squared that convicts; 3 standard deviations
_TIE = 3.0  # hypotheses this close in chi-squared cannot be told apart
_MIN_SCALE = 0.055  # of the logarithm: real sensors and mountings disagree by up to 4 %
_MIN_DELAY_S = 0.012
_DELAY_STEPS = 0.6  # of a sample: below it nothing is to be done
_DELAY_FLOOR_S = 0.004
_DELAY_FLOOR_ACCELERATION_S = 0.06  # an accelerometer answers a step at once, a difference late
_SWAP_GAIN = 2.5  # fall of the sum of log residual powers that convicts two columns
_SWAP_FIT = 0.75  # and the share of the moving axis' power that must then be explained
_SMALL_TERMS = 0.15  # of the sum of log residual powers: what tells two suspects apart
_CLEAR_TERMS = 0.7  # and what leaves no doubt
_DEGREES = 0.2  # of the logarithm: no other unit of an angle is near
_MAX_PITCH = 1.75  # rad; the pitch attitude ends at a quarter turn
_MAX_ROLL = 3.5
_BAND = (0.1, 2.0)  # Hz, for residual powers

# Hz; what recorders are set to
ROUND_RATES = (
    5, 10, 12.5, 20, 25, 30, 40, 50, 60, 62.5, 64, 75, 80, 100, 120, 125, 128, 150, 160, 200, 250,
    256, 300, 400, 500, 512, 600, 800, 1000,
)  # fmt: skip

# Hz; what most of them are set to: a correction that lands there is no coincidence
COMMON_RATES = (5, 10, 20, 25, 50, 100, 125, 200, 250, 400, 500, 1000)

_PAIRS: tuple[tuple[str, ...], ...] = (RATES, ATTITUDES, SPEEDS, ACCELERATIONS)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One convicted fault; ``symbols`` are catalogue names, two when they cannot be told apart.

    ``value``: scale (measured over true), delay in s, or true over stated sample time.
    """

    kind: str
    symbols: tuple[str, ...]
    value: float
    error: float
    confidence: float
    chi2: float
    clock: float = 0.0  # true over stated sample time, when that would explain it as well


def diagnose(motion: Motion) -> tuple[list[Diagnosis], list[tuple[Relation, Link]]]:
    """Faults in order of conviction, and the links that are left when they are undone."""
    verdicts: list[Diagnosis] = []
    evidence: list[tuple[Relation, Link]] = []
    for _ in range(MAX_ROUNDS):
        impossible = _impossible(motion)
        if impossible is not None:
            verdicts.append(impossible)
            motion = undo(motion, impossible)
            continue
        found = balances(motion)
        evidence = links(motion, found)
        verdict = _sign(motion, evidence) or _scale(motion, evidence) or _delay(motion, evidence)
        verdict = _swap(motion, found, verdict) or verdict
        if verdict is None:
            break
        verdict = _told_apart(motion, found, verdict)
        verdicts.append(verdict)
        motion = undo(motion, verdict)
    return verdicts, evidence


def undo(motion: Motion, verdict: Diagnosis) -> Motion:
    """The motion with one fault taken out."""
    symbol = verdict.symbols[0]
    if verdict.kind == "swapped":
        other = verdict.symbols[1]
        return motion.changed(**{symbol: motion.data[other], other: motion.data[symbol]})
    if verdict.kind == "time base":
        return motion.with_dt(motion.dt * verdict.value)
    column = motion.data[symbol]
    if verdict.kind == "skew":
        index = np.arange(len(column))
        return motion.changed(
            **{symbol: np.interp(index + verdict.value / motion.dt, index, column)}
        )
    return motion.changed(**{symbol: column / verdict.value})


def _impossible(motion: Motion) -> Diagnosis | None:
    """An attitude beyond all angles, as degrees taken for radians are: nothing else fits then."""
    for symbol, rate, limit in (("theta", "q", _MAX_PITCH), ("phi", "p", _MAX_ROLL)):
        if symbol not in motion or rate not in motion:
            continue
        attitude = motion.data[symbol]
        if float(np.abs(attitude - np.median(attitude)).max()) < limit:
            continue
        link = plain_link(motion, symbol, rate)
        if link.is_usable and abs(np.log(abs(link.gain))) > 1.0:
            value = _snapped(symbol, link.gain)
            return Diagnosis("scale", (symbol,), value, link.gain_error, 0.98, 99.0)
    return None


def _snapped(symbol: str, value: float) -> float:
    """The factor between degrees and radians when an angle or a rate is off by about that."""
    if symbol in (*ATTITUDES, *RATES):
        for exact in (180.0 / np.pi, np.pi / 180.0):
            if value > 0 and abs(np.log(value / exact)) < _DEGREES:
                return float(exact)
    return value


def _told_apart(motion: Motion, found: dict[str, Balance], verdict: Diagnosis) -> Diagnosis:
    """The suspect first whose correction also mends the small terms of the other equations."""
    if verdict.kind not in ("sign", "scale") or len(verdict.symbols) < 2:
        return verdict
    before = {name: balance.residual_power(*_BAND) for name, balance in found.items()}
    first, second = verdict.symbols
    other = replace(
        verdict, symbols=(second, first),
        value=verdict.value if verdict.kind == "sign" else 1.0 / verdict.value,
    )  # fmt: skip
    gains = [_gain(before, undo(motion, trial), fit=0.0) for trial in (verdict, other)]
    # a scale changes the noise too, and with it the residual: only a large fall counts there
    least = _SMALL_TERMS if verdict.kind == "sign" else _CLEAR_TERMS
    if abs(gains[0] - gains[1]) < least:
        return verdict
    better = verdict if gains[0] > gains[1] else other
    if abs(gains[0] - gains[1]) > _CLEAR_TERMS:
        sure = min(1.4 * better.confidence, 0.95)
        return replace(better, symbols=better.symbols[:1], confidence=sure)
    return better


def _sign(motion: Motion, evidence: list[tuple[Relation, Link]]) -> Diagnosis | None:
    """The channel whose turned sign explains the negative links, and touches no positive one."""
    if not any(link.gain < 0 for _, link in evidence):
        return None
    scores: dict[str, float] = {}
    for relation, link in evidence:
        weight = min(1.0 / np.hypot(link.gain_error, motion.floor_of(relation)), 30.0)
        for symbol, _ in relation.big:
            if symbol != TIME:
                scores[symbol] = scores.get(symbol, 0.0) + np.sign(-link.gain) * weight
    best = max(scores.values())
    if best < 5.0:
        return None
    tied = tuple(symbol for symbol, score in scores.items() if score > best - 2.0)
    return Diagnosis("sign", _named(tied), -1.0, 0.0, 0.97 / len(tied) ** 0.5, best**2)


def _scale(motion: Motion, evidence: list[tuple[Relation, Link]]) -> Diagnosis | None:
    """One channel's scale, or the time base, from the logarithms of the gains."""
    good = [(r, k) for r, k in evidence if k.gain > 0]
    if not good:
        return None
    best = _suspect(motion, good)
    if best is None:
        return None
    if len(best.symbols) > 1:  # the forces convict nobody, but may tell who it was
        best = _suspect(motion, [*good, *force_links(motion)]) or best
    if abs(best.value) < max(_MIN_SCALE, 3.0 * best.error):
        return None
    if best.symbols[0] == TIME:
        # all derivatives come out too small when the stated step is too long
        factor = float(np.exp(best.value))
        return Diagnosis("time base", (TIME,), factor, best.error, best.confidence, best.chi2)
    symbols = tuple(s for s in best.symbols if s != TIME)
    value = _snapped(symbols[0], float(np.exp(best.value)))
    return replace(best, kind="scale", symbols=_named(symbols), value=value)


def _suspect(motion: Motion, good: list[tuple[Relation, Link]]) -> Diagnosis | None:
    """Who explains the logarithms of the gains best; ``value`` is a logarithm."""
    z = np.array([np.log(link.gain) for _, link in good])
    sigma = np.array([np.hypot(k.gain_error, motion.floor_of(r)) for r, k in good])
    return _best(z, sigma, [relation.big for relation, _ in good], dt=motion.dt)


def _delay(motion: Motion, evidence: list[tuple[Relation, Link]]) -> Diagnosis | None:
    """One channel's delay against all others."""
    if not evidence:
        return None
    z = np.array([link.delay for _, link in evidence])
    floor = [
        _DELAY_FLOOR_S if r.equation in ("pitch", "roll", "yaw") else _DELAY_FLOOR_ACCELERATION_S
        for r, _ in evidence
    ]
    sigma = np.hypot([link.delay_error for _, link in evidence], floor)
    best = _best(z, sigma, [relation.late for relation, _ in evidence], only_positive=True)
    least = max(_MIN_DELAY_S, _DELAY_STEPS * motion.dt)
    if best is None or best.value < max(least, 3.0 * best.error):
        return None
    return Diagnosis(
        "skew", _named(best.symbols), best.value, best.error, best.confidence, best.chi2
    )


def _best(
    z: np.ndarray,
    sigma: np.ndarray,
    signatures: list[tuple[tuple[str, int], ...]],
    *,
    dt: float = 0.0,
    only_positive: bool = False,
) -> Diagnosis | None:
    """The symbol whose one parameter brings chi-squared of the links down most.

    ``only_positive``: nobody is early, so a negative delay is the partner's positive one.
    """
    symbols = sorted({symbol for signature in signatures for symbol, _ in signature})
    nothing = float(np.sum((z / sigma) ** 2))
    trials = []
    for symbol in symbols:
        load = np.array([dict(signature).get(symbol, 0) for signature in signatures], dtype=float)
        information = np.sum((load / sigma) ** 2)
        value = np.sum(load * z / sigma**2) / information
        if only_positive and value < 0:
            continue
        chi2 = float(np.sum(((z - load * value) / sigma) ** 2))
        trials.append((chi2, symbol, float(value), float(information**-0.5)))
    trials.sort()
    if not trials or nothing - trials[0][0] < _CLEAR:
        return None
    chi2, symbol, value, error = trials[0]
    ties = [t for t in trials[1:] if t[0] < chi2 + _TIE and abs(abs(t[2]) - abs(value)) < 0.3]
    names = [symbol, *(t[1] for t in ties)]
    clock = next((t for t in trials if t[1] == TIME and (t[1] == symbol or t in ties)), None)
    others = [t for t in (trials[0], *ties) if t[1] != TIME]
    if clock and others and _is_clock(dt, clock[2]) is not None:
        # too close to call from the links: recorders run at round rates
        order = [clock, *others] if _is_clock(dt, clock[2]) else [*others, clock]
        names = [t[1] for t in order]
        value, error = order[0][2], order[0][3]
    confidence = (1.0 - np.exp(-(nothing - chi2) / 8.0)) / np.sqrt(len(names))
    also = float(np.exp(clock[2])) if clock and names[0] != TIME else 0.0
    return Diagnosis("", tuple(names[:3]), value, error, float(confidence), nothing - chi2, also)


def _is_clock(dt: float, value: float) -> bool | None:
    """Whether the usual rates speak for the clock (True) or for a channel (False); None: neither.

    A channel's error would land on a common rate once in twenty times; that the stated rate is
    round says nothing against the clock, since files are labelled with round rates.
    """
    corrected = dt * float(np.exp(value))
    if is_round_step(corrected, rates=COMMON_RATES):
        return True
    return None if is_round_step(dt) == is_round_step(corrected) else is_round_step(corrected)


def is_round_step(
    dt: float, tolerance: float = 0.012, rates: tuple[float, ...] = ROUND_RATES
) -> bool:
    """True when a sample time (s) is that of a usual rate."""
    return any(abs(rate * dt - 1.0) < tolerance for rate in rates)


def _named(symbols: tuple[str, ...]) -> tuple[str, ...]:
    return symbols[:2]


def _swap(motion: Motion, found: dict[str, Balance], other: Diagnosis | None) -> Diagnosis | None:
    """Two columns of one quantity that fit the equations only when exchanged.

    ``other`` is what else would explain the links; the exchange must explain clearly more.
    """
    verdict = _swapped_gravity(motion)
    if verdict is not None:
        return verdict
    names = [name for name in found if not (motion.is_deviation and name == "down")]
    before = {name: found[name].residual_power(*_BAND) for name in names}
    if all(left < 0.3 * total for left, total in before.values()):
        return None  # every axis agrees as it is
    trials = []
    for group in _PAIRS:
        there = [symbol for symbol in group if symbol in motion]
        for first, second in combinations(there, 2):
            columns = {first: motion.data[second], second: motion.data[first]}
            trials.append((_gain(before, motion.changed(**columns)), first, second))
    if not trials:
        return None
    gain, first, second = max(trials)
    rival = 0.0 if other is None else _gain(before, undo(motion, other))
    if gain < _SWAP_GAIN or gain < rival + 1.0:
        return None
    return Diagnosis("swapped", (first, second), 1.0, 0.0, 1.0 - float(np.exp(-gain)), gain)


def _gain(before: dict[str, tuple[float, float]], changed: Motion, fit: float = _SWAP_FIT) -> float:
    """Fall of the sum of log residual powers; 0 when no equation fits well after the change."""
    after = balances(changed)
    gain, best = 0.0, 0.0
    for name, (left, _) in before.items():
        now, total = after[name].residual_power(*_BAND)
        gain += float(np.log(max(left, 1e-300) / max(now, 1e-300)))
        if now < 0.3 * left:
            best = max(best, 1.0 - now / total)
    return gain if best >= fit else 0.0


def _swapped_gravity(motion: Motion) -> Diagnosis | None:
    """An accelerometer along x or y that carries the weight."""
    if "az" not in motion or abs(float(np.mean(motion.data["az"]))) > 0.5 * GRAVITY:
        return None
    for symbol in ("ax", "ay"):
        if symbol in motion and abs(abs(float(np.mean(motion.data[symbol]))) - GRAVITY) < 2.0:
            return Diagnosis("swapped", (symbol, "az"), 1.0, 0.0, 0.99, 99.0)
    return None
