"""Copy as Python script: the script runs and gives the same bits as the window's study."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from heliid.data.campaign import Use
from heliid_gui.presenters import examples, prepare, script
from heliid_gui.presenters import setup as setups

SMALL = {"budget": 3, "workers": 1, "window": 2, "n_tables": 1, "n_ensemble": 1,
         "finer_rate": False, "rate_hz": 12.5}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _no_old_windows():
    """What earlier windows left is collected here, not by a reader's thread."""
    gc.collect()


def small_setup():
    setup = examples.load("trex550")
    box = replace(setup.config.box, na_max=2, nb_max=2, hidden_max=1, spacing_max=1, nk_max=1)
    return replace(setup, config=replace(setup.config, box=box, **SMALL))


def test_script_says_what_is_missing():
    with pytest.raises(ValueError, match="Open at least one"):
        script.script(setups.Setup())


def test_record_that_is_in_no_file_asks_for_a_save(tmp_path):
    import gui_fakes

    setup = setups.add_records(setups.Setup(), [gui_fakes.make_record()])
    with pytest.raises(ValueError, match="save the project first"):
        script.script(setup)
    project = tmp_path / "p.heliid"
    from heliid.project import Project, save_project

    save_project(Project(records=setup.records), project)
    space: dict = {"__name__": "script"}
    exec(script.script(setup, project), space)
    campaign = setups.campaign(setup)
    assert [r.name for r in space["campaign"].records] == [r.name for r in campaign.records]


def test_script_makes_the_same_campaign():
    setup = small_setup()
    item = prepare.added(setup.records[0], {"kind": "low-pass", "cutoff_hz": 12.0})
    item = setups.paint(item, 5.0, 8.0, Use.EXCLUDE)
    setup = setups.replaced(setup, item)
    space: dict = {"__name__": "script"}
    exec(script.script(setup), space)
    ours, its = setups.campaign(setup), space["campaign"]
    assert (its.inputs, its.outputs, its.uses) == (ours.inputs, ours.outputs, ours.uses)
    for a, b in zip(ours.records, its.records, strict=True):
        assert a.name == b.name
        assert (a.time == b.time).all()
        assert (a.values == b.values).all()
    assert space["config"] == setup.config


@pytest.mark.slow
def test_script_gives_the_same_bits(tmp_path):
    import heliid

    setup = small_setup()
    result = heliid.identify(setups.campaign(setup), setup.config)
    (tmp_path / "made.py").write_text(script.script(setup), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "made.py"], cwd=tmp_path, capture_output=True, text=True, timeout=500,
        env=os.environ, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    again = heliid.load_model(tmp_path / "model.json")
    assert again.to_dict()["weights"] == result.model.to_dict()["weights"]
    assert f"cost {result.cost:.6g}" in done.stdout
