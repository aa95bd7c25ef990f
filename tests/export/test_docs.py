"""The examples of the guide run as they stand."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from heliid.export.model_files import load_model, save_model
from heliid.export.portable import make_portable
from heliid.export.targets import export
from tests.export.export_models import trex_like, trex_records

GUIDE = Path(__file__).parents[2] / "docs" / "export.md"
FLIGHT = Path(__file__).parents[2] / "data" / "trex550" / "flightA_pitchtest_filtered.csv"


@pytest.mark.slow
def test_python_examples_run(tmp_path, monkeypatch, capsys):
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 2
    monkeypatch.chdir(tmp_path)
    save_model(trex_like(), "model.json")
    shutil.copy(FLIGHT, "flight.csv")
    names: dict = {}
    for block in blocks:
        exec(compile(block, str(GUIDE), "exec"), names)
    told = capsys.readouterr().out
    assert "Verified: Python with numpy alone" in told
    assert "int16 per row" in told
    assert (tmp_path / "pitch.csv").is_file()
    assert trex_records()


def test_guide_lists_every_target():
    from heliid.export.targets import targets

    text = GUIDE.read_text(encoding="utf-8")
    for target in targets():
        assert f"| `{target.key}` |" in text


# ---- the three-line examples of each artefact ----------------------------------------------------


def block(section: str, language: str) -> str:
    """The first code block of a language under a heading of the export guide."""
    text = GUIDE.read_text(encoding="utf-8")
    part = text[text.index(f"### {section}\n") :]
    start = part.index(f"```{language}\n") + len(language) + 4
    return part[start : part.index("```", start)]


@pytest.fixture
def pitch(tmp_path):
    """A model with two inputs, exported under the name of the guide."""
    model = load_model(Path(__file__).parent / "data" / "truth_h4.json")
    for target in ("c", "python", "matlab"):
        ending = {"c": "c", "python": "py", "matlab": "m"}[target]
        export(model, target, tmp_path / f"pitch.{ending}", check=False)
    return model, make_portable(model, name="pitch"), tmp_path


@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not here")
def test_c_example_compiles_without_a_warning_and_runs(pitch):
    _, _, folder = pitch
    program = f'#include "pitch.h"\n#include <stdio.h>\nint main(void) {{\n{block("C", "c")}'
    program += '  (void)printf("%.6f\\n", y[0]);\n  return 0;\n}\n'
    (folder / "main.c").write_text(program)
    flags = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    subprocess.run(["gcc", *flags, "main.c", "pitch.c", "-lm", "-o", "run"], cwd=folder, check=True)
    done = subprocess.run(["./run"], cwd=folder, check=True, capture_output=True, text=True)
    assert np.isfinite(float(done.stdout))


def test_python_artefacts_example_runs(pitch, monkeypatch):
    model, portable, folder = pitch
    monkeypatch.syspath_prepend(str(folder))
    names = {"u": portable.test.u, "y_start": portable.test.y[: portable.n_start]}
    exec(block("Python", "text"), names)
    assert np.allclose(names["y"], portable.test.y, rtol=1e-9)
    assert model.structure.n_outputs == names["y"].shape[1]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("octave-cli") is None, reason="Octave is not here")
def test_octave_example_runs(pitch):
    _, portable, folder = pitch
    lines = [
        f"u = {np.array2string(portable.test.u, separator=',', threshold=10**6)};",
        f"y_start = {np.array2string(portable.test.y[: portable.n_start], separator=',')};",
        block("MATLAB and Octave", "matlab"), "printf('%g', worst);",
    ]  # fmt: skip
    (folder / "example.m").write_text("\n".join(lines).replace("],\n", "];\n"))
    done = subprocess.run(
        ["octave-cli", "-q", "example.m"], cwd=folder, capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 1e-12
