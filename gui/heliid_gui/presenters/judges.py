"""Judging runs in the worker, each once; no Qt, the worker is handed in."""

from __future__ import annotations

from typing import Any

from heliid_gui.presenters.judgement import Judgement, plain
from heliid_gui.presenters.notify import Notifier
from heliid_gui.presenters.studies import JobRunner
from heliid_gui.presenters.workbench import Run

JUDGE = "heliid_gui.tasks:judge"
# judgements at hand, with their time histories (0.5 MB each and more); the verdict of every run is
# kept with the run, and an older judgement is made again when somebody looks at it
KEPT = 12


class Judges:
    """Judgements by run; asked for when somebody looks, kept afterwards."""

    def __init__(self, jobs: JobRunner) -> None:
        self._jobs = jobs
        self._found: dict[str, Judgement] = {}
        self._errors: dict[str, str] = {}
        self._asked: dict[str, bool] = {}
        self._runs: dict[str, Run] = {}
        self.limits: dict[str, float] = {}  # those that the user changed, for every run
        self.manoeuvres: dict[str, str] = {}  # what the user says was flown, by record name
        self.changed = Notifier()
        self.said = Notifier()  # the user changed a limit or a manoeuvre
        self.kept = Notifier()  # a run's key and its judgement as plain data
        self.task = JUDGE

    def find(self, key: str) -> Judgement | None:
        """The judgement of a run, if it is there."""
        if key in self._found:  # looked at last, forgotten last
            self._found[key] = self._found.pop(key)
        return self._found.get(key)

    def error(self, key: str) -> str:
        """Why a run could not be judged; empty when it could."""
        return self._errors.get(key, "")

    def judge(self, run: Run, *, with_test: bool = False) -> None:
        """Ask for a judgement, once; ``with_test`` asks again, with the test records.

        A run whose test records were looked at before keeps them in each later judgement.
        """
        with_test = with_test or run.test_used
        if run.model is None or (run.key in self._asked and self._asked[run.key] >= with_test):
            return
        self._asked[run.key] = with_test
        self._runs[run.key] = run
        self._errors.pop(run.key, None)

        def keep(value: Judgement) -> None:
            self._found[run.key] = value
            self._forget_oldest()
            self.changed.emit()
            self.kept.emit(run.key, plain(value, self.manoeuvres))

        def fail(sentence: str, _details: str = "") -> None:
            self._errors[run.key] = sentence
            self._asked.pop(run.key, None)
            if run.key not in self._found:
                self.changed.emit()

        self._jobs.submit(
            self.task,
            (
                run.model,
                run.linear,
                run.members or (run.model,),
                run.campaign,
                with_test,
                None if run.is_guest else run.config,  # its training records may not be here
                dict(self.limits),
                dict(self.manoeuvres),
            ),
            slot=f"judge {run.key}",
            on_result=keep,
            on_error=fail,
            on_lost=lambda sentence: fail(sentence or "The judgement was stopped."),
        )

    def set_limit(self, key: str, value: float | None) -> None:
        """Use another limit everywhere, or (None) the one of its source again."""
        before = dict(self.limits)
        if value is None:
            self.limits.pop(key, None)
        else:
            self.limits[key] = value
        if self.limits != before:
            self._judge_again()

    def set_manoeuvre(self, record: str, kind: str) -> None:
        """Say what was flown in a record, or ("") leave it to the suggestion."""
        if kind != self.manoeuvres.get(record, ""):
            if kind:
                self.manoeuvres[record] = kind
            else:
                self.manoeuvres.pop(record)
            self._judge_again()

    def _judge_again(self) -> None:
        """Every judgement there is, anew; the old ones stay on show until then."""
        self.said.emit()
        asked, self._asked = self._asked, {}
        for key, with_test in asked.items():
            self.judge(self._runs[key], with_test=with_test)

    def forget(self) -> None:
        """A new project: nothing is judged."""
        self._found.clear()
        self._errors.clear()
        self._asked.clear()
        self._runs.clear()
        self.changed.emit()

    def _forget_oldest(self) -> None:
        """Those with the test records stay: they are not asked for by looking."""
        again = [key for key in self._found if not self._asked.get(key)]
        for key in again[:-KEPT]:
            for kept in (self._found, self._errors, self._asked, self._runs):
                kept.pop(key, None)

    def all(self) -> dict[str, Any]:
        """Every judgement there is, by run key."""
        return dict(self._found)
