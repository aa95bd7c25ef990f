"""Moves of whole populations of real points: bees, swarms, antibodies; numba only.

Members (m, dim) with costs (m,); proposals go to ``out`` (b, dim). ``random`` holds uniform
numbers in [0, 1) drawn by the caller, so a kernel is a plain function of its arguments. A cost
that is not finite counts as +inf.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

INFORMED, SPARSE = 0, 1  # kinds of flight of a particle


@njit(cache=True, nogil=True, error_model="numpy")
def scatter(random, low, high, out):
    """Fill ``out`` (b, dim) uniformly in the box from ``random`` (b, dim)."""
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = low[j] + random[i, j] * (high[j] - low[j])


@njit(cache=True, nogil=True, error_model="numpy")
def first_costs(costs, points, members, member_costs):
    """Take the first points as members, changed in place."""
    for i in range(points.shape[0]):
        member_costs[i] = costs[i] if math.isfinite(costs[i]) else math.inf
        for j in range(points.shape[1]):
            members[i, j] = points[i, j]


@njit(cache=True, nogil=True, error_model="numpy")
def keep_better(costs, points, owners, members, member_costs, failures):
    """Each point replaces its owner when it is better; failures are counted, 0 after a success."""
    for k in range(points.shape[0]):
        i = owners[k]
        if math.isfinite(costs[k]) and costs[k] < member_costs[i]:
            member_costs[i] = costs[k]
            failures[i] = 0
            for j in range(points.shape[1]):
                members[i, j] = points[k, j]
        else:
            failures[i] += 1


@njit(cache=True, nogil=True, error_model="numpy")
def _best(costs):
    best = 0
    for i in range(1, costs.shape[0]):
        if costs[i] < costs[best]:
            best = i
    return best


@njit(cache=True, nogil=True, error_model="numpy")
def rank_order(costs, order):
    """Fill ``order`` (m,) with member indices, best first; equal costs stay in order."""
    for i in range(costs.shape[0]):
        k = i
        while k > 0 and costs[order[k - 1]] > costs[i]:
            order[k] = order[k - 1]
            k -= 1
        order[k] = i


@njit(cache=True, nogil=True, error_model="numpy")
def _between(value, low, high):
    return low if value < low else min(value, high)


@njit(cache=True, nogil=True, error_model="numpy")
def choose_by_rank(random, costs, scale, order, owners):
    """Onlookers: rank r is chosen with weight exp(-r / (scale m))."""
    rank_order(costs, order)
    m = costs.shape[0]
    total = 0.0
    for r in range(m):
        total += math.exp(-r / (scale * m))
    for k in range(owners.shape[0]):
        at = random[k] * total
        r = 0
        while r < m - 1:
            at -= math.exp(-r / (scale * m))
            if at < 0.0:
                break
            r += 1
        owners[k] = order[r]


@njit(cache=True, nogil=True, error_model="numpy")
def choose_by_fitness(random, costs, owners):
    """Onlookers after Karaboga (2005): fit = 1/(1+f) for f >= 0, else 1-f; roulette wheel."""
    total = 0.0
    for i in range(costs.shape[0]):
        total += 1.0 / (1.0 + costs[i]) if costs[i] >= 0.0 else 1.0 - costs[i]
    for k in range(owners.shape[0]):
        at = random[k] * total
        i = 0
        while i < costs.shape[0] - 1:
            at -= 1.0 / (1.0 + costs[i]) if costs[i] >= 0.0 else 1.0 - costs[i]
            if at < 0.0:
                break
            i += 1
        owners[k] = i


@njit(cache=True, nogil=True, error_model="numpy")
def bee_flights(random, members, costs, owners, guide, low, high, out):
    """One gene of the owner moves against another source, and towards the best if guided.

    ``random`` (b, 4). Karaboga (2005), v = x + phi (x - x_k); with guide C > 0 Zhu & Kwong (2010),
    eq. 6, adds psi (best - x), psi in [0, C).
    """
    m, dim = members.shape
    best = _best(costs)
    for k in range(out.shape[0]):
        i = owners[k]
        other = int(random[k, 0] * (m - 1))
        if other >= i:
            other += 1
        gene = int(random[k, 1] * dim)
        for j in range(dim):
            out[k, j] = members[i, j]
        x = members[i, gene]
        value = x + (2.0 * random[k, 2] - 1.0) * (x - members[other, gene])
        if guide > 0.0:
            value += guide * random[k, 3] * (members[best, gene] - x)
        out[k, gene] = _between(value, low[gene], high[gene])


@njit(cache=True, nogil=True, error_model="numpy")
def send_scout(random, limit, low, high, members, costs, failures):
    """The source that failed most and more than ``limit`` times moves anywhere, the best never.

    Its cost becomes +inf: the next visit decides. Returns its index or -1.
    """
    best, dry = _best(costs), -1
    for i in range(costs.shape[0]):
        if i != best and failures[i] > limit and (dry < 0 or failures[i] > failures[dry]):
            dry = i
    if dry >= 0:
        for j in range(members.shape[1]):
            members[dry, j] = low[j] + random[j] * (high[j] - low[j])
        costs[dry] = math.inf
        failures[dry] = 0
    return dry


@njit(cache=True, nogil=True, error_model="numpy")
def swarm_flights(
    random, places, speeds, members, costs, reach, inertia, own_pull, best_pull, p_sparse, low,
    high, kinds, out,
):  # fmt: skip
    """Every particle flies once; ``members`` (m, dim) are the particles' best places.

    Informed: Clerc & Kennedy (2002), v = w v + c1 r1 (own - x) + c2 r2 (best informant - x), the
    informants being ``reach`` neighbours to either side on a ring (all when reach < 0). Sparse
    (share ``p_sparse``): one gene of the own best moves along its difference to another
    particle's best; place and speed stay. ``random`` (m, 2 dim + 4).
    """
    m, dim = places.shape
    leader = _best(costs)
    for i in range(m):
        if random[i, 2 * dim] < p_sparse:
            kinds[i] = SPARSE
            other = int(random[i, 2 * dim + 1] * (m - 1))
            if other >= i:
                other += 1
            gene = int(random[i, 2 * dim + 2] * dim)
            for j in range(dim):
                out[i, j] = members[i, j]
            x = members[i, gene]
            value = x + (2.0 * random[i, 2 * dim + 3] - 1.0) * (x - members[other, gene])
            out[i, gene] = _between(value, low[gene], high[gene])
            continue
        kinds[i] = INFORMED
        best = leader
        if reach >= 0:
            best = i
            for d in range(-reach, reach + 1):
                q = (i + d) % m
                if costs[q] < costs[best]:
                    best = q
        for j in range(dim):
            x = places[i, j]
            fastest = 0.5 * (high[j] - low[j])
            speed = inertia * speeds[i, j]
            speed += own_pull * random[i, j] * (members[i, j] - x)
            speed += best_pull * random[i, dim + j] * (members[best, j] - x)
            speed = _between(speed, -fastest, fastest)
            x += speed
            if x < low[j] or x > high[j]:
                x = _between(x, low[j], high[j])
                speed = -0.5 * speed  # Clerc's half bounce
            places[i, j] = x
            speeds[i, j] = speed
            out[i, j] = x


@njit(cache=True, nogil=True, error_model="numpy")
def immune_clones(random, members, costs, greed, low, high, order, owners, out):
    """Clones of members, the better ranks more often; one gene moves by a difference of two others.

    Rank r is cloned with a chance that falls like that of int(m u**greed). The step has the size of
    the spread of the pool in that gene, so mutation gets finer as the pool closes in. A gene that
    leaves the box lands on its edge or anywhere inside. ``random`` (b, 6).
    """
    m, dim = members.shape
    rank_order(costs, order)
    for k in range(out.shape[0]):
        i = order[int(m * random[k, 0] ** greed)]
        owners[k] = i
        first, second = int(random[k, 1] * m), int(random[k, 2] * (m - 1))
        if second >= first:
            second += 1
        gene = int(random[k, 3] * dim)
        for j in range(dim):
            out[k, j] = members[i, j]
        step = members[first, gene] - members[second, gene]
        value = members[i, gene] + (2.0 * random[k, 4] - 1.0) * step
        if value < low[gene] or value > high[gene]:
            u = 2.0 * random[k, 5] - 1.0
            inside = low[gene] + u * (high[gene] - low[gene])
            value = inside if u > 0.0 else _between(value, low[gene], high[gene])
        out[k, gene] = value


@njit(cache=True, nogil=True, error_model="numpy")
def hypermutate(normal, members, costs, rho, low, high, owners, out):
    """Textbook CLONALG: every gene mutates by a Gaussian step that grows as affinity falls.

    Rate alpha = exp(-rho f*) with f* the affinity normalised to [0, 1] over the pool (de Castro &
    Von Zuben 2002), here the standard deviation in units of half the box. ``normal`` (b, dim).
    """
    m = costs.shape[0]
    lowest, highest = math.inf, -math.inf
    for i in range(m):
        if math.isfinite(costs[i]):
            lowest, highest = min(lowest, costs[i]), max(highest, costs[i])
    for k in range(out.shape[0]):
        i = owners[k]
        affinity = 0.0
        if math.isfinite(costs[i]):
            affinity = (highest - costs[i]) / (highest - lowest) if highest > lowest else 1.0
        alpha = math.exp(-rho * affinity)
        for j in range(out.shape[1]):
            step = alpha * 0.5 * (high[j] - low[j]) * normal[k, j]
            out[k, j] = _between(members[i, j] + step, low[j], high[j])


@njit(cache=True, nogil=True, error_model="numpy")
def replace_worst(random, n, low, high, members, costs, order):
    """The ``n`` worst members are put anywhere with cost +inf (newcomers)."""
    rank_order(costs, order)
    m = costs.shape[0]
    for r in range(n):
        i = order[m - 1 - r]
        costs[i] = np.inf
        for j in range(members.shape[1]):
            members[i, j] = low[j] + random[r, j] * (high[j] - low[j])
