"""Frequency responses of flight and model from the recorded input, and how far they differ.

Both come from one estimator (Welch, Hann window, half overlap) on the same input, so its leakage
and bias are in both. With several inputs the responses are conditioned: H solves G_uu H = G_uy at
every frequency, and the coherence of a pair is the partial one (Bendat & Piersol, Random Data,
chapter 7). Segments never reach from one record into the next; their spectra are averaged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from heliid.validation.thresholds import DEFAULT, Thresholds

MIN_SEGMENTS = 6  # fewer averages make every coherence look like 1
LONGEST_S = 20.0  # s, window length tried first
SHORTEST_S = 4.0  # s, below this no window helps
OCTAVE = 2.0  # narrower bands tell too little
N_POINTS = 20  # Tischler & Remple: 20 points per response
DB_AND_DEG = 0.01745  # their weight of a squared degree against a squared decibel
OVERLAP_FACTOR = 0.55  # random error for half-overlapping Hann windows, same book, guideline


@dataclass(frozen=True, eq=False)
class FrequencyPair:
    """The response of one output to one input, of flight and model, at the same frequencies.

    Complex responses as gain (dB of SI output per SI input) and phase (deg, unwrapped).
    ``random_error`` is the normalised standard deviation of the flight's gain. ``j`` is nan when
    too few points have enough coherence.
    """

    input: str
    output: str
    omega: np.ndarray  # (n,) rad/s
    flight_db: np.ndarray
    flight_deg: np.ndarray
    model_db: np.ndarray
    model_deg: np.ndarray
    coherence: np.ndarray
    model_coherence: np.ndarray
    random_error: np.ndarray
    omega_used: np.ndarray  # (n_w,) the log-spaced points of J
    j: float
    j_aligned: float  # J after taking one common gain and delay out of the model


@dataclass(frozen=True, eq=False)
class FrequencyComparison:
    """All pairs, with the window that made them; ``reason`` says why there are none."""

    pairs: tuple[FrequencyPair, ...]
    window_s: float
    n_segments: int
    j_mean: float
    j_mean_aligned: float
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Signals:
    """One record for spectral estimates: u (N, nu), flight and model outputs (N, ny)."""

    u: np.ndarray
    flight: np.ndarray
    model: np.ndarray


def window_length(lengths: Sequence[int], dt: float) -> int:
    """Samples per segment: the longest up to 20 s that still gives enough averages; 0 if none."""
    for seconds in np.geomspace(LONGEST_S, SHORTEST_S, 9):
        n = round(seconds / dt) // 2 * 2
        if n >= 16 and sum(_count(length, n) for length in lengths) >= MIN_SEGMENTS:
            return int(n)
    return 0


def _count(length: int, n: int) -> int:
    """Half-overlapping segments of n samples in a record."""
    return max(0, (length - n) // (n // 2) + 1)


def _spectra(records: Sequence[Signals], n: int, dt: float) -> tuple[np.ndarray, np.ndarray, int]:
    """Averaged cross spectra of [u, flight, model]: omega (n_f,), G (n_f, c, c), segments."""
    from scipy import signal  # slow to import

    window = signal.get_window("hann", n)
    c = sum(x.shape[1] for x in (records[0].u, records[0].flight, records[0].model))
    total, count = np.zeros((n // 2 + 1, c, c), dtype=complex), 0
    for record in records:
        x = np.hstack([record.u, record.flight, record.model])
        for first in range(0, len(x) - n + 1, n // 2):
            piece = x[first : first + n]
            spectrum = np.fft.rfft((piece - piece.mean(axis=0)) * window[:, None], axis=0)
            total += np.conj(spectrum)[:, :, None] * spectrum[:, None, :]
            count += 1
    omega = 2.0 * np.pi * np.fft.rfftfreq(n, dt)
    return omega[1:-1], total[1:-1] / max(count, 1), count


def _conditioned(g: np.ndarray, inputs: slice, out: int) -> tuple[np.ndarray, np.ndarray]:
    """Responses (n_f, nu) of channel ``out`` to all inputs, and their partial coherences."""
    g_uu, g_uy = g[:, inputs, inputs], g[:, inputs, out]
    g_yy = np.real(g[:, out, out])
    h = np.linalg.solve(g_uu, g_uy[..., None])[..., 0]
    noise = np.maximum(g_yy - np.real(np.sum(np.conj(g_uy) * h, axis=1)), 0.0)
    # what input i adds when the others have had their say: |h_i|^2 / inverse(G_uu)_ii
    alone = 1.0 / np.real(np.diagonal(np.linalg.inv(g_uu), axis1=1, axis2=2))
    power = np.square(np.abs(h)) * alone
    denominator = power + noise[:, None]
    coherence = np.divide(power, denominator, out=np.zeros_like(power), where=denominator > 0.0)
    return h, coherence


def _regularised(g: np.ndarray, n_u: int) -> np.ndarray:
    """The same spectra with a floor of 1e-10 of each input's peak power, against division by 0."""
    floor = 1e-10 * np.max(np.real(np.diagonal(g, axis1=1, axis2=2)), axis=0)
    fixed = g.copy()
    index = np.arange(n_u)
    fixed[:, index, index] += np.where(floor[:n_u] > 0.0, floor[:n_u], 1.0)
    return fixed


def usable_band(omega: np.ndarray, coherence: np.ndarray, minimum: float) -> slice:
    """The widest stretch of frequencies (in octaves) with enough coherence; may be empty.

    Single lines below the minimum do not end a stretch: with few averages they are chance, and
    so are the single lines above it in a band without any response.
    """
    n = len(omega)
    if n < 3:
        return slice(0, 0)
    padded = np.concatenate([coherence[:1], coherence, coherence[-1:]])
    smooth = np.median(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0)
    good = np.concatenate([[False], smooth >= minimum, [False]])
    edges = np.flatnonzero(np.diff(good.astype(int)))
    bands = [slice(int(i), int(j)) for i, j in zip(edges[::2], edges[1::2], strict=True)]
    if not bands:
        return slice(0, 0)
    return max(bands, key=lambda band: omega[band.stop - 1] / omega[band.start])


def mismatch(
    omega: np.ndarray, ratio: np.ndarray, coherence: np.ndarray, minimum: float
) -> tuple[float, np.ndarray]:
    """Tischler & Remple's J of one pair, and the frequencies it used.

    ``ratio`` (n,) complex: model over flight. J = (20 / n_w) sum W_g [dB^2 + 0.01745 deg^2] with
    W_g = [1.58 (1 - exp(-g^2))]^2 (eqs 12.23-24, guideline) at 20 log-spaced points of the usable
    band; points in a gap of it are left out. nan when the band is narrower than an octave.
    """
    band = usable_band(omega, coherence, minimum)
    lines, at_lines, g2_lines = omega[band], ratio[band], coherence[band]
    if len(lines) < 3 or lines[-1] < OCTAVE * lines[0]:
        return float("nan"), np.zeros(0)
    points = np.geomspace(lines[0], lines[-1], N_POINTS)
    g2 = np.interp(points, lines, g2_lines)
    points, g2 = points[g2 >= minimum], g2[g2 >= minimum]
    at = np.interp(points, lines, at_lines.real) + 1j * np.interp(points, lines, at_lines.imag)
    size = np.maximum(np.abs(at), 1e-12)
    error = np.square(20.0 * np.log10(size)) + DB_AND_DEG * np.square(np.degrees(np.angle(at)))
    weight = np.square(1.58 * (1.0 - np.exp(-g2)))
    return float(20.0 / len(points) * np.sum(weight * error)), points


def align(omega: np.ndarray, ratio: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The ratio (n,) with one gain and one delay of at most 0.5 s taken out, as fits it best."""
    if weight.sum() == 0.0:
        return ratio
    delays = np.linspace(-0.5, 0.5, 201)
    turned = ratio * np.exp(1j * omega * delays[:, None])
    best = turned[np.argmax(np.real(turned @ weight))]
    mean = complex(best @ weight / weight.sum())
    return best / mean if abs(mean) > 0.0 else best


def _pair(
    names: tuple[str, str],
    omega: np.ndarray,
    flight: tuple[np.ndarray, np.ndarray],
    model: tuple[np.ndarray, np.ndarray],
    n_segments: int,
    minimum: float,
) -> FrequencyPair:
    h_f, g2 = flight
    h_m, g2_model = model
    floor = 1e-300
    ratio = h_m / np.where(np.abs(h_f) > floor, h_f, floor)
    j, used = mismatch(omega, ratio, g2, minimum)
    weight = np.zeros_like(g2)
    band = usable_band(omega, g2, minimum)
    weight[band] = np.where(g2[band] >= minimum, g2[band], 0.0)
    j_aligned, _ = mismatch(omega, align(omega, ratio, weight), g2, minimum)
    error = np.sqrt(OVERLAP_FACTOR * np.maximum(1.0 - g2, 0.0) / (2.0 * n_segments))
    return FrequencyPair(
        input=names[0],
        output=names[1],
        omega=omega,
        flight_db=20.0 * np.log10(np.maximum(np.abs(h_f), floor)),
        flight_deg=np.degrees(np.unwrap(np.angle(h_f))),
        model_db=20.0 * np.log10(np.maximum(np.abs(h_m), floor)),
        model_deg=np.degrees(np.unwrap(np.angle(h_m))),
        coherence=g2,
        model_coherence=g2_model,
        random_error=np.divide(error, np.sqrt(g2), out=np.full_like(g2, np.inf), where=g2 > 0.0),
        omega_used=used,
        j=j,
        j_aligned=j_aligned,
    )


def compare_responses(
    records: Sequence[Signals],
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    dt: float,
    *,
    window_s: float = 0.0,
    thresholds: Thresholds = DEFAULT,
) -> FrequencyComparison:
    """Flight against model for every input and output, averaged over records.

    ``window_s`` is the segment length in s; 0 chooses the longest up to 20 s that leaves at
    least six averages. Inputs that never moved have no response.
    """
    n = (
        round(window_s / dt) // 2 * 2
        if window_s > 0.0
        else window_length([len(record.u) for record in records], dt)
    )
    nothing = float("nan")
    if n < 16 or not any(len(record.u) >= n for record in records):
        text = (
            f"The records are too short for {MIN_SEGMENTS} averages of a {SHORTEST_S:g} s window."
        )
        return FrequencyComparison((), n * dt, 0, nothing, nothing, text)
    moved = [i for i in range(len(inputs)) if any(np.ptp(r.u[:, i]) > 0.0 for r in records)]
    if not moved:
        return FrequencyComparison((), n * dt, 0, nothing, nothing, "No input ever moved.")
    kept = [Signals(r.u[:, moved], r.flight, r.model) for r in records]
    omega, g, count = _spectra(kept, n, dt)
    n_u, n_y = len(moved), len(outputs)
    g = _regularised(g, n_u)
    pairs = []
    for j in range(n_y):
        flight = _conditioned(g, slice(0, n_u), n_u + j)
        model = _conditioned(g, slice(0, n_u), n_u + n_y + j)
        pairs += [
            _pair(
                (inputs[i], outputs[j]), omega,
                (flight[0][:, a], flight[1][:, a]), (model[0][:, a], model[1][:, a]),
                count, thresholds["coherence"],
            )
            for a, i in enumerate(moved)
        ]  # fmt: skip
    values = [p.j for p in pairs if np.isfinite(p.j)]
    aligned = [p.j_aligned for p in pairs if np.isfinite(p.j_aligned)]
    return FrequencyComparison(
        tuple(pairs),
        n * dt,
        count,
        float(np.mean(values)) if values else nothing,
        float(np.mean(aligned)) if aligned else nothing,
        "" if values else "No pair has enough coherence between input and output.",
    )
