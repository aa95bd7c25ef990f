"""Spectra, coherence and a proposed model rate of the training records; no Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heliid.data.campaign import Use
from heliid.errors import HeliIDError
from heliid_gui.presenters import formatting as fmt
from heliid_gui.presenters import setup as setups
from heliid_gui.presenters.notify import Notifier
from heliid_gui.presenters.studies import JobRunner
from heliid_gui.presenters.workbench import Workbench

if TYPE_CHECKING:
    from heliid_gui.data_tasks import Insight, Pair

INSIGHT = "heliid_gui.data_tasks:insight"


class Insights:
    """Asks the worker once per state of the training records; never blocks."""

    def __init__(self, bench: Workbench, jobs: JobRunner) -> None:
        self._bench, self._jobs = bench, jobs
        self._found: tuple[tuple, Insight] | None = None
        self._asked: tuple | None = None
        self.problem = ""
        self.changed = Notifier()
        self.task = INSIGHT

    def get(self) -> Insight | None:
        """What is known of the training records as they are now; asked for when it is not."""
        setup = self._bench.setup
        try:
            records = setups.used_records(setup, Use.TRAIN)
        except HeliIDError as error:
            self.problem = str(error)
            return None
        if not records or not setup.inputs or not setup.outputs:
            self.problem = "Choose inputs, outputs and a training record first."
            return None
        # the records themselves are in the key: an id would not outlive them
        key: tuple[Any, ...] = (
            tuple((i.record, str(i.steps), setups.pieces(i)) for i in setup.records),
            setup.inputs,
            setup.outputs,
        )
        if self._found is not None and self._found[0] == key:
            return self._found[1]
        if self._asked != key:
            self._asked, self.problem = key, "Computing spectra…"
            self._jobs.submit(
                self.task,
                (records, setup.inputs, setup.outputs),
                slot="insight",
                on_result=lambda found: self._keep(key, found),
                on_error=lambda sentence, _details="": self._fail(sentence),
                on_lost=self._fail,
            )
        return None

    def _keep(self, key: tuple, found: Insight) -> None:
        self._found, self.problem = (key, found), ""
        self.changed.emit()

    def _fail(self, sentence: str) -> None:
        self.problem = sentence or "The computation was stopped."
        self.changed.emit()


def pair_sentence(pair: Pair) -> str:
    """One line on a pair: where its frequency response can be trusted."""
    if pair.usable is None:
        return f"{pair.input} to {pair.output}: no frequency with coherence above 0.6"
    low, high = pair.usable
    return (
        f"{pair.input} to {pair.output}: usable from {fmt.figure(low, 2)} to "
        f"{fmt.figure(high, 2)} Hz"
    )


def proposal(found: Insight) -> str:
    """The proposed rate with its reason, or why there is none."""
    return found.sentence if found.rate is None else f"Proposed model rate: {found.rate.why}"
