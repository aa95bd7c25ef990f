"""Ranks that sum together: one process, local processes over shared memory, MPI.

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


class Line:
    """One end of an edge between two local ranks: shared memory carries, a pipe rings.

    What does not fit goes in pieces. The sender writes again only when the other end has said that
    it took the piece before; it does not wait for that to go on with its own work.
    """

    def __init__(self, pipe: Connection, out: Any, into: Any) -> None:
        """``out``, ``into``: shared arrays of the standard library, as ``make_lines`` gives."""
        self.pipe, self._shared = pipe, (out, into)
        self._out, self._into = np.frombuffer(out), np.frombuffer(into)
        self._waiting = 0  # pieces sent that were not said to be taken
        self._heard = {_PIECE: 0, _TAKEN: 0}

    def send(self, values: np.ndarray) -> None:
        """Hand ``values`` (n,) over."""
        for first in range(0, values.size, PIECE):
            piece = values[first : first + PIECE]
            while self._waiting:
                self._hear(_TAKEN)
                self._waiting -= 1
            self._out[: piece.size] = piece
            self.pipe.send_bytes(_PIECE)
            self._waiting += 1

    def receive(self, values: np.ndarray) -> None:
        """Fill ``values`` (n,) with what the other end hands over."""
        for first in range(0, values.size, PIECE):
            piece = values[first : first + PIECE]
            self._hear(_PIECE)
            piece[:] = self._into[: piece.size]
            self.pipe.send_bytes(_TAKEN)

    def close(self) -> None:
        """Let the other end know that nobody is here any more."""
        self.pipe.close()

    def _hear(self, wanted: bytes) -> None:
        while not self._heard[wanted]:
            self._heard[self.pipe.recv_bytes(1)] += 1
        self._heard[wanted] -= 1

    def __reduce__(self) -> tuple[Any, ...]:
        """For a process that is being started; nothing may have gone over the line yet."""
        return Line, (self.pipe, *self._shared)


_PIECE, _TAKEN = b"p", b"t"
PIECE = 1 << 19  # float64 numbers, 4 MB: a matrix of 700 x 700 at once


def make_lines(context: Any, size: int) -> list[dict[int, Line]]:
    """The lines of each of ``size`` ranks, by the rank at the other end; ``context``: spawn."""
    ends: list[dict[int, Line]] = [{} for _ in range(size)]
    for child, parent in edges(size):
        above, below = context.Pipe()
        up, down = context.RawArray("d", PIECE), context.RawArray("d", PIECE)
        ends[parent][child], ends[child][parent] = Line(above, down, up), Line(below, up, down)
    return ends


class LocalRanks:
    """Local processes; ``lines`` lead to the ranks next to this one in the binomial tree."""

    def __init__(self, rank: int, size: int, lines: dict[int, Line]) -> None:
        self.rank, self.size, self._lines = rank, size, lines

    def send(self, to: int, values: np.ndarray) -> None:
        """See ``Ranks``."""
        try:
            self._lines[to].send(values)
        except (EOFError, OSError) as error:
            raise RankLostError(f"Rank {to} of {self.size} has ended.") from error

    def receive(self, source: int, values: np.ndarray) -> None:
        """See ``Ranks``."""
        try:
            self._lines[source].receive(values)
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
                ranks.send(
                    ranks.rank - step, parts[0] if len(parts) == 1 else np.concatenate(parts)
                )
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
