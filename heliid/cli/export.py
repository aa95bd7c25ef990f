"""``heliid export``: a model as code for other programs, written and then run against the app."""

from __future__ import annotations

import argparse
from typing import Any

from heliid.cli import console
from heliid.cli.records import read_record


def run(options: argparse.Namespace) -> int:
    """Write, verify, say so; status 1 when what was written does not give the app's numbers."""
    from heliid.export.model_files import load_model
    from heliid.export.targets import export

    model = load_model(options.model)
    records = (read_record(options.file),) if options.file else ()
    training = tuple(read_record(name) for name in options.refit)
    done = export(
        model, options.to, options.out, records=records, training=training, type=options.type,
        **_low_bit(options),
    )  # fmt: skip
    verdict = done.verified
    if options.json:
        console.write_json(
            {
                "target": done.target,
                "files": [str(path) for path in done.files],
                "notes": list(done.notes),
                "verified": None
                if verdict is None
                else {
                    "ok": verdict.ok,
                    "max_error": verdict.max_error,
                    "runner": verdict.runner,
                    "sentence": verdict.sentence,
                },
            }
        )
    else:
        for path in done.files:
            console.write(str(path))
        for note in done.notes:
            console.write(note)
        if verdict is not None:
            console.write(verdict.sentence)
    # no runner on this machine is not a failure; a runner that disagrees is
    return 1 if verdict is not None and verdict.runner and not verdict.ok else 0


def _low_bit(options: argparse.Namespace) -> dict[str, Any]:
    """The options of ternary code that were given; records are of no use to the other forms."""
    named = ("group", "clusters", "activations", "levels")
    given = {name: getattr(options, name) for name in named if getattr(options, name)}
    if options.refit and options.to != "lowbit":
        given["refit"] = "yes"
    return given
