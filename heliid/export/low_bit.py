"""How few bits a model can live with: ternary weights against int8, int16 and double precision.

Each row of weights starts as one ternary term: the lags of one channel share a scale, every weight
is -1, 0 or 1 times it. Then the row that brings the free run nearest to the double-precision one,
for the bits it costs, gets one more ternary term fitted to what is left; again and again. A study,
not a format: it answers whether going below int16 is worth it, and mostly it is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from heliid.data.prepare import Prepared
from heliid.data.record import FlightRecord
from heliid.export.fixed_point import quantise, run_fixed
from heliid.export.portable import Portable, in_units, make_portable
from heliid.export.verify import make_cases
from heliid.metrics import fit_percent
from heliid.model.network import NarxModel, Weights
from heliid.model.simulate import prepare_for, run_prepared

TRIT_BITS = 1.6  # five ternary digits in a byte
SCALE_BITS = 16
ROW_BITS = 32  # factor and shift of a fixed-point row
BIAS_BITS = 32
MAX_TERMS = 6  # per row; six ternary terms resolve about nine bits
GOOD_ENOUGH = 0.5  # points of fit that nobody will miss


@dataclass(frozen=True, slots=True)
class BitsRow:
    """One line of the table: how the weights are stored, what it costs, what it gives."""

    name: str
    bits: int  # of all weights, scales and biases
    bits_per_weight: float
    fit: float  # %, mean over outputs and records, free run against the measurement
    worst_fit: float
    loss: float  # points of mean fit below double precision
    rms_difference: float  # to the double-precision run, standard deviations
    multiplications: int = 0  # per step


@dataclass(frozen=True, slots=True)
class BitsStudy:
    """The table, fewest bits first, and the sentence for the dialog."""

    rows: tuple[BitsRow, ...]
    recommendation: str
    records: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "rows": [asdict(row) for row in self.rows],
            "recommendation": self.recommendation,
            "records": list(self.records),
        }

    def text(self) -> str:
        """The table as lines of text, the recommendation below."""
        head = (
            f"{'weights':<36}{'bits':>8}{'per weight':>12}{'products':>10}{'fit %':>9}"
            f"{'worst':>9}{'loss':>8}"
        )
        lines = [head] + [
            f"{row.name:<36}{row.bits:>8}{row.bits_per_weight:>12.1f}{row.multiplications:>10}"
            f"{row.fit:>9.2f}{row.worst_fit:>9.2f}{row.loss:>8.2f}"
            for row in self.rows
        ]
        return "\n".join([*lines, "", self.recommendation])


@dataclass(frozen=True, eq=False)
class _Case:
    """A prepared record with the double-precision run, SI."""

    prepared: Prepared
    measured: np.ndarray  # (N, ny), what a fit is against
    double: np.ndarray
    n_start: int


def study_bits(model: NarxModel, records: Sequence[FlightRecord] = ()) -> BitsStudy:
    """The trade of bits against free-run fit on these records (validation records, best).

    Without records: on the model's test vector, against the double-precision run.
    """
    portable = make_portable(model)
    cases = _cases(portable, records)
    double = _row("float64", 64 * _n_weights(model), model, cases, 0.0)
    rows = [double, _row("float32", 32 * _n_weights(model), _single(model), cases, double.fit)]
    kinds = ("int16", "int8", "int4")
    rows += [_fixed_row(portable, kind, records, cases, double.fit) for kind in kinds]
    rows += _ternary_rows(model, cases, double.fit, rows[2].bits)
    from heliid.export.grouped_study import grouped_rows  # that module knows this one

    rows += grouped_rows(portable, records, cases, double.fit)
    rows.sort(key=lambda row: (row.bits, row.name))
    names = tuple(case.prepared.name for case in cases)
    return BitsStudy(tuple(rows), _recommend(rows), names)


def ternary_term(values: np.ndarray) -> np.ndarray:
    """The best ``scale * t``, t in {-1, 0, 1}, to ``values`` (n,) in least squares.

    With the k largest magnitudes kept, the scale is their mean; the k that explains most wins.
    """
    size = np.abs(values)
    order = np.argsort(-size, kind="stable")
    sums = np.cumsum(size[order])
    counts = np.arange(1, values.size + 1)
    if values.size == 0 or sums[-1] == 0.0:
        return np.zeros_like(values)
    k = int(np.argmax(sums**2 / counts)) + 1
    term = np.zeros_like(values)
    term[order[:k]] = np.sign(values[order[:k]]) * (sums[k - 1] / k)
    return term


@dataclass(frozen=True, eq=False)
class _Table:
    """One weight matrix as sums of ternary terms; ``groups``: which columns share a scale."""

    wanted: np.ndarray
    so_far: np.ndarray
    terms: np.ndarray  # (n_rows,)
    groups: np.ndarray  # (n_columns,)

    def with_term(self, row: int) -> _Table:
        so_far, terms = self.so_far.copy(), self.terms.copy()
        left = self.wanted[row] - so_far[row]
        for group in np.unique(self.groups):
            columns = self.groups == group
            so_far[row, columns] += ternary_term(left[columns])
        terms[row] += 1
        return replace(self, so_far=so_far, terms=terms)

    @property
    def bits_per_term(self) -> float:
        """What one more term of one row costs."""
        return TRIT_BITS * self.groups.size + SCALE_BITS * np.unique(self.groups).size

    @property
    def bits(self) -> float:
        return float(np.sum(self.terms)) * self.bits_per_term


def _ternary_rows(
    model: NarxModel, cases: Sequence[_Case], double_fit: float, most_bits: int
) -> list[BitsRow]:
    """From one term per row upwards, until it is good enough or costs more than int16."""
    tables = _start(model)
    rows = []
    while True:
        present = _with_tables(model, tables)
        bits = _bits(model, tables)
        n_terms = int(sum(np.sum(table.terms) for table in tables.values()))
        row = _row(f"ternary, {n_terms} terms", bits, present, cases, double_fit)
        scales = sum(
            int(np.sum(table.terms)) * np.unique(table.groups).size for table in tables.values()
        )
        rows.append(replace(row, multiplications=int(scales)))
        if rows[-1].loss <= GOOD_ENOUGH / 2 or bits > most_bits:
            return _thinned(rows)
        better = _best_addition(model, tables, cases)
        if better is None:
            return _thinned(rows)
        tables = better


def _best_addition(
    model: NarxModel, tables: dict[str, _Table], cases: Sequence[_Case]
) -> dict[str, _Table] | None:
    """The tables with one more term in the row that helps most for its bits."""
    now = _error(_with_tables(model, tables), cases)
    best, best_gain = None, -np.inf
    for name, table in tables.items():
        for row in range(len(table.wanted)):
            if table.terms[row] >= MAX_TERMS:
                continue
            tried = {**tables, name: table.with_term(row)}
            gain = (now - _error(_with_tables(model, tried), cases)) / table.bits_per_term
            if gain > best_gain:
                best, best_gain = tried, gain
    return best


def _start(model: NarxModel) -> dict[str, _Table]:
    structure, weights = model.structure, model.weights
    n_out = len(structure.output_lags)
    out_taps, in_taps = structure.taps()
    groups = np.concatenate([out_taps[:, 0], n_out + in_taps[:, 0]])
    wanted = {"linear": (weights.linear, groups)}
    if structure.n_hidden:
        wanted["w_hid"] = (weights.w_hid, groups)
        wanted["w_out"] = (weights.w_out, np.zeros(structure.n_hidden, dtype=np.int64))
    tables = {}
    for name, (matrix, columns) in wanted.items():
        terms = np.zeros(len(matrix), dtype=np.int64)
        table = _Table(np.array(matrix), np.zeros(matrix.shape), terms, columns)
        for row in range(len(matrix)):
            table = table.with_term(row)
        tables[name] = table
    return tables


def _with_tables(model: NarxModel, tables: dict[str, _Table]) -> NarxModel:
    parts = {name: table.so_far for name, table in tables.items()}
    return replace(model, weights=replace(model.weights, **parts))


def _single(model: NarxModel) -> NarxModel:
    """The model with every weight rounded to single precision."""
    names = Weights.__dataclass_fields__
    parts = {name: getattr(model.weights, name).astype(np.float32) for name in names}
    return replace(model, weights=Weights(**parts))


def _cases(portable: Portable, records: Sequence[FlightRecord]) -> list[_Case]:
    model = portable.model
    prepared = [prepare_for(model, record) for record in records]
    if not records:
        given = make_cases(portable)[0]
        time = np.arange(len(given.u)) * model.dt
        is_absolute = model.trim_rule == "none"
        u_trim = np.zeros_like(given.u_trim) if is_absolute else given.u_trim
        y_trim = np.zeros_like(given.y_trim) if is_absolute else given.y_trim
        prepared = [Prepared("test vector", time, given.u - u_trim, given.y - y_trim, u_trim,
                             y_trim)]  # fmt: skip
    cases = []
    for one in prepared:
        run = run_prepared(model, one)
        measured = run.measured if records else run.simulated
        cases.append(_Case(one, measured, run.simulated, run.n_start))
    return cases


def _error(model: NarxModel, cases: Sequence[_Case]) -> float:
    """Mean squared difference to the double-precision runs; divergence is graded."""
    total = 0.0
    for case in cases:
        run = run_prepared(model, case.prepared)
        rows = slice(case.n_start, None)
        difference = (run.simulated - case.double)[rows] / model.scaling.output_std
        total += float(np.mean(np.minimum(difference**2, 100.0)))
        if run.diverged_at is not None:
            span = case.prepared.time[-1] - case.prepared.time[0]
            total += 100.0 * (2.0 - run.diverged_at / span)
    return total / len(cases)


def _row(
    name: str, bits: int, model: NarxModel, cases: Sequence[_Case], double_fit: float
) -> BitsRow:
    runs = [run_prepared(model, case.prepared).simulated for case in cases]
    row = _scored(name, bits, model, cases, runs, double_fit)
    return replace(row, multiplications=_n_weights(model))


def _fixed_row(
    portable: Portable,
    kind: str,
    records: Sequence[FlightRecord],
    cases: Sequence[_Case],
    double_fit: float,
) -> BitsRow:
    fixed = quantise(portable, kind)
    model = portable.model
    rows = model.structure.n_hidden + model.structure.n_outputs * (2 if fixed.out else 1)
    bits = fixed.weight_bits + ROW_BITS * rows + BIAS_BITS * _n_biases(model)
    given = make_cases(portable, records)[1:] if records else make_cases(portable)
    runs = [run_fixed(fixed, case)[0] for case in given]
    row = _scored(f"{kind} per row", bits, in_units(portable), cases, runs, double_fit)
    return replace(row, multiplications=_n_weights(model) + rows)


def _scored(
    name: str,
    bits: int,
    model: NarxModel,
    cases: Sequence[_Case],
    runs: Sequence[np.ndarray],
    double_fit: float,
) -> BitsRow:
    fits, differences = [], []
    for case, run in zip(cases, runs, strict=True):
        rows = slice(case.n_start, None)
        fits.append(np.atleast_1d(fit_percent(case.measured[rows], run[rows])))
        differences.append((run - case.double)[rows] / model.scaling.output_std)
    fit = float(np.mean(np.concatenate(fits)))
    return BitsRow(
        name=name,
        bits=bits,
        bits_per_weight=bits / max(_n_weights(model), 1),
        fit=fit,
        worst_fit=float(np.min(np.concatenate(fits))),
        loss=(double_fit - fit) if name != "float64" else 0.0,
        rms_difference=float(np.sqrt(np.mean(np.concatenate(differences) ** 2))),
    )


def _recommend(rows: Sequence[BitsRow]) -> str:
    """One honest sentence: what to use, from the numbers of the table."""
    by_name = {row.name: row for row in rows}
    int16, int8 = by_name["int16 per row"], by_name["int8 per row"]
    ternary = [row for row in rows if row.name.startswith("ternary")]
    good = [row for row in ternary if row.loss <= GOOD_ENOUGH and row.bits < int16.bits]
    cheapest = min(good, key=lambda row: row.bits) if good else None
    if int8.loss <= GOOD_ENOUGH:
        more = "no ternary form below the bits of int16 does as well"
        if cheapest:
            more = f"{cheapest.name} ({cheapest.bits} bits) {_loses(cheapest)}"
        return (
            f"Use int8, or int16 to be safe: int8 per row ({int8.bits} bits) {_loses(int8)}, int16 "
            f"({int16.bits} bits) {_loses(int16)}; {more}."
        )
    if cheapest:
        saved = 100 * (1 - cheapest.bits / int16.bits)
        return (
            f"Use int16 unless memory is very short: it {_loses(int16)}; {cheapest.name} "
            f"{_loses(cheapest)} and would save {saved:.0f} % of the bits; int8 {_loses(int8)}."
        )
    return (
        f"int16 is simply better: it {_loses(int16)} where int8 {_loses(int8)}, and no ternary "
        f"form below its {int16.bits} bits stays within {GOOD_ENOUGH} points."
    )


def _loses(row: BitsRow) -> str:
    return f"loses {row.loss:.2f} points of fit" if row.loss >= 0.005 else "loses no fit"


def _bits(model: NarxModel, tables: dict[str, _Table]) -> int:
    return int(sum(table.bits for table in tables.values())) + BIAS_BITS * _n_biases(model)


def _n_biases(model: NarxModel) -> int:
    return model.structure.n_outputs + model.structure.n_hidden


def _n_weights(model: NarxModel) -> int:
    weights = model.weights
    return int(weights.w_hid.size + weights.w_out.size + weights.linear.size)


def _thinned(rows: list[BitsRow], most: int = 12) -> list[BitsRow]:
    """At most ``most`` lines, the first and the last among them."""
    if len(rows) <= most:
        return rows
    keep = np.unique(np.round(np.linspace(0, len(rows) - 1, most)).astype(int))
    return [rows[k] for k in keep]
