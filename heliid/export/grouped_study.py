"""Rows of the low-bit study for grouped ternary weights; see ``heliid.export.grouped``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from heliid.data.record import FlightRecord
from heliid.export.bits import BitsRow, FlownCase, scored_row
from heliid.export.grouped import GroupedModel, Grouping, make_grouped, run_grouped
from heliid.export.portable import Portable, in_units
from heliid.export.verify import make_cases

GROUPINGS = (
    Grouping(group=8, levels=2),
    Grouping(group=4, levels=2),
    Grouping(group=4, levels=2, bits=8),
    Grouping(group=4, levels=2, clusters=3),
)
REFITTED = Grouping(group=8, levels=2)  # at its top level, where there are training records


def grouped_rows(
    portable: Portable,
    records: Sequence[FlightRecord],
    training: Sequence[FlightRecord],
    cases: Sequence[FlownCase],
    double_fit: float,
) -> list[BitsRow]:
    """Every level of a few groupings, run in whole numbers as the exported C does."""
    found = []
    for grouping in GROUPINGS:
        grouped = make_grouped(portable, grouping, records)
        for level in range(grouped.top + 1):
            name = f"{grouping.text}, level {level}"
            found.append(_row(name, grouped, level, records, cases, double_fit))
    if training:
        from heliid.export.grouped_refit import refit  # scipy is slow to import

        better = refit(make_grouped(portable, REFITTED, records), training)
        name = f"{REFITTED.text}, refitted"
        found.append(_row(name, better, better.top, records, cases, double_fit))
    return found


def _row(
    name: str,
    grouped: GroupedModel,
    level: int,
    records: Sequence[FlightRecord],
    cases: Sequence[FlownCase],
    double_fit: float,
) -> BitsRow:
    portable = grouped.portable
    given = make_cases(portable, records)[1:] if records else make_cases(portable)
    runs = [run_grouped(grouped, case, level)[0] for case in given]
    row = scored_row(name, grouped.bits(level), in_units(portable), cases, runs, double_fit)
    return replace(row, multiplications=grouped.multiplications(level))
