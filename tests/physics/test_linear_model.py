"""Trim and linearisation against the model itself and an independent simulator."""

from dataclasses import replace

import control
import numpy as np
import pytest

from heliid.data.record import Channel
from heliid.data.scaling import Scaling
from heliid.model.network import NarxModel, Weights
from heliid.model.structure import Structure
from heliid.physics import find_trim, linearise, respond, simulate_from_trim
from heliid.physics.linear_model import Trim
from tests.judgement.plants import truth_model


def random_model(seed: int = 1, hidden: int = 0, bias: float = 0.0) -> NarxModel:
    """A stable model with ragged lags, a dead time and a leaky copy of an input."""
    rng = np.random.default_rng(seed)
    structure = Structure(((1, 2, 5), (1,)), ((0, 1, 4), (2,), (0, 3)), hidden, ((1, 0.3),))
    n = structure.n_phi
    linear = 0.05 * rng.normal(size=(2, n))
    taps, _ = structure.taps()
    for t, (channel, lag) in enumerate(taps):
        if lag == 1:
            linear[channel, t] -= 0.3
    weights = Weights(
        0.3 * rng.normal(size=(hidden, n)), 0.1 * rng.normal(size=hidden),
        0.2 * rng.normal(size=(2, hidden)), linear, bias * np.ones(2),
    )  # fmt: skip
    scaling = Scaling(
        np.array([0.2, -0.1]), np.array([2.0, 0.5]), np.array([0.3, 0.1]), np.array([3.0, 0.2]),
        np.array([0.4, 0.5]),
    )  # fmt: skip
    return NarxModel(
        structure, weights, scaling, 0.1,
        (Channel.of("delta_lon", "%"), Channel.of("delta_col", "%")),
        (Channel.of("q", "deg/s"), Channel.of("theta", "deg")), "lead:1",
    )  # fmt: skip


def inputs(seed: int = 2, n: int = 120, size: float = 1.0) -> np.ndarray:
    u = size * np.random.default_rng(seed).normal(size=(n, 2))
    u[:10] = 0.0
    return u


def test_the_linearisation_of_a_linear_model_is_the_model():
    model = random_model(bias=0.01)
    linear = linearise(model)
    assert linear.trim.is_fixed_point
    u = inputs()
    full, diverged_at = simulate_from_trim(model, linear.trim, u)
    assert diverged_at is None
    assert linear.simulate(u) == pytest.approx(full, abs=1e-11)


def test_the_linearisation_is_the_small_motion_of_a_nonlinear_model():
    model = random_model(3, hidden=3, bias=0.02)
    linear = linearise(model)
    u = inputs(size=1e-4)
    full, _ = simulate_from_trim(model, linear.trim, u)
    assert linear.simulate(u) == pytest.approx(full, abs=1e-8)
    large, _ = simulate_from_trim(model, linear.trim, 1e4 * u)
    assert np.max(np.abs(linear.simulate(1e4 * u) - large)) > 1e-3


def test_the_state_space_gives_the_same_in_python_control():
    model = random_model(bias=0.01)
    linear = linearise(model)
    d = linear.discrete
    system = control.StateSpace(d.A, d.B, d.C, d.D, d.dt)
    u = inputs()
    time = d.dt * np.arange(len(u))
    _, y = control.forced_response(system, time, u.T)
    assert y.T[1:] == pytest.approx(linear.simulate(u)[:-1], abs=1e-12)  # D = 0: one step later


def test_states_are_named_with_units():
    d = linearise(random_model()).discrete
    assert d.states[:6] == ("q", "q[-1]", "q[-2]", "q[-3]", "q[-4]", "theta")
    assert "leaky delta_col" in d.states
    assert d.A.shape == (len(d.states),) * 2 == (len(d.state_units),) * 2
    assert not d.A.flags.writeable


def test_a_model_rests_at_its_trim():
    model = truth_model(2)
    trim = find_trim(model)
    assert trim.is_fixed_point
    assert np.all(trim.drift == 0.0)
    still, _ = simulate_from_trim(model, trim, np.zeros((200, 2)))
    assert np.max(np.abs(still)) < 1e-9


def test_trim_follows_the_inputs():
    model = random_model()
    u = np.array([1.0, -0.2])
    trim = find_trim(model, u)
    settled, _ = simulate_from_trim(
        model, find_trim(model), np.tile(u - find_trim(model).u, (800, 1))
    )
    assert settled[-1] + find_trim(model).y == pytest.approx(trim.y, abs=1e-9)


def test_without_a_fixed_point_it_says_how_fast_it_drifts():
    model = random_model()
    w = model.weights
    linear = w.linear.copy()
    linear[:, :4] = 0.0  # every output integrates
    drifting = replace(model, weights=replace(w, linear=linear, bias=np.array([0.1, 0.0])))
    trim = find_trim(drifting, np.zeros(2))
    assert not trim.is_fixed_point
    assert trim.drift[0] != 0.0


def test_a_given_trim_is_used():
    model = truth_model(2)
    middle = Trim(np.zeros(2), np.zeros(4), False, np.zeros(4))
    assert linearise(model, middle).trim is middle


@pytest.mark.parametrize("kind", ["step", "doublet", "3-2-1-1"])
def test_small_responses_of_model_and_linearisation_agree(kind):
    model = truth_model(2)
    small = respond(model, "delta_lon", kind, size=0.01, seconds=6.0)
    assert small.diverged_at is None
    error = np.max(np.abs(small.model - small.linear), axis=0)
    assert np.all(error < 0.01 * np.max(np.abs(small.linear), axis=0))
    assert small.time.shape == small.u.shape
    assert respond(model, "delta_lon", kind).u.max() == pytest.approx(
        float(model.scaling.input_std[0])
    )
