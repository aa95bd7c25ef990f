import numpy as np
import pytest

from heliid.kernels.normal import (
    add_gram,
    add_product,
    factor,
    per_sample,
    solve_damped,
    solve_factored,
    work_matrix,
)


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


@pytest.mark.parametrize("size", [1, 7, 8, 31, 33, 64, 97])
def test_cholesky_of_any_size_agrees_with_numpy_in_either_work_space(size):
    rng = np.random.default_rng(size)
    a = rng.standard_normal((2 * size + 3, size))
    matrix, b = a.T @ a, rng.standard_normal(size)
    expected = np.linalg.cholesky(matrix).T
    solutions = []
    for upper in (np.full((size, size), 7.0), work_matrix(size)):
        assert factor(matrix, upper)
        np.testing.assert_allclose(np.triu(upper[:size, :size]), expected, atol=1e-9)
        x = b.copy()
        solve_factored(upper, x)
        np.testing.assert_allclose(matrix @ x, b, atol=1e-7)
        solutions.append(x)
    np.testing.assert_array_equal(*solutions)


def test_cholesky_refuses_a_bad_pivot_in_any_row():
    rng = np.random.default_rng(3)
    a = rng.standard_normal((90, 41))
    good = a.T @ a
    for row in range(41):
        matrix = good.copy()
        matrix[row, row] = -1.0
        assert not factor(matrix, work_matrix(41))


def test_products_and_means_are_those_of_numpy():
    rng = np.random.default_rng(4)
    half = rng.standard_normal((9, 9))
    matrix, x, vector = half + half.T, rng.standard_normal(9), rng.standard_normal(9)
    out = vector.copy()
    add_product(matrix, x, out)
    np.testing.assert_allclose(out, vector + matrix @ x, atol=1e-13)
    gram, gradient = rng.standard_normal((9, 9)), rng.standard_normal(9)
    expected = np.tril(gram / 50 + matrix), gradient / 50 + vector
    per_sample(gram, gradient, 50, matrix, vector)
    np.testing.assert_allclose(np.tril(gram), expected[0], atol=1e-15)
    np.testing.assert_allclose(gradient, expected[1], atol=1e-15)
