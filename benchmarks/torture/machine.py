"""Rows 5, 14 and 15: no memory, another processor, a kernel cache in any state."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.torture.files import ROOT, make_project
from heliid.project import save_project

CHILD = """
import os, sys
sys.path.insert(0, {root!r})
from benchmarks.torture.machine import no_memory_child
sys.exit(no_memory_child(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""
# CPython 3.11 itself turns a MemoryError inside os.stat and some calls into the last two
SAID = ("MemoryError", "RecordError", "ProjectFileError", "TrainingError", "CampaignError",
        "TypeError", "SystemError")  # fmt: skip


def no_memory(release: bool) -> str:
    """Row 5: the n-th allocation fails, for each n, while a file loads and a model is fitted."""
    return no_memory_for(100_000 if release else 100)


def no_memory_for(count: int) -> str:
    """The first ``count`` allocations of each of the three works."""
    parts = []
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "a.heliid"
        save_project(make_project(0, 400), project)
        table = Path(folder) / "a.csv"
        table.write_text(
            "time [s],a [%],q [deg/s]\n"
            + "".join(f"{0.02 * k:.2f},{k % 7},{k % 5}\n" for k in range(200))
        )
        for what, path in (("project", project), ("table", table), ("fit", table)):
            done = subprocess.run(
                [sys.executable, "-c", CHILD.format(root=str(ROOT)), what, str(path), str(count)],
                cwd=ROOT, capture_output=True, text=True, check=False, timeout=3000,
            )  # fmt: skip
            assert done.returncode == 0, f"{what}: {done.stdout[-600:]} {done.stderr[-600:]}"
            parts.append(f"{what}: {done.stdout.strip()}")
    return "; ".join(parts)


def no_memory_child(what: str, path: str, count: int) -> int:
    """Fork for each n; the child fails its n-th allocation and says what came of it."""
    import _testcapi  # part of CPython's own tests

    job = _job(what, path)
    wanted = job()
    passed = refused = 0
    for n in range(1, count + 1):
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os._exit(_one_try(job, wanted, n, write, _testcapi))
        os.close(write)
        with os.fdopen(read) as pipe:
            word = pipe.read()
        _, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status):
            sys.stdout.write(f"n = {n} ended by signal {os.WTERMSIG(status)}")
            return 1
        if word == "passed":
            passed += 1
            if passed >= 3:  # no allocation of that number any more
                break
        elif word in SAID:
            refused += 1
        else:
            sys.stdout.write(f"n = {n}: {word or 'nothing said'}")
            return 1
    sys.stdout.write(f"{refused} failed allocations answered, 0 crashes, 0 wrong results")
    return 0


def _one_try(job, wanted, n: int, write: int, testcapi) -> int:
    try:
        testcapi.set_nomemory(n, n + 1)
        try:
            found = job()
        finally:
            testcapi.remove_mem_hooks()
        word = "passed" if found == wanted else "a wrong result"
    except BaseException as error:
        word = type(error).__name__
    os.write(write, word.encode())
    return 0


def _job(what: str, path: str):
    """The work as a function whose result can be compared."""
    import dataclasses

    from heliid.data.campaign import make_campaign
    from heliid.data.csvfile import read_csv
    from heliid.project import load_project
    from heliid.project.document import project_entries
    from heliid.study.ground import make_ground
    from heliid.training import TrainingSettings, train

    if what == "project":
        data = Path(path).read_bytes()
        return lambda: project_entries(load_project(data))
    if what == "table":
        return lambda: read_csv(path).values.tobytes()
    from benchmarks.torture.tasks import campaign, config
    from heliid.model.structure import Structure

    del make_campaign
    ground = make_ground(campaign(), config(0))
    structure = Structure(((1, 2),), ((0, 1),), 1)
    settings = dataclasses.replace(TrainingSettings())
    data = ground.train.with_memory(structure.memory)
    return lambda: train(structure, data, settings).weights.linear.tobytes()


OTHER_PROCESSORS: dict[str, dict[str, str]] = {
    "numpy without AVX-512": {
        "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL "
        "AVX512_SPR"
    },
    "numpy without AVX2 and FMA3": {
        "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3 AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL "
        "AVX512_ICL AVX512_SPR"
    },
    "OpenBLAS Haswell": {"OPENBLAS_CORETYPE": "Haswell"},
    "OpenBLAS SkylakeX": {"OPENBLAS_CORETYPE": "SkylakeX"},
    "OpenBLAS Sandybridge": {"OPENBLAS_CORETYPE": "Sandybridge"},
    "OpenBLAS Nehalem": {"OPENBLAS_CORETYPE": "Nehalem"},
    "libm without FMA": {
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-FMA,-FMA4,-AVX2_Usable,-AVX2,-FMA_Usable"
    },
    "numba for a generic processor": {"NUMBA_CPU_NAME": "generic"},
}


BIT_STABLE = ("fitness of 12 orders", "costs of a search", "weights of a study")
TOLERANCE = 1e-9  # of the largest number of a stage: what goes through LAPACK, FFT and splines


def other_processors(release: bool) -> str:
    """Row 14: equal bits from the records to the model, whatever the processor offers.

    The rest (resampling, modes, judgement) to 1e-9.
    """
    del release
    wanted = stages_with({}, "all")
    worst = dict.fromkeys(wanted, 0.0)
    for name, environment in OTHER_PROCESSORS.items():
        found = stages_with(environment, "all")
        for stage, values in wanted.items():
            worst[stage] = max(worst[stage], distance(values, found[stage]))
            assert stage not in BIT_STABLE or found[stage] == values, f"{stage}: bits with {name}"
            assert worst[stage] <= TOLERANCE, f"{stage}: {worst[stage]:.1e} with {name}"
    equal = [stage for stage, far in worst.items() if far == 0.0]
    close = [f"{stage} {far:.0e}" for stage, far in worst.items() if far > 0.0]
    return (
        f"{len(OTHER_PROCESSORS)} settings; equal bits: {', '.join(equal)}; "
        f"relative differences: {', '.join(close) or 'none'}"
    )


def distance(mine: list[str], theirs: list[str]) -> float:
    """The largest difference, by the largest number; 0 only when all bits are equal."""
    if mine == theirs:
        return 0.0
    if len(mine) != len(theirs):
        return float("inf")
    pairs = [(float.fromhex(a), float.fromhex(b)) for a, b in zip(mine, theirs, strict=True)]
    largest = max(abs(a) for a, _ in pairs) or 1.0
    return max(max(abs(a - b) for a, b in pairs) / largest, 5e-324)


def stages_with(environment: dict[str, str], what: str = "fitness") -> dict[str, list[str]]:
    """The numbers of a fresh process whose libraries are told to use less."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.torture.fitness_bits", what],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False,
        timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, f"{environment}: {done.stderr[-500:]}"
    return json.loads(done.stdout)


def kernel_cache(release: bool) -> str:
    """Row 15: stale, truncated, empty, unwritable and full caches, each in a fresh process."""
    del release
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
         "tests/study/test_kernel_cache.py"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    found = re.search(r"(\d+) passed", done.stdout)
    assert done.returncode == 0, done.stdout[-800:]
    assert found is not None
    assert int(found[1]) >= 12
    return f"{found[1]} cases in fresh processes, 0 stale, 0 crashes"


ROWS = {
    5: ("The n-th allocation fails", no_memory),
    14: ("Other processors", other_processors),
    15: ("The kernel cache in any state", kernel_cache),
}
