"""What kind of error it is: how much of it one gain, one delay or one bias would take away.

Fits flight(t) = gain * model(t + delay) + bias per output, with one delay for all outputs. A model
that lags by 100 ms has delay = +0.1 s; one that moves 20 % too far has size = 1.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heliid.metrics import theil

LONGEST_DELAY = 0.5  # s
DELAY_STEP = 0.005  # s


@dataclass(frozen=True, slots=True)
class OutputError:
    """Gain, bias and leftover of one output, SI.

    ``size`` is how far the model moves for 1 of the flight (1/gain; negative: wrong sign; nan:
    no relation at all). ``by_gain``, ``by_bias`` are the shares of the squared error that this
    correction alone would take away; ``theil_left`` is Theil's U once gain (never a negative
    one), delay and bias are taken out: the error of shape.
    """

    output: str
    correlation: float  # between flight and model, at the best delay
    size: float
    bias: float  # mean of flight minus model, with or without the gain, whichever is less; SI
    bias_share: float  # |bias| over the flight's standard deviation
    by_gain: float
    by_bias: float
    theil: float
    theil_left: float


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """The error of one record's free run, explained."""

    record: str
    delay: float  # s, of the model behind the flight
    by_delay: float  # share of the squared error (outputs in standard deviations) it explains
    outputs: tuple[OutputError, ...]


def _line(z: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Per column: gain, bias and mean square error of z = gain y + bias."""
    zc, yc = z - z.mean(axis=0), y - y.mean(axis=0)
    power = np.sum(yc * yc, axis=0)
    cross = np.sum(zc * yc, axis=0)
    gain = np.divide(cross, power, out=np.zeros_like(power), where=power > 0.0)
    bias = z.mean(axis=0) - gain * y.mean(axis=0)
    return gain, bias, np.mean(np.square(zc - gain * yc), axis=0)


def explain_error(
    record: str, outputs: tuple[str, ...], flight: np.ndarray, model: np.ndarray, dt: float
) -> ErrorKind:
    """Gain, delay and bias between flight and model (N, ny), deviations from trim, SI."""
    n = len(flight)
    edge = min(int(np.ceil(LONGEST_DELAY / dt)), n // 4)
    k = np.arange(edge, n - edge)
    z = flight[k]
    spread = np.std(flight, axis=0)
    weight = np.divide(1.0, np.square(spread), out=np.zeros_like(spread), where=spread > 0.0)
    from scipy.interpolate import CubicSpline  # slow to import

    curve = CubicSpline(np.arange(n), model)

    def misfit(delay: float) -> float:
        return _misfit(z, curve(k + delay / dt), weight)

    reach = edge * dt
    rough = min(np.arange(-reach, reach + 1e-9, 5 * DELAY_STEP), key=misfit)
    fine = np.clip(rough + DELAY_STEP * np.arange(-5, 6), -reach, reach)
    best = float(min(fine, key=misfit))
    zero = _misfit(z, model[k], weight)
    by_delay = 1.0 - misfit(best) / zero if zero > 0.0 else 0.0
    shifted = curve(k + best / dt)
    return ErrorKind(
        record,
        best if by_delay > 0.0 else 0.0,
        max(by_delay, 0.0),
        tuple(
            _one(name, z[:, j], model[k, j], shifted[:, j], float(spread[j]))
            for j, name in enumerate(outputs)
        ),
    )


def _misfit(z: np.ndarray, y: np.ndarray, weight: np.ndarray) -> float:
    # a delay does not excuse a wrong sign: with a negative gain only the mean is taken out
    gain, _, left = _line(z, y)
    spread = np.mean(np.square(z - z.mean(axis=0)), axis=0)
    return float(np.sum(weight * np.where(gain > 0.0, left, spread)))


def _one(
    name: str, z: np.ndarray, y: np.ndarray, shifted: np.ndarray, spread: float
) -> OutputError:
    gain, bias, _ = (float(one) for one in _line(z, shifted))
    error = float(np.mean(np.square(z - y)))
    no_bias = float(np.var(z - y))
    # what a gain explains is no bias, and a poor gain must not make one: the smaller of the two
    plain = float(np.mean(z - y))
    offset = min(bias, plain, key=abs)
    only_gain = float(np.mean(np.square(z - _through_zero(z, y))))
    corrected = max(gain, 0.0) * shifted + bias if gain > 0.0 else np.full_like(z, z.mean())
    return OutputError(
        output=name,
        correlation=_correlation(z, shifted),
        size=1.0 / gain if abs(gain) > 1e-6 else float("nan"),
        bias=offset,
        bias_share=abs(offset) / spread if spread > 0.0 else float("nan"),
        by_gain=1.0 - only_gain / error if error > 0.0 else 0.0,
        by_bias=1.0 - no_bias / error if error > 0.0 else 0.0,
        theil=float(theil(z, y).u),
        theil_left=float(theil(z, corrected).u),
    )


def _correlation(z: np.ndarray, y: np.ndarray) -> float:
    """Correlation of two signals; 0 when one is constant."""
    size = float(np.std(z) * np.std(y))
    return float(np.mean((z - z.mean()) * (y - y.mean()))) / size if size > 0.0 else 0.0


def _through_zero(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The model times the gain that fits best without a bias."""
    power = float(np.dot(y, y))
    return y * (float(np.dot(z, y)) / power) if power > 0.0 else y
