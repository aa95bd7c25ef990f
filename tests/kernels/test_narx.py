import numpy as np
import pytest

from heliid.kernels.gradients import jacobian
from heliid.kernels.narx import tanh_array
from heliid.kernels.vectors import BLOCK
from heliid.model.structure import Structure
from heliid.training.levenberg import ENOUGH, MANY
from tests.kernels.conftest import STRUCTURES, make_case
from tests.reference.slow_narx import adjoint_gradient, run


def test_tanh_stays_within_three_units_in_the_last_place():
    x = np.concatenate([np.linspace(-25, 25, 40_001), np.geomspace(1e-15, 1, 20_000), [0.0]])
    out = np.empty_like(x)
    tanh_array(x, out)
    exact = np.tanh(x.astype(np.longdouble))
    assert np.max(np.abs(out - exact) / np.spacing(np.abs(exact.astype(float)))) < 3.0


def test_tanh_is_odd_and_bounded():
    x = np.linspace(0, 60, 5000)
    up, down = np.empty_like(x), np.empty_like(x)
    tanh_array(x, up)
    tanh_array(-x, down)
    np.testing.assert_array_equal(up, -down)
    assert np.all(up <= 1.0)


@pytest.mark.parametrize("horizon", [1, 5, 17, 0])
def test_run_agrees_with_its_slow_twin(case, horizon):
    problem = case.problem()
    segments = case.dataset.segments(case.structure.n_start, horizon)
    n_diverged, alive = problem.run(
        problem.layout.join(case.weights, case.dataset.increment_std), segments
    )
    data = case.dataset
    slow, slow_alive = run(
        case.structure, case.weights, data.increment_std, data.u_all, data.y_all, segments
    )
    inside = ~np.isnan(slow)
    np.testing.assert_allclose(problem.y_sim[inside], slow[inside], rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(alive, slow_alive)
    assert n_diverged == np.sum(alive < segments[:, 1])


def test_a_diverging_run_holds_its_last_good_sample(case):
    problem = case.problem()
    theta = problem.layout.join(case.weights, case.dataset.increment_std)
    bias = problem.layout.bias(0)
    theta[bias] = 200.0
    segments = case.dataset.segments(case.structure.n_start)
    n_diverged, alive = problem.run(theta, segments)
    assert n_diverged == 2
    assert np.all(alive < segments[:, 1])
    assert np.all(np.abs(problem.y_sim) <= 50.0)


def sensitivities(case, segments, *, is_centred, dtype=np.float64):
    problem = case.problem()
    data, weights = case.dataset, case.weights
    problem.run(problem.layout.join(weights, data.increment_std), segments)
    rows = np.empty((int(segments[:, 1].sum()), data.n_outputs, problem.layout.size), dtype)
    jacobian(
        data.u_all, data.y_all, segments, problem.out_taps, problem.in_taps, weights.w_hid,
        weights.b_hid, weights.w_out, weights.linear, data.increment_std, is_centred,
        problem.y_sim, problem.history.astype(dtype), rows,
    )  # fmt: skip
    return rows, problem


@pytest.mark.parametrize("horizon", [1, 7, 0])
def test_jacobian_agrees_with_finite_differences(case, horizon):
    segments = case.dataset.segments(case.structure.n_start, horizon)
    rows, problem = sensitivities(case, segments, is_centred=True)
    theta = problem.layout.join(case.weights, case.dataset.increment_std)
    where = np.concatenate([np.arange(a, a + n) for a, n in segments])
    for c in range(problem.layout.size):
        h = 1e-5
        up, down = theta.copy(), theta.copy()
        up[c] += h
        down[c] -= h
        problem.run(up, segments)
        plus = problem.y_sim[where].copy()
        problem.run(down, segments)
        slope = (plus - problem.y_sim[where]) / (2 * h)
        np.testing.assert_allclose(rows[:, :, c], slope, rtol=2e-4, atol=1e-5)


@pytest.mark.parametrize("horizon", [1, 7, 0])
def test_jacobian_agrees_with_the_adjoint_gradient(case, horizon):
    segments = case.dataset.segments(case.structure.n_start, horizon)
    rows, problem = sensitivities(case, segments, is_centred=False)
    data = case.dataset
    where = np.concatenate([np.arange(a, a + n) for a, n in segments])
    error = problem.y_sim[where] - data.y_all[where]
    adjoint = adjoint_gradient(
        case.structure, case.weights, data.increment_std, data.u_all, data.y_all, segments
    )
    gradient = np.einsum("kjp,kj->p", rows, error)
    np.testing.assert_allclose(gradient, adjoint, rtol=1e-8, atol=1e-8 * np.abs(adjoint).max())


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("horizon", [1, 7, 0])
def test_normal_equations_agree_with_the_jacobian(case, horizon, single):
    segments = case.dataset.segments(case.structure.n_start, horizon)
    rows, _ = sensitivities(case, segments, is_centred=True)
    problem = case.problem(single=single)
    data = case.dataset
    theta = problem.layout.join(case.weights, data.increment_std)
    problem.cost(theta, segments)
    gram, gradient = problem.normal(theta, segments)
    where = np.concatenate([np.arange(a, a + n) for a, n in segments])
    error = problem.y_sim[where] - data.y_all[where]
    flat = rows.reshape(-1, rows.shape[2])
    n = len(where)
    expected = flat.T @ flat / n + problem.prior.matrix
    accuracy = 2e-5 if single else 1e-12
    big = np.abs(np.diag(expected)).max()
    np.testing.assert_allclose(np.tril(gram), np.tril(expected), rtol=0, atol=accuracy * big)
    slope = flat.T @ error.ravel() / n + problem.prior.half_gradient(theta)
    np.testing.assert_allclose(gradient, slope, rtol=0, atol=accuracy * (1 + abs(slope).max()))


@pytest.mark.parametrize("every", [2, 4])
@pytest.mark.parametrize("name", ["plain", "no_lag_one", "four_outputs"])
def test_a_thinned_matrix_is_that_of_some_samples_and_the_gradient_of_all(name, every):
    case = make_case(STRUCTURES[name], n=900)
    segments = case.dataset.segments(case.structure.n_start, 7)
    rows, _ = sensitivities(case, segments, is_centred=True)
    problem, data = case.problem(single=False), case.dataset
    theta = problem.layout.join(case.weights, data.increment_std)
    problem.cost(theta, segments)
    _, exact = problem.normal(theta, segments)
    problem.gram_every = every
    gram, gradient = problem.normal(theta, segments)
    assert problem.every(len(rows)) == every
    chosen = np.arange(len(rows)) % BLOCK % every == every // 2
    flat = rows[chosen].reshape(-1, rows.shape[2])
    expected = every * flat.T @ flat / len(rows) + problem.prior.matrix
    big = np.abs(np.diag(expected)).max()
    np.testing.assert_allclose(np.tril(gram), np.tril(expected), rtol=0, atol=1e-12 * big)
    np.testing.assert_allclose(gradient, exact, rtol=0, atol=1e-12 * (1 + abs(exact).max()))


def test_the_matrix_is_thinned_where_weights_are_many_and_residuals_plenty():
    structure = Structure(((1, 2, 3),) * 2, ((0, 1, 2),), 8)  # 108 weights
    problem = make_case(structure).problem()
    problem.gram_every = 0
    assert problem.layout.size >= MANY
    assert problem.every(ENOUGH * problem.layout.size) == 2  # two outputs
    assert problem.every(ENOUGH * problem.layout.size - 1) == 1
    few = make_case(STRUCTURES["plain"]).problem()
    few.gram_every = 0
    assert few.every(10**6) == 1


def test_centred_parameters_round_trip(case):
    step = case.dataset.increment_std
    layout = case.problem().layout
    theta = layout.join(case.weights, step)
    again = layout.weights(theta, step)
    for name in again.__dataclass_fields__:
        np.testing.assert_allclose(
            getattr(again, name), getattr(case.weights, name), rtol=0, atol=1e-14
        )


def test_centred_parameters_are_the_linear_model_at_zero(case):
    step, weights = case.dataset.increment_std, case.weights
    linear, bias, *_ = case.problem().layout.split(case.problem().layout.join(weights, step))
    slope = weights.w_out * (1 - np.tanh(weights.b_hid) ** 2)
    np.testing.assert_allclose(
        linear, weights.linear + step[:, None] * (slope @ weights.w_hid), atol=1e-13
    )
    np.testing.assert_allclose(
        bias, weights.bias + step * (weights.w_out @ np.tanh(weights.b_hid)), atol=1e-13
    )


def wide_case():
    """More outputs and hidden units than one vector holds, and records long enough to be cut."""
    return make_case(Structure(((1, 2),) * 9, ((0, 1), (2,)), 19), n=150, size=0.03)


@pytest.mark.parametrize("n_y", [1, 3, 4, 5, 9])
@pytest.mark.parametrize("n_hidden", [0, 1, 8, 9, 19])
def test_any_number_of_outputs_and_units_agrees_with_the_slow_twin(n_y, n_hidden):
    structure = Structure(((1, 3),) * n_y, ((0, 2), (1,)), n_hidden)
    case = make_case(structure, n=110, size=0.03)
    problem, data = case.problem(), case.dataset
    theta = problem.layout.join(case.weights, data.increment_std)
    for horizon in (9, 0):
        segments = data.segments(structure.n_start, horizon)
        problem.run(theta, segments)
        slow, _ = run(structure, case.weights, data.increment_std, data.u_all, data.y_all, segments)
        inside = ~np.isnan(slow)
        np.testing.assert_allclose(problem.y_sim[inside], slow[inside], rtol=1e-12, atol=1e-12)


def run_of(case, segments, theta=None):
    problem, step = case.problem(), case.dataset.increment_std
    theta = problem.layout.join(case.weights, step) if theta is None else theta
    _, alive = problem.run(theta, segments)
    return problem.y_sim.copy(), alive


def test_a_segment_has_the_same_bits_alone_and_in_company(case):
    lengths = np.array([5, 9, 1, 7, 3, 8, 2, 6, 4, 5, 9])
    starts = case.structure.n_start + np.concatenate([[0], np.cumsum(lengths[:-1])]) % 45
    segments = np.column_stack([starts + 60 * (np.arange(11) % 2), lengths]).astype(np.int64)
    for first in range(len(segments)):
        company = np.roll(segments, -first, axis=0)
        together, alive = run_of(case, company)
        alone, alive_alone = run_of(case, company[:1])
        k = slice(company[0, 0], company[0].sum())
        later = company[1:]
        if np.any((later[:, 0] < k.stop) & (later.sum(axis=1) > k.start)):
            continue  # another segment wrote over it
        np.testing.assert_array_equal(together[k], alone[k])
        assert alive[0] == alive_alone[0]


def test_one_diverging_segment_leaves_its_neighbours_alone():
    case = make_case(STRUCTURES["four_outputs"], n=200)
    segments = case.dataset.segments(case.structure.n_start, 40)[:8]
    good, _ = run_of(case, segments)
    bad_y = [one.copy() for one in case.dataset.y]
    third = segments[2]
    bad_y[0][third[0] - 1] = 1e6  # the measured sample before the third segment
    spoilt = type(case.dataset)(
        case.dataset.u, tuple(bad_y), 0.1, case.dataset.increment_std, np.ones(4), np.zeros(4)
    )
    found, alive = run_of(type(case)(case.structure, case.weights, spoilt), segments)
    assert alive[2] < third[1]
    np.testing.assert_array_equal(np.delete(alive, 2), np.delete(segments[:, 1], 2))
    for s in (0, 3, 4, 5, 6, 7):
        k = slice(segments[s, 0], segments[s].sum())
        np.testing.assert_array_equal(found[k], good[k])
    k = slice(third[0] + alive[2], third.sum())
    last = found[k.start - 1] if alive[2] > 0 else bad_y[0][third[0] - 1]
    assert np.all(found[k] == last)


def test_jacobian_of_a_wide_model_agrees_with_the_adjoint_gradient():
    case = wide_case()
    segments = case.dataset.segments(case.structure.n_start, 30)
    rows, problem = sensitivities(case, segments, is_centred=False)
    data = case.dataset
    where = np.concatenate([np.arange(a, a + n) for a, n in segments])
    error = problem.y_sim[where] - data.y_all[where]
    found = np.einsum("kj,kjp->p", error, rows)
    expected = adjoint_gradient(
        case.structure, case.weights, data.increment_std, data.u_all, data.y_all, segments
    )
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())


def test_normal_equations_forget_what_was_computed_before(case):
    problem, data = case.problem(single=True), case.dataset
    theta = problem.layout.join(case.weights, data.increment_std)
    segments = data.segments(case.structure.n_start, 20)
    problem.cost(theta, segments)
    first = problem.normal(theta, segments)
    wild = 1e30 * (1.0 + np.abs(theta))
    problem.run(wild, segments)
    problem.normal(wild, segments)  # most of it is not finite
    problem.cost(theta, segments)
    again = problem.normal(theta, segments)
    np.testing.assert_array_equal(np.tril(first[0]), np.tril(again[0]))
    np.testing.assert_array_equal(first[1], again[1])
