"""Every trainer brings a fit down; the exact Hessian leaves saddles; solvers agree with algebra."""

import numpy as np
import pytest
from test_training import ORDER, curved_step, dataset, simulated

from heliid.errors import SettingsError
from heliid.model.structure import Structure
from heliid.training import TrainingSettings, train
from heliid.training.fit import first_stage, make_problem
from heliid.training.levenberg import descend
from heliid.training.spectrum import lanczos
from heliid.training.trainers import TRAINERS, check_trainer, find_trainer
from heliid.training.trainers import bicgstab as exact
from heliid.training.trainers.hessian_free import descend as hessian_free
from heliid.training.trainers.krylov import bicgstab, conjugate_gradients
from heliid.training.trainers.preconditioner import BlockPreconditioner

CURVED_ORDER = Structure(ORDER.output_lags, ORDER.input_lags, 3)


def same(x):
    return x


def symmetric(eigenvalues, seed=0):
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.standard_normal((len(eigenvalues),) * 2))[0]
    return basis @ np.diag(eigenvalues) @ basis.T, basis


def test_conjugate_gradients_solve_and_a_preconditioner_saves_products():
    scales = np.logspace(0, 4, 40)
    matrix = symmetric(np.linspace(1, 3, 40))[0] * np.sqrt(scales[:, None] * scales)
    rhs = np.ones(40)
    plain = conjugate_gradients(lambda v: matrix @ v, rhs, same, most=400, tolerance=1e-10)
    helped = conjugate_gradients(
        lambda v: matrix @ v, rhs, lambda x: x / np.diagonal(matrix), most=400, tolerance=1e-10
    )
    np.testing.assert_allclose(helped.x, np.linalg.solve(matrix, rhs), rtol=1e-3)
    assert helped.products < 0.5 * plain.products


def test_bicgstab_solves_an_indefinite_system_and_reports_the_curvature_it_met():
    matrix, basis = symmetric([-2.0, 0.5, 1.0, 2.0, 3.0, 5.0])
    rhs = basis @ np.ones(6)
    found = bicgstab(
        lambda v: matrix @ v, rhs, same, most=100, mu=0.0, scale=np.ones(6), tolerance=1e-10
    )
    np.testing.assert_allclose(found.x, np.linalg.solve(matrix, rhs), rtol=1e-6)
    assert found.curvature < 0.0
    d = found.negative
    assert d @ matrix @ d == pytest.approx(found.curvature * (d @ d))


def test_bicgstab_meets_no_negative_curvature_where_there_is_none():
    matrix, _ = symmetric([0.1, 0.5, 1.0, 2.0])
    found = bicgstab(lambda v: matrix @ v, np.ones(4), same, most=60, mu=0.0, scale=np.ones(4))
    assert found.negative is None
    np.testing.assert_allclose(matrix @ found.x, np.ones(4), atol=1e-2)


def test_damping_does_not_hide_negative_curvature():
    matrix, basis = symmetric([-1.0, 1.0, 2.0])
    damped = matrix + 5.0 * np.eye(3)
    found = bicgstab(
        lambda v: damped @ v, basis @ np.ones(3), same, most=40, mu=5.0, scale=np.ones(3)
    )
    assert found.curvature < 0.0


class Saddle:
    """f = x^2 - y^2 + y^4 / 2: a saddle at 0, minima at y = +-1 with f = -1/2."""

    size = 2

    def __init__(self):
        self.at = np.zeros(2)

    def cost(self, p):
        return p[0] ** 2 - p[1] ** 2 + 0.5 * p[1] ** 4

    def move_to(self, p):
        self.at = p
        return self.cost(p)

    def gradient(self):
        x, y = self.at
        return np.array([2 * x, -2 * y + 2 * y**3])

    def hessian(self, v):
        return np.array([2.0, -2.0 + 6.0 * self.at[1] ** 2]) * v

    def gauss_newton(self, v):
        return np.array([2.0, 0.0]) * v


@pytest.mark.parametrize("start", [[1.0, 0.0], [0.0, 0.0], [1.0, 1e-6], [-2.0, -0.01]])
def test_a_saddle_is_left_along_its_negative_curvature(start):
    trace = exact.Trace()
    found = exact.minimise(Saddle(), np.array(start), iterations=60, trace=trace)
    assert found.cost == pytest.approx(-0.5, abs=1e-6)
    assert abs(found.theta[1]) == pytest.approx(1.0, abs=1e-3)
    assert trace.followed >= 1


def test_gauss_newton_alone_would_stay_on_the_saddle():
    saddle = Saddle()
    saddle.move_to(np.array([1.0, 0.0]))
    step = np.array([-saddle.gradient()[0] / 2.0, 0.0])
    saddle.move_to(np.array([1.0, 0.0]) + step)
    assert np.all(saddle.gradient() == 0.0)
    assert saddle.cost(saddle.at) == 0.0


def real_problem(noise=0.02, horizon=20):
    data = dataset(*simulated(curved_step, n_records=2, n=150, noise=noise))
    settings = TrainingSettings(single=False)
    problem = make_problem(CURVED_ORDER, data, settings)
    theta = first_stage(problem, settings, 0).theta
    return problem, theta, data.segments(CURVED_ORDER.n_start, horizon)


def test_negative_curvature_is_met_and_followed_on_a_real_fit():
    problem, theta, segments = real_problem()
    trace = exact.Trace()
    before = problem.cost(theta, segments)
    found = exact.descend(problem, theta, segments, iterations=25, trace=trace)
    assert found.cost < 0.5 * before
    assert trace.met >= 1
    assert trace.followed >= 1
    assert np.all(np.diff(trace.costs) < 0.0)


def test_hessian_free_reaches_what_levenberg_marquardt_reaches():
    problem, theta, segments = real_problem()
    lm = descend(problem, theta, segments, iterations=30)
    hf = hessian_free(problem, theta, segments, iterations=30)
    assert hf.cost < 1.1 * lm.cost


def test_the_blocks_are_the_gauss_newton_matrix_where_there_is_no_hidden_unit():

    order = Structure(CURVED_ORDER.output_lags, CURVED_ORDER.input_lags, 0)
    data = dataset(*simulated(curved_step, n_records=2, n=120))
    settings = TrainingSettings(single=False)
    problem = make_problem(order, data, settings)
    theta = first_stage(problem, settings, 0).theta
    segments = data.segments(order.n_start, 20)
    problem.cost(theta, segments)
    gram, _ = problem.normal(theta, segments)
    blocks = BlockPreconditioner(problem, theta, segments)
    blocks.damp(0.0)
    full = np.tril(gram) + np.tril(gram, -1).T
    x = np.random.default_rng(0).standard_normal(theta.size)
    np.testing.assert_allclose(blocks.solve(full @ x), x, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("name", TRAINERS)
def test_every_trainer_lowers_the_cost_and_gives_the_same_bits_twice(name):
    problem, theta, segments = real_problem()
    before = problem.cost(theta, segments)
    ends = [find_trainer(name)(problem, theta, segments, iterations=4) for _ in range(2)]
    assert ends[0].cost < before
    assert ends[0].cost == pytest.approx(problem.cost(ends[0].theta, segments), rel=1e-12)
    assert ends[0].theta.tobytes() == ends[1].theta.tobytes()


@pytest.mark.parametrize("name", TRAINERS)
def test_a_start_that_diverges_has_an_infinite_cost_with_every_trainer(name):
    problem, theta, segments = real_problem()
    wild = theta.copy()
    wild[:4] = 3.0
    assert find_trainer(name)(problem, wild, segments, iterations=2).cost == np.inf


def test_a_trainer_is_one_setting_of_training():
    data = dataset(*simulated(curved_step, n_records=2, n=150, noise=0.02))
    short = {"horizons_s": (0.5, 2.0), "iterations": (3, 3)}
    plain = train(CURVED_ORDER, data, TrainingSettings(**short))
    other = train(CURVED_ORDER, data, TrainingSettings(**short, trainer="hf"))
    assert other.cost != plain.cost
    assert other.cost < 2.0 * plain.cost


def test_an_unknown_trainer_is_refused_in_one_sentence():
    with pytest.raises(SettingsError, match="choose one of lm, hf, bicgstab, adam, sgd"):
        check_trainer("magic")


def test_lanczos_finds_both_ends_of_a_known_spectrum():
    values = np.concatenate([[-3.0], np.linspace(0, 1, 60), [7.0, 10.0]])
    matrix, basis = symmetric(values)
    found = lanczos(lambda v: matrix @ v, values.size, steps=25)
    assert found.largest == pytest.approx(10.0, abs=1e-8)
    assert found.smallest == pytest.approx(-3.0, abs=1e-8)
    assert found.values[-2] == pytest.approx(7.0, abs=1e-6)
    assert abs(found.vectors[:, -1] @ basis[:, -1]) == pytest.approx(1.0, abs=1e-6)
    assert found.bounds[-1] < 1e-6


def test_lanczos_ends_when_the_space_is_used_up():
    found = lanczos(lambda v: np.array([1.0, 1.0, 4.0]) * v, 3, steps=30)
    assert found.values[[0, -1]] == pytest.approx([1.0, 4.0])
    assert found.products <= 3
