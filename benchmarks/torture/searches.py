"""Rows 6, 7 and 13: searches whose workers or whose program die, and the same seed again."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.torture.files import ROOT, SEED
from benchmarks.torture.tasks import POISONS, campaign, config, digest, is_poisoned
from heliid.engine.local import LocalEngine
from heliid.engine.protocol import Engine
from heliid.engine.serial import SerialEngine
from heliid.events import CandidateScored
from heliid.search.run import Limits, SearchResult, run_search
from heliid.study import identify
from heliid.study.explore import make_problem, make_searcher
from heliid.study.ground import make_ground

SHARE = 8  # one order in so many is poisoned
CPU_LIMIT_S = 4.0
N_ORDERS = 16
# the journal keeps the weights of each order that was the best when it came in; one that became the
# best out of turn, while an earlier one was still under way, is trained once more for them
BESTS_AGAIN = 1


def dying_workers(release: bool) -> str:
    """Row 6: five ways to lose a worker, inside the task and from outside, at random times."""
    rng = random.Random(f"{SEED} workers")
    count = 300 if release else 30
    n_poisoned = n_shot = 0
    with contextlib.closing(LocalEngine(2)) as engine:
        for number in range(count):
            poison = POISONS[number % len(POISONS)]
            seed = SEED + number // len(POISONS)
            wanted = _search(SerialEngine(), seed, "")
            with _shooter(engine, rng) as shots:
                found = _search(engine, seed, poison)
            assert _bits(found) == _bits(wanted), f"{poison}, seed {seed}: other bits"
            for one in found.candidates:
                is_bad = is_poisoned(_structure(one), SHARE)
                assert is_bad == bool(one.cost == float("inf")), one
                if is_bad:
                    assert one.reason, "a poisoned order without a reason"
                    n_poisoned += 1
            n_shot += len(shots)
    return (
        f"{count} searches of {N_ORDERS} orders: {n_poisoned} poisoned orders named with their "
        f"reason, {n_shot} workers shot at random, all results bitwise equal (seed {SEED})"
    )


def _search(engine: Engine, seed: int, poison: str) -> SearchResult:
    settings = config(seed % 1000, budget=N_ORDERS)
    ground = make_ground(campaign(), settings)
    problem = replace(
        make_problem(ground, engine),
        fn="benchmarks.torture.tasks:poisoned_task",
        extra=(poison, SHARE),
        cpu_limit_s=CPU_LIMIT_S,
    )
    searcher = make_searcher(settings.search, ground, seed)
    return run_search(searcher, problem, engine, Limits(N_ORDERS), window=4)


def _structure(candidate: CandidateScored) -> dict:
    from heliid.search.encoding import Encoding

    return Encoding(config(0).box, 1, 1).structure(candidate.genome).to_dict()


def _bits(result: SearchResult) -> list:
    rows = [(one.index, one.genome, one.cost.hex(), one.nrmse.hex()) for one in result.candidates]
    return [*rows, [cost.hex() for cost in result.trace]]


@contextlib.contextmanager
def _shooter(engine: LocalEngine, rng: random.Random) -> Iterator[list[int]]:
    """One worker is killed from outside at a random moment, with a random signal."""
    shots: list[int] = []
    is_over = threading.Event()
    wait, number = rng.uniform(0.0, 0.5), rng.choice([signal.SIGKILL, signal.SIGSEGV])

    def shoot() -> None:
        if is_over.wait(wait):
            return
        workers = list(engine._workers)
        if workers:
            victim = rng.choice(workers).process.pid
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, number)
                shots.append(victim)

    thread = threading.Thread(target=shoot)
    thread.start()
    try:
        yield shots
    finally:
        is_over.set()
        thread.join()


def killed_programs(release: bool) -> str:
    """Row 7: SIGKILL of the whole program at a random moment of search or refits, then going on."""
    return kill_programs(200 if release else 20)


def kill_programs(count: int) -> str:
    """So many kills; from twenty on some must have fallen among the refits."""
    rng = random.Random(f"{SEED} programs")
    seeds = range(min(4, count))
    wanted, n_tasks = {}, {}
    for seed in seeds:
        counts: list[int] = []
        wanted[seed] = digest(identify(campaign(), config(seed), engine=CountingEngine(counts)))
        n_tasks[seed] = sum(counts)
    kept_in_all = again = in_refits = 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            seed = seeds[number % len(seeds)]
            checkpoint = Path(folder) / f"{number}.checkpoint"
            program = _program(seed, checkpoint, Path(folder) / "out")
            _wait_for_lines(program, checkpoint, rng.randint(1, n_tasks[seed] - 1))
            time.sleep(rng.uniform(0.0, 0.02))
            workers = children(program.pid)
            program.send_signal(signal.SIGKILL)
            program.wait()
            kept = checkpoint.read_bytes().count(b"\n") - 1  # whole lines but the header
            in_refits += b'"refit":' in checkpoint.read_bytes()
            trained: list[int] = []
            result = identify(
                campaign(), config(seed), checkpoint=checkpoint, engine=CountingEngine(trained)
            )
            assert digest(result) == wanted[seed], f"seed {seed}: other bits after going on"
            assert sum(trained) <= n_tasks[seed] - kept + BESTS_AGAIN, (
                f"{sum(trained)} trained of {n_tasks[seed]}, {kept} were kept"
            )
            kept_in_all, again = kept_in_all + kept, again + sum(trained)
            assert gone(workers, 5.0), "a worker outlived its program"
    assert in_refits or count < 20, "no kill fell among the refits"
    whole = sum(n_tasks[seeds[number % len(seeds)]] for number in range(count))
    return (
        f"{count} programs killed ({in_refits} among the refits), {kept_in_all} of {whole} results "
        f"kept, {again} trained afterwards, all results bitwise equal to uninterrupted ones "
        f"(seed {SEED})"
    )


class CountingEngine(SerialEngine):
    """The reference engine, counting the tasks of each of its runs."""

    def __init__(self, counts: list[int]) -> None:
        self.counts = counts

    def run(self, tasks, *, on_result, should_stop) -> None:
        """As the reference; appends how many tasks there were."""
        seen = 0

        def counted(result) -> None:
            nonlocal seen
            seen += 1
            on_result(result)

        super().run(tasks, on_result=counted, should_stop=should_stop)
        self.counts.append(seen)


def _program(seed: int, checkpoint: Path, out: Path) -> subprocess.Popen:
    words = (str(seed), str(checkpoint), "2", str(out))
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.torture.tasks", *words], cwd=ROOT
    )  # fmt: skip


def _wait_for_lines(program: subprocess.Popen, path: Path, n: int) -> None:
    until = time.monotonic() + 120.0
    while time.monotonic() < until and program.poll() is None:
        if path.exists() and path.read_bytes().count(b"\n") > n:
            return
        time.sleep(0.002)


def children(pid: int) -> list[int]:
    """All processes that stem from one, from /proc."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            if int(entry.read_text().rpartition(")")[2].split()[1]) == pid:
                child = int(entry.parent.name)
                found += [child, *children(child)]
    return found


def gone(pids: list[int], patience_s: float) -> bool:
    """Whether all of them have ended within that time."""
    until = time.monotonic() + patience_s
    while any(_lives(pid) for pid in pids):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def same_seed(release: bool) -> str:
    """Row 13: the same seed twice, with two workers, and stopped and gone on."""
    count, rng = (100 if release else 12), random.Random(f"{SEED} seeds")
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(LocalEngine(2)) as two:
        for seed in range(count):
            wanted = digest(identify(campaign(), config(seed)))
            assert digest(identify(campaign(), config(seed))) == wanted, f"seed {seed}: twice"
            result = identify(campaign(), config(seed), engine=two)
            assert digest(result) == wanted, f"seed {seed}: two workers"
            checkpoint = Path(folder) / f"{seed}.checkpoint"
            stop = _StopAfter(rng.randint(1, 12))
            identify(
                campaign(), config(seed), engine=two, checkpoint=checkpoint,
                report=stop.hear, should_stop=stop.is_over,
            )  # fmt: skip
            result = identify(campaign(), config(seed), engine=two, checkpoint=checkpoint)
            assert digest(result) == wanted, f"seed {seed}: stopped and gone on"
    return f"{count} seeds x (twice, 2 workers, stopped and gone on): equal bits (seed {SEED})"


class _StopAfter:
    """Stops a search after so many candidates."""

    def __init__(self, n: int) -> None:
        self.left = n

    def hear(self, event) -> None:
        """Count candidates."""
        self.left -= isinstance(event, CandidateScored)

    def is_over(self) -> bool:
        """Whether enough have come."""
        return self.left <= 0


ROWS = {
    6: ("Workers that die in a search", dying_workers),
    7: ("The program killed in a search", killed_programs),
    13: ("The same seed", same_seed),
}
