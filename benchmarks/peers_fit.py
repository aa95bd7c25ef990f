"""One fit by another package, in an environment of its own: called by ``benchmarks.peers``.

``python peers_fit.py METHOD DATA.npz OUT.npz SEEDS`` reads records at model rate, fits for each
seed, runs free on the test records and writes the simulated outputs and the CPU seconds. HeliID
is not imported. All work on z-scored deviations; u[k] is the input over the step that ends at k.
Every method gets the settings its documentation begins with, none was tuned on these records.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable

import numpy as np

LAGS = 4  # na = nb, of the lagged methods
UNITS = 8  # hidden units, of the networks
STATES = 8  # of the state-space models
LIMIT = 1e6  # a free run beyond so many standard deviations is cut off there

Records = list[tuple[np.ndarray, np.ndarray]]  # u (N, nu), y (N, ny)
Simulate = Callable[[np.ndarray, np.ndarray], np.ndarray]  # u (N, nu), first y (n0, ny) -> (N, ny)


def lagged(u: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Regressors (N - LAGS, LAGS (ny + nu)): y[k-1..k-4], u[k..k-3]."""
    n = len(u)
    past = [y[LAGS - i : n - i] for i in range(1, LAGS + 1)]
    sticks = [u[LAGS - i : n - i] for i in range(LAGS)]
    return np.hstack([*past, *sticks])


def stacked(train: Records) -> tuple[np.ndarray, np.ndarray]:
    """Regressors and targets of all records, none across a joint."""
    rows = [(lagged(u, y), y[LAGS:]) for u, y in train]
    return np.vstack([a for a, _ in rows]), np.vstack([b for _, b in rows])


def fed_back(step: Callable[[np.ndarray], np.ndarray]) -> Simulate:
    """The free run of a one-step map of ``lagged`` regressors (n,) -> (ny,)."""

    def run(u: np.ndarray, first: np.ndarray) -> np.ndarray:
        y = np.zeros((len(u), first.shape[1]))
        y[: len(first)] = first
        for k in range(len(first), len(u)):
            past = [y[k - i] for i in range(1, LAGS + 1)]
            sticks = [u[k - i] for i in range(LAGS)]
            y[k] = np.clip(step(np.concatenate([*past, *sticks])), -LIMIT, LIMIT)
        return y

    return run


def arx(train: Records, _: int) -> Simulate:
    """numpy: least squares, one step ahead."""
    x, y = stacked(train)
    weights = np.linalg.lstsq(np.hstack([x, np.ones((len(x), 1))]), y, rcond=None)[0]
    return fed_back(lambda row: row @ weights[:-1] + weights[-1])


def mlp(train: Records, seed: int) -> Simulate:
    """scikit-learn: a multilayer perceptron, one step ahead."""
    from sklearn.neural_network import MLPRegressor

    x, y = stacked(train)
    net = MLPRegressor(
        hidden_layer_sizes=(UNITS,), activation="tanh", max_iter=2000, random_state=seed
    )
    net.fit(x, y if y.shape[1] > 1 else y.ravel())
    (w1, w2), (b1, b2) = net.coefs_, net.intercepts_  # predict() costs 0.1 ms a row
    return fed_back(lambda row: np.tanh(row @ w1 + b1) @ w2 + b2)


def frols(train: Records, _: int) -> Simulate:
    """SysIdentPy: FROLS, polynomials of degree 2, AIC, one model per output (it has no other)."""
    from sysidentpy.basis_function import Polynomial
    from sysidentpy.model_structure_selection import FROLS
    from sysidentpy.parameter_estimation import LeastSquares

    def shifted(u: np.ndarray) -> np.ndarray:  # its input lags begin at 1, ours at 0
        return np.vstack([u[1:], u[-1:]])

    sticks = np.vstack([shifted(u) for u, _ in train])
    answers = np.vstack([y for _, y in train])
    models = []
    for j in range(answers.shape[1]):
        model = FROLS(
            order_selection=True, n_info_values=20, ylag=LAGS, xlag=[list(range(1, LAGS + 1))]
            * sticks.shape[1], info_criteria="aic", estimator=LeastSquares(),
            basis_function=Polynomial(degree=2),
        )  # fmt: skip
        model.fit(X=sticks, y=answers[:, j : j + 1])
        models.append(model)

    def run(u: np.ndarray, first: np.ndarray) -> np.ndarray:
        columns = []
        for j, model in enumerate(models):
            start = first[-model.max_lag :, j : j + 1]
            rest = shifted(u)[len(first) - model.max_lag :]
            told = model.predict(X=rest, y=start)[model.max_lag :, 0]
            columns.append(np.concatenate([first[:, j], told]))
        return np.column_stack(columns)

    return run


def n4sid(train: Records, _: int) -> Simulate:
    """nfoursid: N4SID of order 8 on the records end to end (it takes one)."""
    import pandas as pd
    from nfoursid.nfoursid import NFourSID

    u, y = np.vstack([u for u, _ in train]), np.vstack([y for _, y in train])
    names_u, names_y = [f"u{i}" for i in range(u.shape[1])], [f"y{i}" for i in range(y.shape[1])]
    frame = pd.DataFrame(np.hstack([u, y]), columns=[*names_u, *names_y])
    method = NFourSID(frame, output_columns=names_y, input_columns=names_u, num_block_rows=10)
    method.subspace_identification()
    found, _ = method.system_identification(rank=STATES)
    return in_states(found.a, found.b, found.c, found.d)


def in_states(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> Simulate:
    """The free run of x+ = A x + B u, y = C x + D u; x(0) by least squares on the first outputs."""

    def run(u: np.ndarray, first: np.ndarray) -> np.ndarray:
        rows, forced, power, x = [], [], np.eye(len(a)), np.zeros(len(a))
        for k in range(len(first)):
            rows.append(c @ power)
            forced.append(c @ x + d @ u[k])
            power, x = a @ power, a @ x + b @ u[k]
        misfit = (first - np.array(forced)).ravel()
        x = np.linalg.lstsq(np.vstack(rows), misfit, rcond=None)[0]
        y = np.zeros((len(u), len(c)))
        for k in range(len(u)):
            y[k] = np.clip(c @ x + d @ u[k], -LIMIT, LIMIT)
            x = np.clip(a @ x + b @ u[k], -LIMIT, LIMIT)
        y[: len(first)] = first
        return y

    return run


def jax_recurrent(train: Records, seed: int) -> Simulate:
    """jax-sysid: nonlinear state space, a linear part beside 8 tanh units, Adam then L-BFGS."""
    import jax
    import jax.numpy as jnp
    from jax_sysid.models import Model

    jax.config.update("jax_enable_x64", True)
    nu, ny, n = train[0][0].shape[1], train[0][1].shape[1], STATES

    @jax.jit
    def state_fcn(x, u, params):
        a, b, w1, b1, w2 = params[:5]
        hidden = jnp.tanh(w1 @ jnp.concatenate([x, u]) + b1)
        return a @ x + b @ u + w2 @ hidden

    @jax.jit
    def output_fcn(x, u, params):
        return params[5] @ x + params[6] @ u

    rng = np.random.default_rng(seed)
    model = Model(n, ny, nu, state_fcn=state_fcn, output_fcn=output_fcn)
    model.init(
        params=[
            0.8 * np.eye(n) + 0.05 * rng.standard_normal((n, n)),
            0.1 * rng.standard_normal((n, nu)),
            0.1 * rng.standard_normal((UNITS, n + nu)),
            np.zeros(UNITS),
            0.1 * rng.standard_normal((n, UNITS)),
            0.1 * rng.standard_normal((ny, n)),
            np.zeros((ny, nu)),
        ]
    )
    model.loss(rho_x0=1e-3, rho_th=1e-4)
    model.optimization(adam_eta=0.01, adam_epochs=1000, lbfgs_epochs=2000, iprint=-1)
    many = len(train) > 1
    answers, sticks = [y for _, y in train], [u for u, _ in train]
    model.fit(answers if many else answers[0], sticks if many else sticks[0])

    def run(u: np.ndarray, first: np.ndarray) -> np.ndarray:
        m = len(first)
        x0 = model.learn_x0(u[:m], first, rho_x0=1e-3, RTS_epochs=10, verbosity=False)
        y, _ = model.predict(x0.reshape(-1), u, 0, 0)
        y = np.array(y).reshape(len(u), ny)
        y[:m] = first
        return np.nan_to_num(y, nan=LIMIT, posinf=LIMIT, neginf=-LIMIT)

    return run


def expert(train: Records, seed: int) -> Simulate:
    """scipy: least_squares on the free run of a tanh network, finite differences, numba simulator.

    The recipe of an expert who writes it by hand: one step ahead first, then the free run.
    """
    from peers_kernel import narx_free_run  # beside this file
    from scipy.optimize import least_squares

    x, target = stacked(train)
    n, ny = x.shape[1], target.shape[1]
    rng = np.random.default_rng(seed)
    shapes = ((UNITS, n), (UNITS,), (ny, UNITS), (ny,))
    sizes = [int(np.prod(shape)) for shape in shapes]

    def unpacked(theta: np.ndarray) -> list[np.ndarray]:
        parts = np.split(theta, np.cumsum(sizes)[:-1])
        return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]

    def one_step(theta: np.ndarray) -> np.ndarray:
        w, b, v, c = unpacked(theta)
        return (np.tanh(x @ w.T + b) @ v.T + c - target).ravel()

    def one_step_slope(theta: np.ndarray) -> np.ndarray:
        w, b, v, _ = unpacked(theta)
        z = np.tanh(x @ w.T + b)
        dz = 1.0 - z * z
        rows = np.zeros((len(x), ny, len(theta)))
        for j in range(ny):
            inner = dz * v[j]
            rows[:, j, : sizes[0]] = (inner[:, :, None] * x[:, None, :]).reshape(len(x), -1)
            rows[:, j, sizes[0] : sizes[0] + UNITS] = inner
            at = sizes[0] + UNITS + j * UNITS
            rows[:, j, at : at + UNITS] = z
            rows[:, j, sum(sizes[:3]) + j] = 1.0
        return rows.reshape(-1, len(theta))

    def free(theta: np.ndarray) -> np.ndarray:
        parts = [narx_free_run(u, y, LAGS, LAGS, *unpacked(theta)) - y for u, y in train]
        return np.clip(np.vstack(parts), -1e3, 1e3).ravel()

    start = rng.standard_normal(sum(sizes)) * np.repeat(
        [0.5 / np.sqrt(n), 0.1, 1.0 / np.sqrt(UNITS), 0.0], sizes
    )
    first = least_squares(one_step, start, one_step_slope, method="trf", max_nfev=100)
    final = least_squares(free, first.x, method="trf", max_nfev=30)
    best = final.x if final.cost < 0.5 * np.sum(free(first.x) ** 2) else first.x
    weights = unpacked(best)

    def run(u: np.ndarray, start_y: np.ndarray) -> np.ndarray:
        y = np.zeros((len(u), ny))
        y[: len(start_y)] = start_y
        return narx_free_run(u, y, len(start_y), LAGS, *weights)

    return run


METHODS: dict[str, Callable[[Records, int], Simulate]] = {
    "arx": arx,
    "mlp": mlp,
    "frols": frols,
    "n4sid": n4sid,
    "jax": jax_recurrent,
    "expert": expert,
}


def scaled(train: Records) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Mean and standard deviation of inputs and outputs over the training records."""
    u, y = np.vstack([u for u, _ in train]), np.vstack([y for _, y in train])
    return u.mean(axis=0), u.std(axis=0), y.mean(axis=0), y.std(axis=0)


def main() -> None:
    """Fit and write."""
    method, source, target, *seeds = sys.argv[1:]
    warnings.simplefilter("ignore")
    with np.load(source) as file:
        data = {name: file[name] for name in file.files}
    train = [(data[f"train_u{k}"], data[f"train_y{k}"]) for k in range(int(data["n_train"]))]
    mu, su, my, sy = scaled(train)
    scaled_train = [((u - mu) / su, (y - my) / sy) for u, y in train]
    out: dict[str, np.ndarray] = {}
    for seed in map(int, seeds):
        began = time.process_time()
        simulate = METHODS[method](scaled_train, seed)
        out[f"cpu_{seed}"] = np.array(time.process_time() - began)
        for k in range(int(data["n_test"])):
            u, y = (data[f"test_u{k}"] - mu) / su, (data[f"test_y{k}"] - my) / sy
            out[f"y_{seed}_{k}"] = simulate(u, y[: int(data["n_start"])]) * sy + my
    np.savez(target, **out)


if __name__ == "__main__":
    main()
