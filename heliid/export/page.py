"""A report as a list of blocks, and the blocks as one self-contained HTML page.

The page asks nothing of the network, runs no script, and is small. The same blocks can be
printed in another way (the window makes the PDF of them).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

GOOD, WARN, BAD = "good", "warn", "bad"
_SIGNS = {GOOD: "✓ ", WARN: "! ", BAD: "✗ "}


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 2 or 3; level 2 appears in the table of contents."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence that must not be missed; ``mark`` is GOOD, WARN, BAD or empty."""

    text: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """Something to type."""

    text: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A table cell with a verdict and what to say when the pointer rests on it."""

    text: str
    mark: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text or cells; columns named in ``wide`` are text, the others numbers."""

    header: tuple[str, ...]
    rows: tuple[tuple[str | Cell, ...], ...]
    caption: str = ""
    wide: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with values, two columns."""

    rows: tuple[tuple[str, str | Cell], ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """One picture, as the text of an ``<svg>`` element."""

    svg: str
    caption: str = ""


Block = Heading | Text | Remark | Code | Table | Facts | Figure


def page_html(title: str, subtitle: str, blocks: Iterable[Block]) -> str:
    """The whole page."""
    blocks = list(blocks)
    body = "\n".join(_html(block) for block in blocks)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{escape(title)}</title>\n'
        f"<style>{_STYLE}</style></head>\n<body><main>\n<h1>{escape(title)}</h1>\n"
        f'<p class="sub">{escape(subtitle)}</p>\n{_contents(blocks)}\n{body}\n'
        f"</main></body></html>\n"
    )


def _contents(blocks: Sequence[Block]) -> str:
    names = [b.text for b in blocks if isinstance(b, Heading) and b.level == 2]
    links = "".join(f'<a href="#{_anchor(name)}">{escape(name)}</a>' for name in names)
    return f"<nav>{links}</nav>"


def _anchor(name: str) -> str:
    return "".join(mark if mark.isalnum() else "-" for mark in name.lower())


def _html(block: Block) -> str:
    match block:
        case Heading(text, level):
            anchor = f' id="{_anchor(text)}"' if level == 2 else ""
            return f"<h{level}{anchor}>{escape(text)}</h{level}>"
        case Text(text):
            return f"<p>{escape(text)}</p>"
        case Remark(text, mark):
            return f'<p class="remark {mark}">{_SIGNS.get(mark, "")}{escape(text)}</p>'
        case Code(text):
            return f"<pre>{escape(text)}</pre>"
        case Facts(rows):
            lines = "".join(f"<tr><th>{escape(n)}</th>{_cell(v, True)}</tr>" for n, v in rows)
            return f'<table class="facts">{lines}</table>'
        case Figure(svg, caption):
            under = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
            return f"<figure>{svg}{under}</figure>"
        case Table():
            return _table(block)
    raise TypeError(f"no way to write a {type(block).__name__}")


def _table(table: Table) -> str:
    is_text = [name in table.wide for name in table.header]
    head = "".join(
        f'<th class="{"text" if left else "num"}">{escape(name)}</th>'
        for name, left in zip(table.header, is_text, strict=True)
    )
    body = "".join(
        "<tr>" + "".join(_cell(c, t) for c, t in zip(row, is_text, strict=True)) + "</tr>"
        for row in table.rows
    )
    caption = f'<p class="over">{escape(table.caption)}</p>' if table.caption else ""
    return f'{caption}<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def _cell(cell: str | Cell, is_text: bool) -> str:
    one = cell if isinstance(cell, Cell) else Cell(cell)
    kind = " ".join(part for part in ("text" if is_text else "num", one.mark) if part)
    hint = f' title="{escape(one.hint, quote=True)}"' if one.hint else ""
    return f'<td class="{kind}"{hint}>{_SIGNS.get(one.mark, "")}{escape(one.text)}</td>'


_STYLE = """
:root{--ink:#1f2937;--soft:#6b7280;--paper:#fff;--line:#e5e7eb;--fill:#f9fafb;
--good:#166534;--warn:#92400e;--bad:#b91c1c}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif}
main{max-width:920px;margin:0 auto;padding:28px 24px 60px}
h1{font-size:26px;margin:0}h2{font-size:20px;margin:36px 0 8px;border-bottom:1px solid var(--line)}
h3{font-size:16px;margin:22px 0 6px}.sub{color:var(--soft);margin:2px 0 14px}
nav{display:flex;flex-wrap:wrap;gap:4px 16px;font-size:14px}nav a{color:inherit}
table{border-collapse:collapse;font-size:13px;margin:8px 0 16px}
.over{color:var(--soft);font-size:13px;margin:14px 0 0}
th,td{padding:3px 10px 3px 0;border-bottom:1px solid var(--line);vertical-align:top}
th{text-align:left;font-weight:600}th.num,td.num{text-align:right;font-variant-numeric:tabular-nums}
.facts th{width:220px;font-weight:400;color:var(--soft)}.wide{overflow-x:auto}
td.num,td.good,td.warn,td.bad{white-space:nowrap}td.text{min-width:50px}
.good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad);font-weight:600}
.remark{background:var(--fill);border-left:4px solid var(--soft);padding:8px 12px;margin:8px 0}
.remark.good{border-color:var(--good)}.remark.warn{border-color:var(--warn)}
.remark.bad{border-color:var(--bad)}
pre{background:var(--fill);padding:10px 12px;overflow-x:auto;font-size:13px;white-space:pre-wrap}
figure{margin:6px 0 12px}figure svg{max-width:100%;height:auto;display:block}
figcaption{color:var(--soft);font-size:13px}
@media (prefers-color-scheme:dark){
:root{--ink:#e5e7eb;--soft:#9ca3af;--paper:#111827;--line:#374151;--fill:#1f2937;
--good:#4ade80;--warn:#fbbf24;--bad:#f87171}
svg .paper{fill:#111827}svg .ink{fill:#d1d5db}svg .grid{stroke:#374151}
svg .measured{stroke:#f3f4f6}svg .model,svg .best{stroke:#60a5fa}svg .linear{stroke:#fb923c}
svg .residual{stroke:#c4b5fd}svg .span{fill:#854d0e}svg .frame{stroke:#6b7280}
svg .dot.candidate{fill:#6b7280}svg .key.measured{stroke:#f3f4f6}}
@media print{nav{display:none}main{max-width:none;padding:0}h2{break-after:avoid}
figure,tr{break-inside:avoid}}
"""
