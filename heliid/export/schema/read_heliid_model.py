"""Read and run a HeliID model file with nothing but numpy. Copy this file where you need it.

    model = load("model.json")
    y = free_run(model, u, y_start)     # u (N, n_inputs), y_start (n_start, n_outputs): SI

Values are SI, absolute; pass ``u_trim`` and ``y_trim`` when the model's trim rule is not "none".
Sample k of the result holds at the end of the step over which input row k was held (or of which
it is the mean). The first ``n_start(model)`` rows are given, the others are predicted.
Licence: CC0 1.0 (do with this file what you like).
"""

import json

import numpy as np


def load(path):
    """The model file as a dictionary whose number lists are arrays; checks its self-check."""
    with open(path, encoding="utf-8-sig") as stream:
        model = json.load(stream)
    if model.get("format") != "heliid-model" or model.get("format_version") != 1:
        raise ValueError("not a HeliID model file of format version 1")
    for part in ("scaling", "weights"):
        model[part] = {key: np.array(value, float) for key, value in model[part].items()}
    check = {key: np.array(value, float) for key, value in model["self_check"].items()}
    again = free_run(model, check["inputs"], check["outputs"][: n_start(model)])
    worst = np.max(np.abs(again - check["outputs"]) / model["scaling"]["output_std"])
    if not worst <= 1e-11:
        raise ValueError(f"the self-check differs by {worst:.1e} standard deviations")
    return model


def n_start(model):
    """How many first samples must be given: the largest lag, at least 1."""
    lags = model["structure"]["output_lags"] + model["structure"]["input_lags"]
    return max([1] + [lag for one in lags for lag in one])


def free_run(model, u, y_start, u_trim=0.0, y_trim=0.0):
    """Outputs (N, n_outputs): the model's own past outputs are fed back, never measured ones."""
    scaling, weights, structure = model["scaling"], model["weights"], model["structure"]
    x = (np.asarray(u, float) - u_trim - scaling["input_mean"]) / scaling["input_std"]
    y = np.zeros((len(x), len(structure["output_lags"])))
    start = n_start(model)
    y[:start] = (y_start - np.asarray(y_trim) - scaling["output_mean"]) / scaling["output_std"]
    copies = []
    for index, leak in structure["memory"]:
        copy = x[:, index].copy()
        for k in range(1, len(x)):
            copy[k] = leak * x[k, index] + (1.0 - leak) * copy[k - 1]
        copies.append(copy)
    x = np.column_stack([x, *copies])
    out_taps = [(j, lag) for j, lags in enumerate(structure["output_lags"]) for lag in lags]
    in_taps = [(i, lag) for i, lags in enumerate(structure["input_lags"]) for lag in lags]
    for k in range(start, len(x)):
        phi = np.array(
            [y[k - lag, j] for j, lag in out_taps] + [x[k - lag, i] for i, lag in in_taps]
        )
        y[k] = y[k - 1] + weights["linear"] @ phi + weights["bias"]
        if structure["n_hidden"]:
            z = np.tanh(weights["w_hid"] @ phi + weights["b_hid"])
            y[k] += scaling["increment_std"] * (weights["w_out"] @ z)
    result = y * scaling["output_std"] + scaling["output_mean"] + y_trim
    result[:start] = y_start
    return result
