"""Row 20: faults put into the guards on purpose; the tests must notice nine in ten.

Each mutant is one small change of one line (a comparison turned round or off by one, a condition
negated, "and" for "or", a refusal or a call left out, True for False), in a copy of the package;
the tests that belong to the module run on it. What survives is listed.
"""

from __future__ import annotations

import ast
import copy
import importlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.torture.files import ROOT, SEED

# a guard module, and the tests that are to notice
TARGETS = {
    "heliid/strict_json.py": ("tests/test_strict_json.py",),
    "heliid/atomic.py": ("tests/test_atomic.py", "tests/project/test_project_file.py"),
    "heliid/project/arrays.py": ("tests/project/test_refusals.py",),
    "heliid/project/container.py": (
        "tests/project/test_refusals.py", "tests/project/test_project_file.py",
    ),
    "heliid/project/document.py": (
        "tests/project/test_refusals.py", "tests/project/test_sources.py",
        "tests/project/test_project_file.py",
    ),
    "heliid/project/journal.py": (
        "tests/project/test_refusals.py", "tests/project/test_session.py",
    ),
    "heliid/project/lock.py": ("tests/project/test_refusals.py",),
    "heliid/search/lines.py": ("tests/search/test_lines.py",),
    "heliid/search/searcher.py": ("tests/search/test_searchers.py",),
    "heliid/search/memo.py": ("tests/search/test_lines.py", "tests/search/test_run.py"),
}  # fmt: skip
SHARE = 0.9
N_CI = 24
TIMEOUT_S = 120.0
SETTINGS = (
    "[pytest]\nmarkers =\n  slow\n  gui\n  bench\npythonpath = . gui\nfilterwarnings = error\n"
)
ENVIRONMENT = {
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
}  # quick starts
OURS = ("heliid", "heliid_gui", "tests", "benchmarks")  # of the copy in each trial

_OTHER = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip


def mutation_trial(release: bool) -> str:
    """Row 20: a sample of the mutants in CI, all of them for a release."""
    every = [(path, *one) for path in TARGETS for one in mutants((ROOT / path).read_text())]
    chosen = every if release else random.Random(f"{SEED} mutants").sample(every, N_CI)
    survivors = []
    with tempfile.TemporaryDirectory() as place:
        root = _copy(Path(place))
        _check_tests(root, {path for path, _, _ in chosen})
        for path, words, text in chosen:
            if not _is_noticed(root, path, text):
                survivors.append(f"{path}: {words}")
    caught = len(chosen) - len(survivors)
    for one in survivors:
        sys.stdout.write(f"        survived: {one}\n")
    assert caught >= SHARE * len(chosen), f"only {caught} of {len(chosen)} were noticed"
    return f"{caught} of {len(chosen)} ({len(every)} there are) faults noticed (seed {SEED})"


def _copy(place: Path) -> Path:
    """What the tests need, apart from the checkout."""
    for name in ("heliid", "tests", "benchmarks"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    (place / "pytest.ini").write_text(SETTINGS)
    (place / "data").symlink_to(ROOT / "data")
    (place / "gui").symlink_to(ROOT / "gui")
    return place


def _check_tests(root: Path, paths: Iterable[str]) -> None:
    """Without a fault all tests pass; else every mutant would seem to be noticed."""
    for name in ("heliid.study", "heliid.project.session", "heliid.search.run", "hypothesis"):
        importlib.import_module(name)  # with all the libraries they need
    for path in sorted(paths):
        assert not _is_noticed(root, path, (root / path).read_text()), f"{path}: its tests fail"


def _is_noticed(root: Path, path: str, text: str) -> bool:
    """Whether a test fails when ``path`` of the copy holds ``text``."""
    good = (root / path).read_text()
    (root / path).write_text(text)
    try:
        return _run_tests(root, TARGETS[path]) != 0
    finally:
        (root / path).write_text(good)


def _run_tests(root: Path, tests: tuple[str, ...]) -> int:
    """The status of pytest in a fork of this program: what is slow to import is there already."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        status = 70
        try:
            status = _in_the_copy(root, tests)
        finally:
            os._exit(status)
    until = time.monotonic() + TIMEOUT_S
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        if time.monotonic() > until:  # a fault that hangs does not pass unnoticed
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return 1
        time.sleep(0.01)


def _in_the_copy(root: Path, tests: tuple[str, ...]) -> int:
    """In the fork: forget our own modules, and run the tests on those of the copy."""
    import pytest

    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    for name in list(sys.modules):
        if name.partition(".")[0] in OURS:
            del sys.modules[name]
    sys.path[:] = [str(root), str(root / "gui"), *(
        one for one in sys.path if Path(one or ".").resolve() not in (ROOT, ROOT / "gui")
    )]  # fmt: skip
    sys.dont_write_bytecode = True
    importlib.invalidate_caches()
    os.environ.update(ENVIRONMENT, PYTHONPATH=f"{root}:{root}/gui")
    os.chdir(root)
    return pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-m", "not slow", *tests])


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """(the change in words, the whole changed source) for each fault that can be put in."""
    tree = ast.parse(source)
    for number, node in enumerate(ast.walk(tree)):
        for words, change in _changes(node):
            other = copy.deepcopy(tree)
            target = next(one for k, one in enumerate(ast.walk(other)) if k == number)
            change(target)
            line = getattr(node, "lineno", 0)
            yield f"line {line}: {words}", ast.unparse(ast.fix_missing_locations(other))


def _changes(node: ast.AST) -> Iterator[tuple[str, object]]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _OTHER:
        kind = _OTHER[type(node.ops[0])]

        def swap(one: ast.AST) -> None:
            one.ops[0] = kind()  # type: ignore[attr-defined]

        yield f"{type(node.ops[0]).__name__} becomes {kind.__name__}", swap
    elif isinstance(node, ast.BoolOp):
        kind = ast.Or if isinstance(node.op, ast.And) else ast.And

        def join(one: ast.AST) -> None:
            one.op = kind()  # type: ignore[attr-defined]

        yield f"{type(node.op).__name__} becomes {kind.__name__}", join
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):

        def unsay(one: ast.AST) -> None:
            one.op = ast.UAdd()  # type: ignore[attr-defined]
            one.operand = ast.Call(ast.Name("bool", ast.Load()), [one.operand], [])  # type: ignore[attr-defined]

        yield "a not is left out", unsay
    elif isinstance(node, ast.If) and not isinstance(node.test, (ast.Compare, ast.BoolOp)):

        def negate(one: ast.AST) -> None:
            one.test = ast.UnaryOp(ast.Not(), one.test)  # type: ignore[attr-defined]

        yield "an if is turned round", negate
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):

        def leave_out(one: ast.AST) -> None:
            one.__class__ = ast.Pass  # type: ignore[assignment]

        yield f"{ast.unparse(node.value)[:40]} is left out", leave_out
    elif isinstance(node, ast.Raise) and node.exc is not None:

        def let_in(one: ast.AST) -> None:
            one.exc, one.cause = None, None  # type: ignore[attr-defined]
            one.__class__ = ast.Pass  # type: ignore[assignment]

        yield "a refusal is left out", let_in
    elif (
        isinstance(node, ast.Return)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, bool)
    ):

        def turn(one: ast.AST) -> None:
            one.value.value = not one.value.value  # type: ignore[attr-defined]

        yield f"returns {not node.value.value}", turn


def main() -> None:
    """All of one module: ``python -m benchmarks.torture.mutants heliid/atomic.py``."""
    with tempfile.TemporaryDirectory() as place:
        root = _copy(Path(place))
        for path in sys.argv[1:] or TARGETS:
            _check_tests(root, {path})
            began, caught, survivors = time.perf_counter(), 0, []
            for words, text in mutants((ROOT / path).read_text()):
                if _is_noticed(root, path, text):
                    caught += 1
                else:
                    survivors.append(words)
            seconds = time.perf_counter() - began
            sys.stdout.write(f"{path}: {caught} of {caught + len(survivors)}  [{seconds:.0f} s]\n")
            for words in survivors:
                sys.stdout.write(f"    survived: {words}\n")
            sys.stdout.flush()


ROWS = {20: ("Faults put into the guards", mutation_trial)}

if __name__ == "__main__":
    main()
