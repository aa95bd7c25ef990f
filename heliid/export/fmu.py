"""FMUs of a model: FMI 2.0 and 3.0 co-simulation, with source and binary.

The binary is for this machine, made by its C compiler; without one the prebuilt library for 64-bit
Linux carries the model's numbers (``fmu_runtime``), and only a model too large for it, or another
system without a compiler, gets source alone. Value
references are those of ``templates/fmu_core.h``: channels from 0, then the flags, trims from 1000,
start samples from 10000.
"""

from __future__ import annotations

import io
import json
import math
import platform
import shutil
import subprocess
import sys
import tempfile
import uuid
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path

import heliid
from heliid.errors import ExportError
from heliid.export.c_source import c_files, fill
from heliid.export.fmu_runtime import patched_library
from heliid.export.model_files import model_to_text
from heliid.export.names import one_line, xml_text
from heliid.export.portable import Portable, PortableChannel, facts, heading, licence_note
from heliid.units import find_unit

VERSIONS = ("2.0", "3.0")
VR_TRIM, VR_START = 1000, 10000
_STAMP = (1980, 1, 1, 0, 0, 0)  # of every entry: the same model gives the same bytes
_BASE_UNITS = {
    "s": 's="1"', "rad": 'rad="1"', "rad/s": 'rad="1" s="-1"', "rad/s^2": 'rad="1" s="-2"',
    "m": 'm="1"', "m/s": 'm="1" s="-1"', "m/s^2": 'm="1" s="-2"', "K": 'K="1"', "kg": 'kg="1"',
    "Pa": 'kg="1" m="-1" s="-2"', "N": 'kg="1" m="1" s="-2"', "Nm": 'kg="1" m="2" s="-2"',
    "Hz": 's="-1"', "A": 'A="1"', "V": 'kg="1" m="2" s="-3" A="-1"',
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FmuBuild:
    """The bytes of an FMU and the platforms it has a binary for (empty: source only)."""

    data: bytes
    platforms: tuple[str, ...]


def build_fmu(portable: Portable, version: str = "2.0") -> FmuBuild:
    """The FMU of this FMI version.

    Raises
    ------
    ExportError
        The version is neither 2.0 nor 3.0, or the compiler that is there fails.
    """
    if version not in VERSIONS:
        raise ExportError(f"FMI version '{version[:20]}' is unknown: choose 2.0 or 3.0.")
    token = _token(portable, version)
    sources = _sources(portable, version, token)
    about = "\n".join(heading(portable))
    files: dict[str, str | bytes] = {
        "modelDescription.xml": _description(portable, version, token),
        "documentation/index.html": _page(portable),
        "resources/model.json": model_to_text(portable.model),
        "resources/test_vector.json": _test_vector(portable),
        "resources/facts.json": json.dumps(facts(portable), indent=1),
        "resources/README.txt": about + "\n",
    }
    files |= {f"sources/{name}": text for name, text in sources.items()}
    if version == "3.0":
        files["sources/buildDescription.xml"] = _build_description(portable)
        files["documentation/licenses/license.txt"] = licence_note(portable) + "\n"
    binaries = _binaries(portable, version, sources) | _prebuilt(portable, version, token)
    places = tuple(name.split("/")[1] for name in binaries)
    return FmuBuild(_zipped({**files, **binaries}), places)


def find_compiler() -> str | None:
    """The C compiler of this machine, or None."""
    return next((path for name in ("cc", "gcc", "clang") if (path := shutil.which(name))), None)


def compile_shared(compiler: str, folder: Path, source: str, output: str, *more: str) -> None:
    """Make ``output`` from ``source`` in ``folder``; ExportError with the first complaint."""
    command = [compiler, "-std=c99", "-O2", "-shared", "-fvisibility=hidden", source, "-o", output]
    command += more
    if "mingw" not in compiler:
        command.insert(4, "-fPIC")
    try:
        done = subprocess.run(
            [*command, "-lm"], cwd=folder, capture_output=True, text=True, timeout=300, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise ExportError(f"The C compiler {compiler} did not finish: {problem}.") from problem
    if done.returncode:
        first = next((line for line in done.stderr.splitlines() if "error" in line), "no reason")
        raise ExportError(f"The C compiler {compiler} refused the source: {one_line(first, 160)}.")


def _sources(portable: Portable, version: str, token: str) -> dict[str, str]:
    values = {"name": portable.name, "NAME": portable.name.upper(), "token": token}
    kind = "fmi2" if version == "2.0" else "fmi3"
    return c_files(replace(portable, file=portable.name)) | {
        "fmu_core.h": fill("fmu_core.h", values),
        f"{portable.name}_{kind}.c": fill(f"{kind}.c", values),
    }


def _binaries(portable: Portable, version: str, sources: dict[str, str]) -> dict[str, bytes]:
    """Path inside the FMU to library, for every platform a compiler is at hand for."""
    wanted = [(find_compiler(), *_platform(version))]
    wanted.append((shutil.which("x86_64-w64-mingw32-gcc"), *_WINDOWS[version]))
    kind = "fmi2" if version == "2.0" else "fmi3"
    result = {}
    with tempfile.TemporaryDirectory(prefix="heliid-fmu-") as name:
        folder = Path(name)
        for file, text in sources.items():
            (folder / file).write_text(text, encoding="utf-8")
        for compiler, place, suffix in wanted:
            if compiler is None or not place:
                continue
            library = f"{portable.name}{suffix}"
            compile_shared(compiler, folder, f"{portable.name}_{kind}.c", library)
            result[f"binaries/{place}/{library}"] = (folder / library).read_bytes()
    return result


def _prebuilt(portable: Portable, version: str, token: str) -> dict[str, bytes]:
    """The library for 64-bit Linux where it is not compiled here; empty when none has room."""
    place = {"2.0": "linux64", "3.0": "x86_64-linux"}[version]
    if find_compiler() is not None and _platform(version)[0] == place:
        return {}
    library = patched_library(portable, version, token)
    return {} if library is None else {f"binaries/{place}/{portable.name}.so": library}


_WINDOWS = {"2.0": ("win64", ".dll"), "3.0": ("x86_64-windows", ".dll")}


def _platform(version: str) -> tuple[str, str]:
    """Folder of this machine's binaries in an FMU, and the suffix of a library; "" if unknown."""
    is_arm = platform.machine().lower() in ("arm64", "aarch64")
    if sys.platform.startswith("linux"):
        if version == "2.0":
            return ("" if is_arm else "linux64"), ".so"
        return ("aarch64-linux" if is_arm else "x86_64-linux"), ".so"
    if sys.platform == "darwin":
        return ("darwin64" if version == "2.0" else
                "aarch64-darwin" if is_arm else "x86_64-darwin"), ".dylib"  # fmt: skip
    return "", ".dll"


def _token(portable: Portable, version: str) -> str:
    text = f"{portable.sha256} {portable.name} {portable.units} {version}"
    trims = " ".join(repr(c.trim) for c in portable.channels)
    return "{" + str(uuid.uuid5(uuid.NAMESPACE_OID, f"{text} {trims}")) + "}"


def _description(portable: Portable, version: str, token: str) -> str:
    return _description2(portable, token) if version == "2.0" else _description3(portable, token)


@dataclass(frozen=True, slots=True)
class _Variable:
    """One line of the model description, for both versions."""

    name: str
    reference: int
    kind: str  # Real or Boolean
    causality: str
    variability: str
    start: str = ""  # "" for outputs
    unit: str = ""
    about: str = ""
    dimensions: tuple[int, ...] = ()


def _variables(portable: Portable, version: str) -> list[_Variable]:
    channels, n_in = portable.channels, len(portable.inputs)
    rows = []
    for k, c in enumerate(channels):
        is_input = k < n_in
        rows.append(
            _Variable(
                c.name, k, "Real", "input" if is_input else "output",
                "continuous", repr(c.trim) if is_input else "", _unit(c), _about(c),
            )
        )  # fmt: skip
    n = len(channels)
    rows += [
        _Variable("diverged", n, "Boolean", "output", "discrete",
                  about="An output has left 50 standard deviations; outputs hold."),
        _Variable("outside_envelope", n + 1, "Boolean", "output", "discrete",
                  about="An input or output is outside the training envelope."),
        _Variable("use_start_samples", n + 2, "Boolean", "parameter", "fixed", "false",
                  about=f"Start from {portable.n_start} given samples instead of at rest at trim."),
    ]  # fmt: skip
    rows += [
        _Variable(f"trim.{c.name}", VR_TRIM + k, "Real", "parameter", "fixed", repr(c.trim),
                  _unit(c), f"Operating point of {c.name}")
        for k, c in enumerate(channels)
    ]  # fmt: skip
    rows += _start_arrays(portable) if version == "3.0" else _start_scalars(portable)
    return _distinct(rows)


def _start_scalars(portable: Portable) -> Iterable[_Variable]:
    n = len(portable.channels)
    for k in range(portable.n_start):
        for i, c in enumerate(portable.channels):
            yield _Variable(
                f"start[{k + 1}].{c.name}", VR_START + k * n + i, "Real", "parameter", "fixed",
                repr(c.trim), _unit(c), f"Given sample {k + 1} of {portable.n_start}, oldest first",
            )  # fmt: skip


def _start_arrays(portable: Portable) -> Iterable[_Variable]:
    for k, (name, group) in enumerate((("u", portable.inputs), ("y", portable.outputs))):
        values = " ".join([repr(c.trim) for c in group] * portable.n_start)
        yield _Variable(
            f"start_{name}", VR_START + k, "Real", "parameter", "fixed", values,
            about="Given samples, oldest first: rows are samples, columns are channels",
            dimensions=(portable.n_start, len(group)),
        )  # fmt: skip


def _distinct(rows: Sequence[_Variable]) -> list[_Variable]:
    """A channel may be called ``diverged``: later names give way."""
    taken = {"time"}
    result = []
    for row in rows:
        name, number = one_line(row.name), 2
        while name in taken:
            name, number = f"{one_line(row.name)}_{number}", number + 1
        taken.add(name)
        result.append(
            _Variable(name, *(getattr(row, f) for f in list(row.__dataclass_fields__)[1:]))
        )
    return result


def _unit(channel: PortableChannel) -> str:
    return "" if channel.unit in ("-", "") else channel.unit


def _about(channel: PortableChannel) -> str:
    if math.isnan(channel.low):
        return channel.name
    return f"{channel.name}; training envelope {channel.low:.6g} to {channel.high:.6g}"


def _units_xml(portable: Portable) -> str:
    lines = []
    for symbol in sorted({_unit(c) for c in portable.channels} - {""}):
        unit = find_unit(symbol)
        base = _BASE_UNITS.get(unit.si) if unit else None
        inner = ""
        if unit and base:
            scale = f' factor="{unit.factor!r}"' if unit.factor != 1.0 else ""
            shift = f' offset="{unit.offset!r}"' if unit.offset else ""
            inner = f"<BaseUnit {base}{scale}{shift}/>"
        lines.append(f'    <Unit name="{xml_text(symbol)}">{inner}</Unit>')
    body = "\n".join(lines)
    return f"  <UnitDefinitions>\n{body}\n  </UnitDefinitions>\n" if lines else ""


def _head(portable: Portable) -> str:
    about = heading(portable)
    return (
        f'modelName="{portable.name}" description="{xml_text(about[0])}; {xml_text(about[2])}" '
        f'license="{xml_text(licence_note(portable))}" version="{portable.sha256[:12]}" '
        f'generationTool="HeliID {heliid.__version__}" variableNamingConvention="flat"'
    )


def _description2(portable: Portable, token: str) -> str:
    variables = _variables(portable, "2.0")
    lines, outputs = [], []
    for index, v in enumerate(variables, 1):
        initial = {"input": "", "output": ' initial="calculated"'}.get(
            v.causality, ' initial="exact"'
        )
        if v.causality == "output":
            outputs.append(f'      <Unknown index="{index}"/>')
        start = f' start="{v.start}"' if v.start else ""
        unit = f' unit="{xml_text(v.unit)}"' if v.unit else ""
        lines.append(
            f'    <ScalarVariable name="{xml_text(v.name)}" valueReference="{v.reference}" '
            f'description="{xml_text(v.about)}" causality="{v.causality}" '
            f'variability="{v.variability}"{initial}><{v.kind}{unit}{start}/></ScalarVariable>'
        )
    unknowns = "\n".join(outputs)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<fmiModelDescription fmiVersion="2.0" guid="{token}" {_head(portable)}>\n'
        f'  <CoSimulation modelIdentifier="{portable.name}" '
        'canHandleVariableCommunicationStepSize="true" canGetAndSetFMUstate="true" '
        'canSerializeFMUstate="true" canNotUseMemoryManagementFunctions="true">\n'
        f'    <SourceFiles><File name="{portable.name}_fmi2.c"/></SourceFiles>\n'
        "  </CoSimulation>\n"
        f"{_units_xml(portable)}"
        f"{_experiment(portable)}"
        "  <ModelVariables>\n" + "\n".join(lines) + "\n  </ModelVariables>\n"
        f"  <ModelStructure>\n    <Outputs>\n{unknowns}\n    </Outputs>\n"
        f"    <InitialUnknowns>\n{unknowns}\n    </InitialUnknowns>\n  </ModelStructure>\n"
        "</fmiModelDescription>\n"
    )


def _description3(portable: Portable, token: str) -> str:
    variables = _variables(portable, "3.0")
    time = f'    <Float64 name="time" valueReference="{len(portable.channels) + 3}" '
    lines = [time + 'causality="independent" variability="continuous"/>']
    for v in variables:
        kind = {"Real": "Float64", "Boolean": "Boolean"}[v.kind]
        initial = {"input": "", "output": ' initial="calculated"'}.get(
            v.causality, ' initial="exact"'
        )
        start = f' start="{v.start}"' if v.start else ""
        unit = f' unit="{xml_text(v.unit)}"' if v.unit else ""
        sizes = "".join(f'<Dimension start="{n}"/>' for n in v.dimensions)
        lines.append(
            f'    <{kind} name="{xml_text(v.name)}" valueReference="{v.reference}" '
            f'description="{xml_text(v.about)}" causality="{v.causality}" '
            f'variability="{v.variability}"{initial}{unit}{start}'
            + (f">{sizes}</{kind}>" if sizes else "/>")
        )
    outputs = [v.reference for v in variables if v.causality == "output"]
    unknowns = "\n".join(
        [f'    <Output valueReference="{r}"/>' for r in outputs]
        + [f'    <InitialUnknown valueReference="{r}"/>' for r in outputs]
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<fmiModelDescription fmiVersion="3.0" instantiationToken="{token}" {_head(portable)}>\n'
        f'  <CoSimulation modelIdentifier="{portable.name}" '
        'canHandleVariableCommunicationStepSize="true" canGetAndSetFMUState="true" '
        f'canSerializeFMUState="true" fixedInternalStepSize="{portable.model.dt!r}"/>\n'
        f"{_units_xml(portable)}"
        f"{_experiment(portable)}"
        "  <ModelVariables>\n" + "\n".join(lines) + "\n  </ModelVariables>\n"
        f"  <ModelStructure>\n{unknowns}\n  </ModelStructure>\n"
        "</fmiModelDescription>\n"
    )


def _experiment(portable: Portable) -> str:
    dt = portable.model.dt
    return f'  <DefaultExperiment startTime="0" stopTime="{100 * dt!r}" stepSize="{dt!r}"/>\n'


def _build_description(portable: Portable) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<fmiBuildDescription fmiVersion="3.0">\n'
        f'  <BuildConfiguration modelIdentifier="{portable.name}">\n'
        f'    <SourceFileSet language="C99"><SourceFile name="{portable.name}_fmi3.c"/>'
        "</SourceFileSet>\n  </BuildConfiguration>\n</fmiBuildDescription>\n"
    )


def _page(portable: Portable) -> str:
    text = escape("\n".join(heading(portable)))
    kind = f"cc -std=c99 -O2 -shared -fPIC -fvisibility=hidden {portable.name}_fmi2.c (or _fmi3.c)"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{portable.name}</title></head><body><h1>{portable.name}</h1>\n"
        f"<pre>{text}</pre>\n<p>The input set at time t is held over the communication step that "
        "begins there; an output is that of the latest model sample. Steps of any length are "
        "possible; the model itself advances in steps of its sample time.</p>\n"
        f"<pre>from fmpy import simulate_fmu\nstep = {portable.model.dt!r}\n"
        f"result = simulate_fmu('{escape(portable.file)}.fmu', input=signals, step_size=step, "
        "output_interval=step)</pre>\n"
        f"<p>For another platform, build the library from the folder <code>sources</code>: "
        f"<code>{escape(kind)} -o {portable.name}.so -lm</code>.</p>\n</body></html>\n"
    )


def _test_vector(portable: Portable) -> str:
    test = {"n_start": portable.n_start, "dt": portable.model.dt,
            "inputs": portable.test.u.tolist(), "outputs": portable.test.y.tolist()}  # fmt: skip
    return json.dumps(test)


def _zipped(files: dict[str, str | bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files, key=lambda n: (n != "modelDescription.xml", n)):
            content = files[name]
            info = zipfile.ZipInfo(name, date_time=_STAMP)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (0o755 if name.startswith("binaries/") else 0o644) << 16
            archive.writestr(info, content.encode() if isinstance(content, str) else content)
    return stream.getvalue()
