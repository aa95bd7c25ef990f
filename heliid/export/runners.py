"""Independent runners of written artefacts: a compiler, an interpreter, another library.

Each runs in a process of its own with a time limit. A runner that is not on this machine raises
``NoRunner``; one that fails raises ``RunFailed``; both carry a clause for a sentence.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from heliid.export.c_source import fill
from heliid.export.fmu import find_compiler
from heliid.export.names import one_line
from heliid.export.portable import Portable

TIME_LIMIT_S = 300


class NoRunner(Exception):  # noqa: N818 - a clause for a sentence, not an error of the user
    """What is missing on this machine."""


class RunFailed(Exception):  # noqa: N818
    """What the runner said."""


@dataclass(frozen=True, eq=False)
class Case:
    """One free run to repeat: inputs (N, nu), expected outputs (N, ny), absolute, export units.

    The first n_start rows of ``y`` are given to the runner, the others must come out.
    """

    name: str
    u: np.ndarray
    y: np.ndarray
    u_trim: np.ndarray
    y_trim: np.ndarray


@dataclass(frozen=True, eq=False)
class Run:
    """A runner tied to one artefact; ``outputs(cases, empty folder)`` gives (N, ny) per case."""

    name: str
    outputs: Callable[[Sequence[Case], Path], list[np.ndarray]]


def c_run(portable: Portable, source: Path, *, compiler: str | None = None) -> Run:
    """Compile NAME.c (with NAME.h beside it) to a program of its own and run that."""
    flags = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]

    def outputs(cases: Sequence[Case], folder: Path) -> list[np.ndarray]:
        command = compiler or find_compiler()
        if command is None:
            raise NoRunner("there is no C compiler (cc, gcc or clang) on this machine")
        harness = fill(
            "harness.c", {"name": portable.name, "NAME": portable.name.upper(), "file": source.stem}
        )
        (folder / "harness.c").write_text(harness, encoding="utf-8")
        files = ["harness.c", str(source.resolve())]
        include = f"-I{source.resolve().parent}"
        program = folder / "run"
        _call([command, *flags, include, *files, "-lm", "-o", str(program)], folder)
        return _exchange(portable, cases, folder, lambda given: [str(program), str(given)])

    return Run(Path(compiler or find_compiler() or "C compiler").name, outputs)


def python_run(portable: Portable, source: Path) -> Run:
    """Import the file in a bare interpreter that sees numpy and nothing else."""
    script = (
        "import sys; sys.path.append(sys.argv[1])\n"
        "import importlib.util, numpy as np\n"
        "spec = importlib.util.spec_from_file_location('exported', sys.argv[2])\n"
        "m = importlib.util.module_from_spec(spec); spec.loader.exec_module(m)\n"
        "d = np.load(sys.argv[3])\n"
        "y = m.Model(d['u_trim'], d['y_trim']).free_run(d['u'], d['y_start'])\n"
        "y.tofile(sys.argv[4])\n"
    )

    def outputs(cases: Sequence[Case], folder: Path) -> list[np.ndarray]:
        where = str(Path(np.__file__).parents[1])
        start = [*_interpreter("-I", "-S", "-B"), "-W", "error", "-c", script, where]
        return _through_npz(portable, cases, folder, [*start, str(source.resolve())])

    return Run("Python with numpy alone", outputs)


def onnx_run(portable: Portable, source: Path) -> Run:
    """Run the free-run graph with onnxruntime."""
    script = (
        "import sys, numpy as np, onnxruntime as o\n"
        "s = o.SessionOptions(); s.intra_op_num_threads = 1; s.inter_op_num_threads = 1\n"
        "g = o.InferenceSession(sys.argv[1], s, providers=['CPUExecutionProvider'])\n"
        "d = np.load(sys.argv[2])\n"
        "t = np.float32 if 'float)' in g.get_inputs()[0].type else np.float64\n"
        "f = {i.name: d[i.name].astype(t) for i in g.get_inputs()}\n"
        "g.run(['y'], f)[0].astype(float).tofile(sys.argv[3])\n"
    )

    def outputs(cases: Sequence[Case], folder: Path) -> list[np.ndarray]:
        _need("onnxruntime", "onnxruntime is not installed (pip install 'heliid[onnx]')")
        start = [*_interpreter(), "-c", script, str(source.resolve())]
        return _through_npz(portable, cases, folder, start)

    return Run("onnxruntime", outputs)


def fmu_run(portable: Portable, source: Path) -> Run:
    """Simulate the FMU with FMPy."""
    program = Path(__file__).with_name("run_fmu.py")

    def outputs(cases: Sequence[Case], folder: Path) -> list[np.ndarray]:
        _need("fmpy", "FMPy is not installed (pip install fmpy)")
        start = [*_interpreter(), str(program), str(source.resolve())]
        return _through_npz(portable, cases, folder, start)

    return Run("FMPy", outputs)


def octave_run(portable: Portable, source: Path) -> Run:
    """Call the function file in Octave."""

    def outputs(cases: Sequence[Case], folder: Path) -> list[np.ndarray]:
        octave = shutil.which("octave-cli")
        if octave is None:
            raise NoRunner("Octave (octave-cli) is not on this machine")
        from scipy.io import savemat

        lines = [f"addpath('{_quoted(source.resolve().parent)}');"]
        for k, case in enumerate(cases):
            savemat(folder / f"{k}.mat", _inputs(portable, case))
            lines += [
                f"d = load('{k}.mat');",
                f"y = {source.stem}('free_run', d.u, d.y_start, d.u_trim, d.y_trim);",
                f"f = fopen('{k}.out', 'w'); fwrite(f, y.', 'double'); fclose(f);",
            ]
        (folder / "heliid_run_all.m").write_text("\n".join(lines), encoding="utf-8")
        _call([octave, "-q", "--norc", "heliid_run_all.m"], folder)
        return [_read(folder / f"{k}.out", case) for k, case in enumerate(cases)]

    return Run("Octave", outputs)


def _inputs(portable: Portable, case: Case) -> dict[str, np.ndarray]:
    return {
        "u": case.u,
        "y_start": case.y[: portable.n_start],
        "u_trim": case.u_trim,
        "y_trim": case.y_trim,
    }


def _through_npz(
    portable: Portable, cases: Sequence[Case], folder: Path, command: list[str]
) -> list[np.ndarray]:
    results = []
    for k, case in enumerate(cases):
        given: dict[str, Any] = dict(_inputs(portable, case))
        given |= {"n_start": portable.n_start, "dt": portable.model.dt}
        np.savez(folder / f"{k}.npz", **given)
        out = folder / f"{k}.out"
        _call([*command, str(folder / f"{k}.npz"), str(out)], folder)
        results.append(_read(out, case))
    return results


def _exchange(
    portable: Portable,
    cases: Sequence[Case],
    folder: Path,
    command: Callable[[Path], list[str]],
) -> list[np.ndarray]:
    """For programs that read raw doubles: n, trims, u, y_start; and write y beside it."""
    results = []
    for k, case in enumerate(cases):
        given = folder / f"{k}.in"
        parts = _inputs(portable, case)
        order = ("u_trim", "y_trim", "u", "y_start")
        numbers = [np.array([len(case.u)], float), *(np.ravel(parts[name]) for name in order)]
        np.concatenate(numbers).tofile(given)
        _call(command(given), folder)
        results.append(_read(folder / f"{k}.in.out", case))
    return results


def _read(path: Path, case: Case) -> np.ndarray:
    values = np.fromfile(path)
    if values.size != case.y.size:
        raise RunFailed(f"it gave {values.size} numbers where {case.y.size} were wanted")
    return values.reshape(case.y.shape)


def _interpreter(*flags: str) -> list[str]:
    if getattr(sys, "frozen", False) or not sys.executable:
        raise NoRunner("there is no separate Python interpreter")
    return [sys.executable, *flags]


def _need(module: str, clause: str) -> None:
    if importlib.util.find_spec(module) is None:
        raise NoRunner(clause)


def _call(command: list[str], folder: Path) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            timeout=TIME_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise RunFailed(f"it did not finish ({one_line(str(problem), 100)})") from problem
    if done.returncode:
        told = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
        first = next((line for line in told if "error" in line.lower()), told[-1])
        raise RunFailed(one_line(first, 200))


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
