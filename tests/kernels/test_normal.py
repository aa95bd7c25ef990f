import numpy as np
import pytest

from heliid.kernels.normal import add_gram, factor, solve_damped, solve_factored


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (16, 16), (37, 23), (130, 61)])
def test_gram_agrees_with_the_matrix_product(shape, dtype):
    rows = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    gram = np.zeros((shape[1], shape[1]), dtype)
    add_gram(rows, shape[0], gram)
    expected = rows.astype(float).T @ rows.astype(float)
    accuracy = 1e-4 if dtype is np.float32 else 1e-12
    np.testing.assert_allclose(np.tril(gram), np.tril(expected), atol=accuracy)


def test_cholesky_solves_and_refuses():
    rng = np.random.default_rng(1)
    a = rng.standard_normal((40, 23))
    matrix = a.T @ a
    lower = np.empty_like(matrix)
    assert factor(matrix, lower)
    x = rng.standard_normal(23)
    solution = x.copy()
    solve_factored(lower, solution)
    np.testing.assert_allclose(matrix @ solution, x, atol=1e-9)
    matrix[5, 5] = -1.0
    assert not factor(matrix, lower)
    matrix[5, 5] = np.nan
    assert not factor(matrix, lower)


def test_damped_solution_leaves_the_matrix_alone():
    rng = np.random.default_rng(2)
    a = rng.standard_normal((40, 9))
    matrix = a.T @ a
    before = matrix.copy()
    x = np.empty(9)
    gradient = rng.standard_normal(9)
    assert solve_damped(matrix, gradient, 0.5, np.empty_like(matrix), x)
    np.testing.assert_array_equal(matrix, before)
    damped = before + 0.5 * np.diag(np.diag(before))
    np.testing.assert_allclose(damped @ x, -gradient, atol=1e-9)
