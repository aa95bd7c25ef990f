"""The slow, obvious twins of the kernels in ``heliid.kernels.moves``."""

import math


def scatter(random, low, high, out):
    out[:] = low + random * (high - low)


def keep_better(costs, points, owners, members, member_costs, failures):
    for cost, point, owner in zip(costs, points, owners, strict=True):
        if math.isfinite(cost) and cost < member_costs[owner]:
            members[owner], member_costs[owner], failures[owner] = point, cost, 0
        else:
            failures[owner] += 1


def rank_order(costs, order):
    order[:] = sorted(range(len(costs)), key=lambda i: costs[i])


def roulette(u, weights):
    at = u * sum(weights)
    for i, weight in enumerate(weights):
        at -= weight
        if at < 0:
            return i
    return len(weights) - 1


def choose_by_rank(random, costs, scale, order, owners):
    rank_order(costs, order)
    m = len(costs)
    weights = [math.exp(-r / (scale * m)) for r in range(m)]
    owners[:] = [order[roulette(u, weights)] for u in random]


def choose_by_fitness(random, costs, owners):
    fitness = [1 / (1 + cost) if cost >= 0 else 1 - cost for cost in costs]
    owners[:] = [roulette(u, fitness) for u in random]


def other_than(u, m, i):
    return [k for k in range(m) if k != i][int(u * (m - 1))]


def bee_flights(random, members, costs, owners, guide, low, high, out):
    m, dim = members.shape
    best = min(range(m), key=lambda i: costs[i])
    for k, i in enumerate(owners):
        other, gene = other_than(random[k, 0], m, i), int(random[k, 1] * dim)
        x = members[i, gene]
        v = x + (2 * random[k, 2] - 1) * (x - members[other, gene])
        v = v + guide * random[k, 3] * (members[best, gene] - x)
        out[k] = members[i]
        out[k, gene] = min(max(v, low[gene]), high[gene])


def send_scout(random, limit, low, high, members, costs, failures):
    best = min(range(len(costs)), key=lambda i: costs[i])
    dry = [i for i in range(len(costs)) if i != best and failures[i] > limit]
    if not dry:
        return -1
    i = max(dry, key=lambda i: failures[i])
    members[i], costs[i], failures[i] = low + random * (high - low), math.inf, 0
    return i


def swarm_flights(
    random, places, speeds, members, costs, reach, inertia, own_pull, best_pull, p_sparse, low,
    high, kinds, out,
):  # fmt: skip
    m, dim = places.shape
    for i in range(m):
        r1, r2, extra = random[i, :dim], random[i, dim : 2 * dim], random[i, 2 * dim :]
        if extra[0] < p_sparse:
            kinds[i] = 1
            other, gene = other_than(extra[1], m, i), int(extra[2] * dim)
            out[i] = members[i]
            x = members[i, gene]
            v = x + (2 * extra[3] - 1) * (x - members[other, gene])
            out[i, gene] = min(max(v, low[gene]), high[gene])
            continue
        kinds[i] = 0
        asked = range(m) if reach < 0 else [i, *((i + d) % m for d in range(-reach, reach + 1))]
        best = min(asked, key=lambda q: costs[q])
        v = inertia * speeds[i] + own_pull * r1 * (members[i] - places[i])
        v = (v + best_pull * r2 * (members[best] - places[i])).clip(
            -0.5 * (high - low), 0.5 * (high - low)
        )
        x = places[i] + v
        v[(x < low) | (x > high)] *= -0.5
        places[i], speeds[i] = x.clip(low, high), v
        out[i] = places[i]


def immune_clones(random, members, costs, greed, low, high, order, owners, out):
    m, dim = members.shape
    rank_order(costs, order)
    for k in range(len(out)):
        i = order[int(m * random[k, 0] ** greed)]
        first = int(random[k, 1] * m)
        second = other_than(random[k, 2], m, first)
        gene = int(random[k, 3] * dim)
        step = members[first, gene] - members[second, gene]
        v = members[i, gene] + (2 * random[k, 4] - 1) * step
        if not low[gene] <= v <= high[gene]:
            if random[k, 5] > 0.5:
                v = low[gene] + (2 * random[k, 5] - 1) * (high[gene] - low[gene])
            else:
                v = min(max(v, low[gene]), high[gene])
        owners[k], out[k] = i, members[i]
        out[k, gene] = v


def hypermutate(normal, members, costs, rho, low, high, owners, out):
    finite = [cost for cost in costs if math.isfinite(cost)]
    for k, i in enumerate(owners):
        affinity = 0.0
        if math.isfinite(costs[i]):
            spread = max(finite) - min(finite)
            affinity = (max(finite) - costs[i]) / spread if spread > 0 else 1.0
        step = math.exp(-rho * affinity) * 0.5 * (high - low) * normal[k]
        out[k] = (members[i] + step).clip(low, high)


# on whole numbers


def canonical_form(point, low, high, rules, some):
    genes = [min(max(int(g), lo), hi) for g, lo, hi in zip(point, low, high, strict=True)]
    for gene, by, least, value in rules:
        if genes[by] < least:
            genes[gene] = value
    if len(some) and all(genes[gene] == 0 for gene in some):
        genes[some[0]] = 1
    point[:] = genes


def step(point, row, at, free, low, high, p_reset):
    """As the kernel; ``row`` gives which gene, anywhere or near, how far, which way."""
    pick, reset, far, way = row[at : at + 4]
    gene = free[int(pick * len(free))]
    values = range(low[gene], high[gene] + 1)
    if reset < p_reset:
        others = [value for value in values if value != point[gene]]
        point[gene] = others[int(far * len(others))]
        return at + 4
    size = (1 if far < 0.75 else 2) * (-1 if way < 0.5 else 1)
    if point[gene] + size not in values:
        size = -size
    point[gene] = min(max(point[gene] + size, low[gene]), high[gene])
    return at + 4


def poisson(u, mean):
    total = 0.0
    for count in range(10):
        total += math.exp(-mean) * mean**count / math.factorial(count)
        if u < total:
            return count
    return 10


def some_steps(n, point, row, at, free, low, high, p_reset):
    for _ in range(n):
        if at + 4 <= len(row):
            at = step(point, row, at, free, low, high, p_reset)


def mutants(random, parent, mean, p_reset, free, low, high, rules, some, out):
    for row, point in zip(random, out, strict=True):
        point[:] = parent
        some_steps(1 + poisson(row[0], mean), point, row, 1, free, low, high, p_reset)
        canonical_form(point, low, high, rules, some)


def flights(
    random, here, own, other, p_informant, p_own, mean, p_reset, free, low, high, rules, some, out
):
    for row, point in zip(random, out, strict=True):
        point[:] = here
        for u, gene in zip(row[1:], free, strict=False):
            if u < p_informant:
                point[gene] = other[gene]
            elif u < p_informant + p_own:
                point[gene] = own[gene]
        at = 1 + len(free)
        some_steps(poisson(row[0], mean), point, row, at, free, low, high, p_reset)
        canonical_form(point, low, high, rules, some)


def bee_moves(
    random, sources, slot, best, p_cross, p_guided, guide, p_gene, p_more, p_reset, free, low, high,
    rules, some, out,
):  # fmt: skip
    for row, point in zip(random, out, strict=True):
        point[:] = sources[slot]
        other = sources[other_than(row[2], len(sources), slot)]
        if row[0] >= p_cross:
            at = step(point, row, 3, free, low, high, p_reset)
            while at + 4 < len(row) and row[at] < p_more:
                at = step(point, row, at + 1, free, low, high, p_reset)
        elif row[1] < p_guided and slot != best:
            chosen = free[int(row[3] * len(free))]
            for gene, (u, phi, psi) in zip(free, row[4 : 4 + 3 * len(free)].reshape(-1, 3),
                                           strict=True):  # fmt: skip
                if gene == chosen or u < p_gene:
                    x = point[gene]
                    moved = x + (2 * phi - 1) * (x - other[gene])
                    moved += guide * psi * (sources[best][gene] - x)
                    point[gene] = min(max(round(moved), low[gene]), high[gene])
        else:
            for u in row[4 : 5 + int(row[3] * 2)]:
                gene = free[int(u * len(free))]
                point[gene] = other[gene]
        canonical_form(point, low, high, rules, some)
