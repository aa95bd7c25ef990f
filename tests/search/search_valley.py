"""A small search problem: a rough valley over four whole numbers."""

import math

from heliid.engine.protocol import Task
from heliid.search.run import Description
from heliid.search.searcher import Box

CENTRE = (2, 5, 1, 3)
BOX = Box.whole([0, 0, 0, 1], [6, 8, 4, 5])


def valley(genome):
    """A smooth valley with a deterministic roughness; its minimum 0 is at CENTRE."""
    distance = sum((gene - centre) ** 2 for gene, centre in zip(genome, CENTRE, strict=True))
    return math.sqrt(distance) * (1.0 + 0.3 * math.sin(sum(genome) * 12.9898))


def canonical(genome):
    """Gene 2 has no effect where gene 1 is 0."""
    return (*genome[:2], 0, genome[3]) if genome[1] == 0 else genome


class ValleyProblem:
    """The valley as a search problem; ``fn`` may name another task function."""

    fingerprint = "valley"

    def __init__(self, fn="search_tasks:valley_task", *extra):
        self.fn, self.extra = fn, extra

    def task(self, key, genome):
        return Task(key, self.fn, (list(genome), *self.extra))

    def describe(self, genome):
        return Description(str(genome), sum(genome), genome[-1])
