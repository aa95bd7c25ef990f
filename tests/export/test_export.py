"""The one way to export: where files go, what is refused, and when "verified" is said."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from heliid.errors import ExportError
from heliid.export import runners
from heliid.export.model_files import load_model
from heliid.export.portable import make_portable
from heliid.export.state_space import to_control
from heliid.export.targets import export, find_target, preview, targets
from heliid.export.verify import make_cases, verify
from heliid.model.simulate import free_run
from heliid.model.structure import Structure
from heliid.physics.linear_model import linearise
from tests.export.export_models import random_model, trex_like, trex_records

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not here")


@pytest.mark.parametrize(
    ("target", "name", "files"),
    [
        ("json", "m.json", ["m.json"]),
        ("c", "my-model 1.c", ["my-model 1.c", "my-model 1.h"]),
        ("c", "m.h", ["m.c", "m.h"]),
        ("c", "new/deep", ["heliid_model.c", "heliid_model.h"]),
        ("python", "m.py", ["m.py"]),
        ("onnx", "m.onnx", ["m.onnx", "m_step.onnx"]),
        ("fmu", "m.fmu", ["m.fmu"]),
        ("matlab", "Pitch.m", ["Pitch.m", "Pitch_data.mat"]),
        ("csv", "m.csv", ["m.csv"]),
        ("linear", "m.mat", ["m.mat"]),
        ("linear", "m.csv", ["m.csv"]),
        ("linear", "", ["heliid_model.json"]),
    ],
)
def test_files_are_named_as_asked(target, name, files, tmp_path):
    done = export(random_model(7), target, tmp_path / name, check=False)
    assert sorted(path.name for path in done.files) == sorted(files)
    assert all(path.is_file() for path in done.files)
    assert done.verified is None


@pytest.mark.parametrize(
    ("target", "path", "options", "words"),
    [
        ("cobol", "m.cbl", {}, "no export 'cobol': choose one of json, c, python"),
        ("c", "m.py", {}, "ends in .c or .h, or a folder"),
        ("c", "m.c", {"type": "int5"}, "choose float64 or float32 or int16 or int8"),
        ("c", "m.c", {"colour": "red"}, "has no option 'colour'"),
        ("python", "m.py", {"type": "int8"}, "has no option 'type'"),
        ("fmu", "m.fmu", {"fmi": "1.0"}, "choose 2.0 or 3.0"),
        ("matlab", "my-model.m", {}, "MATLAB cannot call"),
        ("matlab", "end.m", {}, "MATLAB cannot call"),
    ],
)
def test_what_cannot_be_is_one_sentence(target, path, options, words, tmp_path):
    with pytest.raises(ExportError, match=words) as caught:
        export(random_model(0), target, tmp_path / path, **options)
    assert str(caught.value).endswith(".")
    assert not list(tmp_path.iterdir())


def test_unwritable_place_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ExportError, match="choose another folder"):
        export(random_model(0), "python", tmp_path / "file" / "m.py")


def test_float64_is_accepted_by_every_target(tmp_path):
    for target in targets():
        if target.key != "fmu":
            export(random_model(7), target.key, tmp_path / target.key, check=False, type="float64")


@needs_gcc
@pytest.mark.slow
@pytest.mark.parametrize("target", [t.key for t in targets()])
def test_verified_is_said_after_a_run(target, tmp_path):
    pytest.importorskip("fmpy")
    pytest.importorskip("onnxruntime")
    if target == "matlab" and shutil.which("octave-cli") is None:
        pytest.skip("Octave is not here")
    done = export(trex_like(), target, tmp_path, records=trex_records()[:1])
    assert done.verified is not None
    assert done.verified.ok, done.verified.sentence
    assert done.verified.sentence.startswith("Verified: ")
    assert done.verified.max_error <= 1e-12


@needs_gcc
def test_fixed_point_states_its_measured_loss(tmp_path):
    done = export(trex_like(), "c", tmp_path / "m.c", type="int16", records=trex_records()[:1])
    assert done.verified is not None
    assert done.verified.ok
    assert "Fit lost by int16 on the given records" in done.notes[0]
    assert "Fit lost by int16 on the given records" in (tmp_path / "m.h").read_text()
    alone = export(trex_like(), "c", tmp_path / "a.c", type="int16", check=False)
    assert "Give validation records" in " ".join(alone.notes)


def test_missing_runner_is_never_verified(tmp_path, monkeypatch):
    monkeypatch.setattr(runners.shutil, "which", lambda _: None)
    monkeypatch.setattr("heliid.export.fmu.patched_library", lambda *_: None)
    for target in ("c", "matlab", "fmu"):
        done = export(random_model(7), target, tmp_path)
        assert done.verified is not None
        assert not done.verified.ok
        assert done.verified.sentence.startswith("Not verified: ")
    assert "source only" in done.notes[0]


@needs_gcc
def test_wrong_artefact_is_not_verified(tmp_path):
    export(random_model(7), "c", tmp_path / "m.c", check=False)
    source = tmp_path / "m.c"
    portable = make_portable(random_model(7), name="m")
    bias = repr(float(portable.model.weights.bias[0]))
    source.write_text(source.read_text().replace(bias, repr(float(bias) + 1e-6)))
    verdict = verify(portable, make_cases(portable), runners.c_run(portable, source))
    assert not verdict.ok
    assert "largest difference" in verdict.sentence
    source.write_text("int main(void) { return 1 }")
    verdict = verify(portable, make_cases(portable), runners.c_run(portable, source))
    assert not verdict.ok
    assert "failed" in verdict.sentence


def test_missing_onnx_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(ExportError, match=r"pip install 'heliid\[onnx\]'"):
        export(random_model(0), "onnx", tmp_path)


def test_preview_shows_text_and_describes_the_rest():
    assert "def free_run" in preview(random_model(0), "python")
    assert "_step(" in preview(random_model(0), "c", name="pitch")
    assert "not text" in preview(random_model(0), "onnx")


def test_every_target_explains_itself():
    for target in targets():
        assert target.title
        assert target.summary
        assert find_target(target.key) is target
        for option in target.options:
            assert option.default in option.choices
            assert option.title


def test_json_export_is_a_model_file(tmp_path):
    export(random_model(5), "json", tmp_path / "m.json")
    assert load_model(tmp_path / "m.json").to_dict() == random_model(5).to_dict()


def test_predictions_table_reads_back_exactly(tmp_path):
    model, records = trex_like(), trex_records()[:2]
    export(model, "csv", tmp_path / "p.csv", records=records)
    rows = list(csv.DictReader((tmp_path / "p.csv").read_text(encoding="utf-8").splitlines()))
    response = free_run(model, records[0])
    first = [row for row in rows if row["record"] == records[0].name]
    assert [float(row["time [s]"]) for row in first] == response.time.tolist()
    assert [float(row["q model [rad/s]"]) for row in first] == response.simulated[:, 0].tolist()
    residual = [float(row["theta residual [rad]"]) for row in first]
    assert residual == response.residual[:, 1].tolist()
    assert len(rows) == len(first) + len(free_run(model, records[1]).time)


def test_table_has_no_formulas(tmp_path):
    model = random_model(7)
    names = [replace(c, name=f"={c.name}") for c in (*model.inputs, *model.outputs)]
    n = len(model.inputs)
    odd = replace(model, inputs=tuple(names[:n]), outputs=tuple(names[n:]))
    export(odd, "csv", tmp_path / "p.csv")
    export(odd, "linear", tmp_path / "l.csv")
    for name in ("p.csv", "l.csv"):
        for row in csv.reader((tmp_path / name).read_text(encoding="utf-8").splitlines()):
            assert not any(cell.startswith(("=", "+", "@")) for cell in row)


def test_state_space_json_says_what_it_is(tmp_path):
    export(trex_like(), "linear", tmp_path / "l.json")
    data = json.loads((tmp_path / "l.json").read_text())
    n = len(data["states"])
    assert np.shape(data["A"]) == (n, n)
    assert np.shape(data["C"]) == (2, n)
    assert [c["name"] for c in data["inputs"]] == ["stick_lon", "stick_col", "stick_ped"]
    assert "x[k+1]" in data["convention"]
    assert data["about"]["model_sha256"]


@pytest.mark.slow
def test_continuous_form_is_there_where_four_states_do(tmp_path):
    model = load_model(Path(__file__).parent / "data" / "truth_h4.json")
    export(model, "linear", tmp_path / "l.json", check=False)
    form = json.loads((tmp_path / "l.json").read_text())["continuous_longitudinal"]
    roots = np.linalg.eigvals(np.array(form["A"]))
    phugoid = roots[np.argmin(np.abs(roots))]
    assert phugoid.real == pytest.approx(-0.028, abs=0.01)  # truth: -0.0279 +- 0.1117i
    assert abs(phugoid.imag) == pytest.approx(0.112, abs=0.02)
    export(trex_like(), "linear", tmp_path / "t.json", check=False)
    assert json.loads((tmp_path / "t.json").read_text())["continuous_longitudinal"] is None


@pytest.mark.slow
def test_python_control_object_steps_like_the_app():
    control = pytest.importorskip("control")
    model = trex_like()
    system = to_control(model)
    u = np.zeros((40, 3))
    u[:, 0] = model.scaling.input_std[0]
    response = control.forced_response(system, U=np.vstack([u, u[-1:]]).T)
    ours = linearise(model).simulate(u)
    assert np.max(np.abs(response.outputs.T[1:] - ours) / model.scaling.output_std) < 1e-9


@pytest.mark.slow
def test_model_without_inputs_in_its_regressor_can_leave(tmp_path):
    """All lags of the inputs empty: legal, and no target may stumble over an empty table."""
    model = random_model(0)
    structure = Structure(((1,),), ((), ()), 0, ())
    weights = replace(
        model.weights, w_hid=np.zeros((0, 1)), b_hid=np.zeros(0), w_out=np.zeros((1, 0)),
        linear=[[-0.2]], bias=[0.01],
    )  # fmt: skip
    scaling = replace(
        model.scaling, input_mean=[0.0, 0.0], input_std=[1.0, 1.0], output_mean=[0.0],
        output_std=[1.0], increment_std=[1.0],
    )  # fmt: skip
    channels = [replace(model.inputs[0], name=name) for name in "abc"]
    bare = replace(
        model, structure=structure, weights=weights, scaling=scaling, inputs=tuple(channels[:2]),
        outputs=(channels[2],), envelope=np.zeros((0, 2)), trim_rule="none",
    )  # fmt: skip
    for target in targets():
        done = export(bare, target.key, tmp_path / target.key)
        assert done.verified is not None
        assert done.verified.ok or "is not" in done.verified.sentence, done.verified.sentence
    header = (Path(tmp_path) / "c" / "heliid_model.h").read_text()
    assert "no envelope" in header
