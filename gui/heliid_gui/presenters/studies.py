"""Starting and ending studies: from the set-up to a kept run; no Qt, the worker is handed in."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from heliid.data.campaign import Campaign
from heliid_gui.presenters import setup as setups
from heliid_gui.presenters.evolve import Evolution
from heliid_gui.presenters.formatting import figure
from heliid_gui.presenters.setup import Setup
from heliid_gui.presenters.workbench import Run, Workbench, now

if TYPE_CHECKING:
    from heliid.study import StudyConfig, StudyResult

IDENTIFY = "heliid_gui.tasks:identify"


class JobRunner(Protocol):
    """What is needed of ``jobs.Jobs``."""

    def submit(self, task: str, args: tuple = (), *, slot: str, **callbacks: Any) -> Any:
        """Run a task in the worker."""
        ...

    def stop(self, request: Any) -> None:
        """End it, by force when need be."""
        ...

    def pause(self, request: Any, on: bool) -> None:
        """Hold it, or let it go on."""
        ...


class Studies:
    """The run buttons' logic: at most one study at a time; Stop never starts anything."""

    def __init__(
        self,
        bench: Workbench,
        jobs: JobRunner,
        *,
        folder: Callable[[], Path | None],
        on_problem: Callable[[str, str], None],
        place: Callable[[], tuple[str, str] | None] = lambda: None,
    ) -> None:
        """``place``: of the cluster that is to train the orders; None where there is none."""
        self.bench = bench
        self._place = place
        self._jobs = jobs
        self._folder = folder
        self._on_problem = on_problem
        self._request: Any = None
        self._begun = 0.0
        self._asked: tuple[str, str, str, Setup, Campaign] | None = None
        self.task = IDENTIFY

    @property
    def evolution(self) -> Evolution:
        """What the present study has reported."""
        return self.bench.evolution

    @property
    def running_key(self) -> str:
        """The key of the run that is going on, or ""."""
        return self._asked[0] if self._asked is not None else ""

    def why_not_start(self) -> str:
        """Why Start is disabled, as a sentence; empty when it is not."""
        if self.evolution.state == "paused":
            return ""
        if self.evolution.is_active:
            return "A search is running; stop it first."
        return setups.problem(self.bench.setup)

    def start(self) -> bool:
        """Begin a study of the present set-up (or go on after a pause)."""
        if self.evolution.state == "paused":
            self.pause(False)
            return True
        if self.why_not_start():
            return False
        setup = self.bench.setup
        campaign = setups.campaign(setup)
        key, name = self.bench.new_run_key()
        self._asked = (key, name, now(), setup, campaign)
        self._begun = time.monotonic()
        self.bench.studied, self.bench.studied_campaign = setup, campaign
        self.bench.starred, self.bench.shown_run = self._stars_to_keep(setup), ""
        folder = self._folder()
        checkpoint = None if folder is None else folder / checkpoint_name(campaign, setup.config)
        self.evolution.begin(setup.config.budget * len(setup.config.searches()))
        place = self._place()
        self._request = self._jobs.submit(
            self.task,
            (campaign, setup.config, checkpoint, *([] if place is None else [place])),
            slot="study",
            on_events=self.evolution.apply,
            on_result=self._finished,
            on_error=self._failed,
            on_lost=self._lost,
        )
        return True

    def _stars_to_keep(self, setup: Setup) -> frozenset[tuple[int, ...]]:
        """The stars of the study before, where the same numbers still mean the same order."""
        before = self.bench.studied
        same = before is not None and (before.config.box, before.inputs, before.outputs) == (
            setup.config.box,
            setup.inputs,
            setup.outputs,
        )
        return self.bench.starred if same else frozenset()

    def pause(self, on: bool) -> None:
        """Hold the study, or let it go on."""
        if self._request is None or self.evolution.state not in ("running", "paused", "starting"):
            return
        self._jobs.pause(self._request, on)
        self.evolution.set_state("paused" if on else "running")

    def stop(self) -> None:
        """End the study and keep the best; a second Stop does nothing."""
        if self._request is None or not self.evolution.is_active:
            return
        if self.evolution.state != "stopping":
            self.evolution.set_state("stopping")
            self._jobs.stop(self._request)

    def _finished(self, result: StudyResult) -> None:
        self._request = None
        if self._asked is None:
            return
        reason = result.reason
        self._keep(
            model=result.model,
            linear=result.linear,
            members=result.members,
            candidates=result.candidates,
            reason=reason,
            notices=result.notices,
            used=result.campaign,
            cost=result.cost,
            linear_cost=result.linear_cost,
        )
        self.evolution.summary = last_words(result)
        self.evolution.set_state("finished")

    def _failed(self, sentence: str, details: str) -> None:
        self._request = None
        self._keep_best("failed", sentence)
        self.evolution.set_state("failed", sentence)
        self._on_problem(sentence, details)

    def _lost(self, sentence: str) -> None:
        """The worker is gone: ended for a Stop it did not hear, or it died."""
        self._request = None
        kept = self._keep_best("stopped" if not sentence else "failed", sentence)
        if sentence:
            self.evolution.set_state("failed", sentence)
        else:
            self.evolution.summary = (
                "Stopped; the best so far is kept" if kept else "Stopped before the first model"
            )
            self.evolution.set_state("finished")
        if sentence and not kept:
            self._on_problem(sentence, "")

    def _keep_best(self, reason: str, notice: str) -> bool:
        """Keep what the window knows: the best model so far and every candidate."""
        evolution = self.evolution
        if evolution.model is None:
            return False
        linear = evolution.linear.model if evolution.linear else None
        notices = tuple(n.text for n in evolution.notices) + ((notice,) if notice else ())
        self._keep(
            model=evolution.model,
            linear=linear,
            members=(evolution.model,),
            candidates=tuple(evolution.candidates),
            reason=reason,
            notices=notices,
            cost=evolution.best.cost if evolution.best else math.nan,
            linear_cost=evolution.linear.cost if evolution.linear else math.nan,
        )
        return True

    def _keep(self, used: Campaign | None = None, **found: Any) -> None:
        if self._asked is None:
            return
        key, name, created, setup, campaign = self._asked
        self._asked = None
        evolution = self.evolution
        self.bench.keep_run(
            Run(
                key=key,
                name=name,
                created=created,
                setup=setup,
                campaign=used or campaign,
                config=setup.config,
                seconds=time.monotonic() - self._begun,
                stars=self.bench.starred,
                tried=evolution.tried_by_search(),
                responses=dict(evolution.best.responses) if evolution.best else {},
                linear_responses=dict(evolution.linear.responses) if evolution.linear else {},
                **found,
            )
        )


def checkpoint_name(campaign: Campaign, config: StudyConfig) -> str:
    """The file that keeps the scores of this problem, whatever the budget, the search, the seed.

    So a search that was stopped or cut short goes on from it, and more budget only adds to it. The
    core checks by the samples themselves that a file fits.
    """
    records = [
        (
            r.source.name,
            r.source.sha256,
            r.n_samples,
            float(r.time[0]),
            float(r.time[-1]),
            str(use),
            [step.to_dict() for step in r.history],
        )
        for r, use in zip(campaign.records, campaign.uses, strict=True)
    ]
    same = ("search", "budget", "seed", "workers", "window", "stagnation", "wall_limit_s")
    settings = {k: v for k, v in config.to_dict().items() if k not in same}
    plain = [records, campaign.inputs, campaign.outputs, settings]
    text = json.dumps(plain, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24] + ".checkpoint"


def last_words(result: StudyResult) -> str:
    """One line about an ended study."""
    begun = {
        "stopped": "Stopped, the best so far is kept",
        "stagnation": "Finished early, nothing better was found for a while",
        "space exhausted": "Finished, every order in the box was tried",
    }.get(result.reason, "Finished")
    if result.is_linear:
        return f"{begun}. No network beat the best linear model (error {figure(result.cost)})."
    return (
        f"{begun}. Validation error {figure(result.cost)}, "
        f"best linear model {figure(result.linear_cost)}."
    )
