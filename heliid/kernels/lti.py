"""March linear systems with delayed inputs over time; many at once, for finite differences."""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def march(a, b_new, b_old, whole, u, out):
    """Fill ``out`` (P, N, n, m) with states of P systems from rest, each input alone.

    x(k) = a x(k-1) + b_new u(k - whole) + b_old u(k - whole - 1); a (P, n, n), b_new and b_old
    (P, n, m), whole (P, m) steps of delay >= 0, u (N,): the same signal on every input.
    """
    n_p, n, m = b_new.shape
    for p in range(n_p):
        for i in range(m):
            lag = whole[p, i]
            for k in range(u.shape[0]):
                new = u[k - lag] if k >= lag else 0.0
                old = u[k - lag - 1] if k > lag else 0.0
                for r in range(n):
                    total = b_new[p, r, i] * new + b_old[p, r, i] * old
                    if k > 0:
                        for c in range(n):
                            total += a[p, r, c] * out[p, k - 1, c, i]
                    out[p, k, r, i] = total
