"""How bad the worst case is, and how sharp the minimum: what Validate shows of both; no Qt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heliid.data.campaign import Use
from heliid_gui.presenters import formatting as fmt
from heliid_gui.presenters.notify import Notifier
from heliid_gui.presenters.studies import JobRunner
from heliid_gui.presenters.workbench import Run

FLATNESS = "heliid_gui.robust_tasks:measure_flatness"


@dataclass(frozen=True, eq=False)
class TailCurve:
    """Errors of one window length, ascending, of the model or the linear model, and their risk."""

    who: str  # model, linear model
    window: str  # windows of 5 s, whole manoeuvres
    errors: np.ndarray  # (n,) NRMSE, mean of the outputs
    shares: np.ndarray  # (n,) of windows at least as bad
    levels: tuple[float, ...]
    value_at_risk: tuple[float, ...]
    cvar: tuple[float, ...]
    worst_record: str

    def steps(self) -> tuple[np.ndarray, np.ndarray]:
        """The curve as it is drawn: a staircase from (0, 1) down."""
        x = np.concatenate([[0.0], np.repeat(self.errors, 2)])
        after = np.concatenate([self.shares[1:], [0.0]])
        y = np.concatenate([[1.0], np.stack([self.shares, after], axis=1).ravel()])
        return x, y


TAIL_COLUMNS = (
    ("Errors of", ""),
    ("Number", "How many windows there are; below ten, the tail is one of them"),
    ("Mean", "NRMSE, mean of the outputs"),
    ("VaR 80 %", "Value at risk: 80 % of the windows stay below it"),
    ("VaR 90 %", "90 % of the windows stay below it"),
    ("CVaR 80 %", "Mean of the worst fifth (Rockafellar and Uryasev 2000)"),
    ("CVaR 90 %", "Mean of the worst tenth"),
    ("Worst", ""),
    ("In record", ""),
)


def windows(tails: tuple[TailCurve, ...]) -> tuple[str, ...]:
    """The window lengths there are, in their order."""
    return tuple(dict.fromkeys(one.window for one in tails))


def tail_rows(tails: tuple[TailCurve, ...]) -> list[tuple[tuple[str, float] | str, ...]]:
    """One line per window length and model."""
    rows: list[tuple[tuple[str, float] | str, ...]] = []
    for index, one in enumerate(tails):
        at = [int(np.argmin(np.abs(np.array(one.levels) - level))) for level in (0.8, 0.9)]
        values = (
            float(one.errors.mean()),
            *(one.value_at_risk[k] for k in at),
            *(one.cvar[k] for k in at),
            float(one.errors[-1]),
        )
        rows.append(
            (
                (f"{one.who}, {one.window}", index),
                (str(one.errors.size), one.errors.size),
                *((fmt.figure(value), value) for value in values),
                one.worst_record,
            )
        )
    return rows


@dataclass
class Flatness:
    """What was measured around one run's weights."""

    state: str = "idle"  # idle, busy, done, failed
    lines: tuple[str, ...] = ()


class Flatnesses:
    """Sharpness and curvature by run; asked for by a button, kept afterwards."""

    def __init__(self, jobs: JobRunner) -> None:
        self._jobs = jobs
        self._found: dict[str, Flatness] = {}
        self.changed = Notifier()
        self.task = FLATNESS

    def find(self, key: str) -> Flatness:
        """What is known of a run."""
        return self._found.get(key, Flatness())

    def measure(self, run: Run) -> None:
        """Ask for it, on the training records: the loss that training went down."""
        if run.model is None or self.find(run.key).state == "busy":
            return
        self._put(run.key, "busy", ("Measuring the loss around the weights…",))
        self._jobs.submit(
            self.task,
            (run.model, run.campaign.with_use(Use.TRAIN)),
            slot=f"flatness {run.key}",
            on_result=lambda lines: self._put(run.key, "done", tuple(lines)),
            on_error=lambda sentence, _details="": self._put(run.key, "failed", (sentence,)),
            on_lost=lambda sentence: self._put(run.key, "failed", (sentence or "Stopped.",)),
        )

    def forget(self) -> None:
        """A new project: nothing is measured."""
        self._found.clear()
        self.changed.emit()

    def _put(self, key: str, state: str, lines: tuple[str, ...]) -> None:
        self._found[key] = Flatness(state, lines)
        self.changed.emit()
