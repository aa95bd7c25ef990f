"""The scripting interface: light to import, complete, and its page runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import heliid

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY / "docs" / "api.md"


def test_every_public_name_is_there():
    for name in heliid.__all__:
        assert getattr(heliid, name) is not None
    assert set(heliid.__all__) <= set(dir(heliid))


def test_every_public_function_says_what_it_gives():
    for name in heliid.__all__:
        value = getattr(heliid, name)
        if callable(value):
            assert value.__doc__, name


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'identfy'"):
        heliid.identfy  # noqa: B018


def test_page_names_every_public_function():
    text = PAGE.read_text()
    missing = [
        name
        for name in heliid.__all__
        if name.islower() and not name.startswith("_") and name not in text
    ]
    assert set(missing) <= {"split_in_time"}


@pytest.mark.slow
def test_page_runs_from_top_to_bottom(tmp_path):
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL))
    script = tmp_path / "page.py"
    script.write_text(code)
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:heliid", str(script)],
        cwd=REPOSITORY, capture_output=True, text=True, timeout=280, check=False,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "fit" in done.stdout


def test_type_stub_names_exactly_the_public_names():
    stub = (REPOSITORY / "heliid" / "__init__.pyi").read_text()
    named = set(re.findall(r"import (\w+) as \1$|^(\w+) = |^(\w+): ", stub, re.MULTILINE))
    flat = {name for group in named for name in group if name}
    assert flat == {*heliid.__all__, "__all__"}
