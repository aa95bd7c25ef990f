"""Files of every schema that was ever written open for ever, without loss."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from heliid.export.model_files import load_model, save_model
from heliid.project import load_project, save_project
from heliid.project.container import SCHEMA
from heliid.project.document import MIGRATIONS, project_entries
from tests.frozen import make

FOLDER = Path(__file__).parent
PROJECTS = sorted(FOLDER.glob("project-*.heliid"))
MODELS = sorted(FOLDER.glob("model-*.json"))


def content(project) -> dict[str, str]:
    return {
        name: hashlib.sha256(data).hexdigest() for name, data in project_entries(project).items()
    }


def test_there_is_a_file_of_every_schema():
    assert [path.name for path in PROJECTS] == [f"project-{k}.heliid" for k in range(1, SCHEMA + 1)]
    assert sorted(MIGRATIONS) == list(range(1, SCHEMA))


@pytest.mark.parametrize("path", PROJECTS, ids=lambda path: path.name)
def test_a_frozen_project_opens_with_everything_in_it(path):
    project = load_project(path)
    made = make.project()
    assert project.notes == made.notes
    assert project.unknown == made.unknown
    for found, wanted in zip(project.records, made.records, strict=True):
        assert found.record.values.tobytes() == wanted.record.values.tobytes()
        assert (found.use, found.steps, found.regions) == (wanted.use, wanted.steps, wanted.regions)
    (run,) = project.runs
    assert run.model is not None
    assert run.model.to_dict() == make.model().to_dict()
    assert run.candidates == made.runs[0].candidates
    assert run.used is not None
    assert np.array_equal(run.used.records[0].values, made.records[0].record.values)
    assert run.starred


@pytest.mark.parametrize("path", PROJECTS, ids=lambda path: path.name)
def test_opening_saving_and_opening_again_loses_nothing(path, tmp_path):
    first = load_project(path)
    save_project(first, tmp_path / "again.heliid")
    assert content(load_project(tmp_path / "again.heliid")) == content(first)
    if path.name == f"project-{SCHEMA}.heliid":  # equal content, equal bytes
        wanted = json.loads(path.with_suffix(".json").read_text())
        assert content(first) == wanted


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.name)
def test_a_frozen_model_opens_and_passes_its_own_check(path, tmp_path):
    model = load_model(path)
    assert model.to_dict() == make.model().to_dict()
    save_model(model, tmp_path / "again.json")
    assert load_model(tmp_path / "again.json").to_dict() == model.to_dict()
