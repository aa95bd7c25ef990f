"""Genes to structure and back: the whole numbers that stand for the order of a model.

A genome is, in this order: na per output group; output tap spacing per output group when the box
allows more than 1; nb, nk and spacing per input group; the number of hidden units. Output j has
lags ``1 + {0..na-1} * spacing``, input i has lags ``nk + {0..nb-1} * spacing``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Protocol

from heliid.errors import SettingsError
from heliid.model.structure import Structure
from heliid.search.canonical import CanonicalForm
from heliid.search.searcher import Box, Genome

_KEYS = ("na", "yspacing", "nb", "nk", "spacing", "h")
_REMEMBERED = 4096  # genomes and lag lists whose meaning is kept at hand
_DEFAULTS = {"yspacing": 1, "nk": 0, "spacing": 1, "h": 0}
_EXAMPLE = "'na=1,nb=4,nk=0,spacing=3,h=4' or, per channel, 'na=1/2,nb=4/3,nk=0,spacing=3,h=4'"
_MEANING = {
    "na": "output lags",
    "yspacing": "output tap spacing",
    "nb": "input taps",
    "nk": "dead time",
    "spacing": "input tap spacing",
    "h": "hidden units",
}


class OrderBounds(Protocol):
    """What the encoding reads from a box of orders, in samples at model rate.

    Optional attributes: ``na_min`` (1), ``nb_min`` (0), ``hidden_min`` (0) and
    ``output_spacing_max`` (1).
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
        self.names = self._gene_names()
        free = {self.output_groups[k] for k in range(n_outputs) if k in integrals}
        tied = {self.output_groups[k] for k in range(n_outputs) if k not in integrals}
        self._without_lags = free - tied
        self._low = [
            0 if key == "na" and group in self._without_lags else self._limits[key][0]
            for key, group in self.names
        ]
        self._high = [self._limits[key][1] for key, _ in self.names]
        self._columns = {key: self._genes_of(key) for key in _KEYS}
        self.canonical = self._canonical_form()
        self._structure = lru_cache(_REMEMBERED)(self._structure_of)

    def _gene_names(self) -> tuple[tuple[str, int], ...]:
        names = [("na", group) for group in range(self._n_out)]
        if self._has_yspacing:
            names += [("yspacing", group) for group in range(self._n_out)]
        for group in range(self._n_in):
            names += [("nb", group), ("nk", group), ("spacing", group)]
        return (*names, ("h", 0))

    def _genes_of(self, key: str) -> tuple[int, ...]:
        """Which gene says ``key`` of each channel."""
        groups = {"na": self.output_groups, "yspacing": self.output_groups, "h": (0,)}
        place = {name: at for at, name in enumerate(self.names)}
        of_channel = groups.get(key, self.input_groups)
        return tuple(place[key, group] for group in of_channel if (key, group) in place)

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
        counts = {key: sum(name == key for name, _ in self.names) for key in _KEYS}
        return tuple(f"{key} {group + 1}" if counts[key] > 1 else key for key, group in self.names)

    @property
    def n_points(self) -> int:
        """Number of different canonical genomes in the box."""
        na_low, na_high = self._limits["na"]
        nb_low, nb_high = self._limits["nb"]
        n_yspacing, n_nk, n_spacing, n_h = (
            self._limits[key][1] - self._limits[key][0] + 1
            for key in ("yspacing", "nk", "spacing", "h")
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
        return int(n_outputs * (inputs**self._n_in - all_unused) * n_h)

    # genes <-> structure

    def _genome(self, values: Mapping[str, Sequence[int]]) -> Genome:
        genes = list(values["na"])
        if self._has_yspacing:
            genes += values["yspacing"]
        for group in range(self._n_in):
            genes += [values["nb"][group], values["nk"][group], values["spacing"][group]]
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
        taps = range(first, self.dim - 1, 3)
        for at in taps:
            rules += [(at + 1, at, 1, self._low[at + 1]), (at + 2, at, 2, 1)]
        return CanonicalForm(self._low, self._high, rules, taps)

    def structure(self, genome: Sequence[int]) -> Structure:
        """The structure that a genome stands for."""
        return self._structure(self.canonical(genome))

    def _structure_of(self, genome: Genome) -> Structure:
        columns = {key: [genome[at] for at in self._columns[key]] for key in _KEYS}
        if not self._has_yspacing:
            columns["yspacing"] = [1] * self.n_outputs
        outputs = zip(columns["na"], columns["yspacing"], strict=True)
        inputs = zip(columns["nk"], columns["nb"], columns["spacing"], strict=True)
        return Structure(
            tuple(_lags(1, na, spacing) for na, spacing in outputs),
            tuple(_lags(nk, nb, spacing) for nk, nb, spacing in inputs),
            columns["h"][0],
        )

    def genome(self, structure: Structure) -> Genome:
        """The genome of a structure; refuses one with lag lists that no genome stands for."""
        outputs = [_lag_list_numbers(lags) for lags in structure.output_lags]
        inputs = [_lag_list_numbers(lags) for lags in structure.input_lags]
        per_channel = {
            "na": [count for count, _, _ in outputs],
            "yspacing": [spacing for _, _, spacing in outputs],
            "nb": [count for count, _, _ in inputs],
            "nk": [first for _, first, _ in inputs],
            "spacing": [spacing for _, _, spacing in inputs],
            "h": [structure.n_hidden],
        }
        genome = self._from_channels(per_channel)
        if self.structure(genome) != structure:
            raise SettingsError(
                "The structure has lag lists that the genes of this study cannot express "
                "(lags must be evenly spaced, output lags must begin at 1)."
            )
        return genome

    # text

    def text(self, genome: Sequence[int]) -> str:
        """The order as text, ``na=1,nb=4,nk=0,spacing=3,h=4``; ``parse`` reads it back."""
        genes = self.canonical(genome)
        return ",".join(
            f"{key}={_joined([genes[at] for at in self._columns[key]])}"
            for key in _KEYS
            if key != "yspacing" or self._has_yspacing
        )

    def parse(self, text: str) -> Genome:
        """The canonical genome of an order written as text; the box must hold it."""
        return self._from_channels(parse_order(text, self.n_inputs, self.n_outputs))

    def _from_channels(self, per_channel: Mapping[str, Sequence[int]]) -> Genome:
        """Channel values to a genome; channels of one group must agree, the box must hold them."""
        groups = {"na": self.output_groups, "yspacing": self.output_groups, "h": (0,)}
        values: dict[str, list[int]] = {}
        for key in _KEYS:
            of_group: dict[int, int] = {}
            for group, value in zip(
                groups.get(key, self.input_groups), per_channel[key], strict=True
            ):
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
        groups = {"na": self.output_groups, "yspacing": self.output_groups, "h": (0,)}
        values = {}
        for key in _KEYS:
            of_channel = groups.get(key, self.input_groups)
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
        return f"na={_joined(lags)},nb=3,nk=0,spacing=1,h=1"

    def on_bound(self, genome: Sequence[int]) -> tuple[str, ...]:
        """One sentence for each gene of the winner that sits on an upper bound of the box."""
        genes = self.canonical(genome)
        hit: dict[str, list[int]] = {}
        for (key, group), gene, low, high in zip(
            self.names, genes, self._low, self._high, strict=True
        ):
            if gene == high > low:
                hit.setdefault(key, []).append(group)
        return tuple(
            f"The best order sits on the bound {key} = {self._limits[key][1]} ({_MEANING[key]}"
            f"{self._which(key, groups)}); a wider box may hold a better one."
            for key, groups in hit.items()
        )

    def _which(self, key: str, groups: Sequence[int]) -> str:
        if key == "h":
            return ""
        side = "output" if key in ("na", "yspacing") else "input"
        of_channel = self.output_groups if side == "output" else self.input_groups
        channels = [str(k + 1) for k, group in enumerate(of_channel) if group in groups]
        if len(channels) == len(of_channel):
            return ""
        return f" of {side} {', '.join(channels)}"


def parse_order(text: str, n_inputs: int, n_outputs: int) -> dict[str, list[int]]:
    """Values per channel of an order written as text; no box is asked."""
    found: dict[str, list[int]] = {}
    for part in text.replace(" ", "").split(","):
        key, equals, value = part.partition("=")
        if key not in _KEYS or not equals or key in found:
            what = "stands twice" if key in found else "is not understood"
            raise SettingsError(f"'{part}' in the order '{text}' {what}; write {_EXAMPLE}.")
        n = {"na": n_outputs, "yspacing": n_outputs, "h": 1}.get(key, n_inputs)
        found[key] = _numbers(key, value, n)
    missing = [key for key in ("na", "nb") if key not in found]
    if missing:
        raise SettingsError(
            f"The order '{text}' does not say {' and '.join(missing)}; write {_EXAMPLE}."
        )
    for name, usual in _DEFAULTS.items():
        n = {"yspacing": n_outputs, "h": 1}.get(name, n_inputs)
        found.setdefault(name, [usual] * n)
    return found


def structure_from_text(text: str, n_inputs: int, n_outputs: int) -> Structure:
    """The structure of an order written as text, whatever its size."""
    order = parse_order(text, n_inputs, n_outputs)
    return Structure(
        tuple(_lags(1, na, step) for na, step in zip(order["na"], order["yspacing"], strict=True)),
        tuple(
            _lags(nk, nb, step)
            for nb, nk, step in zip(order["nb"], order["nk"], order["spacing"], strict=True)
        ),
        order["h"][0],
    )


def structure_text(structure: Structure) -> str:
    """The order of a structure as text; lag lists that are not evenly spaced are listed."""
    outputs = [_lag_list_numbers(lags) for lags in structure.output_lags]
    inputs = [_lag_list_numbers(lags) for lags in structure.input_lags]
    channels = {
        "na": [count for count, _, _ in outputs],
        "yspacing": [spacing for _, _, spacing in outputs],
        "nb": [count for count, _, _ in inputs],
        "nk": [first for _, first, _ in inputs],
        "spacing": [spacing for _, _, spacing in inputs],
        "h": [structure.n_hidden],
    }
    text = _order_text(channels, with_yspacing=any(step > 1 for step in channels["yspacing"]))
    again = structure_from_text(text, len(inputs), len(outputs))
    if again.output_lags == structure.output_lags and again.input_lags == structure.input_lags:
        return text
    lists = (*structure.output_lags, *structure.input_lags)
    return (
        f"lags={'/'.join('+'.join(map(str, lags)) or '-' for lags in lists)},h={channels['h'][0]}"
    )


def _order_text(channels: Mapping[str, Sequence[int]], *, with_yspacing: bool) -> str:
    keys = [key for key in _KEYS if key != "yspacing" or with_yspacing]
    return ",".join(f"{key}={_joined(channels[key])}" for key in keys)


def _joined(values: Sequence[int]) -> str:
    return str(values[0]) if len(set(values)) == 1 else "/".join(map(str, values))


def _numbers(key: str, text: str, n_channels: int) -> list[int]:
    """One whole number for all channels, or one per channel."""
    parts = text.split("/")
    if not all(part.isascii() and part.isdecimal() and len(part) < 7 for part in parts):
        raise SettingsError(f"{key}={text} is not a whole number of 0 or more; write {_EXAMPLE}.")
    values = [int(part) for part in parts]
    if len(values) == 1:
        values *= n_channels
    if len(values) != n_channels:
        raise SettingsError(
            f"{key}={text} has {len(values)} values for {n_channels} channels; "
            "give one value for all or one for each."
        )
    if key in ("spacing", "yspacing") and min(values, default=1) < 1:
        raise SettingsError(f"{key}={text}: a tap spacing is at least 1.")
    return values


@lru_cache(_REMEMBERED)
def _lags(first: int, count: int, spacing: int) -> tuple[int, ...]:
    return tuple(first + k * spacing for k in range(count))


def _lag_list_numbers(lags: Sequence[int]) -> tuple[int, int, int]:
    """Count, first lag, spacing of a lag list."""
    first = lags[0] if lags else 0
    spacing = lags[1] - lags[0] if len(lags) > 1 else 1
    return len(lags), first, max(spacing, 1)


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
