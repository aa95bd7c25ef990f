"""How well the data doctor finds faults put into clean records, and its false alarms.

    python benchmarks/doctor.py [--data DIR ...] [--each 30] [--seed 1] [--list]

Every record of every folder is taken as clean, but for the defects listed in KNOWN, which are in
the published data themselves. Faults that only the laws of motion can show (unit, sign, scale, time
base, delay, drift, mixed columns) are put into attitudes and rates that move by at least half a
degree (per second), since nothing in a record can confirm the others; those are named by the doctor
as resting on the file's word. All other faults go into any channel of any set that moves.

Accepted: detection >= 95 %, right diagnosis >= 90 %, false alarms on clean records <= 5 %;
estimates within 2 % (scale, time base) and one sample (delay).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from heliid.channels import find_kind
from heliid.data.csvfile import read_csv
from heliid.data.doctor import Finding, Severity, examine
from heliid.data.record import Channel, FlightRecord

DEG = np.pi / 180.0
FAULT_KINDS = frozenset(
    {"time order", "gap", "jitter", "low rate", "stuck", "dropout", "spikes", "clipping", "unit",
     "sign", "scale", "time base", "skew", "swapped", "inconsistent", "drift"}
)  # fmt: skip
# (part of the file name, kind, channel): defects of the data as published
KNOWN: tuple[tuple[str, str, str], ...] = (
    ("identification_run", "jitter", ""),  # its README: time stamps jitter between 7 and 14 ms
    ("identification_run", "spikes", "u_motor"),  # two single samples of -30 and 35 %
    ("multisine", "spikes", "u_motor"),  # two single samples of 20 and 22 %
    ("cascaded_tanks", "clipping", "y_level"),  # the level sensor saturates at 10 V
)
PAIRS = {"theta": "q", "q": "theta", "phi": "p", "p": "phi", "psi": "r", "r": "psi"}
LEAST_FAULT = 0.02  # of a channel's standard deviation: what changes less is no fault
GROUPS = (("p", "q", "r"), ("phi", "theta", "psi"))


@dataclass(frozen=True, eq=False)
class Case:
    """A record with one fault put in, and what ought to be said about it."""

    fault: str
    kind: str
    file: str
    record: FlightRecord
    channels: tuple[str, ...]
    value: float = 0.0  # factor, true over stated step, or delay in s
    place: tuple[float, float] | None = None


def symbol_of(name: str) -> str:
    """The catalogue symbol of a channel name, "" for a free one."""
    kind = find_kind(name)
    return kind.symbol if kind else ""


def in_motion(record: FlightRecord) -> list[str]:
    """Attitudes and rates that move, and whose partner is there and moves."""
    names = {symbol_of(c.name): c.name for c in record.channels}
    moving = {s: n for s, n in names.items() if s in PAIRS and record.column(n).std() > 0.5 * DEG}
    return [n for s, n in moving.items() if PAIRS[s] in moving]


def in_steps(column: np.ndarray) -> bool:
    """True for a switch, a staircase or a channel at rest: repeating a value is its habit."""
    return float(np.mean(np.diff(column) == 0.0)) > 0.2


def smooth_channels(record: FlightRecord) -> list[str]:
    """Channels that move at nearly every sample."""
    return [
        c.name for c, x in zip(record.channels, record.values.T, strict=True) if not in_steps(x)
    ]


def changed(record: FlightRecord, name: str, column: np.ndarray) -> FlightRecord:
    """The record with one channel replaced."""
    values = record.values.copy()
    values[:, record.index(name)] = column
    return replace(record, values=values)


def pick(rng: np.random.Generator, names: list[str]) -> str:
    """One of the names."""
    return names[int(rng.integers(len(names)))]


Made = tuple[FlightRecord, tuple[str, ...], float, tuple[float, float] | None]
Maker = Callable[[FlightRecord, np.random.Generator], Made | None]


def wrong_unit(record: FlightRecord, rng: np.random.Generator) -> Made | None:
    """A header that says radians over degrees, or the other way round."""
    names = in_motion(record)
    if not names:
        return None
    name = pick(rng, names)
    j = record.index(name)
    is_deg = record.channels[j].unit.startswith("deg")
    unit = record.channels[j].si if is_deg else record.channels[j].si.replace("rad", "deg")
    factor = 1 / DEG if is_deg else DEG
    channels = list(record.channels)
    channels[j] = Channel.of(name, unit)
    out = changed(record, name, record.column(name) * factor)
    return replace(out, channels=tuple(channels)), (name,), factor, None


def scaled(*factors: float) -> Maker:
    """A channel times one of the factors."""

    def make(record: FlightRecord, rng: np.random.Generator) -> Made | None:
        names = in_motion(record)
        if not names:
            return None
        name, factor = pick(rng, names), float(rng.choice(factors))
        return changed(record, name, factor * record.column(name)), (name,), factor, None

    return make


def time_base(*factors: float) -> Maker:
    """A stated step that is one of the factors times the true one."""

    def make(record: FlightRecord, rng: np.random.Generator) -> Made | None:
        if not in_motion(record):
            return None
        factor = float(rng.choice(factors))
        time_axis = record.time[0] + (record.time - record.time[0]) * factor
        return replace(record, time=time_axis), (), 1.0 / factor, None

    return make


def delayed(seconds: float) -> Maker:
    """A channel that comes late."""

    def make(record: FlightRecord, rng: np.random.Generator) -> Made | None:
        names = in_motion(record)
        if not names:
            return None
        name = pick(rng, names)
        late = np.interp(record.time - seconds, record.time, record.column(name))
        return changed(record, name, late), (name,), seconds, None

    return make


def held(record: FlightRecord, rng: np.random.Generator) -> Made | None:
    """A channel sampled and held at 10 Hz, or at a tenth of an unusual rate."""
    names = smooth_channels(record)
    if not names:
        return None
    name = pick(rng, names)
    rate = 1.0 / record.dt
    if 30.0 <= rate <= 200.0:  # the sample clock of a 10 Hz sensor
        slot = np.floor((record.time - record.time[0]) * 10.0 + 1e-6).astype(int)
    else:
        slot = np.arange(record.n_samples) // 10
    first = np.concatenate([[True], np.diff(slot) > 0])
    index = np.maximum.accumulate(np.where(first, np.arange(record.n_samples), 0))
    return changed(record, name, record.column(name)[index]), (name,), 0.0, None


def somewhere(rng: np.random.Generator, n_samples: int, n: int) -> int:
    """A first sample such that n samples fit inside the middle 90 %."""
    return int(rng.integers(int(0.05 * n_samples), int(0.95 * n_samples) - n))


def gap(record: FlightRecord, rng: np.random.Generator) -> Made | None:
    """5 to 100 rows missing."""
    n = int(min(rng.integers(5, 100), 0.1 * record.n_samples))
    first = somewhere(rng, record.n_samples, n)
    keep = np.ones(record.n_samples, dtype=bool)
    keep[first : first + n] = False
    place = (float(record.time[first - 1]), float(record.time[first + n]))
    return replace(record, time=record.time[keep], values=record.values[keep]), (), 0.0, place


def stretch(value: str) -> Maker:
    """10 to 100 samples at zero, or at the value they begin with."""

    def make(record: FlightRecord, rng: np.random.Generator) -> Made | None:
        names = smooth_channels(record)
        if not names:
            return None
        name = pick(rng, names)
        n = int(min(rng.integers(10, 100), 0.05 * record.n_samples))
        first = somewhere(rng, record.n_samples, n)
        column = record.column(name).copy()
        before = column.copy()
        column[first : first + n] = 0.0 if value == "zero" else column[first]
        if np.abs(column - before).max() < LEAST_FAULT * before.std():
            return None  # the channel was there anyway
        place = (float(record.time[first]), float(record.time[first + n - 1]))
        return changed(record, name, column), (name,), 0.0, place

    return make


def spiked(record: FlightRecord, rng: np.random.Generator) -> Made | None:
    """One to five spikes of one or two samples, 5 to 10 standard deviations."""
    names = smooth_channels(record)
    if not names:
        return None
    name = pick(rng, names)
    column = record.column(name).copy()
    for _ in range(int(rng.integers(1, 6))):
        width = int(rng.integers(1, 3))
        first = somewhere(rng, record.n_samples, width)
        size = rng.uniform(5.0, 10.0) * rng.choice([-1.0, 1.0]) * column.std()
        column[first : first + width] += size
    return changed(record, name, column), (name,), 0.0, None


def clipped(record: FlightRecord, rng: np.random.Generator) -> Made | None:
    """A channel cut off at its 2nd to 10th percentile, on one side or both."""
    names = smooth_channels(record)
    if not names:
        return None
    name = pick(rng, names)
    share = rng.uniform(2.0, 10.0)
    low, high = np.percentile(record.column(name), [share, 100.0 - share])
    side = rng.integers(3)
    low, high = (low if side != 1 else -np.inf), (high if side != 0 else np.inf)
    return changed(record, name, np.clip(record.column(name), low, high)), (name,), 0.0, None


def drifting(record: FlightRecord, rng: np.random.Generator) -> Made | None:
    """A ramp of 2 to 5 standard deviations over the record."""
    names = in_motion(record)
    if not names:
        return None
    name = pick(rng, names)
    column = record.column(name)
    size = rng.uniform(2.0, 5.0) * rng.choice([-1.0, 1.0]) * column.std()
    ramp = size * (record.time - record.time[0]) / record.duration
    return changed(record, name, column + ramp), (name,), size, None


def swapped(record: FlightRecord, rng: np.random.Generator) -> Made | None:
    """Two attitudes or two rates exchanged, at least one of which moves."""
    names = {symbol_of(c.name): c.name for c in record.channels}
    moving = in_motion(record)
    pairs = [
        (names[a], names[b])
        for group in GROUPS
        for i, a in enumerate(group)
        for b in group[i + 1 :]
        if a in names and b in names and (names[a] in moving or names[b] in moving)
    ]
    if not pairs:
        return None
    first, second = pairs[int(rng.integers(len(pairs)))]
    out = changed(record, first, record.column(second))
    return changed(out, second, record.column(first)), (first, second), 0.0, None


FAULTS: dict[str, tuple[str, Maker]] = {
    "degrees for radians": ("unit", wrong_unit),
    "sign": ("sign", scaled(-1.0)),
    "scale 10 %": ("scale", scaled(1.1, 0.9)),
    "scale 22 %": ("scale", scaled(1.22, 0.78)),
    "time base 10 %": ("time base", time_base(1.1, 0.9)),
    "time base 25 %": ("time base", time_base(1.25, 0.75)),
    "delay 40 ms": ("skew", delayed(0.040)),
    "delay 80 ms": ("skew", delayed(0.080)),
    "10 Hz in 100 Hz": ("low rate", held),
    "gap": ("gap", gap),
    "dropout": ("dropout", stretch("zero")),
    "spikes": ("spikes", spiked),
    "clipping": ("clipping", clipped),
    "stuck": ("stuck", stretch("hold")),
    "drift": ("drift", drifting),
    "swapped columns": ("swapped", swapped),
}


def faults_of(record: FlightRecord) -> list[Finding]:
    """The findings that accuse the recorder, not the experiment."""
    return [f for f in examine(record) if f.kind in FAULT_KINDS and f.severity is not Severity.NOTE]


def key(finding: Finding) -> tuple:
    """What makes a finding the same as one on the clean record."""
    return finding.kind, finding.channels, finding.evidence


def is_near(case: Case, finding: Finding) -> bool:
    """True when a finding points at the right place."""
    if case.channels and finding.channels:
        partners = {PAIRS.get(symbol_of(name), "") for name in case.channels}
        named = {symbol_of(name) for name in finding.channels}
        if not set(case.channels) & set(finding.channels) and not partners & named:
            return False
    if case.place and finding.kind == case.kind:
        return finding.start <= case.place[1] and finding.end >= case.place[0]
    return True


def is_right(case: Case, finding: Finding) -> bool:
    """True when kind, place and channel are those of the fault."""
    if finding.kind != case.kind or not is_near(case, finding):
        return False
    if case.kind == "swapped":
        return set(finding.channels) == set(case.channels)
    return not case.channels or case.channels[0] in finding.channels


def error_of(case: Case, finding: Finding) -> float:
    """Relative error of a factor, or a delay's error in samples; nan when there is none."""
    numbers = dict(finding.evidence)
    if case.kind == "time base":
        return numbers["dt_estimate"] / numbers["dt_stated"] / case.value - 1.0
    if case.kind == "scale":
        is_first = finding.channels[0] == case.channels[0]
        factor = numbers["factor"] if is_first else 1.0 / numbers["factor"]
        return factor / case.value - 1.0
    if case.kind == "skew":
        return (numbers["delay"] - case.value) / case.record.dt
    return float("nan")


def main() -> int:
    """Print the table; the exit status is 1 when a target is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, nargs="*", default=[Path("data")])
    parser.add_argument("--each", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="only faults whose name contains this")
    parser.add_argument("--list", action="store_true", help="every miss, with what was said")
    chosen = parser.parse_args()
    files = sorted(path for folder in chosen.data for path in folder.glob("**/*.csv"))
    records = {str(path): read_csv(path) for path in files}
    start = time.perf_counter()
    before = {file: faults_of(record) for file, record in records.items()}
    alarms = report_clean(before, chosen.list)
    totals = np.zeros(4)
    print(f"{'fault':22s} {'n':>3s} {'found':>6s} {'right':>6s} {'exact':>6s}  estimate")
    for number, (fault, (kind, maker)) in enumerate(FAULTS.items()):
        if chosen.only not in fault:
            continue
        rng = np.random.default_rng([chosen.seed, number])
        cases = make_cases(fault, kind, maker, records, rng, chosen.each)
        totals += report_fault(fault, cases, before, chosen.list)
    n, found, right, exact = totals
    print(
        f"{'all':22s} {n:3.0f} {100 * found / n:5.1f}% {100 * right / n:5.1f}% "
        f"{100 * exact / n:5.1f}%  in {time.perf_counter() - start:.0f} s"
    )
    return int(found < 0.95 * n or right < 0.9 * n or alarms > 0.05)


def make_cases(
    fault: str,
    kind: str,
    maker: Maker,
    records: dict[str, FlightRecord],
    rng: np.random.Generator,
    each: int,
) -> list[Case]:
    """So many cases, spread over the sets first and then over the records of a set."""
    sets: dict[str, list[str]] = {}
    for file in records:
        sets.setdefault(str(Path(file).parent), []).append(file)
    cases: list[Case] = []
    for trial in range(40 * each):
        names = list(sets)
        folder = names[trial % len(names)]
        file = sets[folder][int(rng.integers(len(sets[folder])))]
        made = maker(records[file], rng)
        if made is not None:
            record, channels, value, place = made
            cases.append(Case(fault, kind, file, record, channels, value, place))
        if len(cases) == each:
            break
    return cases


def report_clean(before: dict[str, list[Finding]], is_listed: bool) -> float:
    """Share of records with a false alarm."""
    n_false = n_known = 0
    for file, found in before.items():
        alarms = [
            f for f in found
            if not any(part in file and kind == f.kind and (not name or name in f.channels)
                       for part, kind, name in KNOWN)
        ]  # fmt: skip
        n_known += len(found) - len(alarms)
        n_false += bool(alarms)
        for finding in alarms if is_listed else []:
            print(f"  false alarm {file}: {finding.kind} {finding.channels}: {finding.sentence}")
    share = n_false / max(len(before), 1)
    print(
        f"{len(before)} clean records: {n_false} with a false alarm ({100 * share:.1f} %), "
        f"{n_known} known defects of the published data found"
    )
    return share


def report_fault(
    fault: str, cases: list[Case], before: dict[str, list[Finding]], is_listed: bool
) -> np.ndarray:
    """(cases, found, right, exact channel) and a line of the table."""
    counts, errors = np.zeros(4), []
    for case in cases:
        old = {key(f) for f in before[case.file]}
        new = [f for f in faults_of(case.record) if key(f) not in old]
        near = [f for f in new if is_near(case, f)]
        right = [f for f in near if is_right(case, f)]
        exact = [f for f in right if not case.channels or f.channels[0] in case.channels]
        counts += [1, bool(near), bool(right), bool(exact)]
        if right:
            errors.append(error_of(case, right[0]))
        elif is_listed:
            said = "; ".join(f"{f.kind} {f.channels}" for f in new) or "nothing"
            print(f"  miss {fault} in {case.channels} {case.value:.3g} of {case.file}: {said}")
    n = max(counts[0], 1)
    known = np.abs([e for e in errors if np.isfinite(e)])
    text = ""
    if len(known):
        is_delay = cases[0].kind == "skew"
        limit, scale, unit = (1.0, 1.0, "samples") if is_delay else (0.02, 100.0, "%")
        text = (
            f"median {scale * np.median(known):.2f} {unit}, 95 % below "
            f"{scale * np.percentile(known, 95):.2f} {unit}, "
            f"{100 * np.mean(known <= limit):.0f} % within {scale * limit:g} {unit}"
        )
    print(
        f"{fault:22s} {counts[0]:3.0f} {100 * counts[1] / n:5.1f}% {100 * counts[2] / n:5.1f}% "
        f"{100 * counts[3] / n:5.1f}%  {text}"
    )
    return counts


if __name__ == "__main__":
    raise SystemExit(main())
