"""Rows 11, 12 and 18: numbers that cannot lie, and a solver that is right."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from benchmarks.torture.files import SEED
from benchmarks.torture.tasks import config, record
from heliid.data.campaign import make_campaign
from heliid.data.record import Channel, FlightRecord
from heliid.errors import HeliIDError
from heliid.export.model_files import model_from_bytes, model_to_text
from heliid.model.network import NarxModel
from heliid.model.structure import Structure
from heliid.study import identify
from heliid.study.ground import Ground, make_ground
from heliid.training.fit import TrainingSettings, make_problem
from heliid.training.levenberg import descend
from heliid.training.scoring import validation_cost

SPREADS = (0.2, 0.5, 1.0, 2.0, 4.0)


def random_genomes(release: bool) -> str:
    """Row 11: random orders with random weights; a finite cost or +inf, never NaN."""
    count, rng = (100_000 if release else 2_000), np.random.default_rng(SEED)
    ground = make_ground(_campaign(), config(0, trim_rule="none"))
    finite = diverged = unusable = 0
    for number in range(count):
        structure = random_structure(rng)
        spread = SPREADS[number % len(SPREADS)]
        data = ground.train.with_memory(structure.memory)
        problem = make_problem(structure, data, TrainingSettings())
        theta = rng.normal(scale=spread, size=problem.layout.size)
        segments = data.segments(structure.n_start, int(rng.integers(0, 40)))
        cost = problem.cost(theta, segments)
        assert not math.isnan(cost), "a NaN cost"
        if math.isfinite(cost):
            finite += 1
            system = problem.normal(theta, segments)
            if system is None:
                unusable += 1
            else:
                assert all(np.isfinite(part).all() for part in system), "a NaN in J'J"
        else:
            diverged += 1
        found = descend(problem, theta, segments, iterations=3)
        assert np.isfinite(found.theta).all(), "LM took a step to NaN"
        assert found.cost <= cost, "LM went uphill"
        weights = problem.layout.weights(found.theta, data.increment_std)
        validate = ground.validate.with_memory(structure.memory)
        value, nrmse, _ = validation_cost(structure, weights, validate, (2.0, 0.0))
        assert math.isfinite(value), "a fitness that is not a number"
        assert not np.isnan(nrmse).any(), "an NRMSE that is not a number"
        _check_saved(ground.model(structure, weights))
    return (
        f"{count} genomes: {finite} finite, {diverged} diverged (+inf), {unusable} with a Jacobian "
        f"that LM refused, 0 NaN (seed {SEED})"
    )


def random_structure(rng: np.random.Generator) -> Structure:
    """One of many orders for one input and one output."""
    outputs = tuple(range(1, int(rng.integers(1, 6)) + 1))
    first, spacing = int(rng.integers(0, 4)), int(rng.integers(1, 4))
    inputs = tuple(first + spacing * k for k in range(int(rng.integers(0, 6))))
    return Structure((outputs,), (inputs,), int(rng.integers(0, 7)))


def _check_saved(model: NarxModel) -> None:
    """A model file is made of finite numbers, or refused in one sentence."""
    try:
        text = model_to_text(model)
    except HeliIDError as error:
        assert "\n" not in str(error)
        return
    again = model_from_bytes(text.encode())
    parts = again.weights
    for part in (parts.w_hid, parts.b_hid, parts.w_out, parts.linear, parts.bias):
        assert np.isfinite(part).all(), "a saved model with a number that is none"


def _campaign():
    return make_campaign(["delta_lon"], ["q"], train=[record(1)], validate=[record(3)])


def bad_channels(release: bool) -> str:
    """Row 12: what no model can be made of is refused before anything is trained."""
    del release
    tried = 0
    for what, make in spoilt_campaigns():
        tried += 1
        try:
            ground = make()
        except HeliIDError as error:
            assert "\n" not in str(error), what
            assert str(error).endswith("."), f"{what}: {error}"
        else:
            raise AssertionError(f"{what} was accepted, step {ground.dt} s")
    return f"{tried} spoilt campaigns, each refused in one sentence before the fit; {_million()}"


def _million() -> str:
    """One record of a million samples, fitted."""
    import time

    from heliid.study import fit

    long = record(4, 1_000_000)
    began = time.process_time()
    campaign = make_campaign(["delta_lon"], ["q"], train=[long])
    result = fit(campaign, config(0), "na=2,nb=1,nk=0,spacing=1,h=0")
    assert math.isfinite(result.cost)
    return f"a record of 1 000 000 samples fitted in {time.process_time() - began:.0f} s of CPU"


def spoilt(values: np.ndarray, time: np.ndarray) -> FlightRecord:
    """A record of three channels that nobody has checked."""
    channels = (Channel.of("delta_lon", "%"), Channel.of("q", "deg/s"), Channel.of("w", "m/s"))
    return FlightRecord("spoilt", time, values, channels)


def spoilt_campaigns() -> Iterator[tuple[str, object]]:
    """What is wrong, and a function that runs into it."""
    for column, name in ((0, "input"), (1, "output"), (2, "second output")):
        for what, place in (("NaN", 5), ("NaN", -1), ("inf", 0), ("-inf", 50), ("1e300", 60),
                            ("-1e300", 61), ("all NaN", slice(None)), ("all inf", slice(None)),
                            ("constant", slice(None)), ("zero", slice(None)),
                            ("nearly constant", slice(None))):  # fmt: skip
            for use in ("train", "validate"):
                is_constant = what in ("constant", "zero", "nearly constant")
                if is_constant and use == "validate":
                    continue  # dull, but not wrong: it is scored by the training spread
                yield f"{what} in {name}, {use}", _Attempt(column, what, place, use)
    for what in ("input is output", "same input twice", "same output twice"):
        yield what, _Attempt(0, what, 0, "train")


NUMBERS = {"1e300": 1e300, "-1e300": -1e300, "inf": math.inf, "all inf": math.inf,
           "-inf": -math.inf, "constant": 5.0, "zero": 0.0}  # fmt: skip


class _Attempt:
    """Make the campaign and its ground."""

    def __init__(self, column: int, what: str, place: int | slice, use: str) -> None:
        self.column, self.what, self.place, self.use = column, what, place, use

    def __call__(self) -> Ground:
        rng = np.random.default_rng(1)
        good = np.cumsum(rng.normal(size=(200, 3)), axis=0)
        bad, time = good.copy(), 0.1 * np.arange(200)
        number = NUMBERS.get(self.what, math.nan)
        if self.what == "nearly constant":
            number = 5.0 * (1.0 + 1e-15 * np.arange(200))  # type: ignore[assignment]
        inputs, outputs = ["delta_lon"], ["q", "w"]
        if self.what == "input is output":
            outputs = ["q", "delta_lon"]
        elif self.what == "same input twice":
            inputs = ["delta_lon", "delta_lon"]
        elif self.what == "same output twice":
            outputs = ["q", "q"]
        else:
            bad[self.place, self.column] = number
        records = {"train": spoilt(good, time), "validate": spoilt(good[::-1], time)}
        records[self.use] = spoilt(bad, time)
        campaign = make_campaign(
            inputs, outputs, train=[records["train"]], validate=[records["validate"]]
        )
        return make_ground(campaign, config(0))


def solver_and_optimisers(release: bool) -> str:
    """Row 18: NIST StRD, and the optimisers on BBOB where ``cocoex`` is installed."""
    from tests.nist.test_nist import solve_all

    runs = solve_all()
    six = sum(row[2] >= 6.0 for row in runs)
    eight = sum(row[2] >= 8.0 for row in runs)
    false = sum(row[3] and row[2] < 4.0 for row in runs)
    assert (len(runs), six, false) == (54, 54, 0)
    assert eight >= 43
    text = f"NIST {len(runs)} runs: {six} at >= 6 digits, {eight} at >= 8, {false} false"
    try:
        import cocoex  # noqa: F401
    except ImportError:
        return text + "; BBOB left out (pip install coco-experiment)"
    return f"{text}; {on_bbob(release)}"


def on_bbob(release: bool) -> str:
    """Each searcher and its textbook form on COCO's functions; ``benchmarks/bbob.py`` counts."""
    from benchmarks import bbob

    setting = ("2,5,10,20", "1-15", 10_000) if release else ("5", "1-5", 2_000)
    parts = []
    for name in bbob.NAMES:
        own, classic = (bbob.run_all(form, *setting) for form in (name, f"{name}-classic"))
        hits, before = (counts.hits[bbob.TARGETS[-1]] for counts in (own, classic))
        assert own.n_invalid == classic.n_invalid == 0, f"{name}: an invalid best"
        assert hits >= before or not release, f"{name}: {hits} hits, its textbook form {before}"
        parts.append(f"{name} {hits} (textbook {before})")
    return (
        f"BBOB {own.n_problems} problems x {setting[2]} evaluations, solved to 1e-8: "
        f"{', '.join(parts)}, 0 invalid bests"
    )


def one_study(inputs: list[str], train: FlightRecord, validate: FlightRecord):
    """A small study, for the tests of what numbers may do."""
    campaign = make_campaign(inputs, ["q"], train=[train], validate=[validate])
    return identify(campaign, config(0, budget=6))


ROWS = {
    11: ("Random genomes and weights", random_genomes),
    12: ("Spoilt channels", bad_channels),
    18: ("Solver and optimisers", solver_and_optimisers),
}
