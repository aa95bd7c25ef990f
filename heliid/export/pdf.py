"""The blocks of a report as a vector PDF: the same tables and panels as on the HTML page.

ReportLab breaks the pages; the panels are drawn from their own SVG text, so both forms of the
report show the same lines. Fonts are embedded, the file asks nothing of the network, and the same
blocks give the same bytes on one machine.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    PageTemplate,
    Paragraph,
    TableStyle,
)
from reportlab.platypus import Table as PdfTable

from heliid.export.page import (
    BAD,
    GOOD,
    WARN,
    Block,
    Cell,
    Code,
    Facts,
    Figure,
    Heading,
    Remark,
    Table,
    Text,
)
from heliid.export.svg_canvas import draw_svg, svg_size

MARGIN = 17 * mm
WIDTH = A4[0] - 2 * MARGIN
SANS, BOLD, MONO = "HeliID-Sans", "HeliID-Bold", "Courier"
_COLOURS = {GOOD: "#166534", WARN: "#92400e", BAD: "#b91c1c", "": "#1f2937"}
_SIGNS = {GOOD: ("\u2713", "+"), WARN: ("!", "!"), BAD: ("\u2717", "x")}  # if the font has it
_SIZE = 8.0  # points, of table text
_MOST = 60.0 * mm  # no column of numbers is wider
_FONTS = (
    ("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),
    ("/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),
    ("C:/Windows/Fonts/arial.ttf", "arialbd.ttf"),
    ("/System/Library/Fonts/Supplemental/Arial.ttf", "Arial Bold.ttf"),
)


def report_pdf(title: str, subtitle: str, blocks: Iterable[Block]) -> bytes:
    """The whole document, A4, with page numbers and an outline."""
    _load_fonts()
    stream = io.BytesIO()
    document = _Document(stream, writable(title))
    flow: list[Flowable] = [
        Paragraph(_markup(title), _style(18, bold=True, after=2)),
        Paragraph(_markup(subtitle), _style(9, colour="#6b7280", after=8)),
    ]
    for block in blocks:
        flow += _flowables(block)
    document.build(flow)
    return stream.getvalue()


class _Document(BaseDocTemplate):
    """A4 pages with a footer; headings of level 2 enter the outline."""

    def __init__(self, stream: io.BytesIO, title: str) -> None:
        super().__init__(
            stream, pagesize=A4, title=title, author="HeliID", creator="HeliID", invariant=1,
            pageCompression=1,
        )  # fmt: skip
        frame = Frame(MARGIN, MARGIN, WIDTH, A4[1] - 2 * MARGIN, 0, 0, 0, 0)
        self.addPageTemplates(PageTemplate("page", [frame], onPage=self._footer))
        self._footer_text = title

    def _footer(self, canvas: Any, document: Any) -> None:
        canvas.setFont(SANS, 7.5)
        canvas.setFillColor(HexColor("#6b7280"))
        canvas.drawString(MARGIN, 9 * mm, self._footer_text)
        canvas.drawRightString(A4[0] - MARGIN, 9 * mm, str(document.page))

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802 - ReportLab's name
        """Put headings of level 2 into the outline."""
        name = getattr(flowable, "outline_name", "")
        if name:
            self.canv.bookmarkPage(name)
            self.canv.addOutlineEntry(name, name, 0, False)


class _Drawing(Flowable):
    """One panel, scaled to the width of the page."""

    def __init__(self, svg: str) -> None:
        super().__init__()
        self._svg = svg
        width, height = svg_size(svg)
        self._scale = min(1.0, WIDTH / width)
        self.width, self.height = width * self._scale, height * self._scale
        self.spaceAfter = 4

    def draw(self) -> None:
        """Draw it upwards from the lower left corner."""
        self.canv.saveState()
        self.canv.translate(0, self.height)
        self.canv.scale(self._scale, -self._scale)
        draw_svg(self.canv, self._svg, (SANS, BOLD), writable)
        self.canv.restoreState()


def _flowables(block: Block) -> list[Flowable]:
    match block:
        case Heading(text, level):
            size, before = (13, 12) if level == 2 else (10.5, 8)
            found = Paragraph(_markup(text), _style(size, bold=True, before=before, after=3))
            if level == 2:
                found.outline_name = writable(text)
            return [CondPageBreak(45 * mm), found]
        case Text(text):
            return [Paragraph(_markup(text), _style(9, after=4))]
        case Remark(text, mark):
            return [_remark(text, mark)]
        case Code(text):
            style = ParagraphStyle(
                "code", fontName=MONO, fontSize=7.5, leading=10, backColor=HexColor("#f3f4f6"),
                borderPadding=4, spaceBefore=5, spaceAfter=8, splitLongWords=1,
            )  # fmt: skip
            return [Paragraph(_markup(text).replace("\n", "<br/>"), style)]
        case Facts(rows):
            return [_facts(rows)]
        case Figure(svg, caption):
            under = [Paragraph(_markup(caption), _style(7.5, colour="#6b7280", after=4))]
            return [_Drawing(svg), *(under if caption else [])]
        case Table():
            return _table(block)
    raise TypeError(f"no way to print a {type(block).__name__}")


def _remark(text: str, mark: str) -> Flowable:
    colour = _COLOURS.get(mark, "#6b7280")
    found = PdfTable([[_cell(Cell(text, mark), 9)]], colWidths=[WIDTH])
    found.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, -1), HexColor("#f9fafb")),
                ("LINEBEFORE", (0, 0), (0, -1), 2.5, HexColor(colour if mark else "#6b7280")),
                ("TOPPADDING", (0, 0), (-1, -1), 4),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
            ]
        )
    )
    found.spaceAfter = 5
    return found


def _facts(rows: Sequence[tuple[str, str | Cell]]) -> Flowable:
    lines = [
        [Paragraph(_markup(name), _style(_SIZE, colour="#6b7280")), _cell(value)]
        for name, value in rows
    ]
    found = PdfTable(lines, colWidths=[42 * mm, WIDTH - 42 * mm], hAlign="LEFT")
    found.setStyle(_lines(0))
    found.spaceAfter = 6
    return found


def _table(table: Table) -> list[Flowable]:
    is_text = [name in table.wide for name in table.header]
    head = [
        Paragraph(_markup(name), _style(_SIZE, bold=True, right=not left))
        for name, left in zip(table.header, is_text, strict=True)
    ]
    lines = [
        [_cell(c, right=not left) for c, left in zip(row, is_text, strict=True)]
        for row in table.rows
    ]
    found = PdfTable([head, *lines], colWidths=_widths(table), repeatRows=1, hAlign="LEFT")
    found.setStyle(_lines(1))
    found.spaceAfter = 6
    if not table.caption:
        return [found]
    over = Paragraph(_markup(table.caption), _style(7.5, colour="#6b7280", before=4, after=2))
    return [CondPageBreak(25 * mm), over, found]


def _widths(table: Table) -> list[float]:
    """Column widths in points: what the texts need; where that is too much, no word is cut."""
    needs, least = [], []
    for k, name in enumerate(table.header):
        cells = [_plain(row[k]) for row in table.rows]
        marks = 12.0 if any(isinstance(row[k], Cell) for row in table.rows) else 0.0
        head = _width(name, BOLD)
        needs.append(max([head, *(_width(c, SANS) + marks for c in cells)]) + 9.0)
        words = [_width(word, BOLD) for word in name.split()]
        words += [_width(word, SANS) + marks for c in cells for word in c.split()]
        least.append(min(needs[-1], min(max(words, default=0.0), _MOST) + 9.0))
    if sum(needs) <= WIDTH:
        return needs
    room = WIDTH - sum(least)
    if room <= 0.0:
        return [WIDTH * one / sum(least) for one in least]
    more = [need - one for need, one in zip(needs, least, strict=True)]
    return [one + room * m / max(sum(more), 1e-9) for one, m in zip(least, more, strict=True)]


def _width(text: str, font: str) -> float:
    return float(pdfmetrics.stringWidth(writable(text), font, _SIZE))


def _plain(cell: str | Cell) -> str:
    return cell.text if isinstance(cell, Cell) else cell


def _lines(first: int) -> TableStyle:
    return TableStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, -1), 0.3, HexColor("#d1d5db")),
            ("LEFTPADDING", (0, 0), (-1, -1), 2),
            ("RIGHTPADDING", (0, 0), (-1, -1), 6),
            ("TOPPADDING", (0, first), (-1, -1), 1.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
        ]
    )


def _cell(cell: str | Cell, size: float = _SIZE, *, right: bool = False) -> Paragraph:
    one = cell if isinstance(cell, Cell) else Cell(cell)
    wanted, plain = _SIGNS.get(one.mark, ("", ""))
    mark = f"{wanted if writable(wanted) == wanted else plain} " if wanted else ""
    style = _style(size, bold=one.mark == BAD, colour=_COLOURS[one.mark], right=right)
    return Paragraph(mark + _markup(one.text), style)


@lru_cache
def _style(
    size: float, *, bold: bool = False, colour: str = "#1f2937", before: float = 0.0,
    after: float = 0.0, right: bool = False,
) -> ParagraphStyle:  # fmt: skip
    return ParagraphStyle(
        "", fontName=BOLD if bold else SANS, fontSize=size, leading=1.3 * size,
        textColor=HexColor(colour), spaceBefore=before, spaceAfter=after,
        alignment=2 if right else 0, splitLongWords=1,
    )  # fmt: skip


def _markup(text: str) -> str:
    return escape(writable(text), quote=False)


def writable(text: str) -> str:
    """The text in characters that the font has: Greek by name, anything else as a question mark."""
    _load_fonts()
    have = pdfmetrics.getFont(SANS).face.charToGlyph
    return "".join(c if c == "\n" or ord(c) in have else _spelt(c) for c in text)


def _spelt(character: str) -> str:
    name = unicodedata.name(character, "")
    if name.startswith("GREEK") and "LETTER" in name:
        word = name.split("LETTER ")[1].split(" ")[0].lower()
        return word.capitalize() if "CAPITAL" in name else word
    plain = unicodedata.normalize("NFKD", character)[0]
    return plain if plain.isascii() and plain.isprintable() else "?"


@lru_cache
def _load_fonts() -> None:
    """DejaVu or Arial where the machine has it, for more alphabets; else Vera of ReportLab."""
    for path, bold in (*_FONTS, ("Vera.ttf", "VeraBd.ttf")):
        beside = Path(path).with_name(bold)
        if path == "Vera.ttf" or (Path(path).is_file() and beside.is_file()):
            pdfmetrics.registerFont(TTFont(SANS, path))
            pdfmetrics.registerFont(TTFont(BOLD, bold if path == "Vera.ttf" else str(beside)))
            pdfmetrics.registerFontFamily(SANS, SANS, BOLD, SANS, BOLD)
            return
