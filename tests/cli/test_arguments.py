"""Wrong arguments: one clear sentence on standard error, exit status 2, at once."""

from __future__ import annotations

import re
import resource
import subprocess
import sys

import pytest

from heliid.cli.arguments import _SEARCHES, COMMANDS, make_parser, shares

from .conftest import REPOSITORY, heliid

pytestmark = pytest.mark.slow


def test_help_is_instant_and_imports_nothing_heavy():
    script = (
        "import sys\nfrom heliid.cli import main\nmain(['--help'])\n"
        "heavy = {'numpy', 'scipy', 'pandas', 'numba', 'PySide6'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    used = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-c", script], cwd=REPOSITORY, check=True, capture_output=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(used) < 0.3  # s of CPU, which a busy machine does not change


def test_help_names_every_command():
    done = heliid("--help")
    assert done.status == 0
    assert all(command in done.out for command in COMMANDS)


def test_import_heliid_is_light():
    script = (
        "import sys, heliid\n"
        "heavy = {'numpy', 'scipy', 'pandas', 'numba', 'PySide6'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, check=True)


def test_version():
    done = heliid("--version")
    assert (done.status, done.err) == (0, "")
    assert re.fullmatch(r"heliid \d+\.\d+\.\d+\S*\n", done.out)


def test_searches_are_those_of_the_core():
    from heliid.study import SEARCHES

    assert set(_SEARCHES) == {*SEARCHES, "all"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("identify",), "required: --train, --inputs, --outputs, --out"),
        (("identify", "--bogus"), "required"),
        (("frobnicate",), "no file and no command 'frobnicate'"),
        (("--bogus",), "unrecognized arguments"),
        (("score",), "required: MODEL, FILE"),
        (("export", "m.json", "--to", "fortran", "--out", "x"), "invalid choice: 'fortran'"),
    ],
)
def test_wrong_arguments_are_one_sentence(words, says):
    done = heliid(*words)
    assert done.status == 2
    assert done.out == ""
    assert says in done.err
    assert done.err.count("\n") == 1
    assert done.err.startswith("heliid")


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        (("--inputs", "stick,", "--outputs", "q"), "empty name"),
        (("--inputs", "stick", "--outputs", "q", "--budget", "x"), "invalid int value"),
        (("--inputs", "stick", "--outputs", "q", "--budget", "0"), "budget is 0: choose from 1"),
        (("--inputs", "stick", "--outputs", "q", "--rate", "-3"), "rate_hz is -3"),
        (("--inputs", "stick", "--outputs", "q", "--trim", "maybe"), "lead:T"),
        (("--inputs", "stick", "--outputs", "q", "--split", "0.9,0.9"), "0.55,0.15,0.30"),
        (("--inputs", "stick", "--outputs", "q", "--max-hidden", "-1"), "hidden_max is -1"),
        (("--inputs", "stick", "--outputs", "q", "--resume"), "no search.checkpoint"),
        (("--inputs", "stick", "--outputs", "q", "--rate", "50"), "above that of record 'train1"),
    ],
)
def test_wrong_settings_are_one_sentence(records, tmp_path, extra, says):
    out = tmp_path / "out"
    done = heliid("identify", "--train", records / "train1.csv", "--out", out, *extra)
    assert done.status == 2, done.err
    assert done.out == ""
    assert says in done.err
    assert done.err.count("\n") == 1
    assert not (out / "model.json").exists()


def test_shares_of_a_split():
    assert shares("0.55,0.15,0.30") == (0.55, 0.15, 0.30)
    assert shares("0.7,0.3") == (0.7, 0.3)
    assert shares("55,15,30") == (0.55, 0.15, 0.30)
    assert shares("70") == pytest.approx((0.56, 0.14, 0.30))


def test_every_command_has_a_module_to_run():
    import importlib

    for command in COMMANDS:
        room = make_parser()._subparsers._group_actions[0].choices[command].get_default("room")
        assert callable(importlib.import_module(f"heliid.cli.{room}").run)


@pytest.mark.parametrize("command", ["identify", "fit", "score"])
def test_limits_are_pairs_of_name_and_number(command, capsys):
    rest = {
        "identify": ["--train", "a.csv", "--inputs", "a", "--outputs", "b", "--out", "x"],
        "fit": ["--train", "a.csv", "--inputs", "a", "--outputs", "b", "--out", "x",
                "--order", "na=1"],
        "score": ["m.json", "a.csv"],
    }[command]  # fmt: skip
    options = make_parser().parse_args([command, *rest, "--limit", "theil_limit=0.2"])
    assert options.limit == [("theil_limit", 0.2)]
    with pytest.raises(SystemExit):
        make_parser().parse_args([command, *rest, "--limit", "theil_limit"])
    assert "write its name and a number" in capsys.readouterr().err
