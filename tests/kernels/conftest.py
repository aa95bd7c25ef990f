"""Small random models and data for the kernels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from heliid.model.network import Weights
from heliid.model.structure import Structure
from heliid.training import Dataset
from heliid.training.levenberg import Problem
from heliid.training.parameters import make_prior


@dataclass
class Case:
    structure: Structure
    weights: Weights
    dataset: Dataset

    def problem(self, *, single=False):
        prior = make_prior(self.structure, 0.0, 0.0, (), 0.0, self.dataset.increment_std)
        return Problem(self.structure, self.dataset, prior, single=single)


def make_case(structure: Structure, seed: int = 0, n: int = 60, size: float = 0.08) -> Case:
    rng = np.random.default_rng(seed)
    p, m, h, n_phi = structure.n_outputs, structure.n_inputs, structure.n_hidden, structure.n_phi
    records = 2
    data = Dataset(
        u=tuple(rng.standard_normal((n, m)) for _ in range(records)),
        y=tuple(rng.standard_normal((n, p)) for _ in range(records)),
        dt=0.1,
        increment_std=rng.uniform(0.2, 1.0, p),
        output_std=np.ones(p),
        output_mean=np.zeros(p),
    )
    linear = size * rng.standard_normal((p, n_phi))
    for t, (j, lag) in enumerate(structure.taps()[0]):
        linear[j, t] -= 0.3 if lag == min(structure.output_lags[j]) else 0.0
    weights = Weights(
        w_hid=0.5 * rng.standard_normal((h, n_phi)),
        b_hid=0.3 * rng.standard_normal(h),
        w_out=0.2 * rng.standard_normal((p, h)),
        linear=linear,
        bias=0.1 * rng.standard_normal(p),
    )
    return Case(structure, weights, data)


STRUCTURES = {
    "plain": Structure(((1, 2), (1, 2)), ((0, 1), (0, 1)), 3),
    "spread": Structure(((1, 4, 8),), ((0, 3), (2, 7)), 2),
    "linear": Structure(((1, 2, 3), (1,)), ((1, 2),), 0),
    "no_feedback_taps": Structure(((), ()), ((0, 1, 2),), 2),
    "no_lag_one": Structure(((2, 3), (3,)), ((0,),), 4),
    "no_inputs_used": Structure(((1, 2),), ((),), 2),
    "four_outputs": Structure(((1, 2),) * 4, ((0, 2, 4), (1, 3)), 5),
}


@pytest.fixture(params=list(STRUCTURES))
def case(request):
    return make_case(STRUCTURES[request.param])
