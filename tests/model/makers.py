"""Models with random weights that stay in range."""

from __future__ import annotations

import numpy as np

from heliid.data.record import Channel
from heliid.data.scaling import Scaling
from heliid.model.network import NarxModel, Weights
from heliid.model.structure import Structure


def make_model(
    output_lags=((1, 2), (1,)),
    input_lags=((0, 1, 3), (1,)),
    n_hidden=3,
    memory=(),
    seed=5,
    dt=0.1,
    trim_rule="none",
    names=("a", "b", "y", "z"),
    decay=0.3,
    envelope=None,
):
    """A stable random model: each output decays to zero and is pushed by the rest."""
    generator = np.random.default_rng(seed)
    structure = Structure(output_lags, input_lags, n_hidden, memory)
    n, p = structure.n_phi, structure.n_outputs
    linear = 0.05 * generator.standard_normal((p, n))
    at = 0
    for j, lags in enumerate(output_lags):
        if 1 in lags:
            linear[j, at + lags.index(1)] -= decay
        at += len(lags)
    nu = structure.n_inputs
    weights = Weights(
        0.4 * generator.standard_normal((n_hidden, n)),
        0.1 * generator.standard_normal(n_hidden),
        0.5 * generator.standard_normal((p, n_hidden)),
        linear,
        0.01 * generator.standard_normal(p),
    )
    scaling = Scaling(
        generator.standard_normal(nu),
        generator.uniform(0.5, 2.0, nu),
        generator.standard_normal(p),
        generator.uniform(0.5, 2.0, p),
        generator.uniform(0.1, 0.3, p),
    )
    return NarxModel(
        structure,
        weights,
        scaling,
        dt,
        tuple(Channel.of(name, "%") for name in names[:nu]),
        tuple(Channel.of(name, "rad/s") for name in names[nu : nu + p]),
        trim_rule,
        0.0,
        np.zeros((0, 2)) if envelope is None else envelope,
        {"seed": seed},
        {"validate": {"nrmse": 0.1}},
    )
