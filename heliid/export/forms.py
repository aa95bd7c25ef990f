"""What each export target writes and how it is checked: the table behind ``targets``."""

from __future__ import annotations

from pathlib import Path

from heliid.data.record import FlightRecord
from heliid.errors import ExportError
from heliid.export import runners
from heliid.export.c_source import c_files
from heliid.export.fixed_source import fixed_point_written
from heliid.export.fmu import VERSIONS, build_fmu
from heliid.export.grouped import Grouping
from heliid.export.grouped_source import grouped_written
from heliid.export.matlab import matlab_files
from heliid.export.model_files import load_model, model_hash, model_to_text
from heliid.export.names import csv_cell, is_matlab_name
from heliid.export.onnx_graph import onnx_files
from heliid.export.portable import Portable, single_tolerance
from heliid.export.python_source import python_files
from heliid.export.target import UNITS, Flown, Option, Target, Written
from heliid.export.verify import TOLERANCE, Verified, make_cases, verify

Choices = dict[str, str]


def _json(portable: Portable, chosen: Choices, flown: Flown) -> Written:  # noqa: ARG001
    name = f"{portable.file}.json"

    def check(folder: Path) -> Verified:
        again = load_model(folder / name)
        same = model_hash(again) == portable.sha256
        told = "read back, bit for bit the same" if same else "read back, but not the same"
        word = "Verified" if same else "Not verified"
        return Verified(same, 0.0 if same else float("inf"), "reader", f"{word}: {told}.")

    return Written({name: model_to_text(portable.model)}, check=check)


def _c(portable: Portable, chosen: Choices, flown: Flown) -> Written:
    if chosen["type"] in ("int16", "int8", "int4"):
        return fixed_point_written(portable, chosen["type"], flown.records)
    if chosen["type"] == "ternary":
        return _grouped(portable, chosen, flown)
    files = c_files(portable, chosen["type"])
    source = f"{portable.file}.c"
    tolerance = TOLERANCE if chosen["type"] == "float64" else single_tolerance(portable)

    def check(folder: Path) -> Verified:
        run = runners.c_run(portable, folder / source)
        return verify(portable, make_cases(portable, flown.records), run, tolerance=tolerance)

    return Written({source: files[source], **files}, check=check)


def _grouped(portable: Portable, chosen: Choices, flown: Flown) -> Written:
    levels = int(chosen["levels"])
    grouping = Grouping(
        group=int(chosen["group"]),
        clusters=0 if chosen["clusters"] == "none" else int(chosen["clusters"]),
        bits=int(chosen["activations"]),
        levels=levels,
        share=1.0 if levels > 2 else 0.5,
    )
    training: tuple[FlightRecord, ...] | None = None
    if chosen["refit"] == "yes":
        training = flown.training
    return grouped_written(portable, grouping, flown.records, training)


def _python(portable: Portable, chosen: Choices, flown: Flown) -> Written:  # noqa: ARG001
    files = python_files(portable)

    def check(folder: Path) -> Verified:
        run = runners.python_run(portable, folder / f"{portable.file}.py")
        return verify(portable, make_cases(portable, flown.records), run)

    return Written(dict(files), check=check)


def _onnx(portable: Portable, chosen: Choices, flown: Flown) -> Written:
    files = onnx_files(portable, chosen["type"])
    tolerance = TOLERANCE if chosen["type"] == "float64" else single_tolerance(portable)

    def check(folder: Path) -> Verified:
        run = runners.onnx_run(portable, folder / f"{portable.file}.onnx")
        return verify(portable, make_cases(portable, flown.records), run, tolerance=tolerance)

    return Written(dict(files), check=check)


def _fmu(portable: Portable, chosen: Choices, flown: Flown) -> Written:
    build = build_fmu(portable, chosen["fmi"])
    name = f"{portable.file}.fmu"
    note = (
        f"The FMU has a binary for {', '.join(build.platforms)} and its source for others."
        if build.platforms
        else "There is no C compiler here and the model is too large for the prebuilt library: the "
        "FMU holds its source only, and must be compiled (by  fmpy compile) before it runs."
    )

    def check(folder: Path) -> Verified:
        if not build.platforms:
            return Verified(False, float("nan"), "", "Not verified: the FMU has no binary to run.")
        run = runners.fmu_run(portable, folder / name)
        return verify(portable, make_cases(portable, flown.records), run)

    return Written({name: build.data}, (note,), check)


def _matlab(portable: Portable, chosen: Choices, flown: Flown) -> Written:  # noqa: ARG001
    if not is_matlab_name(portable.file):
        raise ExportError(
            f"MATLAB cannot call a function file named '{portable.file[:60]}.m': choose a name of "
            f"letters, digits and underscores that begins with a letter, like {portable.name}.m."
        )
    files = matlab_files(portable)

    def check(folder: Path) -> Verified:
        run = runners.octave_run(portable, folder / f"{portable.file}.m")
        return verify(portable, make_cases(portable, flown.records), run)

    return Written(dict(files), check=check)


def _csv(portable: Portable, chosen: Choices, flown: Flown) -> Written:  # noqa: ARG001
    from heliid.export.tables import predictions_csv  # numba is slow to import

    name = f"{portable.file}.csv"
    text = predictions_csv(portable, flown.records)
    note = (
        () if flown.records else ("No record was given: the table holds the model's test vector.",)
    )
    return Written({name: text}, note, lambda folder: _read_back(folder / name, text))


def _linear(portable: Portable, chosen: Choices, flown: Flown) -> Written:  # noqa: ARG001
    from heliid.export.state_space import check_state_space, state_space_files

    files = state_space_files(portable, chosen["form"])
    name = next(iter(files))
    return Written(files, check=lambda folder: check_state_space(portable, folder / name))


def _low_bit(portable: Portable, chosen: Choices, flown: Flown) -> Written:  # noqa: ARG001
    from heliid.export.low_bit import study_bits

    study = study_bits(portable.model, flown.records, flown.training)
    fields = list(study.rows[0].__dataclass_fields__)
    lines = [",".join(fields)]
    lines += [",".join(csv_cell(str(getattr(row, f))) for f in fields) for row in study.rows]
    name, text = f"{portable.file}.csv", "\n".join(lines) + "\n"
    notes = [study.recommendation]
    if not flown.records:
        notes.append("Give validation records to measure the loss where it matters.")
    return Written({name: text}, tuple(notes), lambda folder: _read_back(folder / name, text))


def _read_back(path: Path, text: str) -> Verified:
    """The file holds the text that was meant, and every number in it reads back exactly."""
    lines = path.read_text(encoding="utf-8").splitlines()
    same = lines == text.splitlines()
    rows = max(len(lines) - 1, 0)
    word, told = ("Verified", "the same") if same else ("Not verified", "different")
    sentence = f"{word}: {rows} rows were read back and are {told}."
    return Verified(same, 0.0 if same else float("inf"), "reader", sentence)


_REAL = Option("type", "Numbers", ("float64", "float32"), "precision of all numbers")
_C_TYPE = Option(
    "type", "Numbers", ("float64", "float32", "int16", "int8", "int4", "ternary"),
    "float64 is the app's arithmetic; int16 to int4 (per row) are fixed point with a stated loss; "
    "ternary can be switched between levels while it runs, see the low-bit study first",
)  # fmt: skip
_TERNARY = ("type", "ternary")
_LOW = (
    Option("group", "Weights per scale", ("8", "4", "16", "32", "64"),
           "so many neighbours in a row share a scale", _TERNARY),
    Option("clusters", "Shared by rows", ("none", "2", "3", "4", "6"),
           "rows of like size share their scales, in so many clusters", _TERNARY),
    Option("activations", "Activations, bits", ("16", "8", "4"),
           "of regressor and hidden units; 4 bits cost the fit on every set tried", _TERNARY),
    Option("levels", "Residual levels", ("2", "4", "3", "1", "0"),
           "further terms in half of the rows (3 and 4: in all), switched while it runs", _TERNARY),
    Option("refit", "Refit afterwards", ("no", "yes"),
           "fit scales and biases once more to the training records, signs held", _TERNARY),
)  # fmt: skip
_FMI = Option("fmi", "FMI version", VERSIONS, "2.0 is read by nearly every tool")
_FORM = Option("form", "Format", ("json", "csv", "mat"), "one file with A, B, C, D and names")

FORMS: tuple[Target, ...] = (
    Target("json", "HeliID model", "The model itself, readable and sealed with a checksum",
           (".json",), (), _json),
    Target("c", "C99 source", "One header and one source file; no heap, no library",
           (".c", ".h"), (_C_TYPE, *_LOW, UNITS), _c, uses_records=True),
    Target("python", "Python source", "One file that needs numpy and nothing else",
           (".py",), (UNITS,), _python),
    Target("onnx", "ONNX graphs", "Whole free run, and one step with its past as tensors",
           (".onnx",), (_REAL, UNITS), _onnx),
    Target("fmu", "FMU", "Co-simulation FMU with source and binary",
           (".fmu",), (_FMI, UNITS), _fmu),
    Target("matlab", "MATLAB / Octave", "One function file, and the numbers as .mat",
           (".m",), (UNITS,), _matlab),
    Target("csv", "Predictions as CSV", "Measured, free run and residual at model rate",
           (".csv",), (UNITS,), _csv, uses_records=True),
    Target("linear", "Linearised state space", "A, B, C, D at trim for control design",
           (".json", ".csv", ".mat"), (_FORM,), _linear, suffix_option="form"),
    Target("lowbit", "Low-bit study", "Table of bits against fit: ternary, int8, int16, float",
           (".csv",), (), _low_bit, uses_records=True),
)  # fmt: skip
