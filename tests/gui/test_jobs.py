"""The worker process: results, stale results, stop, crash."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time

import gui_fakes
import numpy as np
import pytest

from heliid.events import Notice, Progress, StageStarted
from heliid_gui import worker
from heliid_gui.jobs import NO_WORKER, Jobs

pytestmark = pytest.mark.gui


def test_result_comes_back(qtbot, jobs):
    got = []
    jobs.submit("gui_fakes:echo", (42,), slot="a", on_result=got.append)
    qtbot.waitUntil(lambda: got == [42], timeout=30_000)
    assert not jobs.is_busy


def test_older_result_of_a_slot_is_never_shown(qtbot, jobs):
    """orange3 2184: the answer to an old setting must not appear as the new one's."""
    got = []
    jobs.submit("gui_fakes:slow_echo", ("old",), slot="a", on_result=got.append)
    jobs.submit("gui_fakes:echo", ("new",), slot="a", on_result=got.append)
    jobs.submit("gui_fakes:echo", ("other",), slot="b", on_result=got.append)
    qtbot.waitUntil(lambda: "other" in got and "new" in got, timeout=30_000)
    assert "old" not in got


def test_a_closed_window_gets_no_answers_and_the_worker_serves_the_next(qtbot, jobs):
    got = []
    jobs.submit("gui_fakes:slow_echo", ("to nobody",), slot="a", on_result=got.append)
    jobs.drop_all()
    assert not jobs.is_busy
    jobs.submit("gui_fakes:echo", ("to the next",), slot="b", on_result=got.append)
    qtbot.waitUntil(lambda: bool(got), timeout=30_000)
    assert got == ["to the next"]


def test_after_the_end_no_question_starts_a_worker(qtbot):
    jobs = Jobs()
    jobs.submit("gui_fakes:echo", (1,), slot="a")
    jobs.close()
    request = jobs.submit("gui_fakes:echo", (2,), slot="a")
    jobs.start()
    assert jobs._link is None
    assert not request.is_live
    assert not jobs.is_busy


def test_errors_are_one_sentence_with_details_only_for_bugs(qtbot, jobs):
    errors = []
    args = (None, None, None)
    jobs.submit("gui_fakes:fails", args, slot="a", on_error=lambda *e: errors.append(e))
    jobs.submit("gui_fakes:broken", args, slot="b", on_error=lambda *e: errors.append(e))
    qtbot.waitUntil(lambda: len(errors) == 2, timeout=30_000)
    assert errors[0] == ("No usable weights can be found: choose longer records.", "")
    assert "ZeroDivisionError: a bug" in errors[1][0]
    assert "Traceback" in errors[1][1]


def test_killed_worker_is_replaced_and_said(qtbot, jobs):
    lost, said, got, begun = [], [], [], []
    jobs.worker_lost.connect(said.append)
    jobs.submit(
        "gui_fakes:slow_echo",
        (1,),
        slot="a",
        on_lost=lost.append,
        on_started=lambda: begun.append(1),
    )
    qtbot.waitUntil(lambda: bool(begun) and jobs.pid > 0, timeout=30_000)
    old = jobs.pid
    os.kill(old, signal.SIGKILL)
    qtbot.waitUntil(lambda: bool(lost), timeout=30_000)
    assert "signal 9" in lost[0]
    assert said == lost
    jobs.submit("gui_fakes:echo", (2,), slot="a", on_result=got.append)
    qtbot.waitUntil(lambda: got == [2], timeout=30_000)
    assert jobs.pid != old


def test_a_worker_that_cannot_start_is_given_up_and_said_once_it_is_clear(qtbot):
    jobs = Jobs(warm_up="gui_fakes:dies_at_once")
    said, lost, started = [], [], []
    jobs.worker_lost.connect(said.append)
    jobs.submit("gui_fakes:echo", (1,), slot="a", on_lost=lost.append)
    qtbot.waitUntil(lambda: bool(lost), timeout=60_000)
    assert lost == [NO_WORKER]
    assert len(said) == 3
    assert said[-1] == NO_WORKER
    jobs._warm_up = ""  # the memory is free again
    jobs.submit("gui_fakes:echo", (2,), slot="a", on_result=started.append)
    qtbot.waitUntil(lambda: started == [2], timeout=30_000)
    jobs.close()


def test_pause_holds_and_resume_goes_on(qtbot, jobs):
    got, begun = [], []
    request = jobs.submit(
        "gui_fakes:slow_echo",
        (5,),
        slot="a",
        on_result=got.append,
        on_started=lambda: begun.append(1),
    )
    qtbot.waitUntil(lambda: bool(begun), timeout=30_000)
    jobs.pause(request, True)
    qtbot.wait(1400)
    assert got == []
    jobs.pause(request, False)
    qtbot.waitUntil(lambda: got == [5], timeout=30_000)


def test_worker_ends_with_the_window(qtbot, jobs):
    qtbot.waitUntil(lambda: jobs.pid > 0, timeout=30_000)
    process = jobs._link.process
    jobs.close()
    assert not process.is_alive()
    jobs.start()  # the fixture closes it again


def test_burst_of_events_is_coalesced_and_ordered(qtbot, jobs):
    batches, got = [], []
    jobs.submit("gui_fakes:count", (300,), slot="a", on_events=batches.append, on_result=got.append)
    qtbot.waitUntil(lambda: got == [300], timeout=30_000)
    events = [event for batch in batches for event in batch]
    notices = [int(e.text) for e in events if isinstance(e, Notice)]
    assert notices == list(range(300))
    assert sum(isinstance(e, Progress) for e in events) < 100


def test_coalesce_keeps_the_last_progress_and_every_notice():
    events = [StageStarted("a"), Progress("a", 1, 9, 0.0), Notice("x"), Progress("a", 2, 9, 0.0)]
    kept = worker.coalesce(events)
    assert kept == [StageStarted("a"), Notice("x"), Progress("a", 2, 9, 0.0)]


def test_paused_request_still_hears_stop():
    controls = worker.Controls()
    controls.pause(1, True)
    controls.stop(1)
    begun = time.monotonic()
    assert controls.should_stop(1)
    assert time.monotonic() - begun < 0.5


def test_ending_a_worker_in_the_middle_of_a_large_command_raises_nothing(qtbot):
    """The monkey found it: the pipe was closed under the thread that wrote to it."""
    from heliid_gui.jobs import Link

    link = Link("")
    os.kill(link.process.pid, signal.SIGSTOP)
    link.send("run", 1, "gui_fakes:echo", (b"0" * 20_000_000,))
    time.sleep(0.2)  # the thread is writing now
    os.kill(link.process.pid, signal.SIGCONT)
    link.end()
    assert not link.process.is_alive()
    link._sender.join(2.0)
    assert not link._sender.is_alive()


def test_a_large_record_reaches_the_worker_as_it_is():
    record = gui_fakes.make_record(seconds=2000.0, rate=100.0)
    here, there = multiprocessing.Pipe()
    sender = threading.Thread(target=worker.send_command, args=(here, ("run", 7, "x:y", (record,))))
    sender.start()
    found = worker.receive_command(there)
    sender.join()
    assert found[:3] == ("run", 7, "x:y")
    assert np.array_equal(found[3][0].values, record.values)
    assert found[3][0].channels == record.channels
    with pytest.raises(ValueError, match="read-only"):
        found[3][0].values[0, 0] = 1.0
