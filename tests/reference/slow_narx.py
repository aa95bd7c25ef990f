"""The slow, obvious simulation of a two-tier NARX model: one sample at a time, numpy only."""

from __future__ import annotations

import numpy as np


def slow_run(model, u, y, starts, limit):
    """Scaled outputs (N, ny) of free runs from each start to the next, and the first bad sample.

    u (N, nu with leaky copies), y (N, ny): scaled. The first diverged sample is -1 when there is
    none; from there to the next start the last good value is held.
    """
    out_taps, in_taps = model.structure.taps()
    weights, step = model.weights, model.scaling.increment_std
    y_sim, first_bad = y.copy(), -1
    for start, end in zip(starts, [*starts[1:], len(y)], strict=True):
        fed_back = y[:end].copy()
        for k in range(start, end):
            phi = np.array(
                [fed_back[k - lag, j] for j, lag in out_taps]
                + [u[k - lag, i] for i, lag in in_taps]
            )
            z = np.tanh(weights.w_hid @ phi + weights.b_hid)
            new = fed_back[k - 1] + step * (weights.w_out @ z) + weights.linear @ phi + weights.bias
            if not np.all(np.abs(new) <= limit):
                first_bad = k if first_bad < 0 else first_bad
                fed_back[k:end] = fed_back[k - 1]
                break
            fed_back[k] = new
        y_sim[start:end] = fed_back[start:end]
    return y_sim, first_bad
