"""The run toolbar: Start, Pause, Stop, how far it is, and how long it will take."""

from __future__ import annotations

import math

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QProgressBar

from heliid_gui.presenters.evolve import Evolution
from heliid_gui.theme import SPACE
from heliid_gui.widgets import ElidedLabel, button, column, row, tool_button


class RunBar(QFrame):
    """Buttons and progress of the study; always there."""

    start_wanted = Signal()
    pause_wanted = Signal()
    stop_wanted = Signal()
    palette_wanted = Signal()
    theme_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("runBar")
        self.start = button(self.tr("Start"), self.start_wanted.emit, icon="start", kind="primary")
        self.pause = button(self.tr("Pause"), self.pause_wanted.emit, icon="pause")
        self.stop = button(self.tr("Stop"), self.stop_wanted.emit, icon="stop")
        for made in (self.start, self.pause, self.stop):
            made.setMinimumWidth(92)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setRange(0, 1000)
        self.progress.setAccessibleName(self.tr("Progress of the search"))
        self.status = ElidedLabel("", "muted")
        middle = column(1, self.status, self.progress, 1, spacing=4)
        search = tool_button(
            "search",
            self.tr("Find a command"),
            self.palette_wanted.emit,
            tip=self.tr("Find a command (Ctrl+K)"),
        )
        theme_button = tool_button(
            "theme",
            self.tr("Light or dark"),
            self.theme_wanted.emit,
            tip=self.tr("Switch between light and dark"),
        )
        layout = row(self.start, self.pause, self.stop, margins=SPACE)
        layout.addSpacing(SPACE)
        layout.addLayout(middle, 1)
        layout.addSpacing(SPACE)
        layout.addWidget(search)
        layout.addWidget(theme_button)
        self.setLayout(layout)
        self.setFixedHeight(52)

    def show_state(self, evolution: Evolution, why_not: str) -> None:
        """Buttons and texts for the state the study is in; disabled buttons say why."""
        state = evolution.state
        paused = state == "paused"
        self.start.setText(self.tr("Resume") if paused else self.tr("Start"))
        self.start.setEnabled(not why_not)
        self.start.setToolTip(why_not or self.tr("Start the search with these settings (F5)"))
        can_pause = state in ("running", "starting")
        self.pause.setEnabled(can_pause)
        self.pause.setToolTip(
            self.tr("Hold the search (F6)")
            if can_pause
            else self.tr("Nothing is running that could be held.")
        )
        can_stop = evolution.is_active and state != "stopping"
        self.stop.setEnabled(can_stop)
        self.stop.setToolTip(
            self.tr("Stop and keep the best model so far (Shift+F5, or Esc twice)")
            if can_stop
            else self.tr("Nothing is running.")
        )
        self.show_progress(evolution, why_not)

    def show_progress(self, evolution: Evolution, why_not: str) -> None:
        """The words and the bar alone; cheap enough for thirty times a second."""
        self.status.set_full_text(evolution.status() or why_not or self.tr("Ready to start"))
        fraction = evolution.fraction()
        self.progress.setVisible(evolution.is_active)
        if evolution.is_active and math.isnan(fraction) and evolution.state != "paused":
            self.progress.setRange(0, 0)
        else:
            self.progress.setRange(0, 1000)
            self.progress.setValue(0 if math.isnan(fraction) else round(1000 * fraction))
