"""Modes and derivatives of aircraft whose truth is known, over several noise seeds.

``python -m benchmarks.physics --seeds 8``: relative errors of the frequencies, errors of the
damping ratios, and how often the 95 % intervals (refits without one record each) hold the truth.

The forces of the synthetic helicopter contain v|v|, so its roots depend on the size of the motion.
They are compared at rest, where the model must be continued beyond what was flown, and for motions
half as large and as large as flown, each with the truth's own mean slope over the same motions.
"""

from __future__ import annotations

import argparse

import numpy as np

from heliid.physics import leave_one_out, study_physics
from heliid.physics.modes import match, name_modes
from heliid.physics.summary import Physics
from heliid.training import TrainingSettings
from heliid.truth import eigenvalues_at_trim, make_truth_set, rates_of_change
from tests.judgement.plants import INPUTS, OUTPUTS, fit_model, order
from tests.physics.aircraft import SETTINGS, entry, fly, identified
from tests.physics.test_recovery import PLANTS, strong_derivatives

KINEMATICS = TrainingSettings(kinematics=((3, 2),))
SLOW = 4.5  # 1/s; the roots beyond are those of flapping and inflow
SIZES = (0.5, 1.0)  # of the training standard deviations
N_MOTIONS = 4000


def compare(physics: Physics, truth: np.ndarray) -> list[tuple[str, float, float, list[bool]]]:
    """Per true mode: name, error of frequency (share), of damping, and the intervals' hits."""
    rows = []
    for true in name_modes(truth, is_longitudinal=True):
        found = match(true, physics.modes)
        if found is None:
            rows.append((true.name, np.nan, np.nan, [False]))
            continue
        interval = physics.intervals[physics.modes.index(found)]
        hits = []
        if interval is not None:
            hits.append(interval.frequency[0] <= true.frequency <= interval.frequency[1])
            if true.is_oscillation:
                hits.append(interval.damping[0] <= true.damping <= interval.damping[1])
        rows.append(
            (true.name, found.frequency / true.frequency - 1, found.damping - true.damping, hits)
        )
    return rows


def truth_of_size(size: float, spread: np.ndarray) -> np.ndarray:
    """Eigenvalues of the truth's mean slope over motions of ``size`` times ``spread`` (4,).

    Gaussian and independent in u, w, q and theta, as ``heliid.physics.amplitude`` takes them.
    """
    half = np.random.default_rng(0).normal(size=(N_MOTIONS // 2, 4)) * size * spread
    points = np.zeros((N_MOTIONS, 6))
    points[:, :4] = np.vstack([half, -half])
    small, total = 1e-5, np.zeros((6, 6))
    for point in points:
        for k, e in enumerate(small * np.eye(6)):
            up, down = (rates_of_change((point + s * e).tolist(), 0.0, 0.0) for s in (1.0, -1.0))
            total[:, k] += (np.array(up) - np.array(down)) / (2.0 * small)
    return np.asarray(np.linalg.eigvals(total / N_MOTIONS))


def compare_sizes(physics: Physics, spread: np.ndarray) -> dict[float, list]:
    """Rows as of ``compare``, without intervals, for motions of each size."""
    known = {one.amplitude: one.modes for one in physics.by_amplitude}
    found: dict[float, list] = {}
    for size in SIZES:
        values = truth_of_size(size, spread)
        rows = found[size] = []
        for true in name_modes(values[np.abs(values) < SLOW], is_longitudinal=True):
            mode = match(true, known[size])
            if mode is None:
                rows.append((true.name, np.nan, np.nan, []))
            else:
                error = mode.frequency / true.frequency - 1
                rows.append((true.name, error, mode.damping - true.damping, []))
    return found


def show(title: str, rows: list[tuple[str, float, float, list[bool]]]) -> None:
    """One line per mode over all seeds, and the coverage of all intervals."""
    print(title)
    for name in dict.fromkeys(row[0] for row in rows):
        own = [row for row in rows if row[0] == name]
        frequency, damping = (np.array([row[k] for row in own]) for k in (1, 2))
        print(
            f"  {name:<18} frequency {100 * np.nanmedian(frequency):+6.1f} % "
            f"(worst {100 * np.nanmax(np.abs(frequency)):5.1f} %, within 10 %: "
            f"{np.sum(np.abs(frequency) <= 0.1)} of {len(own)}), damping worst "
            f"{np.nanmax(np.abs(damping)):.3f}"
        )
    hits = [hit for row in rows for hit in row[3]]
    if hits:
        print(f"  intervals hold the truth in {100 * np.mean(hits):.0f} % of {len(hits)}")


def truth_set(seeds: range, hidden: int) -> None:
    """The nonlinear helicopter: one order, new noise for each seed."""
    values = eigenvalues_at_trim()
    values = values[np.abs(values) < SLOW]
    rows: list = []
    of_size: dict[float, list] = {size: [] for size in SIZES}
    for seed in seeds:
        records = [v[0] for k, v in make_truth_set(seed).items() if k.startswith("train")]
        structure = order(2, 4, 1, 4, hidden=hidden)
        model = fit_model(records, INPUTS, OUTPUTS, structure, settings=KINEMATICS, table=1)
        members = leave_one_out(model, records, KINEMATICS, table=1)
        physics = study_physics(model, members)
        rows += compare(physics, values)
        for size, found in compare_sizes(physics, model.scaling.output_std).items():
            of_size[size] += found
    show(f"synthetic helicopter, noise 2 to 4 %, {hidden} hidden units, {len(seeds)} seeds", rows)
    for size, found in of_size.items():
        show(f"... motions of {size:g} of the size flown, truth and model alike", found)


def linear_plants(seeds: range) -> None:
    """Published linear aircraft, 3 % noise: modes and strong derivatives."""
    for name, speed in PLANTS:
        truth = np.linalg.eigvals(np.array(entry(name, speed)["A"]))
        table, strong = entry(name, speed)["derivatives"], strong_derivatives(name, speed)
        rows, errors, hits = [], [], []
        for seed in seeds:
            model = identified(name, speed, seed)
            physics = study_physics(model, leave_one_out(model, fly(name, speed, seed), SETTINGS))
            rows += compare(physics, truth)
            for one in physics.derivatives:
                if one.interval is not None:
                    hits.append(one.interval[0] <= table[one.name] <= one.interval[1])
                if one.name in strong:
                    errors.append(abs(one.value / table[one.name] - 1))
        show(f"{name}, {speed} kt, 3 % noise, {len(seeds)} seeds", rows)
        print(
            f"  strong derivatives: median error {100 * np.median(errors):.1f} %, worst "
            f"{100 * np.max(errors):.1f} %, within 10 %: {np.sum(np.array(errors) <= 0.1)} of "
            f"{len(errors)}; intervals of all derivatives hold {100 * np.mean(hits):.0f} % of "
            f"{len(hits)}"
        )


def main() -> int:
    """Both kinds of aircraft."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--hidden", type=int, default=4)
    parser.add_argument("--only", choices=("truth", "linear"))
    options = parser.parse_args()
    seeds = range(1, options.seeds + 1)
    if options.only != "linear":
        truth_set(seeds, options.hidden)
    if options.only != "truth":
        linear_plants(seeds)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
