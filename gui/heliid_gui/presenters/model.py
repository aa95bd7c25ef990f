"""What the Model view shows: channels to choose, the block diagram, the settings; no Qt."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from heliid.channels import find_kind
from heliid.errors import HeliIDError
from heliid.model.structure import Structure
from heliid.search.encoding import Encoding
from heliid.study import OrderBox, StudyConfig
from heliid_gui.presenters import formatting as fmt
from heliid_gui.presenters import setup as setups
from heliid_gui.presenters.setup import Setup

_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
LOOK = 8192  # samples compared at a time


@dataclass(frozen=True, slots=True)
class ChannelChoice:
    """One line of the channel table."""

    name: str
    quantity: str
    unit: str
    role: str  # input, output, ignored
    why_not: str  # why it cannot be chosen; empty when it can


@dataclass(frozen=True, slots=True)
class Diagram:
    """What the block diagram says."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    tier1: tuple[tuple[str, str], ...]  # what, how many
    tier2: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    feedback: str
    sentence: str


def choices(setup: Setup) -> tuple[ChannelChoice, ...]:
    """Every channel that all used records share."""
    result = []
    for name in setups.common_channels(setup):
        channel = setups.conditioned(setup.records[0]).channel(name)
        kind = find_kind(name)
        constant = all(
            _is_constant(record.column(name))
            for record in map(setups.conditioned, setup.records)
            if name in record.names
        )
        role = "input" if name in setup.inputs else "output" if name in setup.outputs else "ignored"
        result.append(
            ChannelChoice(
                name,
                kind.quantity if kind else "",
                fmt.shown_unit(channel).symbol,
                role,
                "This channel never changes, so nothing can be learnt from it." if constant else "",
            )
        )
    return tuple(result)


def _is_constant(values: np.ndarray) -> bool:
    """True when every sample (N,) is the same; looks no further than the first that is not."""
    for first in range(0, len(values), LOOK):
        if np.any(values[first : first + LOOK] != values[0]):
            return False
    return True


def diagram(setup: Setup) -> Diagram:
    """The two tiers in words and numbers, for the box of orders."""
    box, ni, no = setup.config.box, len(setup.inputs), len(setup.outputs)
    span = 1 + (box.nb_max - 1) * box.spacing_max + box.nk_max
    low, high = parameter_range(box, ni, no)
    tier1 = (
        ("outputs", f"1{fmt.DASH}{box.na_max}"),
        ("inputs", f"0{fmt.DASH}{box.nb_max}"),
        ("spacing", f"1{fmt.DASH}{box.spacing_max}"),
        ("delay", f"0{fmt.DASH}{box.nk_max}"),
    )
    tier2 = (("tanh units", f"0{fmt.DASH}{box.hidden_max}"), ("linear path", "1"))
    notes = (
        f"{low} to {high} numbers to fit, memory up to {span} samples."
        if ni and no
        else "Choose inputs and outputs.",
    )
    return Diagram(
        setup.inputs,
        setup.outputs,
        tier1,
        tier2,
        notes,
        "the model's own past outputs",
        f"A model with {fmt.plural(ni, 'input')} and {fmt.plural(no, 'output')}, "
        f"{low} to {high} parameters.",
    )


def parameter_range(box: OrderBox, n_inputs: int, n_outputs: int) -> tuple[int, int]:
    """Fewest and most weights of a model in this box."""
    if not n_inputs or not n_outputs:
        return 0, 0
    small = Structure(((1,),) * n_outputs, ((0,), *((),) * (n_inputs - 1)), 0)
    large = Structure(
        (tuple(range(1, box.na_max + 1)),) * n_outputs,
        (tuple(range(box.nb_max)),) * n_inputs,
        box.hidden_max,
    )
    return small.n_parameters, large.n_parameters


def size_of_search(setup: Setup) -> str:
    """How many different orders the box holds, and how many of them the budget tries."""
    if not setup.inputs or not setup.outputs:
        return ""
    try:
        count = Encoding(setup.config.box, len(setup.inputs), len(setup.outputs)).n_points
    except HeliIDError as error:
        return str(error)
    tried = setup.config.budget * len(setup.config.searches())
    shown = f"{count:,}".replace(",", " ") if count < 10**6 else _power(count)
    shown = shown[0].upper() + shown[1:]
    return f"{shown} different orders in the box; {min(tried, count)} of them will be trained."


def _power(count: int) -> str:
    exponent = len(str(count)) - 1
    raised = str(exponent).translate(_RAISED)
    return f"about {count / 10**exponent:.1f}·10{raised}"


def changed_config(setup: Setup, **changes: object) -> Setup:
    """With these settings changed; ``box_*`` names go into the box. Raises SettingsError.

    Risk is trained by one trainer only: choosing one of the two takes the other back.
    """
    config = setup.config
    if changes.get("trainer", "lm") != "lm":
        changes = {"risk_weight": 0.0, **changes}
    elif changes.get("risk_weight"):
        changes = {"trainer": "lm", **changes}
    box = {name[4:]: value for name, value in changes.items() if name.startswith("box_")}
    plain = {name: value for name, value in changes.items() if not name.startswith("box_")}
    if box:
        plain["box"] = replace(config.box, **box)  # type: ignore[arg-type]
    new: StudyConfig = replace(config, **plain)  # type: ignore[arg-type]
    return replace(setup, config=new)
