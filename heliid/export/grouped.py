"""Ternary weights with a scale per group, few-bit activations, and edges that can be switched.

Each weight is -1, 0 or 1 times the scale of its group of N neighbours in the row; threshold and
scale minimise the Euclidean error of the group. Rows may be clustered: the rows of a cluster share
their scales. *Residual edges* are further ternary terms fitted to what is left, in the rows whose
error a perturbation analysis finds to hurt the free run most; they come in levels, and the exported
C goes up and down these levels while it runs. Emulated here in whole numbers, bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from heliid.data.record import FlightRecord
from heliid.errors import ExportError
from heliid.export.bits import (
    BIAS_BITS,
    SCALE_BITS,
    TRIT_BITS,
    FlownCase,
    flown_cases,
    run_error,
    ternary_term,
)
from heliid.export.fixed_point import (
    A_FRACTION,
    Y_FRACTION,
    Z_FRACTION,
    FixedModel,
    _fraction,
    _inputs_first,
    _Machine,
    _quantised,
    _scaled,
    _tanh,
    quantise,
    scaled_down,
)
from heliid.export.portable import Portable
from heliid.export.runners import Case
from heliid.model.network import NarxModel, Weights

KINDS = ("linear", "hidden", "out")
MAX_GROUP = 64  # signs of a group sit in two 64-bit words
MAX_LEVELS = 4


@dataclass(frozen=True, slots=True)
class Grouping:
    """How weights and activations are stored.

    ``group``: neighbours that share a scale, 4 to 64. ``clusters``: of rows that share their
    scales, 0 for none. ``bits`` of activations: 16, 8 or 4. ``levels`` of residual edges, each in
    the ``share`` of rows that need them most.
    """

    group: int = 16
    clusters: int = 0
    bits: int = 16
    levels: int = 2
    share: float = 0.5

    def __post_init__(self) -> None:
        is_good = 4 <= self.group <= MAX_GROUP and self.bits in (4, 8, 16)
        is_good &= 0 <= self.levels <= MAX_LEVELS and self.clusters >= 0
        if not is_good or not 0.0 < self.share <= 1.0:
            raise ExportError(
                f"The grouping {self} cannot be made: choose groups of 4 to {MAX_GROUP}, "
                f"activations of 4, 8 or 16 bits, at most {MAX_LEVELS} levels."
            )

    @property
    def text(self) -> str:
        """The grouping in a few words."""
        name = f"ternary per {self.group}"
        name += f", {self.clusters} clusters of rows" if self.clusters else ""
        return name + (f", {self.bits}-bit activations" if self.bits < 16 else "")


@dataclass(frozen=True, eq=False)
class Term:
    """``scale * signs`` in one row, from column ``first``; active from ``level`` upwards."""

    kind: str
    row: int
    level: int
    first: int
    signs: np.ndarray  # (n,) of -1, 0, 1
    scale: float


@dataclass(frozen=True, eq=False)
class GroupedModel:
    """A model as ternary terms; ``fixed`` lends biases, fractions and leaks."""

    portable: Portable
    grouping: Grouping
    terms: tuple[Term, ...]
    fixed: FixedModel

    @property
    def top(self) -> int:
        """The highest level."""
        return max((term.level for term in self.terms), default=0)

    def active(self, level: int) -> list[Term]:
        """The terms that work at a level."""
        return [term for term in self.terms if term.level <= level]

    def bits(self, level: int) -> int:
        """Bits of signs, scales and biases up to a level."""
        here = self.active(level)
        scales = {(t.kind, t.level, t.first, t.scale) for t in here}
        signs = TRIT_BITS * sum(term.signs.size for term in here)
        return int(signs + SCALE_BITS * len(scales) + BIAS_BITS * self._n_biases)

    def multiplications(self, level: int) -> int:
        """Per step: one for each active term; sums of signs need none."""
        return len(self.active(level))

    @property
    def _n_biases(self) -> int:
        structure = self.portable.model.structure
        return structure.n_outputs + structure.n_hidden

    def real(self, level: int) -> NarxModel:
        """The model with these weights in double precision, activations untouched."""
        model = self.portable.model
        tables = {kind: np.zeros_like(one) for kind, one in matrices(self.portable).items()}
        for term in self.active(level):
            columns = slice(term.first, term.first + term.signs.size)
            tables[term.kind][term.row, columns] += term.scale * term.signs
        return replace(model, weights=_weights(self.portable, tables, model))


def matrices(portable: Portable) -> dict[str, np.ndarray]:
    """The matrices by kind: linear, hidden (columns of inputs first), out (in increments)."""
    weights, order = portable.model.weights, _inputs_first(portable)
    found = {"linear": np.array(weights.linear[:, order])}
    if portable.model.structure.n_hidden:
        found["hidden"] = np.array(weights.w_hid[:, order])
        found["out"] = portable.model.scaling.increment_std[:, None] * weights.w_out
    return found


def _weights(portable: Portable, tables: dict[str, np.ndarray], model: NarxModel) -> Weights:
    back = np.argsort(_inputs_first(portable))
    parts = {"linear": tables["linear"][:, back]}
    if "hidden" in tables:
        parts["w_hid"] = tables["hidden"][:, back]
        parts["w_out"] = tables["out"] / model.scaling.increment_std[:, None]
    return replace(model.weights, **parts)


def group_terms(
    wanted: np.ndarray, kind: str, level: int, rows: Sequence[int], grouping: Grouping
) -> list[Term]:
    """Ternary terms of the chosen rows of a matrix (n, m), a scale per group and cluster."""
    found: list[Term] = []
    for cluster in cluster_rows(wanted, rows, grouping.clusters):
        for first in range(0, wanted.shape[1], grouping.group):
            values = wanted[cluster, first : first + grouping.group]
            together = ternary_term(values.ravel()).reshape(values.shape)
            scale = float(np.abs(together).max(initial=0.0))
            if scale == 0.0:
                continue
            for row, one in zip(cluster, together, strict=True):
                signs = np.sign(one).astype(np.int64)
                if signs.any():
                    found.append(Term(kind, row, level, first, signs, scale))
    return found


def cluster_rows(wanted: np.ndarray, rows: Sequence[int], n_clusters: int) -> list[list[int]]:
    """Rows of like size together: k-means in one dimension on the logarithm of their mean size."""
    chosen = list(rows)
    if n_clusters <= 0 or n_clusters >= len(chosen):
        return [[row] for row in chosen]
    size = np.log(np.maximum(np.abs(wanted[chosen]).mean(axis=1), 1e-300))
    centres = np.quantile(size, (np.arange(n_clusters) + 0.5) / n_clusters)
    owner = np.zeros(len(chosen), dtype=int)
    for _ in range(50):
        owner = np.abs(size[:, None] - centres).argmin(axis=1)
        moved = np.array(
            [size[owner == k].mean() if np.any(owner == k) else centres[k]
             for k in range(n_clusters)]
        )  # fmt: skip
        if np.array_equal(moved, centres):
            break
        centres = moved
    groups = [[row for row, k in zip(chosen, owner, strict=True) if k == c]
              for c in range(n_clusters)]  # fmt: skip
    return [one for one in groups if one]


def make_grouped(
    portable: Portable, grouping: Grouping, records: Sequence[FlightRecord] = ()
) -> GroupedModel:
    """Base terms in every row, then residual levels where they help the free run on ``records``.

    Without records: on the model's test vector.
    """
    exact = matrices(portable)
    cases = flown_cases(portable, records)
    terms: list[Term] = []
    left = {kind: one.copy() for kind, one in exact.items()}
    for level in range(grouping.levels + 1):
        ranked = (
            [(kind, row) for kind, one in exact.items() for row in range(len(one))]
            if level == 0
            else most_sensitive(portable, exact, left, cases, grouping.share)
        )
        for kind in exact:
            rows = [row for name, row in ranked if name == kind]
            added = group_terms(left[kind], kind, level, rows, grouping)
            for term in added:
                columns = slice(term.first, term.first + term.signs.size)
                left[kind][term.row, columns] -= term.scale * term.signs
            terms += added
    return GroupedModel(portable, grouping, tuple(terms), quantise(portable, "int16"))


def most_sensitive(
    portable: Portable,
    exact: dict[str, np.ndarray],
    left: dict[str, np.ndarray],
    cases: Sequence[FlownCase],
    share: float,
) -> list[tuple[str, int]]:
    """The rows whose remaining error, put alone into the exact model, moves the free run most."""
    model, found = portable.model, []
    for kind, one in exact.items():
        for row in range(len(one)):
            tables = {name: table.copy() for name, table in exact.items()}
            tables[kind][row] -= left[kind][row]
            moved = replace(model, weights=_weights(portable, tables, model))
            found.append((-run_error(moved, cases), kind, row))
    found.sort(key=lambda entry: (entry[0], KINDS.index(entry[1]), entry[2]))
    return [(kind, row) for _, kind, row in found[: max(1, math.ceil(share * len(found)))]]


@dataclass(frozen=True, eq=False)
class WholeTerms:
    """Terms of one kind in whole numbers, ready to be summed."""

    rows: np.ndarray  # (n,)
    signs: np.ndarray  # (n, m), zeros outside a term's group
    factor: np.ndarray  # (n,)
    shift: np.ndarray
    level: np.ndarray

    def add(self, sums: np.ndarray, values: np.ndarray, level: int) -> np.ndarray:
        """``sums`` (rows,) and what the terms up to ``level`` add for whole ``values`` (m,)."""
        here = self.level <= level
        parts = scaled_down((self.signs[here] @ values) * self.factor[here], self.shift[here])
        result = sums.copy()
        np.add.at(result, self.rows[here], parts)
        return result


def whole_terms(
    grouped: GroupedModel, kind: str, in_fraction: int, out_fraction: int, width: int
) -> WholeTerms:
    """Factors of 15 bits and the shifts that go with them."""
    terms = [term for term in grouped.terms if term.kind == kind]
    signs = np.zeros((len(terms), width), dtype=np.int64)
    factor, shift = np.zeros(len(terms), dtype=np.int64), np.zeros(len(terms), dtype=np.int64)
    for k, term in enumerate(terms):
        signs[k, term.first : term.first + term.signs.size] = term.signs
        ratio = term.scale * 2.0 ** (out_fraction - in_fraction)
        shift[k] = min(max(15 - math.ceil(math.log2(ratio)), 1), 60)
        factor[k] = min(round(ratio * 2.0 ** int(shift[k])), 2**31 - 1)
    return WholeTerms(
        np.array([term.row for term in terms], dtype=np.int64), signs, factor, shift,
        np.array([term.level for term in terms], dtype=np.int64),
    )  # fmt: skip


class GroupedMachine(_Machine):
    """The state of the generated C; ``level`` may be changed between steps."""

    def __init__(self, grouped: GroupedModel, level: int) -> None:
        super().__init__(grouped.fixed)
        self.level = level
        structure = grouped.portable.model.structure
        self.phi_shift, self.z_shift = activation_shifts(grouped)
        fraction = grouped.fixed.fraction - self.phi_shift
        n_phi, h = structure.n_phi, structure.n_hidden
        self.linear = whole_terms(grouped, "linear", fraction, Y_FRACTION, n_phi)
        self.hidden = whole_terms(grouped, "hidden", fraction, A_FRACTION, n_phi)
        self.out = whole_terms(grouped, "out", Z_FRACTION - self.z_shift, Y_FRACTION, h)

    def step(self, u: np.ndarray) -> None:
        """One step, as ``_Machine.step`` with terms in place of rows."""
        if self.diverged:
            return
        self._inputs(u)
        fixed, k = self.fixed, len(self.past)
        recent = [self.x[k - lag][i] for i, lag in self.in_taps]
        older = [self.past[k - lag][j] for j, lag in self.out_taps]
        phi = np.array([*recent, *older], dtype=np.int64)
        if self.phi_shift:
            phi = scaled_down(phi, self.phi_shift)
        new = self.linear.add(self.y + fixed.bias, phi, self.level)
        if len(fixed.hidden_bias):
            z = _tanh(self.hidden.add(fixed.hidden_bias, phi, self.level))
            if self.z_shift:
                z = scaled_down(z, self.z_shift)
            new = self.out.add(new, z, self.level)
        self.diverged = bool(np.any(np.abs(new) > self.limit))
        if not self.diverged:
            self.y = new
            self._outputs()

    limit = 50 << Y_FRACTION


def activation_shifts(grouped: GroupedModel) -> tuple[int, int]:
    """Bits by which the 16-bit regressor and the 15-bit tanh are shortened."""
    less = 16 - grouped.grouping.bits
    return less, less


def run_grouped(
    grouped: GroupedModel, case: Case, level: int | np.ndarray
) -> tuple[np.ndarray, bool]:
    """Outputs (N, ny), as the generated C gives them to the last bit, and whether it diverged.

    ``level``: one for the whole run, or (N,) one for each sample.
    """
    portable, n_start = grouped.portable, grouped.portable.n_start
    levels = np.broadcast_to(level, len(case.u))
    machine = GroupedMachine(grouped, int(levels[0]))
    fraction = _fraction(portable)
    u = machine.narrow(_quantised(_scaled(case.u, case.u_trim, portable.inputs), fraction))
    y24 = _quantised(_scaled(case.y[:n_start], case.y_trim, portable.outputs), Y_FRACTION)
    std = np.array([c.std for c in portable.outputs])
    offset = np.array([c.offset for c in portable.outputs])
    y = np.array(case.y, dtype=float)
    for k in range(min(n_start, len(u))):
        machine.give(u[k], y24[k])
    for k in range(n_start, len(u)):
        machine.level = int(levels[k])
        machine.step(u[k])
        y[k] = ((machine.y / 2.0**Y_FRACTION) * std + offset) + case.y_trim
    return y, machine.diverged
