"""Ranks that sum together: one process, local processes over pipes, MPI.

All ranks run the same program. A sum goes up a binomial tree of ranks (rank r hands what it has to
r - s for s = 1, 2, 4, ...) and the root comes back the same way. Which subtrees a rank hands over
follows from the leaves that it and those behind it own, so only numbers travel.
"""

from __future__ import annotations

from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any, Protocol

import numpy as np

from heliid.errors import HeliIDError
from heliid.training.tree import Forest, nodes_of


class RankLostError(HeliIDError):
    """Another rank has gone; the job can be started again from its checkpoint."""


class Ranks(Protocol):
    """One process among those that train together."""

    rank: int
    size: int

    def send(self, to: int, values: np.ndarray) -> None:
        """Hand float64 ``values`` to another rank."""
        ...

    def receive(self, source: int, values: np.ndarray) -> None:
        """Fill ``values`` with what another rank hands over."""
        ...


class OneRank:
    """A single process."""

    rank, size = 0, 1

    def send(self, to: int, values: np.ndarray) -> None:  # noqa: ARG002
        """Never called."""
        raise RuntimeError("There is no other rank.")

    def receive(self, source: int, values: np.ndarray) -> None:  # noqa: ARG002
        """Never called."""
        raise RuntimeError("There is no other rank.")


class PipeRanks:
    """Local processes; ``pipes`` leads to the ranks next to this one in the binomial tree."""

    def __init__(self, rank: int, size: int, pipes: dict[int, Connection]) -> None:
        self.rank, self.size, self._pipes = rank, size, pipes

    def send(self, to: int, values: np.ndarray) -> None:
        """See ``Ranks``."""
        try:
            self._pipes[to].send_bytes(np.ascontiguousarray(values).view(np.uint8).data)
        except OSError as error:
            raise RankLostError(f"Rank {to} of {self.size} has ended: {error}.") from error

    def receive(self, source: int, values: np.ndarray) -> None:
        """See ``Ranks``."""
        try:
            self._pipes[source].recv_bytes_into(values.view(np.uint8).data)
        except (EOFError, OSError) as error:
            raise RankLostError(f"Rank {source} of {self.size} has ended.") from error


class MpiRanks:
    """The ranks of ``MPI.COMM_WORLD``; needs the extra ``mpi``."""

    def __init__(self) -> None:
        self._world: Any = load_mpi().COMM_WORLD
        self.rank, self.size = self._world.Get_rank(), self._world.Get_size()

    def send(self, to: int, values: np.ndarray) -> None:
        """See ``Ranks``."""
        self._world.Send(np.ascontiguousarray(values), dest=to)

    def receive(self, source: int, values: np.ndarray) -> None:
        """See ``Ranks``."""
        self._world.Recv(values, source=source)


def load_mpi() -> Any:
    """The module ``mpi4py.MPI``.

    Raises
    ------
    HeliIDError
        It is not installed, or there is no MPI library; one sentence says what to do.
    """
    try:
        from mpi4py import MPI
    except Exception as missing:  # ImportError, or RuntimeError where no MPI library is found
        raise HeliIDError(
            f"Training over MPI needs mpi4py and an MPI library ({missing}): type "
            f"pip install 'heliid[mpi]' and install Open MPI or MPICH, or train with local ranks."
        ) from missing
    return MPI


def edges(size: int) -> list[tuple[int, int]]:
    """Pairs (child, parent) of the binomial tree of ranks."""
    found = []
    for child in range(1, size):
        step = child & -child
        found.append((child, child - step))
    return found


def total(
    ranks: Ranks, forest: Forest, owned: Sequence[range], n_leaves: int, size: int
) -> np.ndarray:
    """The sum (size,) over all leaves, in every rank; ``owned``: the leaves of each rank.

    ``forest`` holds this rank's own leaves and is used up.
    """
    root = _gather(ranks, forest, owned, n_leaves, size)
    return _spread(ranks, root)


def _gather(
    ranks: Ranks, forest: Forest, owned: Sequence[range], n_leaves: int, size: int
) -> np.ndarray:
    step = 1
    while step < ranks.size:
        if ranks.rank & step:
            parts = [forest.sums[node] for node in sorted(forest.sums)]
            if parts:
                ranks.send(ranks.rank - step, np.concatenate(parts))
            return np.empty(size)
        other = ranks.rank + step
        if other < ranks.size:
            behind = owned[other : min(other + step, ranks.size)]
            nodes = nodes_of(n_leaves, [leaf for share in behind for leaf in share])
            values = np.empty(len(nodes) * size)
            if nodes:
                ranks.receive(other, values)
            for k, node in enumerate(nodes):
                forest.add(node, values[k * size : (k + 1) * size])
        step *= 2
    root = forest.root
    if root is None:
        raise RuntimeError("A sum over ranks is not complete.")
    return root


def _spread(ranks: Ranks, root: np.ndarray) -> np.ndarray:
    """The root of rank 0 in every rank, down the same tree."""
    lowest = ranks.rank & -ranks.rank
    if ranks.rank:
        ranks.receive(ranks.rank - lowest, root)
    step = lowest if ranks.rank else _power_above(ranks.size)
    while step > 1:
        step //= 2
        if ranks.rank + step < ranks.size:
            ranks.send(ranks.rank + step, root)
    return root


def _power_above(size: int) -> int:
    power = 1
    while power < size:
        power *= 2
    return power
