"""Import profiles are remembered by header and survive damage."""

from __future__ import annotations

import pytest

from heliid.data.dialect import detect
from heliid.data.profiles import (
    ColumnChoice,
    ImportProfile,
    find_profile,
    forget_profile,
    header_signature,
    profile_file,
    save_profile,
)
from heliid.errors import RecordError
from tests.importing import samples


@pytest.fixture
def profile(tmp_path):
    path = tmp_path / "flight.csv"
    path.write_bytes(samples.SAMPLES["german: semicolon, comma, unit row"].content)
    choices = (ColumnChoice("q", "q", "deg/s", -1, "output"), ColumnChoice("delta_lon"))
    return ImportProfile(detect(path), choices)


def test_a_profile_is_found_again_by_its_header(tmp_path, profile):
    save_profile(profile, tmp_path)
    assert find_profile(profile.dialect, tmp_path) == profile


def test_another_header_has_no_profile(tmp_path, profile):
    save_profile(profile, tmp_path)
    other = type(profile.dialect)(names=("t", "x"), units=("s", ""))
    assert find_profile(other, tmp_path) is None


def test_profiles_of_two_headers_live_together(tmp_path, profile):
    other = ImportProfile(type(profile.dialect)(names=("t", "x"), units=("s", "")))
    save_profile(profile, tmp_path)
    save_profile(other, tmp_path)
    assert find_profile(profile.dialect, tmp_path) == profile
    assert find_profile(other.dialect, tmp_path) == other


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '{"format_version": 99}', "[" * 100_000, '{"format_version": 1}']
)
def test_a_damaged_file_is_no_profile_and_can_be_saved_over(tmp_path, profile, damage):
    profile_file(tmp_path).write_text(damage)
    assert find_profile(profile.dialect, tmp_path) is None
    save_profile(profile, tmp_path)
    assert find_profile(profile.dialect, tmp_path) == profile


def test_a_profile_with_a_wrong_type_is_no_profile(tmp_path, profile):
    save_profile(profile, tmp_path)
    path = profile_file(tmp_path)
    path.write_text(path.read_text().replace('"delimiter": ";"', '"delimiter": 5'))
    assert find_profile(profile.dialect, tmp_path) is None


def test_forgetting_leaves_the_others(tmp_path, profile):
    save_profile(profile, tmp_path)
    forget_profile(header_signature(profile.dialect), tmp_path)
    assert find_profile(profile.dialect, tmp_path) is None


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path, profile):
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match="cannot be saved"):
        save_profile(profile, tmp_path / "file")
