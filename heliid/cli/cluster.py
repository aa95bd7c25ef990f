"""``heliid cluster``: certificates for a cluster, a look at it, and training over many ranks."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heliid.cli import console

if TYPE_CHECKING:
    from heliid.engine.protocol import Engine
    from heliid.training.fit import Fit


def run(options: argparse.Namespace) -> int:
    """One of the actions."""
    return {"init": _init, "check": _check, "train": _train}[options.action](options)


def _init(options: argparse.Namespace) -> int:
    from heliid.engine.cluster_security import commands, default_folder, make_certificates

    folder = Path(options.out) if options.out else default_folder()
    hosts = options.host or ["localhost"]
    made = make_certificates(folder.absolute(), hosts)
    lines = commands(made, hosts[0])
    if options.json:
        names = ("scheduler", "workers", "search")
        console.write_json({"folder": str(made.folder), **dict(zip(names, lines, strict=True))})
        return 0
    console.write(
        f"Certificates of one cluster are in {made.folder}, valid for two years. Copy the folder "
        f"to every machine of the cluster, readable by you alone: whoever has it can run code "
        f"there.\n"
        f"\nOn the first machine:\n  {lines[0]}\nOn every machine, with HeliID installed:\n  "
        f"{lines[1]}\nThen:\n  {lines[2]}"
    )
    return 0


def _check(options: argparse.Namespace) -> int:
    from heliid.engine.cluster_look import look_at

    found = look_at(options.address, _folder(options))
    if options.json:
        console.write_json({"address": found.address, "workers": found.n_workers,
                            "version": found.version})  # fmt: skip
    else:
        console.write(
            f"{found.sentence()} Use --window {found.window} or more, so that none of them waits."
        )
    return 0


def _folder(options: argparse.Namespace) -> Path | None:
    return Path(options.certificates) if options.certificates else None


def _credentials(options: argparse.Namespace) -> Any:
    from heliid.engine.cluster_security import find_credentials

    return find_credentials(_folder(options))


@contextlib.contextmanager
def cluster_engine(options: argparse.Namespace) -> Iterator[Engine | None]:
    """The engine on the cluster that ``--cluster`` names; None without it."""
    address = getattr(options, "cluster", None)
    if not address:
        yield None
        return
    from heliid.engine.dask_engine import DaskEngine

    engine = DaskEngine(address, _credentials(options), say=_say)
    try:
        yield engine
    finally:
        engine.close()


def _say(text: str) -> None:
    sys.stderr.write(f"heliid: {text}\n")


def _train(options: argparse.Namespace) -> int:
    """One order over many ranks: ``DIR/model.json``."""
    from heliid.cli.identify import make_config
    from heliid.cli.records import read_campaign
    from heliid.export.folders import prepare_folder
    from heliid.export.model_files import save_model
    from heliid.search.encoding import structure_from_text
    from heliid.study.ground import make_ground
    from heliid.study.refits import judged

    config = make_config(options)
    campaign, said = read_campaign(options)
    folder = prepare_folder(Path(options.out))
    structure = structure_from_text(options.order, len(campaign.inputs), len(campaign.outputs))
    ground = make_ground(campaign, config)
    fit, restarts = _train_on_ranks(options, structure, ground, folder)
    cost, nrmse, diverged = judged(
        structure, fit.weights, ground.train, ground.validate, ground.settings
    )
    path = folder / "model.json"
    save_model(ground.model(structure, fit.weights), path)
    found = {
        "out": str(path), "ranks": options.ranks, "restarts": restarts, "training_loss": fit.cost,
        "cost": cost, "nrmse": [float(value) for value in nrmse], "diverged": diverged,
        "notices": [*said, *ground.notices],
    }  # fmt: skip
    if options.json:
        console.write_json(found)
        return 0
    again = f", started again {restarts} times" if restarts else ""
    console.write(
        f"{options.order}: trained by {options.ranks} ranks{again}; loss {fit.cost:.5g}, cost on "
        f"validation {cost:.4f}. Written to {path}."
    )
    return 0


def _train_on_ranks(
    options: argparse.Namespace, structure: Any, ground: Any, folder: Path
) -> tuple[Fit, int]:
    from heliid.training import launch

    data = ground.train.with_memory(structure.memory)
    ways = ground.settings.training
    if options.mpi:
        return launch.train_mpi(
            structure, data, ways, options.ranks, folder=folder / "mpi", hosts=options.hosts or ""
        )
    checkpoint = folder / launch.CHECKPOINT
    found = launch.train_local(structure, data, ways, options.ranks, checkpoint=checkpoint)
    checkpoint.unlink(missing_ok=True)
    return found
