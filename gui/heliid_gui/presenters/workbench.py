"""The state of the window without Qt: set-up, study, runs; who changed what is told to listeners.

Edits go through ``edit``; whoever owns the undo stack hooks ``on_edit`` and calls ``put`` to move
between values.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from heliid.data.campaign import Campaign
from heliid.data.record import FlightRecord
from heliid.events import CandidateScored
from heliid.model.network import NarxModel
from heliid.study import StudyConfig
from heliid_gui.presenters import setup as setups
from heliid_gui.presenters.evolve import Evolution, Responses
from heliid_gui.presenters.notify import Notifier
from heliid_gui.presenters.setup import Setup

GUEST = "opened from a model file"


@dataclass(frozen=True, eq=False)
class Run:
    """One study that ran: never overwritten, kept in History."""

    key: str
    name: str
    created: str  # ISO 8601, UTC
    setup: Setup
    campaign: Campaign
    config: StudyConfig
    candidates: tuple[CandidateScored, ...]
    model: NarxModel | None
    linear: NarxModel | None
    members: tuple[NarxModel, ...] = ()
    responses: Responses = field(default_factory=dict)
    linear_responses: Responses = field(default_factory=dict)
    reason: str = ""
    notices: tuple[str, ...] = ()
    seconds: float = 0.0
    cost: float = math.nan  # of the model on validation
    linear_cost: float = math.nan
    starred: bool = False
    test_used: bool = False
    stars: frozenset[tuple[int, ...]] = frozenset()  # genomes of starred candidates
    judgement: dict[str, Any] = field(default_factory=dict)  # plain: verdict, scores, modes
    tried: dict[str, tuple[int, ...]] = field(default_factory=dict)  # by search: its candidates

    @property
    def is_guest(self) -> bool:
        """True for a model that came from a file: nothing is known of how it was found."""
        return self.reason == GUEST


class Workbench:
    """One project: the set-up of the moment, the study that runs, the runs that ended."""

    def __init__(self) -> None:
        self.setup = Setup()
        self.evolution = Evolution()
        self.studied: Setup | None = None  # what the study on show was started with
        self.studied_campaign: Campaign | None = None
        self.starred: frozenset[tuple[int, ...]] = frozenset()  # candidates of the study on show
        self.shown_run = ""  # the run on show in Evolve, once it has ended
        self.runs: tuple[Run, ...] = ()
        self.current_record = ""
        self.path: Path | None = None
        self.is_modified = False
        self.limits: dict[str, float] = {}  # of the judgement, those that were edited
        self.manoeuvres: dict[str, str] = {}  # what was flown, by record, as the user says
        self.setup_changed = Notifier()
        self.runs_changed = Notifier()
        self.record_chosen = Notifier()
        self.run_chosen = Notifier()
        self.current_run = ""
        self.on_edit: Callable[[str, Setup, Setup, str], None] = self._edit_without_undo
        self._run_keys = itertools.count(1)

    def edit(self, text: str, new: Setup, merge: str = "") -> None:
        """Change the set-up, undoable; edits with the same ``merge`` key become one step."""
        if new is not self.setup:
            self.on_edit(text, self.setup, new, merge)

    def put(self, setup: Setup) -> None:
        """Make this the set-up: the way of undo, redo and opening; not itself undoable."""
        self.setup = setup
        self.is_modified = True
        if setups.find(setup, self.current_record) is None:
            self.current_record = setup.records[0].key if setup.records else ""
        self.setup_changed.emit()

    def _edit_without_undo(self, _text: str, _before: Setup, after: Setup, _merge: str) -> None:
        self.put(after)

    def add_records(self, records: Sequence[FlightRecord]) -> None:
        """Add records and show the first of them."""
        if not records:
            return
        count = len(self.setup.records)
        what = f"Add {records[0].name}" if len(records) == 1 else f"Add {len(records)} records"
        self.edit(what, setups.add_records(self.setup, records))
        self.choose_record(self.setup.records[count].key)

    def choose_record(self, key: str) -> None:
        """Show this record."""
        if setups.find(self.setup, key) is not None and key != self.current_record:
            self.current_record = key
            self.record_chosen.emit()

    def keep_run(self, run: Run) -> Run:
        """Put an ended study into History and make it the one on show."""
        self.runs = (*self.runs, run)
        self.current_run = self.shown_run = run.key
        self.is_modified = True
        self.runs_changed.emit()
        return run

    def star_candidate(self, genome: tuple[int, ...], on: bool) -> None:
        """Star an order of the study on show, or take the star away; kept with its run."""
        self.starred = self.starred | {genome} if on else self.starred - {genome}
        if self.shown_run and self.find_run(self.shown_run) is not None:
            self.change_run(self.shown_run, stars=self.starred)
        self.evolution.changed.emit()

    def new_run_key(self) -> tuple[str, str]:
        """A key and a name for the next run, and the time it began."""
        number = next(self._run_keys)
        while any(run.key == f"run{number}" for run in self.runs):
            number = next(self._run_keys)
        return f"run{number}", f"Run {number}"

    def find_run(self, key: str = "") -> Run | None:
        """The run with this key, or the one on show."""
        key = key or self.current_run
        return next((run for run in self.runs if run.key == key), None)

    def choose_run(self, key: str) -> None:
        """Show this run in Validate and Export."""
        if key != self.current_run and self.find_run(key) is not None:
            self.current_run = key
            self.run_chosen.emit()

    def change_run(self, key: str, **changes) -> None:
        """Star or rename a run; what it found is never changed."""
        allowed = {"starred", "name", "test_used", "notices", "stars", "judgement"}
        if not set(changes) <= allowed:
            raise TypeError(f"a run keeps what it found; only {sorted(allowed)} can change")
        self.runs = tuple(replace(run, **changes) if run.key == key else run for run in self.runs)
        self.is_modified = True
        self.runs_changed.emit()

    def keep_judgement(self, key: str, plain: dict[str, Any]) -> None:
        """Keep what was found about a run with it; the same again changes nothing."""
        run = self.find_run(key)
        if run is not None and run.judgement != plain:
            self.change_run(key, judgement=plain)

    def judging_changed(self) -> None:
        """A limit or a manoeuvre was changed by the user: to be saved with the project."""
        self.is_modified = True
        self.runs_changed.emit()


def now() -> str:
    """The time as it is written into runs."""
    return datetime.now(UTC).isoformat(timespec="seconds")
