"""The present set-up as a Python script against the public interface; no Qt."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from pprint import pformat
from typing import Any

from heliid.data.campaign import Use
from heliid.errors import HeliIDError
from heliid.project import ProjectRecord
from heliid.study import StudyConfig
from heliid_gui.presenters import setup as setups
from heliid_gui.presenters.setup import Setup


def script(setup: Setup, project: Path | None = None, *, profiles: Path | None = None) -> str:
    """Code that gives the same model, bit for bit, as Start does now.

    Records come from their files; from the saved project where a file is not there any more.

    Raises
    ------
    ValueError
        The set-up cannot be studied, or a record is in no file; one sentence.
    """
    problem = setups.problem(setup)
    if problem:
        raise ValueError(problem)
    used = [i for i in setup.records if any(p[2] is not Use.EXCLUDE for p in setups.pieces(i))]
    body: list[str] = []
    needs: set[str] = set()
    for number, item in enumerate(used, 1):
        body += _record(f"record_{number}", item, project, profiles, needs)
    body += ["", *_campaign(setup, used), "", *_config(setup.config)]
    return "\n".join([*_head(needs), *body, *_TAIL])


_TAIL = (
    "",
    'if __name__ == "__main__":  # the workers are processes that import this file',
    "    result = heliid.identify(campaign, config)",
    '    print(f"{result.reason}: cost {result.cost:.6g}, linear {result.linear_cost:.6g}")',
    '    heliid.save_model(result.model, "model.json")',
    "",
)


def _head(needs: set[str]) -> list[str]:
    lines = ['"""Made by HeliID: gives the same model as the window."""', "", "import heliid"]
    known = {
        "steps": "from heliid.data import conditioning",
        "dialect": "from heliid.data.tabletext import Dialect",
        "name": "from dataclasses import replace",
        "project": "from heliid.project import load_project",
    }
    return [*lines, *sorted(known[name] for name in needs), ""]


def _record(
    name: str, item: ProjectRecord, project: Path | None, profiles: Path | None, needs: set[str]
) -> list[str]:
    """Lines that make the conditioned record under ``name``."""
    source = Path(item.record.source.path) if item.record.source.path else None
    if source is not None and source.is_file() and _reads_the_same(item, source, None):
        lines = [f"{name} = heliid.read_csv({str(source)!r}, name={item.record.name!r})"]
    elif (
        source is not None and source.is_file() and (dialect := _remembered(item, source, profiles))
    ):
        needs.add("dialect")
        lines = _dialect_lines(name, item, source, dialect)
    elif project is not None and project.is_file():
        needs.add("project")
        lines = [
            f"{name} = next(",
            f"    one.record for one in load_project({str(project)!r}).records",
            f"    if one.key == {item.key!r}",
            ")",
        ]
    else:
        raise ValueError(
            f"The record {item.record.name} cannot be read from a file as it is: save the "
            f"project first, then the script takes it from there."
        )
    steps = [step for step in item.steps if not step.get("off")]
    if steps:
        needs.add("steps")
        plain = pformat(steps, width=92, sort_dicts=False).splitlines()
        lines += [
            f"{name} = conditioning.apply(",
            f"    {name},",
            f"    map(conditioning.step_from_dict, {plain[0]}",
            *(f"    {text}" for text in plain[1:]),
            "    ),",
            ")",
        ]
    return lines


def _dialect_lines(name: str, item: ProjectRecord, source: Path, dialect: Any) -> list[str]:
    from heliid.data.tabletext import Dialect

    changed = {
        one.name: getattr(dialect, one.name)
        for one in fields(Dialect)
        if getattr(dialect, one.name) != one.default
    }
    body = [f"    {key}={value!r}," for key, value in changed.items()]
    return [
        f"{name}_table = Dialect(",
        *body,
        ")",
        f"from heliid.data.csvfile import read_csv as read_{name}",
        f"{name} = read_{name}(",
        f"    {str(source)!r}, name={item.record.name!r}, dialect={name}_table",
        ")",
    ]


def _remembered(item: ProjectRecord, source: Path, profiles: Path | None) -> Any:
    """The dialect the user chose for such files, when it gives the very same samples."""
    from heliid_gui.presenters import importing

    made = importing.begin(source, profiles)
    if not made.has_profile or any(sign < 0 for sign in made.signs.values()):
        return None
    dialect = made.final()
    return dialect if _reads_the_same(item, source, dialect) else None


def _reads_the_same(item: ProjectRecord, source: Path, dialect: Any) -> bool:
    """True when the file gives the very record of the project."""
    import numpy as np

    from heliid.data.csvfile import read_csv

    try:
        found = read_csv(source, dialect=dialect)
    except HeliIDError:
        return False
    record = item.record
    return (
        found.channels == record.channels
        and np.array_equal(found.time, record.time)
        and np.array_equal(found.values, record.values)
    )


def _campaign(setup: Setup, used: list[ProjectRecord]) -> list[str]:
    parts: dict[Use, list[str]] = {Use.TRAIN: [], Use.VALIDATE: [], Use.TEST: []}
    names = {use: iter(setups.used_records(setup, use)) for use in parts}
    for number, item in enumerate(used, 1):
        record, pieces = setups.conditioned(item), setups.pieces(item)
        for start, end, use in pieces:
            if use is Use.EXCLUDE:
                continue
            code, title = f"record_{number}", next(names[use]).name
            if len(pieces) > 1:  # as setups.used_records cuts them
                to = end + record.dt / 2 if end >= record.time[-1] else end
                code += f".between({start!r}, {to!r}, {title!r})"
            parts[use].append(code)
    lines = ["campaign = heliid.make_campaign("]
    lines += [f"    {json.dumps(list(chosen))}," for chosen in (setup.inputs, setup.outputs)]
    for use, codes in parts.items():
        if codes:
            lines += [f"    {use.value}=[", *(f"        {code}," for code in codes), "    ],"]
    return [*lines, ")"]


def _config(config: StudyConfig) -> list[str]:
    lines = ["config = heliid.StudyConfig("]
    for one in fields(config):
        value = getattr(config, one.name)
        if one.name == "box":
            inner = ", ".join(f"{k}={v!r}" for k, v in value.to_dict().items())
            lines.append(f"    box=heliid.OrderBox({inner}),")
        else:
            lines.append(f"    {one.name}={value!r},")
    return [*lines, ")"]
