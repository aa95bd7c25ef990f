"""Products with the Jacobian and the Hessian against differences and against the Jacobian."""

import numpy as np
import pytest
from test_training import curved_step, dataset, simulated

from heliid.model.structure import Structure
from heliid.training.curvature import SegmentObjective
from heliid.training.fit import TrainingSettings, first_stage, make_problem

CURVED = Structure(((1, 2), (1, 3)), ((0, 1), (0, 2)), 3)


def place(structure=CURVED, weights=(), spread=0.05, horizon=25):
    """An objective on windows, at a place with every weight away from 0."""
    data = dataset(*simulated(curved_step, n_records=2, n=90, noise=0.02))
    settings = TrainingSettings(single=False, kinematics=((0, 1),), output_weights=weights)
    problem = make_problem(structure, data, settings)
    theta = first_stage(problem, settings, 0).theta
    theta = theta + spread * np.random.default_rng(5).standard_normal(theta.size)
    segments = data.segments(structure.n_start, horizon)
    objective = SegmentObjective(problem, segments)
    assert np.isfinite(objective.move_to(theta))
    return objective, problem, theta, segments


@pytest.mark.parametrize("weights", [(), (1.0, 3.0)])
def test_the_adjoint_gradient_is_that_of_the_sensitivities(weights):
    objective, problem, theta, segments = place(weights=weights)
    _, half = problem.normal(theta, segments)
    np.testing.assert_allclose(objective.gradient(), half, rtol=1e-9, atol=1e-13)


def test_the_gauss_newton_product_is_that_of_the_matrix():
    objective, problem, theta, segments = place(weights=(1.0, 3.0))
    gram, _ = problem.normal(theta, segments)
    full = np.tril(gram) + np.tril(gram, -1).T
    for seed in range(3):
        v = np.random.default_rng(seed).standard_normal(theta.size)
        np.testing.assert_allclose(objective.gauss_newton(v), full @ v, rtol=1e-8, atol=1e-11)


def test_the_hessian_product_is_the_difference_of_gradients():
    objective, _, theta, _ = place(weights=(1.0, 3.0))
    v = np.random.default_rng(1).standard_normal(theta.size)
    product = objective.hessian(v)
    eps = 1e-6
    objective.move_to(theta + eps * v)
    up = objective.gradient()
    objective.move_to(theta - eps * v)
    down = objective.gradient()
    np.testing.assert_allclose(product, (up - down) / (2 * eps), rtol=1e-6, atol=1e-8)


def test_the_hessian_is_symmetric_and_not_always_positive():
    objective, _, theta, _ = place()
    rng = np.random.default_rng(2)
    columns = np.array([objective.hessian(row) for row in np.eye(theta.size)])
    np.testing.assert_allclose(columns, columns.T, rtol=1e-7, atol=1e-12)
    v = rng.standard_normal(theta.size)
    np.testing.assert_allclose(objective.hessian(v), columns @ v, rtol=1e-8, atol=1e-11)
    assert np.linalg.eigvalsh(columns).min() < 0.0
    gauss = np.array([objective.gauss_newton(row) for row in np.eye(theta.size)])
    assert np.linalg.eigvalsh(gauss).min() > 0.0


def test_a_linear_model_has_products_too():
    objective, problem, theta, segments = place(Structure(((1, 2), (1,)), ((0,), (1,)), 0))
    _, half = problem.normal(theta, segments)
    np.testing.assert_allclose(objective.gradient(), half, rtol=1e-9, atol=1e-13)
    assert np.all(np.isfinite(objective.hessian(np.ones(theta.size))))


def test_the_squared_slopes_are_those_of_single_segments():
    objective, _, theta, segments = place()
    total = np.zeros(theta.size)
    for row in range(len(segments)):
        share = segments[row : row + 1]
        alone = SegmentObjective(objective.problem, share)
        alone.move_to(theta)
        slope = alone.gradient() - objective.problem.prior.half_gradient(theta)
        total += (slope * share[0, 1] / segments[:, 1].sum()) ** 2
    np.testing.assert_allclose(objective.squared_slopes(), total, rtol=1e-8, atol=1e-15)
