"""Task functions for the search tests, importable in worker processes."""

import math
import os
import signal
import time

CENTRE = (2, 5, 1, 3)


def valley_task(genome):
    distance = sum((gene - centre) ** 2 for gene, centre in zip(genome, CENTRE, strict=True))
    cost = math.sqrt(distance) * (1.0 + 0.3 * math.sin(sum(genome) * 12.9898))
    return {"cost": cost, "nrmse": [cost, cost], "diverged": False, "weights": list(genome)}


def uneven_valley_task(genome):
    """The later ones may finish first."""
    time.sleep(0.0005 * (sum(genome) % 7))
    return valley_task(genome)


def slow_valley_task(genome):
    time.sleep(0.05)
    return valley_task(genome)


def dying_valley_task(genome):
    if sum(genome) % 5 == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return valley_task(genome)


def half_nan_task(genome):
    return float("nan") if sum(genome) % 2 else valley_task(genome)["cost"]


def failing_task(genome):
    raise ValueError("no such data")


def costless_task(genome):
    return {"nrmse": 1.0}
