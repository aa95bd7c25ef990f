"""A helicopter whose truth is known: nonlinear longitudinal motion with flapping and inflow lag.

Values are plausible for a BO-105 class helicopter at 80 kt (41 m/s); they come from no table.
States: u, w (m/s), q (rad/s), theta (rad), all deviations from trim, the flap lag a of the
longitudinal cyclic and the inflow lag nu of the collective (%).

``python -m heliid.truth --out data/truth`` writes the records that ship with HeliID.
"""

from __future__ import annotations

import argparse
import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from heliid.data.record import Channel, FlightRecord, Source, StepDone

U0 = 41.0  # m/s
THETA0 = 0.03  # rad
W0 = U0 * math.sin(THETA0)  # m/s
GRAVITY = 9.80665  # m/s^2
FLAP_TIME = 0.09  # s
INFLOW_TIME = 0.18  # s
LON_TRIM, COL_TRIM = 48.0, 55.0  # %, stick positions at trim
PILOT_THETA, PILOT_Q = 12.0, 4.0  # %/rad, %/(rad/s): a weak pilot who holds the attitude
STEP = 0.01  # s, Runge-Kutta
EVERY = 2  # recorded at 50 Hz
DURATION = 30.0  # s
NOISE = (0.04, 0.04, 0.03, 0.02)  # of each record's standard deviation of u, w, q, theta

CHANNELS = (
    Channel.of("delta_lon", "%"),
    Channel.of("delta_col", "%"),
    Channel.of("u", "m/s"),
    Channel.of("w", "m/s"),
    Channel.of("q", "deg/s"),
    Channel.of("theta", "deg"),
)
INPUTS = ("delta_lon", "delta_col")
OUTPUTS = ("u", "w", "q", "theta")

Command = Callable[[float], float]  # stick deviation from trim in % over time in s


def rates_of_change(x: Sequence[float], d_lon: float, d_col: float) -> tuple[float, ...]:
    """dx/dt of x = (u, w, q, theta, a, nu) for stick deviations in %; plain floats, for speed."""
    u, w, q, theta, a, nu = x
    r = 1.0 + u / U0
    force_x = (
        -0.045 * u * (1.0 + 0.5 * u / U0)
        - 0.0009 * u * abs(u)
        + 0.035 * w
        - 0.002 * w * w
        - 0.025 * a
        + 0.02 * nu
    )
    force_z = -0.08 * u - 0.95 * w * r - 0.012 * w * abs(w) + 0.3 * q + 0.25 * a * r - 0.36 * nu * r
    moment = (
        0.006 * u
        + 0.045 * w * r
        - 0.0045 * w * abs(w)
        + 0.0025 * w * w
        - 3.7 * q * r
        + 0.092 * a * r
        + 0.022 * nu
    )
    return (
        force_x - (W0 + w) * q - GRAVITY * (math.sin(THETA0 + theta) - math.sin(THETA0)),
        force_z + (U0 + u) * q + GRAVITY * (math.cos(THETA0 + theta) - math.cos(THETA0)),
        moment,
        q,
        (d_lon - a) / FLAP_TIME,
        (d_col - nu) / INFLOW_TIME,
    )


def eigenvalues_at_trim() -> np.ndarray:
    """The six eigenvalues of the free airframe (no pilot) at trim, 1/s, complex, slowest first."""
    small = 1e-6

    def slope(x: np.ndarray) -> np.ndarray:
        return np.array(rates_of_change(x.tolist(), 0.0, 0.0))

    columns = [(slope(e) - slope(-e)) / (2.0 * small) for e in small * np.eye(6)]
    values = np.linalg.eigvals(np.array(columns).T)
    return np.asarray(values[np.argsort(np.abs(values), kind="stable")])


def simulate(
    lon: Command,
    col: Command,
    *,
    duration: float = DURATION,
    step: float = STEP,
    has_pilot: bool = True,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Time (N,), states (N, 6) and total stick deviations (N, 2) in %, fourth-order Runge-Kutta."""
    on_theta, on_q = (PILOT_THETA, PILOT_Q) if has_pilot else (0.0, 0.0)

    def slope(lon_now: float, col_now: float, x: Sequence[float]) -> tuple[float, ...]:
        return rates_of_change(x, lon_now - on_theta * x[3] - on_q * x[2], col_now)

    def moved(x: Sequence[float], by: float, k: Sequence[float]) -> list[float]:
        return [a + by * b for a, b in zip(x, k, strict=True)]

    n = round(duration / step)
    x = [0.0] * 6
    states, sticks = [x], [(lon(0.0), col(0.0))]
    for k in range(n):
        here, middle = sticks[-1], (lon((k + 0.5) * step), col((k + 0.5) * step))
        there = (lon((k + 1) * step), col((k + 1) * step))
        k1 = slope(*here, x)
        k2 = slope(*middle, moved(x, step / 2, k1))
        k3 = slope(*middle, moved(x, step / 2, k2))
        k4 = slope(*there, moved(x, step, k3))
        x = [
            a + step / 6 * (b + 2 * c + 2 * d + e)
            for a, b, c, d, e in zip(x, k1, k2, k3, k4, strict=True)
        ]
        states.append(x)
        sticks.append(there)
    path, controls = np.array(states), np.array(sticks)
    controls[:, 0] -= on_theta * path[:, 3] + on_q * path[:, 2]
    return step * np.arange(n + 1), path, controls


# Stick movements --------------------------------------------------------------------------------

RISE = 0.12  # s, how long a hand takes for a step


def steps(*moves: tuple[float, float]) -> Command:
    """A stick that goes to each (time s, value %) in turn, within 0.12 s."""
    times = [move[0] for move in moves]
    values = [0.0, *(move[1] for move in moves)]

    def value(t: float) -> float:
        n = bisect_right(times, t)
        if n == 0:
            return 0.0
        share = min(1.0, (t - times[n - 1]) / RISE)
        return values[n - 1] + share * (values[n] - values[n - 1])

    return value


def multistep(start: float, unit: float, amplitude: float, pattern: tuple[int, ...]) -> Command:
    """Alternating steps of ``unit`` * pattern seconds, e.g. (3, 2, 1, 1); back to zero."""
    moves, t, sign = [], start, 1.0
    for length in pattern:
        moves.append((t, sign * amplitude))
        t += length * unit
        sign = -sign
    return steps(*moves, (t, 0.0))


def sweep(start: float, end: float, f0: float, f1: float, amplitude: float) -> Command:
    """Exponential frequency sweep from f0 to f1 Hz, faded in and out over 1 s."""
    length, growth = end - start, math.log(f1 / f0)

    def value(t: float) -> float:
        if not start <= t <= end:
            return 0.0
        phase = 2 * math.pi * f0 * length / growth * math.expm1(growth * (t - start) / length)
        fade = min(1.0, t - start, end - t)
        return amplitude * fade * math.sin(phase)

    return value


def sines(start: float, *parts: tuple[float, float, float]) -> Command:
    """A sum of (amplitude %, frequency Hz, phase rad) from ``start`` on, faded in over 1 s."""

    def value(t: float) -> float:
        fade = min(1.0, max(0.0, t - start))
        return fade * sum(a * math.sin(2 * math.pi * f * (t - start) + p) for a, f, p in parts)

    return value


def together(*commands: Command) -> Command:
    """The sum of several stick movements."""
    return lambda t: sum(command(t) for command in commands)


def manoeuvres() -> dict[str, tuple[str, str, Command, Command]]:
    """Per record name: role, one line for the engineer, cyclic and collective commands.

    The 3-2-1-1 follows omega_n * dt = 1.6 (Jategaonkar, eq. 2.11) for a pitch and heave response
    near 1.6 rad/s; doublets are of several lengths around 2.3 / omega_n (eq. 2.9). Each record
    rests for at least 1.5 s first. Training flies to both sides of the trim speed: a model that
    saw only slower flight is lost in faster.
    """
    pull, push = 1.0, -1.0
    return {
        "train_1_3211_lon": (
            "train",
            "3-2-1-1 cyclic, then doublets",
            together(
                multistep(1.5, 1.0, 6.0 * pull, (3, 2, 1, 1)),
                multistep(13.0, 0.7, 6.0 * push, (1, 1)),
                multistep(20.0, 1.0, 6.0 * push, (2, 1)),
            ),
            together(
                multistep(11.0, 1.2, 6.0, (1, 1)),
                multistep(17.0, 0.6, -7.0, (1, 1)),
                multistep(24.0, 1.0, 6.0, (1, 1)),
            ),
        ),
        "train_2_sweep_lon": (
            "train",
            "cyclic sweep 0.08-2.2 Hz with collective doublets",
            sweep(1.5, 29.5, 0.08, 2.2, 6.5 * push),
            together(
                multistep(6.0, 1.2, -6.0, (1, 1)),
                multistep(15.0, 0.7, 7.0, (1, 1)),
                multistep(22.0, 0.4, 7.0, (1, 1)),
            ),
        ),
        "train_3_3211_col": (
            "train",
            "3-2-1-1 collective with cyclic pulses",
            together(
                multistep(9.5, 1.0, 7.0 * push, (1,)),
                multistep(14.0, 1.2, 7.0 * pull, (1,)),
                multistep(19.0, 0.6, 8.0 * pull, (1, 1)),
                multistep(23.0, 0.8, 7.0 * push, (1,)),
            ),
            multistep(1.5, 1.0, 8.0, (3, 2, 1, 1)),
        ),
        "train_4_3211_lon_reversed": (
            "train",
            "reversed 3-2-1-1 cyclic with a collective sweep 0.1-1.5 Hz",
            together(
                multistep(1.5, 1.0, 6.0 * push, (3, 2, 1, 1)),
                multistep(17.0, 0.9, 6.0 * pull, (2, 1)),
            ),
            sweep(8.0, 29.0, 0.1, 1.5, 7.0),
        ),
        "validate_1_stairs": (
            "validate",
            "uneven cyclic steps and collective sines",
            steps(
                (1.6, 4.0),
                (3.1, -3.0),
                (5.3, -5.5),
                (6.4, 2.0),
                (8.9, 6.0),
                (9.8, 0.0),
                (13.2, -4.0),
                (14.0, 5.0),
                (15.1, 0.0),
                (19.0, 3.0),
                (22.0, -4.0),
                (23.2, 0.0),
            ),
            sines(1.6, (2.5, 0.13, 0.4), (2.0, 0.37, 1.9), (1.0, 0.83, 4.0)),
        ),
        "validate_2_sines": (
            "validate",
            "cyclic sines and collective steps",
            sines(1.6, (2.9, 0.11, math.pi), (2.4, 0.29, 2.1), (1.8, 0.61, 3.7), (1.2, 1.3, 5.2)),
            steps(
                (2.4, -5.0),
                (5.0, 3.0),
                (6.1, -2.0),
                (10.5, 5.5),
                (12.0, 0.0),
                (17.5, -4.0),
                (19.4, 4.0),
                (20.6, 0.0),
            ),
        ),
        "test_1_large_2112": (
            "test",
            "large 2-1-1-2 cyclic with collective steps; leaves the training envelope",
            together(
                multistep(1.5, 1.05, 8.9 * pull, (2, 1, 1, 2)),
                multistep(14.0, 0.8, 8.0 * push, (1, 2, 1)),
            ),
            steps((4.0, 6.0), (7.5, -6.0), (10.0, 0.0), (19.0, 7.0), (21.5, 0.0)),
        ),
        "test_2_large_pulses": (
            "test",
            "large cyclic pulses and doublets with collective steps; leaves the envelope",
            together(
                multistep(1.7, 1.25, 8.8 * push, (2,)),
                multistep(9.0, 0.6, 9.0 * pull, (1, 1, 1)),
                multistep(18.0, 1.3, 8.0 * pull, (1, 1)),
            ),
            steps((2.8, 4.0), (5.0, -5.0), (9.0, -7.0), (10.4, 0.0), (22.0, -6.0), (24.0, 0.0)),
        ),
    }


def role_of(name: str) -> str:
    """``train``, ``validate`` or ``test``, from a record's name."""
    return name.split("_")[0]


def make_truth_set(
    seed: int = 1, noise: float = 1.0
) -> dict[str, tuple[FlightRecord, FlightRecord]]:
    """Per name: the noisy and the clean record, total values in SI; same seed, same bits.

    ``noise`` scales the standard 4/4/3/2 % of u/w/q/theta.
    """
    return {
        name: _records(name, lon, col, np.random.default_rng([seed, number]), noise)
        for number, (name, (_, _, lon, col)) in enumerate(manoeuvres().items())
    }


def _records(
    name: str, lon: Command, col: Command, generator: np.random.Generator, noise: float
) -> tuple[FlightRecord, FlightRecord]:
    time, states, controls = simulate(lon, col)
    time, states, controls = time[::EVERY], states[::EVERY], controls[::EVERY]
    outputs = states[:, :4]
    errors = (
        generator.standard_normal(outputs.shape) * noise * np.array(NOISE) * outputs.std(axis=0)
    )
    trim = np.array([LON_TRIM, COL_TRIM, U0, W0, 0.0, THETA0])
    clean = np.hstack([controls, outputs]) + trim
    noisy = np.hstack([controls, outputs + errors]) + trim
    step = StepDone("simulated", (("model", "heliid.truth"), ("noise", float(noise))))

    def record(values: np.ndarray, suffix: str) -> FlightRecord:
        source = Source(f"heliid.truth {name}{suffix}")
        return FlightRecord(f"{name}{suffix}", time, values, CHANNELS, source, (step,))

    return record(noisy, ""), record(clean, "_clean")


# Shipped files ----------------------------------------------------------------------------------


def write_set(folder: Path, seed: int = 1) -> list[Path]:
    """Write every record as CSV in flight-test units, noisy and clean, and a README."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for noisy, clean in make_truth_set(seed).values():
        for record in (noisy, clean):
            path = folder / f"{record.name}.csv"
            path.write_text(_csv_text(record), encoding="utf-8")
            written.append(path)
    (folder / "README.md").write_text(_readme(seed), encoding="utf-8")
    return [*written, folder / "README.md"]


def _csv_text(record: FlightRecord) -> str:
    from heliid.units import unit_or_free

    header = ",".join(["time [s]", *(f"{c.name} [{c.unit}]" for c in record.channels)])
    columns = [
        unit_or_free(channel.unit).from_si(record.values[:, j])
        for j, channel in enumerate(record.channels)
    ]
    rows = [
        ",".join([f"{t:.2f}", *(f"{value:.6g}" for value in row)])
        for t, row in zip(record.time, np.column_stack(columns), strict=True)
    ]
    return "\n".join([header, *rows, ""])


def _readme(seed: int) -> str:
    lines = "\n".join(
        f"| {name}.csv | {role} | {text} |" for name, (role, text, _, _) in manoeuvres().items()
    )
    return f"""# A helicopter with known truth

Simulated by `python -m heliid.truth --out FOLDER` (seed {seed}): nonlinear longitudinal motion of a
BO-105 class helicopter at 80 kt with flapping and inflow lag and a weak pilot who holds the
attitude. The equations and all values are in `heliid/truth.py`; they come from no table. 30 s a
record at 50 Hz, total values, at rest for the first 1.5 s. The inputs are exact and contain the
pilot's corrections; u, w, q and theta carry white noise of 4, 4, 3 and 2 % of their standard
deviation. `NAME_clean.csv` is the same record without noise: to judge a model, never to make one.

Eigenvalues of the free airframe at trim, 1/s: -0.0279 +- 0.1117i (phugoid), -0.376, -4.263,
-5.56 (inflow), -11.1 (flapping).

| file | role | manoeuvre |
|---|---|---|
{lines}

| channel | meaning | sign |
|---|---|---|
| delta_lon [%] | longitudinal cyclic, trim {LON_TRIM:g} | positive aft (nose up) |
| delta_col [%] | collective, trim {COL_TRIM:g} | positive up |
| u [m/s] | forward speed in body axes, trim {U0:g} | positive forward |
| w [m/s] | vertical speed in body axes, trim {W0:.4f} | positive down |
| q [deg/s] | pitch rate | positive nose up |
| theta [deg] | pitch attitude, trim {np.rad2deg(THETA0):.4f} | positive nose up |

The two test records leave the training envelope by 20 to 40 % in u and in w.
"""


def main(argv: list[str] | None = None) -> int:
    """Write the shipped records."""
    parser = argparse.ArgumentParser(prog="python -m heliid.truth", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the CSV files")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args(argv)
    write_set(arguments.out, arguments.seed)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
