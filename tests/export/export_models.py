"""Random models with all that can go wrong in an export: odd names, spacing, dead time, memory."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from heliid.data.csvfile import read_csv
from heliid.data.prepare import Prepared
from heliid.data.record import Channel, FlightRecord, split_in_time
from heliid.data.scaling import Scaling
from heliid.export.model_files import load_model
from heliid.export.portable import Portable
from heliid.export.runners import Case
from heliid.export.self_check import N_SAMPLES, make_self_check
from heliid.export.verify import prepared_case
from heliid.model.network import NarxModel, Weights
from heliid.model.structure import Structure

SEEDS = tuple(range(20))
# fmt: off
_NAMES = (
    "q", "theta", "u_body", "double", "int", "for", "class", "end", "1st stick", "a b", "a_b",
    "θ nick", "p/100 %", "=cmd|'/C calc'!A0", "-u", 'say "hi"', "back\\slash", "y", "u", "state",
    "*/ break", "??/", "%d%s%n", "<b>&amp;", "step", "time", "i", "NaN", "' OR 1", "{x}", "lambda",
    "Ж", "_", "__init__", "nan(0)", "dt", "heliid", "N", "printf",
)
# fmt: on
_UNITS = ("deg", "deg/s", "%", "m/s", "ft/s", "kt", "rad", "rad/s", "g", "V", "furlong")


@cache
def random_model(seed: int) -> NarxModel:
    """A stable model with 1-4 inputs and outputs, 0-12 hidden units, general lags."""
    for attempt in range(50):
        model = _draw(np.random.default_rng([seed, attempt]), seed)
        if len(make_self_check(model).u) == model.structure.n_start + N_SAMPLES:
            return model
    raise AssertionError(f"no stable model for seed {seed}")


def _draw(rng: np.random.Generator, seed: int) -> NarxModel:
    n_in, n_out = int(rng.integers(1, 5)), int(rng.integers(1, 5))
    structure = _structure(rng, n_in, n_out, n_hidden=seed % 13)
    n, h = structure.n_phi, structure.n_hidden
    linear = rng.normal(0.0, 0.25, (n_out, n)) / np.sqrt(n)
    for row, (j, lag) in zip(linear.T, structure.taps()[0], strict=False):
        if lag == 1:
            row[int(j)] -= 0.4  # pulls each output back, so that the free run is stable
    weights = Weights(
        w_hid=rng.normal(0.0, 1.0, (h, n)) / np.sqrt(n),
        b_hid=rng.normal(0.0, 0.5, h),
        w_out=rng.normal(0.0, 0.5, (n_out, h)) / np.sqrt(h + 1),
        linear=linear,
        bias=rng.normal(0.0, 0.02, n_out),
    )
    input_std, output_std = 10.0 ** rng.uniform(-3, 2, n_in), 10.0 ** rng.uniform(-3, 2, n_out)
    scaling = Scaling(
        input_mean=rng.normal(0.0, 5.0, n_in) * input_std,
        input_std=input_std,
        output_mean=rng.normal(0.0, 5.0, n_out) * output_std,
        output_std=output_std,
        increment_std=10.0 ** rng.uniform(-1.5, 0, n_out),
    )
    names = rng.permutation(_NAMES)[: n_in + n_out].tolist()
    units = rng.choice(_UNITS, n_in + n_out).tolist()
    channels = [Channel.of(name, unit) for name, unit in zip(names, units, strict=True)]
    middle = np.concatenate([scaling.input_mean, scaling.output_mean])
    half = 2.0 * np.concatenate([scaling.input_std, scaling.output_std])
    return NarxModel(
        structure=structure,
        weights=weights,
        scaling=scaling,
        dt=float(rng.choice([0.02, 0.04, 0.1, 1 / 30])),
        inputs=tuple(channels[:n_in]),
        outputs=tuple(channels[n_in:]),
        trim_rule=str(rng.choice(["none", "lead:1.5"])),
        filter_hz=float(rng.choice([0.0, 2.5])),
        envelope=np.stack([middle - half, middle + half], axis=1),
        provenance={"records": [{"name": "run */ 1", "sha256": "0" * 64}], "seed": seed},
        scores={"validate": {"nrmse": 0.1}},
    )


def _structure(rng: np.random.Generator, n_in: int, n_out: int, n_hidden: int) -> Structure:
    output_lags = []
    for _ in range(n_out):
        spacing = int(rng.integers(1, 4))
        output_lags.append(tuple(1 + spacing * i for i in range(int(rng.integers(1, 4)))))
    memory = tuple(
        (int(rng.integers(0, n_in)), float(rng.uniform(0.05, 0.9)))
        for _ in range(int(rng.integers(0, 3)))
    )
    input_lags = []
    for _ in range(n_in + len(memory)):
        dead, spacing = int(rng.integers(0, 4)), int(rng.integers(1, 4))
        input_lags.append(tuple(dead + spacing * i for i in range(int(rng.integers(0, 4)))))
    return Structure(tuple(output_lags), tuple(input_lags), n_hidden, memory)


def app_case(portable: Portable, seed: int = 0, n: int = 250) -> Case:
    """The app's own free run on random inputs, at a trim of its own where the model has one."""
    model, rng = portable.model, np.random.default_rng([99, seed])
    scaling = model.scaling
    n_in, n_out = len(model.inputs), len(model.outputs)
    u = np.cumsum(rng.normal(0.0, 0.3, (n, n_in)), axis=0)
    u = np.clip(u - u.mean(axis=0), -2.0, 2.0) * scaling.input_std + scaling.input_mean
    y = rng.normal(0.0, 0.5, (n, n_out)) * scaling.output_std + scaling.output_mean
    has_trim = model.trim_rule != "none"
    prepared = Prepared(
        name="random",
        time=np.arange(n) * model.dt,
        u=u,
        y=y,
        u_trim=rng.normal(0.0, 3.0, n_in) * scaling.input_std * has_trim,
        y_trim=rng.normal(0.0, 3.0, n_out) * scaling.output_std * has_trim,
    )
    return prepared_case(portable, prepared)


def worst_error(portable: Portable, case: Case, result: np.ndarray) -> float:
    """The largest difference in standard deviations of the training outputs."""
    return float(np.max(np.abs(result - case.y) / [c.std for c in portable.outputs]))


@cache
def trex_like() -> NarxModel:
    """A model trained on the first part of the T-REX pitch test: spaced lags, a leaky memory."""
    return load_model(Path(__file__).parent / "data" / "trex_like.json")


@cache
def trex_records() -> tuple[FlightRecord, ...]:
    """Three pieces of that flight; the model leaves its envelope in the last two and diverges."""
    path = Path(__file__).parents[2] / "data" / "trex550" / "flightA_pitchtest_filtered.csv"
    return split_in_time(read_csv(path), (0.55, 0.15, 0.3))
