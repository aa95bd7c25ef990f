"""Names from anywhere made fit for source code, comments, XML and tables."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_MATLAB_KEYWORDS = (
    "break case catch classdef continue do else elseif end endfunction endif endwhile enumeration "
    "events for function global if methods otherwise parfor persistent properties return spmd "
    "switch try until unwind_protect while"
)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\0")


def identifier(text: str, limit: int = 40) -> str:
    """An ASCII identifier of every language here; ``x`` in front where it began with a digit."""
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    cleaned = re.sub(r"_+", "_", re.sub(r"[^0-9A-Za-z]+", "_", folded)).strip("_")[:limit]
    if not cleaned:
        return "x"
    return f"x{cleaned}" if cleaned[0].isdigit() else cleaned


def file_stem(text: str) -> str:
    """A file name without suffix that every file system and a C ``#include`` can take."""
    cleaned = re.sub(r'[\\/:*?"<>|]', "_", one_line(text, 100)).strip(" .")
    return cleaned or "heliid_model"


def is_matlab_name(text: str) -> bool:
    """Whether MATLAB and Octave can call a function of this name."""
    is_name = re.fullmatch(r"[A-Za-z][0-9A-Za-z_]{0,62}", text) is not None
    return is_name and text not in _MATLAB_KEYWORDS.split(" ")


def unique(names: Iterable[str]) -> list[str]:
    """The names, made different from each other (case apart too) by a number at the end."""
    taken: set[str] = set()
    result = []
    for name in names:
        candidate, number = name, 2
        while candidate.lower() in taken:
            candidate, number = f"{name}_{number}", number + 1
        taken.add(candidate.lower())
        result.append(candidate)
    return result


def one_line(text: str, limit: int = 200) -> str:
    """The text without line breaks and control characters, cut with dots."""
    cleaned = _CONTROL.sub("?", text)
    return cleaned if len(cleaned) <= limit else cleaned[: limit - 3] + "..."


def ascii_line(text: str, limit: int = 400) -> str:
    """``one_line`` in ASCII; other letters as their backslashed code."""
    return one_line(text, limit).encode("ascii", "backslashreplace").decode("ascii")


def c_comment(text: str) -> str:
    """Text that stays inside a C block comment: no end, no nested start, no trigraph."""
    safe = ascii_line(text).replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?")
    return safe + "." if safe.endswith(("\\", "*", "/")) else safe


def c_string(text: str) -> str:
    """A C string literal, quotes included: ASCII, octal for the rest, no trigraph."""
    out = []
    for byte in one_line(text, 400).encode("utf-8"):
        letter = chr(byte)
        if letter in '"\\?' or not 32 <= byte < 127:
            out.append(f"\\{byte:03o}")
        else:
            out.append(letter)
    return '"' + "".join(out) + '"'


def matlab_string(text: str) -> str:
    """A MATLAB string literal in single quotes, on one line."""
    return "'" + one_line(text, 400).replace("'", "''") + "'"


def xml_text(text: str, limit: int = 2000) -> str:
    """Text for an XML attribute in double quotes."""
    cleaned = one_line(text, limit)
    for raw, safe in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        cleaned = cleaned.replace(raw, safe)
    return cleaned


def csv_cell(text: str) -> str:
    """A text cell of a CSV that no spreadsheet takes for a formula, quoted where needed.

    Text that begins like a formula gets an apostrophe in front (CWE-1236).
    """
    cleaned = one_line(text, 400)
    if cleaned.startswith(_FORMULA_STARTS):
        cleaned = "'" + cleaned
    if any(letter in cleaned for letter in ',;"\n'):
        return '"' + cleaned.replace('"', '""') + '"'
    return cleaned
