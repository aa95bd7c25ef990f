"""Row 23: projects of a stranger, opened in the window: one sentence, or all of it and no fault.

Two kinds are dropped on a live window: files that are no project at all or a damaged one, and
projects whose hashes are right but whose content has one value replaced by another that nobody
would write. Each is either refused in one sentence, and then the window shows what it showed
before, or opened, and then every view can be shown. ``python -m benchmarks.torture.hostile COUNT
SEED`` runs the window and prints one JSON line.
"""

from __future__ import annotations

import copy
import gzip
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.torture.files import ROOT, SEED, model_text

ODD: tuple[Any, ...] = (
    None, True, -1, 10**19, 1e300, 0.5, "", "x", "é" * 3000, "../../etc/passwd", [], [None], [[1]],
    {}, {"x": None}, [1, "x", {}],
)  # fmt: skip


def hostile_projects(release: bool) -> str:
    """Row 23: so many spoilt projects opened in one window after the other."""
    return open_hostile(5_000 if release else 300)


def open_hostile(count: int) -> str:
    """In a program of its own; raises with the first fault."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": f"{ROOT}:{ROOT}/gui"}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.torture.hostile", str(count), str(SEED)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
        timeout=600 + 5 * count,
    )  # fmt: skip
    assert done.returncode == 0, f"status {done.returncode}: {done.stderr[-1500:]}"
    said = json.loads(done.stdout.strip().splitlines()[-1])
    assert not said["faults"], f"{len(said['faults'])} faults: {said['faults'][0]}"
    return (
        f"{said['n_files']} files that are none and {count} projects with one odd value: "
        f"{said['refused']} refused in one sentence with the window as before, {said['opened']} "
        f"opened with every view, 0 exceptions, 0 Qt warnings (seed {SEED})"
    )


def places(value: Any, at: tuple = ()) -> Iterator[tuple]:
    """The path of every value in plain data."""
    if at:
        yield at
    if isinstance(value, dict | list):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(one, (*at, key))


def with_odd(rng: random.Random, body: Any) -> tuple[str, Any]:
    """A copy of plain data with one value replaced or left out, and which in words."""
    whole = copy.deepcopy(body)
    # short paths first: the samples of a run would drown the rest
    depth = rng.randint(1, 7)
    found = [at for at in places(body) if len(at) == depth] or list(places(body))
    at = rng.choice(found)
    holder = whole
    for key in at[:-1]:
        holder = holder[key]
    odd = rng.choice(ODD)
    if isinstance(holder, dict) and rng.random() < 0.15:
        del holder[at[-1]]
        return f"without {list(at)}", whole
    holder[at[-1]] = odd
    return f"{list(at)} is {str(odd)[:30]!r}", whole


def spoilt_contents(
    entries: dict[str, bytes], rng: random.Random, count: int
) -> Iterator[tuple[str, bytes]]:
    """Whole containers, their hashes right, each with one odd value."""
    from heliid.project.container import container_bytes

    rows = next(name for name in entries if name.endswith(".jsonl"))
    model = next(name for name in entries if name.startswith("models/"))
    for _ in range(count):
        name = rng.choices(("project.json", rows, model), (8, 2, 1))[0]
        if name == rows:
            lines = [json.loads(line) for line in entries[name].splitlines()]
            words, lines = with_odd(rng, lines)
            data = "".join(json.dumps(one) + "\n" for one in lines).encode()
        else:
            words, body = with_odd(rng, json.loads(entries[name]))
            data = json.dumps(body).encode()
        yield f"{name.partition('/')[0]} {words}", container_bytes({**entries, name: data})


def no_projects(good: bytes) -> dict[str, bytes]:
    """Files that are no project, or one that was damaged or made to do harm."""
    bomb, names = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("project.json", bytes(50_000_000))
    with zipfile.ZipFile(names, "w") as archive:
        archive.writestr("../../.bashrc", b"echo")
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 8
    manifest = b'{"format": ' + b"[" * 100_000
    deep = io.BytesIO()
    with zipfile.ZipFile(deep, "w") as archive:
        archive.writestr("manifest.json", manifest)
    return {
        "empty": b"", "text": b"time [s],q\n0,1\n", "cut": good[: len(good) // 2],
        "flipped": bytes(flipped), "gzip": gzip.compress(good), "bomb": bomb.getvalue(),
        "names": names.getvalue(), "deep": deep.getvalue(), "model": model_text(),
        "zeros": bytes(100_000), "twice": good + good, "end only": good[-22:],
    }  # fmt: skip


def study_with_all() -> Any:
    """A project with one study (of the tests' stand-in), two records, painted regions, steps."""
    from dataclasses import replace

    import gui_fakes as fakes  # found by ``open_window``

    from heliid.data.campaign import Use, make_campaign
    from heliid.events import ignore, never
    from heliid.project.runs import make_run, study_project
    from heliid.study import StudyConfig

    records = [fakes.make_record(name, 10.0, seed=k) for k, name in enumerate(("one", "two"))]
    campaign = make_campaign(
        ["delta_lon", "delta_col"], ["q", "theta"], train=records[:1], validate=records[1:]
    )
    config = StudyConfig(budget=6, workers=1)
    result = fakes.identify(campaign, config, None, report=ignore, should_stop=never)
    judged = {"headline": "fit for use", "verdict": []}
    run = make_run(
        result, key="run1", name="Run 1", created="2026-01-01T00:00:00Z", judgement=judged
    )
    whole = study_project(result, run)
    first = replace(
        whole.records[0], steps=({"kind": "despike"},), regions=((1.0, 2.0, Use.VALIDATE),)
    )
    return replace(whole, records=(first, *whole.records[1:]))


class Opener:
    """A window into which one file after the other is dropped."""

    def __init__(self, folder: Path) -> None:
        from benchmarks.torture.window import Watch, open_window

        self.folder = folder
        self.window = open_window(folder, 6, workers=1)
        self.watch = Watch()
        self.said: list[tuple[str, str]] = []
        self.faults: list[str] = []
        self.refused = self.opened = 0
        self.window.desk.project._on_trouble = self._hear
        self.window.problems.show = self._hear

    def _hear(self, title: str, sentence: str, details: str = "") -> None:
        if title in ("Steps were switched off", "A source file has changed"):
            return  # said of a project that was opened
        self.said.append((sentence, details))

    def make_good(self) -> bytes:
        """A project with a study, as the window itself writes it."""
        from benchmarks.torture.window import _pump
        from heliid.project import save_project

        window, path = self.window, self.folder / "good.heliid"
        save_project(study_with_all(), path)
        window.bench.is_modified = False
        window.open_paths([path])
        _pump(120.0, lambda: bool(window.bench.runs))
        window.bench.change_run("run1", starred=True)  # so that it is written anew
        window.bench.limits["fit"] = 90.0
        done: list[bool] = []
        window.desk.project.save(path, lambda: done.append(True))
        _pump(120.0, lambda: bool(done))
        return path.read_bytes()

    def shown(self) -> tuple:
        """What the window shows, to be compared: identities, since refused files touch nothing."""
        bench = self.window.bench
        return (id(bench.setup), [run.key for run in bench.runs], bench.path, bench.current_run,
                self.window.windowTitle(), dict(bench.limits))  # fmt: skip

    def drop(self, words: str, data: bytes) -> None:
        """Open it; what is wrong with the answer is in ``faults``."""
        from benchmarks.torture.window import _pump

        path = self.folder / "strange.heliid"
        path.write_bytes(data)
        before, n_wrong = self.shown(), len(self.watch.exceptions) + len(self.watch.warnings)
        self.said.clear()
        self.watch.doing = words
        if os.environ.get("HELIID_TRIAL_SAYS"):
            sys.stderr.write(f"{words}\n")
        self.window.bench.is_modified = False
        self.window.open_paths([path])
        _pump(30.0, lambda: self.window.loader.pending == 0)
        if self.said:
            self.refused += 1
            self._check_refusal(words, before)
        else:
            self.opened += 1
            self._show_all()
        wrong = [*self.watch.exceptions, *self.watch.warnings]
        if len(wrong) > n_wrong:
            self.faults.append(f"{words}: {wrong[-1][-700:]}")

    def _check_refusal(self, words: str, before: tuple) -> None:
        sentence, details = self.said[0]
        if details or "\n" in sentence or len(sentence) > 500 or not sentence.endswith("."):
            self.faults.append(f"{words}: not one sentence: {sentence[:300]} {details[-600:]}")
        if self.shown() != before:
            self.faults.append(f"{words}: refused, but half of it is shown")

    def _show_all(self) -> None:
        from PySide6.QtWidgets import QApplication

        for step in [key for key in self.window.views if key != "home"]:
            try:
                self.window.show_step(step)
            except Exception as error:  # as the program itself would show it
                sys.excepthook(type(error), error, error.__traceback__)
            QApplication.processEvents()


def run(count: int, seed: int, folder: Path) -> dict[str, Any]:
    """One window and all files, in this process."""
    one = Opener(folder)
    try:
        n_files = drop_all(one, count, seed)
    finally:
        one.window.bench.is_modified = False
        one.window.close()  # else its workers would keep this process
    return {
        "n_files": n_files, "refused": one.refused, "opened": one.opened, "faults": one.faults,
    }  # fmt: skip


def drop_all(one: Opener, count: int, seed: int) -> int:
    """All files, one after the other; how many of them are no project."""
    from heliid.project.container import read_container

    good = one.make_good()
    with read_container(good) as container:
        entries = {name: container.read(name) for name in container.names}
    files = no_projects(good)
    for words, data in files.items():
        one.drop(words, data)
    for words, data in spoilt_contents(entries, random.Random(f"{seed} hostile"), count):
        one.drop(words, data)
    return len(files)


ROWS = {23: ("Hostile projects in the window", hostile_projects)}


def main() -> None:
    """One window."""
    count, seed = map(int, sys.argv[1:])
    hook = sys.excepthook
    with tempfile.TemporaryDirectory() as folder:
        try:
            said = run(count, seed, Path(folder))
        finally:
            sys.excepthook = hook  # what goes wrong in the trial itself is shown
            os.chdir(ROOT)
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
