"""Files named on the command line to records with roles."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from heliid.errors import CampaignError, RecordError

if TYPE_CHECKING:
    from heliid.data.campaign import Campaign
    from heliid.data.record import FlightRecord


def read_record(path: str, name: str | None = None) -> FlightRecord:
    """The record in a file; whatever is wrong with it names the file."""
    from heliid.data.readers import read_file

    if Path(path).is_dir():
        raise RecordError(f"{path} is a folder: name the record files in it.")
    if not Path(path).exists():
        raise RecordError(f"{path} does not exist: check the name and the folder.")
    return read_file(Path(path), name=name)


def read_records(paths: Sequence[str]) -> tuple[FlightRecord, ...]:
    """The records in the files; two files of one name get their folder's name too."""
    stems = [Path(path).stem for path in paths]
    names = [
        f"{Path(path).resolve().parent.name}/{stem}" if stems.count(stem) > 1 else stem
        for path, stem in zip(paths, stems, strict=True)
    ]
    return tuple(read_record(path, name) for path, name in zip(paths, names, strict=True))


def read_campaign(options: argparse.Namespace) -> tuple[Campaign, tuple[str, ...]]:
    """The campaign that ``--train``, ``--validate``, ``--test`` and ``--split`` describe.

    Also the sentences that the user should read about how it was made.
    """
    from heliid.data.campaign import make_campaign

    if options.split:
        return _split_campaign(options)
    _refuse_repeats(options.train, options.validate, options.test)
    campaign = make_campaign(
        options.inputs,
        options.outputs,
        train=read_records(options.train),
        validate=read_records(options.validate),
        test=read_records(options.test),
    )
    return campaign, ()


def _refuse_repeats(*groups: Sequence[str]) -> None:
    seen: set[Path] = set()
    for path in (one for group in groups for one in group):
        real = Path(path).resolve()
        if real in seen:
            raise CampaignError(f"{path} is named twice: keep it in one place.")
        seen.add(real)


def _split_campaign(options: argparse.Namespace) -> tuple[Campaign, tuple[str, ...]]:
    from heliid.data.campaign import make_campaign
    from heliid.data.record import split_in_time

    if len(options.train) != 1 or options.validate or options.test:
        raise CampaignError(
            "--split cuts one training record into all three roles: name one file with --train "
            "and leave out --validate and --test."
        )
    record = read_record(options.train[0])
    train, validate, *test = split_in_time(record, options.split)
    campaign = make_campaign(
        options.inputs, options.outputs, train=[train], validate=[validate], test=test
    )
    roles = ("trains", "validates", "is kept for the test")
    parts = [f"{100 * s:.3g} % {role}" for s, role in zip(options.split, roles, strict=False)]
    return campaign, (
        f"'{record.name}' is cut in time: {', the next '.join(parts)}; separate manoeuvres are "
        f"the stronger choice.",
    )
