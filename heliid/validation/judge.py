"""Judge a model on records: every measure of ``docs/measures.md``, computed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from heliid import metrics
from heliid.data.prepare import Prepared
from heliid.data.record import Channel, FlightRecord
from heliid.envelope import check_prepared
from heliid.errors import RecordError, SettingsError
from heliid.events import ShouldStop, never
from heliid.model.network import NarxModel
from heliid.model.simulate import Response, prepare_for, run_prepared
from heliid.units import unit_or_free
from heliid.validation.bands import TestCase, judge_bands
from heliid.validation.evidence import unseen_by, was_trained_on
from heliid.validation.explain import explain_error
from heliid.validation.frequency import FrequencyComparison, Signals, compare_responses
from heliid.validation.manoeuvre import Event, describe, find_events, overruled
from heliid.validation.report import (
    ALL,
    ONE_STEP,
    Growth,
    RecordJudgement,
    Score,
    TheilParts,
    ValidationReport,
)
from heliid.validation.residuals import examine_residuals
from heliid.validation.thresholds import DEFAULT, Thresholds

WINDOWS: tuple[float | str, ...] = (1, 2, 5, 10, ALL)
GROWTH_S = 10.0  # s, how far the error growth looks
N_RESTARTS = 40  # at most, spread evenly over the record


def judge(
    model: NarxModel,
    records: Sequence[FlightRecord],
    *,
    windows: Sequence[float | str] = WINDOWS,
    linear: NarxModel | None = None,
    thresholds: Thresholds = DEFAULT,
    also: Sequence[NarxModel] = (),
    manoeuvres: Mapping[str, str] | None = None,
    should_stop: ShouldStop = never,
) -> ValidationReport:
    """All measures of ``model`` on ``records``, with the best linear model beside it.

    ``windows`` are seconds between restarts from data, or ``"all"``. Every score skips the same
    first seconds, the longest past that ``model``, ``linear`` or any model of ``also`` needs, so
    that reports made with the same set can be compared. A model that was trained on its validation
    records in the end is judged on those as it was before. ``manoeuvres``: what the user says was
    flown, by record name, where the suggestion read off the inputs is wrong.

    Raises
    ------
    RecordError
        No record, a channel is missing, or a record is not longer than what is skipped.
    SettingsError
        A window is not a positive time or ``"all"``, or there is no such manoeuvre.
    """
    if not records:
        raise RecordError("There is no record to judge the model on: add at least one.")
    names = _window_names(windows)
    models = [model, *([linear] if linear else []), *also]
    start_s = max(one.structure.n_start * one.dt for one in models)
    said = dict(manoeuvres or {})
    report = _judge_one(model, records, names, start_s, thresholds, said, should_stop)
    if linear is None:
        return report
    beside = _judge_one(linear, records, names, start_s, thresholds, said, should_stop)
    return replace(report, linear=beside)


def _window_names(windows: Sequence[float | str]) -> dict[str, float]:
    """Window names and their seconds, 0 for the whole record."""
    found: dict[str, float] = {}
    for one in windows:
        try:
            seconds = 0.0 if one == ALL else float(one)
        except ValueError:
            seconds = -1.0
        if not (one == ALL or 0.0 < seconds < np.inf):
            raise SettingsError(f"The window '{one}' is not a time above 0 s or '{ALL}'.")
        found[ALL if one == ALL else f"{seconds:g}"] = seconds
    return found


def _judge_one(
    model: NarxModel,
    records: Sequence[FlightRecord],
    windows: dict[str, float],
    start_s: float,
    thresholds: Thresholds,
    manoeuvres: Mapping[str, str],
    should_stop: ShouldStop,
) -> ValidationReport:
    judged, scores, one_step = [], [], []
    for record in records:
        if should_stop():
            break
        unseen = unseen_by(model, record)
        prepared = prepare_for(model, record)
        first = int(np.ceil(start_s / model.dt - 1e-9))
        if prepared.n_samples <= first + 2:
            raise RecordError(
                f"Record '{record.name}' lasts {prepared.n_samples * model.dt:.2f} s, and the "
                f"first {start_s:.2f} s are not scored: choose a longer record."
            )
        base = reference_level(prepared, record, model)
        free = run_prepared(unseen, prepared)
        for name, seconds in windows.items():
            n = max(1, round(seconds / model.dt)) if seconds else 0
            run = run_prepared(unseen, prepared, n) if seconds else free
            scores += score_response(run, name, first, base)
        ahead = run_prepared(unseen, prepared, 1)
        one_step += score_response(ahead, ONE_STEP, first, base)
        events = find_events(free.u, _inputs(model), model.scaling.input_std, model.dt)
        events = overruled(events, manoeuvres.get(record.name, ""))
        judged.append(
            _judge_record(unseen, record, prepared, free, ahead, first, base, events, thresholds)
        )
    return ValidationReport(
        outputs=tuple(c.name for c in model.outputs),
        inputs=_inputs(model),
        windows=tuple(windows),
        dt=model.dt,
        start_s=start_s,
        n_parameters=model.structure.n_parameters,
        n_hidden=model.structure.n_hidden,
        scores=tuple(scores),
        one_step=tuple(one_step),
        records=tuple(judged),
        frequency=_frequency(model, judged, thresholds),
        thresholds=thresholds,
    )


def _inputs(model: NarxModel) -> tuple[str, ...]:
    return tuple(channel.name for channel in model.inputs)


def reference_level(prepared: Prepared, record: FlightRecord, model: NarxModel) -> np.ndarray:
    """The outputs (ny,) that deviations are counted from, absolute SI.

    The trim that the model takes out of the record; without one the record's chosen trim; without
    that the first half second of the measurement.
    """
    if model.trim_rule != "none":
        return prepared.y_trim
    if record.trim is not None:
        return record.trim[[record.index(channel.name) for channel in model.outputs]]
    n = max(1, round(0.5 / model.dt))
    return np.asarray(prepared.y[:n].mean(axis=0) + prepared.y_trim)


def score_response(response: Response, window: str, first: int, base: np.ndarray) -> list[Score]:
    """One ``Score`` per output from sample ``first`` on; Theil's U without ``base`` (ny,)."""
    z, y = response.measured[first:], response.simulated[first:]
    parts = metrics.theil(z - base, y - base)
    rmse, worst = metrics.rmse(z, y), metrics.max_error(z, y)
    nrmse, fit, vaf = metrics.nrmse(z, y), metrics.fit_percent(z, y), metrics.vaf(z, y)
    outside = float(np.mean(response.outside[first:]))
    return [
        Score(
            record=response.name,
            output=channel.name,
            window=window,
            unit=channel.unit,
            si=channel.si,
            n_samples=len(z),
            rmse=_in_file_unit(channel, float(rmse[j])),
            rmse_si=float(rmse[j]),
            nrmse=float(nrmse[j]),
            fit=float(fit[j]),
            vaf=float(vaf[j]),
            max_error=_in_file_unit(channel, float(worst[j])),
            max_error_si=float(worst[j]),
            theil=TheilParts(
                float(parts.u[j]),
                float(parts.bias[j]),
                float(parts.variance[j]),
                float(parts.covariance[j]),
            ),
            diverged_at=response.diverged_at,
            outside_envelope=outside,
        )
        for j, channel in enumerate(response.channels)
    ]


def _in_file_unit(channel: Channel, difference: float) -> float:
    """A difference in SI as one in the channel's file unit (no offset)."""
    unit = unit_or_free(channel.unit)
    return difference / unit.factor if unit.si == channel.si else difference


def _judge_record(
    model: NarxModel,
    record: FlightRecord,
    prepared: Prepared,
    free: Response,
    ahead: Response,
    first: int,
    base: np.ndarray,
    events: Sequence[Event],
    thresholds: Thresholds,
) -> RecordJudgement:
    names = tuple(channel.name for channel in model.outputs)
    inputs = _inputs(model)
    z, y = free.measured[first:], free.simulated[first:]
    return RecordJudgement(
        record=record.name,
        outputs=names,
        units=tuple(channel.unit for channel in model.outputs),
        duration=float(free.time[-1] - free.time[0]),
        manoeuvre=describe(events),
        time=free.time,
        measured=free.measured,
        simulated=free.simulated,
        u=free.u,
        envelope=check_prepared(model, prepared),
        scored_from=first,
        diverged_at=free.diverged_at,
        j_rms=metrics.j_rms(z, y, [channel.si for channel in model.outputs]),
        growth=error_growth(model, prepared),
        error_kind=None
        if free.diverged_at is not None
        else explain_error(record.name, names, z - base, y - base, model.dt),
        cases=_cases(model, record, prepared, events, thresholds),
        residual_tests=tuple(
            examine_residuals(
                record.name, c.name, c.si, ahead.residual[first:, j], inputs, ahead.u[first:],
                model.dt,
            )
            for j, c in enumerate(model.outputs)
        ),
        trained_on=was_trained_on(model, record),
    )  # fmt: skip


def cut(prepared: Prepared, first: int, last: int) -> Prepared:
    """Samples ``first`` to ``last`` (exclusive), with the trim of the whole record."""
    part = slice(first, last)
    return replace(prepared, time=prepared.time[part], u=prepared.u[part], y=prepared.y[part])


def _cases(
    model: NarxModel,
    record: FlightRecord,
    prepared: Prepared,
    events: Sequence[Event],
    thresholds: Thresholds,
) -> tuple[TestCase, ...]:
    n_start = model.structure.n_start

    def restart(first: int, end: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        run = run_prepared(model, cut(prepared, first - n_start, end))
        return run.time[n_start:], run.measured[n_start:], run.simulated[n_start:]

    return judge_bands(
        record.name, events, model.outputs, restart, n_start, prepared.n_samples, model.dt,
        thresholds,
    )  # fmt: skip


def error_growth(model: NarxModel, prepared: Prepared) -> Growth:
    """Rms error by time since a restart from data, over up to 40 overlapping restarts."""
    n_start, n = model.structure.n_start, prepared.n_samples
    reach = min(round(GROWTH_S / model.dt), (n - n_start) // 2)
    if reach < 1:
        return Growth(np.zeros(0), np.zeros((0, len(model.outputs))), 0)
    starts = np.unique(np.linspace(n_start, n - reach, N_RESTARTS).round().astype(int))
    total = np.zeros((reach, len(model.outputs)))
    for start in starts:
        run = run_prepared(model, cut(prepared, start - n_start, start + reach))
        total += np.square(run.residual[n_start:])
    spread = np.std(prepared.y, axis=0)
    rms = np.sqrt(total / len(starts))
    nrmse = np.divide(rms, spread, out=np.full_like(rms, np.nan), where=spread > 0.0)
    return Growth(model.dt * np.arange(1, reach + 1), nrmse, len(starts))


def _frequency(
    model: NarxModel, judged: Sequence[RecordJudgement], thresholds: Thresholds
) -> FrequencyComparison:
    usable = [
        Signals(r.u[r.scored_from :], r.measured[r.scored_from :], r.simulated[r.scored_from :])
        for r in judged
        if r.diverged_at is None
    ]
    if not usable:
        nothing = float("nan")
        return FrequencyComparison((), 0.0, 0, nothing, nothing, "Every free run diverged.")
    return compare_responses(
        usable,
        tuple(c.name for c in model.inputs),
        tuple(c.name for c in model.outputs),
        model.dt,
        thresholds=thresholds,
    )
