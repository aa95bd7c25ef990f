"""The simulator of the hand-made recipe in ``peers_fit``: plain numba, as one would write it."""

from __future__ import annotations

import math

import numpy as np
from numba import njit


@njit(cache=True)
def narx_free_run(u, y, n_start, lags, w, b, v, c):
    """Free run (N, ny) from the first ``n_start`` rows of ``y``; regressors as in ``lagged``."""
    n, ny = y.shape
    nu, units = u.shape[1], b.shape[0]
    out = np.zeros((n, ny))
    out[:n_start] = y[:n_start]
    row = np.zeros(lags * (ny + nu))
    for k in range(n_start, n):
        at = 0
        for i in range(1, lags + 1):
            for j in range(ny):
                row[at] = out[k - i, j]
                at += 1
        for i in range(lags):
            for j in range(nu):
                row[at] = u[k - i, j]
                at += 1
        for j in range(ny):
            out[k, j] = c[j]
        for h in range(units):
            s = b[h]
            for i in range(row.shape[0]):
                s += w[h, i] * row[i]
            z = math.tanh(s)
            for j in range(ny):
                out[k, j] += v[j, h] * z
        for j in range(ny):
            if not abs(out[k, j]) < 1e3:
                out[k, j] = 1e3 if out[k, j] > 0 else -1e3
    return out
