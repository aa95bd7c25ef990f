"""When is a network to be preferred to the linear model? ``python -m benchmarks.doubt [SET ...]``.

Parts of training data are held out in turn, a search is run on the rest, and where a network costs
less than the linear model on validation both are scored in free run on the part held out. Beside it
stands what the search itself knew: the mean gain over its own parts and its standard error
(``heliid.study.doubt``). Test records are not touched.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import numpy as np

from heliid.data.campaign import Campaign, Use, make_campaign
from heliid.data.csvfile import read_csv
from heliid.data.record import FlightRecord
from heliid.metrics import nrmse
from heliid.model.network import NarxModel
from heliid.model.simulate import free_run
from heliid.study import StudyConfig, identify
from heliid.study import doubt as doubts

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"
N_PARTS = 5
STICKS = ("stick_lon", "stick_col", "stick_ped")


def _pieces(path: Path, first: float, last: float) -> list[FlightRecord]:
    """Equal parts of a record between two fractions of its length."""
    record = read_csv(path)
    edges = np.linspace(first, last, N_PARTS + 1) * record.n_samples
    cuts = edges.round().astype(int).tolist()
    return [record.slice(a, b, f"part {k + 1}") for k, (a, b) in enumerate(pairwise(cuts))]


def _sets() -> dict[str, tuple[list[FlightRecord], tuple[str, ...], tuple[str, ...], dict]]:
    trex = ROOT / "data" / "trex550"
    flight_b = read_csv(trex / "flightB_manual.csv").time
    span = [float(np.searchsorted(flight_b, t) / len(flight_b)) for t in (28.0, 75.0)]
    out = ("q", "theta")
    found = {
        "trex": (_pieces(trex / "flightA_pitchtest_filtered.csv", 0.0, 0.7), STICKS, out, {}),
        "trex-b": (_pieces(trex / "flightB_manual.csv", *span), STICKS[:2], out, {}),
    }
    tanks = SHARED / "cascaded_tanks" / "estimation.csv"
    if tanks.is_file():
        found["tanks"] = (_pieces(tanks, 0.0, 1.0), ("u_pump",), ("y_level",), {"rate_hz": 0.25})
    else:
        print("cascaded tanks: not here, left out")
    return found


def _campaigns(
    parts: list[FlightRecord], inputs: tuple[str, ...], outputs: tuple[str, ...]
) -> Iterator[Campaign]:
    for k, held in enumerate(parts):
        rest = parts[:k] + parts[k + 1 :]
        yield make_campaign(inputs, outputs, train=rest[:-1], validate=rest[-1:], test=[held])


def _error(model: NarxModel, record: FlightRecord) -> float:
    run = free_run(model, record)
    return float(np.mean(nrmse(run.measured[run.n_start :], run.simulated[run.n_start :])))


def main() -> None:
    """One line per part held out."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("sets", nargs="*")
    parser.add_argument("--budget", type=int, default=12)
    options = parser.parse_args()
    print("set, part held out: network / linear on it; gain and standard error over own parts")
    for name, (parts, inputs, outputs, settings) in _sets().items():
        if options.sets and name not in options.sets:
            continue
        config = StudyConfig(budget=options.budget, workers=1, seed=1, **settings)
        for k, campaign in enumerate(_campaigns(parts, inputs, outputs)):
            seen: list[doubts.Doubt] = []

            def note(*args, known=seen, **words):
                found = doubts.doubt_network(*args, **words)
                known += [found] if found is not None else []
                return found and replace(found, gains=(1.0, 1.0))  # sure, whatever it is

            with patch("heliid.study.job.doubt_network", note):
                result = identify(campaign, config)
            if not seen:
                print(f"{name} {k + 1}: linear costs less on validation", flush=True)
                continue
            (held,) = campaign.with_use(Use.TEST)
            network, linear = (_error(one, held) for one in (result.model, result.linear))
            print(
                f"{name} {k + 1}: {network:.3f} / {linear:.3f}; "
                f"{seen[0].gain:.3f} +- {seen[0].error:.3f}, {seen[0].gain / seen[0].error:.1f} "
                f"times, {sum(g > 0 for g in seen[0].gains)} of {len(seen[0].gains)} parts",
                flush=True,
            )


if __name__ == "__main__":
    main()
