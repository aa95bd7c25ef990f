"""Records and models that several judgement tests share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from heliid.data.campaign import Use
from heliid.data.csvfile import read_csv
from heliid.data.prepare import choose_filter, prepare
from heliid.data.record import FlightRecord
from heliid.data.scaling import make_envelope, scaling_from
from heliid.model.network import NarxModel
from heliid.model.structure import Structure
from heliid.training import TrainingSettings, make_dataset, train
from heliid.validation import record_facts

TRUTH = Path(__file__).parents[2] / "data" / "truth"
INPUTS = ("delta_lon", "delta_col")
OUTPUTS = ("u", "w", "q", "theta")


@lru_cache
def truth_record(name: str) -> FlightRecord:
    """One shipped record of the synthetic helicopter."""
    return read_csv(TRUTH / f"{name}.csv")


TRAIN = ("train_1_3211_lon", "train_2_sweep_lon", "train_3_3211_col", "train_4_3211_lon_reversed")
VALIDATE = ("validate_1_stairs", "validate_2_sines")
TEST = ("test_1_large_2112", "test_2_large_pulses")


def fit_model(
    records: Sequence[FlightRecord],
    inputs: Sequence[str],
    outputs: Sequence[str],
    structure: Structure,
    *,
    dt: float = 0.1,
    trim_rule: str = "lead:1",
    table: int = 0,
    settings: TrainingSettings | None = None,
) -> NarxModel:
    """A trained model with envelope and provenance, as a study makes them."""
    filter_hz = choose_filter(records, dt)
    prepared = [
        prepare(r, inputs, outputs, dt=dt, trim_rule=trim_rule, filter_hz=filter_hz)
        for r in records
    ]
    scaling = scaling_from(prepared)
    dataset = make_dataset(prepared, scaling, structure.memory)
    fit = train(structure, dataset, settings or TrainingSettings(), table)
    return NarxModel(
        structure=structure,
        weights=fit.weights,
        scaling=scaling,
        dt=dt,
        inputs=tuple(records[0].channel(name) for name in inputs),
        outputs=tuple(records[0].channel(name) for name in outputs),
        trim_rule=trim_rule,
        filter_hz=filter_hz,
        envelope=make_envelope(prepared),
        provenance={"records": [record_facts(r, Use.TRAIN) for r in records]},
    )


def order(n_u: int, n_y: int, na: int, nb: int, nk: int = 0, hidden: int = 0) -> Structure:
    """Equal orders for all channels."""
    return Structure((tuple(range(1, na + 1)),) * n_y, (tuple(range(nk, nk + nb)),) * n_u, hidden)


@lru_cache
def truth_model(hidden: int = 2, table: int = 0) -> NarxModel:
    """A good model of the synthetic helicopter (h = 0: the linear one), trained in a second."""
    records = [truth_record(name) for name in TRAIN]
    kinematics = TrainingSettings(kinematics=((3, 2),))
    structure = order(2, 4, 1, 4, hidden=hidden)
    return fit_model(records, INPUTS, OUTPUTS, structure, table=table, settings=kinematics)


def rms(values: np.ndarray) -> float:
    """Root mean square over everything."""
    return float(np.sqrt(np.mean(np.square(values))))
