"""Row 21: a disk that fills up, at every stage of the work; on small file systems of its own.

The file systems live in memory, in a mount namespace of this trial (``unshare``); where that is not
allowed the trial says so and fails, rather than pass without having tried.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.torture.files import ROOT, make_project
from benchmarks.torture.tasks import campaign, config, digest

CODE = "import sys; from benchmarks.torture.disk import inside; inside(*sys.argv[1:])"
TRIALS = ("project", "journal", "search", "results", "log")
SIZES_KIB = (8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)


def full_disk(release: bool) -> str:
    """Row 21: project, journal, search and results on disks of many sizes; each says what it is."""
    del release
    return fill_disks(SIZES_KIB, TRIALS)


def fill_disks(sizes: Sequence[int], names: Sequence[str]) -> str:
    """The trials of those names on disks of those sizes; each must have been full once."""
    done = subprocess.run(
        ["unshare", "-rm", sys.executable, "-c", CODE, json.dumps(sizes), *names],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=1800,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout[-300:]} {done.stderr[-1500:]}"
    found = json.loads(done.stdout.strip().splitlines()[-1])
    assert min(found["full"].values()) > 0, f"a disk that was never full: {found}"
    parts = [
        f"{name} {found['full'][name]} full + {found['fits'][name]} that fit"
        for name in found["full"]
    ]
    return f"{len(sizes)} sizes of disk: {', '.join(parts)}; nothing broken, same bits"


@contextmanager
def disk(kib: int) -> Iterator[Path]:
    """An empty file system of that size."""
    with tempfile.TemporaryDirectory() as place:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", place]
        subprocess.run(mount, check=True)
        try:
            yield Path(place)
        finally:
            subprocess.run(["umount", "-l", place], check=True)


def inside(sizes: str, *names: str) -> None:
    """Run the trials named; prints how many disks were full and how many were not."""
    trials: dict[str, Callable[[Path], bool]] = {
        "project": _project, "journal": _journal, "search": _search, "results": _results,
        "log": _log,
    }  # fmt: skip
    full = dict.fromkeys(names, 0)
    fits = dict.fromkeys(names, 0)
    for kib in json.loads(sizes):
        for name in names:
            with disk(kib) as folder:
                if trials[name](folder):
                    fits[name] += 1
                else:
                    full[name] += 1
    sys.stdout.write(json.dumps({"full": full, "fits": fits}) + "\n")


def _project(folder: Path) -> bool:
    """A save over an older one; the old or the new project is there, and no rest of a try."""
    from heliid.errors import ProjectFileError
    from heliid.project import load_project, save_project
    from heliid.project.document import project_entries

    path = folder / "a.heliid"
    try:
        save_project(make_project(0, 400), path)
    except ProjectFileError as error:
        _check(str(error), folder)
        assert not path.exists(), "a project that was never saved whole"
        return False
    fits = True
    try:
        save_project(make_project(1, 4000), path)
    except ProjectFileError as error:
        _check(str(error), folder)
        fits = False
    wanted = project_entries(make_project(1, 4000) if fits else make_project(0, 400))
    assert project_entries(load_project(path)) == wanted
    return fits


def _journal(folder: Path) -> bool:
    """Edits go on when the journal cannot take them; what it took before can be recovered."""
    from heliid.project import session

    said: list[str] = []
    one = session.Session.new(folder=folder / "recovery", on_trouble=said.append, autosave_s=0.0)
    for seed in range(3):
        one.change(make_project(seed, 2000))
        one.flush()
    one.close(keep_edits=True)
    assert len(said) <= 1, said
    if said:
        assert "\n" not in said[0]
        assert "free some space" in said[0], said[0]
    for leftover in session.leftovers(folder / "recovery"):
        session.compare(leftover)
    return not said


_WANTED: list[str] = []


def _search(folder: Path) -> bool:
    """A whole study whose checkpoint cannot grow: one notice, the same bits, also when resumed."""
    from heliid.events import Notice
    from heliid.study import identify

    if not _WANTED:
        _WANTED.append(digest(identify(campaign(), config(1, budget=8))))
    (folder / "fill").write_bytes(bytes(_free(folder) * 3 // 4))
    heard: list = []
    checkpoint = folder / "search.checkpoint"
    found = identify(
        campaign(), config(1, budget=8), checkpoint=checkpoint, report=heard.append
    )  # fmt: skip
    assert digest(found) == _WANTED[0], "other bits on a full disk"
    said = [one.text for one in heard if isinstance(one, Notice) and "not kept" in one.text]
    assert len(said) <= 1, said
    again = identify(campaign(), config(1, budget=8), checkpoint=checkpoint)
    assert digest(again) == _WANTED[0], "other bits from a journal that was cut short"
    return not said


_MODELS: list = []


def _results(folder: Path) -> bool:
    """The folder of results: each file whole or not there, the failure said."""
    from heliid.cli.identify import PROJECT, keep_project
    from heliid.errors import HeliIDError
    from heliid.export.model_files import load_model
    from heliid.export.study_files import write_study
    from heliid.project import load_project
    from heliid.study import identify
    from heliid.study.judgement import judge_study

    if not _MODELS:
        result = identify(campaign(), config(1, budget=4))
        _MODELS.append(judge_study(result, with_test=False))
    result, judged = _MODELS[0]
    fits = True
    try:
        write_study(result, judged, folder)
        keep_project(result, folder / PROJECT)
    except HeliIDError as error:
        _check(str(error), folder)
        fits = False
    for path in folder.rglob("m*.json"):
        load_model(path)
    if (folder / "summary.json").exists():
        json.loads((folder / "summary.json").read_text())
    if (folder / PROJECT).exists():
        load_project(folder / PROJECT)
    return fits


def _log(folder: Path) -> bool:
    """A log that cannot grow stops no work and prints nothing."""
    import logging

    from heliid import logs

    logs.install_logging(folder / "log")
    for number in range(2000):
        logging.getLogger("heliid").info("line %d of a long day's work with a few words", number)
    logs.uninstall_logging()
    return _free(folder) > 0


def _check(sentence: str, folder: Path) -> None:
    assert "\n" not in sentence
    assert "No space left" in sentence or "full" in sentence, sentence
    assert not list(folder.rglob(".*.part")), "the rest of a try stayed"


def _free(folder: Path) -> int:
    import os

    found = os.statvfs(folder)
    return found.f_bavail * found.f_bsize


ROWS = {21: ("A disk that is full", full_disk)}
