"""The report as PDF: pages that stand alone and show what the page shows."""

from __future__ import annotations

import re
import shutil
import subprocess
import zlib

import numpy as np
import pytest

from heliid.export.page import BAD, Cell, Code, Facts, Figure, Heading, Remark, Table, Text
from heliid.export.pdf import report_pdf, writable
from heliid.export.report import MAX_BYTES, ReportInput, study_pdf
from heliid.export.svg import Band, Curve, Panel, panel_svg
from heliid.export.svg_canvas import svg_size

pytestmark = pytest.mark.slow

needs_poppler = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler is not here")


@pytest.fixture(scope="module")
def printed(finished):
    result, judged = finished
    return study_pdf(result, ReportInput(judged, "heliid identify --seed 1", "2026-01-02"))


def text_of(data: bytes, folder) -> str:
    (folder / "r.pdf").write_bytes(data)
    done = subprocess.run(
        ["pdftotext", "-layout", str(folder / "r.pdf"), "-"], capture_output=True, check=True
    )
    return done.stdout.decode()


def operators(data: bytes) -> bytes:
    """The drawing operators of all pages."""
    from base64 import a85decode

    parts = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", data, re.DOTALL):
        try:
            parts.append(zlib.decompress(a85decode(stream.strip(), adobe=False)))
        except (ValueError, zlib.error):
            try:
                parts.append(zlib.decompress(a85decode(b"<~" + stream.strip(), adobe=True)))
            except (ValueError, zlib.error):
                continue
    return b"\n".join(parts)


def test_document_is_small_and_asks_nothing_of_the_network(printed):
    assert printed.startswith(b"%PDF-")
    assert len(printed) < MAX_BYTES
    assert b"/URI" not in printed
    assert b"/JavaScript" not in printed
    assert b"/Subtype /Image" not in printed  # everything is drawn, nothing is a picture
    assert b"/Outlines" in printed


def test_same_study_gives_the_same_bytes(printed, finished):
    result, judged = finished
    again = study_pdf(result, ReportInput(judged, "heliid identify --seed 1", "2026-01-02"))
    assert again == printed


@needs_poppler
def test_document_says_what_the_page_says(printed, finished, tmp_path):
    result, _ = finished
    text = text_of(printed, tmp_path)
    for wanted in (
        "Identification report", "Can it be used, and for what", "How to repeat it", "sweep <1>",
        "heliid identify --seed 1", "Limits and their sources", "Physics at trim", "Pole map",
        result.model.provenance["versions"]["numba"],
    ):  # fmt: skip
        assert wanted in text, wanted


def test_curves_are_lines_not_pixels():
    x = np.linspace(0, 10, 200)
    panel = Panel(
        "t", "time [s]", "q [deg/s]", (Curve(x, np.sin(x), "measured", "measured"),),
        bands=(Band(x, np.sin(x) - 1, np.sin(x) + 1),), spans=((1.0, 2.0),),
    )  # fmt: skip
    found = operators(report_pdf("T", "s", [Figure(panel_svg(panel), "caption")]))
    assert found.count(b" l") > 150


def test_long_tables_run_over_pages_with_their_header(tmp_path):
    rows = tuple((f"record {k}", Cell("12.5", BAD), "words " * 30) for k in range(90))
    data = report_pdf("T", "s", [Heading("H"), Table(("record", "fit", "why"), rows, "c",
                                                     ("record", "why"))])  # fmt: skip
    assert data.count(b"/Type /Page\n") >= 3 or data.count(b"/Type /Page ") >= 3
    if shutil.which("pdftotext"):
        assert text_of(data, tmp_path).count("why") >= 3


def test_every_kind_of_block_prints_and_unknown_ones_are_refused():
    blocks = [
        Heading("a"), Heading("b", 3), Text("x < y & z"), Remark("r", BAD), Remark("plain"),
        Code("heliid --seed 1\nnext"), Facts((("name", "value"), ("n", Cell("v", BAD)))),
    ]  # fmt: skip
    assert report_pdf("T", "s", blocks).startswith(b"%PDF-")
    with pytest.raises(TypeError, match="no way to print"):
        report_pdf("T", "s", ["text"])  # type: ignore[list-item]


def test_letters_that_the_font_lacks_are_spelt():
    assert writable("pitch ± 2²") == "pitch ± 2²"
    assert writable("\u03b8") in ("\u03b8", "theta")
    assert writable("\U0001f681") == "?"


def test_size_of_a_picture_is_that_of_its_panel():
    panel = Panel("t", "x", "y", (Curve(np.arange(3.0), np.arange(3.0)),), height=150)
    assert svg_size(panel_svg(panel, width=640)) == (640.0, 150.0)
