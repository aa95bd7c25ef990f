"""Every setting of a study, checked once, as a frozen value."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from heliid.errors import SettingsError

SEARCHES = ("ais", "abc", "pso", "random", "hill", "abc-classic", "ais-classic", "pso-classic")
TRAINERS = ("lm", "hf", "bicgstab", "adam", "sgd")  # heliid.training.trainers says what they are
TRAIN_ON = ("train", "all")
ALL_SEARCHES = ("abc", "ais", "pso")  # what "all" stands for, in this order

# Smallest and largest value of each number; both included.
_BOX_RANGES: dict[str, tuple[int, int]] = {
    "na_max": (1, 40),
    "nb_max": (0, 40),
    "nk_max": (0, 40),
    "spacing_max": (1, 20),
    "hidden_max": (0, 64),
    "leak_max": (0, 8),
}
_RANGES: dict[str, tuple[float, float]] = {
    "rate_hz": (0.0, 10_000.0),
    "budget": (1, 1_000_000),
    "seed": (0, 2**32 - 1),
    "workers": (1, 256),
    "window": (1, 1024),
    "n_tables": (1, 32),
    "n_ensemble": (1, 50),
    "stagnation": (0, 1_000_000),
    "wall_limit_s": (0.0, 1e7),
    "risk_weight": (0.0, 100.0),
    "risk_alpha": (0.0, 0.99),
}
_LEAD = "lead:"


@dataclass(frozen=True, slots=True)
class OrderBox:
    """Bounds of the order search, in samples at model rate; both included.

    ``leak_max`` above 0 lets the search give every input a leaky copy (a memory that fades) whose
    time constant is 4, 8, 16, ... 2 ** (leak_max + 1) samples.
    """

    na_max: int = 6
    nb_max: int = 8
    nk_max: int = 4
    spacing_max: int = 3
    hidden_max: int = 8
    leak_max: int = 0

    def __post_init__(self) -> None:
        for name, bounds in _BOX_RANGES.items():
            object.__setattr__(self, name, _whole(f"box.{name}", getattr(self, name), bounds))

    def to_dict(self) -> dict[str, int]:
        """Plain data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> OrderBox:
        """The inverse of ``to_dict``; unknown keys are refused."""
        _refuse_unknown("box", data, [one.name for one in fields(cls)])
        return cls(**data)


@dataclass(frozen=True, slots=True)
class StudyConfig:
    """Every setting of a study; the defaults are good enough to press Start.

    ``rate_hz`` 0: proposed from the data. ``search``: a name in SEARCHES, or ``"all"`` (ABC, AIS
    and PSO in turn, same budget each). ``budget`` counts unique trainings. ``window`` is how many
    candidates may be asked ahead of the oldest result; it is part of the study, not of the
    machine, so that any number of workers up to it gives the same bits. ``trim_rule``: ``"auto"``,
    ``"none"`` or ``"lead:T"`` with T in seconds (see ``NarxModel``). ``trainer``: a name in
    TRAINERS, see ``docs/trainers.md``. With ``risk_weight`` above 0 training and search minimise
    mean + risk_weight * CVaR, the mean of the worst 1 - ``risk_alpha`` of the errors. ``train_on``:
    what the chosen model is trained on in the end, ``"train"``: the training records, ``"all"``:
    the validation records too.

    Raises
    ------
    SettingsError
        A setting is outside its range; the message names both.
    """

    rate_hz: float = 0.0
    search: str = "ais"
    budget: int = 120
    seed: int = 1
    workers: int = 2
    window: int = 8
    box: OrderBox = field(default_factory=OrderBox)
    trim_rule: str = "auto"
    kinematics: bool = True
    finer_rate: bool = False  # refit at finer rates too, when rate_hz is 0; kept when better
    n_tables: int = 2  # weight tables raced inside the fitness of one order
    n_ensemble: int = 5  # best orders refitted at the end
    stagnation: int = 0  # stop after this many unique trainings without improvement; 0: never
    wall_limit_s: float = 0.0  # 0: none
    trainer: str = "lm"
    risk_weight: float = 0.0  # 0: plain least squares
    risk_alpha: float = 0.9
    train_on: str = "train"

    def __post_init__(self) -> None:
        for name, bounds in _RANGES.items():
            default = type(self).__dataclass_fields__[name].default
            check = _real if isinstance(default, float) else _whole
            object.__setattr__(self, name, check(name, getattr(self, name), bounds))
        if self.search != "all" and self.search not in SEARCHES:
            raise SettingsError(
                f"The search '{self.search}' is not known: choose one of {', '.join(SEARCHES)} "
                f"or all."
            )
        if not isinstance(self.box, OrderBox):
            raise SettingsError("The setting box must be an OrderBox.")
        for name in ("kinematics", "finer_rate"):
            value = getattr(self, name)
            if not isinstance(value, bool):
                raise SettingsError(f"The setting {name} is {value!r}: say true or false.")
        if self.train_on not in TRAIN_ON:
            raise SettingsError(
                f"The setting train_on is {self.train_on!r}: say {', '.join(TRAIN_ON)}."
            )
        _check_trim_rule(self.trim_rule)
        _check_trainer(self.trainer, self.risk_weight)

    def searches(self) -> tuple[str, ...]:
        """The names of the searchers that will run, in order."""
        return ALL_SEARCHES if self.search == "all" else (self.search,)

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        data = {one.name: getattr(self, one.name) for one in fields(self)}
        data["box"] = self.box.to_dict()
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> StudyConfig:
        """The inverse of ``to_dict``; unknown keys are refused, missing ones take the default."""
        _refuse_unknown("settings", data, [one.name for one in fields(cls)])
        values = dict(data)
        if isinstance(values.get("box"), dict):
            values["box"] = OrderBox.from_dict(values["box"])
        return cls(**values)


def _refuse_unknown(what: str, data: Any, known: list[str]) -> None:
    if not isinstance(data, dict):
        raise SettingsError(f"The {what} must be a table of names and values.")
    unknown = [str(key) for key in data if key not in known]
    if unknown:
        raise SettingsError(
            f"The {what} hold '{unknown[0][:60]}', which is not a setting: the names are "
            f"{', '.join(known)}."
        )


def _whole(name: str, value: Any, bounds: tuple[float, float]) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise SettingsError(
            f"The setting {name} is {value!r}: a whole number from {bounds[0]:g} to "
            f"{bounds[1]:.10g} is wanted."
        )
    return int(_in_range(name, value.__index__(), bounds))


def _real(name: str, value: Any, bounds: tuple[float, float]) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise SettingsError(
            f"The setting {name} is {value!r}: a number from {bounds[0]:g} to {bounds[1]:g} "
            f"is wanted."
        )
    return float(_in_range(name, value, bounds))


def _in_range(name: str, value: float, bounds: tuple[float, float]) -> float:
    if not bounds[0] <= value <= bounds[1]:
        raise SettingsError(
            f"The setting {name} is {value:.10g}: choose from {bounds[0]:g} to {bounds[1]:.10g}."
        )
    return value


def _check_trainer(name: Any, risk_weight: float) -> None:
    if name not in TRAINERS:
        raise SettingsError(
            f"The trainer {name!r} is not known: choose one of {', '.join(TRAINERS)}."
        )
    if risk_weight > 0.0 and name != "lm":
        raise SettingsError(
            f"Risk can be trained with the trainer lm only, found '{name}': choose lm, or a risk "
            f"weight of 0."
        )


def _check_trim_rule(rule: Any) -> None:
    if rule in ("auto", "none"):
        return
    if isinstance(rule, str) and rule.startswith(_LEAD):
        try:
            seconds = float(rule[len(_LEAD) :])
        except ValueError:
            seconds = math.nan
        if 0.0 < seconds < 1e6:
            return
    raise SettingsError(
        f"The trim rule {rule!r} is not known: say auto, none, or lead:T with T in seconds, "
        f"e.g. lead:1."
    )
