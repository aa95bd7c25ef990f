"""Normal equations and their solution without BLAS: the same bits on every processor.

Every entry is one chain of operations in a fixed order, and loops vectorise over columns, so
nothing is reassociated.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from heliid.kernels.inner import inner
from heliid.kernels.simd import PANEL, dot, padded, reduce_panel
from heliid.kernels.vectors import LANES, VECTOR


@njit(cache=True, nogil=True, error_model="numpy")
def add_gram(rows, n_rows, gram):
    """Add rows' rows (the first ``n_rows`` of (M, P)) to the lower triangle of ``gram`` (P, P)."""
    n = rows.shape[1]
    r = 0
    while r + 4 <= n_rows:
        r0, r1, r2, r3 = rows[r], rows[r + 1], rows[r + 2], rows[r + 3]
        for i in range(n):
            a, b, c, d = r0[i], r1[i], r2[i], r3[i]
            target = gram[i]
            for j in range(i + 1):
                target[j] += a * r0[j] + b * r1[j] + c * r2[j] + d * r3[j]
        r += 4
    while r < n_rows:
        r0 = rows[r]
        for i in range(n):
            a = r0[i]
            target = gram[i]
            for j in range(i + 1):
                target[j] += a * r0[j]
        r += 1


@njit(cache=True, nogil=True, error_model="numpy")
def fill_upper(gram):
    """Copy the lower triangle of ``gram`` (P, P) to the upper one, in place."""
    for i in range(gram.shape[0]):
        for j in range(i):
            gram[j, i] = gram[i, j]


@njit(cache=True, nogil=True, error_model="numpy")
def add_product(matrix, x, out):
    """Add A x to ``out`` (P,), A = ``matrix`` (P, P) symmetric: row by row, along memory."""
    n = x.shape[0]
    for i in range(n):
        f, row = x[i], matrix[i]
        if f != 0.0:
            for j in range(n):
                out[j] += f * row[j]


@njit(cache=True, nogil=True, error_model="numpy")
def per_sample(gram, gradient, n_samples, matrix, vector):
    """Divide both by ``n_samples`` and add ``matrix`` (P, P) and ``vector`` (P,), in place.

    Of the matrices only the lower triangle.
    """
    for i in range(gradient.shape[0]):
        gradient[i] = gradient[i] / n_samples + vector[i]
        row, other = gram[i], matrix[i]
        for j in range(i + 1):
            row[j] = row[j] / n_samples + other[j]


def work_matrix(size: int) -> np.ndarray:
    """The work space that ``factor`` needs for a matrix (size, size)."""
    return np.zeros((padded(size),) * 2)


@njit(cache=True, nogil=True, error_model="numpy")
def factor(matrix, upper):
    """Cholesky: fill ``upper`` with U, U'U = matrix (P, P); False when not positive definite.

    Reads the lower triangle of ``matrix``. ``upper``: (P, P), or faster as ``work_matrix`` makes
    it; what is below its diagonal is meaningless.
    """
    n = matrix.shape[0]
    if upper.shape[1] % LANES == 0 and upper.shape[0] == upper.shape[1]:
        return _factor(matrix, upper)
    width = -(-n // LANES) * LANES
    work = np.zeros((width, width))
    ok = _factor(matrix, work)
    for i in range(n):  # an assignment of slices would bring 5 s of compiled error messages
        for j in range(n):
            upper[i, j] = work[i, j]
    return ok


@inner
def _factor(matrix, upper):
    """A few rows at a time: take all finished rows off them, in registers, then finish each."""
    n = matrix.shape[0]
    width = upper.shape[1]
    flat = upper.reshape(-1)
    for i in range(n):
        row = upper[i]
        row[:] = 0.0
        for j in range(i, n):
            row[j] = matrix[j, i]
    for first in range(0, n, PANEL):
        reduce_panel(flat, first, width)
        for i in range(first, min(first + PANEL, n)):
            row = upper[i]
            for k in range(first, i):
                above = upper[k]
                f = above[i]
                for j in range(i, n):
                    row[j] -= f * above[j]
            pivot = row[i]
            if not (pivot > 0.0 and pivot < np.inf):
                return False
            root = np.sqrt(pivot)
            scale = 1.0 / root
            row[i] = root
            for j in range(i + 1, n):
                row[j] *= scale
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def solve_factored(upper, x):
    """Solve U'U x = b in place of ``x`` = b (P,); ``upper`` as ``factor`` left it."""
    n, width = x.shape[0], upper.shape[1]
    for k in range(n):
        row = upper[k]
        x[k] /= row[k]
        f = x[k]
        for j in range(k + 1, n):
            x[j] -= f * row[j]
    found = np.zeros(width)
    flat = upper.reshape(-1)
    for k in range(n - 1, -1, -1):
        row = upper[k]
        at = k // VECTOR * VECTOR  # what is not yet found counts as zero
        whole = (n - at) // VECTOR * VECTOR
        rest = dot(found, at, flat, k * width + at, whole)
        for j in range(at + whole, n):
            rest += found[j] * row[j]
        found[k] = (x[k] - rest) / upper[k, k]
    for k in range(n):
        x[k] = found[k]


@njit(cache=True, nogil=True, error_model="numpy")
def solve_damped(matrix, gradient, damping, upper, x):
    """Fill ``x`` with the solution of (A + damping diag A) x = -gradient; False when impossible.

    ``matrix`` (P, P): the lower triangle of A is read and left as it was. ``upper``: work space
    as ``work_matrix`` makes it.
    """
    n = gradient.shape[0]
    kept = np.empty(n)
    for i in range(n):
        kept[i] = matrix[i, i]
        matrix[i, i] = kept[i] * (1.0 + damping)
        x[i] = -gradient[i]
    ok = factor(matrix, upper)
    for i in range(n):
        matrix[i, i] = kept[i]
    if not ok:
        return False
    solve_factored(upper, x)
    total = 0.0
    for i in range(n):
        total += abs(x[i])
    return total < np.inf
