"""ARX starts from one Gram matrix: every order is a sub-selection and a Cholesky solution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heliid.kernels.narx import fill_regressors
from heliid.kernels.normal import add_gram, factor, fill_upper, solve_factored
from heliid.model.structure import Structure
from heliid.training.dataset import Dataset
from heliid.training.parameters import KinematicPair


@dataclass(frozen=True, eq=False)
class GramTable:
    """Second moments of all lagged channels of a data set, biggest lags given once.

    Columns: output j at lags 0..reach_out, then input i at lags 0..reach_in, then 1.
    """

    gram: np.ndarray  # (n, n), sums over ``n_rows`` samples
    n_rows: int
    n_y: int
    n_u: int
    reach_out: int
    reach_in: int

    def output(self, j: int, lag: int) -> int:
        """The column of output ``j`` at ``lag``."""
        return j * (self.reach_out + 1) + lag

    def columns(self, structure: Structure) -> np.ndarray:
        """The columns of a structure's regressor, and of the constant at the end."""
        out_taps, in_taps = structure.taps()
        base = self.n_y * (self.reach_out + 1)
        found = [self.output(j, lag) for j, lag in out_taps.tolist()]
        found += [base + i * (self.reach_in + 1) + lag for i, lag in in_taps.tolist()]
        return np.array([*found, self.gram.shape[0] - 1], dtype=np.int64)

    def covers(self, structure: Structure) -> bool:
        """True when every lag of the structure is in the table."""
        out_taps, in_taps = structure.taps()
        return (
            max([0, *out_taps[:, 1].tolist()]) <= self.reach_out
            and max([0, *in_taps[:, 1].tolist()]) <= self.reach_in
            and len(structure.input_lags) == self.n_u
        )


def make_gram(dataset: Dataset, reach_out: int, reach_in: int) -> GramTable:
    """The Gram matrix of the maximal regressor of ``dataset``."""
    n_y, n_u = dataset.n_outputs, int(dataset.u_all.shape[1])
    out = [(j, lag) for j in range(n_y) for lag in range(reach_out + 1)]
    inp = [(i, lag) for i in range(n_u) for lag in range(reach_in + 1)]
    segments = dataset.segments(max(reach_out, reach_in, 1))
    rows = np.ones((int(segments[:, 1].sum()), len(out) + len(inp) + 1))
    fill_regressors(
        dataset.u_all,
        dataset.y_all,
        segments,
        np.array(out, dtype=np.int64).reshape(-1, 2),
        np.array(inp, dtype=np.int64).reshape(-1, 2),
        rows,
    )
    gram = np.zeros((rows.shape[1], rows.shape[1]))
    add_gram(rows, rows.shape[0], gram)
    fill_upper(gram)
    return GramTable(gram, rows.shape[0], n_y, n_u, reach_out, reach_in)


def gram_for(dataset: Dataset, structure: Structure) -> GramTable:
    """The smallest table that covers one structure."""
    out_taps, in_taps = structure.taps()
    reach_out = max([1, *out_taps[:, 1].tolist()])
    return make_gram(dataset, reach_out, max([0, *in_taps[:, 1].tolist()]))


@dataclass(frozen=True, eq=False)
class ArxFit:
    """Least-squares one-step weights in increment form, and their mean squared errors (ny,)."""

    linear: np.ndarray  # (ny, n_phi)
    bias: np.ndarray  # (ny,)
    mse: np.ndarray
    moments: np.ndarray  # (n_phi + 1, n_phi + 1): second moments of regressor and constant


def fit_arx(
    table: GramTable,
    structure: Structure,
    ridge: float,
    pairs: tuple[KinematicPair, ...] = (),
    kinematic_weight: float = 0.0,
) -> ArxFit:
    """Least squares of y(k) - y(k-1) on the regressor, ``ridge`` per sample on the linear part.

    The row of an attitude is drawn towards the trapezoid rule of its rate.
    """
    columns = table.columns(structure)
    n = len(columns)
    moments = table.gram[np.ix_(columns, columns)] / table.n_rows
    plain = moments.copy()
    plain[np.arange(n), np.arange(n)] += ridge
    plain[n - 1, n - 1] += 1e-9 - ridge
    solution = np.zeros((table.n_y, n))
    lower = np.empty((n, n))
    mse = np.zeros(table.n_y)
    taps = [tuple(tap) for tap in structure.taps()[0].tolist()]
    attitudes = {pair.attitude: pair for pair in pairs if (pair.rate, 1) in taps}
    order = sorted(range(table.n_y), key=lambda j: j in attitudes)
    for j in order:
        now, before = table.output(j, 0), table.output(j, 1)
        right = (table.gram[columns, now] - table.gram[columns, before]) / table.n_rows
        matrix, x = plain.copy(), right.copy()
        if j in attitudes:
            pair = attitudes[j]
            target = 0.5 * pair.gain * solution[pair.rate]
            target[taps.index((pair.rate, 1))] += pair.gain
            target[n - 1] += pair.offset
            matrix = moments.copy()
            matrix[np.arange(n), np.arange(n)] += kinematic_weight
            x += kinematic_weight * target
        tries = 0
        while not factor(matrix, lower) and tries < 12:
            matrix[np.arange(n), np.arange(n)] += 1e-9 * 10.0**tries
            tries += 1
        solve_factored(lower, x)
        solution[j] = x
        power = (
            table.gram[now, now] - 2 * table.gram[now, before] + table.gram[before, before]
        ) / table.n_rows
        explained = (x * (2 * right - (moments * x).sum(axis=1))).sum()
        mse[j] = max(power - explained, 0.0)
    return ArxFit(solution[:, :-1].copy(), solution[:, -1].copy(), mse, moments)
