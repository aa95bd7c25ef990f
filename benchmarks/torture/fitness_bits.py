"""Prints the costs of some orders as bits: the same on every processor."""

from __future__ import annotations

from benchmarks.torture.tasks import campaign, config
from heliid.model.structure import Structure
from heliid.search.fitness import evaluate
from heliid.study.ground import make_ground


def main() -> None:
    """One cost per line; the same data for all, the training and the score are under test."""
    ground = make_ground(campaign(), config(0))
    for n_lags in (1, 2, 3):
        for n_taps in (1, 3):
            for n_hidden in (0, 2):
                order = Structure((tuple(range(1, n_lags + 1)),), (tuple(range(n_taps)),), n_hidden)
                score = evaluate(order, ground.train, ground.validate, ground.settings)
                print(score.cost.hex())


if __name__ == "__main__":
    main()
