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
