"""FMUs in the hands of a simulation master: time, start, reset, saved states, source builds."""

from __future__ import annotations

import io
import platform
import shutil
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from heliid.errors import ExportError
from heliid.export import fmu, fmu_runtime, runners
from heliid.export.fmu import build_fmu
from heliid.export.portable import make_portable
from heliid.export.targets import export
from heliid.export.verify import make_cases, verify
from tests.export.export_models import random_model, trex_like, trex_records

fmpy = pytest.importorskip("fmpy")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not here"),
]


@pytest.fixture(scope="module")
def portable():
    return make_portable(trex_like())


@pytest.fixture(scope="module", params=["2.0", "3.0"])
def unpacked(request, portable, tmp_path_factory):
    """Folder of an unpacked FMU, its description, and the class that runs it."""
    from fmpy.fmi2 import FMU2Slave
    from fmpy.fmi3 import FMU3Slave

    folder = tmp_path_factory.mktemp("fmu")
    path = folder / "m.fmu"
    path.write_bytes(build_fmu(portable, request.param).data)
    description = fmpy.read_model_description(str(path))
    kind = FMU2Slave if request.param == "2.0" else FMU3Slave
    return fmpy.extract(str(path), str(folder / "x")), description, kind


@pytest.fixture
def slave(unpacked):
    """An instance after initialisation, at rest at trim, at time 0."""
    folder, description, kind = unpacked
    instance = kind(
        guid=description.guid, unzipDirectory=folder, instanceName="one",
        modelIdentifier=description.coSimulation.modelIdentifier,
    )  # fmt: skip
    instance.instantiate()
    start(instance)
    yield instance
    instance.terminate()
    instance.freeInstance()


def start(slave, time: float = 0.0) -> None:
    if hasattr(slave, "setupExperiment"):
        slave.setupExperiment(startTime=time)
        slave.enterInitializationMode()
    else:
        slave.enterInitializationMode(startTime=time)
    slave.exitInitializationMode()


def put(slave, values) -> None:
    refs = list(range(len(values)))
    (slave.setReal if hasattr(slave, "setReal") else slave.setFloat64)(refs, list(values))


def outputs(slave) -> np.ndarray:
    return np.array((slave.getReal if hasattr(slave, "getReal") else slave.getFloat64)([3, 4]))


def step(slave, time: float, width: float) -> np.ndarray:
    slave.doStep(currentCommunicationPoint=time, communicationStepSize=width)
    return outputs(slave)


def test_at_rest_the_outputs_are_the_trim(slave, portable):
    assert outputs(slave).tolist() == [c.trim for c in portable.outputs]


def test_small_steps_average_and_outputs_wait_for_the_sample(slave, portable):
    dt = portable.model.dt
    trim = np.array([c.trim for c in portable.inputs])
    high, low = trim.copy(), trim.copy()
    high[0] += 0.02
    first = outputs(slave)
    for sub in range(4):  # a pulse of one quarter of each model step
        put(slave, high if sub == 0 else low)
        between = step(slave, sub * dt / 4, dt / 4)
        if sub < 3:
            assert np.array_equal(between, first)
    averaged = [between]
    for k in range(1, 30):
        put(slave, low)
        averaged.append(step(slave, k * dt, dt))
    slave.reset()
    start(slave)
    whole = []
    for k in range(30):
        put(slave, trim + 0.25 * (high - trim) if k == 0 else low)
        whole.append(step(slave, k * dt, dt))
    std = [c.std for c in portable.outputs]
    assert np.max(np.abs(np.array(averaged) - whole) / std) < 1e-12
    assert not np.array_equal(whole[-1], first)


def test_one_long_step_is_many_short_ones(slave, portable):
    dt = portable.model.dt
    u = [c.trim + 0.3 * c.std for c in portable.inputs]
    put(slave, u)
    for k in range(40):
        short = step(slave, k * dt, dt)
    slave.reset()
    start(slave)
    put(slave, u)
    assert np.array_equal(step(slave, 0.0, 40 * dt), short)


def test_steps_do_not_drift(slave, portable):
    """Steps that are not exact in binary still make one model sample each, late in time too."""
    dt, begin = portable.model.dt, 12345.6
    slave.reset()
    start(slave, begin)
    time, before = begin, outputs(slave)
    for k in range(200):
        put(slave, [c.trim + 0.3 * c.std * np.sin(0.7 * k) for c in portable.inputs])
        after = step(slave, time, dt)
        assert k < 8 or not np.array_equal(after, before)
        before, time = after, time + dt


def test_saved_state_goes_on_to_the_same_bits(slave, portable):
    dt = portable.model.dt
    put(slave, [c.trim + 0.2 * c.std for c in portable.inputs])
    step(slave, 0.0, 5 * dt)
    get = slave.getFMUState if hasattr(slave, "getFMUState") else slave.getFMUstate
    restore = slave.setFMUState if hasattr(slave, "setFMUState") else slave.setFMUstate
    kept = get()
    first = step(slave, 5 * dt, 7 * dt)
    restore(kept)
    assert np.array_equal(step(slave, 5 * dt, 7 * dt), first)
    (slave.freeFMUState if hasattr(slave, "freeFMUState") else slave.freeFMUstate)(kept)


def test_parameters_are_fixed_once_it_runs(slave):
    setter = slave.setReal if hasattr(slave, "setReal") else slave.setFloat64
    with pytest.raises(Exception, match=r"(?i)set|status|error"):
        setter([1000], [1.0])


def test_wrong_token_gives_no_instance(unpacked):
    folder, description, kind = unpacked
    other = kind(
        guid="{something else}", unzipDirectory=folder, instanceName="two",
        modelIdentifier=description.coSimulation.modelIdentifier,
    )  # fmt: skip
    with pytest.raises(Exception, match=r"(?i)instantiate"):
        other.instantiate()


@pytest.mark.parametrize("version", ["2.0", "3.0"])
def test_same_model_gives_the_same_description_and_source(version, portable):
    first, second = build_fmu(portable, version), build_fmu(portable, version)
    with (
        zipfile.ZipFile(io.BytesIO(first.data)) as a,
        zipfile.ZipFile(io.BytesIO(second.data)) as b,
    ):
        assert a.namelist() == b.namelist()
        for name in a.namelist():
            if not name.startswith("binaries/"):
                assert a.read(name) == b.read(name)
        assert a.namelist()[0] == "modelDescription.xml"
        assert "resources/model.json" in a.namelist()


@pytest.mark.slow
@pytest.mark.parametrize("version", ["2.0", "3.0"])
def test_source_alone_can_be_built(version, portable, tmp_path, monkeypatch):
    monkeypatch.setattr(fmu, "find_compiler", lambda: None)
    monkeypatch.setattr(fmu, "patched_library", lambda *_: None)
    build = build_fmu(portable, version)
    assert build.platforms == () or "linux" not in " ".join(build.platforms)
    with zipfile.ZipFile(io.BytesIO(build.data)) as archive:
        archive.extractall(tmp_path)
    kind = version[0]
    fmu.compile_shared("gcc", tmp_path / "sources", f"heliid_model_fmi{kind}.c", "out.so")
    assert (tmp_path / "sources" / "out.so").stat().st_size > 0


def test_odd_channel_names_stay_different(tmp_path):
    model = random_model(2)
    names = ["time", "diverged", "trim.time", 'a<b>&"c"', "start[1].time", "use_start_samples"]
    channels = [
        replace(channel, name=names[k % len(names)] + "x" * (k // len(names)))
        for k, channel in enumerate((*model.inputs, *model.outputs))
    ]
    n = len(model.inputs)
    odd = replace(model, inputs=tuple(channels[:n]), outputs=tuple(channels[n:]))
    for version in fmu.VERSIONS:
        path = Path(tmp_path) / f"m{version}.fmu"
        path.write_bytes(build_fmu(make_portable(odd), version).data)
        from fmpy.validation import validate_fmu

        assert validate_fmu(str(path)) == []


def test_unknown_version_is_refused(portable):
    with pytest.raises(ExportError, match=r"choose 2\.0 or 3\.0"):
        build_fmu(portable, "1.0")


def test_compiler_that_fails_is_one_sentence(tmp_path):
    (tmp_path / "bad.c").write_text("int f( {")
    with pytest.raises(ExportError, match="refused the source"):
        fmu.compile_shared("gcc", tmp_path, "bad.c", "bad.so")


# ---- the prebuilt library ------------------------------------------------------------------------

on_linux = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="the library is for linux64"
)


@pytest.mark.parametrize("version", ["2", "3"])
def test_prebuilt_library_is_built_from_the_present_source(version):
    """When this fails: python -m heliid.export.fmu_runtime, and commit both libraries."""
    library = (fmu_runtime.PREBUILT / f"heliid_fmi{version}.so").read_bytes()
    assert fmu_runtime.hash_inside(library) == fmu_runtime.source_hash()


@on_linux
@pytest.mark.slow
@pytest.mark.parametrize("version", fmu.VERSIONS)
def test_without_a_compiler_the_prebuilt_library_gives_the_apps_numbers(
    version, tmp_path, monkeypatch
):
    monkeypatch.setattr(fmu, "find_compiler", lambda: None)
    monkeypatch.setattr(fmu.shutil, "which", lambda _: None)
    used = 0
    for seed in range(20):
        portable = make_portable(random_model(seed))
        used += fmu_runtime.fits(portable)
        path = tmp_path / f"m{seed}.fmu"
        build = build_fmu(portable, version)
        path.write_bytes(build.data)
        if build.platforms:
            found = verify(portable, make_cases(portable), runners.fmu_run(portable, path))
            assert found.ok, found.sentence
    assert used >= 18
    done = export(trex_like(), "fmu", tmp_path / "t.fmu", records=trex_records()[:1], fmi=version)
    assert done.verified is not None
    assert done.verified.ok, done.verified.sentence
    assert "linux" in done.notes[0]


def test_model_without_room_in_the_library_is_source_only(portable, monkeypatch):
    monkeypatch.setitem(fmu_runtime.SIZES, "phi", 1)
    assert not fmu_runtime.fits(portable)
    assert fmu_runtime.patched_library(portable, "2.0", "{}") is None


@on_linux
@pytest.mark.slow
def test_library_can_be_built_again(tmp_path, monkeypatch):
    monkeypatch.setattr(fmu_runtime, "PREBUILT", tmp_path / "made")
    for path in fmu_runtime.build():
        assert fmu_runtime.hash_inside(path.read_bytes()) == fmu_runtime.source_hash()
