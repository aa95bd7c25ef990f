"""From a record at its own rate to what the model sees: model rate, trim removed.

The model rate is usually far below the record's: the time span that a model's lags cover decides
its free run more than anything else, and a lower rate covers more time with fewer lags.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from heliid.data.record import FlightRecord
from heliid.errors import RecordError, SettingsError

UNIFORM_JITTER = 0.06  # of the step: time stamps rounded to 1 ms at 100 Hz are still uniform
GRID_SLIP = 0.02  # of the step: how far a sample taken by index may lie off the model's grid
SAME_RATE = 1e-5  # relative, no better than a clock: rates so near each other are the same rate
MIN_MODEL_SAMPLES = 10
FILTER_ORDER = 4  # Butterworth, run forwards and backwards: -6 dB at the cut-off, no phase
FILTER_SHARE = 0.4  # cut-off over model rate; 0.5 would be the Nyquist frequency
GAP_STEPS = 20  # median steps without a sample, above which a record must be cut
LEADS = (3.0, 2.0, 1.5, 1.0, 0.5)  # s, tried in this order by the automatic trim rule
STEADY = 0.15  # spread and drift over the lead, in standard deviations of the channel
SAME_TRIM = 1.0  # how far the leads of two records may lie apart, in standard deviations


@dataclass(frozen=True, eq=False)
class Prepared:
    """One record at model rate, SI, deviations from trim (not yet scaled); read-only arrays.

    ``u[k]`` is the input's mean over the step that ends at ``time[k]``; ``y[k]`` the (zero-phase
    filtered) output at ``time[k]``. Absolute value = deviation + trim.
    """

    name: str
    time: np.ndarray  # (N,) s, on the record's own axis, uniform
    u: np.ndarray  # (N, nu)
    y: np.ndarray  # (N, ny)
    u_trim: np.ndarray  # (nu,)
    y_trim: np.ndarray  # (ny,)

    def __post_init__(self) -> None:
        for name in ("time", "u", "y", "u_trim", "y_trim"):
            array = np.ascontiguousarray(getattr(self, name), dtype=np.float64)
            if array.flags.writeable:
                array = array.copy()
                array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def n_samples(self) -> int:
        """Number of samples N at model rate."""
        return int(self.time.shape[0])


def prepare(
    record: FlightRecord,
    inputs: Sequence[str],
    outputs: Sequence[str],
    *,
    dt: float,
    trim_rule: str = "none",
    filter_hz: float = 0.0,
) -> Prepared:
    """The record at sample time ``dt`` (s), trim removed by ``trim_rule`` (see NarxModel).

    Every raw input sample stands for the step that ends in it; ``u[k]`` is their mean over
    (time[k] - dt, time[k]]. Outputs pass a zero-phase Butterworth low-pass of order 4 (run both
    ways, -6 dB at ``filter_hz``; 0: none) at the record's rate and are then sampled at
    ``time[k]``. The first ``time[k]`` is the end of the first whole step.

    Raises
    ------
    RecordError
        A channel is missing or not finite, the record is slower than ``dt``, has a gap, or is
        shorter than 10 steps of ``dt``.
    """
    step = mean_step(record)
    u_raw, y_raw = record.columns(inputs), record.columns(outputs)
    _check(record, step, dt, u_raw, y_raw)
    n = int(np.floor((record.duration + step) / dt + GRID_SLIP))
    grid = record.time[0] - step + dt * np.arange(1, n + 1)
    every = round(dt / step)
    slip = abs(every * step - dt)
    if _is_regular(record) and (n * slip <= GRID_SLIP * step or slip <= SAME_RATE * dt):
        u = u_raw[: n * every].reshape(n, every, -1).mean(axis=1)
        y = _low_pass(y_raw, step, filter_hz)[every - 1 :: every][:n]
    else:
        u = _interval_means(record.time, u_raw, step, grid, dt)
        y = _sampled(record.time, y_raw, step, grid, filter_hz)
    u_trim, y_trim = _trim(record, trim_rule, inputs, outputs, grid, u, y)
    return Prepared(record.name, grid, u - u_trim, y - y_trim, u_trim, y_trim)


def choose_filter(records: Sequence[FlightRecord], dt: float) -> float:
    """The cut-off (Hz) to use at model step ``dt`` (s): 0.4 of the model rate, 0 at full rate."""
    fastest = min(mean_step(record) for record in records)
    return 0.0 if dt < 1.5 * fastest else FILTER_SHARE / dt


def mean_step(record: FlightRecord) -> float:
    """The sample time from the whole duration, s; the median when stamps have gaps."""
    if record.n_samples < 2:
        raise RecordError(f"Record '{record.name}' has fewer than two samples: leave it out.")
    mean = record.duration / (record.n_samples - 1)
    step = mean if abs(mean - record.dt) <= 0.05 * mean else record.dt
    return float(f"{step:.9g}")  # the same for a record and its copy shifted in time


def _is_regular(record: FlightRecord) -> bool:
    """True when all time stamps lie on one uniform grid, but for rounding."""
    step = mean_step(record)
    slip = np.abs(record.time - record.time[0] - step * np.arange(record.n_samples))
    return bool(np.max(slip) <= UNIFORM_JITTER * step)


def _check(
    record: FlightRecord, step: float, dt: float, u_raw: np.ndarray, y_raw: np.ndarray
) -> None:
    if not np.isfinite(dt) or dt <= 0.0:
        raise SettingsError(f"The model's sample time is {dt:g} s: choose a model rate above 0 Hz.")
    if dt < 0.99 * step:
        raise RecordError(
            f"Record '{record.name}' is sampled at {1 / step:.4g} Hz, slower than the model's "
            f"{1 / dt:.4g} Hz: choose a model rate of at most {1 / step:.4g} Hz."
        )
    if not (np.isfinite(u_raw).all() and np.isfinite(y_raw).all()):
        raise RecordError(
            f"Record '{record.name}' has missing or infinite values in a channel of the model: "
            f"fill the gaps or cut them out first."
        )
    gaps = np.diff(record.time)
    limit = max(GAP_STEPS * step, 2.0 * dt)
    if gaps.max(initial=0.0) > limit:
        at = record.time[int(np.argmax(gaps))]
        raise RecordError(
            f"Record '{record.name}' has no samples for {gaps.max():.2f} s after t = {at:.2f} s "
            f"(at most {limit:.2f} s can be bridged): split the record there."
        )
    if record.duration + step < MIN_MODEL_SAMPLES * dt:
        raise RecordError(
            f"Record '{record.name}' lasts {record.duration:.2f} s, at a model rate of "
            f"{1 / dt:.4g} Hz at least {MIN_MODEL_SAMPLES * dt:.2f} s are needed: choose a longer "
            f"record or a higher rate."
        )


def _low_pass(values: np.ndarray, step: float, cut_hz: float) -> np.ndarray:
    """Zero-phase low-pass along time; (N, n) at uniform ``step`` s."""
    if cut_hz <= 0.0 or cut_hz >= 0.49 / step:
        return values
    from scipy.signal import butter, sosfiltfilt

    sos = butter(FILTER_ORDER, cut_hz, fs=1.0 / step, output="sos")
    pad = min(values.shape[0] - 1, round(3.0 / (cut_hz * step)))
    return np.asarray(sosfiltfilt(sos, values, axis=0, padlen=pad))


def _interval_means(
    time: np.ndarray, values: np.ndarray, step: float, grid: np.ndarray, dt: float
) -> np.ndarray:
    """Means over (grid - dt, grid] of a signal that holds each sample over the step before it."""
    widths = np.diff(time, prepend=time[0] - step)
    edges = np.concatenate([[time[0] - step], time])
    means = np.empty((grid.shape[0], values.shape[1]))
    for i in range(values.shape[1]):
        offset = values[0, i]  # keeps the sums small next to a large constant value
        area = np.concatenate([[0.0], np.cumsum((values[:, i] - offset) * widths)])
        ends = np.interp(grid, edges, area)
        starts = np.interp(grid - dt, edges, area)
        means[:, i] = offset + (ends - starts) / dt
    return means


def _sampled(
    time: np.ndarray, values: np.ndarray, step: float, grid: np.ndarray, cut_hz: float
) -> np.ndarray:
    """Outputs at ``grid``: to a uniform axis, low-pass, then a monotone cubic in between."""
    from scipy.interpolate import PchipInterpolator

    n = round((time[-1] - time[0]) / step) + 1
    uniform = np.linspace(time[0], time[-1], n)
    smooth = _low_pass(PchipInterpolator(time, values)(uniform), uniform[1] - uniform[0], cut_hz)
    return np.asarray(PchipInterpolator(uniform, smooth)(np.clip(grid, time[0], time[-1])))


def lead_seconds(trim_rule: str) -> float:
    """T of ``"lead:T"`` in s, 0 for ``"none"``.

    Raises
    ------
    SettingsError
        The rule is neither.
    """
    if trim_rule == "none":
        return 0.0
    kind, _, text = trim_rule.partition(":")
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if kind != "lead" or not 0.0 < seconds < np.inf:
        raise SettingsError(
            f"The trim rule '{trim_rule}' is unknown: use 'none', 'auto', or 'lead:T' with T in "
            f"seconds, e.g. 'lead:1'."
        )
    return seconds


def _trim(
    record: FlightRecord,
    trim_rule: str,
    inputs: Sequence[str],
    outputs: Sequence[str],
    grid: np.ndarray,
    u: np.ndarray,
    y: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Trim of inputs and outputs, SI; one that was chosen for the record precedes the lead."""
    lead = lead_seconds(trim_rule)
    if lead == 0.0:
        return np.zeros(u.shape[1]), np.zeros(y.shape[1])
    if record.trim is not None:
        return (
            record.trim[[record.index(name) for name in inputs]],
            record.trim[[record.index(name) for name in outputs]],
        )
    n = max(1, int(np.searchsorted(grid, grid[0] + lead - 1e-9)))
    return u[:n].mean(axis=0), y[:n].mean(axis=0)


def resolve_trim_rule(
    records: Sequence[FlightRecord],
    inputs: Sequence[str],
    outputs: Sequence[str],
    rule: str = "auto",
) -> str:
    """The trim rule to store in the model: ``"none"`` or ``"lead:T"``.

    ``"auto"`` becomes the longest lead of 3 to 0.5 s over which every channel in use is steady
    in every record (a record with a chosen trim counts as steady) and near the same value in all:
    deviations from far-apart operating points do not belong in one model. Else ``"none"``. Any
    other rule is checked and comes back.
    """
    if rule != "auto":
        lead_seconds(rule)
        return rule
    names = (*inputs, *outputs)
    spread = np.max([record.columns(names).std(axis=0) for record in records], axis=0)
    for lead in LEADS:
        trims = [_steady_trim(record, names, lead, STEADY * spread) for record in records]
        found = [trim for trim in trims if trim is not None]
        if len(found) == len(records) and np.all(np.ptp(found, axis=0) <= SAME_TRIM * spread):
            return f"lead:{lead:g}"
    return "none"


def _steady_trim(
    record: FlightRecord, names: Sequence[str], seconds: float, allowed: np.ndarray
) -> np.ndarray | None:
    """The chosen trim, or the mean of the lead when it neither spreads nor drifts, else None."""
    if record.trim is not None:
        return record.trim[[record.index(name) for name in names]]
    n = int(np.searchsorted(record.time, record.time[0] + seconds))
    if n < 5 or n > 0.5 * record.n_samples:
        return None
    lead = record.columns(names)[:n]
    drift = np.abs(lead[n // 2 :].mean(axis=0) - lead[: n // 2].mean(axis=0))
    if np.any(lead.std(axis=0) > allowed) or np.any(drift > allowed):
        return None
    return lead.mean(axis=0)


@dataclass(frozen=True, slots=True)
class RateChoice:
    """A proposed model rate and the sentence that explains it."""

    hz: float
    why: str
    bandwidth_hz: float  # highest frequency at which an output still answers
    filter_hz: float  # cut-off of the outputs' zero-phase low-pass, 0 for none


RATE_FACTOR = 8.0  # model rate over bandwidth
LOWEST_RATE = 10.0  # Hz, for records that are faster than this
POWER_SHARE = 0.99  # of an output's variance above its noise floor, or coherent with the inputs
COHERENCE_WINDOWS = 12  # parts of all records together; each window is one such part long


def choose_rate(
    records: Sequence[FlightRecord], inputs: Sequence[str], outputs: Sequence[str]
) -> float:
    """The proposed model rate, Hz; see :func:`explain_rate`."""
    return explain_rate(records, inputs, outputs).hz


def explain_rate(
    records: Sequence[FlightRecord], inputs: Sequence[str], outputs: Sequence[str]
) -> RateChoice:
    """A model rate from the outputs' spectra, with its reason.

    Eight times the frequency below which each output has 99 % of its power above the noise
    floor or, where that is lower, 99 % of its power that is coherent with the inputs (vibration
    is not): at least 10 Hz, at most the slowest record's own rate, and a whole divisor of it.
    """
    if not records:
        raise RecordError("No record to propose a model rate from: choose a training record.")
    for record in records:
        for name in (*inputs, *outputs):
            record.index(name)
    steps = [mean_step(record) for record in records]
    own = 1.0 / max(steps)
    widest = np.max([_bandwidths(record, outputs) for record in records], axis=0)
    bandwidth = float(np.minimum(widest, _coherent_bandwidths(records, inputs, outputs)).max())
    wanted = max(RATE_FACTOR * bandwidth, LOWEST_RATE)
    every = max(1, int(np.floor(own / wanted + 0.1)))
    hz = own / every
    if min(steps) < 0.9999 * max(steps) or not all(_is_regular(record) for record in records):
        hz = min(own, float(round(hz)) if hz > 5.0 else hz)  # resampled anyway: take a round rate
    hz = _tidy(hz)
    cut = choose_filter(records, 1.0 / hz)
    if every == 1:
        why = (
            f"{hz:.4g} Hz, the records' own rate: the outputs answer up to about "
            f"{bandwidth:.2g} Hz, so no slower rate would do."
        )
        if own <= LOWEST_RATE:
            why = f"{hz:.4g} Hz, the records' own rate, which is already low."
    else:
        why = (
            f"{hz:.4g} Hz, about every {every}th sample of {own:.4g} Hz: the outputs answer up to "
            f"about {bandwidth:.2g} Hz, and at the lower rate few lags cover a long time; outputs "
            f"pass a zero-phase low-pass at {cut:.2g} Hz, inputs are averaged over each step."
        )
    return RateChoice(hz, why, float(bandwidth), cut)


def _tidy(hz: float) -> float:
    """The rate without the last digits' noise: a short number of Hz, or a short step in s."""
    for rounded in (float(f"{hz:.4g}"), 1.0 / float(f"{1.0 / hz:.4g}")):
        if abs(rounded - hz) < 1e-6 * hz:
            return rounded
    return hz


def _bandwidths(record: FlightRecord, outputs: Sequence[str]) -> np.ndarray:
    """Highest frequency (Hz) at which each output has power above its noise floor, (ny,)."""
    from scipy.signal import welch

    step = mean_step(record)
    uniform = record.time[0] + step * np.arange(record.n_samples)
    found = np.zeros(len(outputs))
    for j, name in enumerate(outputs):
        signal = np.interp(uniform, record.time, record.column(name))
        length = min(record.n_samples, max(64, int(20.0 / step)))
        f, power = welch(signal, 1.0 / step, nperseg=length, detrend="linear")
        floor = np.median(power[2 * power.shape[0] // 3 :])
        found[j] = _share_below(f, np.maximum(power - 3.0 * floor, 0.0))
    return found


def _share_below(f: np.ndarray, power: np.ndarray) -> float:
    """Frequency below which POWER_SHARE of the power lies, 0 when there is none."""
    total = np.cumsum(power)
    if not total[-1] > 0.0:
        return 0.0
    return float(f[min(np.searchsorted(total, POWER_SHARE * total[-1]), len(f) - 1)])


def _coherent_bandwidths(
    records: Sequence[FlightRecord], inputs: Sequence[str], outputs: Sequence[str]
) -> np.ndarray:
    """Highest frequency (Hz) at which each output follows the inputs, (ny,); inf if unknown.

    From the multiple coherence of all records together, less its bias (inputs / windows) where
    nothing is coherent.
    """
    step = max(mean_step(record) for record in records)
    total = sum(record.duration for record in records) / step
    shortest = min(record.duration for record in records) / step
    n, n_u = int(min(shortest, max(64, total // COHERENCE_WINDOWS))), len(inputs)
    unknown = np.full(len(outputs), np.inf)
    if n < 32:
        return unknown
    spectra, n_windows = _cross_spectra(records, (*inputs, *outputs), step, n)
    bias = n_u / n_windows
    if bias > 0.5:
        return unknown
    among = spectra[:, :n_u, :n_u]
    power = np.maximum(np.real(np.einsum("fii->fi", among)).max(axis=0), 1e-300)
    f = np.fft.rfftfreq(n, step)
    found = unknown
    for j in range(len(outputs)):
        cross, own = spectra[:, :n_u, n_u + j], np.real(spectra[:, n_u + j, n_u + j])
        weights = np.linalg.solve(among + 1e-9 * np.diag(power), cross[..., None])[..., 0]
        answer = np.real(np.einsum("fi,fi->f", cross.conj(), weights))
        coherent = own * np.clip((answer / np.maximum(own, 1e-300) - bias) / (1.0 - bias), 0.0, 1.0)
        found[j] = _share_below(f, coherent) or np.inf
    return found


def _cross_spectra(
    records: Sequence[FlightRecord], names: Sequence[str], step: float, n: int
) -> tuple[np.ndarray, float]:
    """Mean cross-spectra (f, channels, channels) over half-overlapping windows of ``n`` samples.

    Also how many independent windows they are worth (9/11 of a Hann window's; Welch 1967).
    """
    from scipy.signal import detrend
    from scipy.signal.windows import hann

    taper, found, count = hann(n, sym=False), 0.0, 0
    for record in records:
        uniform = np.arange(record.time[0], record.time[-1] + 0.5 * step, step)
        values = np.array([np.interp(uniform, record.time, record.column(c)) for c in names])
        for first in range(0, values.shape[1] - n + 1, n // 2):
            window = np.fft.rfft(detrend(values[:, first : first + n]) * taper)
            found = found + np.einsum("if,jf->fij", window, window.conj())
            count += 1
    return np.asarray(found) / max(count, 1), 9.0 / 11.0 * max(count, 1)
