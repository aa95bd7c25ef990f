"""Other file formats: the same record comes out; a missing library is one sentence."""

from __future__ import annotations

import importlib.util
import struct
import sys

import numpy as np
import pytest

from heliid.data.readers import Reader, expand, file_dialog_filter, read_file, reader_for, readers
from heliid.data.readers.ardupilot import ArduPilotReader
from heliid.data.readers.hdf5 import Hdf5Reader
from heliid.data.readers.matlab import MatlabReader
from heliid.data.readers.mdf import MdfReader
from heliid.data.readers.parquet import ParquetReader
from heliid.data.readers.tdms import TdmsReader
from heliid.data.readers.ulog import UlogReader
from heliid.errors import RecordError

N = 100
TIME = 0.02 * np.arange(N)
LON = 10 * np.sin(3 * TIME)
Q = 5 * np.cos(2 * TIME)
DEG = np.pi / 180


def check(record):
    assert record.names == ("delta_lon", "q")
    assert [c.unit for c in record.channels] == ["%", "deg/s"]
    np.testing.assert_allclose(record.time, TIME, atol=1e-12)
    np.testing.assert_allclose(record.columns(("delta_lon",))[:, 0], LON, rtol=1e-12)
    np.testing.assert_allclose(record.column("q"), Q * DEG, rtol=1e-12)
    assert len(record.source.sha256) == 64


def test_every_reader_fits_the_protocol():
    for reader in readers():
        assert isinstance(reader, Reader)
    assert (".csv" in dict(file_dialog_filter())["Text table (CSV)"]) is True


def test_a_folder_stands_for_the_records_in_it(tmp_path):
    for name in ("b.csv", "a.CSV", "notes.md", ".hidden.csv", "c.mat"):
        (tmp_path / name).write_text("x")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "d.csv").write_text("x")

    found = expand([tmp_path, tmp_path / "b.csv", tmp_path / "sub" / "d.csv"])

    assert [path.name for path in found] == ["a.CSV", "b.csv", "c.mat", "d.csv"]


def test_a_folder_without_records_says_so(tmp_path):
    with pytest.raises(RecordError, match="holds no file of a known format"):
        expand([tmp_path])


def test_a_text_table_of_any_ending_is_read_as_one(tmp_path):
    path = tmp_path / "flight.export"
    lines = [
        f"{t:.2f},{a!r},{b!r}" for t, a, b in zip(TIME, map(float, LON), map(float, Q), strict=True)
    ]
    path.write_text("time [s],delta_lon [%],q [deg/s]\n" + "\n".join(lines))
    check(read_file(path))


@pytest.mark.parametrize("is_struct", [False, True])
def test_matlab_5(tmp_path, is_struct):
    from scipy.io import savemat

    path = tmp_path / "flight.mat"
    content = {"time": TIME, "delta_lon_pct": LON, "q_degs": Q[:, None]}
    savemat(path, {"flight": content} if is_struct else content)
    check(read_file(path))
    assert [c.name for c in MatlabReader().list_channels(path)] == ["delta_lon", "q"]


def test_a_damaged_matlab_file_is_one_sentence(tmp_path):
    from scipy.io import savemat

    path = tmp_path / "flight.mat"
    savemat(path, {"time": TIME, "q": Q}, do_compression=True)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(RecordError, match="MATLAB file cannot be read"):
        read_file(path)


def test_a_matlab_file_without_vectors_says_what_it_holds(tmp_path):
    from scipy.io import savemat

    path = tmp_path / "flight.mat"
    savemat(path, {"note": "hello"})
    with pytest.raises(RecordError, match="the file holds note"):
        read_file(path)


def test_vectors_without_time_are_refused(tmp_path):
    from scipy.io import savemat

    path = tmp_path / "flight.mat"
    savemat(path, {"q": Q, "delta_lon": LON})
    with pytest.raises(RecordError, match="no column is named as a time"):
        read_file(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_a_value_that_is_no_number_is_named(tmp_path, value):
    from scipy.io import savemat

    path = tmp_path / "flight.mat"
    spoilt = Q.copy()
    spoilt[7] = value
    savemat(path, {"time": TIME, "q_degs": spoilt})
    with pytest.raises(RecordError, match="row 8, column 'q'"):
        read_file(path)


def write_hdf5(path, group=""):
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as stream:
        place = stream.create_group(group) if group else stream
        for name, unit, values in (("time", "s", TIME), ("delta_lon", "%", LON), ("q", "deg/s", Q)):
            place[name] = values
            place[name].attrs["unit"] = unit


@pytest.mark.parametrize("group", ["", "run1/data"])
def test_hdf5(tmp_path, group):
    path = tmp_path / "flight.h5"
    write_hdf5(path, group)
    check(read_file(path))
    assert len(Hdf5Reader().list_channels(path)) == 2


def test_matlab_7_3(tmp_path):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "flight.mat"
    with h5py.File(path, "w", userblock_size=512) as stream:
        for name, values in (("time", TIME), ("delta_lon_pct", LON), ("q_degs", Q)):
            stream[name] = values[None, :]
    content = path.read_bytes()
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(512, b" ") + content[512:])
    check(read_file(path))


def test_a_damaged_hdf5_file_is_one_sentence(tmp_path):
    path = tmp_path / "flight.h5"
    write_hdf5(path)
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(RecordError, match="HDF5 file cannot be read"):
        read_file(path)


def test_parquet(tmp_path):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    path = tmp_path / "flight.parquet"
    pq.write_table(pa.table({"time [s]": TIME, "delta_lon [%]": LON, "q [deg/s]": Q}), path)
    check(read_file(path))
    assert len(ParquetReader().list_channels(path)) == 2
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(RecordError, match="Parquet file cannot be read"):
        read_file(path)


@pytest.mark.parametrize("has_column", [False, True])
def test_tdms(tmp_path, has_column):
    nptdms = pytest.importorskip("nptdms")
    path = tmp_path / "flight.tdms"
    wave = {} if has_column else {"wf_increment": 0.02, "wf_start_offset": 0.0}
    channels = [
        nptdms.ChannelObject("run", name, values, properties={"unit_string": unit, **wave})
        for name, unit, values in (("delta_lon", "%", LON), ("q", "deg/s", Q))
    ]
    if has_column:
        channels.insert(0, nptdms.ChannelObject("run", "time", TIME, {"unit_string": "s"}))
    with nptdms.TdmsWriter(path) as writer:
        writer.write_segment(channels)
    check(read_file(path))
    assert len(TdmsReader().list_channels(path)) == 2


def test_mdf_brings_two_rates_to_one_axis_and_says_so(tmp_path):
    asammdf = pytest.importorskip("asammdf")
    path = tmp_path / "flight.mf4"
    slow = slice(None, None, 5)
    with asammdf.MDF() as content:
        content.append([asammdf.Signal(Q, TIME, name="q", unit="deg/s")])
        content.append([asammdf.Signal(LON[slow], TIME[slow], name="delta_lon", unit="%")])
        content.save(path)
    record = read_file(path)
    assert set(record.names) == {"q", "delta_lon"}
    assert record.n_samples == 96  # up to the last slow sample
    assert record.history[-1].kind == "brought to one time axis"
    assert len(MdfReader().list_channels(path)) == 2


def ulog_bytes() -> bytes:
    """A PX4 log by hand: pitch attitude as quaternion at 50 Hz, rates at 100 Hz."""

    def message(kind: bytes, body: bytes) -> bytes:
        return struct.pack("<HB", len(body), kind[0]) + body

    out = b"ULog\x01\x12\x35\x01" + struct.pack("<Q", 0)
    out += message(b"B", bytes(40))
    out += message(b"F", b"vehicle_attitude:uint64_t timestamp;float[4] q;")
    out += message(b"F", b"vehicle_angular_velocity:uint64_t timestamp;float[3] xyz;")
    out += message(b"A", struct.pack("<BH", 0, 0) + b"vehicle_attitude")
    out += message(b"A", struct.pack("<BH", 0, 1) + b"vehicle_angular_velocity")
    for k in range(400):
        t = 0.01 * k
        theta, rate = 0.3 * np.sin(t), 0.3 * np.cos(t)
        stamp = struct.pack("<HQ", 1, 1_000_000 + 10_000 * k)
        out += message(b"D", stamp + struct.pack("<3f", 0, rate, 0))
        if k % 2 == 0:
            stamp = struct.pack("<HQ", 0, 1_000_000 + 10_000 * k)
            half = theta / 2
            out += message(b"D", stamp + struct.pack("<4f", np.cos(half), 0, np.sin(half), 0))
    return out


def test_a_px4_log_gives_angles_and_rates_on_one_axis(tmp_path):
    pytest.importorskip("pyulog")
    path = tmp_path / "flight.ulg"
    path.write_bytes(ulog_bytes())
    record = read_file(path)
    time = record.time
    np.testing.assert_allclose(record.column("theta"), 0.3 * np.sin(time - 1.0), atol=2e-5)
    rate = record.column("vehicle_angular_velocity.xyz_1")
    np.testing.assert_allclose(rate, 0.3 * np.cos(time - 1.0), atol=1e-6)
    assert record.dt == pytest.approx(0.01)


def dataflash_bytes() -> bytes:
    """An ArduPilot log by hand: ATT and RCIN messages at 50 Hz."""

    def fmt(kind: int, length: int, name: bytes, types: bytes, columns: bytes) -> bytes:
        body = struct.pack("<BB4s16s64s", kind, length, name, types, columns)
        return b"\xa3\x95\x80" + body

    out = fmt(128, 89, b"FMT", b"BBnNZ", b"Type,Length,Name,Format,Columns")
    out += fmt(130, 23, b"ATT", b"Qfff", b"TimeUS,Roll,Pitch,Yaw")
    out += fmt(131, 19, b"RCIN", b"QHHHH", b"TimeUS,C1,C2,C3,C4")
    for k in range(N):
        stamp = 5_000_000 + 20_000 * k
        out += b"\xa3\x95\x82" + struct.pack("<Qfff", stamp, 0.0, Q[k], 90.0)
        out += b"\xa3\x95\x83" + struct.pack(
            "<QHHHH", stamp, 1500, round(1500 + LON[k]), 1400, 1500
        )
    return out


def test_an_ardupilot_log_gives_attitude_in_rad_and_sticks(tmp_path):
    pytest.importorskip("pymavlink")
    path = tmp_path / "flight.bin"
    path.write_bytes(dataflash_bytes())
    record = read_file(path)
    np.testing.assert_allclose(record.column("ATT.Pitch"), Q * DEG, atol=1e-7)
    np.testing.assert_allclose(record.column("RCIN.C2"), 1500 + np.round(LON))
    assert record.time[0] == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("reader", "suffix", "module", "extra"),
    [
        (Hdf5Reader, ".h5", "h5py", "hdf5"),
        (ParquetReader, ".parquet", "pyarrow.parquet", "parquet"),
        (TdmsReader, ".tdms", "nptdms", "tdms"),
        (MdfReader, ".mf4", "asammdf", "mdf"),
        (UlogReader, ".ulg", "pyulog", "px4"),
        (ArduPilotReader, ".bin", "pymavlink.DFReader", "ardupilot"),
    ],
)
def test_a_missing_library_is_one_sentence_with_the_pip_line(
    tmp_path, monkeypatch, reader, suffix, module, extra
):
    monkeypatch.setitem(sys.modules, module, None)
    path = tmp_path / f"flight{suffix}"
    path.write_bytes((b"\xa3\x95" if suffix == ".bin" else b"") + b"some bytes, not looked at")
    with pytest.raises(RecordError) as caught:
        reader().read(path)
    message = str(caught.value)
    assert f'pip install "heliid[{extra}]"' in message
    assert "\n" not in message
    assert isinstance(reader_for(path), reader)


@pytest.mark.parametrize(
    ("magic", "suffix", "module"),
    [
        (b"ULog\x01\x12\x35\x01", ".ulg", "pyulog"),
        (b"\xa3\x95\x80\x80", ".bin", "pymavlink"),
        (b"MDF     4.10", ".mf4", "asammdf"),
        (b"TDSm\x0e\0\0\0", ".tdms", "nptdms"),
    ],
)
def test_a_damaged_log_is_one_sentence(tmp_path, magic, suffix, module):
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
    path = tmp_path / f"flight{suffix}"
    path.write_bytes(magic + bytes(range(256)) * 8)
    with pytest.raises(RecordError) as caught:
        read_file(path)
    assert "\n" not in str(caught.value)
