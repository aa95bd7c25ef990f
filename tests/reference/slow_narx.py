"""The NARX run, its sensitivities and its adjoint gradient, as one would write them on paper."""

from __future__ import annotations

import math

import numpy as np


def regressor(structure, u, y_star, k):
    """phi(k) from inputs and the fed-back outputs."""
    out_taps, in_taps = structure.taps()
    past = [y_star[k - lag, j] for j, lag in out_taps]
    return np.array(past + [u[k - lag, i] for i, lag in in_taps])


def step_of(structure, weights, scale, u, y_star, k):
    """One prediction yhat(k), with the hidden outputs and the regressor."""
    phi = regressor(structure, u, y_star, k)
    z = np.array([math.tanh(a) for a in weights.w_hid @ phi + weights.b_hid])
    y = y_star[k - 1] + scale * (weights.w_out @ z) + weights.linear @ phi + weights.bias
    return y, z, phi


def run(structure, weights, scale, u, y, segments, limit=50.0):
    """The simulated outputs, (N, ny), and samples survived per segment."""
    y_sim = np.full(y.shape, np.nan)
    alive = []
    for first, length in segments:
        y_star = y.copy()
        survived = int(length)
        for k in range(first, first + length):
            new, _, _ = step_of(structure, weights, scale, u, y_star, k)
            if survived < length or not np.all(np.abs(new) <= limit):
                survived = min(survived, k - first)
                new = y_star[k - 1]
            y_star[k] = new
            y_sim[k] = new
        alive.append(survived)
    return y_sim, np.array(alive)


def adjoint_gradient(structure, weights, scale, u, y, segments):
    """Half the gradient of the sum of squared errors, by one backward sweep per segment."""
    out_taps, _ = structure.taps()
    total = {
        "linear": np.zeros_like(weights.linear),
        "bias": np.zeros_like(weights.bias),
        "w_out": np.zeros_like(weights.w_out),
        "w_hid": np.zeros_like(weights.w_hid),
        "b_hid": np.zeros_like(weights.b_hid),
    }
    for first, length in segments:
        y_star = y.copy()
        tape = []
        for k in range(first, first + length):
            new, z, phi = step_of(structure, weights, scale, u, y_star, k)
            y_star[k] = new
            tape.append((z, phi))
        adjoint = np.zeros_like(y)
        for k in range(first + length - 1, first - 1, -1):
            z, phi = tape[k - first]
            lam = adjoint[k] + (y_star[k] - y[k])
            back = (weights.w_out.T @ (scale * lam)) * (1 - z * z)
            total["linear"] += np.outer(lam, phi)
            total["bias"] += lam
            total["w_out"] += np.outer(scale * lam, z)
            total["w_hid"] += np.outer(back, phi)
            total["b_hid"] += back
            to_phi = weights.linear.T @ lam + weights.w_hid.T @ back
            if k - 1 >= first:
                adjoint[k - 1] += lam
            for t, (j, lag) in enumerate(out_taps):
                if k - lag >= first:
                    adjoint[k - lag, j] += to_phi[t]
    order = ("linear", "bias", "w_out", "w_hid", "b_hid")
    return np.concatenate([total[name].ravel() for name in order])
