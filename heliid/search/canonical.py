"""The canonical form of a genome as rules that compiled moves can follow.

Genomes that stand for the same thing must be one genome, or a search pays twice. What makes them
equal is always the same: a gene has no effect unless another one is large enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from heliid.search.searcher import Genome

_REMEMBERED = 4096  # genomes whose canonical form is kept at hand


class CanonicalForm:
    """Genome to canonical genome, as a function and as rules.

    ``rules``: (gene, decided by which gene, takes effect from which value of it on, else its
    value), applied in order after clipping into the box. ``some``: of these genes one at least is
    not zero; if all are, the first becomes one.
    """

    def __init__(
        self,
        low: Sequence[int],
        high: Sequence[int],
        rules: Sequence[tuple[int, int, int, int]] = (),
        some: Sequence[int] = (),
    ) -> None:
        self._low, self._high = tuple(low), tuple(high)
        self._rules, self._some = tuple(rules), tuple(some)
        self.rules = np.array(self._rules, dtype=np.int64).reshape(-1, 4)
        self.some = np.array(self._some, dtype=np.int64)
        self._remembered = lru_cache(_REMEMBERED)(self._form)

    def __call__(self, genome: Sequence[int]) -> Genome:
        """The one genome that stands for all that mean the same, inside the box."""
        return self._remembered(tuple(genome))

    def _form(self, genome: Genome) -> Genome:
        genes = [
            low if gene < low else high if gene > high else int(gene)
            for gene, low, high in zip(genome, self._low, self._high, strict=True)
        ]
        for gene, by, least, value in self._rules:
            if genes[by] < least:
                genes[gene] = value
        if self._some and not any(genes[gene] for gene in self._some):
            genes[self._some[0]] = 1
        return tuple(genes)
