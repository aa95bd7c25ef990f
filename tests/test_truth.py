"""The known truth is the recipe's, its integrator is fourth order, its records are as promised."""

from __future__ import annotations

import numpy as np
import pytest

from heliid import truth
from heliid.data.csvfile import read_csv
from heliid.data.prepare import resolve_trim_rule


@pytest.fixture(scope="module")
def records():
    return truth.make_truth_set(seed=1)


def test_eigenvalues_at_trim_are_those_of_the_recipe():
    found = truth.eigenvalues_at_trim()
    wanted = [-0.0279 + 0.1117j, -0.0279 - 0.1117j, -0.376, -4.263, -5.556, -11.111]
    np.testing.assert_allclose(np.sort_complex(found), np.sort_complex(np.array(wanted)), atol=6e-4)


def test_trim_is_an_equilibrium():
    assert np.abs(truth.rates_of_change(np.zeros(6), 0.0, 0.0)).max() == 0.0


def test_a_pull_raises_the_nose_and_collective_lifts():
    pulled = truth.simulate(lambda t: 5.0, lambda t: 0.0, duration=1.0)[1][-1]
    lifted = truth.simulate(lambda t: 0.0, lambda t: 5.0, duration=0.5)[1][-1]
    assert pulled[2] > 0.0
    assert pulled[3] > 0.0
    assert lifted[1] < 0.0  # w is positive down


def test_integrator_is_of_fourth_order():
    # The pull keeps u, w below the kinks of |u| and |w|: smooth right-hand side, smooth input.
    def end(step):
        lon = lambda t: 2.0 * np.sin(1.5 * t) ** 2  # noqa: E731
        return truth.simulate(lon, lambda t: 0.0, duration=0.8, step=step, has_pilot=False)[1][-1]

    exact = end(0.0025)
    errors = [np.abs(end(step) - exact).max() for step in (0.04, 0.02, 0.01)]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all((orders > 3.6) & (orders < 4.5)), orders


def test_same_seed_same_bits_other_seed_other_noise(records):
    again, other = truth.make_truth_set(seed=1), truth.make_truth_set(seed=2)
    for name, (noisy, clean) in records.items():
        np.testing.assert_array_equal(again[name][0].values, noisy.values)
        np.testing.assert_array_equal(other[name][1].values, clean.values)
        assert np.any(other[name][0].values != noisy.values)


def test_records_are_30_s_at_50_hz_and_rest_first(records):
    for noisy, clean in records.values():
        assert noisy.n_samples == 1501
        assert abs(noisy.dt - 0.02) < 1e-12
        lead = clean.values[:75]  # 1.5 s
        assert np.abs(lead - lead[0]).max() < 1e-12
    all_noisy = [noisy for noisy, _ in records.values()]
    assert resolve_trim_rule(all_noisy, truth.INPUTS, truth.OUTPUTS) == "lead:1.5"


def test_noise_is_on_outputs_only_and_of_the_stated_size(records):
    for noisy, clean in records.values():
        error = noisy.values - clean.values
        assert np.abs(error[:, :2]).max() == 0.0
        share = error[:, 2:].std(axis=0) / clean.values[:, 2:].std(axis=0)
        np.testing.assert_allclose(share, truth.NOISE, rtol=0.1)


def test_test_records_leave_the_training_envelope_by_20_to_40_per_cent(records):
    train = np.concatenate(
        [clean.columns(["u", "w"]) for name, (_, clean) in records.items() if "train" in name]
    )
    trim = np.array([truth.U0, truth.W0])
    low, high = train.min(axis=0) - trim, train.max(axis=0) - trim
    tests = {name: clean for name, (_, clean) in records.items() if "test" in name}
    assert len(tests) == 2
    for name, clean in tests.items():
        moved = clean.columns(["u", "w"]) - trim
        beyond = np.maximum(moved.min(axis=0) / low, moved.max(axis=0) / high) - 1.0
        assert np.all((beyond > 0.2) & (beyond < 0.4)), (name, beyond)


def test_validation_records_stay_inside(records):
    channels = [*truth.INPUTS, *truth.OUTPUTS]
    train = np.concatenate(
        [clean.columns(channels) for name, (_, clean) in records.items() if "train" in name]
    )
    for name, (_, clean) in records.items():
        if "validate" in name:
            assert np.all(clean.values >= train.min(axis=0)), name
            assert np.all(clean.values <= train.max(axis=0)), name


def test_written_files_read_back_as_the_same_records(records, tmp_path):
    truth.main(["--out", str(tmp_path)])
    for name, (noisy, _) in records.items():
        back = read_csv(tmp_path / f"{name}.csv")
        assert back.names == noisy.names
        assert [c.unit for c in back.channels] == ["%", "%", "m/s", "m/s", "deg/s", "deg"]
        np.testing.assert_allclose(back.values, noisy.values, rtol=1e-5, atol=1e-6)
    assert (tmp_path / "README.md").is_file()
