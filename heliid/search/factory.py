"""Every searcher by its name, as a study or the command line asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from heliid.errors import SettingsError
from heliid.search.bee_colony import BeeColony
from heliid.search.continuous import bee_colony as real_bees
from heliid.search.continuous import immune as real_immune
from heliid.search.continuous import swarm as real_swarm
from heliid.search.hill_climb import HillClimb
from heliid.search.immune import ImmuneSystem
from heliid.search.lattice import as_is
from heliid.search.random_search import RandomSearch
from heliid.search.searcher import Box, Canonical, Searcher
from heliid.search.swarm import Swarm

Maker = Callable[..., Searcher]

_WHOLE: dict[str, Maker] = {
    "ais": ImmuneSystem,
    "abc": BeeColony,
    "pso": Swarm,
    "random": RandomSearch,
    "hill": HillClimb,
}
_REAL: dict[str, Maker] = {
    "ais": real_immune.ContinuousImmuneSystem,
    "abc": partial(real_bees.ContinuousBeeColony, settings=real_bees.IMPROVED, name="abc"),
    "pso": partial(real_swarm.ContinuousSwarm, settings=real_swarm.IMPROVED, name="pso"),
}
_CLASSIC: dict[str, Maker] = {  # carry real numbers and round them where genes are whole
    "abc-classic": real_bees.ContinuousBeeColony,
    "ais-classic": real_immune.Clonalg,
    "pso-classic": real_swarm.ContinuousSwarm,
}
NAMES = (*_WHOLE, *_CLASSIC)


def make_searcher(
    name: str,
    box: Box,
    seed: int,
    *,
    canonical: Canonical = as_is,
    first: Iterable[Sequence[int]] = (),
) -> Searcher:
    """The searcher called ``name`` on ``box``; ``first`` are the members it begins with.

    A box with real genes has ``ais``, ``abc``, ``pso`` and the classic forms.
    """
    makers = {**(_WHOLE if box.is_whole.all() else _REAL), **_CLASSIC}
    if name not in makers:
        raise SettingsError(f"There is no searcher '{name}'; choose one of {', '.join(makers)}.")
    if seed < 0:
        raise SettingsError(f"The seed is {seed}; it must be 0 or more.")
    return makers[name](box, seed, canonical=canonical, first=first)
