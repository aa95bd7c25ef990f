"""Pages of ``docs/`` whose tables are made one at a time, each between two marks."""

from __future__ import annotations

from pathlib import Path


def put(path: Path, head: str, key: str, text: str) -> None:
    """Replace the part ``key`` of the page, or add it at the end; ``head`` begins a new page."""
    page = path.read_text(encoding="utf-8") if path.exists() else head
    begin, end = f"\n<!-- {key} -->\n", f"\n<!-- end {key} -->\n"
    if begin in page:
        before, _, rest = page.partition(begin)
        page = before + begin + text + end + rest.partition(end)[2]
    else:
        page += begin + text + end
    path.write_text(page, encoding="utf-8")
