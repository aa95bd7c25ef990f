"""The order search of a study: one searcher, or several side by side over one memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import heliid
from heliid.engine.protocol import Engine
from heliid.events import CandidateScored, Report, ShouldStop
from heliid.model.network import Weights
from heliid.model.structure import Structure
from heliid.search import factory
from heliid.search.encoding import structure_text
from heliid.search.fitness import make_payload, settings_to_dict
from heliid.search.race import run_race
from heliid.search.run import Best, Limits, OrderProblem, SearchResult
from heliid.search.searcher import WORST, Genome, Searcher, is_better
from heliid.study.config import StudyConfig
from heliid.study.ground import Ground
from heliid.study.refits import Refit

INSTALL = "heliid.search.fitness:install"
GUESS_HIDDEN = (2, 4)  # hidden units on the lags of the best linear model
SPAN_S = 0.3  # a guess: input taps spread over this time did well on helicopters


@dataclass(frozen=True, eq=False)
class Found:
    """What the searches found, best orders first; ``best`` has its weights, None when stopped."""

    structures: tuple[Structure, ...]
    best: Refit | None
    best_genome: Genome | None
    candidates: tuple[CandidateScored, ...]
    reason: str


def linear_guesses(linear: Structure | None) -> tuple[str, ...]:
    """The lags of the best linear model with few and with more hidden units, as orders in text."""
    if linear is None:
        return ()
    return tuple(structure_text(replace(linear, n_hidden=h)) for h in GUESS_HIDDEN)


def make_searcher(
    name: str, ground: Ground, seed: int, linear: Structure | None = None
) -> Searcher:
    """The searcher of that name on the study's box, begun with an ARX order and guesses.

    The lags that serve the best ``linear`` model, when it is known, are a guess for a network.
    """
    encoding = ground.encoding
    return factory.make_searcher(
        name,
        encoding.bounds,
        seed,
        canonical=encoding.canonical,
        first=encoding.first_members(
            encoding.spread_guess(ground.dt, SPAN_S),
            encoding.small_guess(),
            *linear_guesses(linear),
        ),
    )


def make_problem(ground: Ground, engine: Engine) -> OrderProblem:
    """What is searched; the engine is made ready for it."""
    engine.setup(
        INSTALL, (make_payload(ground.train, ground.validate, ground.settings, ground.reach()),)
    )
    return OrderProblem(ground.encoding, fingerprint(ground))


def fingerprint(ground: Ground) -> str:
    """SHA-256 over the scaled data, the settings of training and score, the box, the version."""
    digest = hashlib.sha256()
    for data in (ground.train, ground.validate):
        for array in (data.u_all, data.y_all, data.edges, data.increment_std):
            digest.update(str(array.shape).encode())
            digest.update(array.tobytes())
    bounds = ground.encoding.bounds
    plain = {
        "settings": settings_to_dict(ground.settings),
        "low": bounds.low.tolist(),
        "high": bounds.high.tolist(),
        "dt": ground.dt,
        "version": heliid.__version__,
    }
    digest.update(json.dumps(plain, sort_keys=True).encode())
    return digest.hexdigest()


def explore(
    ground: Ground,
    config: StudyConfig,
    engine: Engine,
    *,
    report: Report,
    should_stop: ShouldStop,
    checkpoint: Path | None,
    on_best: Callable[[Best, Refit], None],
    linear: Structure | None = None,
) -> Found:
    """Run the configured searchers side by side; always the best so far."""
    problem = make_problem(ground, engine)
    results = run_race(
        [make_searcher(name, ground, config.seed, linear) for name in config.searches()],
        problem,
        engine,
        Limits(config.budget, config.stagnation, config.wall_limit_s),
        window=config.window,
        report=report,
        should_stop=should_stop,
        checkpoint=checkpoint,
        on_best=lambda best: _tell(ground, best, on_best),
    )
    return _found(ground, results)


def _found(ground: Ground, results: list[SearchResult]) -> Found:
    candidates = tuple(one for result in results for one in result.candidates)
    # equal costs in the order in which they were reported, never in that in which they came in
    ranked = sorted(candidates, key=lambda one: (one.cost, one.index))
    usable = [one.genome for one in ranked if one.cost < WORST]
    best: Best | None = None
    for result in results:
        if result.best is not None and (
            best is None or is_better(result.best.scored.cost, best.scored.cost)
        ):
            best = result.best
    refit = _refit_of(ground, best) if best is not None and _has_weights(best.value) else None
    return Found(
        structures=tuple(ground.encoding.structure(genome) for genome in usable),
        best=refit,
        best_genome=best.scored.genome if best is not None else None,
        candidates=candidates,
        reason=_reason(results),
    )


def _reason(results: list[SearchResult]) -> str:
    """Why the search ended: stopped when any was, else what the last one met."""
    reasons = [result.reason for result in results]
    return "stopped" if "stopped" in reasons else reasons[-1]


def _tell(ground: Ground, best: Best, on_best: Callable[[Best, Refit], None]) -> None:
    if _has_weights(best.value):
        on_best(best, _refit_of(ground, best))


def _has_weights(value: Any) -> bool:
    return isinstance(value, dict) and value.get("weights") is not None


def _refit_of(ground: Ground, best: Best) -> Refit:
    structure = ground.encoding.structure(best.scored.genome)
    return Refit(
        structure,
        Weights.from_dict(best.value["weights"], structure),
        best.scored.cost,
        np.atleast_1d(np.array(best.value.get("nrmse", best.scored.nrmse), dtype=float)),
        best.scored.diverged,
        "search",
        ridge=float(best.value.get("ridge", np.nan)),
    )
