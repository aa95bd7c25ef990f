"""Clusters on this machine: ``python -m benchmarks.cluster [search|kill|tls|reduce|model|table]``.

search: a search on 2 Dask workers against 1 and against one process, same bits, efficiency.
kill: the same with workers killed at random. tls: strangers that are let in. reduce: one sum of a
300 x 300 matrix over 2 ranks. model: the cost model of an iteration against 1 and 2 ranks.
table: the same model for machines that are not here; an extrapolation. ``--write`` makes the tables
of ``docs/cluster.md``.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from heliid.data.bundled import load_example
from heliid.engine.protocol import Engine
from heliid.engine.serial import SerialEngine
from heliid.model.structure import Structure
from heliid.search.run import Limits, run_search
from heliid.study import OrderBox, StudyConfig
from heliid.study.explore import make_problem, make_searcher
from heliid.study.ground import make_ground
from heliid.training.dataset import Dataset
from heliid.training.fit import TrainingSettings
from heliid.training.ranks import Line, LocalRanks, OneRank, make_lines, total
from heliid.training.sharded import make_sharded
from heliid.training.tree import Forest

PAGE = Path(__file__).resolve().parents[1] / "docs/cluster.md"
BUDGET = 24
MEASURED = 64  # orders, where the time counts: the last few leave workers idle


# The order search on Dask -------------------------------------------------------------------------


@contextmanager
def dask_cluster(n_workers: int, folder: Path) -> Iterator[tuple[Any, Engine]]:
    """A local cluster with certificates of its own, and an engine on it."""
    import dask
    import distributed

    from heliid.engine.cluster_security import find_credentials, make_certificates
    from heliid.engine.dask_engine import DaskEngine

    own = find_credentials(folder) if folder.exists() else make_certificates(folder)
    assert own is not None
    roles: dict[str, str] = {}
    for role in ("client", "scheduler", "worker"):
        roles |= own.for_dask(role)
    with warnings.catch_warnings(), dask.config.set({"distributed.scheduler.allowed-failures": 0}):
        warnings.simplefilter("ignore")
        cluster = distributed.LocalCluster(
            n_workers=n_workers, threads_per_worker=1, processes=True, protocol="tls://",
            security=distributed.Security(require_encryption=True, **roles),
            dashboard_address=None, silence_logs=50,
        )  # fmt: skip
        engine = DaskEngine(cluster.scheduler_address, own)
        try:
            yield cluster, engine
        finally:
            engine.close()
            cluster.close(timeout=10)


def one_search(engine: Engine, budget: int = BUDGET) -> tuple[list[tuple], float, float]:
    """Genomes and costs in order, wall time, seconds that workers spent on tasks."""
    config = StudyConfig(rate_hz=10.0, budget=budget, box=OrderBox(hidden_max=4), seed=2, window=8)
    ground = make_ground(load_example("truth"), config)
    problem = make_problem(ground, engine)
    warm = make_searcher("random", ground, 99)
    run_search(warm, problem, engine, Limits(4), window=4)  # kernels loaded, data shipped
    searcher = make_searcher("ais", ground, config.seed)
    _start_listening(engine)
    began = time.monotonic()
    found = run_search(searcher, problem, engine, Limits(budget), window=config.window)
    spent = time.monotonic() - began
    rows = [(one.genome, one.cost) for one in found.candidates]
    return rows, spent, _computed(engine)


_since: list[float] = []


def _start_listening(engine: Engine) -> None:
    _since[:] = [time.time()]
    if hasattr(engine, "_client"):
        engine._client.get_task_stream(start=_since[0])


def _computed(engine: Engine) -> float:
    """Seconds in which Dask's workers had a task of ours in their hands, by their own clocks."""
    if not hasattr(engine, "_client"):
        return 0.0
    stream = engine._client.get_task_stream(start=_since[0])
    return sum(
        part["stop"] - part["start"]
        for one in stream
        for part in one["startstops"]
        if part["action"] == "compute" and part["start"] >= _since[0]
    )


def search(say: Callable[[str], None], folder: Path) -> None:
    """Bits, and efficiency: on the clock, and the share of their time in which workers had work."""
    serial, alone, _ = one_search(SerialEngine(), MEASURED)
    say(f"\nSearch of {MEASURED} orders, window 8, over mutual TLS.\n")
    say("| | wall, s | bits as in one process | efficiency on the clock, against 1 worker | "
        "workers had a task |")  # fmt: skip
    say("|---|---|---|---|---|")
    say(f"| one process | {alone:.1f} | | | |")
    one = 0.0
    for n in (1, 2):
        with dask_cluster(n, folder) as (_, engine):
            rows, spent, cpu = one_search(engine, MEASURED)
        one = one or spent
        same = "equal" if rows == serial else "DIFFERENT"
        say(f"| {n} Dask worker{'s' * (n > 1)} | {spent:.1f} | {same} | {one / (n * spent):.2f} | "
            f"{cpu / (n * spent):.2f} |")  # fmt: skip


def kill(say: Callable[[str], None], folder: Path) -> None:
    """Workers shot at random moments."""
    serial, _, _ = one_search(SerialEngine())
    rng, over, killed = random.Random(7), threading.Event(), []
    with dask_cluster(2, folder) as (cluster, engine):

        def shoot() -> None:
            while not over.wait(rng.uniform(1.0, 4.0)):
                pids = [n.process.pid for n in cluster.workers.values() if n.process]
                pids = [pid for pid in pids if pid]
                if pids and len(killed) < 5:
                    killed.append(rng.choice(pids))
                    os.kill(killed[-1], signal.SIGKILL)

        shooter = threading.Thread(target=shoot)
        shooter.start()
        try:
            rows, spent, _ = one_search(engine)
        finally:
            over.set()
            shooter.join()
    say(f"\nWorkers killed at random: {len(killed)} times in {spent:.0f} s, result "
        f"{'equal to one process bit for bit' if rows == serial else 'DIFFERENT'}.")  # fmt: skip


def tls(say: Callable[[str], None], folder: Path) -> None:
    """Plain, foreign and bare clients."""
    import distributed

    from heliid.engine.cluster_security import make_certificates

    refused = []
    with dask_cluster(1, folder) as (cluster, _):
        address = cluster.scheduler_address
        other = make_certificates(folder.with_name("foreign"))
        foreign = distributed.Security(require_encryption=True, **other.for_dask("client"))
        plain = address.replace("tls://", "tcp://")
        strangers: dict[str, Callable[[], object]] = {
            "plain": lambda: distributed.Client(plain, timeout=3, set_as_default=False),
            "certificate of another authority": lambda: distributed.Client(
                address, security=foreign, timeout=3, set_as_default=False
            ),
            "no certificate": lambda: bare_client(address, folder / "ca.pem"),
        }
        for name, enter in strangers.items():
            try:
                enter()
            except Exception as error:
                refused.append(f"{name} ({type(error).__name__})")
    say(f"\nRefused {len(refused)} of {len(strangers)}: {', '.join(refused)}.")


def bare_client(address: str, ca: Path) -> bytes:
    """What a scheduler says to one who trusts it but shows no certificate."""
    host, _, port = address.removeprefix("tls://").rpartition(":")
    context = ssl.create_default_context(cafile=str(ca))
    context.check_hostname = False
    with (
        socket.create_connection((host, int(port)), timeout=3) as plain,
        context.wrap_socket(plain) as line,
    ):
        return line.recv(1)  # TLS 1.3 tells only now


# Training over ranks ------------------------------------------------------------------------------


def campaign(n_records: int, n_samples: int = 1000) -> Dataset:
    """Random inputs and outputs of the size of a campaign; what they hold does not matter here."""
    rng = np.random.default_rng(0)
    u = [rng.standard_normal((n_samples, 2)) for _ in range(n_records)]
    y = [np.cumsum(0.05 * rng.standard_normal((n_samples, 4)), axis=0) for _ in range(n_records)]
    y = [one - one.mean(0) for one in y]
    return Dataset(tuple(u), tuple(y), 0.05, np.full(4, 0.05), np.ones(4), np.zeros(4))


ORDER = Structure(((1, 2), (1, 2), (1, 2), (1, 2)), ((0, 1, 2, 3), (0, 1, 2, 3)), 10)
HORIZON = 20
TRIES = 30  # the least of them counts


def reduce_ms(ranks: Any, size: int, repeats: int) -> list[float]:
    """Milliseconds of sums of ``size`` numbers, one leaf per rank."""
    owned = [range(k, k + 1) for k in range(ranks.size)]
    spent = []
    for _ in range(repeats):
        forest = Forest(ranks.size)
        forest.add((0, ranks.rank), np.ones(size))
        began = time.perf_counter()
        total(ranks, forest, owned, ranks.size, size)
        spent.append(1e3 * (time.perf_counter() - began))
    return spent


def iteration_ms(ranks: Any, n_records: int, repeats: int) -> list[float]:
    """Milliseconds of CPU of one cost and one set of normal equations in this rank."""
    data = campaign(n_records)
    problem = make_sharded(ORDER, data, TrainingSettings(), ranks)
    theta = np.zeros(problem.layout.size)
    segments = data.segments(ORDER.n_start, HORIZON)
    spent = []
    for _ in range(repeats + 1):
        began = time.process_time()
        problem.cost(theta, segments)
        problem.normal(theta, segments)
        spent.append(1e3 * (time.process_time() - began))
    return spent[1:]


_JOBS: dict[str, Callable[..., list[float]]] = {"reduce": reduce_ms, "iteration": iteration_ms}


def _other(line: Line, answer: Any, job: str, arguments: tuple) -> None:
    answer.send(_JOBS[job](LocalRanks(1, 2, {0: line}), *arguments))


def two_ranks(job: str, *arguments: int) -> list[float]:
    """Times of the busier of two local ranks, call by call."""
    context = get_context("spawn")
    ends, (here, there) = make_lines(context, 2), context.Pipe()
    process = context.Process(target=_other, args=(ends[1][0], there, job, arguments))
    process.start()
    there.close()
    ends[1][0].close()
    mine = _JOBS[job](LocalRanks(0, 2, ends[0]), *arguments)
    theirs = here.recv()
    process.join()
    return [max(pair) for pair in zip(mine, theirs, strict=True)]


SQUARE = 300 * 300


TRIANGLE = 300 * 301 // 2 + 300 + 1  # as training sends it: lower triangle, gradient, a flag
REPEATS = 1000


def reduce(say: Callable[[str], None], _: Path) -> None:
    """One reduction and broadcast of a 300 x 300 matrix, over shared memory and over MPI."""
    say(f"\nSum of a 300 x 300 matrix over 2 ranks and back, {REPEATS} times:\n")
    say("| | all numbers: least, ms | median | as sent, a packed triangle: least, ms | median |")
    say("|---|---|---|---|---|")
    full, packed = (two_ranks("reduce", size, REPEATS) for size in (SQUARE, TRIANGLE))
    say(f"| local processes | {_times(full)} | {_times(packed)} |")
    if shutil.which("mpiexec") is None or importlib.util.find_spec("mpi4py") is None:
        say("| MPI | not installed | | | |")
        return
    done = subprocess.run(
        ["mpiexec", "-n", "2", sys.executable, "-m", "benchmarks.cluster", "mpi-rank"],
        capture_output=True, text=True, check=False, env={**os.environ, **AS_ROOT},
    )  # fmt: skip
    say(done.stdout.strip() or f"| MPI | {done.stderr.strip()[:80]} | | | |")


AS_ROOT = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_btl_vader_single_copy_mechanism": "none",
}  # fmt: skip


def _times(spent: list[float]) -> str:
    return f"{min(spent):.2f} | {np.median(spent):.2f}"


def mpi_rank() -> None:
    """What ``reduce`` runs under ``mpiexec``."""
    from heliid.training.ranks import MpiRanks

    ranks = MpiRanks()
    full, packed = (reduce_ms(ranks, size, REPEATS) for size in (SQUARE, TRIANGLE))
    if ranks.rank == 0:
        print(f"| MPI on this machine | {_times(full)} | {_times(packed)} |")


def model_ms(n_leaves: int, n_ranks: int, leaf_ms: float, sum_ms: float, rest_ms: float) -> float:
    """Milliseconds of one iteration: the largest share, the way up and down, what all repeat."""
    levels = int(np.ceil(np.log2(n_ranks))) if n_ranks > 1 else 0
    return float(np.ceil(n_leaves / n_ranks) * leaf_ms + levels * sum_ms + rest_ms)


def model(say: Callable[[str], None], _: Path) -> None:
    """Leaf time from two campaigns on one rank; then larger ones on 1 and 2 ranks predicted.

    CPU time of the busier rank, since the wall time of two ranks needs two free processors.
    """
    size = ORDER.n_parameters
    small, large = (min(iteration_ms(OneRank(), n, TRIES)) for n in (4, 12))
    leaf = (large - small) / 8
    rest = max(small - 4 * leaf, 0.0)
    say(f"\n{size} weights, from 4 and 12 leaves on one rank: {leaf:.2f} ms per leaf of 1 000 "
        f"samples, {rest:.2f} ms besides.\n")  # fmt: skip
    say("| leaves | ranks | predicted, CPU ms of the busier rank | measured | off |")
    say("|---|---|---|---|---|")
    for n in (16, 24):
        for ranks in (1, 2):
            predicted = model_ms(n, ranks, leaf, 0.0, rest)
            run = (
                iteration_ms(OneRank(), n, TRIES)
                if ranks == 1
                else two_ranks("iteration", n, TRIES)
            )
            say(f"| {n} | {ranks} | {predicted:.1f} | {min(run):.1f} | "
                f"{100 * (predicted / min(run) - 1):+.0f} % |")  # fmt: skip


def table(say: Callable[[str], None], _: Path) -> None:
    """What the same model says of machines that are not here."""
    leaf, alpha, size = 3.9, 0.03, 784e3  # ms per 1 000 samples and 313 weights; ms; bytes
    say("\n**Extrapolation, not measurement**: 3.9 ms per 1 000 samples at 313 weights, one core "
        "per node, 10 GbE (30 us, 1.25 GB/s) over MPI, 1 ms besides.\n")  # fmt: skip
    say("| campaign | one core, s per iteration | 16 nodes | 64 nodes | 128 nodes |")
    say("|---|---|---|---|---|")
    for name, records in (("50 x 3 000 samples", 50), ("2 048 x 3 000", 2048),
                          ("20 000 x 3 000", 20000)):  # fmt: skip
        leaves = 3 * records
        one_sum = 2 * (alpha + 1e3 * size / 1.25e9) + 1e3 * size / 8e9
        alone = model_ms(leaves, 1, leaf, one_sum, 1.0)
        parts = []
        for nodes in (16, 64, 128):
            faster = alone / model_ms(leaves, nodes, leaf, one_sum, 1.0)
            parts.append(f"{faster:.1f}x ({100 * faster / nodes:.0f} %)")
        say(f"| {name} | {1e-3 * alone:.2f} | " + " | ".join(parts) + " |")
    say("\nDistribute training when one iteration takes more than about 5 s on one machine; below "
        "that, spend the machines on the order search, whose tasks are independent.")  # fmt: skip


PARTS: dict[str, Callable[[Callable[[str], None], Path], None]] = {
    "search": search, "kill": kill, "tls": tls, "reduce": reduce, "model": model, "table": table,
}  # fmt: skip


def main() -> None:
    """Run the parts asked for; put their tables into the page if asked."""
    import tempfile

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", default=[])
    parser.add_argument("--write", action="store_true", help="into docs/cluster.md")
    options = parser.parse_args()
    if options.parts == ["mpi-rank"]:
        mpi_rank()
        return
    with tempfile.TemporaryDirectory() as folder:
        for name in options.parts or PARTS:
            lines: list[str] = []

            def say(text: str, lines: list[str] = lines) -> None:
                print(text, flush=True)
                lines.append(text)

            PARTS[name](say, Path(folder) / "own")
            if options.write:
                put(name, "\n".join(lines).strip())


def put(name: str, text: str) -> None:
    """Replace what stands between the marks of one part in the page."""
    page = PAGE.read_text(encoding="utf-8")
    begin, end = f"<!-- {name} -->\n", f"<!-- end {name} -->"
    head, _, rest = page.partition(begin)
    _, _, tail = rest.partition(end)
    PAGE.write_text(head + begin + text + "\n" + end + tail, encoding="utf-8")


if __name__ == "__main__":
    main()
