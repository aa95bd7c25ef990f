"""The last training, on training and validation records together, once everything is chosen.

On request only: the model that leaves the house is then not the one whose validation figures are
shown. These stay the figures of the model as it was before, which ``as_validated`` gives back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from heliid.data.campaign import Use
from heliid.data.scaling import make_envelope
from heliid.engine.protocol import Engine
from heliid.envelope import training_support
from heliid.events import ShouldStop
from heliid.model.network import NarxModel
from heliid.search.fitness import with_ridge
from heliid.study.conclude import Outcome, mean_trim
from heliid.study.explore import fingerprint
from heliid.study.ground import Ground
from heliid.study.kept import KeptRefits
from heliid.study.refits import Refit, refit_all
from heliid.training import Dataset
from heliid.validation.evidence import after_all

TRAINED_ON_ALL = (
    "After the choice the model was trained once more on training and validation records "
    "together. Figures of validation are those of the same order trained without them."
)
NOT_TRAINED_ON_ALL = (
    "Training on the validation records too gave no usable model, so the model stays the one "
    "trained on the training records."
)


@dataclass(frozen=True, eq=False)
class Final:
    """The outcome after the last training, and the sentence that says what was done."""

    outcome: Outcome
    notice: str


def train_on_all(
    outcome: Outcome,
    engine: Engine,
    *,
    should_stop: ShouldStop,
    progress: Callable[[int, int], None],
    kept: KeptRefits | None = None,
) -> Final | None:
    """Every member, and the linear model, from its own weight table on all records.

    Of the tables of the winning order the best trained comes first. None when it was stopped.
    """
    everything = _everything(outcome.ground)
    usual = everything.settings.training.ridge
    models = list(dict.fromkeys([*outcome.members, outcome.linear]))
    jobs = [(model, (_table(model), model.provenance.get("ridge", usual))) for model in models]
    done: dict[NarxModel, Refit] = {}

    def step(n: int, _: int) -> None:
        progress(len(done) + n, len(jobs))

    for table, ridge in sorted({start for _, start in jobs}):
        mine = [model for model, its in jobs if its == (table, ridge)]
        ground = replace(everything, settings=with_ridge(everything.settings, ridge))
        structures = list(dict.fromkeys(model.structure for model in mine))
        refits = refit_all(
            structures, (table,), ground.train, ground.validate, ground.settings, engine,
            should_stop=should_stop, progress=step, kept=kept,
            fingerprint=fingerprint(ground),
        )  # fmt: skip
        if should_stop():
            return None
        found = {one.structure: one for one in refits if not one.diverged}
        done |= {model: found[model.structure] for model in mine if model.structure in found}
    if outcome.model not in done:
        return Final(outcome, NOT_TRAINED_ON_ALL)
    return Final(_with_weights(outcome, done), TRAINED_ON_ALL)


def _everything(ground: Ground) -> Ground:
    """The ground with validation records among the training records."""
    both = _joined(ground.train, ground.validate)
    settings = replace(ground.settings, n_folds=0)
    return replace(ground, train=both, settings=settings)


def _joined(train: Dataset, validate: Dataset) -> Dataset:
    return replace(train, u=(*train.u, *validate.u), y=(*train.y, *validate.y))


def _table(model: NarxModel) -> int:
    """The weight table a member began with; what the search itself trained counts as table 0."""
    words = str(model.provenance.get("start", "")).split()
    return int(words[1]) if len(words) == 2 and words[0] == "table" else 0


def _with_weights(outcome: Outcome, done: dict[NarxModel, Refit]) -> Outcome:
    """The outcome with the new weights; members that could not be trained are left out."""
    ground = outcome.ground
    prepared = (*ground.prepared[Use.TRAIN], *ground.prepared[Use.VALIDATE])
    envelope = make_envelope(prepared)
    about = {
        "support": training_support(prepared, ground.scaling),
        "trim": mean_trim(prepared),
    }

    def finished(model: NarxModel) -> NarxModel:
        if model not in done:
            return model
        return after_all(model, done[model].weights, envelope, about)

    winner = outcome.model.structure
    kept = [k for k, model in enumerate(outcome.members) if model in done]
    ranked = sorted(kept, key=lambda k: _rank(outcome.members[k], winner, done, k))
    members = tuple(finished(outcome.members[k]) for k in ranked)
    is_linear = outcome.model is outcome.linear
    return replace(
        outcome,
        model=members[0],
        linear=members[0] if is_linear else finished(outcome.linear),
        members=members,
        member_costs=tuple(outcome.member_costs[k] for k in ranked),
    )


def _rank(
    model: NarxModel, winner: object, done: dict[NarxModel, Refit], place: int
) -> tuple[bool, float, int]:
    """The winning order's tables first, best trained first; the others stay in their order."""
    is_winner = model.structure == winner
    return (not is_winner, done[model].train_cost if is_winner else 0.0, place)
