"""Normal equations and their solution without BLAS: the same bits on every processor.

The sums run over rows in one fixed order and vectorise over columns, so nothing is reassociated.
"""

from __future__ import annotations

import numpy as np
from numba import njit


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
def factor(matrix, lower):
    """Cholesky: fill ``lower`` (P, P) with L of L L' = matrix; False when not positive definite.

    Reads the lower triangle of ``matrix``. Column by column on the transposed factor, so that the
    inner loop runs along memory and vectorises without reassociation.
    """
    n = matrix.shape[0]
    for i in range(n):
        for j in range(i, n):
            lower[i, j] = matrix[j, i]  # row i holds column i of L while we work
    for k in range(n):
        pivot = lower[k, k]
        if not (pivot > 0.0 and pivot < np.inf):
            return False
        root = np.sqrt(pivot)
        scale = 1.0 / root
        row = lower[k]
        row[k] = root
        for j in range(k + 1, n):
            row[j] *= scale
        for i in range(k + 1, n):
            f = row[i]
            target = lower[i]
            for j in range(i, n):
                target[j] -= f * row[j]
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def solve_factored(lower, x):
    """Solve L L' x = b in place of ``x`` = b (P,); ``lower`` as ``factor`` left it."""
    n = x.shape[0]
    for k in range(n):
        row = lower[k]
        x[k] /= row[k]
        f = x[k]
        for j in range(k + 1, n):
            x[j] -= f * row[j]
    for k in range(n - 1, -1, -1):
        row = lower[k]
        total = x[k]
        for j in range(k + 1, n):
            total -= row[j] * x[j]
        x[k] = total / row[k]


@njit(cache=True, nogil=True, error_model="numpy")
def solve_damped(matrix, gradient, damping, lower, x):
    """Fill ``x`` with the solution of (A + damping diag A) x = -gradient; False when impossible.

    ``matrix`` (P, P): the lower triangle of A is read and left as it was. ``lower``: work space.
    """
    n = gradient.shape[0]
    kept = np.empty(n)
    for i in range(n):
        kept[i] = matrix[i, i]
        matrix[i, i] = kept[i] * (1.0 + damping)
        x[i] = -gradient[i]
    ok = factor(matrix, lower)
    for i in range(n):
        matrix[i, i] = kept[i]
    if not ok:
        return False
    solve_factored(lower, x)
    total = 0.0
    for i in range(n):
        total += abs(x[i])
    return total < np.inf
