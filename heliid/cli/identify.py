"""``heliid identify`` and ``heliid fit``: from records to a folder with models and a report."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import os
import shlex
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heliid.cli import console
from heliid.cli.cluster import cluster_engine
from heliid.cli.records import read_campaign
from heliid.errors import SettingsError

if TYPE_CHECKING:
    from heliid.events import ShouldStop
    from heliid.study import StudyConfig, StudyResult

CHECKPOINT = "search.checkpoint"
PROJECT = "study.heliid"
MAX_WORKERS = 8
_IGNORED_IN_COMMAND = ("--json", "--resume")


def run(options: argparse.Namespace) -> int:
    """Read, study, judge, write, print."""
    from heliid.data.campaign import Use
    from heliid.export.folders import prepare_folder

    config = make_config(options)
    campaign, said = read_campaign(options)
    folder = prepare_folder(Path(options.out))
    from heliid.export.study_files import write_study  # heavy: only for records that are usable
    from heliid.study.judgement import judge_study
    from heliid.validation import DEFAULT

    limits = DEFAULT.edited(dict(options.limit))  # a wrong one is said before the search
    progress = console.ProgressLine(is_quiet=options.json)
    with interruptible() as should_stop:
        result = _study(options, campaign, config, folder, progress, should_stop)
    progress.clear()
    with_test = bool(campaign.with_use(Use.TEST))
    result, judged = judge_study(result, with_test=with_test, thresholds=limits)
    result = _with_notices(result, said)
    summary = write_study(result, judged, folder, command=command_text(), created=today())
    if not options.no_project:
        keep_project(result, folder / PROJECT, order=getattr(options, "order", ""))
    if result.reason != "stopped":
        (folder / CHECKPOINT).unlink(missing_ok=True)
    if options.json:
        console.write_json({"out": str(folder), **summary})
    else:
        extra = () if options.no_project else (PROJECT,)
        console.write(summary_text(summary, folder, extra))
    return 0


def keep_project(result: StudyResult, path: Path, *, order: str = "") -> None:
    """The study as a project: for the window to open and for ``heliid rerun`` to repeat.

    Raises
    ------
    ProjectFileError
        It cannot be written; one sentence.
    """
    from heliid.project import save_project
    from heliid.project.runs import make_run, study_project

    name = "Fit" if order else "Search"
    run = make_run(result, key="run-1", name=name, created=today(), order=order)
    save_project(study_project(result, run, notes=command_text()), path)


def _study(
    options: argparse.Namespace,
    campaign: Any,
    config: StudyConfig,
    folder: Path,
    progress: console.ProgressLine,
    should_stop: ShouldStop,
) -> StudyResult:
    from heliid.study import fit, identify

    if options.command == "fit":
        return fit(campaign, config, options.order, report=progress, should_stop=should_stop)
    checkpoint = folder / CHECKPOINT
    if not options.resume:
        if checkpoint.exists():  # hours of work, perhaps: put aside, not thrown away
            checkpoint.replace(folder / f"{CHECKPOINT}.bak")
    elif not checkpoint.exists():
        raise SettingsError(
            f"There is no {CHECKPOINT} in {folder} to go on from: leave out --resume."
        )
    with cluster_engine(options) as engine:
        return identify(
            campaign, config, report=progress, should_stop=should_stop, engine=engine,
            checkpoint=checkpoint,
        )  # fmt: skip


def make_config(options: argparse.Namespace) -> StudyConfig:
    """The settings that the arguments describe; everything not named keeps its default."""
    from heliid.study import OrderBox, StudyConfig

    def given(**names: str) -> dict[str, Any]:
        found = {key: getattr(options, name, None) for key, name in names.items()}
        return {key: value for key, value in found.items() if value is not None}

    box = given(
        hidden_max="max_hidden", na_max="max_na", nb_max="max_nb", nk_max="max_nk",
        spacing_max="max_spacing", leak_max="max_leak",
    )  # fmt: skip
    values = given(
        rate_hz="rate", search="search", budget="budget", seed="seed", window="window",
        trim_rule="trim", n_tables="tables", n_ensemble="ensemble", stagnation="stagnation",
        wall_limit_s="time_limit", trainer="trainer", risk_weight="risk", risk_alpha="risk_level",
        train_on="train_on",
    )  # fmt: skip
    workers = options.workers if options.workers is not None else default_workers()
    return StudyConfig(
        box=OrderBox(**box),
        kinematics=not options.no_kinematics,
        finer_rate=options.finer_rate,
        workers=workers,
        **values,
    )


def default_workers() -> int:
    """One per core, at most 8."""
    from heliid.engine.local import usable_cores

    return max(1, min(usable_cores(), MAX_WORKERS))


def command_text() -> str:
    """What was typed, ready to be typed again."""
    words = [word for word in sys.argv[1:] if word not in _IGNORED_IN_COMMAND]
    return shlex.join(["heliid", *words])


def today() -> str:
    """The date, UTC; ``SOURCE_DATE_EPOCH`` goes before the clock, for builds that repeat."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    zone = datetime.UTC
    now = (
        datetime.datetime.fromtimestamp(int(epoch), zone) if epoch else datetime.datetime.now(zone)
    )
    return f"{now:%Y-%m-%d %H:%M} UTC"


@contextlib.contextmanager
def interruptible() -> Iterator[ShouldStop]:
    """``should_stop`` that the first Ctrl+C sets; the second one ends the program."""
    pressed = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield pressed.is_set
        return

    def on_interrupt(*_: object) -> None:
        if pressed.is_set():
            raise KeyboardInterrupt
        pressed.set()
        sys.stderr.write("\nheliid: stopping; the best so far is kept (again to give it up).\n")

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, before)


def _with_notices(result: StudyResult, said: tuple[str, ...]) -> StudyResult:
    from dataclasses import replace

    return replace(result, notices=(*said, *result.notices))


def summary_text(summary: dict[str, Any], folder: Path, extra: Sequence[str] = ()) -> str:
    """The result for a reader; ``extra``: files in the folder that the summary does not list."""
    model, linear = summary["model"], summary["linear"]
    lines = [
        f"Model         {model['order']}, {model['n_parameters']} weights at "
        f"{summary['rate_hz']:.6g} Hz",
        f"Cost          {console.number(model['cost'])} on validation "
        f"(best linear model {console.number(linear['cost'])}: {linear['order']})",
    ]
    if summary["candidates"]:
        lines.append(f"Search        {summary['candidates']} unique orders, {summary['reason']}")
    lines.append(f"Time          {summary['seconds']:.1f} s")
    text = "\n".join(lines) + "\n\n" + fit_table(summary)
    text += "\n" + verdict_table(summary)
    if summary["doctor"]:
        text += (
            f"\nThe data doctor has {len(summary['doctor'])} errors or warnings about the records; "
            f"they are in the report."
        )
    for notice in summary["notices"]:
        text += f"\n{notice}"
    return text + f"\n\nWritten to {folder}: {', '.join([*summary['files'].values(), *extra])}"


def fit_table(summary: dict[str, Any]) -> str:
    """Whole-record free run of model and linear model, per record and output."""
    rows = []
    for use in ("validate", "test"):
        beside = {
            (line["record"], line["output"]): line
            for line in summary["linear_scores"].get(use, [])
            if line["window"] == "all"
        }
        for line in summary["scores"].get(use, []):
            if line["window"] != "all":
                continue
            linear = beside.get((line["record"], line["output"]), {})
            note = ""
            if line["diverged_at"] is not None:
                note = f"diverged at {line['diverged_at']:.2f} s"
            values = (line["rmse"], line["unit"], line["nrmse"], _fit(line), _fit(linear), note)
            rows.append((use, line["record"], line["output"], *values))
    header = ("use", "record", "output", "rmse", "unit", "nrmse", "fit", "linear fit", "note")
    return console.table(header, rows)


def verdict_table(summary: dict[str, Any]) -> str:
    """One line per question of the verdict."""
    words = {"green": "yes", "amber": "partly", "red": "NO", "grey": "?"}
    lines = [
        f"{words[one['light']]:>6}  {one['text']} {one['sentence']}" for one in summary["verdict"]
    ]
    return "\n".join(lines) + "\n"


def _fit(line: dict[str, Any]) -> str:
    if line.get("diverged_at") is not None:
        return "diverged"
    return "-" if line.get("fit") is None else f"{line['fit']:.1f} %"
