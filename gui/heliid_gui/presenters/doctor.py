"""The data doctor's findings per record and across records, asked for in the worker; no Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from heliid.errors import HeliIDError
from heliid.project import ProjectRecord
from heliid_gui.presenters import formatting as fmt
from heliid_gui.presenters import setup as setups
from heliid_gui.presenters.notify import Notifier
from heliid_gui.presenters.setup import Setup
from heliid_gui.presenters.studies import JobRunner
from heliid_gui.presenters.workbench import Workbench

if TYPE_CHECKING:
    from heliid.data.doctor import Finding

EXAMINE = "heliid_gui.tasks:examine"
TOGETHER = "heliid_gui.data_tasks:examine_together"
_LOOKS = {"error": ("error", "bad"), "warning": ("warning", "warning"), "note": ("info", "accent")}
_RANK = {"error": 0, "warning": 1, "note": 2}


@dataclass(frozen=True, slots=True)
class Line:
    """One finding as it is shown."""

    icon: str
    role: str  # colour of the theme
    sentence: str
    remedy: str  # what one click would do; empty when there is nothing to click
    finding: Finding


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding in the list of all records: what, in which record (key and name), where."""

    line: Line
    key: str
    record: str
    place: str


class Doctor:
    """Examines each record once per state of its conditioning, and all of them together."""

    def __init__(self, bench: Workbench, jobs: JobRunner) -> None:
        self._bench, self._jobs = bench, jobs
        self._found: dict[str, tuple[tuple, tuple[Finding, ...]]] = {}
        self._asked: dict[str, tuple] = {}
        self._together: tuple[tuple, tuple[Finding, ...]] | None = None
        self._asked_together: tuple | None = None
        self.changed = Notifier()
        self.task, self.together_task = EXAMINE, TOGETHER
        self.is_on = True
        bench.setup_changed.connect(self.examine_new)

    def examine_new(self) -> None:
        """Ask for every record that is new or was conditioned anew, and for the campaign."""
        if not self.is_on:
            return
        for item in self._bench.setup.records:
            state = self._state(item)
            if not _same(self._asked.get(item.key), state):
                self._asked[item.key] = state
                self._ask(item, state)
        self._ask_together()

    def _state(self, item: ProjectRecord) -> tuple:
        """What the findings of a record follow from: its samples, inputs and outputs."""
        setup, record = self._bench.setup, setups.conditioned(item)
        inputs = tuple(name for name in setup.inputs if name in record.names)
        outputs = tuple(name for name in setup.outputs if name in record.names)
        return record, inputs, outputs

    def _ask(self, item: ProjectRecord, state: tuple) -> None:
        def keep(found: tuple[Finding, ...]) -> None:
            self._found[item.key] = (state, found)
            self.changed.emit()

        self._jobs.submit(
            self.task,
            state,
            slot=f"doctor {item.key}",
            on_result=keep,
            on_error=lambda _sentence, _details: keep(()),
            on_lost=lambda _sentence: self._asked.pop(item.key, None),
        )

    def _ask_together(self) -> None:
        """Ask how the records fit together, once per set-up that makes a campaign."""
        setup = self._bench.setup
        key = _campaign_key(setup)
        if key == self._asked_together or len(setup.records) == 0:
            return
        self._asked_together = key
        try:
            campaign = setups.campaign(setup)
        except HeliIDError:
            self._together = None  # the set-up says itself what is missing
            return

        def keep(found: tuple[Finding, ...]) -> None:
            self._together = (key, found)
            self.changed.emit()

        def forget(_sentence: str) -> None:
            self._asked_together = None

        self._jobs.submit(
            self.together_task,
            (campaign,),
            slot="doctor together",
            on_result=keep,
            on_error=lambda _sentence, _details: keep(()),
            on_lost=forget,
        )

    def is_done(self, item: ProjectRecord) -> bool:
        """True when this very state of the record was examined."""
        known = self._found.get(item.key)
        return known is not None and _same(known[0], self._state(item))

    def lines(self, item: ProjectRecord) -> tuple[Line, ...]:
        """The findings of a record, the worst first; empty while they are not there."""
        if not self.is_done(item):
            return ()
        shared = [f for f in self._shared() if _owner(self._bench.setup, f) == item.key]
        found = [*self._found[item.key][1], *shared]
        found.sort(key=lambda one: _RANK[str(one.severity)])
        return tuple(_line(finding) for finding in found)

    def _shared(self) -> tuple[Finding, ...]:
        """What only shows when the records are seen together, for the set-up as it is now."""
        if self._together is None or self._together[0] != _campaign_key(self._bench.setup):
            return ()
        return self._together[1]

    def problems(self, *, notes: bool = False) -> tuple[Problem, ...]:
        """The findings of all records, the worst first; ``notes``: the harmless ones too."""
        setup = self._bench.setup
        found = []
        for item in setup.records:
            record = setups.conditioned(item)
            span = (float(record.time[0]), float(record.time[-1]))
            found += [
                Problem(line, item.key, item.record.name, place(line.finding, *span))
                for line in self.lines(item)
            ]
        found += [
            Problem(_line(f), "", "all records", "") for f in self._shared() if not _owner(setup, f)
        ]
        found.sort(key=lambda one: _RANK[str(one.line.finding.severity)])
        return tuple(p for p in found if notes or str(p.line.finding.severity) != "note")

    def count(self, severity: str) -> int:
        """How many findings of all records are this bad."""
        return sum(
            str(problem.line.finding.severity) == severity for problem in self.problems(notes=True)
        )


def _same(one: tuple | None, other: tuple) -> bool:
    """True for one and the same record with the same roles."""
    return one is not None and one[0] is other[0] and one[1:] == other[1:]


def _campaign_key(setup: Setup) -> tuple[Any, ...]:
    # the records themselves are in the key: an id would not outlive them
    return (
        tuple((i.record, str(i.steps), setups.pieces(i)) for i in setup.records),
        setup.inputs,
        setup.outputs,
    )


def _owner(setup: Setup, finding: Finding) -> str:
    """The key of the record that a finding across records is about, "" for none of them."""
    for item in setup.records:
        record = setups.conditioned(item)
        pieces = (setups.piece_name(record, a, b) for a, b, _ in setups.pieces(item))
        if finding.record == record.name or finding.record in pieces:
            return item.key
    return ""


def _line(finding: Finding) -> Line:
    icon, role = _LOOKS[str(finding.severity)]
    remedy = finding.remedy.sentence() if finding.remedy is not None else ""
    return Line(icon, role, finding.sentence, remedy, finding)


def place(finding: Finding, first: float, last: float) -> str:
    """Channels and time of a finding in a record from ``first`` to ``last`` s."""
    parts = [fmt.listed(finding.channels[:3]) + (" …" if len(finding.channels) > 3 else "")]
    if finding.end - finding.start < 0.9 * (last - first):
        ends = (f"{finding.start:.2f}", f"{finding.end:.2f}")
        parts.append(f"{ends[0]} s" if ends[0] == ends[1] else f"{ends[0]} to {ends[1]} s")
    return ", ".join(part for part in parts if part) or "whole record"


def with_remedy(setup: Setup, key: str, finding: Finding) -> Setup:
    """The set-up with the finding's remedy as a further conditioning step of the record."""
    from heliid.data.conditioning import to_dict

    item = setups.find(setup, key)
    if item is None or finding.remedy is None:
        return setup
    return setups.replaced(setup, setups.with_steps(item, (*item.steps, to_dict(finding.remedy))))
