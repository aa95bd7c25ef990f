"""``heliid doctor``: are these records fit for identification, and if not, what to do."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from heliid.cli import console

_MARKS = {"error": "  ERROR   ", "warning": "  warning ", "note": "  note    "}


def run(options: argparse.Namespace) -> int:
    """Examine and print; status 2 when a file cannot be read at all."""
    from heliid.data.doctor import doctor_files

    report = doctor_files(
        options.files,
        inputs=options.inputs,
        outputs=options.outputs,
        validate=options.validate,
        test=options.test,
    )
    unreadable = [one["error"] for one in report["files"] if one["error"]]
    if options.json:
        console.write_json(report)
    else:
        readable = [one for one in report["files"] if not one["error"]]
        if readable:
            console.write("\n".join(file_text(one) for one in readable))
    if unreadable:
        more = f" ({len(unreadable) - 1} more cannot be read)" if len(unreadable) > 1 else ""
        sys.stderr.write(f"heliid: {' '.join(unreadable[0].split())}{more}\n")
    return 2 if unreadable else 0


def file_text(one: dict[str, Any]) -> str:
    """One file's findings for a reader."""
    record = one["record"]
    lines = [
        f"{one['file']}: {record['n_samples']} samples, {record['duration']:.1f} s at "
        f"{1 / record['dt']:.4g} Hz, {len(record['channels'])} channels"
    ]
    for finding in one["findings"]:
        lines.append(f"{_MARKS[finding['severity']]}{finding['sentence']}")
        if finding["remedy_sentence"]:
            lines.append(f"            remedy: {finding['remedy_sentence']}")
    return "\n".join([*lines, f"  {one['verdict']}"]) + "\n"
