"""The solver against the certified values of NIST StRD, 27 problems from two starts each."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from heliid.training.polish import polish, solve
from tests.nist.problems import MODELS, NistProblem, load

NO_SEGMENTS = np.empty((0, 2), np.int64)


class AsProblem:
    """What the core asks of a problem, on one NIST data set."""

    def __init__(self, nist: NistProblem) -> None:
        size = nist.certified.size
        self.nist = nist
        self.layout = SimpleNamespace(size=size)
        self.lower = np.empty((size, size))

    def cost(self, b: np.ndarray, _: Any) -> float:
        residual = self.nist.residual(b)
        with np.errstate(over="ignore", invalid="ignore"):
            value = float((residual * residual).mean())
        return value if np.isfinite(value) else np.inf

    def normal(self, b: np.ndarray, _: Any) -> tuple[np.ndarray, np.ndarray] | None:
        residual, jacobian = self.nist.residual(b), self.nist.jacobian(b)
        with np.errstate(over="ignore", invalid="ignore"):
            gram = (jacobian[:, :, None] * jacobian[:, None, :]).mean(axis=0)
            half = (jacobian * residual[:, None]).mean(axis=0)
        finite = np.isfinite(gram).all() and np.isfinite(half).all()
        return (gram, half) if finite else None


def solve_all() -> list[tuple[str, int, float, bool]]:
    """(problem, start, digits of the worst parameter, claims to have converged) of 54 runs."""
    rows = []
    for name in MODELS:
        nist = load(name)
        for start in (0, 1):
            found = solve(AsProblem(nist), nist.starts[start], NO_SEGMENTS)  # type: ignore[arg-type]
            rows.append((name, start, nist.digits(found.theta), found.converged))
    return rows


@pytest.fixture(scope="module")
def runs() -> list[tuple[str, int, float, bool]]:
    return solve_all()


def test_certified_parameters_give_the_certified_sum_of_squares():
    nist = load("Thurber")
    assert AsProblem(nist).cost(nist.certified, None) * nist.y.size == pytest.approx(
        5.6427082397e03, rel=1e-9
    )


def test_every_run_has_six_digits(runs):
    assert len(runs) == 54
    assert [row for row in runs if row[2] < 6.0] == []


def test_forty_three_runs_have_eight_digits(runs):
    assert sum(row[2] >= 8.0 for row in runs) >= 43


def test_no_run_claims_to_have_converged_with_less_than_four_digits(runs):
    assert [row for row in runs if row[3] and row[2] < 4.0] == []


def test_most_runs_say_that_they_have_converged(runs):
    assert sum(row[3] for row in runs) >= 50


@pytest.mark.parametrize("name", ["MGH10", "MGH17", "Bennett5", "Eckerle4"])
def test_the_start_is_not_called_converged(name):
    nist = load(name)
    found = polish(AsProblem(nist), nist.starts[0], NO_SEGMENTS, iterations=0)  # type: ignore[arg-type]
    assert not found.converged
