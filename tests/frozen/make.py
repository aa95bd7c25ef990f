"""Made the frozen files of schema 1, once; a later schema adds its own and leaves these alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from heliid.data.campaign import Campaign, Use
from heliid.data.record import Channel, FlightRecord, Source, StepDone
from heliid.data.scaling import Scaling
from heliid.export.model_files import save_model
from heliid.model.network import NarxModel, Weights
from heliid.model.structure import Structure
from heliid.project import Project, ProjectRecord, Run, save_project
from heliid.project.document import project_entries

FOLDER = Path(__file__).parent


def model() -> NarxModel:
    """Two inputs, one output, two hidden units, fixed numbers."""
    structure = Structure(((1, 2),), ((0, 1), (0, 2)), 2)
    ramp = np.linspace(-0.5, 0.5, 2 * structure.n_phi).reshape(2, -1)
    one = np.ones(1)
    return NarxModel(
        structure,
        Weights(ramp, np.array([0.1, -0.1]), np.array([[0.2, -0.3]]),
                np.linspace(-0.1, 0.1, structure.n_phi)[None, :], np.array([0.01])),
        Scaling(np.array([1.0, 2.0]), np.array([3.0, 4.0]), 0.5 * one, 2.0 * one, 0.1 * one),
        0.1,
        (Channel.of("delta_lon", "%"), Channel.of("delta_col", "%")),
        (Channel.of("q", "deg/s"),),
        trim_rule="lead:1",
        envelope=np.array([[-2.0, 2.0], [-3.0, 3.0], [-0.1, 0.1]]),
        provenance={"seed": 1, "versions": {"heliid": "0.1.0"}},
        scores={"validate": {"cost": 0.25}},
    )  # fmt: skip


def project() -> Project:
    """Every kind of content that schema 1 has."""
    n = 30
    record = FlightRecord(
        "first flight", 0.02 * np.arange(n),
        np.column_stack([np.sin(0.1 * k * np.arange(n)) for k in (1, 2, 3)]),
        (Channel.of("delta_lon", "%"), Channel.of("delta_col", "%"), Channel.of("q", "deg/s")),
        Source("a.csv", "0" * 64, "/flights/a.csv"),
        (StepDone("crop", (("first", 0), ("last", n))),), np.array([1.0, 2.0, 0.0]),
    )  # fmt: skip
    second = replace(record, name="second flight", trim=None)
    run = Run(
        "run1", "Run 1", "2026-01-01T00:00:00Z", {"seed": 1, "search": "ais"},
        {"how": "search", "order": "", "records": []},
        ({"index": 0, "cost": 0.5, "genome": [1, 2]}, {"index": 1, "cost": None, "genome": [2, 2]}),
        model(), model(), (model(),), "budget", ("a notice",), {"fit": 93.5}, True, True,
        Campaign((record, second), (Use.TRAIN, Use.VALIDATE), ("delta_lon", "delta_col"), ("q",)),
    )  # fmt: skip
    return Project(
        (ProjectRecord("r1", record, Use.TRAIN, ({"kind": "despike"},), ((0.0, 0.2, Use.TEST),)),
         ProjectRecord("r2", second, Use.VALIDATE)),
        ("delta_lon", "delta_col"), ("q",), {"seed": 1}, (run,), {"fit": 90.0}, {"view": "evolve"},
        "trim looked fine", {"from_the_future": [1]},
    )  # fmt: skip


def make(schema: int = 1) -> None:
    """Write project, model and the entries that a reader must find."""
    save_project(project(), FOLDER / f"project-{schema}.heliid")
    save_model(model(), FOLDER / f"model-{schema}.json")
    import hashlib

    wanted = {
        name: hashlib.sha256(data).hexdigest() for name, data in project_entries(project()).items()
    }
    (FOLDER / f"project-{schema}.json").write_text(json.dumps(wanted, indent=1, sort_keys=True))


if __name__ == "__main__":
    make()
