"""The last refit at finer rates: few lags cover much time where the search runs, not for ever.

A finer rate is taken only when it follows the validation records better, noise that the coarse
rate filtered out included.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from heliid.data.campaign import Use
from heliid.engine.protocol import Engine
from heliid.events import ShouldStop
from heliid.model.structure import Structure
from heliid.study.config import StudyConfig
from heliid.study.explore import fingerprint
from heliid.study.ground import Ground, make_ground
from heliid.study.kept import KeptRefits
from heliid.study.refits import Refit, refit_all

TABLES = (0, 1, 2)  # weight tables tried at each finer rate
GAIN = 0.98  # of the cost: what a finer rate must at least reach to be worth its extra steps


@dataclass(frozen=True, eq=False)
class Finer:
    """The ground at a finer rate, ``factor`` times the search's, and the best order's refit."""

    ground: Ground
    factor: int
    refits: list[Refit]


def rate_factors(ground: Ground) -> tuple[int, ...]:
    """Finer rates to try, as whole factors up to the slowest record's own rate."""
    slowest = max(record.dt for record in ground.campaign.with_use(Use.TRAIN))
    full = round(ground.dt / slowest)
    return tuple(sorted({factor for factor in (2, full // 2, full) if 2 <= factor <= full}))


def stretch(structure: Structure, factor: int) -> Structure:
    """The same time span at a rate ``factor`` times finer, seen through as many taps.

    Every output keeps its lag of one step: the increment form builds on the last sample.
    """
    return replace(
        structure,
        output_lags=tuple(
            tuple(sorted({1, *(factor * lag for lag in lags if lag > 1)})) if lags else ()
            for lags in structure.output_lags
        ),
        input_lags=tuple(tuple(factor * lag for lag in lags) for lags in structure.input_lags),
        memory=tuple(
            (index, 1.0 - (1.0 - leak) ** (1.0 / factor)) for index, leak in structure.memory
        ),
    )


def finer_ground(ground: Ground, config: StudyConfig, factor: int) -> Ground:
    """The same records at a finer rate, scored over the same windows and from the same time on."""
    fine = make_ground(ground.campaign, config, rate_hz=factor / ground.dt)
    settings = replace(
        fine.settings,
        windows_s=ground.settings.windows_s,
        n_start=factor * ground.settings.n_start,
        bandwidth_hz=ground.settings.bandwidth_hz,
    )
    return replace(fine, settings=settings)


def try_finer(
    ground: Ground,
    config: StudyConfig,
    best: Refit,
    engine: Engine,
    *,
    should_stop: ShouldStop,
    progress: Callable[[int, int], None],
    kept: KeptRefits | None = None,
) -> Finer | None:
    """The finer rate at which the best order does best; None when none is worth it."""
    factors = rate_factors(ground)
    found: Finer | None = None
    limit = GAIN * best.cost
    for k, factor in enumerate(factors):
        if should_stop():
            return None
        fine = finer_ground(ground, config, factor)
        refits = refit_at(
            fine, (stretch(best.structure, factor),), TABLES, engine, should_stop, kept=kept
        )  # fmt: skip
        progress(k + 1, len(factors))
        lowest = min((one.cost for one in refits), default=limit)
        if lowest < limit:
            found, limit = Finer(fine, factor, refits), lowest
    return found


def refit_at(
    ground: Ground,
    structures: Sequence[Structure],
    tables: Sequence[int],
    engine: Engine,
    should_stop: ShouldStop,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    kept: KeptRefits | None = None,
) -> list[Refit]:
    """Orders refitted on a ground; those in ``kept`` are not trained again."""
    return refit_all(
        structures, tables, ground.train, ground.validate, ground.settings, engine,
        should_stop=should_stop, progress=progress, kept=kept, fingerprint=fingerprint(ground),
    )  # fmt: skip
