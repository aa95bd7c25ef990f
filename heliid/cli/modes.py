"""``heliid modes``: trim, modes and derivatives of a model."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heliid.cli import console

if TYPE_CHECKING:
    from heliid.physics import Physics
    from heliid.physics.reference import Reference


def run(options: argparse.Namespace) -> int:
    """Linearise and print; the ensemble beside the model gives the intervals."""
    from heliid.export.model_files import load_model

    model = load_model(options.model)
    from heliid.export.study_files import load_members  # heavy: only for a model that is one
    from heliid.physics import study_physics

    references = find_references(options.reference)
    members = load_members(Path(options.model), model)
    physics = study_physics(model, members)
    found = physics.to_dict()
    if options.json:
        beside = {
            one.name: {"source": one.source, "rows": comparison_rows(physics, one)}
            for one in references
        }
        console.write_json(
            {"model": options.model, "members": len(members), **found}
            | ({"references": beside} if beside else {})
        )
        return 0
    console.write(modes_text(found, len(members)))
    for one in references:
        console.write(f"\nBeside {one.name} ({one.source}):\n" + comparison_text(physics, one))
    return 0


def find_references(names: Sequence[str]) -> list[Reference]:
    """Tables of published or the user's own values: a CSV file, or part of a shipped name."""
    from heliid.errors import RecordError
    from heliid.physics import load_reference, shipped_references

    found = []
    for name in names:
        if Path(name).suffix.lower() == ".csv":
            found.append(load_reference(Path(name)))
            continue
        shipped = shipped_references()
        hits = [one for one in shipped if name.lower() in one.name.lower()]
        if not hits:
            have = "; ".join(one.name for one in shipped)
            raise RecordError(
                f"There is no reference '{name[:60]}': give a CSV file with the columns "
                f"name,value,unit, or one of: {have}."
            )
        found += hits
    return found


def comparison_rows(physics: Physics, reference: Reference) -> list[dict[str, Any]]:
    """Identified and reference values side by side, as plain data."""
    from heliid.physics import compare_derivatives, compare_modes

    rows = [
        *compare_modes(physics.modes, physics.intervals, reference),
        *compare_derivatives(physics.derivatives, reference),
    ]
    return [one.to_dict() for one in rows]


def comparison_text(physics: Physics, reference: Reference) -> str:
    """The same as a table."""
    rows = [
        (one["name"], one["value"], one["reference"], one["unit"],
         "-" if one["ratio"] is None else f"{one['ratio']:.2f}", one["remark"])
        for one in comparison_rows(physics, reference)
    ]  # fmt: skip
    if not rows:
        return "nothing in common: the model has no value that this table names.\n"
    return console.table(("value", "model", "reference", "unit", "ratio", "remark"), rows)


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
    text += _by_amplitude(found)
    if found["refusal"]:
        text += f"\n{found['refusal']}\n"
    if not found["trim"]["is_fixed_point"]:
        text += "\nThe model has no trim near its training data: roots are those at their middle.\n"
    return (
        text
        + f"\nFrom the {found['source']}; "
        + (
            f"intervals from {n_members} refits."
            if n_members >= 3
            else "no intervals, since fewer than three refits lie beside the model."
        )
    )


def _by_amplitude(found: dict[str, Any]) -> str:
    """How the roots change with the size of the motion."""
    rows = [
        (f"{one['amplitude']:g}", mode["name"],
         f"{mode['real']:+.4f}" + (f" +- {mode['imag']:.4f}i" if mode["imag"] else ""))
        for one in found["by_amplitude"] for mode in one["modes"]
    ]  # fmt: skip
    if not rows:
        return ""
    power = found["amplitude_power"]
    told = "not at all" if power is None else f"with the size to the power {power:.2f}"
    return (
        "\nRoots of the full model by the size of the motion (1: as flown, 0: the bare slope); "
        f"they change {told}.\n" + console.table(("size", "mode", "root [1/s]"), rows)
    )


def _interval(interval: dict[str, Any] | None) -> str:
    return "-" if interval is None else _range(interval["real"])


def _range(pair: list[float] | None) -> str:
    return "-" if pair is None else f"{pair[0]:.4g} to {pair[1]:.4g}"
