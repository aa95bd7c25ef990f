import numpy as np
import pytest

from heliid.errors import TrainingError
from heliid.linear import best_linear
from heliid.model.structure import Structure
from heliid.search import fitness
from heliid.training import Dataset, TrainingSettings, train
from heliid.training.scoring import FitnessSettings, free_run_errors


def simulated(step, n_records=3, n=300, n_y=2, seed=0, noise=0.0):
    """Records of the system y(k) = step(y(k-1), y(k-2), u(k)), all scaled by their own spread."""
    rng = np.random.default_rng(seed)
    us, ys = [], []
    for _ in range(n_records):
        u = np.repeat(rng.uniform(-1, 1, (n // 10, 2)), 10, axis=0)
        y = np.zeros((n, n_y))
        for k in range(2, n):
            y[k] = step(y[k - 1], y[k - 2], u[k])
        us.append(u)
        ys.append(y + noise * y.std(axis=0) * rng.standard_normal(y.shape))
    return us, ys


def dataset(us, ys, like=None, dt=0.1):
    every = np.concatenate(ys)
    mean, std = (every.mean(0), every.std(0)) if like is None else like
    scaled = [(y - mean) / std for y in ys]
    increments = np.concatenate([np.diff(y, axis=0) for y in scaled])
    return Dataset(tuple(us), tuple(scaled), dt, increments.std(0), std, mean)


def linear_step(y1, y2, u):
    a = np.array([[0.9, 0.1], [-0.15, 0.85]])
    return a @ y1 - 0.1 * y2 + np.array([0.3 * u[0], 0.2 * u[1] - 0.1 * u[0]])


def curved_step(y1, y2, u):
    return linear_step(y1, y2, u) + np.array([-0.05 * y1[0] ** 3, 0.2 * np.sin(y1[0]) * u[1]])


ORDER = Structure(((1, 2), (1, 2)), ((0, 1), (0, 1)), 0)


def test_a_known_linear_system_is_recovered_from_its_own_data():
    data = dataset(*simulated(linear_step))
    fit = train(ORDER, data)
    errors, share = free_run_errors(ORDER, fit.weights, data, 0.0)
    assert share == 1.0
    assert errors.max() < 1e-3


def test_a_known_nonlinear_system_is_learnt_from_noisy_data():
    us, ys = simulated(curved_step, noise=0.03)
    data = dataset(us, ys)
    us2, ys2 = simulated(curved_step, seed=9)
    clean = dataset(us2, ys2, (np.concatenate(ys).mean(0), np.concatenate(ys).std(0)))
    curved = Structure(ORDER.output_lags, ORDER.input_lags, 6)
    network = free_run_errors(curved, train(curved, data).weights, clean, 0.0)[0].mean()
    linear = free_run_errors(ORDER, train(ORDER, data).weights, clean, 0.0)[0].mean()
    assert network < 0.5 * linear
    assert network < 0.1


def test_the_same_arguments_give_the_same_bits_and_another_table_does_not():
    data = dataset(*simulated(curved_step, noise=0.02))
    curved = Structure(ORDER.output_lags, ORDER.input_lags, 2)
    one, two = train(curved, data), train(curved, data)
    other = train(curved, data, table=3)
    for name in one.weights.__dataclass_fields__:
        assert getattr(one.weights, name).tobytes() == getattr(two.weights, name).tobytes()
    assert one.weights.w_hid.tobytes() != other.weights.w_hid.tobytes()


def test_stop_returns_the_best_so_far():
    data = dataset(*simulated(curved_step))
    calls = []

    def stop():
        calls.append(1)
        return len(calls) > 4

    fit = train(Structure(ORDER.output_lags, ORDER.input_lags, 3), data, should_stop=stop)
    assert fit.iterations < 6
    assert np.all(np.isfinite(fit.weights.linear))


def test_too_short_records_are_refused_in_a_sentence():
    us, ys = simulated(linear_step, n=30)
    with pytest.raises(TrainingError, match="shorter than the 51 samples"):
        train(Structure(((1, 50), (1,)), ((0,), (0,)), 0), dataset(us, ys))


def test_a_missing_value_is_refused():
    us, ys = simulated(linear_step)
    data = dataset(us, ys)
    broken = [np.array(one) for one in data.y]
    broken[1][7, 0] = np.nan
    with pytest.raises(TrainingError, match="missing or infinite"):
        Dataset(data.u, tuple(broken), 0.1, data.increment_std, data.output_std, data.output_mean)


def test_an_attitude_follows_its_rate():
    rng = np.random.default_rng(3)
    us, ys = [], []
    for _ in range(3):
        u = np.repeat(rng.uniform(-1, 1, (30, 1)), 10, axis=0)
        q, theta = np.zeros(300), np.zeros(300)
        for k in range(1, 300):
            q[k] = 0.8 * q[k - 1] + 0.3 * u[k, 0] - 0.2 * theta[k - 1]
            theta[k] = theta[k - 1] + 0.1 * 0.5 * (q[k] + q[k - 1])
        y = np.column_stack([q, theta])
        us.append(u)
        ys.append(y + 0.05 * y.std(0) * rng.standard_normal(y.shape))
    data = dataset(us, ys)
    order = Structure(((1, 2), (1, 2)), ((0, 1),), 1)
    settings = TrainingSettings(kinematics=((1, 0),), kinematic_weight=1.0)
    weights = train(order, data, settings).weights
    gain = 0.1 * data.output_std[0] / data.output_std[1]
    expected = 0.5 * gain * weights.linear[0]
    expected[0] += gain
    np.testing.assert_allclose(weights.linear[1], expected, atol=0.02)


def test_fitness_is_the_same_directly_and_as_a_task():
    data = dataset(*simulated(curved_step, noise=0.02))
    check = dataset(*simulated(curved_step, seed=5), (data.output_mean, data.output_std))
    settings = FitnessSettings(n_tables=2)
    structure = Structure(ORDER.output_lags, ORDER.input_lags, 2)
    direct = fitness.evaluate(structure, data, check, settings)
    fitness.install(fitness.make_payload(data, check, settings))
    plain = fitness.evaluate_task(structure.to_dict())
    assert plain["cost"] == direct.cost
    assert plain["n_parameters"] == structure.n_parameters
    assert not plain["diverged"]


def test_an_order_too_long_for_the_records_gets_the_worst_cost_and_a_reason():
    data = dataset(*simulated(linear_step, n=40))
    score = fitness.evaluate(Structure(((60,), (1,)), ((0,), (0,)), 0), data, data)
    assert score.cost > 3.0
    assert "shorter than" in score.reason


def test_divergence_is_graded_by_the_share_survived():
    data = dataset(*simulated(linear_step))
    fit = train(ORDER, data)
    linear = np.array(fit.weights.linear)
    costs = []
    for growth in (0.3, 1.0):
        worse = linear.copy()
        worse[0, 0] = growth
        weights = type(fit.weights)(
            fit.weights.w_hid, fit.weights.b_hid, fit.weights.w_out, worse, fit.weights.bias
        )
        costs.append(fitness.validation_cost(ORDER, weights, data, (0.0,))[0])
    assert 2.0 < costs[0] < costs[1] < 3.0


def test_settings_round_trip_as_plain_data():
    settings = FitnessSettings(TrainingSettings(kinematics=((1, 0),)), n_tables=5)
    assert fitness.settings_from_dict(fitness.settings_to_dict(settings)) == settings


def test_best_linear_finds_the_order_of_a_linear_system():
    data = dataset(*simulated(linear_step, noise=0.01))
    check = dataset(*simulated(linear_step, seed=4), (data.output_mean, data.output_std))
    structure, weights, cost = best_linear(data, check, n_trained=2)
    assert structure.n_hidden == 0
    errors, _ = free_run_errors(structure, weights, check, 0.0)
    assert errors.mean() < 0.03
    assert cost < 0.1
