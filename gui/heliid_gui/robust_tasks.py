"""What the worker process finds out about worst cases, sharp minima and few bits; no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from heliid.events import Report, ShouldStop
from heliid_gui.presenters.robustness import TailCurve

if TYPE_CHECKING:
    from heliid.data.record import FlightRecord
    from heliid.model.network import NarxModel


def measure_flatness(
    model: NarxModel,
    records: tuple[FlightRecord, ...],
    *,
    report: Report,
    should_stop: ShouldStop,
) -> tuple[str, ...]:
    """Sharpness and curvature of the loss on these records, in sentences."""
    from heliid.sharpness import describe, stated_flatness

    del report
    return describe(stated_flatness(model, records, should_stop))


def advise_bits(
    model: NarxModel,
    records: tuple[FlightRecord, ...],
    training: tuple[FlightRecord, ...],
    *,
    report: Report,
    should_stop: ShouldStop,
) -> tuple[str, str, str]:
    """How few bits the model can live with: the type to choose, the sentence, the table."""
    from heliid.export.low_bit import study_bits

    del report, should_stop
    found = study_bits(model, records, training)
    return found.choice, found.recommendation, found.text()


def tail_curves(
    model: NarxModel, linear: NarxModel | None, records: Sequence[FlightRecord]
) -> tuple[TailCurve, ...]:
    """The bad end of both models' errors, window length by window length."""
    from heliid.tails import exceedance, tails

    found: list[TailCurve] = []
    models = [("model", model)]
    if linear is not None and model.structure.n_hidden:
        models.append(("linear model", linear))
    for who, one in models:
        for tail in tails(one, records):
            errors, shares = exceedance(tail)
            found.append(
                TailCurve(
                    who, tail.name, errors, shares, tail.levels, tail.value_at_risk, tail.cvar,
                    tail.owners[-1],
                )
            )  # fmt: skip
    order = {name: k for k, name in enumerate(dict.fromkeys(one.window for one in found))}
    return tuple(sorted(found, key=lambda one: order[one.window]))
