"""The data doctor's findings per record, asked for in the worker; no Qt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from heliid.project import ProjectRecord
from heliid_gui.presenters import setup as setups
from heliid_gui.presenters.notify import Notifier
from heliid_gui.presenters.setup import Setup
from heliid_gui.presenters.studies import JobRunner
from heliid_gui.presenters.workbench import Workbench

if TYPE_CHECKING:
    from heliid.data.doctor import Finding

EXAMINE = "heliid_gui.tasks:examine"
_LOOKS = {"error": ("error", "bad"), "warning": ("warning", "warning"), "note": ("info", "accent")}


@dataclass(frozen=True, slots=True)
class Line:
    """One finding as it is shown."""

    icon: str
    role: str  # colour of the theme
    sentence: str
    remedy: str  # what one click would do; empty when there is nothing to click
    finding: Finding


class Doctor:
    """Examines each record once per state of its conditioning."""

    def __init__(self, bench: Workbench, jobs: JobRunner) -> None:
        self._bench, self._jobs = bench, jobs
        self._found: dict[str, tuple[object, tuple[Finding, ...]]] = {}
        self._asked: dict[str, object] = {}
        self.changed = Notifier()
        self.task = EXAMINE
        self.is_on = True
        bench.setup_changed.connect(self.examine_new)

    def examine_new(self) -> None:
        """Ask for every record that is new or was conditioned anew."""
        if not self.is_on:
            return
        for item in self._bench.setup.records:
            record = setups.conditioned(item)
            if self._asked.get(item.key) is not record:
                self._asked[item.key] = record
                self._ask(item)

    def _ask(self, item: ProjectRecord) -> None:
        record = setups.conditioned(item)

        def keep(found: tuple[Finding, ...]) -> None:
            self._found[item.key] = (record, found)
            self.changed.emit()

        self._jobs.submit(
            self.task,
            (record, (), ()),
            slot=f"doctor {item.key}",
            on_result=keep,
            on_error=lambda _sentence, _details: keep(()),
            on_lost=lambda _sentence: self._asked.pop(item.key, None),
        )

    def is_done(self, item: ProjectRecord) -> bool:
        """True when this very state of the record was examined."""
        known = self._found.get(item.key)
        return known is not None and known[0] is setups.conditioned(item)

    def lines(self, item: ProjectRecord) -> tuple[Line, ...]:
        """The findings of a record, the worst first; empty while they are not there."""
        if not self.is_done(item):
            return ()
        return tuple(_line(finding) for finding in self._found[item.key][1])

    def count(self, severity: str) -> int:
        """How many findings of all records are this bad."""
        return sum(
            str(finding.severity) == severity
            for item in self._bench.setup.records
            if self.is_done(item)
            for finding in self._found[item.key][1]
        )


def _line(finding: Finding) -> Line:
    icon, role = _LOOKS[str(finding.severity)]
    remedy = finding.remedy.sentence() if finding.remedy is not None else ""
    return Line(icon, role, finding.sentence, remedy, finding)


def with_remedy(setup: Setup, key: str, finding: Finding) -> Setup:
    """The set-up with the finding's remedy as a further conditioning step of the record."""
    from heliid.data.conditioning import to_dict

    item = setups.find(setup, key)
    if item is None or finding.remedy is None:
        return setup
    changed = replace(item, steps=(*item.steps, to_dict(finding.remedy)))
    setups.conditioned(changed)  # refuses a step that does not fit, before anything changes
    return setups.replaced(setup, changed)
