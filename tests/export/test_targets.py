"""What is written runs elsewhere and gives the app's numbers, judged by independent runners."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from heliid.export import runners
from heliid.export.c_source import c_files
from heliid.export.fixed_point import quantise, run_fixed
from heliid.export.fixed_source import fixed_files, measure_loss
from heliid.export.fmu import build_fmu
from heliid.export.matlab import matlab_files
from heliid.export.onnx_graph import onnx_files
from heliid.export.portable import Portable, make_portable, single_tolerance
from heliid.export.python_source import python_files
from heliid.export.runners import Case
from heliid.export.verify import TOLERANCE, make_cases
from tests.export.export_models import (
    SEEDS,
    app_case,
    random_model,
    trex_like,
    trex_records,
    worst_error,
)

pytestmark = pytest.mark.slow

ALL = (*SEEDS, "trex")
QUICK = (3, 12, "trex")  # these run in the quick check, the others are slow tests
MODELS = [which if which in QUICK else pytest.param(which, marks=pytest.mark.slow) for which in ALL]
needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not here")
needs_gxx = pytest.mark.skipif(shutil.which("g++") is None, reason="g++ is not here")
needs_octave = pytest.mark.skipif(shutil.which("octave-cli") is None, reason="Octave is not here")
needs_cppcheck = pytest.mark.skipif(shutil.which("cppcheck") is None, reason="cppcheck is not here")


def portable_of(which: int | str, name: str = "heliid_model") -> Portable:
    """The model under test; every other one in the units of the files."""
    if which == "trex":
        return make_portable(trex_like(), name=name)
    return make_portable(random_model(which), name=name, units="file" if which % 2 else "si")


def cases_of(portable: Portable, which: int | str) -> list[Case]:
    """The test vector, and the app's free run on a flight or on random inputs."""
    if which == "trex":
        return make_cases(portable, trex_records()[:1])
    return [*make_cases(portable), app_case(portable, which)]


def put(files: dict, folder: Path) -> None:
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(data)


def assert_same(portable: Portable, cases, results, tolerance: float = TOLERANCE) -> None:
    for case, result in zip(cases, results, strict=True):
        assert worst_error(portable, case, result) <= tolerance, case.name


@needs_gcc
@pytest.mark.parametrize("which", MODELS)
def test_c99_gives_the_apps_numbers(which, tmp_path):
    portable, work = portable_of(which), tmp_path / "work"
    work.mkdir()
    put(c_files(portable), tmp_path)
    cases = cases_of(portable, which)
    run = runners.c_run(portable, tmp_path / "heliid_model.c", compiler="gcc")
    assert_same(portable, cases, run.outputs(cases, work))


@needs_gcc
@pytest.mark.parametrize("which", MODELS[1::4])
def test_single_precision_c_is_near(which, tmp_path):
    portable, work = portable_of(which), tmp_path / "work"
    work.mkdir()
    put(c_files(portable, "float32"), tmp_path)
    cases = make_cases(portable)
    run = runners.c_run(portable, tmp_path / "heliid_model.c", compiler="gcc")
    assert_same(portable, cases, run.outputs(cases, work), single_tolerance(portable))


@needs_gcc
@pytest.mark.parametrize("kind", ["int16", "int8"])
@pytest.mark.parametrize("which", MODELS[::3])
def test_fixed_point_c_is_its_emulation_to_the_last_bit(which, kind, tmp_path):
    portable, work = portable_of(which), tmp_path / "work"
    work.mkdir()
    fixed = quantise(portable, kind)
    put(fixed_files(fixed, measure_loss(fixed, ())), tmp_path)
    cases = cases_of(portable, which)
    run = runners.c_run(portable, tmp_path / "heliid_model.c", compiler="gcc")
    for case, result in zip(cases, run.outputs(cases, work), strict=True):
        assert np.array_equal(result, run_fixed(fixed, case)[0])


@pytest.mark.slow
@needs_gxx
@needs_gcc
def test_c_is_clean_for_strict_compilers_and_passes_its_own_test(tmp_path):
    strict = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wconversion", "-Wsign-conversion",
              "-Wshadow", "-Wdouble-promotion", "-Wundef", "-Wstrict-prototypes"]  # fmt: skip
    for which in ALL:
        portable = portable_of(which, f"m_{which}")
        kinds = {"f64": c_files(portable), "f32": c_files(portable, "float32")}
        fixed = quantise(portable, "int8")
        kinds["i8"] = fixed_files(fixed, measure_loss(fixed, ()))
        for kind, files in kinds.items():
            folder = tmp_path / f"{which}{kind}"
            folder.mkdir()
            put(files, folder)
    sources = sorted(str(path) for path in tmp_path.rglob("*.c"))
    for path in sources[::5]:
        stem = Path(path).stem.upper()
        test = f"-D{stem}_SELF_TEST"
        program = str(Path(path).with_suffix(""))
        subprocess.run(["gcc", "-std=c99", "-O1", *strict, test, path, "-o", program], check=True)
        assert subprocess.run([program], check=False, capture_output=True).returncode == 0
    subprocess.run(["gcc", "-std=c99", "-fsyntax-only", *strict, *sources], check=True)
    cxx = [flag for flag in strict if flag != "-Wstrict-prototypes"]
    subprocess.run(["g++", "-x", "c++", "-std=c++11", "-fsyntax-only", *cxx, *sources], check=True)


@pytest.mark.slow
@needs_cppcheck
def test_c_is_clean_for_cppcheck(tmp_path):
    for which in ALL[::5]:
        portable = portable_of(which, f"m_{which}")
        put(c_files(portable), tmp_path)
        fixed = quantise(make_portable(portable.model, name=f"f_{which}"), "int16")
        put(fixed_files(fixed, measure_loss(fixed, ())), tmp_path)
    found = subprocess.run(
        ["cppcheck", "--std=c99", "--enable=all", "--inconclusive", "--error-exitcode=1", "-q",
         "--suppress=missingIncludeSystem", "--suppress=unusedFunction",
         "--suppress=unmatchedSuppression", str(tmp_path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr


def test_python_runs_with_numpy_alone(tmp_path):
    """All models in one bare interpreter: isolated, without site packages, warnings are errors."""
    jobs = []
    for which in ALL:
        portable = portable_of(which, f"m_{which}")
        put(python_files(portable), tmp_path)
        for k, case in enumerate(cases_of(portable, which)):
            given = tmp_path / f"{which}_{k}.npz"
            np.savez(given, u=case.u, y=case.y[: portable.n_start], ut=case.u_trim, yt=case.y_trim)
            jobs.append((portable, case, given))
    script = (
        "import sys; sys.path.append(sys.argv[1])\n"
        "import importlib.util as u, numpy as np, pathlib\n"
        "for p in sorted(pathlib.Path('.').glob('*.npz')):\n"
        "    name = p.stem.rsplit('_', 1)[0]\n"
        "    spec = u.spec_from_file_location('m', f'm_{name}.py')\n"
        "    m = u.module_from_spec(spec); spec.loader.exec_module(m)\n"
        "    assert m.self_test() <= 1e-12\n"
        "    d = np.load(p)\n"
        "    m.Model(d['ut'], d['yt']).free_run(d['u'], d['y']).tofile(p.with_suffix('.out'))\n"
        "assert 'heliid' not in sys.modules and 'scipy' not in sys.modules\n"
    )
    where = str(Path(np.__file__).parents[1])
    subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-W", "error", "-c", script, where],
        cwd=tmp_path, check=True,
    )  # fmt: skip
    for portable, case, given in jobs:
        result = np.fromfile(given.with_suffix(".out")).reshape(case.y.shape)
        assert worst_error(portable, case, result) <= TOLERANCE


def _session(data: bytes):
    ort = pytest.importorskip("onnxruntime")
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def _feed(session, case: Case, **more) -> dict:
    given = {"u": case.u, "u_trim": case.u_trim, "y_trim": case.y_trim} | more
    return {i.name: given[i.name] for i in session.get_inputs()}


@pytest.mark.parametrize("which", MODELS)
def test_onnx_free_run_and_steps_give_the_apps_numbers(which):
    onnx = pytest.importorskip("onnx")
    portable = portable_of(which)
    files = onnx_files(portable)
    for data in files.values():
        onnx.checker.check_model(onnx.load_from_string(data), full_check=True)
    whole, step = (_session(data) for data in files.values())
    n = portable.n_start
    for case in cases_of(portable, which):
        y = whole.run(["y"], _feed(whole, case, y_start=case.y[:n]))[0]
        assert worst_error(portable, case, y) <= TOLERANCE
    head = {"u": case.u[: n + 1], "y_start": case.y[:n]}
    past = whole.run(["y_past_end", "x_past_end"], _feed(whole, case, **head))
    for k in range(n + 1, n + 20):
        feed = _feed(step, case, u=case.u[k], y_past=past[0], x_past=past[1])
        now, *past = step.run(["y", "y_past_next", "x_past_next"], feed)
        assert np.max(np.abs(now - case.y[k]) / [c.std for c in portable.outputs]) <= TOLERANCE


def test_onnx_carries_names_units_and_past_at_rest():
    onnx = pytest.importorskip("onnx")
    portable = portable_of("trex")
    step = onnx.load_from_string(onnx_files(portable)["heliid_model_step.onnx"])
    props = {p.key: p.value for p in step.metadata_props}
    about = json.loads(props["heliid"])
    assert [c["name"] for c in about["inputs"]] == ["stick_lon", "stick_col", "stick_ped"]
    assert np.shape(about["x_past_at_rest"]) == (portable.n_start, 4)
    assert np.shape(json.loads(props["heliid_test_vector"])["y"])[1] == 2


@needs_gcc
@pytest.mark.parametrize("version", ["2.0", "3.0"])
@pytest.mark.parametrize("which", MODELS)
def test_fmu_is_valid_and_gives_the_apps_numbers(which, version, tmp_path):
    pytest.importorskip("fmpy")
    from heliid.export.run_fmu import main

    portable = portable_of(which)
    (tmp_path / "m.fmu").write_bytes(build_fmu(portable, version).data)
    for case in cases_of(portable, which)[-1:]:
        np.savez(
            tmp_path / "case.npz",
            u=case.u, y_start=case.y[: portable.n_start], u_trim=case.u_trim, y_trim=case.y_trim,
            n_start=portable.n_start, dt=portable.model.dt,
        )  # fmt: skip
        main(*(str(tmp_path / name) for name in ("m.fmu", "case.npz", "out")))
        result = np.fromfile(tmp_path / "out").reshape(case.y.shape)
        assert worst_error(portable, case, result) <= TOLERANCE


@pytest.mark.slow
@needs_octave
def test_octave_gives_the_apps_numbers(tmp_path):
    """All models in one Octave."""
    from scipy.io import savemat

    lines, jobs = [], []
    for which in ALL:
        portable = portable_of(which, f"m_{which}")
        put(matlab_files(portable), tmp_path)
        lines.append(f"assert(m_{which}('test') <= 1e-12); m_{which}('info');")
        lines.append(f"assert(isfield(load('m_{which}_data.mat'), 'w_hid'));")
        for k, case in enumerate(cases_of(portable, which)):
            savemat(tmp_path / f"{which}_{k}.mat", {
                "u": case.u, "y": case.y[: portable.n_start],
                "ut": case.u_trim, "yt": case.y_trim})  # fmt: skip
            out = tmp_path / f"{which}_{k}.out"
            lines.append(
                f"d = load('{which}_{k}.mat'); y = m_{which}('free_run', d.u, d.y, d.ut, d.yt);"
                f"f = fopen('{out.name}', 'w'); fwrite(f, y.', 'double'); fclose(f);"
            )
            jobs.append((portable, case, out))
    (tmp_path / "heliid_all.m").write_text("\n".join(lines))
    done = subprocess.run(["octave-cli", "-q", "--norc", "heliid_all.m"], cwd=tmp_path,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    for portable, case, out in jobs:
        assert worst_error(portable, case, np.fromfile(out).reshape(case.y.shape)) <= TOLERANCE


def test_published_reader_needs_numpy_alone(tmp_path):
    from heliid.export.model_files import READER_FILE, save_model

    for which in SEEDS[::3]:
        save_model(random_model(which), tmp_path / f"{which}.json")
    script = (
        "import sys; sys.path[:0] = sys.argv[1:3]\n"
        "import pathlib, read_heliid_model as r\n"
        "for p in pathlib.Path('.').glob('*.json'):\n"
        "    m = r.load(p); c = m['self_check']\n"
        "    y = r.free_run(m, c['inputs'], c['outputs'][:r.n_start(m)])\n"
        "    assert abs(y - c['outputs']).max() < 1e-9 * max(m['scaling']['output_std'])\n"
        "assert 'heliid' not in sys.modules\n"
    )
    where = [str(READER_FILE.parent), str(Path(np.__file__).parents[1])]
    command = [sys.executable, "-I", "-S", "-B", "-W", "error", "-c", script, *where]
    subprocess.run(command, cwd=tmp_path, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})


@pytest.mark.slow
@pytest.mark.parametrize("form", ["c", "python", "onnx", "fmu", "matlab", "int16"])
def test_divergence_is_the_same_everywhere(form, tmp_path):
    """An unstable model: flagged at the same sample, the last good values held, never a NaN."""
    model = random_model(4)
    linear = np.array(model.weights.linear)
    linear[:, : len(model.structure.taps()[0])] += 0.9
    portable = make_portable(replace(model, weights=replace(model.weights, linear=linear)))
    case = app_case(portable, 1, n=80)
    assert np.array_equal(case.y[-1], case.y[-2])
    work = tmp_path / "work"
    work.mkdir()
    if form == "int16":
        y, _ = run_fixed(quantise(portable, "int16"), case)
        assert np.array_equal(y[-1], y[-2])
        assert np.all(np.isfinite(y))
        return
    needed = {"c": "gcc", "fmu": "gcc", "matlab": "octave-cli"}.get(form)
    if needed and shutil.which(needed) is None:
        pytest.skip(f"{needed} is not here")
    makers = {
        "c": (c_files, "c", runners.c_run),
        "python": (python_files, "py", runners.python_run),
        "onnx": (onnx_files, "onnx", runners.onnx_run),
        "fmu": (lambda p: {"heliid_model.fmu": build_fmu(p).data}, "fmu", runners.fmu_run),
        "matlab": (matlab_files, "m", runners.octave_run),
    }
    make, suffix, run = makers[form]
    put(make(portable), tmp_path)
    result = run(portable, tmp_path / f"heliid_model.{suffix}").outputs([case], work)[0]
    assert worst_error(portable, case, result) <= 1e-9
