"""Small records for tests."""

from __future__ import annotations

import numpy as np

from heliid.data.record import Channel, FlightRecord, Source


def make_record(name="flight", n=400, dt=0.02, seed=1, names=("stick", "q"), units=None, lead=0):
    """A record of smooth random channels; the first ``lead`` samples rest at 1."""
    generator = np.random.default_rng(seed)
    time = dt * np.arange(n)
    values = np.empty((n, len(names)))
    for j in range(len(names)):
        phases = generator.uniform(0, 2 * np.pi, 4)
        rates = generator.uniform(0.1, 1.5, 4)
        values[:, j] = 1.0 + np.sin(2 * np.pi * np.outer(time, rates) + phases).sum(axis=1)
        values[:lead, j] = 1.0
    units = units or ("%",) + ("rad/s",) * (len(names) - 1)
    channels = [Channel.of(a, b) for a, b in zip(names, units, strict=True)]
    return FlightRecord(name, time, values, channels, Source(f"{name}.csv"))
