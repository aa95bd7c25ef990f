"""What can be exported, and what came of it; no Qt, the worker is handed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from heliid.data.campaign import Use
from heliid_gui.presenters.notify import Notifier
from heliid_gui.presenters.studies import JobRunner
from heliid_gui.presenters.workbench import Run

EXPORT = "heliid_gui.tasks:export_model"
PREVIEW = "heliid_gui.tasks:preview"
REPORT = "heliid_gui.tasks:write_report"
EVERYTHING = "heliid_gui.tasks:write_all"
ADVICE = "heliid_gui.robust_tasks:advise_bits"
ADVISED = "c"  # the target whose numbers can be advised on


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a target."""

    name: str
    title: str
    choices: tuple[str, ...]
    help: str = ""
    needs: tuple[str, str] = ("", "")  # means something beside this choice only

    def applies(self, chosen: Mapping[str, str]) -> bool:
        """Whether it means something beside these choices."""
        return not self.needs[0] or chosen.get(self.needs[0]) == self.needs[1]


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that can be exported. ``suffix`` "" asks for a folder."""

    key: str
    title: str
    summary: str
    suffix: str
    options: tuple[Choice, ...] = ()
    uses_records: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an export stands: idle, busy, verified, written, unverified, failed."""

    state: str = "idle"
    sentence: str = ""
    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()


BADGES = {
    "idle": ("", "", "disabled"),
    "busy": ("info", "Working…", "accent"),
    "verified": ("ok", "Verified", "good"),
    "written": ("ok", "Written", "good"),
    "unverified": ("warning", "Not verified", "warning"),
    "failed": ("error", "Failed", "bad"),
}
OPTION_NAMES = {
    "si": "SI",
    "file": "as in the files",
    "float64": "double (float64)",
    "float32": "single (float32)",
    "int16": "16-bit integers",
    "int8": "8-bit integers",
    "int4": "4-bit integers",
    "ternary": "ternary, in levels",
    "json": "JSON",
    "csv": "CSV",
    "mat": "MATLAB .mat",
    "2.0": "FMI 2.0",
    "3.0": "FMI 3.0",
}
REPORT_LINE = Line(
    "report",
    "Identification report",
    "One web page: data, settings, scores, plots, verdict",
    ".html",
)
PDF_LINE = Line(
    "report_pdf",
    "Report as PDF",
    "The same report on A4, as vectors",
    ".pdf",
)
EVERYTHING_LINE = Line(
    "everything",
    "Everything in a folder",
    "Models, ensemble, candidates, report and summary, as the command line writes them",
    "",
)


def lines() -> tuple[Line, ...]:
    """Everything that can be exported, in the order to show it."""
    from heliid.export.targets import targets

    found = [
        Line(
            target.key,
            target.title,
            target.summary,
            target.suffixes[0],
            tuple(Choice(o.name, o.title, o.choices, o.help, o.needs) for o in target.options),
            target.uses_records,
        )
        for target in targets()
    ]
    return (found[0], REPORT_LINE, PDF_LINE, *found[1:], EVERYTHING_LINE)


class Exports:
    """Exports per run and target: asked for once each, outcomes kept."""

    def __init__(self, jobs: JobRunner) -> None:
        self._jobs = jobs
        self._outcomes: dict[tuple[str, str], Outcome] = {}
        self.limits: Callable[[], Mapping[str, float]] = dict  # edited limits, for the report
        self.changed = Notifier()
        self.previewed = Notifier()
        self.advised = Notifier()  # a run's key, the type to choose, the sentence, the table

    def advise(self, run: Run) -> None:
        """Measure how few bits the run's model can live with; ``advised`` tells it."""
        self._jobs.submit(
            ADVICE,
            (run.model, run.campaign.with_use(Use.VALIDATE), run.campaign.with_use(Use.TRAIN)),
            slot=f"advice {run.key}",
            on_result=lambda found: self.advised.emit(run.key, *found),
            on_error=lambda sentence, _details="": self.advised.emit(run.key, "", sentence, ""),
            on_lost=lambda sentence: self.advised.emit(run.key, "", sentence or "Stopped.", ""),
        )

    def outcome(self, run: str, target: str) -> Outcome:
        """How this export of this run stands."""
        return self._outcomes.get((run, target), Outcome())

    def write(self, run: Run, line: Line, path: Path, options: dict[str, str]) -> None:
        """Write (and verify) one target of one run."""
        task: str
        args: tuple[Any, ...]
        if line.key in (REPORT_LINE.key, PDF_LINE.key):
            task, args = REPORT, (run, path, dict(self.limits()))
        elif line.key == EVERYTHING_LINE.key:
            task, args = EVERYTHING, (run, path, dict(self.limits()))
        else:
            records = run.campaign.with_use(Use.VALIDATE) if line.uses_records else ()
            training = run.campaign.with_use(Use.TRAIN) if line.uses_records else ()
            task, args = EXPORT, (run.model, line.key, path, records, options, training)
        key = (run.key, line.key)
        self._put(key, Outcome("busy", "Writing and checking…"))
        self._jobs.submit(
            task,
            args,
            slot=f"export {run.key} {line.key}",
            on_result=lambda value: self._put(key, _outcome(value)),
            on_error=lambda sentence, _details: self._put(key, Outcome("failed", sentence)),
            on_lost=lambda sentence: self._put(key, Outcome("failed", sentence or "Stopped.")),
        )

    def preview(self, run: Run, line: Line, options: dict[str, str]) -> None:
        """Ask for the beginning of what would be written; ``previewed`` tells it."""
        if line.key in (REPORT_LINE.key, PDF_LINE.key, EVERYTHING_LINE.key):
            self.previewed.emit(line.key, "")
            return
        self._jobs.submit(
            PREVIEW,
            (run.model, line.key, options),
            slot="preview",
            on_result=lambda text: self.previewed.emit(line.key, text),
            on_error=lambda sentence, _details: self.previewed.emit(line.key, sentence),
        )

    def _put(self, key: tuple[str, str], outcome: Outcome) -> None:
        self._outcomes[key] = outcome
        self.changed.emit()


def _outcome(value: Any) -> Outcome:
    if isinstance(value, Path):
        return Outcome("written", f"Written to {value}.", (value,))
    verified = value.verified
    done = Outcome("written", f"Written to {value.files[0]}.", value.files, value.notes)
    if verified is None:
        return done
    state = "verified" if verified.ok else "unverified"
    return replace(done, state=state, sentence=verified.sentence)
