"""Sharpness on quadratics with known spectra, and on trained models."""

import itertools

import numpy as np
import pytest

from heliid.data.bundled import load_example
from heliid.data.campaign import Use
from heliid.errors import RecordError, SettingsError
from heliid.search.encoding import structure_from_text
from heliid.sharpness import flatness, flatness_of
from heliid.study import StudyConfig
from heliid.study.ground import make_ground
from heliid.training import train


class Quadratic:
    """Half a loss: x'Ax / 2 around ``centre``, so that the loss has the Hessian 2 A."""

    def __init__(self, matrix, centre):
        self.matrix, self.centre, self.size = matrix, centre, len(centre)
        self.at = centre

    def cost(self, x):
        d = x - self.centre
        return 0.5 * float(d @ self.matrix @ d)

    def move_to(self, x):
        self.at = x
        return self.cost(x)

    def gradient(self):
        return self.matrix @ (self.at - self.centre)

    def hessian(self, v):
        return self.matrix @ v

    gauss_newton = hessian


def rotated(values, seed=0):
    basis = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(values),) * 2))[0]
    return basis @ np.diag(values) @ basis.T


def test_a_diagonal_quadratic_has_the_sharpness_of_its_trace():
    values, centre = np.array([1.0, 4.0, 9.0, 100.0]), np.array([0.0, 1.0, -2.0, 0.5])
    found = flatness_of(Quadratic(np.diag(values), centre), centre, epsilon=1e-2)
    worst = float((values * (1e-2 * (np.abs(centre) + 1.0)) ** 2).sum())
    assert found.worst == pytest.approx(worst, rel=1e-12)
    assert found.sharpness == pytest.approx(100.0 * worst, rel=1e-12)
    assert found.largest[:2] == pytest.approx((200.0, 18.0), rel=1e-8)
    assert found.smallest == pytest.approx(2.0, rel=1e-8)


@pytest.mark.parametrize("seed", range(6))
def test_the_worst_corner_of_a_rotated_quadratic_is_found(seed):
    matrix = rotated(np.logspace(-1, 2, 8), seed)
    found = flatness_of(Quadratic(matrix, np.zeros(8)), np.zeros(8), epsilon=1e-2)
    corners = 1e-2 * np.array(list(itertools.product((-1.0, 1.0), repeat=8)))
    worst = np.einsum("ni,ij,nj->n", corners, matrix, corners).max()
    assert worst * 0.98 <= found.worst <= worst * (1 + 1e-12)


def test_the_spectrum_of_a_large_quadratic_is_right_at_both_ends():
    values = np.concatenate([np.linspace(0.0, 1.0, 150), [5.0, 20.0, 80.0], [-2.0]])
    found = flatness_of(Quadratic(rotated(values), np.zeros(values.size)), np.zeros(values.size))
    assert found.largest[:3] == pytest.approx((160.0, 40.0, 10.0), rel=1e-6)
    assert found.smallest == pytest.approx(-4.0, rel=1e-6)
    assert found.bound < 1e-6


@pytest.fixture(scope="module")
def trained():
    ground = make_ground(load_example("trex550"), StudyConfig())
    order = structure_from_text("na=1,nb=2,nk=0,spacing=2,h=1", 3, 2)
    fit = train(order, ground.train, ground.settings.training)
    return ground.model(order, fit.weights), ground.campaign.with_use(Use.TRAIN)


def test_a_trained_model_lies_in_a_bowl_and_a_larger_box_holds_a_larger_loss(trained):
    model, records = trained
    small, large = (flatness(model, records, epsilon=e, window_s=2.0) for e in (1e-4, 1e-3))
    assert small.loss == large.loss
    assert small.loss < small.worst < large.worst
    assert small.largest[0] > 0.0
    assert abs(small.smallest) < small.largest[0]
    assert small.n_weights == model.structure.n_parameters


def test_the_loss_is_that_of_the_free_run(trained):
    model, records = trained
    run = model.simulate(records[0])
    error = (run.residual / model.scaling.output_std)[run.n_start :]
    found = flatness(model, records)
    assert found.loss == pytest.approx((error**2).sum(axis=1).mean(), rel=1e-9)


def test_plain_data_holds_no_infinity(trained):
    model, records = trained
    wide = flatness(model, records, epsilon=0.1)
    plain = wide.to_dict()
    assert (plain["worst"] is None) == wide.diverges
    assert len(plain["largest"]) == 5


def test_what_cannot_be_measured_is_said_in_one_sentence(trained):
    model, records = trained
    with pytest.raises(RecordError, match="no record"):
        flatness(model, ())
    with pytest.raises(SettingsError, match="epsilon"):
        flatness(model, records, epsilon=0.0)
