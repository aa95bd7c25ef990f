"""The verdict and the physics of a report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from heliid.export.page import BAD, GOOD, WARN, Block, Cell, Figure, Heading, Remark, Table, Text
from heliid.export.svg import Curve, Panel, panel_svg
from heliid.physics import Mode, Physics
from heliid.verdict import Light, Question

_LIGHTS = {
    Light.GREEN: Cell("yes", GOOD),
    Light.AMBER: Cell("partly", WARN),
    Light.RED: Cell("no", BAD),
    Light.GREY: Cell("cannot be told"),
}


def verdict_blocks(questions: Sequence[Question]) -> list[Block]:
    """One line per question: a light, and the sentence that its numbers make."""
    if not questions:
        return []
    rows = tuple((one.text, _LIGHTS[one.light], one.sentence) for one in questions)
    columns = ("question", "answer", "because")
    return [Heading("Can it be used, and for what"), Table(columns, rows, wide=columns)]


def physics_blocks(physics: Physics) -> list[Block]:
    """Modes, derivatives and the pole map, with intervals from the ensemble."""
    blocks: list[Block] = [
        Heading("Physics at trim"),
        Text(f"Linearised at trim, from the {physics.source}; 95 % intervals of the ensemble."),
        _modes_table(physics),
    ]  # fmt: skip
    if not physics.linear.trim.is_fixed_point:
        blocks.append(
            Remark("The model has no trim near its training data; these are its roots at their "
                   "middle.", WARN)
        )  # fmt: skip
    if physics.cloud.size:
        blocks.append(Figure(panel_svg(pole_panel(physics))))
    if physics.derivatives:
        rows = tuple(
            (d.name, f"{d.value:.4g}", d.unit, _range(d.interval), d.note)
            for d in physics.derivatives
        )
        header = ("derivative", "value", "unit", "95 % interval", "note")
        wide = ("derivative", "unit", "note")
        blocks.append(Table(header, rows, "Per unit mass or inertia.", wide))
    if physics.refusal:
        blocks.append(Remark(physics.refusal))
    return blocks


def _modes_table(physics: Physics) -> Table:
    rows = []
    for mode, interval in zip(physics.modes, physics.intervals, strict=True):
        between = ["-", "-"]
        if interval is not None:
            between[0] = _range(interval.frequency)
            between[1] = _range(interval.damping) if mode.is_oscillation else "-"
        rows.append(
            (mode.name, _root(mode), f"{mode.frequency:.4g}", between[0], f"{mode.damping:.3f}",
             between[1], _time(mode))
        )  # fmt: skip
    return Table(
        ("mode", "root [1/s]", "frequency [rad/s]", "95 %", "damping", "95 % ", "time"),
        tuple(rows),
        wide=("mode",),
    )


def _root(mode: Mode) -> str:
    return f"{mode.real:+.4f}" + (f" ± {mode.imag:.4f}i" if mode.is_oscillation else "")


def _time(mode: Mode) -> str:
    if mode.time_to_half is not None:
        return f"{mode.time_to_half:.3g} s to half"
    return "-" if mode.time_to_double is None else f"{mode.time_to_double:.3g} s to double"


def _range(pair: tuple[float, float] | None) -> str:
    return (
        "-" if pair is None or not np.all(np.isfinite(pair)) else f"{pair[0]:.4g} to {pair[1]:.4g}"
    )


def pole_panel(physics: Physics) -> Panel:
    """Roots of the model and of every member of the ensemble."""
    own = np.array([(m.real, s * m.imag) for m in physics.modes for s in (1.0, -1.0)])
    return Panel(
        title="Pole map",
        x_label="real [1/s]",
        y_label="imag [rad/s]",
        curves=(
            Curve(physics.cloud[:, 0], physics.cloud[:, 1], "candidate", "ensemble members"),
            Curve(own[:, 0], own[:, 1], "pole", "model"),
            Curve(np.zeros(2), _reach(physics.cloud[:, 1]), "bound", "stability limit"),
        ),
        height=280,
    )


def _reach(values: np.ndarray) -> np.ndarray:
    largest = max(float(np.abs(values).max(initial=0.0)), 0.1)
    return np.array([-largest, largest])
