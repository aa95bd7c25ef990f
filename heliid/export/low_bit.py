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

from heliid.data.record import FlightRecord
from heliid.export.bits import (
    BIAS_BITS,
    ROW_BITS,
    SCALE_BITS,
    TRIT_BITS,
    BitsRow,
    FlownCase,
    flown_cases,
    n_biases,
    n_weights,
    run_error,
    scored_row,
    ternary_term,
)
from heliid.export.fixed_point import quantise, run_fixed
from heliid.export.grouped_study import grouped_rows
from heliid.export.portable import Portable, in_units, make_portable
from heliid.export.verify import make_cases
from heliid.model.network import NarxModel, Weights
from heliid.model.simulate import run_prepared

MAX_TERMS = 6  # per row; six ternary terms resolve about nine bits
GOOD_ENOUGH = 0.5  # points of fit that nobody will miss


@dataclass(frozen=True, slots=True)
class BitsStudy:
    """The table, fewest bits first, and the sentence for the dialog."""

    rows: tuple[BitsRow, ...]
    recommendation: str
    records: tuple[str, ...]
    choice: str = "int16"  # the type of the C export that is recommended

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "rows": [asdict(row) for row in self.rows],
            "recommendation": self.recommendation,
            "choice": self.choice,
            "records": list(self.records),
        }

    def text(self) -> str:
        """The table as lines of text, the recommendation below."""
        head = (
            f"{'weights':<48}{'bits':>8}{'per weight':>12}{'products':>10}{'fit %':>9}"
            f"{'worst':>9}{'loss':>8}"
        )
        lines = [head] + [
            f"{row.name:<48}{row.bits:>8}{row.bits_per_weight:>12.1f}{row.multiplications:>10}"
            f"{row.fit:>9.2f}{row.worst_fit:>9.2f}{row.loss:>8.2f}"
            for row in self.rows
        ]
        return "\n".join([*lines, "", self.recommendation])


def study_bits(
    model: NarxModel, records: Sequence[FlightRecord] = (), training: Sequence[FlightRecord] = ()
) -> BitsStudy:
    """The trade of bits against free-run fit on these records (validation records, best).

    Without records: on the model's test vector, against the double-precision run. With ``training``
    records the ternary forms are also refitted to them.
    """
    portable = make_portable(model)
    cases = flown_cases(portable, records)
    double = _row("float64", 64 * n_weights(model), model, cases, 0.0)
    rows = [double, _row("float32", 32 * n_weights(model), _single(model), cases, double.fit)]
    kinds = ("int16", "int8", "int4")
    rows += [_fixed_row(portable, kind, records, cases, double.fit) for kind in kinds]
    rows += _ternary_rows(model, cases, double.fit, rows[2].bits)
    rows += grouped_rows(portable, records, training, cases, double.fit)
    rows.sort(key=lambda row: (row.bits, row.name))
    names = tuple(case.prepared.name for case in cases)
    return BitsStudy(tuple(rows), _recommend(rows), names, _choice(rows))


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
    model: NarxModel, cases: Sequence[FlownCase], double_fit: float, most_bits: int
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
    model: NarxModel, tables: dict[str, _Table], cases: Sequence[FlownCase]
) -> dict[str, _Table] | None:
    """The tables with one more term in the row that helps most for its bits."""
    now = run_error(_with_tables(model, tables), cases)
    best, best_gain = None, -np.inf
    for name, table in tables.items():
        for row in range(len(table.wanted)):
            if table.terms[row] >= MAX_TERMS:
                continue
            tried = {**tables, name: table.with_term(row)}
            gain = (now - run_error(_with_tables(model, tried), cases)) / table.bits_per_term
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


def _row(
    name: str, bits: int, model: NarxModel, cases: Sequence[FlownCase], double_fit: float
) -> BitsRow:
    runs = [run_prepared(model, case.prepared).simulated for case in cases]
    row = scored_row(name, bits, model, cases, runs, double_fit)
    return replace(row, multiplications=n_weights(model))


def _fixed_row(
    portable: Portable,
    kind: str,
    records: Sequence[FlightRecord],
    cases: Sequence[FlownCase],
    double_fit: float,
) -> BitsRow:
    fixed = quantise(portable, kind)
    model = portable.model
    rows = model.structure.n_hidden + model.structure.n_outputs * (2 if fixed.out else 1)
    bits = fixed.weight_bits + ROW_BITS * rows + BIAS_BITS * n_biases(model)
    given = make_cases(portable, records)[1:] if records else make_cases(portable)
    runs = [run_fixed(fixed, case)[0] for case in given]
    row = scored_row(f"{kind} per row", bits, in_units(portable), cases, runs, double_fit)
    return replace(row, multiplications=n_weights(model) + rows)


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


def _choice(rows: Sequence[BitsRow]) -> str:
    """The type that the sentence begins with."""
    by_name = {row.name: row for row in rows}
    return "int8" if by_name["int8 per row"].loss <= GOOD_ENOUGH else "int16"


def _loses(row: BitsRow) -> str:
    return f"loses {row.loss:.2f} points of fit" if row.loss >= 0.005 else "loses no fit"


def _bits(model: NarxModel, tables: dict[str, _Table]) -> int:
    return int(sum(table.bits for table in tables.values())) + BIAS_BITS * n_biases(model)


def _thinned(rows: list[BitsRow], most: int = 12) -> list[BitsRow]:
    """At most ``most`` lines, the first and the last among them."""
    if len(rows) <= most:
        return rows
    keep = np.unique(np.round(np.linspace(0, len(rows) - 1, most)).astype(int))
    return [rows[k] for k in keep]
