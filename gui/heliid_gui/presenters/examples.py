"""The bundled examples as set-ups; no Qt."""

from __future__ import annotations

from dataclasses import replace

from heliid.data import bundled
from heliid.data.record import FlightRecord
from heliid_gui.presenters import setup as setups
from heliid_gui.presenters.setup import Setup

HOME_EXAMPLES = ("trex550", "truth")  # cards on the Home page; the rest is in the menu


def examples() -> tuple[bundled.Example, ...]:
    """What is bundled; empty when the installation lacks its data."""
    try:
        return bundled.examples()
    except Exception:  # the Home page must open whatever is wrong with the data folder
        return ()


def load(key: str) -> Setup:
    """The example as a set-up: whole records, cut into pieces where the example says so."""
    from heliid.data.csvfile import read_csv

    example = next(one for one in bundled.examples() if one.key == key)
    folder = bundled.data_folder()
    files = list(dict.fromkeys(one.file for one in example.records))
    records: dict[str, FlightRecord] = {file: read_csv(folder / file) for file in files}
    setup = setups.add_records(Setup(), [records[file] for file in files])
    items = []
    for file, item in zip(files, setup.records, strict=True):
        start, length = float(item.record.time[0]), item.record.duration
        parts = [
            (start + one.start * length, start + one.end * length, one.use)
            for one in example.records
            if one.file == file
        ]
        items.append(setups.with_pieces(item, sorted(parts)))
    return replace(setup, records=tuple(items), inputs=example.inputs, outputs=example.outputs)
