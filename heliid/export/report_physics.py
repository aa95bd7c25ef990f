"""The verdict and the physics of a report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from heliid.data.record import Channel
from heliid.export.page import BAD, GOOD, WARN, Block, Cell, Figure, Heading, Remark, Table, Text
from heliid.export.svg import Curve, Panel, panel_svg
from heliid.model.network import NarxModel
from heliid.physics import Mode, Physics
from heliid.physics.responses import KINDS, TestResponse, respond
from heliid.units import unit_or_free
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
        Text(f"Linearised at trim for small motions, from the {physics.source}; 95 % intervals "
             "from refits that each leave out a training record, else from the ensemble."),
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
    if physics.by_amplitude:
        blocks.append(_amplitude_table(physics))
    return blocks


def _amplitude_table(physics: Physics) -> Table:
    rows = tuple(
        (f"{one.amplitude:g}", mode.name, _root(mode), f"{mode.frequency:.4g}")
        for one in physics.by_amplitude for mode in one.modes
    )  # fmt: skip
    return Table(
        ("size", "mode", "root [1/s]", "frequency [rad/s]"), rows,
        "Roots of the full model by the size of the motion: 1 is as large as flown, 0 the bare "
        "slope at the trim, which a smooth network is least sure of.", ("mode",),
    )  # fmt: skip


def response_blocks(model: NarxModel, physics: Physics) -> list[Block]:
    """Step, doublet and 3-2-1-1 on every input, from trim: the model and its linearisation."""
    blocks: list[Block] = [
        Heading("Responses to test inputs", 3),
        Text("From trim, one training standard deviation high, without a pilot; model and "
             "linearisation."),
    ]  # fmt: skip
    for channel in model.inputs:
        for kind in KINDS:
            found = respond(model, channel.name, kind, linear=physics.linear)
            blocks += [
                Figure(panel_svg(_response_panel(found, j, output)))
                for j, output in enumerate(model.outputs)
            ]
    return blocks


def _response_panel(found: TestResponse, j: int, output: Channel) -> Panel:
    unit = unit_or_free(output.unit)
    factor = unit.factor if unit.si == output.si else 1.0
    curves = (
        Curve(found.time, found.model[:, j] / factor, "model", "model"),
        Curve(found.time, found.linear[:, j] / factor, "linear", "linearised"),
    )
    title = f"{found.kind} of {found.input}: {output.name}"
    if found.diverged_at is not None:
        title += f" (diverges at {found.diverged_at:.1f} s)"
    return Panel(title, "", f"[{output.unit}]", curves, height=96)


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
            Curve(physics.cloud[:, 0], physics.cloud[:, 1], "candidate", "refits"),
            Curve(own[:, 0], own[:, 1], "pole", "model"),
            Curve(np.zeros(2), _reach(physics.cloud[:, 1]), "bound", "stability limit"),
        ),
        height=280,
    )


def _reach(values: np.ndarray) -> np.ndarray:
    largest = max(float(np.abs(values).max(initial=0.0)), 0.1)
    return np.array([-largest, largest])
