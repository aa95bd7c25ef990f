"""Which of several proposed points looks best: a small quadratic through the costs told so far.

Plain arithmetic only (no BLAS, no libm beyond the exact square root), so the choice is the same
on every processor.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

CAP_SHARE = 0.7  # costs above this quantile all count as equally bad
FOCUS = 3.0  # the worst point weighs 1 / (1 + FOCUS)
RIDGE = 0.4


@njit(cache=True, nogil=True, error_model="numpy")
def features(point, centre, scale, out):
    """Fill ``out`` (1 + 2 dim,) with 1, x and x^2 of one point (dim,), genes scaled to -1..1."""
    dim = point.shape[0]
    out[0] = 1.0
    for j in range(dim):
        x = (point[j] - centre[j]) * scale[j]
        out[1 + j] = x
        out[1 + dim + j] = x * x


@njit(cache=True, nogil=True, error_model="numpy")
def targets(costs, order, target):
    """Fill ``target`` (n,): sqrt of the cost from the best (0) to the cap (1); False: all alike.

    Costs above the cap, and lost ones, are all 1: how bad a bad point is says nothing about where
    the good ones are.
    """
    n = costs.shape[0]
    best = costs[order[0]]
    at = int(CAP_SHARE * (n - 1))
    while at > 0 and not math.isfinite(costs[order[at]]):
        at -= 1
    cap = costs[order[at]]
    if not (math.isfinite(best) and cap > best):
        return False
    for i in range(n):
        share = (costs[i] - best) / (cap - best)
        target[i] = math.sqrt(share) if share < 1.0 else 1.0
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def solve_in_place(matrix, vector):
    """Solve a symmetric positive definite system by Cholesky; both arguments are overwritten.

    Only the lower triangle of ``matrix`` (n, n) is read.
    """
    n = vector.shape[0]
    for i in range(n):
        for j in range(i + 1):
            s = matrix[i, j]
            for k in range(j):
                s -= matrix[i, k] * matrix[j, k]
            matrix[i, j] = math.sqrt(s) if i == j else s / matrix[j, j]
    for i in range(n):
        for k in range(i):
            vector[i] -= matrix[i, k] * vector[k]
        vector[i] /= matrix[i, i]
    for i in range(n - 1, -1, -1):
        for k in range(i + 1, n):
            vector[i] -= matrix[k, i] * vector[k]
        vector[i] /= matrix[i, i]


@njit(cache=True, nogil=True, error_model="numpy")
def fit_quadratic(rows, costs, coefficients):
    """Fill ``coefficients`` (size,): weighted ridge regression of the targets; False: no news.

    ``rows`` (n, size) are features, ``costs`` (n,) may be +inf. The point of rank r has weight
    1 / (1 + FOCUS r / n).
    """
    n, size = rows.shape
    order = np.argsort(costs, kind="mergesort")
    target = np.empty(n)
    if not targets(costs, order, target):
        return False
    matrix = np.zeros((size, size))
    coefficients[:] = 0.0
    for r in range(n):
        i = order[r]
        weight = 1.0 / (1.0 + FOCUS * r / n)
        for a in range(size):
            wa = weight * rows[i, a]
            coefficients[a] += wa * target[i]
            for b in range(a + 1):
                matrix[a, b] += wa * rows[i, b]
    for a in range(1, size):
        matrix[a, a] += RIDGE
    matrix[0, 0] += 1e-9
    solve_in_place(matrix, coefficients)
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def most_promising(candidates, centre, scale, coefficients):
    """Index of the candidate (m, dim) that the quadratic likes best, the first of equals."""
    row = np.empty(coefficients.shape[0])
    best, lowest = 0, np.inf
    for i in range(candidates.shape[0]):
        features(candidates[i], centre, scale, row)
        value = 0.0
        for a in range(row.shape[0]):
            value += row[a] * coefficients[a]
        if value < lowest:
            best, lowest = i, value
    return best
