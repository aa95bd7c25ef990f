"""The file behind a checkpoint: whole lines, or none."""

from __future__ import annotations

import errno
import os

import pytest

from heliid.search import lines
from heliid.search.memo import Memo, Scored, journalled
from heliid.strict_json import StrictJsonError

HEADER = {"format": "x"}


def test_lines_come_back(tmp_path):
    path = tmp_path / "a"
    lines.begin(path, HEADER, [{"n": 1}])
    file = lines.Appender(path)
    file.put({"n": 2, "text": 'a "check":" of words'})
    file.close()
    file.close()
    assert file.trouble == ""
    assert lines.read(path) == (HEADER, [{"n": 1}, {"n": 2, "text": 'a "check":" of words'}])


@pytest.mark.parametrize("line", [b"", b"{}", b'{"n":1}', lines.pack({"n": 1})[:-2], b"[1]"])
def test_a_line_that_was_not_written_whole_is_refused(line):
    with pytest.raises(StrictJsonError):
        lines.unpack(line)


def test_a_number_that_json_has_not_is_never_written(tmp_path):
    lines.begin(tmp_path / "a", HEADER, [])
    file = lines.Appender(tmp_path / "a")
    with pytest.raises(ValueError, match="not JSON compliant"):
        file.put({"n": float("nan")})
    file.put({"n": 1})
    file.close()
    assert lines.read(tmp_path / "a") == (HEADER, [{"n": 1}])


@pytest.mark.parametrize("data", [b"", b"rubbish\n", b"[1]\n", b"\xff\xfe\n"])
def test_another_kind_of_file_has_no_header(tmp_path, data):
    (tmp_path / "a").write_bytes(data)
    assert lines.read(tmp_path / "a") == (None, [])
    assert (tmp_path / "a").read_bytes() == data


def test_nothing_there_has_no_header(tmp_path):
    assert lines.read(tmp_path / "a") == (None, [])


def test_the_file_is_cut_behind_its_last_whole_line(tmp_path):
    path = tmp_path / "a"
    lines.begin(path, HEADER, [{"n": 1}, {"n": 2}])
    good = path.read_bytes()
    path.write_bytes(good + b'{"n":3,"che')
    assert lines.read(path)[1] == [{"n": 1}, {"n": 2}]
    assert path.read_bytes() == good
    path.write_bytes(good.replace(b'"n":1', b'"n":7'))
    assert lines.read(path) == (HEADER, [])


def test_an_older_file_is_kept_beside_the_new_one(tmp_path):
    lines.begin(tmp_path / "a", HEADER, [{"n": 1}])
    lines.begin(tmp_path / "a", HEADER, [])
    assert lines.read(tmp_path / "a") == (HEADER, [])
    assert lines.read(tmp_path / "a.bak") == (HEADER, [{"n": 1}])


def test_a_file_that_cannot_be_opened_is_said(tmp_path):
    file = lines.Appender(tmp_path / "none" / "a")
    assert "could not be taken up again" in file.trouble
    file.put({"n": 1})
    file.close()


def test_a_disk_that_fails_to_sync_is_said_and_ends_the_keeping(tmp_path, monkeypatch):
    path = tmp_path / "a"
    lines.begin(path, HEADER, [])
    file = lines.Appender(path)

    def broken(_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    file.put({"n": 1})
    assert "not kept in a (Input/output error): the search goes on" in file.trouble
    file.put({"n": 2})
    monkeypatch.undo()
    assert lines.read(path) == (HEADER, [{"n": 1}])


def test_a_sync_that_fails_at_the_end_is_said(tmp_path, monkeypatch):
    lines.begin(tmp_path / "a", HEADER, [])
    file = lines.Appender(tmp_path / "a")

    def broken(_):
        raise OSError(errno.EIO, "Input/output error")

    file.put({"n": 1})
    file.put({"n": 2})  # within the second: not synced yet
    monkeypatch.setattr(os, "fsync", broken)
    file.close()
    assert "Input/output error" in file.trouble


def test_a_line_is_in_the_file_when_put_returns(tmp_path, monkeypatch):
    """A program that is killed then loses none."""
    lines.begin(tmp_path / "a", HEADER, [])
    file = lines.Appender(tmp_path / "a")
    monkeypatch.setattr(os, "fsync", lambda _: None)
    for n in range(3):
        file.put({"n": n})
        assert lines.read(tmp_path / "a")[1] == [{"n": k} for k in range(n + 1)]
    file.close()


def test_a_file_that_is_whole_is_not_touched_when_it_is_read(tmp_path, monkeypatch):
    lines.begin(tmp_path / "a", HEADER, [{"n": 1}])
    cut = []
    monkeypatch.setattr(os, "truncate", lambda *words: cut.append(words))
    assert lines.read(tmp_path / "a") == (HEADER, [{"n": 1}])
    assert cut == []


def test_the_disk_is_asked_once_a_second_not_for_each_line(tmp_path, monkeypatch):
    lines.begin(tmp_path / "a", HEADER, [])
    file = lines.Appender(tmp_path / "a")
    now, synced = [0.0], []
    monkeypatch.setattr(lines.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(os, "fsync", lambda _: synced.append(now[0]))
    for moment in (10.0, 10.5, 11.0, 11.5, 12.0):
        now[0] = moment
        file.put({"n": moment})
    assert synced == [10.0, 11.5]
    file.close()


def scored(cost: float, *genome: int) -> Scored:
    return Scored(genome, cost, cost, False)


def test_a_journal_of_another_machine_gives_scores_but_no_weights(tmp_path):
    path = tmp_path / "journal"
    with journalled(Memo("f"), path):
        pass
    header, _ = lines.read(path)
    row = {**scored(0.5, 1, 2).to_dict(), "value": {"cost": 0.5}}
    for machine, values in ((header["machine"], {(1, 2): {"cost": 0.5}}), ("other", {})):
        lines.begin(path, {**header, "machine": machine}, [row])
        memo = Memo("f")
        with journalled(memo, path) as n_kept:
            assert n_kept == 1
        assert memo.values == values
    lines.begin(path, {**header, "format_version": 1}, [row])
    with journalled(Memo("f"), path) as n_kept:
        assert n_kept == 0


def test_a_full_result_is_at_hand_and_one_without_leaves_the_older_there():
    memo = Memo()
    memo.put(scored(0.5, 1), {"weights": [1.0]})
    memo.put(scored(0.5, 1))
    memo.put(scored(0.6, 2))
    assert memo.values == {(1,): {"weights": [1.0]}}


def test_only_results_better_than_all_before_are_kept_whole(tmp_path):
    path = tmp_path / "journal"
    memo = Memo("f")
    with journalled(memo, path):
        memo.put(scored(0.5, 1), {"cost": 0.5})
        memo.put(scored(0.7, 2), {"cost": 0.7})
        memo.put(scored(0.4, 3), {"cost": object()})  # cannot be written: the score alone is
        memo.put(scored(0.3, 4), {"cost": 0.3})
        memo.put(scored(float("inf"), 5))
    _, rows = lines.read(path)
    assert [("value" in row) for row in rows] == [True, False, False, True, False]
    assert [row["cost"] for row in rows] == [0.5, 0.7, 0.4, 0.3, None]


def test_a_row_that_makes_no_sense_is_left_out(tmp_path):
    path = tmp_path / "journal"
    with journalled(Memo("f"), path):
        pass
    header, _ = lines.read(path)
    good = scored(0.5, 1).to_dict()
    rows = [{"refit": "x", "value": 1}, {**good, "genome": "no"}, {"genome": [1]}, good]
    lines.begin(path, header, rows)
    memo = Memo("f")
    with journalled(memo, path) as n_kept:
        assert n_kept == 1
    assert list(memo.scores) == [(1,)]


def test_a_journal_that_cannot_be_begun_is_said_and_the_work_goes_on(tmp_path):
    (tmp_path / "file").write_text("")
    memo = Memo("f")
    with journalled(memo, tmp_path / "file" / "journal") as n_kept:
        assert n_kept == 0
        assert "not kept" in memo.trouble
        memo.put(scored(0.5, 1), {"cost": 0.5})
    memo.close()  # again is harmless
    assert memo.scores[1,].cost == 0.5
    assert memo.trouble == ""
