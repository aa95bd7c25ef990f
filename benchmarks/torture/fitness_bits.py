"""Prints numbers of every stage as bits: which are the same on every processor, which are close.

``python -m benchmarks.torture.fitness_bits [fitness|all]``: one JSON object, stage to a list of
numbers as hexadecimal floats.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

from benchmarks.torture.tasks import campaign, config
from heliid.model.structure import Structure
from heliid.search.fitness import evaluate
from heliid.study import identify
from heliid.study.ground import make_ground


def fitness() -> Iterator[float]:
    """The cost of each of some orders; the same data for all: training and score are on trial."""
    ground = make_ground(campaign(), config(0))
    for n_lags in (1, 2, 3):
        for n_taps in (1, 3):
            for n_hidden in (0, 2):
                order = Structure((tuple(range(1, n_lags + 1)),), (tuple(range(n_taps)),), n_hidden)
                yield evaluate(order, ground.train, ground.validate, ground.settings).cost


def numbers_in(value: Any) -> Iterator[float]:
    """Every number of plain data, in the order of its keys."""
    if isinstance(value, dict):
        for key in sorted(value):
            yield from numbers_in(value[key])
    elif isinstance(value, list | tuple):
        for one in value:
            yield from numbers_in(one)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield float(value)


def _weights(result: Any) -> list[float]:
    models = (result.model, result.linear, *result.members)
    return [x for model in models for x in numbers_in(model.to_dict()["weights"])]


def stages() -> dict[str, list[float]]:
    """Every stage from the records to the judgement, each on what the one before it gave."""
    from heliid.data.campaign import Use
    from heliid.physics import study_physics
    from heliid.study.judgement import judge_study

    found = {"fitness of 12 orders": list(fitness())}
    plain = identify(campaign(), config(0))
    found["costs of a search"] = [one.cost for one in plain.candidates]
    found["weights of a study"] = _weights(plain)
    slower = make_ground(campaign(), config(0, rate_hz=4.0))
    found["records at another rate"] = slower.train.y_all.ravel().tolist()
    resampled = identify(campaign(), config(0, rate_hz=4.0, budget=6))
    found["weights at another rate"] = _weights(resampled)
    found["modes"] = list(numbers_in(study_physics(plain.model, list(plain.members)).to_dict()))
    _, judged = judge_study(plain, with_test=False)
    found["judgement"] = list(numbers_in(judged[Use.VALIDATE].to_dict()))
    return found


def main() -> None:
    """Print them."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else "fitness"
    found = stages() if wanted == "all" else {"fitness of 12 orders": list(fitness())}
    plain = {name: [x.hex() for x in values] for name, values in found.items()}
    sys.stdout.write(json.dumps(plain) + "\n")


if __name__ == "__main__":
    main()
