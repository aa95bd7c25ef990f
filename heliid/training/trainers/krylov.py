"""Linear systems from products alone: conjugate gradients and a stabilised Bi-CG.

Both watch the curvature along every direction they use; the curvature is that of the *undamped*
operator, since damping is ours and not the cost's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Product = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Solution:
    """Where the inner solver stopped.

    ``negative``: the direction of most negative curvature met, by its curvature over its squared
    ``scale`` norm; None when there was none. ``curvature``: that quotient.
    """

    x: np.ndarray
    products: int
    residual: float  # norm over that of the right-hand side
    negative: np.ndarray | None = None
    curvature: float = 0.0


def dot(a: np.ndarray, b: np.ndarray) -> float:
    """The inner product; not a BLAS dot, whose bits depend on the processor."""
    return float((a * b).sum())


class _Curvature:
    """The most negative curvature seen, relative to a diagonal scale."""

    def __init__(self, scale: np.ndarray) -> None:
        self.scale = scale
        self.lowest, self.direction = 0.0, None  # type: float, np.ndarray | None

    def look(self, direction: np.ndarray, damped: np.ndarray, mu: float) -> bool:
        """Note ``direction`` with its product; whether its curvature is negative."""
        size = dot(direction, self.scale * direction)
        if not size > 0.0:
            return False
        value = dot(direction, damped) / size - mu
        if value < self.lowest:
            self.lowest, self.direction = value, direction / math.sqrt(size)
        return value < 0.0


def conjugate_gradients(
    product: Product,
    rhs: np.ndarray,
    solve: Product,
    *,
    most: int,
    start: np.ndarray | None = None,
    tolerance: float = 1e-3,
) -> Solution:
    """Preconditioned CG (Hestenes & Stiefel 1952) for a positive definite ``product``.

    Ends by Martens' rule as well (2010, section 4.4): when the quadratic model gained less than
    0.0005 per step over the last tenth of the steps.
    """
    x = np.zeros_like(rhs) if start is None else start.copy()
    r = rhs.copy() if start is None else rhs - product(x)
    done = 0 if start is None else 1
    size = math.sqrt(dot(rhs, rhs))
    z = solve(r)
    p, rz = z.copy(), dot(r, z)
    values: list[float] = []
    while done < most and size > 0.0:
        ap = product(p)
        done += 1
        bend = dot(p, ap)
        if not bend > 0.0 or not math.isfinite(bend):
            break
        alpha = rz / bend
        x = x + alpha * p
        r = r - alpha * ap
        values.append(-0.5 * dot(x, rhs + r))
        if math.sqrt(dot(r, r)) <= tolerance * size or _is_flat(values):
            break
        z = solve(r)
        rz_new = dot(r, z)
        p = z + (rz_new / rz) * p
        rz = rz_new
    left = math.sqrt(dot(r, r)) / size if size > 0.0 else 0.0
    return Solution(x, done, left)


def _is_flat(values: list[float]) -> bool:
    n = len(values)
    k = max(10, n // 10)
    if n <= k or values[-1] >= 0.0:
        return False
    return (values[-1] - values[-1 - k]) / values[-1] < k * 5e-4


def bicgstab(
    product: Product,
    rhs: np.ndarray,
    solve: Product,
    *,
    most: int,
    mu: float,
    scale: np.ndarray,
    tolerance: float = 1e-3,
) -> Solution:
    """Right-preconditioned Bi-CGSTAB (van der Vorst 1992) for a possibly indefinite ``product``.

    ``product`` is damped by ``mu`` times the diagonal ``scale``, which is taken off again where
    curvature is judged. The best iterate by residual is returned, since this method's residual is
    not monotone. A breakdown (a denominator near 0) starts anew from the present residual, once.
    """
    x, r = np.zeros_like(rhs), rhs.copy()
    size = math.sqrt(dot(rhs, rhs))
    seen = _Curvature(scale)
    best, best_size, done, restarts = x.copy(), size, 0, 0
    shadow, rho, alpha, omega = r.copy(), 1.0, 1.0, 1.0
    v, p = np.zeros_like(rhs), np.zeros_like(rhs)
    while done + 2 <= most and size > 0.0:
        rho_new = dot(shadow, r)
        if abs(rho_new) < 1e-14 * dot(r, r) or omega == 0.0:
            if restarts:
                break
            restarts, shadow = 1, r.copy()
            rho, alpha, omega = 1.0, 1.0, 1.0
            v, p = np.zeros_like(rhs), np.zeros_like(rhs)
            rho_new = dot(shadow, r)
        p = r + (rho_new / rho) * (alpha / omega) * (p - omega * v)
        rho = rho_new
        p_hat = solve(p)
        v = product(p_hat)
        seen.look(p_hat, v, mu)
        below = dot(shadow, v)
        if below == 0.0 or not math.isfinite(below):
            break
        alpha = rho / below
        s = r - alpha * v
        s_hat = solve(s)
        t = product(s_hat)
        done += 2
        seen.look(s_hat, t, mu)
        tt = dot(t, t)
        omega = dot(t, s) / tt if tt > 0.0 else 0.0
        x = x + alpha * p_hat + omega * s_hat
        r = s - omega * t
        now = math.sqrt(dot(r, r))
        if not math.isfinite(now):
            break
        if now < best_size:
            best, best_size = x.copy(), now
        if now <= tolerance * size:
            break
    left = best_size / size if size > 0.0 else 0.0
    return Solution(best, done, left, seen.direction, seen.lowest)
