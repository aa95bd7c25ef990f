"""The pictures of a report: inputs, free runs with residuals, error growth, frequency responses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from heliid.data.record import Channel
from heliid.export.page import Block, Figure, Heading, Text
from heliid.export.svg import Band, Curve, Panel, panel_svg, spans_of
from heliid.units import unit_or_free
from heliid.validation import RecordJudgement, ValidationReport
from heliid.validation.residuals import ResidualTest

INPUT_HEIGHT, HISTORY_HEIGHT, RESIDUAL_HEIGHT = 96, 170, 116
KINDS = ("model", "other", "third", "linear")


def frequency_panels(report: ValidationReport) -> list[Panel]:
    """Gain and phase of flight and model for every pair that has a J."""
    panels = []
    for p in report.frequency.pairs:
        if not np.isfinite(p.j):
            continue
        limits = (float(p.omega_used[0]), float(p.omega_used[-1]))
        kept = (p.omega >= limits[0] * 0.999) & (p.omega <= limits[1] * 1.001)
        good = np.where(p.coherence[kept] >= report.thresholds["coherence"], 1.0, np.nan)
        omega = p.omega[kept]
        gain = (
            Curve(omega, p.flight_db[kept] * good, "measured", "flight"),
            Curve(omega, p.model_db[kept] * good, "model", "model"),
        )
        phase = (
            Curve(omega, p.flight_deg[kept] * good, "measured"),
            Curve(omega, p.model_deg[kept] * good, "model"),
        )
        title = f"{p.input} to {p.output}"
        panels += [
            Panel(title, "", "gain [dB]", gain, log_x=True, x_range=limits, height=130),
            Panel("phase", "frequency [rad/s]", "[deg]", phase, log_x=True, x_range=limits,
                  height=130),
        ]  # fmt: skip
    return panels


def history_blocks(
    report: ValidationReport, inputs: Sequence[Channel], n_bins: int, n_drawn: int
) -> list[Block]:
    """Inputs, then measured, model and linear and the residual below, per record and output.

    At most ``n_drawn`` records are drawn; the text says how many are not.
    """
    blocks: list[Block] = []
    linear = {r.record: r for r in report.linear.records} if report.linear else {}
    if len(report.records) > n_drawn:
        left = len(report.records) - n_drawn
        blocks.append(Text(f"The first {n_drawn} records are drawn, {left} more are not."))
    for r in report.records[:n_drawn]:
        blocks.append(Heading(r.record, 3))
        blocks += [Figure(panel_svg(one, n_bins=n_bins)) for one in input_panels(r, inputs)]
        for j in range(len(r.outputs)):
            upper, lower = history_panels(r, linear.get(r.record), j)
            blocks += [
                Figure(panel_svg(upper, n_bins=n_bins)),
                Figure(panel_svg(lower, n_bins=n_bins)),
            ]
        if r.growth.horizon.size:
            blocks.append(Figure(panel_svg(growth_panel(r), n_bins=n_bins)))
    return blocks


def history_panels(
    r: RecordJudgement, linear: RecordJudgement | None, j: int
) -> tuple[Panel, Panel]:
    """The panel of one output in its file unit, and that of its residual (measured - model)."""
    unit = unit_or_free(r.units[j])
    label = f"{r.outputs[j]} [{r.units[j]}]"
    measured, model = unit.from_si(r.measured[:, j]), unit.from_si(r.simulated[:, j])
    curves = [Curve(r.time, measured, "measured", "measured")]
    if linear is not None:
        curves.append(Curve(linear.time, unit.from_si(linear.simulated[:, j]), "linear", "linear"))
    curves.append(Curve(r.time, model, "model", "model"))
    bands = tuple(
        Band(
            one.time, unit.from_si(one.low), unit.from_si(one.high),
            "inside" if one.passed else "outside",
        )
        for case in r.cases for one in case.bands
        if one.output == r.outputs[j] and one.time.size
    )  # fmt: skip
    common: dict[str, Any] = {
        "spans": spans_of(r.time, r.envelope.outside),
        "x_range": (float(r.time[0]), float(r.time[-1])),
    }
    upper = Panel(
        title=f"{r.outputs[j]}: free run",
        x_label="",
        y_label=label,
        curves=tuple(curves),
        bands=bands,
        span_label="outside training envelope",
        limit_to="measured",
        height=HISTORY_HEIGHT,
        **common,
    )
    lower = Panel(
        title="residual, measured - model",
        x_label="time [s]",
        y_label=f"[{r.units[j]}]",
        curves=(Curve(r.time, measured - model, "residual"),),
        levels=((0.0, ""),),
        height=RESIDUAL_HEIGHT,
        **common,
    )
    return upper, lower


def input_panels(r: RecordJudgement, inputs: Sequence[Channel]) -> list[Panel]:
    """What was flown: each input as the model saw it, in its file unit."""
    return [
        Panel(
            title=f"{channel.name}: input",
            x_label="",
            y_label=f"[{channel.unit}]",
            curves=(
                Curve(
                    r.time,
                    unit_or_free(channel.unit).from_si(r.u[:, i]),
                    "measured",
                    is_step=True,
                ),
            ),
            x_range=(float(r.time[0]), float(r.time[-1])),
            height=INPUT_HEIGHT,
        )
        for i, channel in enumerate(inputs)
    ]


def residual_panels(test: ResidualTest) -> list[Panel]:
    """Histogram and spectrum of the one-step residuals of one output of one record."""
    if test.std <= 0.0 or test.frequency.size < 3:
        return []
    edges = (test.bin_edges - test.mean) / test.std
    share = test.bin_counts / max(test.bin_counts.sum(), 1.0) / np.diff(edges)
    at = np.linspace(edges[0], edges[-1], 121)
    normal = np.exp(-0.5 * at * at) / np.sqrt(2.0 * np.pi)
    white = test.std**2 / float(test.frequency[-1])
    level = 10.0 * np.log10(np.maximum(test.density[1:] / white, 1e-6))
    return [
        Panel(
            f"{test.output}: histogram of the residuals (kurtosis {test.kurtosis:.1f}, normal 3)",
            "standard deviations", "density",
            (
                Curve(np.repeat(edges, 2)[1:-1], np.repeat(share, 2), "residual", "residual"),
                Curve(at, normal, "bound", "normal"),
            ),
            height=130,
        ),
        Panel(
            f"{test.output}: spectrum of the residuals", "frequency [Hz]", "dB of white",
            (Curve(test.frequency[1:], level, "residual"),), levels=((0.0, "white"),), height=130,
        ),
    ]  # fmt: skip


def growth_panel(r: RecordJudgement) -> Panel:
    """Error over the time since a restart from data."""
    curves = tuple(
        Curve(r.growth.horizon, r.growth.nrmse[:, j], KINDS[j % len(KINDS)], name)
        for j, name in enumerate(r.outputs)
    )
    return Panel(
        title=f"error growth after a restart from data ({r.growth.n_restarts} restarts)",
        x_label="time since restart [s]",
        y_label="rms error / std",
        curves=curves,
        height=150,
    )
