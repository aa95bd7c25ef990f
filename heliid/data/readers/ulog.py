"""ULog files of PX4: topics of the flight, named ``topic.field``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from heliid.data.readers.assemble import Signal, to_record
from heliid.data.readers.extras import damaged, need, starts_with
from heliid.data.record import Channel, FlightRecord

# What a longitudinal identification needs; a log has hundreds of fields at other rates.
_FIELDS: dict[str, tuple[str, ...]] = {
    "vehicle_attitude": ("q[0]", "q[1]", "q[2]", "q[3]", "rollspeed", "pitchspeed", "yawspeed"),
    "vehicle_angular_velocity": ("xyz[0]", "xyz[1]", "xyz[2]"),
    "vehicle_acceleration": ("xyz[0]", "xyz[1]", "xyz[2]"),
    "sensor_combined": (
        "gyro_rad[0]", "gyro_rad[1]", "gyro_rad[2]",
        "accelerometer_m_s2[0]", "accelerometer_m_s2[1]", "accelerometer_m_s2[2]",
    ),
    "manual_control_setpoint": ("x", "y", "z", "r", "roll", "pitch", "yaw", "throttle"),
    "actuator_controls_0": ("control[0]", "control[1]", "control[2]", "control[3]"),
    "vehicle_local_position": ("vx", "vy", "vz"),
    "airspeed": ("indicated_airspeed_m_s", "true_airspeed_m_s"),
}  # fmt: skip


class UlogReader:
    """Attitude, rates, accelerations, sticks and speeds of a PX4 log, attitude as angles too."""

    name = "PX4 log"
    suffixes = (".ulg", ".ulog")

    def sniff(self, path: Path) -> bool:
        """True for the ending or the first bytes of ULog."""
        return path.suffix.lower() in self.suffixes or starts_with(path, b"ULog\x01\x12\x35")

    def list_channels(self, path: Path) -> tuple[Channel, ...]:
        """The channels that are read from the log."""
        return tuple(signal.channel for signal in _signals(path))

    def read(self, path: Path, *, name: str | None = None) -> FlightRecord:
        """The record in the log."""
        return to_record(path, name, _signals(path))


def _signals(path: Path) -> list[Signal]:
    pyulog = need("pyulog", "px4", path, "PX4 logs")
    try:
        topics = pyulog.ULog(str(path)).data_list
    except Exception as reason:  # struct, unicode and type errors of a damaged log
        raise damaged(path, "PX4 log", reason) from None
    out: list[Signal] = []
    for topic in topics:
        if topic.name not in _FIELDS or topic.multi_id != 0:
            continue
        time = np.asarray(topic.data["timestamp"], dtype=float) * 1e-6
        later = np.concatenate([[True], np.diff(time) > 0])  # a logger may repeat a stamp
        for field in _FIELDS[topic.name]:
            if field in topic.data:
                values = np.asarray(topic.data[field], dtype=float)
                if np.isfinite(values).all():
                    name = f"{topic.name}.{field}".replace("[", "_").replace("]", "")
                    out.append(Signal(name, _unit(topic.name, field), time[later], values[later]))
        if topic.name == "vehicle_attitude":
            out += _angles(topic.data, time, later)
    return out


def _unit(topic: str, field: str) -> str:
    if topic in ("airspeed", "vehicle_local_position"):
        return "m/s"
    if field.startswith("gyro_rad") or field.endswith("speed") or "angular_velocity" in topic:
        return "rad/s"
    return "m/s^2" if "accel" in topic or "accel" in field else "-"


def _angles(data: dict[str, np.ndarray], time: np.ndarray, later: np.ndarray) -> list[Signal]:
    """phi, theta, psi (rad) of the attitude quaternion (w, x, y, z)."""
    if "q[3]" not in data:
        return []
    a, b, c, d = (np.asarray(data[f"q[{i}]"], dtype=float)[later] for i in range(4))
    angles = {
        "phi": np.arctan2(2 * (a * b + c * d), 1 - 2 * (b * b + c * c)),
        "theta": np.arcsin(np.clip(2 * (a * c - d * b), -1.0, 1.0)),
        "psi": np.unwrap(np.arctan2(2 * (a * d + b * c), 1 - 2 * (c * c + d * d))),
    }
    return [Signal(name, "rad", time[later], values) for name, values in angles.items()]
