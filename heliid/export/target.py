"""One form in which a model can leave: its options, its files, and how they are checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from heliid.data.record import FlightRecord
from heliid.errors import ExportError
from heliid.export.portable import UNIT_SYSTEMS, Portable
from heliid.export.verify import Verified


@dataclass(frozen=True, slots=True)
class Option:
    """A choice of a target: the first of ``choices`` is the default."""

    name: str
    title: str
    choices: tuple[str, ...]
    help: str = ""
    needs: tuple[str, str] = ("", "")  # only with this option at this value; "": always

    @property
    def default(self) -> str:
        """What is taken when nothing is said."""
        return self.choices[0]

    def applies(self, chosen: dict[str, str]) -> bool:
        """Whether the option means anything beside these choices."""
        name, value = self.needs
        return not name or chosen.get(name) == value


@dataclass(frozen=True, eq=False)
class Flown:
    """Records that an export may use: to judge or predict, and those that trained the model."""

    records: tuple[FlightRecord, ...] = ()
    training: tuple[FlightRecord, ...] = ()


@dataclass(frozen=True, eq=False)
class Written:
    """What a target's function gives back: files in memory, and how to check them on disk."""

    files: dict[str, str | bytes]  # name without folder; the first is the one that was asked for
    notes: tuple[str, ...] = ()
    check: Callable[[Path], Verified] | None = None  # given the folder they were written to


Write = Callable[[Portable, dict[str, str], Flown], Written]


@dataclass(frozen=True, eq=False)
class Target:
    """One form a model can leave in.

    ``suffixes``: file name endings it may be given, the usual one first. ``uses_records``: records
    add content (tables) or a measured loss (fixed point). ``suffix_option``: the option that the
    suffix of the file name decides.
    """

    key: str
    title: str
    summary: str
    suffixes: tuple[str, ...]
    options: tuple[Option, ...]
    write: Write
    uses_records: bool = False
    suffix_option: str = ""

    def option(self, name: str) -> Option:
        """The option of this name.

        Raises
        ------
        ExportError
            There is none; the message lists those there are.
        """
        for option in self.options:
            if option.name == name:
                return option
        have = ", ".join(option.name for option in self.options) or "none"
        raise ExportError(f"The export '{self.key}' has no option '{name[:40]}' (it has: {have}).")


UNITS = Option("units", "Units", UNIT_SYSTEMS, "SI, or the units of the flown files' headers")
