"""The prebuilt FMU library for 64-bit Linux: one binary for every model that fits its sizes.

``prebuilt/heliid_fmi2.so`` and ``heliid_fmi3.so`` are built from ``templates/runtime.c`` by
``python -m heliid.export.fmu_runtime`` and kept in the tree with the hash of their source inside;
a test compares it. A model's numbers are written over the block of data that begins with a magic
text, so an export needs no compiler, on any system.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from heliid.export.c_source import (
    EXTRA_ROWS,
    REALS,
    c_tables,
    ends_of,
    fill,
    tanh_source,
)
from heliid.export.portable import Portable, inputs_first
from heliid.model.network import DIVERGED_AT

NAME = "heliid_runtime"
MAGIC = "HELIID-FMU-RUNTIME-COEFFICIENTS"  # 31 characters and a zero
PREBUILT = Path(__file__).parent / "prebuilt"
SIZES = {"in": 8, "out": 8, "phi": 256, "start": 256, "hidden": 32, "memory": 8}
_HASH, _TOKEN = 64, 64  # bytes


def runtime_sources() -> dict[str, str]:
    """File name to text of everything the libraries are built from; the hash is inside."""
    portable = cast(Portable, SimpleNamespace(name=NAME))
    values = {f"dim_{name}": str(size) for name, size in SIZES.items()}
    values |= {
        "name": NAME, "NAME": NAME.upper(), "magic": MAGIC, "extra_rows": str(EXTRA_ROWS),
        "token": "", "tanh": "#include <float.h>\n" + tanh_source(portable, REALS["float64"]),
        "source": "",
    }  # fmt: skip
    names = {"fmu_core.h": "fmu_core.h", "fmi2.c": f"{NAME}_fmi2.c", "fmi3.c": f"{NAME}_fmi3.c"}
    files = {names[one]: fill(one, values) for one in names}
    plain = "".join(files[name] for name in sorted(files)) + fill("runtime.c", values)
    values["source"] = hashlib.sha256(plain.encode()).hexdigest()[: _HASH - 1]
    return {**files, f"{NAME}.c": fill("runtime.c", values)}


def source_hash() -> str:
    """What the prebuilt libraries carry when they are built from the present source."""
    text = runtime_sources()[f"{NAME}.c"]
    start = text.index(f'"{MAGIC}", "') + len(MAGIC) + 5
    return text[start : start + _HASH - 1]


def hash_inside(library: bytes) -> str:
    """The hash of the source that a library was built from."""
    at = _block_start(library) + 32
    return library[at : at + _HASH].rstrip(b"\0").decode()


def fits(portable: Portable) -> bool:
    """True when the prebuilt library has room for the model."""
    structure = portable.model.structure
    sizes = (
        (len(portable.inputs), "in"), (len(portable.outputs), "out"), (structure.n_phi, "phi"),
        (portable.n_start, "start"), (structure.n_hidden, "hidden"),
        (len(structure.memory), "memory"),
    )  # fmt: skip
    return all(need <= SIZES[name] for need, name in sizes)


def patched_library(portable: Portable, version: str, token: str) -> bytes | None:
    """The prebuilt library with this model's numbers; None without one that has room."""
    path = PREBUILT / f"heliid_fmi{version[0]}.so"
    if not path.is_file() or not fits(portable):
        return None
    library = path.read_bytes()
    at = _block_start(library) + 32 + _HASH
    block = _block(portable, token)
    return library[:at] + block + library[at + len(block) :]


def _block_start(library: bytes) -> int:
    return library.index(MAGIC.encode() + b"\0")


def _block(portable: Portable, token: str) -> bytes:
    """Everything behind the hash, in the layout of ``heliid_block``."""
    model, n_out = portable.model, len(portable.outputs)
    structure, weights = model.structure, model.weights
    n_start = portable.n_start
    whole = np.zeros(8 + 2 * SIZES["phi"] + SIZES["memory"], dtype="<u4")
    rows = n_start + max(EXTRA_ROWS, n_start)
    whole[:7] = (
        len(portable.inputs), n_out, structure.n_phi, n_start, structure.n_hidden,
        len(structure.memory), rows,
    )  # fmt: skip
    taps = [(n_out + i, lag) for i, lag in portable.input_taps] + list(portable.output_taps)
    for k, (column, lag) in enumerate(taps):
        whole[8 + k], whole[8 + SIZES["phi"] + k] = column, lag
    whole[8 + 2 * SIZES["phi"] :][: len(structure.memory)] = [i for i, _ in structure.memory]
    table = c_tables(portable)
    i, o, phi, h, m = (SIZES[name] for name in ("in", "out", "phi", "hidden", "memory"))
    hidden = inputs_first(portable, weights.w_hid).T if structure.n_hidden else np.zeros((0, 0))
    parts = [
        np.array([model.dt, DIVERGED_AT]),
        *(_room(table[f"u_{name}"], i) for name in ("trim", "offset", "std")),
        *(_room(table[f"y_{name}"], o) for name in ("trim", "offset", "std")),
        _room([leak for _, leak in structure.memory], m),
        _room([ends_of(c) for c in portable.channels], i + o, 2),
        _room(table["linear"], phi, o), _room(weights.bias, o), _room(hidden, phi, h),
        _room(weights.b_hid, h), _room(weights.w_out, o, h),
        _room(model.scaling.increment_std, o),
    ]  # fmt: skip
    numbers = np.concatenate([part.ravel() for part in parts]).astype("<f8")
    name = token.encode()[: _TOKEN - 1].ljust(_TOKEN, b"\0")
    return name + whole.tobytes() + numbers.tobytes()


def _room(values: Iterable[Any], *shape: int) -> np.ndarray:
    """The values in the corner of zeros of this shape."""
    found = np.zeros(shape)
    given = np.asarray(list(values), dtype=float)
    if given.size:
        found[tuple(slice(0, n) for n in given.shape)] = given
    return found


def build(compiler: str = "gcc") -> list[Path]:
    """Build both libraries into ``PREBUILT``; for developers, on 64-bit Linux."""
    from heliid.export.fmu import compile_shared

    PREBUILT.mkdir(exist_ok=True)
    made = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in runtime_sources().items():
            (folder / file).write_text(text, encoding="utf-8")
        for version in "23":
            out = PREBUILT / f"heliid_fmi{version}.so"
            compile_shared(compiler, folder, f"{NAME}_fmi{version}.c", "out.so", "-s")
            out.write_bytes((folder / "out.so").read_bytes())
            made.append(out)
    return made


if __name__ == "__main__":
    build()
