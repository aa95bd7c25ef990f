"""A model in whole numbers: int16 or int8 weights with one scale per row, emulated bit for bit.

Signals: the regressor in 16 bits (``fraction`` bits behind the point, standard deviations), the
outputs in 32 bits with 24 behind the point, since each step only adds a small increment. A row's
sum is exact in 64 bits, then times a whole factor and shifted right. Weights are rounded along the
lags of a channel so that the errors cancel in the sum: neighbouring lags see nearly the same
value, so the low-frequency gain survives.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from heliid.export.portable import Portable
from heliid.export.runners import Case
from heliid.model.network import DIVERGED_AT

WEIGHT_BITS = {"int16": 16, "int8": 8, "int4": 4}
Y_FRACTION = 24
Z_FRACTION = 15  # of tanh
A_FRACTION = 16  # of what goes into tanh
LEAK_FRACTION = 30
TANH_END = 8  # tanh is 1 to 16 bits from here on
TANH_STEPS = 64  # table entries per unit
LIMIT_Q = int(DIVERGED_AT) << Y_FRACTION


@dataclass(frozen=True, eq=False)
class Rows:
    """Whole weights (n, m) and, per row, the factor and right shift that scale its sum."""

    whole: np.ndarray
    factor: np.ndarray
    shift: np.ndarray

    def times(self, values: np.ndarray) -> np.ndarray:
        """The scaled sums (n,) for whole ``values`` (m,)."""
        return scaled_down((self.whole @ values) * self.factor, self.shift)

    def real(self, in_fraction: int, out_fraction: int) -> np.ndarray:
        """The weights (n, m) that the whole numbers stand for."""
        scale = self.factor * 2.0 ** (in_fraction - out_fraction - self.shift.astype(float))
        return np.asarray(self.whole * scale[:, None])


@dataclass(frozen=True, eq=False)
class FixedModel:
    """All whole numbers of a fixed-point model; the regressor is inputs first, then outputs."""

    portable: Portable
    kind: str  # int16 or int8
    fraction: int  # bits of the regressor behind the point
    linear: Rows  # (ny, n_phi) to 24 bits behind the point
    bias: np.ndarray  # (ny,) 24 bits
    hidden: Rows | None  # (h, n_phi) to 16 bits
    hidden_bias: np.ndarray  # (h,) 16 bits
    out: Rows | None  # (ny, h) from 15 to 24 bits, increment_std included
    leaks: np.ndarray  # (n_memory,) 30 bits

    @property
    def weight_bits(self) -> int:
        """Bits of all weights together, without scales and biases."""
        rows = [self.linear, *(r for r in (self.hidden, self.out) if r is not None)]
        return sum(r.whole.size for r in rows) * WEIGHT_BITS[self.kind]


def tanh_table() -> np.ndarray:
    """The values of tanh at 0, 1/64, ..., 8 with 15 bits behind the point."""
    at = np.arange(TANH_END * TANH_STEPS + 1) / TANH_STEPS
    return np.rint(np.tanh(at) * (2**Z_FRACTION - 1)).astype(np.int64)


TANH = tanh_table()


def quantise(portable: Portable, kind: str = "int16") -> FixedModel:
    """The model with all numbers whole; ``kind`` is a key of WEIGHT_BITS."""
    weights, structure = portable.model.weights, portable.model.structure
    bits = WEIGHT_BITS[kind]
    fraction = _fraction(portable)
    order = _inputs_first(portable)
    groups = _groups(portable)
    linear = round_rows(weights.linear[:, order], bits, groups)
    hidden = out = None
    if structure.n_hidden:
        hidden = round_rows(weights.w_hid[:, order], bits, groups)
        increments = portable.model.scaling.increment_std[:, None]
        alone = np.arange(structure.n_hidden)
        out = round_rows(increments * weights.w_out, bits, alone)
    return FixedModel(
        portable=portable,
        kind=kind,
        fraction=fraction,
        linear=_scaled_rows(*linear, fraction, Y_FRACTION),
        bias=_whole(weights.bias, Y_FRACTION),
        hidden=None if hidden is None else _scaled_rows(*hidden, fraction, A_FRACTION),
        hidden_bias=_whole(weights.b_hid, A_FRACTION),
        out=None if out is None else _scaled_rows(*out, Z_FRACTION, Y_FRACTION),
        leaks=_whole(np.array([leak for _, leak in structure.memory]), LEAK_FRACTION),
    )


def round_rows(rows: np.ndarray, bits: int, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whole weights (n, m) and scales (n,): rows = whole * scale, nearly.

    Within a group (the lags of one channel) each rounding error is handed on to the next weight.
    """
    top = 2 ** (bits - 1) - 1
    scales = np.max(np.abs(rows), axis=1, initial=0.0) / top
    scales[scales == 0.0] = 1.0
    wanted = rows / scales[:, None]
    whole = np.zeros(rows.shape, dtype=np.int64)
    carried = np.zeros(len(rows))
    for t in range(rows.shape[1]):
        if t and groups[t] != groups[t - 1]:
            carried[:] = 0.0
        whole[:, t] = np.clip(np.rint(wanted[:, t] + carried), -top, top)
        carried += wanted[:, t] - whole[:, t]
    return whole, scales


def scaled_down(values: Any, shift: Any) -> np.ndarray:
    """``values / 2**shift``, whole, rounded to nearest, halves away from zero."""
    values, shift = np.asarray(values, dtype=np.int64), np.asarray(shift, dtype=np.int64)
    half = np.int64(1) << (shift - 1)
    return np.where(values >= 0, (values + half) >> shift, -((half - values) >> shift))


def run_fixed(fixed: FixedModel, case: Case) -> tuple[np.ndarray, bool]:
    """Outputs (N, ny), as the generated C gives them to the last bit, and whether it saturated."""
    portable, n_start = fixed.portable, fixed.portable.n_start
    machine = _Machine(fixed)
    u = _quantised(_scaled(case.u, case.u_trim, portable.inputs), fixed.fraction)
    y24 = _quantised(_scaled(case.y[:n_start], case.y_trim, portable.outputs), Y_FRACTION)
    u16 = machine.narrow(u)
    std = np.array([c.std for c in portable.outputs])
    offset = np.array([c.offset for c in portable.outputs])
    y = np.empty_like(case.y, dtype=float)
    y[:n_start] = case.y[:n_start]
    for k in range(min(n_start, len(u16))):
        machine.give(u16[k], y24[k])
    for k in range(n_start, len(u16)):
        machine.step(u16[k])
        y[k] = ((machine.y / 16777216.0) * std + offset) + case.y_trim
    return y, machine.saturated


class _Machine:
    """The state of the generated C, in numpy's 64-bit whole numbers."""

    def __init__(self, fixed: FixedModel) -> None:
        self.fixed = fixed
        portable = fixed.portable
        self.sources = [index for index, _ in portable.model.structure.memory]
        self.in_taps = np.array(portable.input_taps, dtype=np.int64).reshape(-1, 2)
        self.out_taps = np.array(portable.output_taps, dtype=np.int64).reshape(-1, 2)
        self.x: list[np.ndarray] = []  # 16-bit inputs with memories, one row per sample
        self.past: list[np.ndarray] = []  # 16-bit outputs
        self.y = np.zeros(len(portable.outputs), dtype=np.int64)
        self.memory = np.zeros(len(self.sources), dtype=np.int64)
        self.diverged = False
        self.saturated = False

    def narrow(self, values: np.ndarray) -> np.ndarray:
        cut = np.clip(values, -32767, 32767)
        self.saturated |= bool(np.any(cut != values))
        return np.asarray(cut)

    def give(self, u: np.ndarray, y: np.ndarray) -> None:
        self._inputs(u)
        self.y = y
        self._outputs()

    def step(self, u: np.ndarray) -> None:
        if self.diverged:
            return
        self._inputs(u)
        fixed, k = self.fixed, len(self.past)
        recent = [self.x[k - lag][i] for i, lag in self.in_taps]
        older = [self.past[k - lag][j] for j, lag in self.out_taps]
        phi = np.array([*recent, *older], dtype=np.int64)
        new = self.y + fixed.bias + fixed.linear.times(phi)
        if fixed.hidden is not None and fixed.out is not None:
            z = _tanh(fixed.hidden_bias + fixed.hidden.times(phi))
            new = new + fixed.out.times(z)
        self.diverged = bool(np.any(np.abs(new) > LIMIT_Q))
        if not self.diverged:
            self.y = new
            self._outputs()

    def _inputs(self, u: np.ndarray) -> None:
        shift = Y_FRACTION - self.fixed.fraction
        wide = u[self.sources] << shift
        if not self.x:
            self.memory = wide
        else:
            move = scaled_down(self.fixed.leaks * (wide - self.memory), LEAK_FRACTION)
            self.memory = self.memory + move
        narrow = self.narrow(scaled_down(self.memory, shift))
        self.x.append(np.concatenate([u, narrow]))

    def _outputs(self) -> None:
        self.past.append(self.narrow(scaled_down(self.y, Y_FRACTION - self.fixed.fraction)))


def _tanh(a: np.ndarray) -> np.ndarray:
    """The tanh of ``a`` (16 bits behind the point) from the table, linear in between."""
    size = np.minimum(np.abs(a), TANH_END << A_FRACTION)
    bits = A_FRACTION - int(math.log2(TANH_STEPS))
    place = np.minimum(size >> bits, len(TANH) - 2)
    part = size - (place << bits)
    rise = (TANH[place + 1] - TANH[place]) * part
    z = TANH[place] + ((rise + (1 << (bits - 1))) >> bits)
    return np.where(a < 0, -z, z)


def _fraction(portable: Portable) -> int:
    """Bits behind the point of the regressor: room for 1.5 times the training envelope."""
    reach = 8.0
    ends = [
        abs((end - c.trim) - c.offset) / c.std for c in portable.channels for end in (c.low, c.high)
    ]
    if portable.trim_is_known and np.all(np.isfinite(ends)):
        reach = min(max(1.5 * max(ends), 4.0), 60.0)
    return min(12, math.floor(math.log2(32767.0 / reach)))


def _inputs_first(portable: Portable) -> np.ndarray:
    n_out, n = len(portable.output_taps), portable.model.structure.n_phi
    return np.concatenate([np.arange(n_out, n), np.arange(n_out)])


def _groups(portable: Portable) -> np.ndarray:
    """A number per entry of the regressor (inputs first): equal for the lags of one channel."""
    n_out = len(portable.outputs)
    groups = [n_out + i for i, _ in portable.input_taps] + [j for j, _ in portable.output_taps]
    return np.array(groups, dtype=np.int64)


def _scaled_rows(
    whole: np.ndarray, scales: np.ndarray, in_fraction: int, out_fraction: int
) -> Rows:
    """Factors as large as 64-bit sums allow, so that the scale itself loses nothing."""
    largest = np.maximum(np.sum(np.abs(whole), axis=1, initial=0), 1).astype(float) * 32767.0
    room = 61 - np.ceil(np.log2(largest)).astype(int)
    ratio = scales * 2.0 ** (out_fraction - in_fraction)
    shift = np.minimum(np.minimum(room, 30) - np.ceil(np.log2(ratio)).astype(int), 60)
    shift = np.maximum(shift, 1)
    factor = np.rint(ratio * 2.0**shift).astype(np.int64)
    return Rows(whole, np.minimum(factor, 2**31 - 1), shift.astype(np.int64))


def _whole(values: np.ndarray, fraction: int) -> np.ndarray:
    top = 2.0**31 - 1
    return np.clip(np.rint(np.asarray(values, float) * 2.0**fraction), -top, top).astype(np.int64)


def _scaled(values: np.ndarray, trim: np.ndarray, channels: Sequence[Any]) -> np.ndarray:
    offset = np.array([c.offset for c in channels])
    return np.asarray(((values - trim) - offset) / np.array([c.std for c in channels]))


def _quantised(scaled: np.ndarray, fraction: int) -> np.ndarray:
    """Whole numbers, halves away from zero, cut to 30 bits; nan becomes the upper end."""
    value = np.where(np.isnan(scaled), np.inf, scaled) * 2.0**fraction
    value = np.clip(value, -(2.0**30), 2.0**30)
    return np.where(value >= 0.0, np.floor(value + 0.5), -np.floor(0.5 - value)).astype(np.int64)
