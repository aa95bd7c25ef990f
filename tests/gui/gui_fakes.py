"""Small stand-ins that run in the worker process: a quick study, a deaf one, a dying one."""

from __future__ import annotations

import os
import signal
import time

import numpy as np

from heliid.data.record import Channel, FlightRecord, Source
from heliid.data.scaling import Scaling
from heliid.engine.protocol import Task
from heliid.errors import TrainingError
from heliid.events import (
    BestImproved,
    CandidateScored,
    JobFinished,
    LinearReady,
    Notice,
    PopulationMoved,
    Progress,
    StageStarted,
)
from heliid.model.network import NarxModel, Weights
from heliid.model.structure import Structure
from heliid.search.run import Description
from heliid.study import StudyResult


def dies_at_once() -> None:
    """A warm-up that no worker survives."""
    os.kill(os.getpid(), signal.SIGKILL)


def make_record(name="flight", seconds=20.0, rate=50.0, seed=0, n_extra=0) -> FlightRecord:
    """A lightly damped answer to steps; two inputs, two outputs."""
    rng = np.random.default_rng(seed)
    n = int(seconds * rate)
    time_axis = np.arange(n) / rate
    lon = np.repeat(rng.uniform(-1, 1, n // 25 + 1), 25)[:n] * 10 + 50
    col = np.repeat(rng.uniform(-1, 1, n // 40 + 1), 40)[:n] * 5 + 55
    q, theta = np.zeros(n), np.zeros(n)
    for k in range(1, n):
        rate_change = -2.0 * q[k - 1] - 1.5 * theta[k - 1] + 0.05 * (lon[k - 1] - 50)
        q[k] = q[k - 1] + rate_change / rate
        theta[k] = theta[k - 1] + q[k - 1] / rate
    extra = [rng.normal(size=n) for _ in range(n_extra)]
    channels = (
        Channel.of("delta_lon", "%"),
        Channel.of("delta_col", "%"),
        Channel.of("q", "deg/s"),
        Channel.of("theta", "deg"),
        *(Channel.of(f"extra_{k}", "-") for k in range(n_extra)),
    )
    values = np.stack([lon, col, q, theta, *extra], axis=1)
    return FlightRecord(name, time_axis, values, channels, Source(f"{name}.csv"))


def write_csv(path, record) -> None:
    """The record as a table in the file's own units."""
    titles = ",".join(["time [s]", *(f"{c.name} [{c.unit}]" for c in record.channels)])
    columns = [record.time]
    for index, channel in enumerate(record.channels):
        values = record.values[:, index]
        columns.append(np.degrees(values) if channel.si.startswith("rad") else values)
    np.savetxt(
        path, np.stack(columns, axis=1), delimiter=",", header=titles, comments="", fmt="%.9g"
    )


def make_model(n_inputs=2, n_outputs=2, n_hidden=2) -> NarxModel:
    """A model that can be saved; its weights mean nothing."""
    structure = Structure(((1,),) * n_outputs, ((0, 1),) * n_inputs, n_hidden)
    n_phi = structure.n_phi
    linear = np.zeros((n_outputs, n_phi))
    weights = Weights(
        np.full((n_hidden, n_phi), 0.01),
        np.zeros(n_hidden),
        np.full((n_outputs, n_hidden), 0.01),
        linear,
        np.zeros(n_outputs),
    )
    one = np.ones
    scaling = Scaling(
        np.zeros(n_inputs), one(n_inputs), np.zeros(n_outputs), one(n_outputs), one(n_outputs)
    )
    names_in = [("delta_lon", "%"), ("delta_col", "%"), ("delta_ped", "%")][:n_inputs]
    names_out = [("q", "deg/s"), ("theta", "deg"), ("u", "m/s"), ("w", "m/s")][:n_outputs]
    return NarxModel(
        structure,
        weights,
        scaling,
        0.02,
        tuple(Channel.of(*c) for c in names_in),
        tuple(Channel.of(*c) for c in names_out),
    )


def responses(n=500, ny=2, names=("validate",), error=0.1):
    """Free runs that are off by ``error``."""
    t = np.arange(n) * 0.02
    measured = np.stack([np.sin(t * (1 + j)) for j in range(ny)], axis=1)
    return dict.fromkeys(names, (t, measured, measured * (1 - error)))


def scored(index, cost, *, best=False, searcher="ais", diverged=False) -> CandidateScored:
    genome = (1 + index % 6, 1, index % 8, 0, 1, index % 8, 0, 1, index % 9)
    return CandidateScored(
        index,
        searcher,
        genome,
        f"na={genome[0]},nb=4,nk=0,spacing=1,h={genome[-1]}",
        40 + index,
        genome[-1],
        cost,
        cost,
        diverged,
        0.1,
        best,
        "diverged at 1.2 s" if diverged else "",
    )


def identify(campaign, config, checkpoint, *, report, should_stop):
    """A study that reports like the real one, at about 100 candidates a second."""
    report(StageStarted("Preparing"))
    report(Notice("Model rate 25 Hz.", "info"))
    model = make_model(len(campaign.inputs), len(campaign.outputs))
    linear = make_model(len(campaign.inputs), len(campaign.outputs), 0)
    ny = len(campaign.outputs)
    report(LinearReady(linear, 0.5, responses(ny=ny, error=0.4)))
    report(StageStarted("Searching", config.budget))
    candidates, best, reason = [], 9.9, "budget"
    for index in range(config.budget):
        if should_stop():
            reason = "stopped"
            break
        cost = 0.4 / (1 + index) ** 0.3 + 0.05 * (index % 3)
        one = scored(index, cost, best=cost < best, diverged=index % 7 == 3)
        candidates.append(one)
        report(one)
        if cost < best:
            best = cost
            report(BestImproved(index, "ais", cost, model, responses(ny=ny, error=cost)))
        report(PopulationMoved("ais", index, (one.genome,) * 3, (cost,) * 3))
        report(Progress("Searching", index + 1, config.budget, 1.0, 2.0))
        time.sleep(0.01)
    report(JobFinished(reason, ""))
    return StudyResult(
        model,
        linear,
        (model,),
        tuple(candidates),
        config,
        reason,
        (),
        1.0,
        cost=best,
        linear_cost=0.5,
        campaign=campaign,
    )


def deaf(campaign, config, checkpoint, *, report, should_stop):
    """Reports one best model, then never hears Stop."""
    model = make_model(len(campaign.inputs), len(campaign.outputs))
    report(StageStarted("Searching", 10))
    report(scored(0, 0.3, best=True))
    report(BestImproved(0, "ais", 0.3, model, responses(ny=len(campaign.outputs))))
    while True:
        time.sleep(0.05)


def dies(campaign, config, checkpoint, *, report, should_stop):
    """Reports one best model, then the process is gone."""
    model = make_model(len(campaign.inputs), len(campaign.outputs))
    report(StageStarted("Searching", 10))
    report(scored(0, 0.3, best=True))
    report(BestImproved(0, "ais", 0.3, model, responses(ny=len(campaign.outputs))))
    time.sleep(0.3)
    os.kill(os.getpid(), signal.SIGKILL)


def fails(campaign, config, checkpoint, *, report, should_stop):
    """The user's world is at fault."""
    raise TrainingError("No usable weights can be found: choose longer records.")


def broken(campaign, config, checkpoint, *, report, should_stop):
    """The programmer's world is at fault."""
    raise ZeroDivisionError("a bug")


def echo(value, *, report, should_stop):
    """The value, after a moment."""
    time.sleep(0.05)
    return value


def slow_echo(value, *, report, should_stop):
    """The value, after a second, or as soon as it is stopped."""
    for _ in range(100):
        if should_stop():
            break
        time.sleep(0.01)
    return value


def count(n, *, report, should_stop):
    """Progress and notices in a burst."""
    for index in range(n):
        report(Progress("Counting", index + 1, n, 0.0))
        report(Notice(str(index)))
    return n


def worth(genome):
    """What an order costs in a made-up race: a rough valley."""
    distance = sum((gene - centre) ** 2 for gene, centre in zip(genome, (2, 5, 1, 3), strict=True))
    return {"cost": distance**0.5 * (1.0 + 0.3 * np.sin(12.9898 * sum(genome))) + 0.01}


class Valley:
    """The problem of that race."""

    fingerprint = "valley"

    def task(self, key, genome):
        return Task(key, "gui_fakes:worth", (list(genome),))

    def describe(self, genome):
        return Description(f"na={genome[0]},nb={genome[1]}", sum(genome), genome[-1])
