"""How two signals that ought to be equal are: gain, delay and how sure, from their spectra.

The estimator is that of Hannan and Thomson (1973) for delays, with the gain beside it: every
frequency votes with the weight coherence / (1 - coherence), so that what is noise has no say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

MIN_COHERENCE = 0.5
MAX_DELAY = 0.4  # s; what a recorder can be late by
MAX_HZ = 5.0  # above it vibration and structure speak, not the rigid body
_MIN_POWER = 1e-4  # of the strongest line: below it windows leak
_SOFT_POWER = 0.003  # of the strongest line: half the weight there
_SOFT_SHARE = 0.03  # of a line's power that the other inputs leave over: half the weight
_ENOUGH_SEGMENTS = 6  # more of them lose little
_LOWEST_HZ = 0.1  # below it sensors drift
_DISAGREEMENT = 0.02  # of a line, between two good sensors
_MIN_SEGMENTS = 5
_SEGMENT_S = 8.0
_INDEPENDENT = 0.75  # of half-overlapping Hann segments
_LINES = 1.5  # neighbouring lines of a Hann window that tell the same


@dataclass(frozen=True, slots=True)
class Link:
    """``y`` against ``x``: ``y(t) = gain * x(t - delay)`` over the frequencies that agree.

    ``strength`` is the share of x's power, in 0..1, at frequencies with coherence above 0.5.
    ``gain_error`` is relative, one standard deviation, ``delay_error`` in s; both include how far
    the frequencies disagree among themselves.
    """

    gain: float
    delay: float
    gain_error: float
    delay_error: float
    strength: float
    coherence: float  # of the frequencies used, weighted
    low_hz: float
    high_hz: float

    @property
    def is_usable(self) -> bool:
        """True when gain and delay mean something."""
        return self.coherence > 0.6 and self.gain_error < 0.2


def no_link() -> Link:
    """Nothing in common."""
    return Link(0.0, 0.0, np.inf, np.inf, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Spectra:
    """Auto and cross spectra of one output and m inputs, averaged over n_segments.

    sxx (n_frequencies, m, m), sxy (n_frequencies, m) from input to output, syy (n_frequencies,).
    """

    frequency: np.ndarray
    sxx: np.ndarray
    sxy: np.ndarray
    syy: np.ndarray
    n_segments: int
    dt: float

    def alone(self, i: int) -> Spectra:
        """Input i and the output with what the other inputs explain taken out (conditioned)."""
        others = [j for j in range(self.sxx.shape[1]) if j != i]
        if not others:
            return self
        inverse = np.linalg.pinv(self.sxx[np.ix_(range(len(self.syy)), others, others)])
        to_i, to_y = self.sxx[:, others, i], self.sxy[:, others]
        # least squares of input i and of the output on the others, per frequency
        load_i = np.einsum("fij,fj->fi", inverse, to_i)
        load_y = np.einsum("fij,fj->fi", inverse, to_y)
        sxx = np.real(self.sxx[:, i, i] - np.einsum("fi,fi->f", np.conj(to_i), load_i))
        syy = np.real(self.syy - np.einsum("fi,fi->f", np.conj(to_y), load_y))
        sxy = self.sxy[:, i] - np.einsum("fi,fi->f", np.conj(to_i), load_y)
        return Spectra(
            self.frequency,
            np.maximum(sxx, 0.0)[:, None, None],
            sxy[:, None],
            np.maximum(syy, 0.0),
            max(self.n_segments - len(others), 1),
            self.dt,
        )

    def residual_power(self, n_known: int, low_hz: float, high_hz: float) -> tuple[float, float]:
        """Power of output minus the first n_known inputs, and of the output, between two Hz."""
        band = (self.frequency >= low_hz) & (self.frequency <= high_hz)
        known = np.real(self.sxx[:, :n_known, :n_known].sum(axis=(1, 2)))
        both = 2.0 * np.real(self.sxy[:, :n_known].sum(axis=1))
        return float((self.syy + known - both)[band].sum()), float(self.syy[band].sum())


Stretches = tuple[tuple[int, int], ...]


def cross_spectra(
    signals: list[np.ndarray], dt: float, stretches: Stretches
) -> tuple[np.ndarray, np.ndarray, int]:
    """Frequencies (Hz), all cross spectra (n_frequencies, m, m) of m signals, and segments used.

    Welch's, with half-overlapping Hann windows, the trend of each segment taken out. No segment
    reaches over the ends of a stretch (first, end) of good samples.
    """
    longest = max((end - first for first, end in stretches), default=0)
    size = max(min(round(_SEGMENT_S / dt), round(2 * longest / (_MIN_SEGMENTS + 1))), 16)
    window = np.hanning(size + 2)[1:-1]
    t = np.linspace(-1.0, 1.0, size)
    out = np.zeros((size // 2 + 1, len(signals), len(signals)), dtype=complex)
    n = 0
    for first, end in stretches:
        for k in range(first, end - size + 1, max(size // 2, 1)):
            part = np.stack([signal[k : k + size] for signal in signals])
            part = part - part.mean(axis=1, keepdims=True)
            part = (part - np.outer(part @ t / (t @ t), t)) * window
            lines = np.fft.rfft(part, axis=1).T
            out += np.conj(lines)[:, :, None] * lines[:, None, :]
            n += 1
    return np.fft.rfftfreq(size, dt), out, n


def spectra(xs: list[np.ndarray], y: np.ndarray, dt: float, stretches: Stretches) -> Spectra:
    """The spectra of one output and its inputs, as ``cross_spectra`` makes them."""
    m = len(xs)
    frequency, all_of_them, n = cross_spectra([*xs, y], dt, stretches)
    return Spectra(
        frequency,
        all_of_them[:, :m, :m],
        all_of_them[:, :m, m],
        np.real(all_of_them[:, m, m]),
        n,
        dt,
    )


def coherence_of(sxx: np.ndarray, syy: np.ndarray, sxy: np.ndarray, n: int) -> np.ndarray:
    """Squared coherence per frequency, its bias for n (half overlapping) segments taken out."""
    with np.errstate(invalid="ignore", divide="ignore"):
        raw = np.abs(sxy) ** 2 / (sxx * syy)
    raw = np.nan_to_num(raw, nan=0.0, posinf=0.0)
    n_independent = max(_INDEPENDENT * n, 1.0 + 1e-9)
    return np.clip((raw - 1.0 / n_independent) / (1.0 - 1.0 / n_independent), 0.0, 0.999)


def estimate(found: Spectra, i: int = 0) -> Link:
    """The link from input i to the output, the other inputs' share taken out."""
    one = found.alone(i)
    sxx, sxy, syy = np.real(one.sxx[:, 0, 0]), one.sxy[:, 0], one.syy
    n, dt, frequency = one.n_segments, one.dt, one.frequency
    if n < 2 or not sxx[1:].any() or not syy[1:].any():
        return no_link()
    coherence = coherence_of(sxx, syy, sxy, n)
    strength_x, strength_y = np.real(found.sxx[:, i, i]), found.syy
    use = _frequencies_in_use(frequency, strength_x, strength_y, coherence, dt)
    if use.sum() < 2:
        return no_link()
    f, c = frequency[use], coherence[use]
    h = sxy[use] / sxx[use]
    # lines that are weak, or that the other inputs all but explain, leak into each other
    power = sxx[use] / (sxx[use] + _SOFT_POWER * sxx[1:].max())
    own = sxx[use] / (sxx[use] + _SOFT_SHARE * strength_x[use])
    weight = c / (1.0 - c) * _INDEPENDENT * n * power * own
    delay = _delay(f, h, c / (1.0 - c) * own, dt)
    turned = h * np.exp(2j * np.pi * f * delay)
    sign = 1.0 if np.sum(weight * np.real(turned / np.abs(turned))) >= 0 else -1.0
    gain = float(sign * np.exp(np.sum(weight * np.log(np.abs(h))) / weight.sum()))
    turned = turned / gain
    # one standard deviation from the coherence, widened by what the frequencies disagree
    total = weight.sum()
    spread_gain = np.sqrt(np.sum(weight * (np.abs(turned) - 1.0) ** 2) / total)
    spread_phase = np.sqrt(np.sum(weight * np.angle(turned) ** 2) / total)
    n_used = max(use.sum() / _LINES, 1.0)
    gain_error = np.hypot(np.sqrt(0.5 * _LINES / total), spread_gain / np.sqrt(n_used))
    lever = 2 * np.pi * np.sqrt(np.sum(weight * f**2) / total)
    delay_error = np.hypot(np.sqrt(0.5 * _LINES / total), spread_phase / np.sqrt(n_used)) / lever
    return Link(
        gain=gain,
        delay=delay,
        gain_error=float(gain_error),
        delay_error=float(delay_error),
        strength=float(sxx[use].sum() / sxx[1:].sum()),
        coherence=float(np.sum(weight * c) / total),
        low_hz=float(f[0]),
        high_hz=float(f[-1]),
    )


def _frequencies_in_use(
    frequency: np.ndarray, sxx: np.ndarray, syy: np.ndarray, coherence: np.ndarray, dt: float
) -> np.ndarray:
    """(n_frequencies,) bool: coherent, with power, with coherent neighbours, of rigid-body size.

    With few segments a coherence above 0.5 happens by chance: a single line is not believed.
    """
    is_strong = (sxx > _MIN_POWER * sxx[1:].max()) & (syy > _MIN_POWER * syy[1:].max())
    in_band = (frequency > 0) & (frequency < min(0.4 / dt, MAX_HZ))
    use = is_strong & in_band & (coherence > MIN_COHERENCE)
    beside = np.convolve(use, [1, 1, 1], mode="same")
    return use & (beside >= 2)


def _delay(f: np.ndarray, h: np.ndarray, weight: np.ndarray, dt: float) -> float:
    """The delay that lines up the phases best, whatever the sign."""
    step = 0.25 * dt
    n = int(np.ceil(MAX_DELAY / step))
    delays = step * np.arange(-n, n + 1)
    lined_up = np.real((weight * h / np.abs(h)) @ np.exp(2j * np.pi * np.outer(f, delays)))
    best = int(np.argmax(np.abs(lined_up)))
    sign, delay = np.sign(lined_up[best]), float(delays[best])
    for _ in range(3):  # Gauss-Newton on the phase from there
        phase = np.angle(sign * h * np.exp(2j * np.pi * f * delay))
        delay -= float(
            np.sum(weight * phase * 2 * np.pi * f) / np.sum(weight * (2 * np.pi * f) ** 2)
        )
    return delay


def sharpen(
    x: np.ndarray, y: np.ndarray, dt: float, stretches: Stretches, found: Spectra, rough: Link
) -> Link:
    """The link of one input again, from whole stretches: maximum likelihood with coloured noise.

    Segments lose what is slower than they are long; a short manoeuvre has most of its power there.
    The noise is what the segments could not explain, plus a few per cent that no two sensors
    agree on.
    """
    if not rough.is_usable or found.n_segments > _ENOUGH_SEGMENTS:
        return rough
    coherence = coherence_of(
        np.real(found.sxx[:, 0, 0]), found.syy, found.sxy[:, 0], found.n_segments
    )
    size = 2 * (len(found.frequency) - 1)
    density = 1.0 / max(found.n_segments * size, 1)
    noise_y = found.syy * (1.0 - coherence) * density
    lines = [_lines(x, y, dt, *stretch) for stretch in stretches if stretch[1] - stretch[0] >= 64]
    if not lines:
        return rough
    f, fx, fy = (np.concatenate(part) for part in zip(*lines, strict=True))
    duration = dt * max(end - first for first, end in stretches)
    use = (f >= max(_LOWEST_HZ, 1.5 / duration)) & (f <= rough.high_hz)
    if use.sum() < 4:
        return rough
    f, fx, fy = f[use], fx[use], fy[use]
    smooth = _smooth(np.abs(fy) ** 2)
    noise = np.interp(f, found.frequency[1:], noise_y[1:]) + _DISAGREEMENT**2 * smooth
    omega = 2.0 * np.pi * f
    gain, delay = rough.gain, rough.delay
    for _ in range(5):
        shifted = fx * np.exp(-1j * omega * delay)
        power = np.sum(np.abs(fx) ** 2 / noise)
        gain = float(np.sum(np.real(np.conj(shifted) * fy) / noise) / power)
        slope = -1j * omega * gain * shifted
        lever = np.sum(np.abs(slope) ** 2 / noise)
        move = np.sum(np.real(np.conj(slope) * (fy - gain * shifted)) / noise) / lever
        delay += float(np.clip(move, -0.02, 0.02))
    left = fy - gain * fx * np.exp(-1j * omega * delay)
    n_used = max(len(f) / _LINES, 2.0)
    misfit = max(1.0, float(np.sum(np.abs(left) ** 2 / noise) / len(f)))
    error = np.sqrt(0.5 * _LINES * misfit / power) / abs(gain)
    late = np.sqrt(0.5 * _LINES * misfit / lever)
    if not np.isfinite(gain + delay + error) or gain == 0.0 or n_used < 2:
        return rough
    return replace(rough, gain=gain, delay=delay, gain_error=float(error), delay_error=float(late))


def _lines(
    x: np.ndarray, y: np.ndarray, dt: float, first: int, end: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frequencies and spectra of a whole stretch, scaled to the square root of power density."""
    n = end - first
    window, t = np.hanning(n + 2)[1:-1], np.linspace(-1.0, 1.0, n)
    scale = 1.0 / np.sqrt(n)
    out = []
    for signal in (x[first:end], y[first:end]):
        centred = signal - signal.mean()
        out.append(np.fft.rfft((centred - t * (t @ centred) / (t @ t)) * window) * scale)
    return np.fft.rfftfreq(n, dt), out[0], out[1]


def _smooth(power: np.ndarray) -> np.ndarray:
    """A running mean over seven lines."""
    kernel = np.ones(min(7, len(power)))
    return np.convolve(power, kernel, mode="same") / np.convolve(
        np.ones(len(power)), kernel, mode="same"
    )
