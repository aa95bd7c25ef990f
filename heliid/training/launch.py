"""Starting training on several ranks, and starting it again when one is lost.

Local ranks are processes joined by shared memory, rank 0 is the caller. Under MPI the ranks are
``python -m heliid.training.launch JOB RESULT``, started by ``mpiexec``: one lost rank ends all of
them, and they begin again from the checkpoint of the last iteration.
"""

from __future__ import annotations

import importlib.util
import io
import json
import multiprocessing
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np

from heliid.atomic import write_all, write_file, write_text
from heliid.errors import HeliIDError, TrainingError
from heliid.model.network import Weights
from heliid.model.structure import Structure
from heliid.training.dataset import Dataset
from heliid.training.fit import Fit, TrainingSettings
from heliid.training.ranks import Line, LocalRanks, MpiRanks, RankLostError, load_mpi, make_lines
from heliid.training.sharded import train_sharded

RESTARTS = 3
MAX_RANKS = 256
CHECKPOINT = "training.checkpoint"
_PATIENCE_S = 5.0

OnStart = Callable[[list[int]], None]


def train_local(
    structure: Structure,
    dataset: Dataset,
    settings: TrainingSettings,
    n_ranks: int,
    *,
    table: int = 0,
    checkpoint: Path | None = None,
    on_start: OnStart | None = None,
) -> tuple[Fit, int]:
    """The fit by ``n_ranks`` processes of this machine, and how often it was started again.

    ``on_start`` hears the process numbers of ranks 1, 2, ... at each start.

    Raises
    ------
    RankLostError
        Ranks were lost more than three times.
    """
    check_ranks(n_ranks)
    with ExitStack() as stack:
        path = checkpoint or Path(stack.enter_context(tempfile.TemporaryDirectory())) / CHECKPOINT
        job = (structure.to_dict(), dataset.to_dict(), settings, table, str(path))
        for attempt in range(RESTARTS + 1):
            with ExitStack() as running:
                ranks = _start(n_ranks, job, running, on_start)
                try:
                    fit = train_sharded(
                        structure, dataset, settings, ranks, table=table, checkpoint=path
                    )
                except RankLostError:
                    if attempt == RESTARTS:
                        raise
                    continue
                return fit, attempt
    raise RuntimeError("unreachable")


def check_ranks(n_ranks: int) -> None:
    """Refuse a number of ranks that cannot be meant."""
    if not 1 <= n_ranks <= MAX_RANKS:
        raise HeliIDError(f"There are {n_ranks} ranks: choose from 1 to {MAX_RANKS}.")


def _start(
    n_ranks: int, job: tuple[Any, ...], running: ExitStack, on_start: OnStart | None
) -> LocalRanks:
    """Ranks 1, 2, ... started; they are ended when ``running`` is left."""
    context = multiprocessing.get_context("spawn")
    ends = make_lines(context, n_ranks)
    started: list[BaseProcess] = []
    running.callback(_end, started, ends[0])
    for rank in range(1, n_ranks):
        process = context.Process(
            target=_rank_main, args=(rank, n_ranks, ends[rank], job), daemon=True
        )
        process.start()
        started.append(process)
    for rank in range(1, n_ranks):
        for line in ends[rank].values():
            line.close()  # so that the end of a rank is the end of its pipes
    if on_start is not None:
        on_start([process.pid or 0 for process in started])
    return LocalRanks(0, n_ranks, ends[0])


def _end(started: list[BaseProcess], lines: dict[int, Line]) -> None:
    for line in lines.values():
        line.close()
    for process in started:
        process.join(_PATIENCE_S)
        if process.is_alive():
            process.kill()
            process.join()


def _rank_main(rank: int, size: int, lines: dict[int, Line], job: tuple[Any, ...]) -> None:
    """One rank other than 0; what it cannot do, rank 0 says."""
    structure, dataset, settings, table, path = job
    try:
        train_sharded(
            Structure.from_dict(structure), Dataset.from_dict(dataset), settings,
            LocalRanks(rank, size, lines), table=table, checkpoint=Path(path),
        )  # fmt: skip
    except HeliIDError:
        return


def train_mpi(
    structure: Structure,
    dataset: Dataset,
    settings: TrainingSettings,
    n_ranks: int,
    *,
    table: int = 0,
    folder: Path | None = None,
    hosts: str = "",
) -> tuple[Fit, int]:
    """The same over MPI: ``mpiexec -n n_ranks``, started again after a lost rank.

    ``folder``: where job, checkpoint and result are kept; every host must see it under the same
    name. ``hosts``: as ``mpiexec --host`` takes them, empty for this machine.

    Raises
    ------
    HeliIDError
        mpi4py or ``mpiexec`` is missing, or the ranks ended more than three times.
    """
    check_ranks(n_ranks)
    mpiexec = shutil.which("mpiexec")
    if mpiexec is None:
        raise HeliIDError(
            "Training over MPI needs the program mpiexec, which is not there: install Open MPI or "
            "MPICH, or train with local ranks."
        )
    _check_mpi4py()
    with ExitStack() as stack:
        place = folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        place.mkdir(parents=True, exist_ok=True)
        write_job(place / "job.npz", structure, dataset, settings, table)
        result = place / "result.json"
        result.unlink(missing_ok=True)
        command = [mpiexec, "-n", str(n_ranks)]
        command += ["--host", hosts] if hosts else []
        command += [sys.executable, "-m", "heliid.training.launch", str(place)]
        for attempt in range(RESTARTS + 1):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode == 0 and result.exists():
                return read_result(result, structure), attempt
            if _is_final(done.stderr):
                break
    said = done.stderr.strip().splitlines() or ["nothing was said"]
    raise TrainingError(
        f"Training over MPI ended with status {done.returncode} after {attempt + 1} starts: "
        f"{_last_words(said)}"
    )


def _last_words(lines: list[str]) -> str:
    own = [line for line in lines if line.startswith("heliid: ")]
    return (own or lines)[0].removeprefix("heliid: ")[:300]


def _is_final(said: str) -> bool:
    """Whether a rank refused the job itself: starting again would not help."""
    return any(line.startswith("heliid: ") for line in said.splitlines())


def _check_mpi4py() -> None:
    if importlib.util.find_spec("mpi4py") is None:
        load_mpi()  # says what is missing


def write_job(
    path: Path, structure: Structure, dataset: Dataset, settings: TrainingSettings, table: int
) -> None:
    """The job as arrays and one line of JSON."""
    ways = {name: getattr(settings, name) for name in settings.__dataclass_fields__}
    about = {"structure": structure.to_dict(), "settings": ways, "table": table,
             "n": dataset.n_records, "dt": dataset.dt}  # fmt: skip
    arrays = {f"u{k}": one for k, one in enumerate(dataset.u)}
    arrays |= {f"y{k}": one for k, one in enumerate(dataset.y)}
    arrays |= {
        name: getattr(dataset, name) for name in ("increment_std", "output_std", "output_mean")
    }
    held = io.BytesIO()
    np.savez(held, about=np.array(json.dumps(about)), **arrays)  # type: ignore[arg-type]
    write_file(path, lambda file: write_all(file, held.getvalue()))


def read_job(path: Path) -> tuple[Structure, Dataset, TrainingSettings, int]:
    """The inverse of ``write_job``."""
    with np.load(path, allow_pickle=False) as held:
        about = json.loads(str(held["about"]))
        n = about["n"]
        dataset = Dataset(
            tuple(held[f"u{k}"] for k in range(n)), tuple(held[f"y{k}"] for k in range(n)),
            about["dt"], held["increment_std"], held["output_std"], held["output_mean"],
        )  # fmt: skip
    ways = {k: _tuples(v) for k, v in about["settings"].items()}
    return (
        Structure.from_dict(about["structure"]),
        dataset,
        TrainingSettings(**ways),
        about["table"],
    )


def _tuples(value: Any) -> Any:
    return tuple(_tuples(one) for one in value) if isinstance(value, list) else value


def write_result(path: Path, fit: Fit) -> None:
    """The fit as JSON, whose numbers come back bit for bit."""
    plain = {"weights": fit.weights.to_dict(), "cost": fit.cost, "iterations": fit.iterations,
             "diverged": fit.diverged, "horizon_s": fit.horizon_s}  # fmt: skip
    write_text(path, json.dumps(plain))


def read_result(path: Path, structure: Structure) -> Fit:
    """The inverse of ``write_result``."""
    plain = json.loads(path.read_bytes())
    weights = Weights.from_dict(plain.pop("weights"), structure)
    return Fit(weights=weights, **plain)


def main(folder: str) -> int:
    """One MPI rank of a job in ``folder``."""
    place = Path(folder)
    try:
        ranks = MpiRanks()
        structure, dataset, settings, table = read_job(place / "job.npz")
        fit = train_sharded(
            structure, dataset, settings, ranks, table=table, checkpoint=place / CHECKPOINT
        )
    except HeliIDError as error:
        sys.stderr.write(f"heliid: {' '.join(str(error).split())}\n")
        return 1
    if ranks.rank == 0:
        write_result(place / "result.json", fit)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
