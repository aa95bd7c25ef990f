"""Sums over a fixed binary tree: the same bits whoever added which part.

The leaves are numbered; a node's sum is that of its left child plus that of its right child, and a
node without a right neighbour goes up unchanged. The tree depends on the number of leaves alone, so
a sum over any number of ranks, each holding consecutive leaves, has the bits of one process.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np

Node = tuple[int, int]  # level, index; level 0 are the leaves


def widths(n_leaves: int) -> list[int]:
    """How many nodes each level has, from the leaves to the root."""
    found = [n_leaves]
    while found[-1] > 1:
        found.append((found[-1] + 1) // 2)
    return found


class Forest:
    """Sums of complete subtrees over consecutive leaves, merged as soon as that is possible."""

    def __init__(self, n_leaves: int) -> None:
        self.widths = widths(n_leaves)
        self.sums: dict[Node, np.ndarray] = {}

    def add(self, node: Node, value: np.ndarray) -> None:
        """Put in a subtree's sum, which becomes this forest's own."""
        level, index = node
        while level + 1 < len(self.widths):
            beside = index ^ 1
            if beside >= self.widths[level]:
                level, index = level + 1, index // 2
                continue
            other = self.sums.pop((level, beside), None)
            if other is None:
                break
            # left + right in either case, in the left one's place: both are ours
            value = (
                np.add(other, value, out=other)
                if beside < index
                else np.add(value, other, out=value)
            )
            level, index = level + 1, index // 2
        self.sums[level, index] = value

    @property
    def root(self) -> np.ndarray | None:
        """The whole sum, when every leaf is in."""
        return self.sums.get((len(self.widths) - 1, 0))


def nodes_of(n_leaves: int, leaves: Iterable[int]) -> list[Node]:
    """The subtrees that are left when these leaves are in, in ascending order."""
    forest = Forest(n_leaves)
    nothing = np.zeros(0)
    for leaf in leaves:
        forest.add((0, leaf), nothing)
    return sorted(forest.sums)


def tree_sum(values: Iterable[np.ndarray], n_leaves: int) -> np.ndarray:
    """The sum of all leaves in one process."""
    forest = Forest(n_leaves)
    for leaf, value in enumerate(values):
        forest.add((0, leaf), np.array(value))
    root = forest.root
    if root is None:
        raise RuntimeError(f"A sum over {n_leaves} leaves is not complete.")
    return root


def shares(sizes: np.ndarray, n_ranks: int) -> list[range]:
    """Consecutive leaves per rank with about equal samples; ``sizes`` (n,) samples per leaf."""
    ends = np.cumsum(sizes)
    middle = ends - 0.5 * np.asarray(sizes)
    owner = np.minimum((middle * n_ranks / ends[-1]).astype(int), n_ranks - 1)
    cuts = np.searchsorted(owner, np.arange(n_ranks + 1), side="left").tolist()
    return [range(a, b) for a, b in pairwise(cuts)]
