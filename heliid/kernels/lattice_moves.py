"""Moves on whole-number boxes, whole handfuls at once: bees, swarms, antibodies; numba only.

Points are (dim,) int64 inside ``low``..``high``. ``random`` (n, width) holds uniform numbers in
[0, 1) drawn by the caller, one row per proposal; a move that has used up its row ends there.
``rules`` and ``some`` say which genes have no effect (see ``canonical_form``). Proposals go to
``out`` (n, dim) in canonical form.
"""

from __future__ import annotations

import math

from numba import njit

MAX_STEPS = 10  # of one move
STEP_NUMBERS = 4  # which gene; anywhere or near; how far; which way
STEPS_WIDTH = MAX_STEPS * (STEP_NUMBERS + 1)
BEE_NUMBERS = 3  # what kind of move; towards the best or not; which other source


@njit(cache=True, nogil=True, error_model="numpy")
def canonical_form(point, low, high, rules, some):
    """Clip a point into the box and settle its genes without effect, in place.

    ``rules`` (r, 4): gene, decided by which gene, takes effect from which value of it on, else its
    value. ``some`` (k,): if all these genes are zero, the first becomes one.
    """
    for j in range(point.shape[0]):
        point[j] = min(max(point[j], low[j]), high[j])
    for r in range(rules.shape[0]):
        if point[rules[r, 1]] < rules[r, 2]:
            point[rules[r, 0]] = rules[r, 3]
    for k in range(some.shape[0]):
        if point[some[k]] != 0:
            return
    if some.shape[0] > 0:
        point[some[0]] = 1


@njit(cache=True, nogil=True, error_model="numpy")
def step(point, row, at, free, low, high, p_reset):
    """One gene moves: +-1 (three in four) or +-2 inside the box, or anywhere; next place in row."""
    gene = free[int(row[at] * free.shape[0])]
    if row[at + 1] < p_reset:
        value = low[gene] + int(row[at + 2] * (high[gene] - low[gene]))
        point[gene] = value + 1 if value >= point[gene] else value  # any other value
        return at + STEP_NUMBERS
    size = 1 if row[at + 2] < 0.75 else 2
    if row[at + 3] < 0.5:
        size = -size
    value = point[gene] + size
    if value < low[gene] or value > high[gene]:
        value = point[gene] - size
    point[gene] = min(max(value, low[gene]), high[gene])
    return at + STEP_NUMBERS


@njit(cache=True, nogil=True, error_model="numpy")
def poisson(u, mean):
    """The Poisson number at quantile ``u``, at most MAX_STEPS."""
    chance = math.exp(-mean)
    total, count = chance, 0
    while u >= total and count < MAX_STEPS:
        count += 1
        chance *= mean / count
        total += chance
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def mutants(random, parent, mean, p_reset, free, low, high, rules, some, out):
    """The parent after 1 + Poisson(mean) steps."""
    for k in range(out.shape[0]):
        row, point = random[k], out[k]
        point[:] = parent
        at = 1
        for _ in range(1 + poisson(row[0], mean)):
            if at + STEP_NUMBERS > row.shape[0]:
                break
            at = step(point, row, at, free, low, high, p_reset)
        canonical_form(point, low, high, rules, some)


@njit(cache=True, nogil=True, error_model="numpy")
def flights(
    random, here, own, other, p_informant, p_own, mean, p_reset, free, low, high, rules, some, out
):
    """Each gene from the informant's best, the own best or the present place; then steps."""
    for k in range(out.shape[0]):
        row, point = random[k], out[k]
        point[:] = here
        at = 1
        for f in range(free.shape[0]):
            gene = free[f]
            if row[at] < p_informant:
                point[gene] = other[gene]
            elif row[at] < p_informant + p_own:
                point[gene] = own[gene]
            at += 1
        for _ in range(poisson(row[0], mean)):
            if at + STEP_NUMBERS > row.shape[0]:
                break
            at = step(point, row, at, free, low, high, p_reset)
        canonical_form(point, low, high, rules, some)


@njit(cache=True, nogil=True, error_model="numpy")
def _guided(point, row, at, x_other, x_best, guide, p_gene, free, low, high):
    """Zhu & Kwong (2010), eq. 6, rounded: x + phi (x - x_k) + psi (x_best - x), in some genes."""
    chosen = free[int(row[at] * free.shape[0])]
    at += 1
    for f in range(free.shape[0]):
        gene = free[f]
        if gene == chosen or row[at] < p_gene:
            x = point[gene]
            shift = (2.0 * row[at + 1] - 1.0) * (x - x_other[gene])
            shift += guide * row[at + 2] * (x_best[gene] - x)
            point[gene] = min(max(round(x + shift), low[gene]), high[gene])
        at += 3


@njit(cache=True, nogil=True, error_model="numpy")
def bee_moves(
    random, sources, slot, best, p_cross, p_guided, guide, p_gene, p_more, p_reset, free, low, high,
    rules, some, out,
):  # fmt: skip
    """Neighbours of source ``slot``: steps, or genes of another source or of the best.

    ``sources`` (m, dim), m >= 2.
    """
    m = sources.shape[0]
    for k in range(out.shape[0]):
        row, point = random[k], out[k]
        point[:] = sources[slot]
        other = int(row[2] * (m - 1))
        if other >= slot:
            other += 1
        at = BEE_NUMBERS
        if row[0] >= p_cross:
            at = step(point, row, at, free, low, high, p_reset)
            while at + STEP_NUMBERS < row.shape[0] and row[at] < p_more:
                at = step(point, row, at + 1, free, low, high, p_reset)
        elif row[1] < p_guided and slot != best:
            _guided(point, row, at, sources[other], sources[best], guide, p_gene, free, low, high)
        else:
            for i in range(1 + int(row[at] * 2)):
                gene = free[int(row[at + 1 + i] * free.shape[0])]
                point[gene] = sources[other, gene]
        canonical_form(point, low, high, rules, some)
