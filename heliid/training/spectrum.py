"""The ends of a symmetric operator's spectrum from products alone (Lanczos 1950)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

BREAKDOWN = 1e-12  # of the largest entry: the Krylov space is used up


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Ritz values, ascending, with their vectors and error bounds.

    ``bounds``: an eigenvalue lies within this distance of each value (Parlett 1998, eq. 13.2.1).
    """

    values: np.ndarray  # (m,)
    vectors: np.ndarray  # (P, m)
    bounds: np.ndarray  # (m,)
    products: int

    @property
    def largest(self) -> float:
        """The largest eigenvalue found."""
        return float(self.values[-1])

    @property
    def smallest(self) -> float:
        """The smallest eigenvalue found."""
        return float(self.values[0])


def lanczos(
    product: Callable[[np.ndarray], np.ndarray], size: int, *, steps: int = 30, seed: int = 0
) -> Spectrum:
    """At most ``steps`` products with a symmetric operator on R^size, from a seeded start.

    Every new direction is made orthogonal to all before it twice, so no eigenvalue shows up twice.
    """
    rng = np.random.default_rng(seed)
    v = rng.standard_normal(size)
    v /= np.sqrt((v * v).sum())
    basis, diagonal, beside = [v], [], []
    residual, biggest = 0.0, 0.0
    for _ in range(min(steps, size)):
        w = product(basis[-1])
        diagonal.append(float((w * basis[-1]).sum()))
        for _ in range(2):
            for q in basis:
                w = w - float((w * q).sum()) * q
        residual = float(np.sqrt((w * w).sum()))
        biggest = max(biggest, abs(diagonal[-1]), residual)
        if residual <= BREAKDOWN * biggest or len(diagonal) == min(steps, size):
            break
        beside.append(residual)
        basis.append(w / residual)
    n = len(diagonal)
    matrix = np.diag(diagonal) + np.diag(beside[: n - 1], 1) + np.diag(beside[: n - 1], -1)
    values, small = np.linalg.eigh(matrix)
    vectors = np.array(basis[:n]).T @ small
    return Spectrum(values, vectors, residual * np.abs(small[-1]), n)
