"""The 27 nonlinear regression problems of NIST StRD: files, models, exact derivatives, digits."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "data"
Model = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _gauss(b, x):
    return (
        b[0] * np.exp(-b[1] * x)
        + b[2] * np.exp(-((x - b[3]) ** 2) / b[4] ** 2)
        + b[5] * np.exp(-((x - b[6]) ** 2) / b[7] ** 2)
    )


def _lanczos(b, x):
    return b[0] * np.exp(-b[1] * x) + b[2] * np.exp(-b[3] * x) + b[4] * np.exp(-b[5] * x)


def _cubic_ratio(b, x):
    top = b[0] + b[1] * x + b[2] * x**2 + b[3] * x**3
    return top / (1 + b[4] * x + b[5] * x**2 + b[6] * x**3)


def _enso(b, x):
    angle = 2 * math.pi * x
    return (
        b[0] + b[1] * np.cos(angle / 12) + b[2] * np.sin(angle / 12)
        + b[4] * np.cos(angle / b[3]) + b[5] * np.sin(angle / b[3])
        + b[7] * np.cos(angle / b[6]) + b[8] * np.sin(angle / b[6])
    )  # fmt: skip


def _chwirut(b, x):
    return np.exp(-b[0] * x) / (b[1] + b[2] * x)


MODELS: dict[str, Model] = {
    "Bennett5": lambda b, x: b[0] * (b[1] + x) ** (-1 / b[2]),
    "BoxBOD": lambda b, x: b[0] * (1 - np.exp(-b[1] * x)),
    "Chwirut1": _chwirut,
    "Chwirut2": _chwirut,
    "DanWood": lambda b, x: b[0] * x ** b[1],
    "ENSO": _enso,
    "Eckerle4": lambda b, x: b[0] / b[1] * np.exp(-0.5 * ((x - b[2]) / b[1]) ** 2),
    "Gauss1": _gauss,
    "Gauss2": _gauss,
    "Gauss3": _gauss,
    "Hahn1": _cubic_ratio,
    "Kirby2": lambda b, x: (b[0] + b[1] * x + b[2] * x**2) / (1 + b[3] * x + b[4] * x**2),
    "Lanczos1": _lanczos,
    "Lanczos2": _lanczos,
    "Lanczos3": _lanczos,
    "MGH09": lambda b, x: b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3]),
    "MGH10": lambda b, x: b[0] * np.exp(b[1] / (x + b[2])),
    "MGH17": lambda b, x: b[0] + b[1] * np.exp(-x * b[3]) + b[2] * np.exp(-x * b[4]),
    "Misra1a": lambda b, x: b[0] * (1 - np.exp(-b[1] * x)),
    "Misra1b": lambda b, x: b[0] * (1 - (1 + b[1] * x / 2) ** -2),
    "Misra1c": lambda b, x: b[0] * (1 - (1 + 2 * b[1] * x) ** -0.5),
    "Misra1d": lambda b, x: b[0] * b[1] * x / (1 + b[1] * x),
    "Nelson": lambda b, x: b[0] - b[1] * x[0] * np.exp(-b[2] * x[1]),
    "Rat42": lambda b, x: b[0] / (1 + np.exp(b[1] - b[2] * x)),
    "Rat43": lambda b, x: b[0] / (1 + np.exp(b[1] - b[2] * x)) ** (1 / b[3]),
    "Roszman1": lambda b, x: b[0] - b[1] * x - np.arctan(b[2] / (x - b[3])) / math.pi,
    "Thurber": _cubic_ratio,
}


@dataclass(frozen=True, eq=False)
class NistProblem:
    """One problem: data (x is (n,) or (2, n)), two starts, certified parameters."""

    name: str
    x: np.ndarray
    y: np.ndarray
    starts: np.ndarray  # (2, p)
    certified: np.ndarray  # (p,)
    model: Model

    def residual(self, b: np.ndarray) -> np.ndarray:
        """(n,) data minus model; overflow is inf, never a warning."""
        with np.errstate(all="ignore"):
            return self.y - self.model(b, self.x)

    def jacobian(self, b: np.ndarray) -> np.ndarray:
        """(n, p) exact derivatives of the residual, by a complex step."""
        columns = []
        with np.errstate(all="ignore"):
            for j in range(b.size):
                shifted = b.astype(complex)
                shifted[j] += 1e-200j
                columns.append(-self.model(shifted, self.x).imag / 1e-200)
        return np.stack(columns, axis=1)

    def digits(self, b: np.ndarray) -> float:
        """Agreement of the worst parameter, -log10 of its relative error, 0 to 11."""
        if not np.all(np.isfinite(b)):
            return 0.0
        error = np.abs(b - self.certified) / np.abs(self.certified)
        return float(np.clip(-np.log10(np.maximum(error, 1e-30)), 0, 11).min())


def load(name: str) -> NistProblem:
    """Read one file."""
    lines = (FOLDER / f"{name}.dat").read_text().splitlines()
    rows = [line.split("=")[1].split() for line in lines if line.strip()[:1] == "b" and "=" in line]
    table = np.array([[float(cell) for cell in row[:3]] for row in rows if len(row) >= 4])
    first = 1 + max(i for i, line in enumerate(lines) if line.startswith("Data:"))
    data = np.array([[float(cell) for cell in line.split()] for line in lines[first:] if line])
    x = data[:, 1] if data.shape[1] == 2 else data[:, 1:].T
    y = np.log(data[:, 0]) if name == "Nelson" else data[:, 0]
    return NistProblem(name, x, y, table[:, :2].T, table[:, 2], MODELS[name])
