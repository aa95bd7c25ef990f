"""Rows of the low-bit study for grouped ternary weights; see ``heliid.export.grouped``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from heliid.data.record import FlightRecord
from heliid.export.grouped import Grouping, make_grouped, run_grouped
from heliid.export.low_bit import BitsRow, _Case, _scored
from heliid.export.portable import Portable, in_units
from heliid.export.verify import make_cases

GROUPINGS = (
    Grouping(group=8, levels=2),
    Grouping(group=4, levels=2),
    Grouping(group=4, levels=2, bits=8),
)


def grouped_rows(
    portable: Portable,
    records: Sequence[FlightRecord],
    cases: Sequence[_Case],
    double_fit: float,
) -> list[BitsRow]:
    """Every level of a few groupings, run in whole numbers as the exported C does."""
    given = make_cases(portable, records)[1:] if records else make_cases(portable)
    model, found = in_units(portable), []
    for grouping in GROUPINGS:
        grouped = make_grouped(portable, grouping, records)
        name = f"ternary per {grouping.group}"
        name += f", {grouping.bits}-bit signals" if grouping.bits < 16 else ""
        for level in range(grouped.top + 1):
            runs = [run_grouped(grouped, case, level)[0] for case in given]
            row = _scored(
                f"{name}, level {level}", grouped.bits(level), model, cases, runs, double_fit
            )
            found.append(replace(row, multiplications=grouped.multiplications(level)))
    return found
