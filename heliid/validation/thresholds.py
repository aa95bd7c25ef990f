"""The table of limits: value, where it comes from, how sure we are of its digits, and edits.

A limit marked ``READ`` was read in the text of its source; one marked ``GUIDELINE`` is quoted
from memory of its source and shown as such; ``OWN`` is HeliID's choice, with its reason. All can
be edited; an edited limit keeps its original value, so that a report shows both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from heliid.errors import SettingsError

READ = "read in source"
GUIDELINE = "guideline, digits not verified"
OWN = "HeliID's own choice"

C2A = "14 CFR Part 60, Appendix C, Table C2A (text of 1 January 2019)"
TISCHLER = "Tischler & Remple, Aircraft and Rotorcraft System Identification, 2nd ed., 2012"
JATEGAONKAR = "Jategaonkar, Flight Vehicle System Identification, 2nd ed., 2015, chapter 11"
LJUNG = "Ljung, System Identification: Theory for the User, 2nd ed., 1999, section 16.6"


@dataclass(frozen=True, slots=True)
class Threshold:
    """One limit; ``original`` is its value before an edit, None when nobody edited it."""

    key: str
    text: str
    value: float
    unit: str
    source: str
    status: str
    original: float | None = None

    @property
    def is_edited(self) -> bool:
        """True when the value is not the one of the source."""
        return self.original is not None and self.original != self.value


def _c2a(key: str, text: str, value: float, unit: str, entry: str) -> Threshold:
    return Threshold(key, text, value, unit, f"{C2A}, entry {entry}", READ)


def _guide(key: str, text: str, value: float, unit: str, source: str) -> Threshold:
    return Threshold(key, text, value, unit, source, GUIDELINE)


def _own(key: str, text: str, value: float, unit: str, reason: str) -> Threshold:
    return Threshold(key, text, value, unit, reason, OWN)


_TABLE: tuple[Threshold, ...] = (
    _guide("theil_good", "Theil's U, good", 0.25, "-", f"{TISCHLER}; {JATEGAONKAR}"),
    _guide("theil_limit", "Theil's U, acceptable", 0.30, "-", f"{TISCHLER}; {JATEGAONKAR}"),
    _guide("theil_bias", "Share of bias in the error, U_M", 0.1, "-", JATEGAONKAR),
    _guide("theil_variance", "Share of wrong size in the error, U_S", 0.1, "-", JATEGAONKAR),
    _guide("j_rms_good", "Weighted rms error J_rms, good", 1.0, "-", TISCHLER),
    _guide("j_rms_limit", "Weighted rms error J_rms, acceptable", 2.0, "-", TISCHLER),
    _guide("j_pair_good", "J of one frequency response", 150.0, "-", f"{TISCHLER}, eq. 12.24"),
    _guide("j_pair_limit", "J of one response, largest", 200.0, "-", f"{TISCHLER}, eq. 12.24"),
    _guide("j_mean_limit", "Mean J of all responses", 100.0, "-", f"{TISCHLER}, eq. 12.23"),
    _guide("j_mean_excellent", "Mean J, excellent", 50.0, "-", f"{TISCHLER}, eq. 12.23"),
    _guide("coherence", "Smallest coherence used", 0.6, "-", TISCHLER),
    _guide("lags_outside", "Share of lags outside 1.96/sqrt(N)", 0.05, "-", LJUNG),
    # Longitudinal control response: a step of the control in cruise.
    _c2a("response_share", "Control response, share of change", 0.10, "-", "2.c.1"),
    _c2a("response_pitch_rate", "Control response, pitch rate", 2.0, "deg/s", "2.c.1"),
    _c2a("response_pitch", "Control response, pitch attitude", 1.5, "deg", "2.c.1"),
    _c2a("response_roll_rate", "Control response, roll rate", 3.0, "deg/s", "2.b.3.b"),
    _c2a("response_roll", "Control response, roll attitude", 3.0, "deg", "2.b.3.b"),
    _c2a("response_yaw_rate", "Control response, yaw rate", 2.0, "deg/s", "2.b.3.c"),
    _c2a("response_heading", "Control response, heading", 2.0, "deg", "2.b.3.c"),
    _c2a("response_az", "Control response, normal acceleration", 0.1, "g", "2.b.3.d"),
    _c2a("short_pitch", "Short term, pitch attitude", 1.5, "deg", "2.c.3.b"),
    _c2a("short_pitch_rate", "Short term, pitch rate", 2.0, "deg/s", "2.c.3.b"),
    _c2a("short_az", "Short term, normal acceleration", 0.1, "g", "2.c.3.b"),
    _c2a("long_period", "Long term, period", 0.10, "-", "2.c.3.a"),
    _c2a("long_time", "Long term, time to half or double amplitude", 0.10, "-", "2.c.3.a"),
    _c2a("long_damping", "Long term, damping ratio", 0.02, "-", "2.c.3.a"),
    _c2a("free_pitch", "Non-periodic, pitch attitude", 3.0, "deg", "2.c.3.a"),
    _c2a("free_airspeed", "Non-periodic, airspeed", 5.0, "kt", "2.c.3.a"),
    _c2a("free_seconds", "Non-periodic, time after release", 20.0, "s", "2.c.3.a"),
    _own(
        "band_inside",
        "Share of samples that must lie inside a band",
        1.0,
        "-",
        "the table asks for the time history to be inside; it names no share",
    ),
    _own(
        "response_seconds",
        "Time after the input in which a control response is compared",
        5.0,
        "s",
        "the table gives no time for cruise; it calls the same test in hover a short time test",
    ),
    _own("gain_amber", "Error of size, look closer", 0.05, "-", "half of the limit for a warning"),
    Threshold("gain_limit", "Error of size", 0.10, "-", f"{C2A}, 10 % of entry 2.c.1", READ),
    _own("bias_amber", "Bias, share of the signal, look closer", 0.05, "-", "half of the limit"),
    _own(
        "bias_limit",
        "Bias, share of the signal's standard deviation",
        0.10,
        "-",
        "a bias that is a tenth of the motion; smaller ones do not matter even when U_M is large",
    ),
    _own(
        "bias_red",
        "Share of bias in the error above which it is the main error",
        0.5,
        "-",
        "most of the squared error is one constant",
    ),
    _own("delay_amber", "Delay of the model, look closer", 0.025, "s", "half of the limit"),
    _own(
        "delay_limit",
        "Delay of the model",
        0.05,
        "s",
        f"half of the 100 ms that {C2A}, entry 4.a.2, grants a whole simulator",
    ),
    _own(
        "explained",
        "Share of the error that a delay or a gain must explain before it is blamed",
        0.3,
        "-",
        "below it the estimate says more about the rest of the error",
    ),
    _own("outside_amber", "Share of samples outside the training envelope", 0.05, "-", "few"),
    _own("outside_limit", "The same, most of the record in doubt", 0.25, "-", "a quarter"),
    _own(
        "linear_margin",
        "Error against the best linear model that counts as equal",
        0.05,
        "-",
        "differences below 5 % of the error change with the weights' start",
    ),
    _own(
        "lags_outside_limit",
        "Share of cross-correlation lags outside, clearly not white",
        0.20,
        "-",
        "four times what chance gives",
    ),
    _own(
        "doubling_limit",
        "Time to double amplitude of an unstable mode, shortest expected of an airframe",
        2.0,
        "s",
        "phugoids of bare helicopters double in several seconds; faster growth is suspect",
    ),
    _own(
        "similar_input",
        "Correlation of the inputs above which two manoeuvres count as the same",
        0.8,
        "-",
        "at the best time shift and sign",
    ),
    _own(
        "reduction_theil",
        "Theil's U between reduced and full model for derivatives to be shown",
        0.1,
        "-",
        "above it the derivatives describe another aircraft",
    ),
)


@dataclass(frozen=True, slots=True)
class Thresholds(Mapping[str, float]):
    """All limits; behaves as a mapping from key to value in the limit's own unit."""

    table: tuple[Threshold, ...] = _TABLE

    def __getitem__(self, key: str) -> float:
        return self.row(key).value

    def __iter__(self) -> Iterator[str]:
        return (row.key for row in self.table)

    def __len__(self) -> int:
        return len(self.table)

    def row(self, key: str) -> Threshold:
        """The whole line of one limit; KeyError when there is none."""
        for row in self.table:
            if row.key == key:
                return row
        raise KeyError(key)

    def edited(self, values: Mapping[str, float]) -> Thresholds:
        """A copy with some limits changed; each keeps its original value beside the new one.

        Raises
        ------
        SettingsError
            There is no such limit, or the value is not a number of at least 0.
        """
        unknown = sorted(set(values) - set(self))
        if unknown:
            raise SettingsError(
                f"There is no limit called '{unknown[0]}': choose one of {', '.join(self)}."
            )
        for key, value in values.items():
            if not 0.0 <= value < float("inf"):
                raise SettingsError(f"The limit '{key}' is {value:g}: give a number from 0 up.")
        return Thresholds(
            tuple(
                replace(
                    row,
                    value=float(values[row.key]),
                    original=row.value if row.original is None else row.original,
                )
                if row.key in values
                else row
                for row in self.table
            )
        )

    @property
    def edits(self) -> tuple[Threshold, ...]:
        """The limits that are not as in their source."""
        return tuple(row for row in self.table if row.is_edited)

    def to_dict(self) -> dict[str, Any]:
        """Plain data: every line of the table."""
        names = Threshold.__dataclass_fields__
        return {"table": [{name: getattr(row, name) for name in names} for row in self.table]}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Thresholds:
        """The inverse of ``to_dict``; edits are kept, limits new since then have their default."""
        stored = {row["key"]: Threshold(**row) for row in data["table"]}
        return cls(tuple(stored.get(row.key, row) for row in _TABLE))


DEFAULT = Thresholds()
