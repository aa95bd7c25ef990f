"""Scales and biases of ternary terms fitted once more to the training records, signs held."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize

from heliid.data.record import FlightRecord
from heliid.errors import ExportError
from heliid.export.fixed_point import _inputs_first, quantise
from heliid.export.grouped import GroupedModel, Term
from heliid.model.simulate import prepare_for
from heliid.training.curvature import SegmentObjective
from heliid.training.dataset import make_dataset
from heliid.training.levenberg import Problem
from heliid.training.parameters import Prior

HORIZONS_S = (0.5, 2.0, 6.0)
ITERATIONS = 60
REFUSED = 1e6  # a cost that L-BFGS turns away from, in place of infinity

Key = tuple[str, int, int, float]


def refit(grouped: GroupedModel, records: Sequence[FlightRecord]) -> GroupedModel:
    """The same signs with scales and biases that fit ``records`` better at the highest level.

    Signals are not rounded here: the fit makes up for the weights' error, not for the activations'.
    Where the coarse model diverges on every horizon, it is returned as it was.

    Raises
    ------
    ExportError
        There are no records.
    """
    if not records:
        raise ExportError("A refit after quantisation needs the training records: give some.")
    model = grouped.portable.model
    data = make_dataset(
        [prepare_for(model, one) for one in records], model.scaling, model.structure.memory
    )
    size = model.structure.n_parameters
    nothing = Prior(np.zeros((size, size)), np.zeros(size), 0.0)
    problem = Problem(model.structure, data, nothing, single=False)
    present = grouped
    for horizon_s in HORIZONS_S:
        segments = data.segments(model.structure.n_start, max(1, round(horizon_s / data.dt)))
        present = _descend(present, SegmentObjective(problem, segments))
    return present


@dataclass(frozen=True, eq=False)
class _Knobs:
    """What is fitted: one factor on each scale, and the biases."""

    grouped: GroupedModel
    keys: tuple[Key, ...]

    @property
    def start(self) -> np.ndarray:
        weights = self.grouped.portable.model.weights
        return np.concatenate([np.ones(len(self.keys)), weights.bias, weights.b_hid])

    def turned(self, x: np.ndarray) -> GroupedModel:
        """The model with these factors and biases."""
        grouped, n = self.grouped, len(self.keys)
        factor = dict(zip(self.keys, x[:n].tolist(), strict=True))
        terms = tuple(replace(t, scale=t.scale * factor[key_of(t)]) for t in grouped.terms)
        signed = tuple(
            t if t.scale >= 0 else replace(t, scale=-t.scale, signs=-t.signs) for t in terms
        )
        model = grouped.portable.model
        n_y = model.structure.n_outputs
        weights = replace(model.weights, bias=x[n : n + n_y], b_hid=x[n + n_y :])
        portable = replace(grouped.portable, model=replace(model, weights=weights))
        return replace(grouped, portable=portable, terms=signed)

    def slope(self, parts: tuple[np.ndarray, ...]) -> np.ndarray:
        """The gradient by the knobs from that by plain weights."""
        linear, bias, w_out, w_hid, b_hid = parts
        order = _inputs_first(self.grouped.portable)
        increments = self.grouped.portable.model.scaling.increment_std[:, None]
        by_kind = {"linear": linear[:, order], "hidden": w_hid[:, order], "out": w_out / increments}
        total = dict.fromkeys(self.keys, 0.0)
        for term in self.grouped.terms:
            part = by_kind[term.kind][term.row, term.first : term.first + term.signs.size]
            total[key_of(term)] += term.scale * float((part * term.signs).sum())
        return np.concatenate([np.array([total[key] for key in self.keys]), bias, b_hid])


def key_of(term: Term) -> Key:
    """What terms that share a scale have in common."""
    return (term.kind, term.level, term.first, term.scale)


def _descend(grouped: GroupedModel, objective: SegmentObjective) -> GroupedModel:
    knobs = _Knobs(grouped, tuple(sorted({key_of(term) for term in grouped.terms})))
    step = objective.problem.dataset.increment_std
    layout = objective.problem.layout

    def cost(x: np.ndarray) -> tuple[float, np.ndarray]:
        theta = layout.join(knobs.turned(x).real(grouped.top).weights, step)
        value = objective.move_to(theta)
        if not math.isfinite(value):
            return REFUSED, np.zeros_like(x)
        return value, knobs.slope(objective.plain_gradient())

    if cost(knobs.start)[0] >= REFUSED:
        return grouped
    found = minimize(
        cost, knobs.start, jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS}
    )
    better = knobs.turned(found.x)
    scaled = tuple(term for term in better.terms if term.scale > 0.0)
    better = replace(better, terms=scaled)
    return replace(better, fixed=quantise(better.portable, "int16"))
