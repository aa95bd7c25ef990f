"""From trained orders to the result: which model wins, its provenance, what must be said."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from typing import Any

import numpy as np

import heliid
from heliid.data.campaign import Use
from heliid.data.prepare import Prepared
from heliid.ensemble import DROP_ABOVE
from heliid.envelope import training_support
from heliid.model.network import NarxModel
from heliid.search.encoding import structure_text
from heliid.study.config import StudyConfig
from heliid.study.doubt import Doubt
from heliid.study.ground import Ground
from heliid.study.refits import Refit
from heliid.validation.evidence import record_facts

LIBRARIES = ("numpy", "scipy", "numba", "llvmlite")
MACHINE_SETTINGS = ("workers", "wall_limit_s")  # change nothing in the numbers of a finished run
ORDER_IS_WORSE = (
    "The linear model is better here: its cost on the validation records is {linear:.4f}, that of "
    "the order asked for {order:.4f}."
)
DIVERGES = (
    "The free run of the model diverges on a validation record; it can only be trusted over short "
    "windows."
)
LINEAR_IS_BETTER = (
    "The linear model is better here: its cost on the validation records is {linear:.4f}, that of "
    "the best network {network:.4f}; the linear model is the result."
)


@dataclass(frozen=True, eq=False)
class Outcome:
    """The winner, the best linear model and the ensemble, as models with provenance and scores.

    ``ground`` is what the winner and the ensemble stand on.
    """

    model: NarxModel
    linear: NarxModel
    members: tuple[NarxModel, ...]
    member_costs: tuple[float, ...]
    cost: float
    linear_cost: float
    notices: tuple[str, ...]
    ground: Ground


@dataclass(frozen=True, eq=False)
class Trained:
    """Orders trained to the end on one ground, which may be finer than that of the search."""

    ground: Ground
    refits: Sequence[Refit]


def conclude(
    base: Ground,
    config: StudyConfig,
    linear: Refit,
    trained: Trained,
    how: str,
    doubt: Doubt | None = None,
) -> Outcome:
    """The winner by validation cost, never worse than ``linear``; the rest is its ensemble.

    A network about which there is ``doubt`` does not win after a search.

    ``base`` is what ``linear`` was found on. ``how`` says what was done and goes into the
    provenance: after a ``"search"`` the linear model wins when it is better, after a ``"fit"``
    the order that was asked for stays the model.
    """
    ranked = sorted(trained.refits, key=lambda one: (one.cost, one.structure.n_parameters))
    linear_ground = base
    found_linear = [one for one in ranked if one.structure.n_hidden == 0]
    if found_linear and found_linear[0].is_better_than(linear):
        linear, linear_ground = found_linear[0], trained.ground
    winner, notices = _winner(linear, ranked, how, doubt)
    ground = linear_ground if winner is linear else trained.ground
    believed = [one for one in ranked if one.cost <= DROP_ABOVE * winner.cost]
    others = [one for one in believed if one is not winner] if trained.ground is ground else []
    members = [winner, *_orders_first(winner, others)][: config.n_ensemble]
    origin = provenance(ground, config, how)
    models = [finished(ground, one, origin) for one in members]
    beside = models[0]
    if winner is not linear:
        beside = finished(linear_ground, linear, provenance(linear_ground, config, how))
    return Outcome(
        model=models[0],
        linear=beside,
        members=tuple(models),
        member_costs=tuple(one.cost for one in members),
        cost=winner.cost,
        linear_cost=linear.cost,
        notices=notices,
        ground=ground,
    )


def _orders_first(winner: Refit, ranked: Sequence[Refit]) -> list[Refit]:
    """The best refit of every other order before second ones of any.

    Weight tables of one order agree where they are wrong together: bands of five members of two
    orders held 75 % of unseen samples where those of four orders held 96 %.
    """
    known = {winner.structure}
    first = []
    for one in ranked:
        if one.structure not in known:
            known.add(one.structure)
            first.append(one)
    return [*first, *(one for one in ranked if one not in first)]


def best_network(trained: Trained, linear: Refit) -> Refit | None:
    """The network that wins by its cost; None when the linear model costs less."""
    ranked = sorted(trained.refits, key=lambda one: (one.cost, one.structure.n_parameters))
    networks = [one for one in ranked if one.structure.n_hidden > 0]
    linears = [linear, *(one for one in ranked if one.structure.n_hidden == 0)]
    if networks and all(networks[0].is_better_than(one) for one in linears):
        return networks[0]
    return None


def _winner(
    linear: Refit, ranked: Sequence[Refit], how: str, doubt: Doubt | None
) -> tuple[Refit, tuple[str, ...]]:
    """Which one is the model, and what must be said about it."""
    said = []
    if how == "fit" and ranked:
        winner = ranked[0]
        if winner is not linear and not winner.is_better_than(linear):
            said.append(ORDER_IS_WORSE.format(linear=linear.cost, order=winner.cost))
    else:
        networks = [one for one in ranked if one.structure.n_hidden > 0]
        winner = networks[0] if networks and networks[0].is_better_than(linear) else linear
        if winner is not linear and doubt is not None and not doubt.is_sure:
            winner = linear
            said.append(doubt.sentence)
        elif winner is linear and networks:
            said.append(LINEAR_IS_BETTER.format(linear=linear.cost, network=networks[0].cost))
    if winner.diverged:
        said.append(DIVERGES)
    return winner, tuple(said)


def finished(ground: Ground, refit: Refit, origin: dict[str, Any]) -> NarxModel:
    """The model of one refit with where it comes from and what it reached on validation."""
    model = ground.model(refit.structure, refit.weights)
    return replace(
        model,
        provenance={
            **origin,
            "order": structure_text(refit.structure),
            "start": refit.origin,
            **({"ridge": refit.ridge} if np.isfinite(refit.ridge) else {}),
        },
        scores={"validate": validation_scores(ground, model, refit)},
    )


def validation_scores(ground: Ground, model: NarxModel, refit: Refit) -> dict[str, Any]:
    """Cost, and the whole-record free-run NRMSE and fit % per record and output."""
    rows = []
    for prepared in ground.prepared[Use.VALIDATE]:
        run = ground.run(model, prepared)
        first = max(model.structure.n_start, ground.settings.n_start)
        error, measured = run.residual[first:], run.measured[first:]
        spread = measured.std(axis=0)
        nrmse = np.sqrt(np.mean(error**2, axis=0)) / np.where(spread > 0.0, spread, np.nan)
        for channel, value in zip(model.outputs, nrmse, strict=True):
            known = float(value) if np.isfinite(value) else None
            rows.append(
                {
                    "record": run.name,
                    "output": channel.name,
                    "nrmse": known,
                    "fit": None if known is None else 100.0 * (1.0 - known),
                    "diverged_at": run.diverged_at,
                }
            )
    return {"cost": refit.cost, "window": "all", "rows": rows}


def provenance(ground: Ground, config: StudyConfig, how: str) -> dict[str, Any]:
    """Records with hashes, settings, seed and versions: what makes the same model again.

    Nothing in it depends on the clock, the machine's load or the number of workers.
    """
    settings = {k: v for k, v in config.to_dict().items() if k not in MACHINE_SETTINGS}
    return {
        "how": how,
        "records": [
            {
                **record_facts(record, use),
                "samples": record.n_samples,
                "history": [step.to_dict() for step in record.history],
            }
            for record, use in zip(ground.campaign.records, ground.campaign.uses, strict=True)
            if use in (Use.TRAIN, Use.VALIDATE)
        ],
        "config": settings,
        "seed": config.seed,
        "versions": versions(),
        "support": training_support(ground.prepared[Use.TRAIN], ground.scaling),
        "trim": mean_trim(ground.prepared[Use.TRAIN]),
    }


def mean_trim(records: Sequence[Prepared]) -> dict[str, list[float]]:
    """The mean trim of training records, SI: where an exported model starts by itself."""
    return {
        "inputs": np.mean([one.u_trim for one in records], axis=0).tolist(),
        "outputs": np.mean([one.y_trim for one in records], axis=0).tolist(),
    }


def versions() -> dict[str, str]:
    """HeliID, Python and the libraries that numbers depend on."""
    return {
        "heliid": heliid.__version__,
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in LIBRARIES},
    }
