"""Marking a piece of time and saying what it is for: the buttons that Data and Prepare share."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QPushButton, QToolButton, QWidget

from heliid_gui.plots.panel import Span
from heliid_gui.presenters import formatting as fmt
from heliid_gui.theme import USE_COLOUR, colours
from heliid_gui.widgets import button, tool_button

USE_KEYS = {"train": "T", "validate": "V", "test": "X", "exclude": "E"}
Part = tuple[float, float, str]  # start, end, use


def mark_button(owner: QWidget) -> QToolButton:
    """The button that turns dragging into marking (R)."""
    made = tool_button(
        "prepare",
        owner.tr("Mark a region"),
        show_text=True,
        checkable=True,
        tip=owner.tr("Drag over the plots to mark a piece of time (R)"),
    )
    made.setShortcut("R")
    return made


def use_buttons(on_use: Callable[[str], object]) -> dict[str, QPushButton]:
    """Train, validate, test, exclude, each in its colour and with its key."""
    made = {}
    for use, key in USE_KEYS.items():
        one = made[use] = button(
            fmt.USE_NAMES[use],
            partial(on_use, use),
            kind=f"use-{use}",
            tip=f"{fmt.USE_HELP[use]} ({key})",
        )
        one.setShortcut(key)
    return made


def spans_of(parts: tuple[Part, ...], marked: tuple[float, float] | None) -> list[Span]:
    """The shades of a record's pieces (none when all of it has one use), and of the mark."""
    c = colours()
    spans = []
    if len(parts) > 1 or parts[0][2] == "exclude":
        spans = [Span(a, b, getattr(c, USE_COLOUR[use]), 20) for a, b, use in parts]
    if marked is not None:
        spans.append(Span(*marked, c.text, 40))
    return spans
