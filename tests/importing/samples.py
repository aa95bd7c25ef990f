"""Dialects of flight-test CSVs as loggers, spreadsheets and simulators write them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

N = 40
DT = 0.02

_T = [DT * k for k in range(N)]
_LON = [round(10 * math.sin(0.3 * k), 3) for k in range(N)]
_Q = [round(5 * math.cos(0.2 * k), 3) for k in range(N)]
Q_DEG = tuple(_Q)


@dataclass(frozen=True)
class Sample:
    """Bytes of a file and what a careful reader makes of them."""

    content: bytes
    delimiter: str = ","
    decimal: str = "."
    unit: str = "deg/s"
    names: tuple[str, ...] = ("delta_lon", "q")
    time_format: str = "number"
    start: float = 0.0
    policy: str = "refuse"


def rows(
    time: Callable[[int], str] = lambda k: f"{_T[k]:.3f}",
    delimiter: str = ",",
    decimal: str = ".",
    end: str = "\n",
    cell: Callable[[float], str] = lambda x: f"{x:.3f}",
    head: str = "time [s],delta_lon [%],q [deg/s]",
    wrap: str = "",
    tail: str = "",
) -> str:
    lines = [head]
    for k in range(N):
        values = [time(k), cell(_LON[k]), cell(_Q[k])]
        if decimal == ",":
            values = [v if ":" in v else v.replace(".", ",") for v in values]
        lines.append(delimiter.join(wrap + value + wrap for value in values) + tail)
    return end.join(lines) + end


def stamp(k: int, *, start: float = 3600 * 14 + 60 * 7 + 58.0, point: str = ".") -> str:
    """A time of day with milliseconds, 14:07:58.000 at the first sample."""
    total = round(1000 * (start + _T[k])) % 86_400_000
    h, rest = divmod(total, 3_600_000)
    m, rest = divmod(rest, 60_000)
    s, ms = divmod(rest, 1000)
    return f"{h:02d}:{m:02d}:{s:02d}{point}{ms:03d}"


def _b(text: str, codec: str = "utf-8") -> bytes:
    return text.encode(codec)


GERMAN_HEAD = "Zeit;delta_lon;q\ns;%;deg/s"
TWO = "time,delta_lon,q"

SAMPLES: dict[str, Sample] = {
    "plain": Sample(_b(rows())),
    "crlf": Sample(_b(rows(end="\r\n"))),
    "old mac line ends": Sample(_b(rows(end="\r"))),
    "byte-order mark": Sample(b"\xef\xbb\xbf" + _b(rows())),
    "utf-16 le with mark": Sample(b"\xff\xfe" + _b(rows(), "utf-16-le")),
    "utf-16 be with mark": Sample(b"\xfe\xff" + _b(rows(), "utf-16-be")),
    "utf-16 without mark": Sample(_b(rows(), "utf-16-le")),
    "latin-1 degree sign": Sample(_b(rows(head="time [s],delta_lon [%],q [°/s]"), "cp1252")),
    "utf-8 degree sign": Sample(_b(rows(head="time [s],delta_lon [%],q [°/s]"))),
    "semicolon": Sample(_b(rows(delimiter=";", head="time [s];delta_lon [%];q [deg/s]")), ";"),
    "german: semicolon, comma, unit row": Sample(
        _b(rows(delimiter=";", decimal=",", head=GERMAN_HEAD), "cp1252"), ";", ","
    ),
    "german with comment lines": Sample(
        _b(
            "# Flugversuch 12\n# Datum: 03.05.2024\n"
            + rows(delimiter=";", decimal=",", head=GERMAN_HEAD)
        ),
        ";",
        ",",
    ),
    "tab, decimal comma": Sample(
        _b(rows(delimiter="\t", decimal=",", head="time [s]\tdelta_lon [%]\tq [deg/s]")), "\t", ","
    ),
    "tab": Sample(_b(rows(delimiter="\t", head="time [s]\tdelta_lon [%]\tq [deg/s]")), "\t"),
    "bar": Sample(_b(rows(delimiter="|", head="time [s]|delta_lon [%]|q [deg/s]")), "|"),
    "aligned spaces": Sample(
        _b(
            rows(
                time=lambda k: f"{_T[k]:10.3f}",
                cell=lambda x: f"{x:12.4f}",
                delimiter="",
                head="      time   delta_lon           q",
            )
        ),
        " ",
        unit="-",
    ),
    "numpy savetxt": Sample(
        _b(
            rows(
                time=lambda k: f"{_T[k]:.18e}",
                cell=lambda x: f"{x:.18e}",
                delimiter=" ",
                head="# time delta_lon q",
            )
        ),
        " ",
        unit="-",
    ),
    "comma and space": Sample(_b(rows(delimiter=", ", head="time [s], delta_lon [%], q [deg/s]"))),
    "padded to width": Sample(_b(rows(cell=lambda x: f"{x:9.3f}"))),
    "round brackets": Sample(_b(rows(head="Time (s),delta_lon (%),q (deg/s)"))),
    "name_unit": Sample(_b(rows(head="time_s,delta_lon_pct,q_degs"))),
    "unit row in brackets": Sample(_b(rows(head=TWO + "\n[s],[%],[deg/s]"))),
    "unit row in round brackets": Sample(_b(rows(head=TWO + "\n(s),(%),(deg/s)"))),
    "unit row then explanations": Sample(
        _b(rows(head=TWO + "\ns,%,deg/s\nsince start,stick aft,gyro pitch"))
    ),
    "metadata lines above": Sample(_b("Flight test report\nAircraft: D-HABC\n\n" + rows())),
    "key value lines above": Sample(_b("Aircraft,D-HABC\nDate,2024-05-03\nRate,50\n" + rows())),
    "percent comments": Sample(_b("% exported by a tool\n" + rows())),
    "excel sep line": Sample(
        _b("sep=;\n" + rows(delimiter=";", head="time [s];delta_lon [%];q [deg/s]")), ";"
    ),
    "all cells quoted": Sample(_b(rows(wrap='"', head='"time [s]","delta_lon [%]","q [deg/s]"'))),
    "quoted, decimal comma": Sample(
        _b(rows(wrap='"', decimal=",", head='"time [s]","delta_lon [%]","q [deg/s]"')), ",", ","
    ),
    "quoted header with the delimiter inside": Sample(
        _b(rows(head='time [s],"lon, aft [%]",q [deg/s]')), names=("lon, aft", "q")
    ),
    "delimiter at the end of all lines": Sample(
        _b(rows(tail=",", head="time [s],delta_lon [%],q [deg/s],"))
    ),
    "delimiter at the end of data lines": Sample(_b(rows(tail=","))),
    "every second line blank": Sample(_b(rows(end="\n\n"))),
    "blank lines at the end": Sample(_b(rows() + "\n\n\n")),
    "no newline at the end": Sample(_b(rows().rstrip("\n"))),
    "ctrl-z at the end": Sample(_b(rows(end="\r\n") + "\x1a")),
    "exponents": Sample(_b(rows(cell=lambda x: f"{x:.6E}"))),
    "bare points and plus signs": Sample(
        _b(rows(cell=lambda x: f"{x:+.3f}".replace("+0.", "+.").replace("-0.", "-.")))
    ),
    "time in ms": Sample(
        _b(rows(time=lambda k: f"{20 * k}", head="time [ms],delta_lon [%],q [deg/s]"))
    ),
    "time in us, PX4 style": Sample(
        _b(rows(time=lambda k: f"{20000 * k}", head="timestamp_us,delta_lon_pct,q_degs"))
    ),
    "unix time": Sample(
        _b(
            rows(
                time=lambda k: f"{1.7e9 + _T[k]:.3f}", head="timestamp [s],delta_lon [%],q [deg/s]"
            )
        )
    ),
    "time is not the first column": Sample(
        _b(
            "\n".join(
                ["delta_lon [%],q [deg/s],time [s]"]
                + [f"{_LON[k]:.3f},{_Q[k]:.3f},{_T[k]:.3f}" for k in range(N)]
            )
            + "\n"
        )
    ),
    "start is not zero": Sample(_b(rows(time=lambda k: f"{12.5 + _T[k]:.3f}")), start=12.5),
    "iso date-time": Sample(
        _b(rows(time=lambda k: f"2024-05-03T{stamp(k)}Z")), time_format="datetime"
    ),
    "iso with a space and a zone": Sample(
        _b(rows(time=lambda k: f"2024-05-03 {stamp(k)}+02:00")), time_format="datetime"
    ),
    "iso over midnight": Sample(
        _b(rows(time=lambda k: f"2024-02-{28 if _T[k] < 0.4 else 29} {stamp(k, start=86399.6)}")),
        time_format="datetime",
    ),
    "german date-time": Sample(
        _b(
            rows(
                time=lambda k: f"03.05.2024 {stamp(k, point=',')}",
                delimiter=";",
                decimal=",",
                head=GERMAN_HEAD.replace("s;%", ";%"),
            )
        ),
        ";",
        ",",
        time_format="datetime",
    ),
    "american date-time": Sample(
        _b(rows(time=lambda k: f"5/23/2024 {stamp(k)}")), time_format="datetime"
    ),
    "date and time in two columns": Sample(
        _b(rows(time=lambda k: f"2024-05-03,{stamp(k)}", head="Date,Time,delta_lon [%],q [deg/s]")),
        time_format="date+clock",
    ),
    "time of day": Sample(_b(rows(time=stamp)), time_format="clock"),
    "time of day over midnight": Sample(
        _b(rows(time=lambda k: stamp(k, start=86399.6))), time_format="clock"
    ),
    "irig day and time": Sample(_b(rows(time=lambda k: f"124:{stamp(k)}")), time_format="clock"),
    "minutes and seconds": Sample(
        _b(rows(time=lambda k: f"07:{58 + int(_T[k]):02d}.{round(1000 * (_T[k] % 1)):03d}")),
        time_format="clock",
    ),
    "gps week and seconds": Sample(
        _b(
            rows(
                time=lambda k: f"2312,{390000 + _T[k]:.3f}",
                head="GPS_week,GPS_sow,delta_lon [%],q [deg/s]",
            )
        ),
        time_format="gps",
    ),
    "gps week and ms": Sample(
        _b(
            rows(
                time=lambda k: f"2312,{390000000 + 20 * k}",
                head="week,iTOW,delta_lon [%],q [deg/s]",
            )
        ),
        time_format="gps",
    ),
    "a column of words": Sample(
        _b(
            "\n".join(
                ["time [s],mode,delta_lon [%],q [deg/s]"]
                + [
                    f"{_T[k]:.3f},{'hover' if k < 9 else 'climb out'},{_LON[k]:.3f},{_Q[k]:.3f}"
                    for k in range(N)
                ]
            )
            + "\n"
        )
    ),
    "commented-out row": Sample(
        _b(rows().replace("\n0.100,", "\n# bump here\n0.100,")), policy="comment"
    ),
    "integers": Sample(_b(rows(cell=lambda x: f"{round(x * 1000)}")), policy="scaled"),
    "windows unit names": Sample(_b(rows(head="Time [sec],delta_lon [percent],q [dps]"))),
}
