"""What a study stands on: the records as the model will see them, and how orders are scored."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from heliid.channels import find_kind
from heliid.data.campaign import Campaign, Use, check_campaign, split_for_validation
from heliid.data.prepare import (
    Prepared,
    choose_filter,
    explain_rate,
    lead_seconds,
    mean_step,
    prepare,
    resolve_trim_rule,
)
from heliid.data.record import Channel, FlightRecord
from heliid.data.scaling import Scaling, make_envelope, scaling_from
from heliid.errors import SettingsError
from heliid.model.network import NarxModel, Weights
from heliid.model.simulate import Response, run_prepared
from heliid.model.structure import Structure
from heliid.search.encoding import Encoding
from heliid.study.config import StudyConfig
from heliid.study.rate import judged_rate
from heliid.training import Dataset, TrainingSettings, make_dataset
from heliid.training.folds import folds_of
from heliid.training.scoring import FitnessSettings, time_scale

WINDOWS_S = (2.0, 5.0, 10.0, 0.0)  # of the cost; 0 is the whole record
START_SHARE = 4  # at most 1/4 of the shortest validation record is left out of the score
N_FOLDS = 3  # of a short recording that both trains and validates
RIDGES = (5.0, 30.0)  # tried in every fold of such a recording
OWN_RATE = 1e-4  # relative: a wanted rate so near the records' own, or a divisor, means that
FEW_SAMPLES = 200  # independent samples: below, one piece of a flight is a poor judge
PAIRS = (("theta", "q"), ("phi", "p"))  # an attitude and the rate that it integrates


FOLDS_USED = (
    f"Training and validation are pieces of the same short recording, so orders are judged by "
    f"cross-validation over both: {N_FOLDS} parts validate in turn what the others train. The "
    f"cost is theirs and belongs to the order, not to the weights of one model."
)


@dataclass(frozen=True, eq=False)
class Ground:
    """The prepared campaign of one study; ``campaign`` has validation records in any case."""

    campaign: Campaign
    inputs: tuple[Channel, ...]
    outputs: tuple[Channel, ...]
    dt: float
    trim_rule: str
    filter_hz: float
    scaling: Scaling
    envelope: np.ndarray  # (nu + ny, 2), SI
    prepared: dict[Use, tuple[Prepared, ...]]  # train and validate
    train: Dataset
    validate: Dataset
    encoding: Encoding
    settings: FitnessSettings
    bandwidth_hz: float
    notices: tuple[str, ...]

    def model(self, structure: Structure, weights: Weights) -> NarxModel:
        """The trained structure as a model, still without provenance and scores."""
        return NarxModel(
            structure=structure,
            weights=weights,
            scaling=self.scaling,
            dt=self.dt,
            inputs=self.inputs,
            outputs=self.outputs,
            trim_rule=self.trim_rule,
            filter_hz=self.filter_hz,
            envelope=self.envelope,
        )

    def responses(self, model: NarxModel) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Time, measured and free run of every validation and training record, SI."""
        runs = [
            self.run(model, one) for use in (Use.VALIDATE, Use.TRAIN) for one in self.prepared[use]
        ]
        return {run.name: (run.time, run.measured, run.simulated) for run in runs}

    def run(self, model: NarxModel, prepared: Prepared) -> Response:
        """The free run of a model on one of the study's own prepared records."""
        return run_prepared(model, prepared)

    def with_windows(self, windows_s: tuple[float, ...]) -> Ground:
        """The same ground, orders scored over these windows."""
        return replace(self, settings=replace(self.settings, windows_s=windows_s))

    def reach(self) -> tuple[int, int]:
        """The biggest output and input lag of the box."""
        structure = self.encoding.structure(self.encoding.bounds.high.astype(int).tolist())
        return (
            max(max(lags, default=1) for lags in structure.output_lags),
            max(max(lags, default=0) for lags in structure.input_lags),
        )


def make_ground(campaign: Campaign, config: StudyConfig, rate_hz: float = 0.0) -> Ground:
    """Everything that is settled before the first training; test records are not looked at.

    ``rate_hz`` goes before the configuration's rate (a refit at another rate). With neither, the
    rate is proposed from the spectra and, when that is high, judged on validation.

    Raises
    ------
    CampaignError, RecordError, SettingsError
        The records, channels and settings do not fit together; one sentence.
    """
    first = _ground_at(campaign, config, rate_hz or config.rate_hz)
    if rate_hz or config.rate_hz:
        return first
    ground, why = judged_rate(lambda hz: _ground_at(campaign, config, hz), first)
    return replace(ground, notices=(*first.notices, why)) if why else ground


def _ground_at(campaign: Campaign, config: StudyConfig, rate_hz: float) -> Ground:
    """The ground at one model rate, Hz; 0: as proposed from the spectra."""
    checked = check_campaign(campaign)
    full, notice = _with_validation(checked, config)
    notices = [notice] if notice else []
    train, validate = full.with_use(Use.TRAIN), full.with_use(Use.VALIDATE)
    rate, bandwidth, why = _rate(train, full, rate_hz)
    notices += [why] if why else []
    dt = 1.0 / rate
    rule = resolve_trim_rule((*train, *validate), full.inputs, full.outputs, config.trim_rule)
    filter_hz = choose_filter(train, dt)
    prepared = {
        use: tuple(
            prepare(r, full.inputs, full.outputs, dt=dt, trim_rule=rule, filter_hz=filter_hz)
            for r in full.with_use(use)
        )
        for use in (Use.TRAIN, Use.VALIDATE)
    }
    scaling = scaling_from(prepared[Use.TRAIN])
    outputs = tuple(train[0].channel(name) for name in full.outputs)
    pairs = _kinematic_pairs(outputs) if config.kinematics else ()
    encoding = Encoding(
        config.box, len(full.inputs), len(full.outputs), integrals=[a for a, _ in pairs]
    )
    ground = Ground(
        campaign=full,
        inputs=tuple(train[0].channel(name) for name in full.inputs),
        outputs=outputs,
        dt=dt,
        trim_rule=rule,
        filter_hz=filter_hz,
        scaling=scaling,
        envelope=make_envelope(prepared[Use.TRAIN]),
        prepared=prepared,
        train=make_dataset(prepared[Use.TRAIN], scaling),
        validate=make_dataset(prepared[Use.VALIDATE], scaling),
        encoding=encoding,
        settings=FitnessSettings(),
        bandwidth_hz=bandwidth,
        notices=tuple(notices),
    )
    settings = _fitness_settings(ground, config)
    if _is_one_short_flight(full, ground, settings):
        settings = replace(settings, n_folds=N_FOLDS, ridges=RIDGES)
        ground = replace(ground, notices=(*ground.notices, FOLDS_USED))
    return replace(ground, settings=settings)


def _is_one_short_flight(campaign: Campaign, ground: Ground, settings: FitnessSettings) -> bool:
    """True when validation is a short piece of the very files that train."""
    train = {record.source.sha256 for record in campaign.with_use(Use.TRAIN)}
    validate = {record.source.sha256 for record in campaign.with_use(Use.VALIDATE)}
    seconds = ground.validate.n_samples * ground.dt
    is_few = 2.0 * settings.bandwidth_hz * seconds < FEW_SAMPLES
    folds = folds_of(ground.train, ground.validate, replace(settings, n_folds=N_FOLDS))
    return is_few and "" not in validate and validate <= train and len(folds) == N_FOLDS


def _with_validation(campaign: Campaign, config: StudyConfig) -> tuple[Campaign, str]:
    """Validation records cut from the training records when there are none.

    A piece from the middle of a manoeuvre does not begin at trim, so each record's own trim is
    settled before it is cut.
    """
    if campaign.with_use(Use.VALIDATE):
        return campaign, ""
    train = campaign.with_use(Use.TRAIN)
    rule = resolve_trim_rule(train, campaign.inputs, campaign.outputs, config.trim_rule)
    lead = lead_seconds(rule)
    if lead > 0.0:
        records = tuple(
            _with_trim(r, lead) if u is Use.TRAIN else r
            for r, u in zip(campaign.records, campaign.uses, strict=True)
        )
        campaign = replace(campaign, records=records)
    return split_for_validation(campaign)


def _with_trim(record: FlightRecord, lead_s: float) -> FlightRecord:
    if record.trim is not None:
        return record
    n = max(1, int(np.searchsorted(record.time, record.time[0] + lead_s)))
    return replace(record, trim=record.values[:n].mean(axis=0))


def _rate(
    train: tuple[FlightRecord, ...], campaign: Campaign, wanted_hz: float
) -> tuple[float, float, str]:
    """Model rate (Hz), bandwidth of the outputs (Hz), and why this rate (empty when given)."""
    choice = explain_rate(train, campaign.inputs, campaign.outputs)
    if wanted_hz <= 0.0:
        return choice.hz, choice.bandwidth_hz, f"Model rate {choice.why}"
    slowest = max(train, key=lambda record: record.dt)
    if wanted_hz > 1.01 / slowest.dt:
        raise SettingsError(
            f"The model rate {wanted_hz:g} Hz is above that of record '{slowest.name}', which has "
            f"{1 / slowest.dt:.4g} Hz: choose at most that."
        )
    return _whole_divisor(wanted_hz, slowest), choice.bandwidth_hz, ""


def _whole_divisor(wanted_hz: float, record: FlightRecord) -> float:
    """The record's own rate, or a whole divisor of it, when ``wanted_hz`` means that.

    A rate typed with five digits would else make every sample an interpolation: on 100 000
    samples at 610.35 instead of 610.352 Hz the grids part by a third of a sample.
    """
    own = 1.0 / mean_step(record)
    every = max(1, round(own / wanted_hz))
    near = own / every
    return near if abs(near / wanted_hz - 1.0) <= OWN_RATE else wanted_hz


def _fitness_settings(ground: Ground, config: StudyConfig) -> FitnessSettings:
    shortest = min(one.n_samples for one in ground.prepared[Use.VALIDATE])
    reach = max(ground.reach())
    nyquist = 0.5 / ground.dt
    settings = FitnessSettings(
        training=TrainingSettings(
            kinematics=_kinematic_pairs(ground.outputs) if config.kinematics else (),
            trainer=config.trainer,
            risk_weight=config.risk_weight,
            risk_alpha=config.risk_alpha,
        ),
        windows_s=WINDOWS_S,
        bandwidth_hz=float(np.clip(ground.bandwidth_hz, min(0.1, 0.5 * nyquist), nyquist)),
        n_start=min(reach, shortest // START_SHARE),
        n_tables=config.n_tables,
        risk_weight=config.risk_weight,
        risk_alpha=config.risk_alpha,
    ).on_time_scale(time_scale(ground.bandwidth_hz))
    windows = tuple(w for w in settings.windows_s if w < shortest * ground.dt)
    return replace(settings, windows_s=windows)


def _kinematic_pairs(outputs: tuple[Channel, ...]) -> tuple[tuple[int, int], ...]:
    """Indices (attitude, rate) of outputs of which one surely integrates the other."""
    kinds = []
    for channel in outputs:
        kind = find_kind(channel.name)
        kinds.append(kind.symbol if kind and kind.si == channel.si else "")
    return tuple(
        (kinds.index(attitude), kinds.index(rate))
        for attitude, rate in PAIRS
        if attitude in kinds and rate in kinds
    )
