"""Models from files, beside the runs: read and flown in the worker, kept like a run; no Qt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from heliid.data.campaign import Campaign, Use
from heliid.model.network import NarxModel
from heliid_gui.presenters import setup as setups
from heliid_gui.presenters.evolve import Responses
from heliid_gui.presenters.studies import JobRunner
from heliid_gui.presenters.workbench import GUEST, Run, Workbench, now

OPEN = "heliid_gui.guest_tasks:open_guest"


def open_model(
    path: Path, bench: Workbench, jobs: JobRunner, on_error: Callable[[str], None]
) -> None:
    """Put the model in a file into the list of runs, flown on the records of the set-up.

    ``on_error`` gets one sentence when the file or the records do not allow it.
    """
    setup = bench.setup
    records = (setups.used_records(setup, use) for use in (Use.TRAIN, Use.VALIDATE, Use.TEST))

    def keep(found: tuple[NarxModel, Campaign, Responses]) -> None:
        model, campaign, responses = found
        key, _ = bench.new_run_key()
        run = Run(
            key, _free_name(path.stem, bench), now(), setup, campaign, setup.config, (), model,
            None, responses=responses, reason=GUEST,
        )  # fmt: skip
        bench.keep_run(run)

    jobs.submit(
        OPEN,
        (path, *(tuple(group) for group in records)),
        slot=f"open {path}",
        on_result=keep,
        on_error=lambda sentence, _details="": on_error(sentence),
        on_lost=lambda sentence: on_error(sentence or f"{path.name} was not opened."),
    )


def _free_name(stem: str, bench: Workbench) -> str:
    """A name no run has yet: every model file is called model.json."""
    taken = {run.name for run in bench.runs}
    names = (stem if k == 1 else f"{stem} ({k})" for k in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)
