"""Findings on the experiment, not on the recorder: trim, correlation, excitation, bandwidth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from heliid.channels import Role, find_kind
from heliid.data.conditioning import ChooseTrim
from heliid.data.doctor.finding import Finding, Severity
from heliid.data.doctor.links import Stretches, coherence_of, cross_spectra
from heliid.data.doctor.motion import motion_of
from heliid.data.prepare import explain_rate
from heliid.data.record import FlightRecord
from heliid.errors import HeliIDError

MAX_CORRELATION = 0.5  # of two inputs; above it their effects cannot be told apart
USABLE_COHERENCE = 0.6
_LEAD_S = 1.0
_STEADY = 0.2  # of a channel's standard deviation: what a steady lead may move by
_LITTLE = 4.0  # times its own noise: an input that moves less is no excitation
_POWER_FLOOR = 1e-5  # of a channel's strongest line: 50 dB below it
_MIN_ANSWER = 0.3  # share of an output's power that the inputs explain


def roles_of(record: FlightRecord) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Inputs and outputs as the names suggest, channels that never move left out."""
    moving = [c.name for c, column in zip(record.channels, record.values.T, strict=True)
              if column.min() != column.max()]  # fmt: skip
    kinds = {name: find_kind(name) for name in moving}
    by_role = {
        role: tuple(n for n, kind in kinds.items() if kind is not None and kind.usual_role is role)
        for role in (Role.INPUT, Role.OUTPUT)
    }
    return by_role[Role.INPUT], by_role[Role.OUTPUT]


def check_experiment(
    record: FlightRecord,
    stretches: Stretches,
    inputs: Sequence[str],
    outputs: Sequence[str],
    *,
    is_chosen: bool,
) -> list[Finding]:
    """Findings for these inputs and outputs, by name; notes only while nobody has chosen them."""
    found = _trim(record, outputs)
    found += _correlation(record, inputs)
    if inputs and outputs:
        found += _excitation(record, inputs)
        found += _bandwidth(record, stretches, inputs, outputs)
    if is_chosen:
        return found
    return [replace(finding, severity=Severity.NOTE) for finding in found]


def _whole(record: FlightRecord) -> tuple[float, float]:
    return float(record.time[0]), float(record.time[-1])


def _trim(record: FlightRecord, outputs: Sequence[str]) -> list[Finding]:
    """Whether the record begins steadily, and where it is steadiest."""
    n = max(round(_LEAD_S / record.dt), 4)
    if not outputs or record.n_samples < 8 * n:
        return []
    columns = record.columns(outputs)
    spread = np.maximum(columns.std(axis=0), 1e-12)
    unrest = _unrest(columns, n) / spread
    noise = np.maximum(np.median(np.abs(np.diff(columns, axis=0)), axis=0) / spread, 0.0)
    unsteady = [name for name, u, e in zip(outputs, unrest[0], noise, strict=True)
                if u > max(_STEADY, 2.0 * e)]  # fmt: skip
    if len(unsteady) < max(1, 0.3 * len(outputs)):
        return []
    calm = int(np.argmin(unrest.max(axis=1))) * (n // 2)
    start, end = float(record.time[calm]), float(record.time[min(calm + n, record.n_samples - 1)])
    return [
        Finding(
            "trim",
            Severity.NOTE,
            f"The record does not begin in steady flight: {', '.join(unsteady[:4])} already move "
            f"in the first {_LEAD_S:g} s; take the trim from the calmest second, {start:.1f} to "
            f"{end:.1f} s, or leave the trim to the model.",
            tuple(unsteady),
            float(record.time[0]),
            float(record.time[0]) + _LEAD_S,
            (("calm_start", start), ("calm_end", end)),
            0.8,
            ChooseTrim(start, end),
        )
    ]


def _unrest(columns: np.ndarray, n: int) -> np.ndarray:
    """(n_windows, n_channels): movement of the mean from the first to the second half."""
    half = n // 2
    m = len(columns) // half
    means = columns[: m * half].reshape(m, half, -1).mean(axis=1)
    return np.abs(np.diff(means, axis=0))


def _correlation(record: FlightRecord, inputs: Sequence[str]) -> list[Finding]:
    """Inputs that move together; stations of one control (pilot, command, blade) may."""
    pairs = []
    for first, second in combinations(inputs, 2):
        a, b = record.column(first), record.column(second)
        kinds = find_kind(first), find_kind(second)
        if a.std() == 0 or b.std() == 0 or (kinds[0] is not None and kinds[0] is kinds[1]):
            continue
        rho = float(np.corrcoef(a, b)[0, 1])
        if abs(rho) > MAX_CORRELATION:
            pairs.append((abs(rho), rho, first, second))
    if not pairs:
        return []
    pairs.sort(reverse=True)
    listed = ", ".join(f"{a} with {b} ({rho:.2f})" for _, rho, a, b in pairs[:4])
    more = f" and {len(pairs) - 4} more pairs" if len(pairs) > 4 else ""
    return [
        Finding(
            "correlation",
            Severity.WARNING,
            f"Inputs move together: {listed}{more}, at most {MAX_CORRELATION:g} wanted; their "
            f"effects cannot be told apart here, use one of them or fly them one after the other.",
            tuple(dict.fromkeys(name for _, _, a, b in pairs for name in (a, b))),
            *_whole(record),
            tuple((f"{a} with {b}", rho) for _, rho, a, b in pairs),
        )
    ]


def _excitation(record: FlightRecord, inputs: Sequence[str]) -> list[Finding]:
    """Whether any input moves well above its own noise."""
    ratios = {}
    for name in inputs:
        column = record.column(name)
        noise = float(np.median(np.abs(np.diff(column, 2)))) / 1.65  # of white noise, per sample
        ratios[name] = float(column.std()) / noise if noise > 0 else np.inf
    if max(ratios.values()) > _LITTLE:
        return []
    best = max(ratios, key=lambda name: ratios[name])
    return [
        Finding(
            "excitation",
            Severity.WARNING,
            f"No input moves more than {ratios[best]:.1f} times its own noise (most: {best}): "
            f"there is too little excitation here, fly a larger input.",
            tuple(inputs),
            *_whole(record),
            (("ratio", ratios[best]),),
        )
    ]


def _bandwidth(
    record: FlightRecord, stretches: Stretches, inputs: Sequence[str], outputs: Sequence[str]
) -> list[Finding]:
    """Coherence of every pair, and the model rate they ask for."""
    bands, weak = coherent_bands(record, stretches, inputs, outputs)
    found = []
    if weak:
        found.append(
            Finding(
                "excitation",
                Severity.WARNING,
                f"The inputs explain less than {100 * _MIN_ANSWER:.0f} % of the movement of "
                f"{', '.join(weak)}: turbulence, noise or a missing input; no linear model from "
                f"these inputs can follow there.",
                tuple(weak),
                *_whole(record),
                (("n_outputs", float(len(weak))),),
                0.8,
            )
        )
    try:
        choice = explain_rate([record], list(inputs), list(outputs))
    except HeliIDError:
        return found
    best: dict[str, tuple[str, float, float]] = {}
    for (name, output), (low, high) in bands.items():
        if output not in best or high > best[output][2]:
            best[output] = (name, low, high)
    pairs = ", ".join(
        f"{output} from {name} at {low:.2g}-{high:.2g} Hz"
        for output, (name, low, high) in list(best.items())[:5]
    )
    numbers = [("rate_hz", choice.hz), ("bandwidth_hz", choice.bandwidth_hz)]
    numbers += [(f"{a} > {b}: to Hz", high) for (a, b), (_, high) in bands.items()]
    found.append(
        Finding(
            "bandwidth",
            Severity.NOTE,
            f"Coherence of at least {USABLE_COHERENCE:g}: {pairs or 'nowhere'}; this record as a "
            f"whole asks for a model rate of about {choice.hz:.3g} Hz (a study takes one rate for "
            f"all its training records).",
            (),
            *_whole(record),
            tuple(numbers),
            0.9,
        )
    )
    return found


def coherent_bands(
    record: FlightRecord, stretches: Stretches, inputs: Sequence[str], outputs: Sequence[str]
) -> tuple[dict[tuple[str, str], tuple[float, float]], list[str]]:
    """Lowest and highest Hz of usable coherence per pair, and outputs that no input explains."""
    names = (*inputs, *outputs)
    signals = [record.column(name) for name in names]
    f, all_spectra, n = cross_spectra(signals, motion_of(record, stretches).dt, stretches)
    power = np.real(np.einsum("fii->fi", all_spectra))
    # where there is next to nothing, what is coherent is rounding and the files' own filters
    strong = power >= _POWER_FLOOR * power[1:].max(axis=0)
    bands: dict[tuple[str, str], tuple[float, float]] = {}
    for i, name in enumerate(inputs):
        for j, output in enumerate(outputs, len(inputs)):
            c = coherence_of(power[:, i], power[:, j], all_spectra[:, i, j], n)
            good = (c >= USABLE_COHERENCE) & (f > 0) & strong[:, i] & strong[:, j]
            good &= np.convolve(good, [1, 1, 1], mode="same") >= 2
            if good.any():
                bands[(name, output)] = (float(f[good][0]), float(f[good][-1]))
    m = len(inputs)
    inverse = np.linalg.pinv(all_spectra[:, :m, :m], hermitian=True)
    bias = min(m / max(0.75 * n, 1.0), 0.9)
    weak = []
    for j, output in enumerate(outputs, m):
        cross = all_spectra[:, :m, j]
        explained = np.real(np.einsum("fi,fij,fj->f", np.conj(cross), inverse, cross))
        share = float(explained[1:].sum() / max(power[1:, j].sum(), 1e-300))
        if (share - bias) / (1.0 - bias) < _MIN_ANSWER:
            weak.append(output)
    return bands, weak
