"""Files that were moved or changed behind the project's back are noticed and said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from heliid.data.csvfile import read_csv
from heliid.errors import ProjectFileError
from heliid.project import Project, ProjectRecord, load_project, save_project
from heliid.project.document import load_record
from heliid.project.sources import check_sources

TABLE = "time [s],a [%],q [deg/s]\n" + "".join(
    f"{0.02 * k:.2f},{k % 7},{k % 5}\n" for k in range(50)
)


@pytest.fixture
def flight(tmp_path: Path) -> Path:
    path = tmp_path / "flight.csv"
    path.write_text(TABLE)
    return path


def project_of(flight: Path, *, linked: bool = False) -> Project:
    return Project((ProjectRecord("r1", read_csv(flight), linked=linked),))


def test_a_source_that_is_as_it_was_needs_no_word(flight):
    (state,) = check_sources(project_of(flight).records)
    assert (state.state, state.sentence) == ("same", "")


def test_a_changed_source_is_said(flight):
    project = project_of(flight)
    flight.write_text(TABLE.replace("0.02,1,1", "0.02,1,2"))
    (state,) = check_sources(project.records)
    assert state.state == "changed"
    assert str(flight) in state.sentence
    assert "import it anew" in state.sentence


def test_a_moved_source_is_said(flight):
    project = project_of(flight)
    flight.rename(flight.with_name("other.csv"))
    (state,) = check_sources(project.records)
    assert state.state == "missing"
    assert "the project keeps the samples" in state.sentence


def test_a_source_that_is_a_folder_now_cannot_be_read(flight):
    project = project_of(flight)
    flight.unlink()
    flight.mkdir()
    assert check_sources(project.records)[0].state == "unreadable"


def test_one_file_with_two_records_is_read_once(flight, monkeypatch):
    record = read_csv(flight)
    pair = (ProjectRecord("r1", record), ProjectRecord("r2", record))
    flight.unlink()
    assert [one.state for one in check_sources(pair)] == ["missing", "missing"]


def test_a_record_that_came_from_no_file_is_left_out():
    from .test_project_file import make_record

    record = make_record()
    from dataclasses import replace

    from heliid.data.record import Source

    bare = replace(record, source=Source("made up"))
    assert check_sources((ProjectRecord("r1", bare),)) == ()


def test_a_link_keeps_no_samples_and_reads_them_again(flight, tmp_path):
    save_project(project_of(flight, linked=True), tmp_path / "a.heliid")
    (item,) = load_project(tmp_path / "a.heliid").records
    assert item.linked
    assert np.array_equal(item.record.values, read_csv(flight).values)


def test_a_link_that_has_changed_is_refused(flight, tmp_path):
    save_project(project_of(flight, linked=True), tmp_path / "a.heliid")
    flight.write_text(TABLE.replace("0.02,1,1", "0.02,1,2"))
    with pytest.raises(ProjectFileError, match="has changed since the project was saved"):
        load_project(tmp_path / "a.heliid")


def test_a_link_whose_file_is_gone_is_said(flight, tmp_path):
    save_project(project_of(flight, linked=True), tmp_path / "a.heliid")
    flight.unlink()
    with pytest.raises(ProjectFileError, match="is not there any more: put the file back"):
        load_project(tmp_path / "a.heliid")


def test_a_link_moved_together_with_its_project_is_found(flight, tmp_path):
    save_project(project_of(flight, linked=True), tmp_path / "a.heliid")
    other = tmp_path / "elsewhere"
    other.mkdir()
    for name in ("a.heliid", "flight.csv"):
        (tmp_path / name).rename(other / name)
    (item,) = load_project(other / "a.heliid").records
    assert item.record.source.path == str(other / "flight.csv")


def test_a_link_to_other_columns_is_refused(flight, tmp_path, monkeypatch):
    """The same bytes read with other names: as after a change of the reader itself."""
    from dataclasses import replace

    from heliid.data.record import Channel

    project = project_of(flight, linked=True)
    record = project.records[0].record
    renamed = replace(record, channels=(Channel.of("b", "%"), *record.channels[1:]))
    save_project(
        replace(project, records=(ProjectRecord("r1", renamed, linked=True),)),
        tmp_path / "a.heliid",
    )
    with pytest.raises(ProjectFileError, match="columns have changed"):
        load_project(tmp_path / "a.heliid")


def test_one_channel_is_loaded_without_the_others(flight, tmp_path, monkeypatch):
    from heliid.project.container import Container

    project = project_of(flight)
    save_project(project, tmp_path / "a.heliid")
    read: list[str] = []
    plain = Container.read
    monkeypatch.setattr(
        Container, "read", lambda self, name: read.append(name) or plain(self, name)
    )
    record = load_record(tmp_path / "a.heliid", "r1", ["q"])
    assert record.names == ("q",)
    assert np.array_equal(record.values[:, 0], project.records[0].record.column("q"))
    assert sum(name.startswith("arrays/") for name in read) == 2  # time and q
    assert load_record(tmp_path / "a.heliid", "r1").names == ("a", "q")


@pytest.mark.parametrize(
    ("key", "names", "words"),
    [
        ("r9", (), "no record 'r9': its records are r1"),
        ("r1", ("w",), "no channel 'w': its channels are a, q"),
    ],
)
def test_what_is_not_there_is_said(flight, tmp_path, key, names, words):
    save_project(project_of(flight), tmp_path / "a.heliid")
    with pytest.raises(ProjectFileError, match=words):
        load_record(tmp_path / "a.heliid", key, names)
