"""Few states instead of many: the longitudinal motion inside an identified model.

A NARX model of order na has na states per output; most of their modes cancel or decay within a
step or two. Derivatives need the four states of the aircraft. They are found by fitting

    x' = A x + B v,    x = (u, w, q, theta)

to the linearised model's own response to a 3-2-1-1 on each input. What is certain is not fitted:
theta' = q, gravity turns with the trim attitude, gravity has no moment. What rotor and inflow do
to the response is one number per input: v is the input after a delay, or after a first-order lag,
whichever fits better.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heliid.kernels.lti import march
from heliid.metrics import theil
from heliid.physics.linear_model import LinearModel

GRAVITY = 9.80665  # m/s^2
LENGTH_S = 20.0  # s of response that the fit sees
SHORT_S = 6.0  # s, the short-term part of a response
UNIT_S = 0.7  # s, time unit of the 3-2-1-1
PATTERN = (3, 2, 1, 1)
LONGEST_DELAY = 0.4  # s
FIRST_DELAY = 0.03  # s
SHORTEST_LAG = 1e-3  # s, as good as none
MAX_EVALUATIONS = 80
TAYLOR = 12


@dataclass(frozen=True, eq=False)
class Reduced:
    """A continuous model x' = A x + B v in the outputs themselves, SI.

    ``kind`` says what v is: the input after a ``"delay"`` or a first-order ``"lag"`` of
    ``seconds`` (nu,). ``theil``: Theil's U between its response and that of the full linear model.
    """

    A: np.ndarray  # (n, n)
    B: np.ndarray  # (n, nu)
    kind: str
    seconds: np.ndarray  # (nu,)
    theil: float

    def simulate(self, u: np.ndarray, dt: float) -> np.ndarray:
        """States (N, n) from rest for inputs u (N, nu) held over steps; row k follows input k."""
        total = np.zeros((len(u), self.A.shape[0]))
        for i in range(u.shape[1]):
            a, b, seconds = self.A[None], self.B[None, :, [i]], self.seconds[None, [i]]
            total += _RESPONSES[self.kind](a, b, seconds, u[:, i], dt)[0, :, :, 0]
        return total

    def with_lags(self) -> tuple[np.ndarray, np.ndarray]:
        """A (n + m, n + m) and B (n + m, nu) with one more state per input that has a lag.

        For ``"delay"`` the delays are left out: a state space has none.
        """
        a, b = _with_lags(self.A[None], self.B[None], self.seconds[None])
        return (a[0], b[0]) if self.kind == "lag" else (self.A, self.B)


def excitation(dt: float, length_s: float = LENGTH_S) -> np.ndarray:
    """A 3-2-1-1 of height 1 (N,), starting after half a second."""
    u = np.zeros(round(length_s / dt))
    at, sign = 0.5, 1.0
    for steps in PATTERN:
        u[round(at / dt) : round((at + steps * UNIT_S) / dt)] = sign
        at, sign = at + steps * UNIT_S, -sign
    return u


def exponentials(matrices: np.ndarray) -> np.ndarray:
    """Matrix exponentials (P, n, n), by scaling, a Taylor series and squaring; all at once."""
    norm = float(np.max(np.sum(np.abs(matrices), axis=1), initial=0.0))
    halvings = int(np.clip(np.ceil(np.log2(max(norm, 1e-300))) + 2, 0, 40))
    x = matrices / 2.0**halvings
    total = np.broadcast_to(np.eye(x.shape[1]), x.shape).copy()
    term = total.copy()
    for order in range(1, TAYLOR + 1):
        term = term @ x / order
        total += term
    for _ in range(halvings):
        total = total @ total
    return total


def _hold(a: np.ndarray, b: np.ndarray, seconds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The transition (P, n, n) over t (P,), and the integral of it times b (P, n, m) over t."""
    n, m = a.shape[1], b.shape[2]
    big = np.zeros((len(a), n + m, n + m))
    big[:, :n, :n], big[:, :n, n:] = a, b
    e = exponentials(big * seconds[:, None, None])
    return e[:, :n, :n], e[:, :n, n:]


def _delayed(
    a: np.ndarray, b: np.ndarray, delay: np.ndarray, u: np.ndarray, dt: float
) -> np.ndarray:
    """Responses (P, N, n, m) of P models to the same signal u (N,) on each of m inputs, alone.

    ``delay`` (P, m) s, >= 0.
    """
    whole = np.floor(delay / dt + 1e-12).astype(np.int64)
    rest = np.clip(delay - whole * dt, 0.0, dt)
    a_d, b_all = _hold(a, b, np.full(len(a), dt))
    b_new = np.empty_like(b_all)
    for i in range(b.shape[2]):
        b_new[:, :, [i]] = _hold(a, b[:, :, [i]], dt - rest[:, i])[1]
    out = np.zeros((len(a), len(u), *b.shape[1:]))
    march(np.ascontiguousarray(a_d), b_new, b_all - b_new, whole, np.ascontiguousarray(u), out)
    return out


def _with_lags(a: np.ndarray, b: np.ndarray, lag: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same P systems with a first-order lag (P, m), s, before each input."""
    p, n, m = b.shape
    rate = 1.0 / np.maximum(lag, SHORTEST_LAG)
    big, new_b = np.zeros((p, n + m, n + m)), np.zeros((p, n + m, m))
    big[:, :n, :n], big[:, :n, n:] = a, b
    at = np.arange(n, n + m)
    big[:, at, at] = -rate
    new_b[:, at, at - n] = rate
    return big, new_b


def _lagged(a: np.ndarray, b: np.ndarray, lag: np.ndarray, u: np.ndarray, dt: float) -> np.ndarray:
    """Responses (P, N, n, m) as ``_delayed``, with a first-order lag instead of a delay."""
    big, new_b = _with_lags(a, b, lag)
    return _delayed(big, new_b, np.zeros_like(lag), u, dt)[:, :, : a.shape[1]]


_RESPONSES = {"delay": _delayed, "lag": _lagged}


def response_of(linear: LinearModel, order: list[int]) -> np.ndarray:
    """Response (N, n, nu) of the outputs ``order`` to the test signal on each input alone."""
    u = excitation(linear.dt)
    n_u = len(linear.inputs)
    columns = []
    for i in range(n_u):
        signal = np.zeros((len(u), n_u))
        signal[:, i] = u * linear.input_std[i]
        columns.append(linear.simulate(signal)[:, order])
    return np.stack(columns, axis=2)


@dataclass(frozen=True, eq=False)
class _Pattern:
    """Which numbers are free. Vector: A entries, B entries, trim attitude, roots of the delays."""

    a_free: np.ndarray  # (n, n) bool
    b_free: np.ndarray  # (n, m) bool
    a_fixed: np.ndarray  # (n, n)
    has_gravity: bool

    def unpack(self, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A (P, n, n), B (P, n, m), delays (P, m) from vectors (P, n_free)."""
        p = len(vectors)
        n_a, n_b, m = self.a_free.sum(), self.b_free.sum(), self.b_free.shape[1]
        a = np.broadcast_to(self.a_fixed, (p, *self.a_fixed.shape)).copy()
        a[:, self.a_free] = vectors[:, :n_a]
        b = np.zeros((p, *self.b_free.shape))
        b[:, self.b_free] = vectors[:, n_a : n_a + n_b]
        if self.has_gravity:
            attitude = vectors[:, n_a + n_b]
            a[:, 0, 3] = -GRAVITY * np.cos(attitude)
            a[:, 1, 3] = -GRAVITY * np.sin(attitude)
        return a, b, np.minimum(np.square(vectors[:, len(vectors[0]) - m :]), LONGEST_DELAY)

    def pack(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The vector of a first guess."""
        attitude = []
        if self.has_gravity:
            attitude = [float(np.clip(np.arctan2(-a[1, 3], -a[0, 3]), -0.2, 0.2))]
        roots = np.full(b.shape[1], np.sqrt(FIRST_DELAY))
        return np.concatenate([a[self.a_free], b[self.b_free], attitude, roots])


def longitudinal_pattern(n_u: int) -> _Pattern:
    """u, w, q, theta: gravity by the trim attitude, theta' = q, everything else free."""
    a_free = np.ones((4, 4), dtype=bool)
    a_free[:, 3] = False
    a_free[3] = False
    a_fixed = np.zeros((4, 4))
    a_fixed[3, 2] = 1.0
    b_free = np.ones((4, n_u), dtype=bool)
    b_free[3] = False
    return _Pattern(a_free, b_free, a_fixed, True)


def _first_guess(y: np.ndarray, u: np.ndarray, dt: float) -> tuple[np.ndarray, np.ndarray]:
    """A and B by least squares on one-step differences of the responses y (N, n, m)."""
    _, n, m = y.shape
    before = np.concatenate([np.zeros((1, n, m)), y[:-1]])
    rows = [np.hstack([before[:, :, i], np.eye(m)[i] * u[:, None]]) for i in range(m)]
    phi, target = np.vstack(rows), np.vstack([y[:, :, i] for i in range(m)])
    scale = np.maximum(np.sqrt(np.mean(np.square(phi), axis=0)), 1e-300)
    theta = np.linalg.lstsq(phi / scale, target, rcond=1e-9)[0] / scale[:, None]
    a_d, b_d = theta[:n].T, theta[n:].T
    from scipy.linalg import logm  # slow to import

    log = logm(a_d + 1e-12 * np.eye(n))
    a = np.real(log) / dt
    return a, b_d / dt


def reduce_longitudinal(linear: LinearModel, order: list[int]) -> Reduced:
    """The four-state model inside ``linear``; ``order``: outputs that are u, w, q, theta.

    ``Reduced.theil`` says how well it stands for the full model: the caller decides.
    """
    target = response_of(linear, order)
    pattern = longitudinal_pattern(len(linear.inputs))
    found = [_fit(linear, order, target, pattern, kind) for kind in _RESPONSES]
    return min(found, key=lambda reduced: reduced.theil)


def _fit(
    linear: LinearModel, order: list[int], target: np.ndarray, pattern: _Pattern, kind: str
) -> Reduced:
    """Levenberg-Marquardt on the response; all finite differences are simulated at once."""
    from scipy.optimize import least_squares  # slow to import

    u, dt = excitation(linear.dt), linear.dt
    weight = 1.0 / linear.output_std[order][:, None]
    wanted = target * weight

    def outputs(vectors: np.ndarray) -> np.ndarray:
        return _RESPONSES[kind](*pattern.unpack(vectors), u, dt) * weight

    def left(vector: np.ndarray) -> np.ndarray:
        return np.clip((outputs(vector[None])[0] - wanted).ravel(), -1e6, 1e6)

    start = pattern.pack(*_first_guess(target, u, dt))
    steps = 1e-6 * np.maximum(np.abs(start), 1e-3)

    def jacobian(vector: np.ndarray) -> np.ndarray:
        moved = outputs(vector + np.diag(steps)) - outputs(vector[None])
        return moved.reshape(len(vector), -1).T / steps

    found = least_squares(
        left, start, jacobian, method="lm", x_scale="jac", max_nfev=MAX_EVALUATIONS
    )
    a, b, seconds = (one[0] for one in pattern.unpack(found.x[None]))
    n = len(wanted)
    worst = worst_theil(wanted.reshape(n, -1), outputs(found.x[None])[0].reshape(n, -1), dt)
    return Reduced(a, b / linear.input_std, kind, seconds, worst)


def worst_theil(full: np.ndarray, reduced: np.ndarray, dt: float) -> float:
    """The largest Theil's U of any column (N, n), over the whole response and its first seconds.

    Over the whole alone, the growth of an unstable phugoid would hide everything else.
    """
    short = round(SHORT_S / dt)
    both = np.concatenate([theil(full[:end], reduced[:end]).u for end in (short, len(full))])
    known = both[np.isfinite(both)]
    return float(known.max()) if known.size else 0.0
