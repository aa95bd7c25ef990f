"""Every shipped example loads as a campaign; the files are small, licensed and listed."""

from __future__ import annotations

import shutil

import pytest

from heliid.data import bundled
from heliid.data.bundled import data_folder, examples, load_example
from heliid.data.campaign import Use
from heliid.data.prepare import explain_rate, prepare, resolve_trim_rule
from heliid.errors import SettingsError


def test_the_real_flight_comes_first_and_the_known_truth_is_there():
    titles = [example.title for example in examples()]
    assert titles[0] == "T-REX 550 flight"
    assert "Helicopter with known truth" in titles


@pytest.mark.parametrize("key", [example.key for example in examples()])
def test_example_loads_and_prepares(key):
    campaign = load_example(key)
    for use in (Use.TRAIN, Use.VALIDATE, Use.TEST):
        assert campaign.with_use(use), use
    channels = (campaign.inputs, campaign.outputs)
    rate = explain_rate(campaign.with_use(Use.TRAIN), *channels)
    assert 9.9 <= rate.hz <= 25.0
    rule = resolve_trim_rule(campaign.records, *channels)
    for record in campaign.records:
        done = prepare(record, *channels, dt=1 / rate.hz, trim_rule=rule, filter_hz=rate.filter_hz)
        assert done.n_samples > 50


def test_an_unknown_example_is_named():
    with pytest.raises(SettingsError, match="no example 'moon': choose one of trex550"):
        load_example("moon")


def test_shipped_data_stay_small_and_have_their_papers():
    folder = data_folder()
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 8e6
    used = {record.file.split("/")[0] for example in examples() for record in example.records}
    for name in used:
        assert (folder / name / "README.md").is_file()
    assert "MIT License" in (folder / "trex550" / "LICENSE.txt").read_text()
    assert "public domain" in (folder / "quarter_drone" / "LICENSE.txt").read_text()


def test_an_installed_package_finds_its_own_copy(tmp_path, monkeypatch):
    package = tmp_path / "site-packages" / "heliid"
    (package / "_data").mkdir(parents=True)
    monkeypatch.setattr(bundled, "__file__", str(package / "data" / "bundled.py"))
    with pytest.raises(SettingsError, match="install HeliID again"):
        data_folder()
    repository = bundled.Path(__file__).parents[2] / "data"
    shutil.copy(repository / "examples.json", package / "_data")
    assert data_folder() == package / "_data"
    assert len(examples()) >= 3
