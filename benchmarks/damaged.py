"""Logs with one flipped bit through the readers that need a library of their own.

    python -m benchmarks.damaged [--each 100] [--seed 1]

Every file must be read or refused in one sentence, within the limits of the helper process. Printed
per format: read, refused, stopped by a limit, and the longest wait on the clock.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from heliid.data.readers import read_file
from heliid.errors import RecordError

TIME = 0.02 * np.arange(500)
Q, LON = np.sin(TIME), 50.0 + 5.0 * np.cos(TIME)


def write_mdf(path: Path) -> None:
    """Two channels as MDF 4.10."""
    import asammdf

    signals = [asammdf.Signal(v, TIME, name=n, unit=u) for v, n, u in _CHANNELS]
    with asammdf.MDF(version="4.10") as content:
        content.append(signals)
        content.save(path, overwrite=True)


def write_hdf5(path: Path) -> None:
    """The same as datasets beside their time."""
    import h5py

    with h5py.File(path, "w") as stream:
        stream["time"] = TIME
        for values, name, unit in _CHANNELS:
            stream.create_dataset(name, data=values, compression="gzip").attrs["unit"] = unit


def write_parquet(path: Path) -> None:
    """The same as a table."""
    import pyarrow
    import pyarrow.parquet

    columns = {"time [s]": TIME} | {f"{n} [{u}]": v for v, n, u in _CHANNELS}
    pyarrow.parquet.write_table(pyarrow.table(columns), path)


def write_matlab(path: Path) -> None:
    """The same as MATLAB 5 variables."""
    from scipy.io import savemat

    savemat(path, {"time": TIME} | {n: v for v, n, _ in _CHANNELS})


_CHANNELS = ((Q, "q", "rad/s"), (LON, "delta_lon", "%"))
FORMATS: dict[str, Callable[[Path], None]] = {
    ".mf4": write_mdf, ".h5": write_hdf5, ".parquet": write_parquet, ".mat": write_matlab,
}  # fmt: skip


def trial(suffix: str, folder: Path, each: int, seed: int) -> bool:
    """Print one line; False when an answer was not one sentence."""
    good, spoilt = folder / f"good{suffix}", folder / f"flight{suffix}"
    FORMATS[suffix](good)
    data, draw = good.read_bytes(), random.Random(seed)
    n_read = n_refused = n_stopped = 0
    longest, is_fine = 0.0, True
    for _ in range(each):
        bytes_now = bytearray(data)
        bytes_now[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        spoilt.write_bytes(bytes_now)
        begun = time.perf_counter()
        try:
            read_file(spoilt)
            n_read += 1
        except RecordError as reason:
            sentence = str(reason)
            n_refused += 1
            n_stopped += "the library that reads this format" in sentence
            is_fine &= "\n" not in sentence and sentence.startswith(spoilt.name)
        longest = max(longest, time.perf_counter() - begun)
    print(
        f"{suffix}: {each} files, {n_read} read, {n_refused} refused, {n_stopped} of them stopped "
        f"by a limit or lost; longest wait {longest:.1f} s{'' if is_fine else '; NO SENTENCE'}"
    )
    return is_fine


def main() -> int:
    """All formats; the status is 1 when an answer was not one sentence."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--each", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        fine = [trial(one, Path(folder), options.each, options.seed) for one in FORMATS]
    return 0 if all(fine) else 1


if __name__ == "__main__":
    raise SystemExit(main())
