"""Tests of one-step residuals: what is left that the past could have told.

All correlations are normalised, of mean-free signals, at model rate. For independent residuals
each has a standard deviation of about 1/sqrt(N), so 1.96/sqrt(N) holds 95 % of the lags.
Sources: Ljung, section 16.6; Billings & Voon, International Journal of Control 44 (1986),
the tests of u^2 e, u^2 e^2 and e(eu) for terms that a linear test cannot see.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Z_95 = 1.96
MAX_LAG = 25
N_BINS = 31


@dataclass(frozen=True, eq=False)
class Correlation:
    """One correlation function and how much of it lies outside its 95 % bound.

    ``kind``: ``"auto"`` (residual with itself), ``"cross"`` (input, then residual), ``"u2_e"``,
    ``"u2_e2"`` or ``"e_eu"``. ``corrected_bound`` allows for the colour of both signals
    (Bartlett); it equals ``bound`` when the residual is white.
    """

    kind: str
    output: str
    input: str  # "" for the autocorrelation
    lags: np.ndarray  # (n,) s
    values: np.ndarray  # (n,)
    bound: float  # 1.96 / sqrt(N)
    corrected_bound: float
    outside: float  # share of the lags beyond ``bound``; lag 0 of "auto" does not count
    outside_corrected: float

    @property
    def is_linear(self) -> bool:
        """True for the tests that a linear model must pass as well."""
        return self.kind in ("auto", "cross")


@dataclass(frozen=True, eq=False)
class ResidualTest:
    """Everything about the one-step residuals of one output of one record, SI."""

    record: str
    output: str
    si: str
    n_samples: int
    mean: float
    std: float
    kurtosis: float  # 3 for a normal distribution
    correlations: tuple[Correlation, ...]
    bin_edges: np.ndarray  # (n_bins + 1,)
    bin_counts: np.ndarray  # (n_bins,)
    frequency: np.ndarray  # (n_f,) Hz
    density: np.ndarray  # (n_f,) one-sided power density, si^2/Hz


def correlate(a: np.ndarray, b: np.ndarray, n_lags: int) -> np.ndarray:
    """Normalised correlation E[a(k) b(k + lag)] for lags -n_lags..n_lags, of mean-free copies.

    All zero when one of them is constant.
    """
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt(np.dot(a, a) * np.dot(b, b)))
    if scale == 0.0:
        return np.zeros(2 * n_lags + 1)
    n = len(a)
    ahead = [np.dot(a[: n - lag], b[lag:]) for lag in range(n_lags + 1)]
    behind = [np.dot(a[lag:], b[: n - lag]) for lag in range(n_lags, 0, -1)]
    return np.array(behind + ahead) / scale


def _share(values: np.ndarray, bound: float) -> float:
    return float(np.mean(np.abs(values) > bound)) if values.size else 0.0


def _bartlett(a: np.ndarray, b: np.ndarray, n_lags: int) -> float:
    """The 95 % bound for two independent coloured signals: sqrt(sum of r_a r_b / N)."""
    product = correlate(a, a, n_lags) * correlate(b, b, n_lags)
    return Z_95 * float(np.sqrt(max(1.0, float(product.sum())) / len(a)))


def _one(
    kind: str, names: tuple[str, str], a: np.ndarray, b: np.ndarray, dt: float, lags: np.ndarray
) -> Correlation:
    n_lags = int(np.max(np.abs(lags)))
    values = correlate(a, b, n_lags)[lags + n_lags]
    bound = Z_95 / float(np.sqrt(len(a)))
    corrected = bound if kind == "auto" else _bartlett(a, b, n_lags)
    judged = values[lags != 0] if kind == "auto" else values
    return Correlation(
        kind, names[0], names[1], lags * dt, values, bound, corrected,
        _share(judged, bound), _share(judged, corrected),
    )  # fmt: skip


def correlations(
    output: str, residual: np.ndarray, inputs: tuple[str, ...], u: np.ndarray, dt: float
) -> tuple[Correlation, ...]:
    """All correlation tests of one residual (N,) against the inputs u (N, nu)."""
    n_lags = max(1, min(MAX_LAG, len(residual) // 4))
    both = np.arange(-n_lags, n_lags + 1)
    ahead = np.arange(0, n_lags + 1)
    found = [_one("auto", (output, ""), residual, residual, dt, ahead)]
    squared = np.square(residual)
    for i, name in enumerate(inputs):
        pair, x = (output, name), u[:, i] - u[:, i].mean()
        found.append(_one("cross", pair, x, residual, dt, both))
        power = np.square(x)
        found.append(_one("u2_e", pair, power, residual, dt, both))
        found.append(_one("u2_e2", pair, power, squared, dt, both))
        # E[e(k) (e u)(k - 1 - lag)], lag >= 0
        product = residual * x
        found.append(_one("e_eu", pair, product[:-1], residual[1:], dt, ahead))
    return tuple(found)


def examine_residuals(
    record: str,
    output: str,
    si: str,
    residual: np.ndarray,
    inputs: tuple[str, ...],
    u: np.ndarray,
    dt: float,
) -> ResidualTest:
    """Correlations, histogram and spectrum of one-step residuals (N,); u (N, nu) at model rate."""
    from scipy import signal  # slow to import

    mean, std = float(residual.mean()), float(residual.std())
    centred = residual - mean
    kurtosis = float(np.mean(centred**4) / std**4) if std > 0.0 else float("nan")
    span = 4.0 * std if std > 0.0 else 1.0
    counts, edges = np.histogram(
        np.clip(residual, mean - span, mean + span), N_BINS, (mean - span, mean + span)
    )
    n_segment = min(len(residual), 256)
    frequency, density = signal.welch(centred, 1.0 / dt, nperseg=n_segment, detrend=False)
    return ResidualTest(
        record, output, si, len(residual), mean, std, kurtosis,
        correlations(output, residual, inputs, u, dt), edges, counts.astype(np.float64),
        frequency, density,
    )  # fmt: skip
