"""Every searcher by its name, as a study or the command line asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from heliid.errors import SettingsError
from heliid.search.bee_colony import BeeColony
from heliid.search.hill_climb import HillClimb
from heliid.search.immune import ImmuneSystem
from heliid.search.lattice import as_is
from heliid.search.random_search import RandomSearch
from heliid.search.searcher import Box, Canonical, Searcher
from heliid.search.swarm import Swarm

_WHOLE: dict[str, Callable[..., Searcher]] = {
    "ais": ImmuneSystem,
    "abc": BeeColony,
    "pso": Swarm,
    "random": RandomSearch,
    "hill": HillClimb,
}
NAMES = (*_WHOLE,)


def make_searcher(
    name: str,
    box: Box,
    seed: int,
    *,
    canonical: Canonical = as_is,
    first: Iterable[Sequence[int]] = (),
) -> Searcher:
    """The searcher called ``name`` on ``box``; ``first`` are the members it begins with."""
    if name not in _WHOLE:
        raise SettingsError(f"There is no searcher '{name}'; choose one of {', '.join(NAMES)}.")
    if seed < 0:
        raise SettingsError(f"The seed is {seed}; it must be 0 or more.")
    return _WHOLE[name](box, seed, canonical=canonical, first=first)
