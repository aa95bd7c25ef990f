"""What the worker process computes for Data and Prepare: how records fit together, spectra."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from heliid.events import Report, ShouldStop

if TYPE_CHECKING:
    from heliid.data.campaign import Campaign
    from heliid.data.doctor import Finding
    from heliid.data.prepare import RateChoice
    from heliid.data.record import FlightRecord

USABLE = 0.6  # coherence above which a frequency response is taken as true (Tischler and Remple)


@dataclass(frozen=True, eq=False)
class Pair:
    """One input and one output: ``frequency`` (F,) Hz, ``coherence`` (F,) 0 to 1."""

    input: str
    output: str
    frequency: np.ndarray
    coherence: np.ndarray

    @property
    def usable(self) -> tuple[float, float] | None:
        """(low, high) Hz of the widest band (in octaves) with a coherence above 0.6, or None."""
        good = np.concatenate([[False], self.coherence >= USABLE, [False]])
        edges = np.flatnonzero(np.diff(good.astype(int)))
        bands = list(zip(edges[::2], edges[1::2] - 1, strict=True))
        if not bands:
            return None
        low, high = max(bands, key=lambda b: self.frequency[b[1]] / self.frequency[b[0]])
        return float(self.frequency[low]), float(self.frequency[high])


@dataclass(frozen=True, eq=False)
class Insight:
    """What the training records say about rate and bandwidth; spectra are SI^2/Hz, (F,)."""

    rate: RateChoice | None
    sentence: str  # why there is no proposal
    frequency: np.ndarray
    spectra: dict[str, np.ndarray]
    pairs: tuple[Pair, ...]
    n_windows: int


def insight(
    records: tuple[FlightRecord, ...],
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    *,
    report: Report,
    should_stop: ShouldStop,
) -> Insight:
    """Proposed model rate with its reason, spectra and coherence of all records together."""
    from heliid.data.prepare import explain_rate
    from heliid.errors import HeliIDError

    del report, should_stop
    rate, why_not = None, ""
    try:
        rate = explain_rate(records, inputs, outputs)
    except HeliIDError as error:
        why_not = str(error)
    frequency, spectra, n_windows = _cross_spectra(records, (*inputs, *outputs))
    powers = np.real(np.einsum("fii->fi", spectra))
    strong = _where_there_is_power(powers[:, len(inputs) :])
    frequency, spectra = frequency[strong], spectra[strong]
    own = {name: np.real(spectra[:, k, k]) for k, name in enumerate((*inputs, *outputs))}
    pairs = []
    for i, one in enumerate(inputs):
        for j, other in enumerate(outputs, len(inputs)):
            product = np.real(spectra[:, i, i]) * np.real(spectra[:, j, j])
            squared = np.abs(spectra[:, i, j]) ** 2 / np.maximum(product, 1e-300)
            pairs.append(Pair(one, other, frequency, np.clip(squared, 0.0, 1.0)))
    return Insight(rate, why_not, frequency, own, tuple(pairs), n_windows)


POWER_FLOOR = 1e-6  # of an output's peak; below it, coherence is that of rounding and filters


def _where_there_is_power(powers: np.ndarray) -> slice:
    """From the first frequency to the last at which any output (F, ny) has power."""
    shares = powers / np.maximum(powers.max(axis=0), 1e-300)
    last = np.flatnonzero((shares > POWER_FLOOR).any(axis=1))
    return slice(0, int(last[-1]) + 1 if len(last) else len(powers))


def examine_together(
    campaign: Campaign, *, report: Report, should_stop: ShouldStop
) -> tuple[Finding, ...]:
    """What the data doctor says about how the records fit together: rates, range, answers."""
    from heliid.data.doctor.campaign import check_campaign

    del report, should_stop
    return tuple(check_campaign(campaign))


N_WINDOWS = 12  # parts of all records together: coherence of one window would be 1 everywhere


def _cross_spectra(
    records: tuple[FlightRecord, ...], names: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray, int]:
    """Frequencies (F,) Hz, one-sided cross-spectra (F, C, C) and the number of windows."""
    from scipy.signal import detrend
    from scipy.signal.windows import hann

    step = max(record.dt for record in records)
    shortest = min(record.duration for record in records) / step
    total = sum(record.duration for record in records) / step
    n = int(max(16, min(shortest, total * 2 / (N_WINDOWS + 1))))
    taper = hann(n, sym=False)
    found = np.zeros((n // 2 + 1, len(names), len(names)), dtype=complex)
    count = 0
    for record in records:
        uniform = np.arange(record.time[0], record.time[-1] + 0.5 * step, step)
        values = np.array([np.interp(uniform, record.time, record.column(c)) for c in names])
        for first in range(0, values.shape[1] - n + 1, max(1, n // 2)):
            window = np.fft.rfft(detrend(values[:, first : first + n]) * taper)
            found += np.einsum("if,jf->fij", window, window.conj())
            count += 1
    scale = 2.0 * step / np.sum(taper**2) / max(count, 1)
    return np.fft.rfftfreq(n, step)[1:], (found * scale)[1:], count
