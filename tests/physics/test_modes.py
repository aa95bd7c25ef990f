"""Modes: names, what is left out, and the numbers that pilots read."""

import numpy as np
import pytest

from heliid.physics.linear_model import LinearModel, StateSpace, find_trim
from heliid.physics.modes import (
    HEAVE,
    PHUGOID,
    PITCH,
    SHORT_PERIOD,
    Mode,
    dominant_eigenvalues,
    name_modes,
    upper_half,
)
from heliid.physics.reduction import exponentials, reduce_longitudinal
from heliid.truth import eigenvalues_at_trim, rates_of_change
from tests.judgement.plants import truth_model
from tests.physics.aircraft import entry


def pair(real: float, imag: float) -> list[complex]:
    return [complex(real, imag), complex(real, -imag)]


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ([*pair(0.05, 0.47), -0.31, -2.0], [HEAVE, PHUGOID, PITCH]),
        ([*pair(0.03, 0.55), *pair(-0.7, 0.73)], [PHUGOID, SHORT_PERIOD]),
        ([*pair(-0.03, 0.11), -0.38, -4.3], [PHUGOID, HEAVE, PITCH]),
        ([-0.02, -0.09, *pair(-1.2, 1.0)], ["real root 1", "real root 2", SHORT_PERIOD]),
        (pair(-0.02, 0.15), [PHUGOID]),
        (pair(-1.2, 1.0), [SHORT_PERIOD]),
        ([*pair(-0.02, 0.3), -1.4], [PHUGOID, PITCH]),
    ],
)
def test_longitudinal_modes_get_their_names(values, names):
    found = name_modes(np.array(values), is_longitudinal=True)
    assert [mode.name for mode in found] == names


def test_other_motion_gets_plain_names():
    found = name_modes(np.array([*pair(-0.2, 1.0), -3.0]), is_longitudinal=False)
    assert [mode.name for mode in found] == ["oscillation 1", "real root 1"]


def test_every_published_condition_has_a_phugoid_or_its_parts():
    for name, speed in (("Westland Lynx", 0), ("Westland Lynx", 60), ("Agusta A109 class", 40)):
        row = entry(name, speed)
        values = np.linalg.eigvals(np.array(row["A"]))
        expected = np.array([complex(re, im) for re, im in row["eigenvalues"]])
        assert np.sort_complex(values) == pytest.approx(np.sort_complex(expected), abs=2e-5)
        assert PHUGOID in [mode.name for mode in name_modes(values, is_longitudinal=True)]


def test_numbers_of_a_mode():
    mode = Mode("phugoid", 0.05, 0.12)
    assert mode.frequency == pytest.approx(0.13)
    assert mode.damping == pytest.approx(-0.05 / 0.13)
    assert mode.time_to_double == pytest.approx(np.log(2) / 0.05)
    assert mode.time_to_half is None
    decaying = Mode("pitch subsidence", -2.0, 0.0)
    assert decaying.damping == 1.0
    assert decaying.time_to_half == pytest.approx(np.log(2) / 2.0)
    assert not decaying.is_oscillation


def test_one_of_each_pair_is_kept():
    assert upper_half(np.array([*pair(-1, 2), -3 + 0j])).tolist() == [complex(-1, 2), -3 + 0j]


def plant(a: np.ndarray, b: np.ndarray, c: np.ndarray, dt: float = 0.1) -> LinearModel:
    """The exactly sampled linear plant, dressed as a linearisation."""
    n, m = b.shape
    big = np.zeros((n + m, n + m))
    big[:n, :n], big[:n, n:] = a, b
    step = exponentials(big[None] * dt)[0]
    model = truth_model(0)
    names = tuple(f"x{k}" for k in range(n))
    space = StateSpace(
        step[:n, :n], step[:n, n:], c, np.zeros((len(c), m)), dt, names, ("-",) * n
    )  # fmt: skip
    scaling = model.scaling
    return LinearModel(
        space, find_trim(model), model.inputs, model.outputs, scaling.output_std, scaling.input_std
    )


def truth_plant() -> tuple[np.ndarray, np.ndarray]:
    """A (6, 6) and B (6, 2) of the synthetic helicopter at trim."""
    small = 1e-6

    def slope(x: np.ndarray, u: np.ndarray) -> np.ndarray:
        up = np.array(rates_of_change(x, *u))
        return (up - np.array(rates_of_change(-x, *-u))) / (2 * small)

    a = np.column_stack([slope(small * e, np.zeros(2)) for e in np.eye(6)])
    return a, np.column_stack([slope(np.zeros(6), small * e) for e in np.eye(2)])


def test_exponentials_are_those_of_scipy():
    from scipy.linalg import expm

    rng = np.random.default_rng(1)
    matrices = rng.normal(size=(5, 4, 4)) * np.array([0.01, 0.1, 1.0, 5.0, 20.0])[:, None, None]
    for ours, one in zip(exponentials(matrices), matrices, strict=True):
        theirs = expm(one)
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-9 * np.abs(theirs).max())


def test_fast_and_cancelling_modes_are_left_out():
    a = np.diag([-0.5, -2.0, -60.0, -1.0])
    b = np.array([[1.0, 0.0], [1.0, 0.5], [1.0, 0.0], [1e-4, 0.0]])
    c = np.array([[1.0, 1, 1, 1], [1, -1, 1, 1], [0, 1, 0, 1], [1, 0, 0, 1]])
    kept = dominant_eigenvalues(plant(a, b, c))
    assert np.sort(kept.real) == pytest.approx([-2.0, -0.5], abs=1e-6)


@pytest.mark.parametrize("dt", [0.04, 0.1])
def test_reduction_finds_the_four_states_and_the_rotor_lags_exactly(dt):
    a, b = truth_plant()
    reduced = reduce_longitudinal(plant(a, b, np.eye(6)[:4], dt), [0, 1, 2, 3])
    assert reduced.kind == "lag"
    assert reduced.seconds == pytest.approx([0.09, 0.18], abs=1e-4)
    assert reduced.theil < 1e-6
    found = np.sort_complex(np.linalg.eigvals(reduced.A))
    true = eigenvalues_at_trim()
    slow = np.sort_complex(true[np.argsort(np.abs(true))][:4])
    assert found == pytest.approx(slow, rel=1e-4)
    assert reduced.A[:3, :3] == pytest.approx(a[:3, :3], rel=1e-3, abs=1e-5)


def test_a_pure_delay_is_found_as_a_delay():
    row = entry("Westland Lynx", 60)
    a, b = np.array(row["A"]), np.array(row["B"])
    a[3, 2] = 1.0
    a[0, 3], a[1, 3] = -9.80665 * np.cos(0.04), -9.80665 * np.sin(0.04)
    late = plant(a, b, np.eye(4))
    n = 4 + 2  # one step of delay for both inputs
    big_a, big_b = np.zeros((n, n)), np.zeros((n, 2))
    big_a[:4, :4], big_a[:4, 4:], big_b[4:] = late.discrete.A, late.discrete.B, np.eye(2)
    space = StateSpace(
        big_a, big_b, np.eye(n)[:4], np.zeros((4, 2)), 0.1, ("x",) * n, ("-",) * n
    )  # fmt: skip
    delayed = LinearModel(
        space, late.trim, late.inputs, late.outputs, late.output_std, late.input_std
    )
    reduced = reduce_longitudinal(delayed, [0, 1, 2, 3])
    assert reduced.kind == "delay"
    assert reduced.seconds == pytest.approx([0.1, 0.1], abs=1e-3)
    assert pytest.approx(a, rel=1e-2, abs=1e-3) == reduced.A


def test_the_reduced_model_with_lags_simulates_the_same():
    a, b = truth_plant()
    reduced = reduce_longitudinal(plant(a, b, np.eye(6)[:4]), [0, 1, 2, 3])
    big_a, big_b = reduced.with_lags()
    assert big_a.shape == (6, 6)
    assert np.sort(np.linalg.eigvals(big_a).real)[0] == pytest.approx(-1 / 0.09, rel=1e-3)
    full = plant(big_a, big_b, np.eye(6)[:4])
    u = np.random.default_rng(2).normal(size=(60, 2))
    assert reduced.simulate(u, 0.1) == pytest.approx(full.simulate(u), abs=1e-9)
