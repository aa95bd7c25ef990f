"""Which records a model has seen, from its provenance: the base of every claim of independence."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from heliid.data.campaign import Use
from heliid.data.record import FlightRecord
from heliid.model.network import NarxModel, Weights

VALIDATED = "validated"  # in a provenance: the model before validation records trained it, too
JUDGED = "judged"  # in one of its records: it validated before it trained


def record_facts(record: FlightRecord, use: Use | str) -> dict[str, Any]:
    """What a model's ``provenance["records"]`` keeps of one record: plain data, no samples.

    ``content`` is the SHA-256 of time and values as they were used, ``sha256`` that of the file.
    """
    digest = hashlib.sha256()
    digest.update(record.time.astype("<f8").tobytes())
    digest.update(record.values.astype("<f8").tobytes())
    return {
        "use": str(use),
        "name": record.name,
        "file": record.source.name,
        "sha256": record.source.sha256,
        "content": digest.hexdigest(),
        "start": float(record.time[0]),
        "end": float(record.time[-1]),
    }


def seen_records(model: NarxModel, *uses: Use | str) -> list[dict[str, Any]]:
    """The records of these uses in the model's provenance; empty when it does not say."""
    listed = model.provenance.get("records", [])
    wanted = {str(use) for use in uses}
    if not isinstance(listed, list):
        return []
    return [r for r in listed if isinstance(r, dict) and r.get("use") in wanted]


def _is_same(facts: dict[str, Any], seen: dict[str, Any]) -> bool:
    """The same samples, or an overlapping stretch of the same file."""
    if facts["content"] == seen.get("content"):
        return True
    if not facts["sha256"] or facts["sha256"] != seen.get("sha256"):
        return False
    start, end = float(seen.get("start", -1e300)), float(seen.get("end", 1e300))
    return bool(facts["start"] < end and start < facts["end"])


def overlaps(record: FlightRecord, seen: Sequence[dict[str, Any]]) -> bool:
    """True when the record shares samples with one of the ``seen``."""
    facts = record_facts(record, "")
    return any(_is_same(facts, one) for one in seen)


def was_trained_on(model: NarxModel, record: FlightRecord) -> bool:
    """True when the model's provenance lists this record, or part of it, for training."""
    return overlaps(record, seen_records(model, Use.TRAIN))


def was_selected_on(model: NarxModel, record: FlightRecord) -> bool:
    """True when this record scored the search that chose the model."""
    return overlaps(record, seen_records(model, Use.VALIDATE))


def after_all(
    model: NarxModel, weights: Weights, envelope: np.ndarray, provenance: dict[str, Any]
) -> NarxModel:
    """The model with weights from training *and* validation records.

    ``provenance`` is what changes in it (support, trim). The validation records now count as
    trained on; what the model was while they were unseen stays inside, for ``as_validated``.
    """
    before = {
        "weights": model.weights.to_dict(),
        "envelope": model.envelope.tolist(),
        "provenance": {key: model.provenance.get(key) for key in provenance},
    }
    records = [
        {**one, "use": str(Use.TRAIN), JUDGED: True} if one["use"] == str(Use.VALIDATE) else one
        for one in model.provenance.get("records", [])
    ]
    return replace(
        model,
        weights=weights,
        envelope=envelope,
        provenance={**model.provenance, **provenance, "records": records, VALIDATED: before},
    )


def is_after_all(model: NarxModel) -> bool:
    """True when validation records trained the model after they had chosen its order."""
    return isinstance(model.provenance.get(VALIDATED), dict)


def as_validated(model: NarxModel) -> NarxModel:
    """The model as it was when the validation records were unseen; most models are that already.

    Validation figures of a model that was trained on everything in the end are figures of this
    one: the same order and weight table, trained on the training records alone.
    """
    if not is_after_all(model):
        return model
    before = model.provenance[VALIDATED]
    kept = {key: value for key, value in model.provenance.items() if key != VALIDATED}
    records = [
        {**{key: one[key] for key in one if key != JUDGED}, "use": str(Use.VALIDATE)}
        if one.get(JUDGED)
        else one
        for one in kept.get("records", [])
    ]
    return replace(
        model,
        weights=Weights.from_dict(before["weights"], model.structure),
        envelope=np.array(before["envelope"], dtype=float).reshape(-1, 2),
        provenance={**kept, **before["provenance"], "records": records},
    )


def unseen_by(model: NarxModel, record: FlightRecord) -> NarxModel:
    """The model to judge on a record: as it was before a record that chose its order trained it."""
    before = as_validated(model)
    return before if before is not model and was_selected_on(before, record) else model
