"""The log is there when it is needed, and never in the way."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from heliid import logs

ROOT = str(Path(__file__).resolve().parents[1])


@pytest.fixture(autouse=True)
def _clean():
    logs.uninstall_logging()
    yield
    logs.uninstall_logging()


def test_messages_and_warnings_are_kept_with_versions(tmp_path):
    found = logs.install_logging(tmp_path)
    logging.getLogger("heliid.kernels").warning("a kernel %s", "spoke")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("a library remarks", UserWarning, stacklevel=1)
    text = (tmp_path / logs.PROGRAM).read_text()
    assert "a kernel spoke" in text
    assert "HeliID begins" in text
    assert "numba" in text
    assert found.folder == tmp_path
    assert logs.install_logging() is found  # once is enough


def test_the_log_rotates(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "MAX_BYTES", 2000)
    logs.install_logging(tmp_path)
    for i in range(400):
        logging.getLogger("heliid").info("line %d", i)
    sizes = {path.name: path.stat().st_size for path in tmp_path.glob("heliid.log*")}
    assert len(sizes) == 1 + logs.KEPT
    assert max(sizes.values()) <= 2000


def test_a_folder_that_cannot_be_written_is_no_reason_not_to_start(tmp_path):
    (tmp_path / "file").write_text("")
    assert logs.install_logging(tmp_path / "file" / "logs").folder is None
    assert "there is no log" in logs.crash_report()


def test_a_report_has_the_error_the_versions_and_the_last_lines_but_not_the_home(tmp_path):
    logs.install_logging(tmp_path)
    logging.getLogger("heliid").info("opening %s", Path.home() / "secret.csv")
    try:
        raise RuntimeError("the pump has stopped")
    except RuntimeError as error:
        text = logs.crash_report(error)
    assert "the pump has stopped" in text
    assert "test_logs.py" in text
    assert "HeliID " in text
    if len(str(Path.home())) > 3:
        assert "~/secret.csv" in text
        assert str(Path.home()) not in text


def test_a_hard_crash_is_told_at_the_next_start(tmp_path):
    code = (
        f"import sys; sys.path.insert(0, {ROOT!r})\n"
        "from pathlib import Path\nfrom heliid import logs\n"
        "logs.install_logging(Path(sys.argv[1]))\n"
        "import faulthandler; faulthandler._sigsegv()\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    found = logs.install_logging(tmp_path)
    assert "Segmentation fault" in found.earlier_crash
    assert "Segmentation fault" in logs.crash_report()


def test_worker_processes_log_beside_their_program(tmp_path):
    logs.install_logging(tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {ROOT!r})\n"
        "import logging\nfrom heliid.logs import join_log\n"
        "join_log(); join_log()\nlogging.getLogger('heliid.work').warning('from a worker')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ.copy())
    assert (tmp_path / logs.WORKERS).read_text().count("from a worker") == 1
    assert any("from a worker" in line for line in logs.last_lines())


def test_workers_of_the_engine_join_the_log(tmp_path):
    from heliid.engine.local import LocalEngine
    from heliid.engine.protocol import Task

    logs.install_logging(tmp_path)
    engine = LocalEngine(1)
    results = []
    engine.run(
        [Task(0, "logging:warning", ("not of heliid",)), Task(1, "tests.test_logs:speak", ())],
        on_result=results.append,
        should_stop=lambda: False,
    )
    engine.close()
    assert [one.status for one in results] == ["ok", "ok"]
    assert "the worker speaks" in (tmp_path / logs.WORKERS).read_text()


def speak() -> None:
    logging.getLogger("heliid.test").warning("the worker speaks")


def test_without_a_program_that_logs_a_worker_does_not():
    assert logs.ENVIRONMENT not in os.environ
    logs.join_log()
    assert not logs._installed


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_full_disk_keeps_the_log_quiet(tmp_path, capsys):
    (tmp_path / logs.PROGRAM).symlink_to("/dev/full")
    logs.install_logging(tmp_path)
    for i in range(50):
        logging.getLogger("heliid").warning("line %d", i)
    logs.uninstall_logging()
    assert capsys.readouterr() == ("", "")


def test_a_fault_in_a_log_call_itself_is_still_shown(tmp_path, capsys, monkeypatch):
    logs.install_logging(tmp_path)
    monkeypatch.setattr(logging.getLogger("heliid"), "propagate", False)  # past pytest's own
    logging.getLogger("heliid").warning("%d", "no number")
    logs.uninstall_logging()
    assert "Logging error" in capsys.readouterr().err
