"""``heliid rerun``: repeat a run of a project and compare bit for bit."""

from __future__ import annotations

import argparse
from pathlib import Path

from heliid.cli import console


def run(options: argparse.Namespace) -> int:
    """Repeat, compare, print; 1 when anything came out differently."""
    from heliid.cli.identify import interruptible
    from heliid.project import load_project
    from heliid.project.rerun import rerun

    project = load_project(Path(options.project))
    progress = console.ProgressLine(is_quiet=options.json)
    wanted = options.run or (project.runs[0].key if len(project.runs) == 1 else "")
    with interruptible() as should_stop:
        found = rerun(
            project, wanted, workers=options.workers or 0, report=progress, should_stop=should_stop
        )
    progress.clear()
    if options.json:
        console.write_json(
            {
                "run": found.run.key,
                "name": found.run.name,
                "is_equal": found.is_equal,
                "candidates": found.n_candidates,
                "differences": list(found.differences),
                "other_versions": list(found.versions),
            }
        )
    else:
        console.write("\n".join([found.sentence, *found.differences[1:]]))
    return 0 if found.is_equal else 1
