"""``heliid modes``: trim, modes and derivatives of a model."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from heliid.cli import console


def run(options: argparse.Namespace) -> int:
    """Linearise and print; the ensemble beside the model gives the intervals."""
    from heliid.export.model_files import load_model

    model = load_model(options.model)
    from heliid.export.study_files import load_members  # heavy: only for a model that is one
    from heliid.physics import modes

    members = load_members(Path(options.model), model)
    found = modes(model, members)
    if options.json:
        console.write_json({"model": options.model, "members": len(members), **found})
        return 0
    console.write(modes_text(found, len(members)))
    return 0


def modes_text(found: dict[str, Any], n_members: int) -> str:
    """Modes and derivatives as tables."""
    rows = []
    for line in found["eigenvalues"]:
        if line["imag"] < 0.0:
            continue
        half = line.get("time_to_half") or line.get("time_to_double")
        word = "half" if line.get("time_to_half") else "double"
        root = f"{line['real']:+.4f}" + (f" +- {line['imag']:.4f}i" if line["imag"] else "")
        rows.append(
            (line["name"], root, line["frequency"], line["damping"],
             f"{console.number(half)} s to {word}" if half else "-", _interval(line["interval"]))
        )  # fmt: skip
    header = ("mode", "root [1/s]", "frequency [rad/s]", "damping", "time", "95 % interval, real")
    text = console.table(header, rows)
    derivatives = [
        (name, one["value"], one["unit"], _range(one["interval"]), one["note"])
        for name, one in found["derivatives"].items()
    ]
    if derivatives:
        columns = ("derivative", "value", "unit", "95 % interval", "note")
        text += "\n" + console.table(columns, derivatives)
    if found["refusal"]:
        text += f"\n{found['refusal']}\n"
    if not found["trim"]["is_fixed_point"]:
        text += "\nThe model has no trim near its training data: roots are those at their middle.\n"
    return (
        text
        + f"\nFrom the {found['source']}; "
        + (
            f"intervals from {n_members} ensemble members."
            if n_members >= 3
            else "no intervals, since fewer than three ensemble members lie beside the model."
        )
    )


def _interval(interval: dict[str, Any] | None) -> str:
    return "-" if interval is None else _range(interval["real"])


def _range(pair: list[float] | None) -> str:
    return "-" if pair is None else f"{pair[0]:.4g} to {pair[1]:.4g}"
