"""Which records a model has seen, from its provenance: the base of every claim of independence."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from heliid.data.campaign import Use
from heliid.data.record import FlightRecord
from heliid.model.network import NarxModel


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
