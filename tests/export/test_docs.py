"""The examples of the guide run as they stand."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from heliid.export.model_files import save_model
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
