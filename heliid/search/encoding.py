"""Genes to structure and back: the whole numbers that stand for the order of a model.

A genome is, in this order: na per output group; output tap spacing per output group when the box
allows more than 1; nb, nk and spacing per input group; the leaky memory of the inputs when the box
allows one; the number of hidden units. Output j has lags ``1 + {0..na-1} * spacing``, input i has
lags ``nk + {0..nb-1} * spacing``. Memory gene g > 0 adds a leaky copy of every input in use, with a
time constant of ``2 ** (g + 1)`` samples.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Protocol

from heliid.errors import SettingsError
from heliid.model.structure import Structure
from heliid.search.canonical import CanonicalForm
from heliid.search.order_text import (
    ALONE,
    KEYS,
    REMEMBERED,
    channels_of,
    joined,
    order_text,
    parse_order,
    structure_from,
    structure_from_text,
    structure_text,
)
from heliid.search.searcher import Box, Genome

__all__ = ["Encoding", "OrderBounds", "parse_order", "structure_from_text", "structure_text"]

_MEANING = {
    "na": "output lags",
    "yspacing": "output tap spacing",
    "nb": "input taps",
    "nk": "dead time",
    "spacing": "input tap spacing",
    "leak": "time constant of leaky inputs, samples",
    "h": "hidden units",
}


class OrderBounds(Protocol):
    """What the encoding reads from a box of orders, in samples at model rate.

    Optional attributes: ``na_min`` (1), ``nb_min`` (0), ``hidden_min`` (0),
    ``output_spacing_max`` (1) and ``leak_max`` (0, no leaky inputs).
    """

    @property
    def na_max(self) -> int: ...  # noqa: D102 - output lags
    @property
    def nb_max(self) -> int: ...  # noqa: D102 - input taps
    @property
    def nk_max(self) -> int: ...  # noqa: D102 - dead time
    @property
    def spacing_max(self) -> int: ...  # noqa: D102 - input tap spacing
    @property
    def hidden_max(self) -> int: ...  # noqa: D102 - hidden units


class Encoding:
    """The genes of a study: which gene means what, their bounds, and the way to a structure.

    ``output_groups`` gives for each output the number of its group (``(0, 0, 0, 0)``: one na for
    all), ``input_groups`` likewise; without them every channel has genes of its own. ``integrals``
    are outputs that known physics integrates from another (attitude from rate): these may also do
    without lags of their own, so that the integral feeds nothing back.
    """

    def __init__(
        self,
        box: OrderBounds,
        n_inputs: int,
        n_outputs: int,
        *,
        output_groups: Sequence[int] | None = None,
        input_groups: Sequence[int] | None = None,
        integrals: Sequence[int] = (),
    ) -> None:
        self.n_inputs, self.n_outputs = n_inputs, n_outputs
        self.output_groups = _checked_groups(output_groups, n_outputs, "output")
        self.input_groups = _checked_groups(input_groups, n_inputs, "input")
        self._n_out = max(self.output_groups, default=-1) + 1
        self._n_in = max(self.input_groups, default=-1) + 1
        self._limits = _checked_limits(box)
        self._has_yspacing = self._limits["yspacing"][1] > 1
        self._has_leak = self._limits["leak"][1] > 0
        self.names = self._gene_names()
        free = {self.output_groups[k] for k in range(n_outputs) if k in integrals}
        tied = {self.output_groups[k] for k in range(n_outputs) if k not in integrals}
        self._without_lags = free - tied
        self._low = [
            0 if key == "na" and group in self._without_lags else self._limits[key][0]
            for key, group in self.names
        ]
        self._high = [self._limits[key][1] for key, _ in self.names]
        self._columns = {key: self._genes_of(key) for key in KEYS}
        self.canonical = self._canonical_form()
        self._structure = lru_cache(REMEMBERED)(self._structure_of)

    def _gene_names(self) -> tuple[tuple[str, int], ...]:
        names = [("na", group) for group in range(self._n_out)]
        if self._has_yspacing:
            names += [("yspacing", group) for group in range(self._n_out)]
        for group in range(self._n_in):
            names += [("nb", group), ("nk", group), ("spacing", group)]
        return (*names, *((("leak", 0),) if self._has_leak else ()), ("h", 0))

    def _genes_of(self, key: str) -> tuple[int, ...]:
        """Which gene says ``key`` of each channel."""
        groups = self._groups
        place = {name: at for at, name in enumerate(self.names)}
        of_channel = groups[key]
        return tuple(place[key, group] for group in of_channel if (key, group) in place)

    @property
    def _groups(self) -> dict[str, tuple[int, ...]]:
        """The groups of each key's channels."""
        outputs, inputs = self.output_groups, self.input_groups
        known = {"na": outputs, "yspacing": outputs} | dict.fromkeys(ALONE, (0,))
        return {key: known.get(key, inputs) for key in KEYS}

    @property
    def dim(self) -> int:
        """Number of genes."""
        return len(self.names)

    @property
    def bounds(self) -> Box:
        """The box the searchers move in."""
        return Box.whole(self._low, self._high)

    @property
    def gene_labels(self) -> tuple[str, ...]:
        """Short names for axes and tables, ``na 1``, ``nb 2``, ``h``."""
        counts = {key: sum(name == key for name, _ in self.names) for key in KEYS}
        return tuple(f"{key} {group + 1}" if counts[key] > 1 else key for key, group in self.names)

    @property
    def n_points(self) -> int:
        """Number of different canonical genomes in the box."""
        na_low, na_high = self._limits["na"]
        nb_low, nb_high = self._limits["nb"]
        n_yspacing, n_nk, n_spacing, n_leak, n_h = (
            self._limits[key][1] - self._limits[key][0] + 1
            for key in ("yspacing", "nk", "spacing", "leak", "h")
        )
        outputs = sum(1 if na < 2 else n_yspacing for na in range(na_low, na_high + 1))
        integrals = outputs + (1 if na_low > 0 else 0)
        n_free = len(self._without_lags)
        inputs = sum(
            1 if nb == 0 else n_nk if nb == 1 else n_nk * n_spacing
            for nb in range(nb_low, nb_high + 1)
        )
        all_unused = 1 if nb_low == 0 else 0  # repaired, see canonical
        n_outputs = outputs ** (self._n_out - n_free) * integrals**n_free
        return int(n_outputs * (inputs**self._n_in - all_unused) * n_leak * n_h)

    # genes <-> structure

    def _genome(self, values: Mapping[str, Sequence[int]]) -> Genome:
        genes = list(values["na"])
        if self._has_yspacing:
            genes += values["yspacing"]
        for group in range(self._n_in):
            genes += [values["nb"][group], values["nk"][group], values["spacing"][group]]
        if self._has_leak:
            genes.append(_leak_gene(values["leak"][0]))
        return (*genes, values["h"][0])

    def _canonical_form(self) -> CanonicalForm:
        """The one genome that stands for all genomes of the same structure, inside the box.

        Genes are clipped to the box; a gene that has no effect (dead time and spacing of an
        unused input, spacing of a single tap) takes its lowest value. Deviates from the pure
        meaning in one case: with no input used at all, the first gets one tap.
        """
        rules, first = [], self._n_out
        if self._has_yspacing:
            rules += [(first + group, group, 2, 1) for group in range(first)]
            first *= 2
        taps = range(first, first + 3 * self._n_in, 3)
        for at in taps:
            rules += [(at + 1, at, 1, self._low[at + 1]), (at + 2, at, 2, 1)]
        return CanonicalForm(self._low, self._high, rules, taps)

    def structure(self, genome: Sequence[int]) -> Structure:
        """The structure that a genome stands for."""
        return self._structure(self.canonical(genome))

    def _structure_of(self, genome: Genome) -> Structure:
        columns = {key: [genome[at] for at in self._columns[key]] for key in KEYS}
        if not self._has_yspacing:
            columns["yspacing"] = [1] * self.n_outputs
        columns["leak"] = [_leak_samples(gene) for gene in columns["leak"]] or [0]
        return structure_from(columns)

    def genome(self, structure: Structure) -> Genome:
        """The genome of a structure; refuses one with lag lists that no genome stands for."""
        genome = self._from_channels(channels_of(structure))
        if self.structure(genome) != structure:
            raise SettingsError(
                "The structure has lag lists that the genes of this study cannot express "
                "(lags must be evenly spaced, output lags must begin at 1, leaky copies must be of "
                "every input in use, with one time constant)."
            )
        return genome

    # text

    def text(self, genome: Sequence[int]) -> str:
        """The order as text, ``na=1,nb=4,nk=0,spacing=3,h=4``; ``parse`` reads it back."""
        genes = self.canonical(genome)
        columns = {key: [genes[at] for at in self._columns[key]] for key in KEYS}
        columns["leak"] = [_leak_samples(gene) for gene in columns["leak"]] or [0]
        return order_text(columns, with_yspacing=self._has_yspacing)

    def parse(self, text: str) -> Genome:
        """The canonical genome of an order written as text; the box must hold it."""
        return self._from_channels(parse_order(text, self.n_inputs, self.n_outputs))

    def _from_channels(self, per_channel: Mapping[str, Sequence[int]]) -> Genome:
        """Channel values to a genome; channels of one group must agree, the box must hold them."""
        values: dict[str, list[int]] = {}
        for key, groups in self._groups.items():
            of_group: dict[int, int] = {}
            for group, value in zip(groups, per_channel[key], strict=True):
                if of_group.setdefault(group, value) != value:
                    raise SettingsError(
                        f"{key} differs between channels that share one gene in this study "
                        f"({of_group[group]} and {value}); give one value for all of them."
                    )
                if not (key == "na" and value == 0 and group in self._without_lags):
                    self._check_in_box(key, value)
            values[key] = [of_group[group] for group in sorted(of_group)]
        return self.canonical(self._genome(values))

    def _check_in_box(self, key: str, value: int) -> None:
        low, high = self._limits[key]
        if key == "leak":
            low, high = _leak_samples(low), _leak_samples(high)
            if low < value < high and _leak_samples(_leak_gene(value)) != value:
                raise SettingsError(
                    f"leak={value} ({_MEANING[key]}) is not one of the search's: say 0 or a power "
                    f"of 2 from {_leak_samples(1)} to {high}."
                )
        if not low <= value <= high:
            raise SettingsError(
                f"{key}={value} ({_MEANING[key]}) is outside the box of this study, "
                f"{low} to {high}; choose a value inside or widen the box."
            )

    # first members and warnings

    def clip(self, order: str) -> Genome:
        """The canonical genome nearest to an order written as text, clipped into the box.

        Channels that share one gene take the value of the first of them.
        """
        channels = parse_order(order, self.n_inputs, self.n_outputs)
        values = {}
        for key, of_channel in self._groups.items():
            values[key] = [
                channels[key][of_channel.index(group)] for group in sorted(set(of_channel))
            ]
        return self.canonical(self._genome(values))

    def first_members(self, *guesses: str) -> tuple[Genome, ...]:
        """The members a search begins with: ARX(2,2,1), then the guesses, clipped into the box."""
        orders = ("na=2,nb=2,nk=1,spacing=1,h=0", *guesses)
        return tuple(dict.fromkeys(self.clip(order) for order in orders))

    def spread_guess(self, dt: float, span_s: float = 0.3, n_hidden: int = 2) -> str:
        """An order with one output lag and four input taps spread over ``span_s`` seconds."""
        spacing = max(1, round(span_s / dt / 4))
        return f"na=1,nb=4,nk=0,spacing={spacing},h={n_hidden}"

    def small_guess(self) -> str:
        """A small order: one lag of each output but of the known integrals, three input taps."""
        lags = [0 if group in self._without_lags else 1 for group in self.output_groups]
        return f"na={joined(lags)},nb=3,nk=0,spacing=1,h=1"

    def on_bound(self, genome: Sequence[int]) -> tuple[str, ...]:
        """One sentence for each gene of the winner that sits on an upper bound of the box."""
        genes = self.canonical(genome)
        hit: dict[str, list[int]] = {}
        for (key, group), gene, low, high in zip(
            self.names, genes, self._low, self._high, strict=True
        ):
            if gene == high > low:
                hit.setdefault(key, []).append(group)
        top = {key: high for key, (_, high) in self._limits.items()}
        top["leak"] = _leak_samples(top["leak"])
        return tuple(
            f"The best order sits on the bound {key} = {top[key]} ({_MEANING[key]}"
            f"{self._which(key, groups)}); a wider box may hold a better one."
            for key, groups in hit.items()
        )

    def _which(self, key: str, groups: Sequence[int]) -> str:
        if key in ALONE:
            return ""
        side = "output" if key in ("na", "yspacing") else "input"
        of_channel = self.output_groups if side == "output" else self.input_groups
        channels = [str(k + 1) for k, group in enumerate(of_channel) if group in groups]
        if len(channels) == len(of_channel):
            return ""
        return f" of {side} {', '.join(channels)}"


def _leak_samples(gene: int) -> int:
    """The time constant, in samples, that a memory gene stands for: 0, 4, 8, 16, ..."""
    return 2 ** (gene + 1) if gene > 0 else 0


def _leak_gene(samples: int) -> int:
    """The memory gene whose time constant is nearest, in octaves."""
    return max(1, round(math.log2(samples)) - 1) if samples > 0 else 0


def _checked_groups(groups: Sequence[int] | None, n: int, side: str) -> tuple[int, ...]:
    found = tuple(range(n)) if groups is None else tuple(int(group) for group in groups)
    if len(found) != n or sorted(set(found)) != list(range(len(set(found)))):
        raise SettingsError(
            f"The {side} groups {found} must name one group for each of the {n} {side}s, "
            "numbered from 0 without holes."
        )
    return found


def _checked_limits(box: OrderBounds) -> dict[str, tuple[int, int]]:
    limits = {
        "na": (int(getattr(box, "na_min", 1)), int(box.na_max)),
        "yspacing": (1, int(getattr(box, "output_spacing_max", 1))),
        "nb": (int(getattr(box, "nb_min", 0)), int(box.nb_max)),
        "nk": (int(getattr(box, "nk_min", 0)), int(box.nk_max)),
        "spacing": (1, int(box.spacing_max)),
        "leak": (0, int(getattr(box, "leak_max", 0))),
        "h": (int(getattr(box, "hidden_min", 0)), int(box.hidden_max)),
    }
    for key, (low, high) in limits.items():
        if low < 0 or high < low:
            raise SettingsError(
                f"The box of orders allows {_MEANING[key]} from {low} to {high}; "
                f"the upper bound must not be below the lower one."
            )
    if limits["nb"][1] < 1:
        raise SettingsError("The box of orders allows no input taps; set nb_max to 1 or more.")
    return limits
